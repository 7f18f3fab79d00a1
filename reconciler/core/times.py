"""When a job was made: the service does not say, so it is an interval that evidence bounds.

Only trusted sources count, and every answer about an interval has three values: what it does not decide is UNKNOWN, and
holds the job (I4, I14).
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta, tzinfo
from enum import Enum

from msgspec import Struct

from reconciler.core.canonical import utc_text
from reconciler.core.desired import Source
from reconciler.core.selectors import Match

LISTS_LAG_AT_MOST = timedelta(hours=1)
"""How far a list may be behind: a job that it lacks was made no earlier than this before it was read."""


class Bound(Struct, frozen=True, gc=False):
    """What one source says of one job: it was made within these, ends included; None is no bound."""

    source: Source
    not_before: datetime | None
    not_after: datetime | None


class Made(Struct, frozen=True, gc=False):
    """The interval in which a job was made, ends included; None is no bound.

    `contradiction` is a sentence where the bounds cannot all be true, else ""; with one, nothing is bounded.
    """

    not_before: datetime | None = None
    not_after: datetime | None = None
    contradiction: str = ""


def made_within(bounds: Iterable[Bound], as_of: datetime) -> Made:
    """Give what all these bounds say together; where they cannot all be true, nothing but that."""
    start: datetime | None = None
    end: datetime | None = None
    started_by = ended_by = Source.LEDGER
    for bound in bounds:
        for said in (bound.not_before, bound.not_after):
            # Also where another source gives an earlier time: one of two clocks is wrong, and nobody knows which.
            if said and said > as_of:
                return Made(contradiction=_yet_to_come(bound.source, said))
        if bound.not_before and (start is None or bound.not_before > start):
            start, started_by = bound.not_before, bound.source
        if bound.not_after and (end is None or bound.not_after < end):
            end, ended_by = bound.not_after, bound.source
    if start and end and start > end:
        return Made(
            contradiction=f"{started_by.value} says that it was made at {utc_text(start)} or later, {ended_by.value} "
            f"says at {utc_text(end)} or earlier",
        )
    return Made(start, end)


def _yet_to_come(source: Source, said: datetime) -> str:
    if source is Source.LEDGER:
        return "first seen in the future: the clock was set back, or the ledger is wrong"
    return f"{source.value} tells the time {utc_text(said)}, which is yet to come"


def ordered_within(newest_first: Sequence[Made]) -> tuple[Bound, ...]:
    """Give what the order of a list adds: no job was made after one above it, none before one below it.

    A job whose own evidence contradicts itself says nothing about the others.
    """
    ends: list[datetime | None] = []
    end: datetime | None = None
    for made in newest_first:
        if made.not_after:
            end = min(end or made.not_after, made.not_after)
        ends.append(end)
    bounds: list[Bound] = []
    start: datetime | None = None
    for made in reversed(newest_first):
        if made.not_before:
            start = max(start or made.not_before, made.not_before)
        bounds.append(Bound(Source.LIST_ORDER, start, ends.pop()))
    return tuple(reversed(bounds))


# -- questions


def is_within(made: Made, span: timedelta, as_of: datetime) -> Match:
    """Tell whether a job is at most `span` old: YES on the very edge."""
    edge = as_of - span
    if made.not_before and made.not_before >= edge:
        return Match.YES
    return Match.NO if made.not_after and made.not_after < edge else Match.UNKNOWN


def least_age(made: Made, as_of: datetime) -> timedelta | None:
    """Give the age that a job surely has reached; None where nothing tells."""
    return as_of - made.not_after if made.not_after else None


class Period(Enum):
    """Calendar periods, by the names of the keys that keep them."""

    DAY = "keep_daily"
    WEEK = "keep_weekly"
    MONTH = "keep_monthly"
    YEAR = "keep_yearly"


PeriodName = tuple[int, ...]
"""A day as year, month, day; an ISO week as year, week; a month as year, month; a year as itself."""


def period_of(made: Made, period: Period, zone: tzinfo) -> PeriodName | None:
    """Name the period in which the whole interval lies, in this zone; None where it is not known to lie in one."""
    if made.not_before is None or made.not_after is None:
        return None
    name = _NAMES[period]
    start = name(made.not_before.astimezone(zone))
    return start if start == name(made.not_after.astimezone(zone)) else None


_NAMES: dict[Period, Callable[[datetime], PeriodName]] = {
    Period.DAY: lambda local: (local.year, local.month, local.day),
    Period.WEEK: lambda local: tuple(local.isocalendar()[:2]),
    Period.MONTH: lambda local: (local.year, local.month),
    Period.YEAR: lambda local: (local.year,),
}


def first_out_of_order(newest_first: Sequence[Made]) -> int | None:
    """Give the place of a job that was surely made after one that stands before it; None where none was."""
    end: datetime | None = None
    for place, made in enumerate(newest_first):
        if end and made.not_before and made.not_before > end:
            return place
        if made.not_after and (end is None or made.not_after < end):
            end = made.not_after
    return None
