"""A copy that is not whole, made anew from one that is; a receipt's file, made anew from the ledger's receipt."""

from reconciler.archive.copying import copied_bag
from reconciler.archive.guide import leave_guide
from reconciler.archive.names import receipt_name
from reconciler.archive.receipt_files import leave_receipt
from reconciler.archive.stores import BagStore
from reconciler.archive.verifier import difference, receipt_difference
from reconciler.core.receipt import Receipt
from reconciler.engine.ports import Signer
from reconciler.errors import ArchiveError


class StoreMender:
    """Implements engine.repairing.BagMender over the stores that the desired-state file names now."""

    def __init__(self, stores: tuple[BagStore, ...], *, tool: str, signer: Signer | None = None) -> None:
        self._stores = {store.address: store for store in stores}
        self._tool = tool
        self._signer = signer

    @property
    def stores(self) -> frozenset[str]:
        """The stores that can be mended, by their addresses."""
        return frozenset(self._stores)

    def mend(self, receipt: Receipt, store: str, source: str) -> str:
        """Copy the bag anew from `source`, put what was there aside, and read the new one back."""
        target = self._stores[store]
        # The new copy lies ready before the old one is moved: a crash in between leaves a copy that is missing, which
        # the next repair finds, and never one that seems whole.
        with copied_bag(self._stores[source], target, receipt.bag, receipt.files) as workplace:
            is_something = target.has(receipt.bag) or any(True for _ in target.names(receipt.bag))
            aside = target.set_aside(receipt.bag) if is_something else ""
            target.publish(workplace, receipt.bag)
        leave_guide(target)  # a store that was added later has none yet
        problem = difference(target.read_back(receipt.bag), receipt.files)
        if problem:
            raise ArchiveError(f"the new copy of {receipt.bag} in {store} is not whole: {problem}")
        return aside

    def mend_receipt(self, receipt: Receipt, store: str) -> tuple[str, str]:
        """Write the receipt's file of a bag that was just read whole; put what stood in its place aside."""
        target, name = self._stores[store], receipt_name(receipt.job_id, receipt.fingerprint)
        aside = target.set_aside(name) if target.has(name) else ""
        leave_receipt(target, receipt, tool=self._tool, signer=self._signer)
        if problem := receipt_difference(target.read_file(name), receipt):
            raise ArchiveError(f"the new {name} in {store} is not what was written: {problem}")
        return name, aside
