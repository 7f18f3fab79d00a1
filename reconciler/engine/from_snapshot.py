"""A snapshot in place of the service and the ledger: every reading verb works over it, and asks nobody."""

from reconciler.core.inventory import Inventory
from reconciler.core.job import JobId
from reconciler.core.memory import LedgerView
from reconciler.core.snapshot import Snapshot
from reconciler.engine.account import ResultDates
from reconciler.engine.ports import JobDetail
from reconciler.errors import SnapshotRefused


class FromSnapshot:
    """Implements JobsReader, MemoryReader and TimesReader: gives what the snapshot holds, as of when it was made."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._jobs = {job.id: job for job in snapshot.inventory.jobs}

    def list_jobs(self) -> Inventory:
        """Give the list as it was observed."""
        return self._snapshot.inventory

    def get(self, job_id: JobId) -> JobDetail | None:
        """Give one job as it stood, without its body: nothing could be archived of it."""
        job = self._jobs.get(job_id)
        return JobDetail(job=job, body=b"", inline=()) if job else None

    def view(self) -> LedgerView:
        """Give what the ledger remembered."""
        return self._snapshot.memory

    def result_dates(self) -> ResultDates:
        """Give the dates of jobs, and what kept others from being dated."""
        inventory = self._snapshot.inventory
        return ResultDates(dates={}, of_jobs=inventory.created_dates, problems=self._snapshot.problems)


def refuse_other_account(snapshot: Snapshot, account: str, place: str) -> None:
    """Refuse a snapshot of another account than the file names at `place`.

    Raises:
        SnapshotRefused: it is.
    """
    if snapshot.account != account:
        raise SnapshotRefused(
            f"the snapshot is of account {snapshot.account}, {place} says {account}",
            hint="Name a snapshot of this account, or the file of that one.",
        )
