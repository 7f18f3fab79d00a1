"""What every store of bags must do, whatever it is made of; today there is one kind."""

import hashlib
import os
import time
from pathlib import Path

import pytest

from reconciler.archive.stores import BagStore
from reconciler.archive.stores.local import PARTIAL, LocalStore
from reconciler.archive.stores.spool import STALE_S
from reconciler.errors import ArchiveError, StoreNotWritable

NAME = "jobs/a/0123456789ab"


@pytest.fixture
def store(tmp_path: Path) -> BagStore:
    return LocalStore("file:./archive", tmp_path / "archive")


def bag(store: BagStore, **files: str) -> Path:
    """Fill a workplace; `data__x` stands for `data/x`."""
    workplace = store.workplace("a")
    for name, text in (files or {"data__x": "one", "bagit": "two"}).items():
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
    assert list(store.names("jobs")) == [f"{NAME}/bagit", f"{NAME}/data/x"]
    assert list(store.names("receipts")) == ["receipts/a/1.json"]


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


# -- what only a folder can meet


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "archive"


def test_a_folder_that_is_a_file_stops_the_run(tmp_path: Path) -> None:
    (tmp_path / "archive").write_text("in the way")
    store = LocalStore("file:./archive", tmp_path / "archive")
    for attempt in (lambda: store.workplace("a"), lambda: store.publish_file(b"x", "receipts/a")):
        with pytest.raises(ArchiveError, match=r"the store file:\./archive cannot be written to"):
            attempt()


def test_a_bag_appears_whole_or_not_at_all(store: BagStore, root: Path) -> None:
    workplace = bag(store)
    store.publish(workplace, NAME)
    assert not workplace.exists(), "it was moved, not copied"
    assert sorted(path.name for path in root.iterdir()) == [PARTIAL, "jobs"]
    assert list((root / PARTIAL).iterdir()) == []


def test_leftovers_of_a_run_that_died_are_removed_after_a_day_and_not_before(store: BagStore, root: Path) -> None:
    fresh, old = bag(store), bag(store)
    past = time.time() - STALE_S - 60
    os.utime(old, (past, past))
    store.workplace("b")
    assert fresh.exists()
    assert not old.exists()
    assert len(list((root / PARTIAL).iterdir())) == 2


def test_a_link_planted_where_a_bag_would_stand_is_taken_for_a_taken_name(
    store: BagStore, root: Path, tmp_path: Path
) -> None:  # I12
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (root / "jobs" / "a").mkdir(parents=True)
    (root / NAME).symlink_to(elsewhere)
    with pytest.raises(ArchiveError, match="never overwritten"):
        store.publish(bag(store), NAME)
    assert list(elsewhere.iterdir()) == []


def test_a_dangling_link_where_a_receipt_would_stand_is_not_written_through(
    store: BagStore, root: Path, tmp_path: Path
) -> None:  # I12
    (root / "receipts" / "a").mkdir(parents=True)
    (root / "receipts" / "a" / "1.json").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ArchiveError, match="never overwritten"):
        store.publish_file(b"x", "receipts/a/1.json")
    assert not (tmp_path / "elsewhere").exists()
