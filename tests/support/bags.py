"""Receipts of bags that tests made by hand."""

from reconciler.archive.stores import BagStore
from reconciler.core.job import JobId
from reconciler.core.receipt import Receipt
from tests.support.values import NOON


def receipt_of(store: BagStore, bag: str) -> Receipt:
    """The receipt of a job `a` for a bag as it stands in a store now."""
    return Receipt(
        job_id=JobId("a"),
        fingerprint="sha256:" + "0" * 64,
        bag=bag,
        stores=(store.address,),
        files=store.read_back(bag),
        evidence=(),
        verified_at=NOON,
    )
