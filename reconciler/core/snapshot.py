"""All that a decision needs beside the file, as of one moment, so that it can be made again elsewhere."""

from dataclasses import dataclass
from datetime import datetime

from reconciler.core.inventory import Inventory
from reconciler.core.job import JobId
from reconciler.core.memory import LedgerView


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The job list as it was read, and what the ledger remembered then.

    `account` is its name, also where the ledger is new.  `made_at` is when everything was gathered; what is decided
    counts from `inventory.observed_at`, when the list had been read.  `problems` has a sentence for each list of dates
    that could not be read, and so dates no job.
    """

    account: str
    tool_version: str
    made_at: datetime
    inventory: Inventory
    memory: LedgerView
    problems: tuple[str, ...] = ()

    @property
    def unlisted(self) -> tuple[JobId, ...]:
        """The jobs that the list lacks and the ledger knows, or has an imported time of, in its order."""
        listed = frozenset(job.id for job in self.inventory.jobs)
        return tuple(
            job_id for job_id in dict.fromkeys((*self.memory.jobs, *self.memory.imported)) if job_id not in listed
        )
