"""Tell what time alone will let go, over the list as it is now.  Writes nothing (I6)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import tzinfo

from reconciler.core.desired import DesiredState, Otherwise
from reconciler.core.forecast import Cause, Forecast, LetGo, forecast
from reconciler.engine.enquiry import Enquiry
from reconciler.engine.planning import Sight, read_for_a_decision
from reconciler.engine.ports import NOBODY, Clock, Evidence, JobsReader, MemoryReader


@dataclass(frozen=True, slots=True)
class Weight:
    """How many jobs, their bytes as far as known, and how many have no known size."""

    jobs: int
    size: int
    unmeasured: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """A forecast with what it was made for; `jobs` are listed now, `zone` is that of the days."""

    account: str
    otherwise: Otherwise
    zone: tzinfo
    jobs: int
    forecast: Forecast

    @property
    def coming(self) -> tuple[LetGo, ...]:
        """Every job that becomes free on one of the days."""
        return tuple(gone for day in self.forecast.days for gone in day.let_go)


def look_ahead(
    desired: DesiredState,
    reader: JobsReader,
    ledger: MemoryReader,
    clock: Clock,
    days: int,
    evidence: Evidence = NOBODY,
) -> Outlook:
    """Read the list and the ledger, and decide for now and for each of the next `days` days.

    Raises:
        InventoryIncomplete: the list is not whole.
    """
    return outlook_over(desired, read_for_a_decision(desired, reader, ledger, clock, Enquiry(desired, evidence)), days)


def outlook_over(desired: DesiredState, seen: Sight, days: int) -> Outlook:
    """Look ahead over a list that was read already."""
    return Outlook(
        account=desired.account,
        otherwise=desired.otherwise,
        zone=desired.zone,
        jobs=len(seen.inventory.jobs),
        forecast=forecast(desired, seen.inventory, seen.memory, days),
    )


def weight_of(let_go: Iterable[LetGo]) -> Weight:
    """Sum up jobs."""
    sizes = [gone.size for gone in let_go]
    known = [size for size in sizes if size is not None]
    return Weight(len(sizes), sum(known), len(sizes) - len(known))


def by_cause(let_go: Iterable[LetGo]) -> tuple[tuple[Cause, tuple[LetGo, ...]], ...]:
    """Gather jobs by what kept them last; one that two rules kept counts for both.  Sorted, rules first."""
    gathered: dict[Cause, list[LetGo]] = {}
    for gone in let_go:
        for cause in gone.causes:
            gathered.setdefault(cause, []).append(gone)
    ordered = sorted(gathered, key=lambda cause: (cause.kind.value != "rule", cause.name))
    return tuple((cause, tuple(gathered[cause])) for cause in ordered)
