"""Read archived bags again and compare them with their receipts."""

from collections.abc import Collection, Sequence

from reconciler.core.job import JobId
from reconciler.core.receipt import Receipt
from reconciler.engine.ports import BagCheck, BagVerifier, LedgerReader
from reconciler.errors import UsageRefused


def verify_bags(ledger: LedgerReader, verifier: BagVerifier, ids: Sequence[JobId] = ()) -> tuple[BagCheck, ...]:
    """Check every bag, or those of some jobs, in every store of its newest receipt; in the order of archiving.

    Raises:
        UsageRefused: one of the jobs has no receipt.
    """
    return tuple(check for receipt in newest_bags(ledger, ids) for check in verifier.verify(receipt))


def newest_bags(ledger: LedgerReader, ids: Sequence[JobId]) -> tuple[Receipt, ...]:
    """Give the newest receipt of each bag, or of those of some jobs: one that was proved again has one each time.

    Raises:
        UsageRefused: one of the jobs has no receipt.
    """
    newest = {receipt.bag: receipt for receipt in ledger.receipts()}.values()
    refuse_unknown(ids, {receipt.job_id for receipt in newest})
    return tuple(receipt for receipt in newest if not ids or receipt.job_id in ids)


def newest_by_job(ledger: LedgerReader) -> dict[JobId, Receipt]:
    """Give the newest receipt of each job."""
    return {receipt.job_id: receipt for receipt in ledger.receipts()}


def refuse_unknown(wanted: Sequence[JobId], archived: Collection[JobId]) -> None:
    """Refuse ids of which the ledger has no receipt; names the one that may be meant.

    Raises:
        UsageRefused: there is one.
    """
    for job_id in wanted:
        if job_id not in archived:
            near = [each for each in archived if each.casefold().startswith(job_id.casefold())]
            raise UsageRefused(
                f"the ledger has no receipt of a job {job_id}",
                hint=f"Is {near[0]} meant?"
                if len(near) == 1
                else "An id is compared exactly, as the service spells it.",
            )
