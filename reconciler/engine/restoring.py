"""Take jobs out of the archive again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from reconciler.core.job import JobId
from reconciler.core.receipt import Receipt
from reconciler.engine.ports import LedgerReader
from reconciler.engine.verifying import newest_by_job, refuse_unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What became of one job: where its files lie now, how many, and their bytes; or why there are none.

    `passed_over` has what was not whole in one store and was taken from another.
    """

    job_id: JobId
    folder: str = ""
    files: int = 0
    size: int = 0
    problem: str = ""
    passed_over: tuple[str, ...] = ()


class BagRestorer(Protocol):
    """Copies bags out of the stores, each file held against its receipt."""

    def restore(self, receipt: Receipt) -> Restored:
        """Copy one job's files, or none of them.

        Raises:
            StoreNotWritable: what is copied to takes no more.
        """


def restore_jobs(ledger: LedgerReader, restorer: BagRestorer, ids: Sequence[JobId]) -> tuple[Restored, ...]:
    """Restore the newest bag of each job, in the order asked for.

    Raises:
        UsageRefused: a job has no receipt; nothing was restored.
    """
    receipts = newest_by_job(ledger)
    wanted = tuple(dict.fromkeys(ids))
    refuse_unknown(wanted, receipts)
    return tuple(restorer.restore(receipts[job_id]) for job_id in wanted)
