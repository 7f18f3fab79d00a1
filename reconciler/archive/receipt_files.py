"""Receipts in the stores: written last, signed where there is a key, and held against it later."""

from reconciler.archive.names import receipt_name
from reconciler.archive.signatures import sign_file, signature_problem
from reconciler.archive.statement import statement_of
from reconciler.archive.stores import BagStore
from reconciler.archive.verifier import receipt_difference
from reconciler.core.envelope import IN_TOTO
from reconciler.core.receipt import Receipt
from reconciler.engine.ports import SignatureCheck, Signer
from reconciler.errors import ArchiveError


def leave_receipt(store: BagStore, receipt: Receipt, *, tool: str, signer: Signer | None) -> None:
    """Write the receipt of a bag that was read back, its signature first.

    One that is there stays as it is.  If it is of this bag as it was read back, it is signed too: a job may be cleaned
    on it.

    Raises:
        StoreNotWritable: the store takes no more.
        ArchiveError: what is there is no receipt of this bag.
    """
    name = receipt_name(receipt.job_id, receipt.fingerprint)
    is_there = store.has(name)
    if is_there and signer is None:
        return
    content = store.read_file(name) if is_there else statement_of(receipt, tool=tool)
    if signer is not None:
        problem = receipt_difference(content, receipt)
        if problem:
            raise ArchiveError(
                f"the receipt {name} in {store.address} cannot be signed: {problem}",
                hint="Move it out of the archive, look at it, and apply again; a receipt is never overwritten.",
            )
        sign_file(store, name, content, IN_TOTO, signer)
    if not is_there:
        store.publish_file(content, name)


class SignedReceipts:
    """Implements engine.signed_receipts.ReceiptSignatures over the stores that the desired-state file names now."""

    def __init__(self, stores: tuple[BagStore, ...], check: SignatureCheck) -> None:
        self._stores = {store.address: store for store in stores}
        self._check = check

    def problem(self, receipt: Receipt, store: str) -> str:
        """Tell in a sentence why the receipt file in a store is not a good one; empty when it is."""
        place = self._stores.get(store)
        name = receipt_name(receipt.job_id, receipt.fingerprint)
        if place is None:
            return "the file names this store no longer"
        try:
            if not place.has(name):
                return f"its receipt {name} is not there"
            content = place.read_file(name)
            # Before anything in it is believed: it may be anybody's.
            unsigned = signature_problem(place, name, content, IN_TOTO, self._check)
        except ArchiveError as error:
            return error.message
        problem = unsigned or receipt_difference(content, receipt)
        return problem if unsigned or not problem else f"its receipt {name}: {problem}"
