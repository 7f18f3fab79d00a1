"""Reading bags again, long after: whole, damaged or missing, and which file it is."""

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.archive.statement import statement_of
from reconciler.archive.stores.local import LocalStore
from reconciler.archive.verifier import StoreVerifier
from reconciler.core.job import JobId
from reconciler.core.receipt import Receipt
from reconciler.engine.copies import BagCheck, BagState, Reading
from tests.support.bags import receipt_of
from tests.support.values import DAY

FILES = {
    "bag-info.txt": b"External-Identifier: a\n",
    "bagit.txt": b"BagIt-Version: 1.0\n",
    "data/assets/video.mp4": b"\x00\x01\x02\x03",
    "data/job.json": b"{}",
    "manifest-sha256.txt": b"",
    "tagmanifest-sha256.txt": b"told\n",
}


BAG = "jobs/a/0123456789ab"
RECEIPT = "receipts/a/000000000000.intoto.json"


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
    made = receipt_of(store, BAG)
    store.publish_file(statement_of(made, tool="a test"), RECEIPT)
    return made


def look(store: LocalStore, receipt: Receipt, how: Reading = Reading.WHOLE) -> BagCheck:
    return StoreVerifier((store,)).look(receipt, "file:./archive", how)


def check(store: LocalStore, receipt: Receipt) -> tuple[BagState, str]:
    found = look(store, receipt)
    return found.state, found.problem


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_an_untouched_bag_is_whole(store: LocalStore, receipt: Receipt) -> None:
    assert look(store, receipt) == BagCheck(
        job_id=JobId("a"), store="file:./archive", bag=receipt.bag, state=BagState.WHOLE
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
    found = StoreVerifier(()).look(receipt, "file:./archive", Reading.WHOLE)
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
    verifier = StoreVerifier((one, two, three))
    stores = ("file:./two", "file:./three", "file:./one", "file:./four")
    found = [verifier.look(receipt, store, Reading.WHOLE) for store in stores]
    assert [(each.store, each.state, each.problem) for each in found] == [
        ("file:./two", BagState.DAMAGED, "data/job.json is not what was archived"),
        ("file:./three", BagState.MISSING, "the bag is not there"),
        ("file:./one", BagState.WHOLE, ""),
        ("file:./four", BagState.MISSING, "the file names this store no longer"),
    ]


# -- without reading a byte


def fast(store: LocalStore, receipt: Receipt) -> tuple[BagState, str]:
    found = look(store, receipt, Reading.FAST)
    return found.state, found.problem


def test_a_fast_look_sees_files_that_lack_are_too_many_or_of_another_length(
    store: LocalStore, receipt: Receipt, tmp_path: Path
) -> None:
    bag = tmp_path / "archive" / receipt.bag
    assert fast(store, receipt) == (BagState.WHOLE, "")
    lengthen(bag)
    assert fast(store, receipt) == (BagState.DAMAGED, "data/assets/video.mp4 has another length")
    (bag / "data/assets/video.mp4").unlink()
    assert fast(store, receipt) == (BagState.DAMAGED, "data/assets/video.mp4 is missing")
    (bag / "data/assets/video.mp4").write_bytes(FILES["data/assets/video.mp4"])
    put_in(bag)
    assert fast(store, receipt) == (BagState.DAMAGED, "data/assets/extra.mp4 was put in")
    (bag / "data/assets/extra.mp4").unlink()
    link_to_nowhere(bag)
    state, problem = fast(store, receipt)
    assert (state, "cannot be read" in problem) == (BagState.DAMAGED, True)
    shutil.rmtree(bag)
    assert fast(store, receipt) == (BagState.MISSING, "the bag is not there")


def test_a_fast_look_reads_no_byte_and_no_receipt(store: LocalStore, receipt: Receipt, tmp_path: Path) -> None:
    bag = tmp_path / "archive" / receipt.bag
    (bag / "data/assets/video.mp4").write_bytes(b"flip")
    (tmp_path / "archive" / RECEIPT).unlink()
    assert look(store, receipt, Reading.FAST).is_whole
    assert not look(store, receipt).is_whole


# -- the receipt's file


def test_a_receipt_that_is_not_there_is_told_and_its_bag_is_whole(
    store: LocalStore, receipt: Receipt, tmp_path: Path
) -> None:
    (tmp_path / "archive" / RECEIPT).unlink()
    found = look(store, receipt)
    assert (found.state, found.receipt, found.is_whole) == (BagState.WHOLE, BagState.MISSING, False)
    assert found.receipt_problem == f"its receipt {RECEIPT} is not there"


def other_files(receipt: Receipt) -> Receipt:
    first, *rest = receipt.files
    return dataclasses.replace(receipt, files=(dataclasses.replace(first, sha256="0" * 64), *rest))


TORN: dict[str, tuple[Callable[[Receipt], bytes], str]] = {
    "cut": (lambda receipt: statement_of(receipt, tool="x")[:-40], "cannot be read"),
    "empty": (lambda _receipt: b"", "cannot be read"),
    "no text": (lambda _receipt: b"\xff\x00", "cannot be read"),
    "no receipt": (lambda _receipt: b"[]", "cannot be read"),
    "nested too deep": (lambda _receipt: b"[" * 100_000, "cannot be read"),
    "of another job": (
        lambda receipt: statement_of(dataclasses.replace(receipt, job_id=JobId("b")), tool="x"),
        "of another job",
    ),
    "of other facts": (
        lambda receipt: statement_of(dataclasses.replace(receipt, fingerprint="sha256:" + "1" * 64), tool="x"),
        "of other facts",
    ),
    "of another bag": (
        lambda receipt: statement_of(dataclasses.replace(receipt, bag="jobs/b/0"), tool="x"),
        "of other facts",
    ),
    "of other files": (lambda receipt: statement_of(other_files(receipt), tool="x"), "names other files"),
}


@pytest.mark.parametrize(("written", "told"), TORN.values(), ids=TORN.keys())
def test_a_receipt_that_is_not_the_ledger_s_is_damage(
    store: LocalStore, receipt: Receipt, tmp_path: Path, written: Callable[[Receipt], bytes], told: str
) -> None:  # I15
    (tmp_path / "archive" / RECEIPT).write_bytes(written(receipt))
    found = look(store, receipt)
    assert (found.state, found.receipt) == (BagState.WHOLE, BagState.DAMAGED)
    assert found.receipt_problem.startswith(f"its receipt {RECEIPT}: ")
    assert told in found.receipt_problem


def test_a_receipt_of_an_earlier_proof_of_the_same_bag_is_as_good(store: LocalStore, receipt: Receipt) -> None:
    later = dataclasses.replace(
        receipt,
        verified_at=receipt.verified_at + DAY,
        stores=("file:./archive", "file:./two"),
        evidence=(("", "found"),),
    )
    assert look(store, later).is_whole
