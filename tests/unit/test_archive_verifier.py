"""Reading bags again, long after: whole, damaged or missing, and which file it is."""

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.archive.stores.local import LocalStore
from reconciler.archive.verifier import StoreVerifier
from reconciler.core.job import JobId
from reconciler.core.receipt import Receipt
from reconciler.engine.ports import BagCheck, BagState
from tests.support.bags import receipt_of

FILES = {
    "bag-info.txt": b"External-Identifier: a\n",
    "bagit.txt": b"BagIt-Version: 1.0\n",
    "data/assets/video.mp4": b"\x00\x01\x02\x03",
    "data/job.json": b"{}",
    "manifest-sha256.txt": b"",
    "tagmanifest-sha256.txt": b"told\n",
}


BAG = "jobs/a/0123456789ab"


def bagged(folder: Path, name: str = "archive") -> LocalStore:
    """A store with one bag in it."""
    store = LocalStore(f"file:./{name}", folder / name)
    workplace = store.workplace("a")
    for path, content in FILES.items():
        (workplace / path).parent.mkdir(parents=True, exist_ok=True)
        (workplace / path).write_bytes(content)
    store.publish(workplace, BAG)
    return store


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return bagged(tmp_path)


@pytest.fixture
def receipt(store: LocalStore) -> Receipt:
    return receipt_of(store, BAG)


def check(store: LocalStore, receipt: Receipt) -> tuple[BagState, str]:
    (found,) = StoreVerifier((store,)).verify(receipt)
    return found.state, found.problem


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_an_untouched_bag_is_whole(store: LocalStore, receipt: Receipt) -> None:
    assert StoreVerifier((store,)).verify(receipt) == (
        BagCheck(job_id=JobId("a"), store="file:./archive", bag=receipt.bag, state=BagState.WHOLE, problem=""),
    )


def test_verifying_writes_nothing(store: LocalStore, receipt: Receipt, tmp_path: Path) -> None:  # I6
    before = contents(tmp_path)
    check(store, receipt)
    check(LocalStore("file:./archive", tmp_path / "nowhere"), receipt)
    assert contents(tmp_path) == before
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("path", FILES)
def test_a_changed_bit_of_any_file_is_damage(store: LocalStore, receipt: Receipt, tmp_path: Path, path: str) -> None:
    """I15."""
    target = tmp_path / "archive" / receipt.bag / path
    content = target.read_bytes() or b"\x00"
    target.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    assert check(store, receipt) == (BagState.DAMAGED, f"{path} is not what was archived")


@pytest.mark.parametrize("path", FILES)
def test_a_file_less_is_damage(store: LocalStore, receipt: Receipt, tmp_path: Path, path: str) -> None:  # I15
    (tmp_path / "archive" / receipt.bag / path).unlink()
    assert check(store, receipt) == (BagState.DAMAGED, f"{path} is missing")


def cut(bag: Path) -> None:
    (bag / "data/assets/video.mp4").write_bytes(b"\x00\x01\x02")


def lengthen(bag: Path) -> None:
    with (bag / "data/assets/video.mp4").open("ab") as file:
        file.write(b"\x00")


def swap(bag: Path) -> None:
    video, body = (bag / "data/assets/video.mp4").read_bytes(), (bag / "data/job.json").read_bytes()
    (bag / "data/assets/video.mp4").write_bytes(body)
    (bag / "data/job.json").write_bytes(video)


def rename(bag: Path) -> None:
    (bag / "data/assets/video.mp4").rename(bag / "data/assets/video-2.mp4")


def put_in(bag: Path) -> None:
    (bag / "data/assets/extra.mp4").write_bytes(b"")


def file_for_bag(bag: Path) -> None:
    shutil.rmtree(bag)
    bag.write_text("in the way")


def empty(bag: Path) -> None:
    shutil.rmtree(bag)
    bag.mkdir()


def folder_for_file(bag: Path) -> None:
    (bag / "data/job.json").unlink()
    (bag / "data/job.json").mkdir()


def link_to_other(bag: Path) -> None:
    (bag / "data/job.json").unlink()
    (bag / "data/job.json").symlink_to(bag / "bagit.txt")


def link_to_nowhere(bag: Path) -> None:
    (bag / "data/job.json").unlink()
    (bag / "data/job.json").symlink_to(bag / "nowhere")


def folder_behind_a_link(bag: Path) -> None:
    (bag / "data/assets").rename(bag.parent / "moved")
    (bag / "data/assets").symlink_to(bag.parent / "moved")


DAMAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "a cut file": (cut, "data/assets/video.mp4 is not what was archived"),
    "a longer file": (lengthen, "data/assets/video.mp4 is not what was archived"),
    "two files swapped": (swap, "data/assets/video.mp4 is not what was archived"),
    "a file renamed": (rename, "data/assets/video-2.mp4 was put in"),
    "a file put in": (put_in, "data/assets/extra.mp4 was put in"),
    "an empty folder": (empty, "bag-info.txt is missing"),
    "a file for the bag": (file_for_bag, "bag-info.txt is missing"),
    "a folder for a file": (folder_for_file, "data/job.json is missing"),
    "a link to another file": (link_to_other, "data/job.json is not what was archived"),
    "a link to nowhere": (link_to_nowhere, "cannot be read"),
    "a folder behind a link": (folder_behind_a_link, "data/assets"),
}


@pytest.mark.parametrize(("damage", "told"), DAMAGES.values(), ids=DAMAGES.keys())
def test_any_other_change_of_a_bag_is_damage(
    store: LocalStore, receipt: Receipt, tmp_path: Path, damage: Callable[[Path], None], told: str
) -> None:  # I15
    damage(tmp_path / "archive" / receipt.bag)
    state, problem = check(store, receipt)
    assert state is BagState.DAMAGED
    assert told in problem


# -- missing


def test_a_bag_that_is_not_there_is_missing(store: LocalStore, receipt: Receipt, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "archive" / receipt.bag)
    assert check(store, receipt) == (BagState.MISSING, "the bag is not there")
    shutil.rmtree(tmp_path / "archive")
    assert check(store, receipt) == (BagState.MISSING, "the bag is not there")


def test_a_store_that_the_file_names_no_longer_is_missing_though_the_bag_is_elsewhere(
    receipt: Receipt, tmp_path: Path
) -> None:
    moved = LocalStore("file:./other", tmp_path / "archive")
    assert moved.has(receipt.bag)
    assert check(moved, receipt) == (BagState.MISSING, "the file names this store no longer")
    (found,) = StoreVerifier(()).verify(receipt)
    assert (found.state, found.store) == (BagState.MISSING, "file:./archive")


def test_a_whole_bag_of_another_job_is_not_this_one_s(store: LocalStore, receipt: Receipt) -> None:  # I15
    other = store.workplace("b")
    (other / "bagit.txt").write_bytes(FILES["bagit.txt"])
    store.publish(other, "jobs/b/0123456789ab")
    assert check(store, dataclasses.replace(receipt, bag="jobs/b/0123456789ab"))[0] is BagState.DAMAGED


# -- more than one store


def test_each_store_of_the_receipt_is_read_for_itself(tmp_path: Path) -> None:
    one, two = bagged(tmp_path, "one"), bagged(tmp_path, "two")
    receipt = receipt_of(one, BAG)
    three = LocalStore("file:./three", tmp_path / "three")
    (tmp_path / "two" / receipt.bag / "data/job.json").write_bytes(b"[]")
    both = dataclasses.replace(receipt, stores=("file:./two", "file:./three", "file:./one", "file:./four"))
    found = StoreVerifier((one, two, three)).verify(both)
    assert [(each.store, each.state, each.problem) for each in found] == [
        ("file:./two", BagState.DAMAGED, "data/job.json is not what was archived"),
        ("file:./three", BagState.MISSING, "the bag is not there"),
        ("file:./one", BagState.WHOLE, ""),
        ("file:./four", BagState.MISSING, "the file names this store no longer"),
    ]
