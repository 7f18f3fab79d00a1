"""Reading bags again, long after: is what the receipt says still there, byte for byte?"""

from reconciler.archive.stores import BagStore
from reconciler.core.receipt import BagFile, Receipt
from reconciler.engine.ports import BagCheck, BagState
from reconciler.errors import ArchiveError


class StoreVerifier:
    """Implements engine.ports.BagVerifier over the stores that the desired-state file names now."""

    def __init__(self, stores: tuple[BagStore, ...]) -> None:
        self._stores = {store.address: store for store in stores}

    def verify(self, receipt: Receipt) -> tuple[BagCheck, ...]:
        """Read and hash every file of the bag, in each store of the receipt."""
        return tuple(self._check(receipt, address) for address in receipt.stores)

    def _check(self, receipt: Receipt, address: str) -> BagCheck:
        store = self._stores.get(address)
        if store is None:
            return _found(receipt, address, BagState.MISSING, "the file names this store no longer")
        if not store.has(receipt.bag):
            return _found(receipt, address, BagState.MISSING, "the bag is not there")
        try:
            read = store.read_back(receipt.bag)
        except ArchiveError as error:  # one bag that cannot be read must not keep the others from being looked at
            return _found(receipt, address, BagState.DAMAGED, error.message)
        damage = difference(read, receipt.files)
        return _found(receipt, address, BagState.DAMAGED if damage else BagState.WHOLE, damage)


def difference(read: tuple[BagFile, ...], archived: tuple[BagFile, ...]) -> str:
    """Name the first file that is not as it was archived; empty when all are."""
    found, expected = ({file.path: file for file in files} for files in (read, archived))
    for path in sorted(found.keys() | expected.keys()):
        if path not in found:
            return f"{path} is missing"
        if path not in expected:
            return f"{path} was put in"
        if found[path] != expected[path]:
            return f"{path} is not what was archived"
    return ""


def _found(receipt: Receipt, address: str, state: BagState, problem: str) -> BagCheck:
    return BagCheck(job_id=receipt.job_id, store=address, bag=receipt.bag, state=state, problem=problem)
