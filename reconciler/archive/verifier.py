"""Looking at copies again, long after: is what the receipt says still there, byte for byte, and the receipt with it?"""

from collections.abc import Mapping
from dataclasses import replace

from reconciler.archive.names import receipt_name
from reconciler.archive.statement import read_statement
from reconciler.archive.stores import BagStore
from reconciler.core.receipt import BagFile, Receipt
from reconciler.engine.copies import BagCheck, BagState, Reading
from reconciler.errors import ArchiveError


class StoreVerifier:
    """Implements engine.ports.BagVerifier over the stores that the desired-state file names now."""

    def __init__(self, stores: tuple[BagStore, ...]) -> None:
        self._stores = {store.address: store for store in stores}

    def look(self, receipt: Receipt, store: str, how: Reading) -> BagCheck:
        """Look at the bag of a receipt in one store, and at the receipt's file beside it where every byte is read."""
        opened = self._stores.get(store)
        if opened is None:
            return _found(receipt, store, BagState.MISSING, "the file names this store no longer")
        if how is Reading.FAST:
            return _listed(receipt, opened)
        return _with_receipt(_read(receipt, opened), receipt, opened)


def _read(receipt: Receipt, store: BagStore) -> BagCheck:
    if not store.has(receipt.bag):
        return _found(receipt, store.address, BagState.MISSING, "the bag is not there")
    try:
        read = store.read_back(receipt.bag)
    except ArchiveError as error:  # one bag that cannot be read must not keep the others from being looked at
        return _found(receipt, store.address, BagState.DAMAGED, error.message)
    return _judged(receipt, store, difference(read, receipt.files))


def _listed(receipt: Receipt, store: BagStore) -> BagCheck:
    if not store.has(receipt.bag):
        return _found(receipt, store.address, BagState.MISSING, "the bag is not there")
    try:
        sizes = store.sizes(receipt.bag)
    except ArchiveError as error:
        return _found(receipt, store.address, BagState.DAMAGED, error.message)
    return _judged(receipt, store, size_difference(sizes, receipt.files))


def difference(read: tuple[BagFile, ...], archived: tuple[BagFile, ...]) -> str:
    """Name the first file that is not as it was archived; empty when all are."""
    found, expected = ({file.path: file for file in files} for files in (read, archived))
    return _first_difference(found, expected, "is not what was archived")


def size_difference(sizes: Mapping[str, int], archived: tuple[BagFile, ...]) -> str:
    """Name the first file that is not there, or not of its length; empty when all are."""
    return _first_difference(sizes, {file.path: file.size for file in archived}, "has another length")


def _first_difference(found: Mapping[str, object], expected: Mapping[str, object], differs: str) -> str:
    for path in sorted(found.keys() | expected.keys()):
        if path not in found:
            return f"{path} is missing"
        if path not in expected:
            return f"{path} was put in"
        if found[path] != expected[path]:
            return f"{path} {differs}"
    return ""


# -- the receipt's file


def _with_receipt(check: BagCheck, receipt: Receipt, store: BagStore) -> BagCheck:
    name = receipt_name(receipt.job_id, receipt.fingerprint)
    try:
        if not store.has(name):
            return replace(check, receipt=BagState.MISSING, receipt_problem=f"its receipt {name} is not there")
        problem = receipt_difference(store.read_file(name), receipt)
    except ArchiveError as error:
        problem = error.message
    if not problem:
        return check
    return replace(check, receipt=BagState.DAMAGED, receipt_problem=f"its receipt {name}: {problem}")


def receipt_difference(content: bytes, receipt: Receipt) -> str:
    """Tell what in a receipt's file is not what the ledger's receipt says of job, facts and files; empty for nothing.

    The time of the proof and the stores may differ: a bag that is proved again leaves the first one's file as it is.
    """
    try:
        read = read_statement(content)
    except ValueError as error:
        return f"it cannot be read: {error}"
    if (read.job_id, read.fingerprint, read.bag) != (receipt.job_id, receipt.fingerprint, receipt.bag):
        return "it is of another job, or of other facts"
    return "" if read.files == receipt.files else "it names other files"


def _judged(receipt: Receipt, store: BagStore, damage: str) -> BagCheck:
    return _found(receipt, store.address, BagState.DAMAGED if damage else BagState.WHOLE, damage)


def _found(receipt: Receipt, address: str, state: BagState, problem: str) -> BagCheck:
    return BagCheck(job_id=receipt.job_id, store=address, bag=receipt.bag, state=state, problem=problem)
