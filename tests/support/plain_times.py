"""When a job was made, by the specification alone: evidence gives bounds, bounds give an interval."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from reconciler.core.desired import Source
from reconciler.core.inventory import Inventory
from reconciler.core.job import Job, JobId
from reconciler.core.memory import LedgerView

LAG = timedelta(hours=1)  # a list may lag behind by this much


@dataclass(frozen=True, slots=True)
class Interval:
    """Made between these two, ends included; None is no bound; `possible` is False where evidence contradicts."""

    earliest: datetime | None = None
    latest: datetime | None = None
    possible: bool = True


ANY_TIME = Interval()


def intervals_of(inventory: Inventory, memory: LedgerView, trust: frozenset[Source], as_of: datetime) -> list[Interval]:
    """§5 "Time is an interval": one per listed job, in the order of the listing (newest first).

    The order of the list is that of first sighting: a list shuffled later changes nothing.
    """
    own = [intersection(own_bounds(job, inventory, memory, trust, as_of), as_of) for job in inventory.jobs]
    if Source.LIST_ORDER not in trust:
        return own
    return [with_neighbours(place, own, inventory, memory, as_of) for place in range(len(own))]


def own_bounds(
    job: Job, inventory: Inventory, memory: LedgerView, trust: frozenset[Source], as_of: datetime
) -> list[tuple[datetime | None, datetime | None]]:
    """The table of evidence, row by row, without the order of the list."""
    bounds: list[tuple[datetime | None, datetime | None]] = []
    if Source.LEDGER in trust:
        bounds.append(ledger_bound(job, memory, as_of))
    if Source.IMPORTED in trust and job.id in memory.imported:
        bounds.append((memory.imported[job.id], memory.imported[job.id]))
    if Source.SHARE_LINK in trust and job.shared_at is not None:
        bounds.append((None, job.shared_at))
    if Source.CREATED_DATE in trust and job.id in inventory.created_dates:
        bounds.append((inventory.created_dates[job.id], inventory.created_dates[job.id]))
    return bounds


def ledger_bound(job: Job, memory: LedgerView, as_of: datetime) -> tuple[datetime | None, datetime | None]:
    """Not after our first sighting, not before the last complete list without it, less an hour.

    A job that the ledger has not seen was made since the last recorded observation, less an hour, and before now.
    """
    if job.id not in memory.jobs:
        return (None if memory.last_observed is None else memory.last_observed - LAG, as_of)
    known = memory.jobs[job.id]
    return (None if known.missing_until is None else known.missing_until - LAG, known.first_seen)


def intersection(bounds: Iterable[tuple[datetime | None, datetime | None]], as_of: datetime) -> Interval:
    """All bounds are true at once, and none lies in the future; else the evidence contradicts itself."""
    given = list(bounds)
    befores = [low for low, _ in given if low is not None]
    afters = [high for _, high in given if high is not None]
    earliest, latest = max(befores, default=None), min(afters, default=None)
    if any(each > as_of for each in (*befores, *afters)):
        return Interval(possible=False)
    if earliest is not None and latest is not None and earliest > latest:
        return Interval(possible=False)
    return Interval(earliest, latest)


def with_neighbours(
    place: int, own: Sequence[Interval], inventory: Inventory, memory: LedgerView, as_of: datetime
) -> Interval:
    """List order: not after any job above, not before any job below; one that contradicts itself says nothing."""
    if not own[place].possible:
        return own[place]
    orders = [order_of(job.id, each, inventory, memory) for each, job in enumerate(inventory.jobs)]
    others = [(orders[each], made) for each, made in enumerate(own) if made.possible]
    above = [(None, made.latest) for order, made in others if order > orders[place]]
    below = [(made.earliest, None) for order, made in others if order < orders[place]]
    return intersection([(own[place].earliest, own[place].latest), *above, *below], as_of)


def order_of(job_id: JobId, place: int, inventory: Inventory, memory: LedgerView) -> int:
    """Recency: the ledger's sequence; jobs not yet in it are newer than all, the oldest of the listing first."""
    if job_id in memory.jobs:
        return memory.jobs[job_id].sequence
    return max((each.sequence for each in memory.jobs.values()), default=0) + len(inventory.jobs) - place


def remembered_interval(job_id: JobId, memory: LedgerView, trust: frozenset[Source], as_of: datetime) -> Interval:
    """Of a job that is not listed the ledger's own evidence and the user's is left."""
    known = memory.jobs[job_id]
    bounds: list[tuple[datetime | None, datetime | None]] = []
    if Source.LEDGER in trust:
        bounds.append((None if known.missing_until is None else known.missing_until - LAG, known.first_seen))
    if Source.IMPORTED in trust and job_id in memory.imported:
        bounds.append((memory.imported[job_id], memory.imported[job_id]))
    return intersection(bounds, as_of)


def younger_or_exactly(made: Interval, span: timedelta, as_of: datetime) -> bool | None:
    """`keep_within`: yes if surely younger or exactly that old, no if surely older."""
    if made.earliest is not None and as_of - made.earliest <= span:
        return True
    if made.latest is not None and as_of - made.latest > span:
        return False
    return None


def surely_before(one: Interval, other: Interval) -> bool:
    """Whether `one` was made before `other`, whatever the truth inside both intervals."""
    return one.latest is not None and other.earliest is not None and one.latest < other.earliest


def period_name(made: Interval, key: str, zone: tzinfo) -> tuple[int, ...] | None:
    """A calendar period in the file's zone is known only if the whole interval lies in it."""
    if made.earliest is None or made.latest is None:
        return None
    first, last = calendar_name(made.earliest, key, zone), calendar_name(made.latest, key, zone)
    return first if first == last else None


def calendar_name(moment: datetime, key: str, zone: tzinfo) -> tuple[int, ...]:
    """Name the day, ISO week, month or year that a moment lies in, on the wall of that zone."""
    local = moment.astimezone(zone)
    week = local.isocalendar()
    names = {
        "daily": (local.year, local.month, local.day),
        "weekly": (week.year, week.week),
        "monthly": (local.year, local.month),
        "yearly": (local.year,),
    }
    return names[key]
