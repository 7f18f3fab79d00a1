"""What every store of bags must do, whatever it is made of: a folder, or a bucket of a real server of its kind.

There is none to be had for gs://: docs/adr/0017 says why.
"""

import errno
import hashlib
import os
import random
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.archive.stores import BagStore
from reconciler.archive.stores.clouds import open_bucket
from reconciler.archive.stores.local import PARTIAL, LocalStore
from reconciler.archive.stores.spool import STALE_S, Spool
from reconciler.core.desired import Store
from reconciler.errors import ArchiveError, StoreNotWritable, UsageRefused
from tests.support.azure_server import AZURITE, AzureServer
from tests.support.azure_server import KEY as AZURE_KEY
from tests.support.s3_server import KEY, S3Server
from tests.support.scripted_server import Reply, scripted

NAME = "jobs/a/0123456789ab"


MARKER = "tagmanifest-sha256.txt"


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with S3Server() as server:
        yield server


@pytest.fixture
def bucket(server: S3Server) -> str:
    name = f"bucket-{uuid.uuid4().hex[:12]}"
    server.make_bucket(name)
    return name


def bucket_store(server: S3Server, bucket: str, spool: Path, patience_s: float = 5) -> BagStore:
    store = Store(address=f"s3://{bucket}/some/place", endpoint=server.endpoint)
    with pytest.MonkeyPatch.context() as patch:
        for name, text in KEY.items():
            patch.setenv(name, text)
        return open_bucket(store, Spool(spool), patience_s=patience_s, user_agent="a test")


@pytest.fixture(scope="module")
def azure() -> Iterator[AzureServer]:
    if not AZURITE.exists():
        pytest.skip("no server of the Azure protocol is here; `make azurite` installs one, with npm")
    with AzureServer() as server:
        yield server


def container_store(azure: AzureServer, name: str, spool: Path) -> BagStore:
    with pytest.MonkeyPatch.context() as patch:
        for variable, text in AZURE_KEY.items():
            patch.setenv(variable, text)
        store = Store(address=f"az://{name}/some/place", endpoint=azure.endpoint)
        return open_bucket(store, Spool(spool), patience_s=5, user_agent="a test")


@pytest.fixture
def local(tmp_path: Path) -> LocalStore:
    return LocalStore("file:./archive", tmp_path / "archive")


@pytest.fixture(params=["folder", "bucket", "container"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BagStore:
    if request.param == "folder":
        return LocalStore("file:./archive", tmp_path / "archive")
    if request.param == "container":
        azure: AzureServer = request.getfixturevalue("azure")
        name = f"container-{uuid.uuid4().hex[:12]}"
        azure.make_container(name)
        return container_store(azure, name, tmp_path / "spool")
    server, bucket = request.getfixturevalue("server"), request.getfixturevalue("bucket")
    return bucket_store(server, bucket, tmp_path / "spool")


def bag(store: BagStore, **files: str) -> Path:
    """Fill a workplace; `data__x` stands for `data/x`."""
    workplace = store.workplace("a")
    for name, text in {MARKER: "end", **(files or {"data__x": "one", "bagit": "two"})}.items():
        path = workplace / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return workplace


def test_a_published_bag_is_there_and_reads_back_byte_for_byte(store: BagStore) -> None:
    assert not store.has(NAME)
    workplace = bag(store)
    store.publish(workplace, NAME)
    assert store.has(NAME)
    assert [(file.path, file.size, file.sha256) for file in store.read_back(NAME)] == [
        ("bagit", 3, hashlib.sha256(b"two").hexdigest()),
        ("data/x", 3, hashlib.sha256(b"one").hexdigest()),
        (MARKER, 3, hashlib.sha256(b"end").hexdigest()),
    ]
    assert store.read_file(f"{NAME}/data/x") == b"one"


def test_a_workplace_is_empty_and_each_call_s_own(store: BagStore) -> None:
    one, other = store.workplace("a"), store.workplace("a")
    assert one != other
    assert list(one.iterdir()) == []


def test_unfinished_work_counts_as_nothing_and_can_be_discarded_twice(store: BagStore) -> None:
    workplace = bag(store)
    assert not store.has(NAME)
    store.discard(workplace)
    store.discard(workplace)
    assert not workplace.exists()


def test_unfinished_work_that_was_left_is_taken_up_once_and_by_its_name(store: BagStore) -> None:
    assert store.take_up("a") is None
    workplace = bag(store)
    assert store.take_up("a") is None, "somebody is at it"
    store.leave(workplace)
    assert store.take_up("b") is None
    assert store.take_up("a") == workplace
    assert (workplace / "bagit").read_text() == "two"
    assert store.take_up("a") is None
    store.discard(workplace)
    assert store.take_up("a") is None


def test_of_several_that_were_left_the_newest_is_taken_up_and_the_others_are_removed(store: BagStore) -> None:
    older, newer = bag(store), bag(store)
    os.utime(older, (time.time() - 60,) * 2)
    for workplace in (older, newer):
        store.leave(workplace)
    assert store.take_up("a") == newer
    assert not older.exists()


def test_a_taken_name_is_never_overwritten(store: BagStore) -> None:  # I15
    store.publish(bag(store, data="first"), NAME)
    with pytest.raises(ArchiveError, match="a bag is never overwritten"):
        store.publish(bag(store, data="second"), NAME)
    assert store.read_file(f"{NAME}/data") == b"first"


def test_a_published_file_is_there_and_never_overwritten(store: BagStore) -> None:
    store.publish_file(b"first", "receipts/a/1.json")
    with pytest.raises(ArchiveError, match="it is never overwritten"):
        store.publish_file(b"second", "receipts/a/1.json")
    assert store.read_file("receipts/a/1.json") == b"first"


def test_a_file_of_a_bag_is_read_from_its_start_each_time(store: BagStore) -> None:
    store.publish(bag(store, data__x="one"), NAME)
    for _ in range(2):
        with store.reading(f"{NAME}/data/x") as opened:
            assert (opened.read(1), opened.read(), opened.read()) == (b"o", b"ne", b"")


def test_the_names_below_a_folder_are_told_in_order(store: BagStore) -> None:
    assert list(store.names("jobs")) == []
    store.publish(bag(store, data__x="one", bagit="two"), NAME)
    store.publish_file(b"first", "receipts/a/1.json")
    assert list(store.names("jobs")) == [f"{NAME}/bagit", f"{NAME}/data/x", f"{NAME}/{MARKER}"]
    assert list(store.names("receipts")) == ["receipts/a/1.json"]


def test_lengths_are_told_as_the_files_have_them(store: BagStore) -> None:
    assert dict(store.sizes(NAME)) == {}
    store.publish(bag(store, data__x="three", empty=""), NAME)
    store.publish_file(b"first", "jobs/a/0123456789abc")
    assert dict(store.sizes(NAME)) == {file.path: file.size for file in store.read_back(NAME)}
    assert dict(store.sizes(NAME)) == {"data/x": 5, "empty": 0, MARKER: 3}


def test_what_is_set_aside_is_kept_and_its_name_is_free(store: BagStore) -> None:
    store.publish(bag(store, data__x="flipped"), NAME)
    aside = store.set_aside(NAME)
    assert not store.has(NAME)
    assert store.read_file(f"{aside}/data/x") == b"flipped"
    store.publish(bag(store, data__x="good"), NAME)
    assert store.read_file(f"{NAME}/data/x") == b"good"
    assert store.set_aside(NAME) != aside, "a second damaged copy does not push out the first"


def test_a_single_file_can_be_set_aside(store: BagStore) -> None:
    store.publish_file(b"torn", "receipts/a/1.json")
    aside = store.set_aside("receipts/a/1.json")
    assert not store.has("receipts/a/1.json")
    assert store.read_file(aside) == b"torn"


def test_what_is_not_there_cannot_be_read(store: BagStore) -> None:
    assert store.read_back(NAME) == ()
    with pytest.raises(ArchiveError, match="cannot be read"):
        store.read_file(NAME)
    with pytest.raises(ArchiveError, match="cannot be read"), store.reading(NAME):
        raise AssertionError("there is nothing to read")


def test_what_would_not_fit_is_refused_before_it_is_fetched(store: BagStore) -> None:
    store.room_for(1)
    with pytest.raises(StoreNotWritable, match="bytes free"):
        store.room_for(1 << 60)


def test_a_bag_of_another_job_whose_id_begins_alike_is_another(store: BagStore) -> None:
    store.publish(bag(store, data__x="one"), NAME)
    assert not store.has("jobs/a/0123456789a")
    assert store.read_back("jobs/a/0123456789a") == ()
    assert list(store.names("jobs/")) == list(store.names("jobs"))


def test_a_large_file_comes_back_as_it_was(store: BagStore) -> None:
    content = random.Random(1).randbytes(20_000_001)  # noqa: S311 - the same bytes in each run
    workplace = bag(store)
    (workplace / "data" / "film.mp4").write_bytes(content)
    store.publish(workplace, NAME)
    held = {file.path: file for file in store.read_back(NAME)}["data/film.mp4"]
    assert (held.size, held.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    with store.reading(f"{NAME}/data/film.mp4") as opened:
        assert opened.read() == content


# -- what only a bucket can meet


def test_a_bag_whose_last_file_is_not_there_yet_is_none_and_is_put_again(
    server: S3Server, bucket: str, tmp_path: Path
) -> None:  # I8
    store = bucket_store(server, bucket, tmp_path)
    server.write(bucket, f"some/place/{NAME}/data/x", b"of a run that died")
    assert not store.has(NAME)
    store.publish(bag(store, data__x="one"), NAME)
    assert store.read_file(f"{NAME}/data/x") == b"one"
    assert {file.path for file in store.read_back(NAME)} == {"data/x", MARKER}


def test_a_marker_that_another_run_put_in_between_is_not_overwritten(
    server: S3Server, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # I15
    store = bucket_store(server, bucket, tmp_path)
    workplace = bag(store)
    server.write(bucket, f"some/place/{NAME}/{MARKER}", b"theirs")
    monkeypatch.setattr(store, "has", lambda _name: False)  # it came after the look
    with pytest.raises(ArchiveError, match="a bag is never overwritten"):
        store.publish(workplace, NAME)
    assert server.read(bucket, f"some/place/{NAME}/{MARKER}") == b"theirs"


def test_every_object_lies_under_the_prefix(server: S3Server, bucket: str, tmp_path: Path) -> None:
    store = bucket_store(server, bucket, tmp_path)
    store.publish(bag(store), NAME)
    store.publish_file(b"x", "receipts/a/1.json")
    assert server.keys(bucket) == [
        *(f"some/place/{NAME}/{name}" for name in ("bagit", "data/x", MARKER)),
        "some/place/receipts/a/1.json",
    ]


def test_a_bucket_that_is_gone_stops_the_run(server: S3Server, tmp_path: Path) -> None:
    store = bucket_store(server, "no-such-bucket", tmp_path)
    workplace = bag(store)
    no_bucket = r"s3://no-such-bucket/some/place cannot be written to: there is no such bucket"
    with pytest.raises(StoreNotWritable, match=no_bucket):
        store.publish(workplace, NAME)
    with pytest.raises(StoreNotWritable, match=no_bucket):
        store.publish_file(b"x", "receipts/a")
    for look in (store.read_back, store.sizes):
        with pytest.raises(ArchiveError, match="there is no such bucket"):
            look(NAME)


def test_a_server_that_does_not_answer_stops_the_run_and_its_secrets_are_told_nowhere(tmp_path: Path) -> None:  # I11
    with S3Server() as server:
        store = bucket_store(server, "bucket", tmp_path, patience_s=1)
    workplace = bag(store)
    with pytest.raises(StoreNotWritable, match=r"the store s3://bucket/some/place cannot be") as stopped:
        store.publish(workplace, NAME)
    assert KEY["AWS_SECRET_ACCESS_KEY"] not in f"{stopped.value.message}{stopped.value.hint}"
    assert "\n" not in stopped.value.message


def test_a_refusal_is_told_as_one(bucket: str, tmp_path: Path) -> None:
    refusing = Reply(403, b"<Error><Code>AccessDenied</Code></Error>")
    with scripted(refusing) as host:
        store = Store(address=f"s3://{bucket}", endpoint=host.address)
        with pytest.MonkeyPatch.context() as patch:
            for name, text in KEY.items():
                patch.setenv(name, text)
            opened = open_bucket(store, Spool(tmp_path), patience_s=1, user_agent="a test")
        with pytest.raises(StoreNotWritable, match=rf"the store s3://{bucket} cannot be written to: no rights"):
            opened.publish_file(b"x", "receipts/a")


def test_a_profile_is_read_where_one_is_named(
    bucket: str, server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = ("[archive]", "aws_access_key_id = of-the-profile", "aws_secret_access_key = other", "")
    (tmp_path / "credentials").write_text("\n".join(lines))
    for name in (*KEY, "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_PROFILE", "archive")
    with scripted(Reply(404, b"")) as host:
        for endpoint in (server.endpoint, host.address):
            store = Store(address=f"s3://{bucket}", endpoint=endpoint)
            opened = open_bucket(store, Spool(tmp_path / "spool"), patience_s=5, user_agent="a test/1")
            assert not opened.has("receipts/a")
    (came,) = host.came
    assert "Credential=of-the-profile/" in came.headers["authorization"]
    assert came.headers["user-agent"] == "a test/1"


def test_what_the_environment_lacks_is_told_when_a_store_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("AZURE_")]:
        monkeypatch.delenv(name)
    told = r"archive\.stores: az://box/a cannot be opened: .*Account must be specified"
    with pytest.raises(UsageRefused, match=told) as refused:
        open_bucket(Store(address="az://box/a"), Spool(tmp_path), patience_s=1, user_agent="a test")
    assert "docs/stores.md" in refused.value.hint


def test_a_google_bucket_is_opened_by_its_name_and_prefix(tmp_path: Path) -> None:
    store = open_bucket(Store(address="gs://bucket/a/b/"), Spool(tmp_path), patience_s=1, user_agent="a test")
    assert store.address == "gs://bucket/a/b/"
    assert 'bucket="bucket", prefix="a/b"' in repr(store._bucket)


def test_settings_go_with_every_object(
    server: S3Server, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in KEY.items():
        monkeypatch.setenv(name, text)
    settings = Store(
        address=f"s3://{bucket}",
        endpoint=server.endpoint,
        region="eu-central-1",
        storage_class="STANDARD_IA",
        encryption="aws:kms",
        kms_key="alias/archive",
        tags=(("team", "video"),),
    )
    store = open_bucket(settings, Spool(tmp_path), patience_s=5, user_agent="a test")
    workplace = bag(store)
    (workplace / "data" / "film.mp4").write_bytes(bytes(9_000_000))  # in parts
    store.publish(workplace, NAME)
    store.publish_file(b"x", "receipts/a")
    for key in (f"{NAME}/data/x", f"{NAME}/data/film.mp4", f"{NAME}/{MARKER}", "receipts/a"):
        told = server.call("HEAD", f"{bucket}/{key}").headers
        assert told["x-amz-storage-class"] == "STANDARD_IA", key
        assert told["x-amz-server-side-encryption"] == "aws:kms", key
        assert told["x-amz-server-side-encryption-aws-kms-key-id"] == "alias/archive", key
        assert "<Key>team</Key><Value>video</Value>" in server.call("GET", f"{bucket}/{key}?tagging").text, key


# -- what only a container of Azure can meet


def test_a_container_that_is_gone_stops_the_run(azure: AzureServer, tmp_path: Path) -> None:
    with pytest.raises(StoreNotWritable, match=r"az://no-such-container/some/place cannot be written to: there is no"):
        container_store(azure, "no-such-container", tmp_path).publish_file(b"x", "receipts/a")


def test_a_key_that_azure_refuses_stops_the_run_and_is_told_nowhere(
    azure: AzureServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # I11
    azure.make_container("refusing")
    monkeypatch.setitem(AZURE_KEY, "AZURE_STORAGE_ACCOUNT_KEY", "b3RoZXI=")
    with pytest.raises(StoreNotWritable, match=r"az://refusing/some/place cannot be written to: no rights") as stopped:
        container_store(azure, "refusing", tmp_path).publish_file(b"x", "receipts/a")
    assert "b3RoZXI=" not in f"{stopped.value.message}{stopped.value.hint}"


# -- what only a folder can meet


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "archive"


def test_a_folder_that_is_a_file_stops_the_run(tmp_path: Path, local: LocalStore) -> None:
    (tmp_path / "archive").write_text("in the way")
    for attempt in (lambda: local.workplace("a"), lambda: local.publish_file(b"x", "receipts/a")):
        with pytest.raises(ArchiveError, match=r"the store file:\./archive cannot be written to"):
            attempt()


def test_a_bag_appears_whole_or_not_at_all(local: LocalStore, root: Path) -> None:
    workplace = bag(local)
    local.publish(workplace, NAME)
    assert not workplace.exists(), "it was moved, not copied"
    assert sorted(path.name for path in root.iterdir()) == [PARTIAL, "jobs"]
    assert list((root / PARTIAL).iterdir()) == []


def test_leftovers_of_a_run_that_died_are_removed_after_some_days_and_not_before(
    local: LocalStore, root: Path, tmp_path: Path
) -> None:
    fresh, old, at_work, gone_on_with = (bag(local) for _ in range(4))
    torn = root / PARTIAL / "a.intoto.json-01234567"
    torn.write_text("half a receipt")
    link = root / PARTIAL / "a-01234567"
    link.symlink_to(tmp_path)
    past = time.time() - STALE_S - 60
    of_old, of_at_work = old.rglob("*"), at_work.rglob("*")
    for path in (old, *of_old, at_work, *of_at_work, gone_on_with, torn, link):
        os.utime(path, (past, past), follow_symlinks=False)
    for left in (fresh, old, gone_on_with):
        local.leave(left)
    LocalStore(local.address, root).workplace("b")
    assert fresh.exists()
    assert at_work.exists(), "a download may take days"
    assert gone_on_with.exists(), "night after night, and never to its end"
    assert not link.is_symlink()
    assert tmp_path.exists()
    assert not old.exists()
    assert not torn.exists()


def test_without_hard_links_a_file_still_comes_whole_and_never_over_another(
    local: LocalStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # I15
    def no_links(*_paths: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", no_links)
    taken: list[str] = []

    def publish(text: str) -> None:
        try:
            local.publish_file(text.encode(), "receipts/a/1.json")
        except ArchiveError as error:
            taken.append(error.message)

    threads = [threading.Thread(target=publish, args=(str(number),)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken == ["receipts/a/1.json is already in the store file:./archive; it is never overwritten"] * 7
    assert (root / "receipts" / "a" / "1.json").read_text() in "01234567"
    assert list((root / PARTIAL).iterdir()) == []


def test_a_link_planted_where_a_bag_would_stand_is_taken_for_a_taken_name(
    local: LocalStore, root: Path, tmp_path: Path
) -> None:  # I12
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (root / "jobs" / "a").mkdir(parents=True)
    (root / NAME).symlink_to(elsewhere)
    with pytest.raises(ArchiveError, match="never overwritten"):
        local.publish(bag(local), NAME)
    assert list(elsewhere.iterdir()) == []


def test_a_dangling_link_where_a_receipt_would_stand_is_not_written_through(
    local: LocalStore, root: Path, tmp_path: Path
) -> None:  # I12
    (root / "receipts" / "a").mkdir(parents=True)
    (root / "receipts" / "a" / "1.json").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ArchiveError, match="never overwritten"):
        local.publish_file(b"x", "receipts/a/1.json")
    assert not (tmp_path / "elsewhere").exists()
