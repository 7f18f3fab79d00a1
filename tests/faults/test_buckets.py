"""Archives in a bucket, through the real command line and a real server of the S3 protocol (I1, I8)."""

import hashlib
from collections.abc import Iterator

import pytest

from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.promise import a_minute_passes, deletes
from tests.support.s3_server import KEY, S3Server
from tests.support.waiting import until
from tests.support.workplace import Workplace, kill_hard

A, B, C = job_id(1), job_id(2), job_id(3)
BUCKET = "archive-of-acme"


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with S3Server() as running:
        yield running


@pytest.fixture
def place(workplace: Workplace, emulator: EmulatorProcess, server: S3Server) -> Iterator[Workplace]:
    server.make_bucket(BUCKET)
    for job in (A, B, C):
        emulator.put_job(job, bodies.render())
    workplace.environ.update(server.environ)
    write(workplace, f'["s3://{BUCKET}/pictory"]')
    yield workplace
    for key in server.keys(BUCKET):
        server.remove(BUCKET, key)
    server.call("DELETE", BUCKET)


def write(place: Workplace, stores: str, copies: str = "") -> None:
    file = place.write_desired("keep-me")
    text = file.read_text(encoding="utf-8").replace('["file:./archive"]', stores)
    file.write_text(text.replace("archive:\n", f"archive:\n{copies}"), encoding="utf-8")


def check_bucket(server: S3Server, emulator: EmulatorProcess) -> None:
    """I1: whatever was cleaned lies in the bucket, byte for byte, with the receipt of it."""
    truth, keys = emulator.truth(), server.keys(BUCKET)
    for job in emulator.cleaned():
        of_job = [key for key in keys if key.startswith(f"pictory/jobs/{job}/")]
        archived = {hashlib.sha256(server.read(BUCKET, key)).hexdigest() for key in of_job}
        assert {file["sha256"] for file in truth[job]["files"].values()} <= archived
        assert any(key.endswith("/tagmanifest-sha256.txt") for key in of_job)
        assert [key for key in keys if key.startswith(f"pictory/receipts/{job}/")]


def test_jobs_are_archived_in_a_bucket_read_back_and_only_then_cleaned(
    place: Workplace, emulator: EmulatorProcess, server: S3Server
) -> None:
    place.plan()
    ended = place.run("apply", "plan.json").expect(0)
    assert ended.last_line.startswith("Apply: 3 cleaned")
    assert emulator.cleaned() == {A, B, C}
    check_bucket(server, emulator)
    assert place.run("verify").expect(0).last_line == "Verify: 3 bags whole, 0 damaged, 0 missing."
    assert place.files("state/spool") == set(), "what waited to be put is gone"


def test_a_flipped_byte_in_the_bucket_is_found(place: Workplace, server: S3Server) -> None:
    place.plan()
    place.run("apply", "plan.json").expect(0)
    key = next(key for key in server.keys(BUCKET) if key.endswith("video.mp4"))
    content = bytearray(server.read(BUCKET, key))
    content[len(content) // 2] ^= 1
    server.write(BUCKET, key, bytes(content))
    ended = place.run("verify").expect(8)
    assert "damaged: data/assets/video.mp4 is not what was archived" in ended.out
    assert ended.last_line == "Verify: 2 bags whole, 1 damaged, 0 missing."


def test_a_folder_and_a_bucket_hold_the_same_bag_from_one_download(
    place: Workplace, emulator: EmulatorProcess, server: S3Server
) -> None:
    write(place, f'["file:./archive", "s3://{BUCKET}/pictory"]')
    place.plan()
    place.run("apply", "plan.json").expect(0)
    assert emulator.cleaned() == {A, B, C}
    check_bucket(server, emulator)
    local = {name: (place.folder / "archive" / name).read_bytes() for name in place.files()}
    assert {f"pictory/{name}": content for name, content in local.items()} == {
        key: server.read(BUCKET, key) for key in server.keys(BUCKET)
    }
    videos = [each for each in emulator.requests() if each["method"] == "GET" and "/VIDEO/" in each["path"]]
    assert len({each["path"] for each in videos}) == len(videos)


def test_killed_while_a_bag_is_put_the_next_run_carries_on(
    place: Workplace, emulator: EmulatorProcess, server: S3Server
) -> None:  # I8
    place.plan()
    started = place.start("apply", "plan.json")
    until(lambda: server.keys(BUCKET) or started.poll() is not None, "the first object")
    kill_hard(started)
    check_bucket(server, emulator)
    a_minute_passes(place)
    place.run("apply", "plan.json").expect(0)
    assert emulator.cleaned() == {A, B, C}
    assert all(len(deletes(emulator, job)) <= 2 for job in (A, B, C))
    check_bucket(server, emulator)
    place.run("verify").expect(0)


def test_a_bucket_that_is_gone_stops_the_run_with_nothing_cleaned(
    place: Workplace, emulator: EmulatorProcess, server: S3Server
) -> None:
    place.plan()
    server.remove(BUCKET)
    ended = place.run("apply", "plan.json").expect(8)
    assert f"the store s3://{BUCKET}/pictory cannot be written to: there is no such bucket" in ended.out
    assert emulator.cleaned() == set()
    server.make_bucket(BUCKET)
    place.run("apply", "plan.json").expect(0)
    assert emulator.cleaned() == {A, B, C}


def test_where_one_copy_is_enough_a_bucket_that_is_gone_is_said_and_gone_without(
    place: Workplace, emulator: EmulatorProcess, server: S3Server
) -> None:
    write(place, f'["file:./archive", "s3://{BUCKET}/pictory"]', "  copies: 1\n")
    place.plan()
    server.remove(BUCKET)
    ended = place.run("apply", "plan.json").expect(0)
    assert "there is no such bucket; jobs go without a copy there, as archive.copies allows" in ended.err
    assert emulator.cleaned() == {A, B, C}


def test_no_credential_of_the_bucket_is_told_anywhere(place: Workplace, server: S3Server) -> None:  # I11
    place.plan("-v")
    told = [place.run("apply", "plan.json", "-v").expect(0)]
    server.call("DELETE", BUCKET)
    told.append(place.run("verify", extra={"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "RECONCILER_PATIENCE": "1"}))
    written = "".join(f"{each.out}{each.err}" for each in told)
    for path in place.folder.rglob("*"):
        if path.is_file():
            written += path.read_bytes().decode("latin-1")
    assert KEY["AWS_SECRET_ACCESS_KEY"] not in written


def test_without_obstore_a_bucket_is_refused_with_what_to_install(place: Workplace) -> None:
    place.plan()
    (place.folder / "obstore").mkdir()
    (place.folder / "obstore" / "__init__.py").write_text("raise ImportError('not installed')\n")
    ended = place.run("apply", "plan.json", extra={"PYTHONPATH": str(place.folder)}).expect(64)
    assert f"archive.stores: s3://{BUCKET}/pictory needs obstore, which is not installed" in ended.err
    assert "pip install 'pictory-reconciler[objects]'" in ended.err
