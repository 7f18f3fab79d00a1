"""A verified receipt exists only when every byte was read back from enough stores (I1)."""

from dataclasses import replace

import pytest

from reconciler.core.job import JobId
from reconciler.core.receipt import BagFile, NotProved, ReadBack, Receipt, VerifiedReceipt
from tests.support.values import NOON

FILES = (BagFile(path="bagit.txt", size=5, sha256="a" * 64), BagFile(path="data/job.json", size=9, sha256="b" * 64))
ONE, TWO = "file:./archive", "file:/mnt/second"


def receipt(*stores: str) -> Receipt:
    return Receipt(
        job_id=JobId("a"),
        fingerprint="sha256:" + "1" * 64,
        bag="jobs/a/111111111111",
        stores=stores or (ONE,),
        files=FILES,
        evidence=(),
        verified_at=NOON,
    )


def test_what_was_read_back_whole_is_proved() -> None:
    proof = VerifiedReceipt(receipt=receipt(), read_backs=(ReadBack(store=ONE, files=FILES),), copies=1)
    assert proof.receipt.size == 14
    both = (ReadBack(store=ONE, files=FILES), ReadBack(store=TWO, files=FILES[::-1]))
    assert VerifiedReceipt(receipt=receipt(ONE, TWO), read_backs=both, copies=2).read_backs == both


DIFFERENT = {
    "a file less": FILES[:1],
    "a file more": (*FILES, BagFile(path="data/x", size=0, sha256="c" * 64)),
    "other bytes": (FILES[0], replace(FILES[1], sha256="c" * 64)),
    "another length": (FILES[0], replace(FILES[1], size=8)),
    "another name": (FILES[0], replace(FILES[1], path="data/job.json2")),
    "nothing": (),
    "a path twice, the second right": (replace(FILES[0], sha256="c" * 64), *FILES),
    "a path twice, the first right": (*FILES, replace(FILES[0], sha256="c" * 64)),
}


@pytest.mark.parametrize("files", DIFFERENT.values(), ids=DIFFERENT.keys())
def test_a_read_back_that_differs_proves_nothing(files: tuple[BagFile, ...]) -> None:  # I1
    with pytest.raises(NotProved, match="is not what was written"):
        VerifiedReceipt(receipt=receipt(), read_backs=(ReadBack(store=ONE, files=files),), copies=1)


WANTING = {
    "no store": (receipt(), (), 1),
    "a store less than named": (receipt(ONE, TWO), (ReadBack(store=ONE, files=FILES),), 1),
    "fewer than the copies": (receipt(), (ReadBack(store=ONE, files=FILES),), 2),
    "one store twice": (receipt(), (ReadBack(store=ONE, files=FILES), ReadBack(store=ONE, files=FILES)), 2),
    "another store": (receipt(), (ReadBack(store=TWO, files=FILES),), 1),
    "a store more than named": (receipt(), (ReadBack(store=ONE, files=FILES), ReadBack(store=TWO, files=FILES)), 1),
    "a store more, and copies enough": (
        receipt(),
        (ReadBack(store=ONE, files=FILES), ReadBack(store=TWO, files=FILES)),
        2,
    ),
    "one store named twice": (receipt(ONE, ONE), (ReadBack(store=ONE, files=FILES),), 2),
}


@pytest.mark.parametrize(("given", "read_backs", "copies"), WANTING.values(), ids=WANTING.keys())
def test_too_few_copies_prove_nothing(given: Receipt, read_backs: tuple[ReadBack, ...], copies: int) -> None:  # I1
    with pytest.raises(NotProved, match="were read back"):
        VerifiedReceipt(receipt=given, read_backs=read_backs, copies=copies)


@pytest.mark.parametrize("copies", [0, -1])
def test_an_archive_needs_a_copy(copies: int) -> None:
    with pytest.raises(NotProved, match=r"^an archive needs at least one copy$"):
        VerifiedReceipt(receipt=receipt(), read_backs=(), copies=copies)


def test_an_empty_bag_proves_nothing() -> None:
    with pytest.raises(NotProved, match=r"^the bag of a is empty$"):
        VerifiedReceipt(receipt=replace(receipt(), files=()), read_backs=(ReadBack(store=ONE, files=()),), copies=1)


def test_a_bag_that_names_a_path_twice_proves_nothing() -> None:  # I1
    twice = replace(receipt(), files=(replace(FILES[0], sha256="c" * 64), *FILES))
    with pytest.raises(NotProved):
        VerifiedReceipt(receipt=twice, read_backs=(ReadBack(store=ONE, files=FILES),), copies=1)


@pytest.mark.parametrize("wrong", [ONE, TWO])
def test_one_wrong_copy_among_good_ones_is_named_with_its_file(wrong: str) -> None:  # I1
    files = {ONE: FILES, TWO: FILES, wrong: (FILES[0], replace(FILES[1], sha256="c" * 64))}
    back = tuple(ReadBack(store=store, files=found) for store, found in files.items())
    with pytest.raises(NotProved, match=f"^data/job.json in {wrong} is not what was written$"):
        VerifiedReceipt(receipt=receipt(ONE, TWO), read_backs=back, copies=1)


def test_more_copies_than_asked_for_are_fine_and_each_is_compared() -> None:
    back = tuple(ReadBack(store=store, files=FILES) for store in (ONE, TWO))
    assert VerifiedReceipt(receipt=receipt(ONE, TWO), read_backs=back, copies=1).copies == 1


def test_the_refusal_counts_the_copies() -> None:
    with pytest.raises(NotProved, match=r"^1 of 2 copies of a were read back$"):
        VerifiedReceipt(receipt=receipt(), read_backs=(ReadBack(store=ONE, files=FILES),), copies=2)


def test_a_proved_receipt_cannot_be_given_other_facts() -> None:  # I1
    proof = VerifiedReceipt(receipt=receipt(), read_backs=(ReadBack(store=ONE, files=FILES),), copies=1)
    for changed in ({"copies": 2}, {"copies": 0}, {"read_backs": ()}, {"receipt": receipt(ONE, TWO)}):
        with pytest.raises(NotProved):
            replace(proof, **changed)


@pytest.mark.parametrize("order", [1, -1])
def test_of_several_wrong_files_the_first_by_name_is_told(order: int) -> None:
    wrong = tuple(replace(file, sha256="c" * 64) for file in FILES)[::order]
    with pytest.raises(NotProved, match=r"^bagit.txt in file:./archive is not what was written$"):
        VerifiedReceipt(receipt=receipt(), read_backs=(ReadBack(store=ONE, files=wrong),), copies=1)
