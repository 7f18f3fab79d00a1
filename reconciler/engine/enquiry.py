"""What one run learns beside the list, and only where the file asks for it: dates of AI Studio results, and sizes.

Both are evidence: what cannot be had is told, and holds jobs; it ends no run.
"""

from collections.abc import Iterable
from dataclasses import replace

from reconciler.core.created_dates import created_dates
from reconciler.core.desired import DesiredState, Source
from reconciler.core.inventory import Inventory
from reconciler.core.job import Job, JobId
from reconciler.core.memory import LedgerView
from reconciler.core.plan import Change, PlanNotice
from reconciler.engine.account import ResultDates
from reconciler.engine.ports import Evidence
from reconciler.engine.sizing import counted_by_limit, measured, weighed


class Enquiry:
    """One run's questions, each asked once: the lists of dates, and the sizes of each job as it shows itself.

    The lists are asked for where the file trusts them; `every_date` asks for them anyway.
    """

    def __init__(self, desired: DesiredState, evidence: Evidence, *, every_date: bool = False) -> None:
        self._desired = desired
        self._evidence = evidence
        self._is_dating = every_date or Source.CREATED_DATE in desired.trust
        self._dates: ResultDates | None = None
        self._measured: set[tuple[JobId, str]] = set()

    def filled(self, inventory: Inventory, memory: LedgerView) -> Inventory:
        """Give the inventory with the dates and sizes that a decision over it needs.

        Raises:
            AuthenticationRefused: the key was refused.
        """
        inventory = self._dated(inventory)
        return self._measure(inventory, weighed(self._desired, inventory, memory, inventory.observed_at))

    def sized(self, inventory: Inventory, changes: Iterable[Change]) -> Inventory:
        """Give the inventory with the sizes of what would be done, where the file limits them."""
        wanted = counted_by_limit(self._desired, changes)
        return self._measure(inventory, [job for job in inventory.jobs if job.id in wanted]) if wanted else inventory

    @property
    def problems(self) -> tuple[str, ...]:
        """A sentence for each list of dates that could not be read."""
        return self._dates.problems if self._dates else ()

    def notices(self) -> tuple[PlanNotice, ...]:
        """Give what a reviewer should know of what could not be had."""
        return tuple(
            PlanNotice("clock.trust", f"{problem}; it dates no job, and what only a date would let go is held")
            for problem in self.problems
        )

    def _measure(self, inventory: Inventory, jobs: Iterable[Job]) -> Inventory:
        new = [job for job in jobs if (job.id, job.fingerprint) not in self._measured]
        self._measured |= {(job.id, job.fingerprint) for job in new}
        return measured(inventory, new, self._evidence.sizes)

    def _dated(self, inventory: Inventory) -> Inventory:
        if not self._is_dating or self._evidence.times is None:
            return inventory
        if self._dates is None:
            self._dates = self._evidence.times.result_dates()
        return dated(inventory, self._dates)


def dated(inventory: Inventory, told: ResultDates) -> Inventory:
    """Give the inventory with the dates of the jobs whose results are dated."""
    return replace(inventory, created_dates={**created_dates(inventory.jobs, told.dates), **told.of_jobs})
