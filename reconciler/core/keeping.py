"""Of the jobs that a rule owns, which does it keep: per group, the newest, the fresh, the newest of each period.

Only jobs that are certain in all that matters take a slot; every other one is held elsewhere and pushes none out.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import IntEnum
from typing import Union

from reconciler.core.desired import GroupKey, Keep, RetainRule
from reconciler.core.job import JobType
from reconciler.core.selectors import NAMED, Match
from reconciler.core.subjects import Subject
from reconciler.core.times import Made, Period, PeriodName, first_out_of_order, is_within, period_of

Group = tuple[str, ...]


class Slot(IntEnum):
    """What a rule's slots say of one job; 0 for one that takes none."""

    COUNTED = 1
    LAST = 2
    DAY = 4
    WEEK = 8
    MONTH = 16
    YEAR = 32
    SIZE = 64
    TIME_UNKNOWN = 128
    SIZE_UNKNOWN = 256
    OUT_OF_ORDER = 512
    NONE_TO_TAKE = 1024


# Plain numbers: flags as objects cost more than the rest of an answer.
KEPT = int(Slot.LAST | Slot.DAY | Slot.WEEK | Slot.MONTH | Slot.YEAR | Slot.SIZE)
UNDECIDED = int(Slot.TIME_UNKNOWN | Slot.SIZE_UNKNOWN | Slot.OUT_OF_ORDER)
PERIODS = ((Period.DAY, Slot.DAY), (Period.WEEK, Slot.WEEK), (Period.MONTH, Slot.MONTH), (Period.YEAR, Slot.YEAR))
KEYS = ((Slot.LAST, "keep_last"), *((slot, period.value) for period, slot in PERIODS), (Slot.SIZE, "keep_bytes"))

NO_SLOTS = int(Slot.NONE_TO_TAKE)
COUNTED, COUNTED_AS_LAST = int(Slot.COUNTED), int(Slot.COUNTED | Slot.LAST)

WHEN_MADE = "when it was made"
"""The fact that a rule misses where an interval does not decide."""


def periods_kept(keep: Keep) -> tuple[tuple[Period, Slot, int], ...]:
    """Give the periods of which a rule keeps the newest, with how many."""
    counts = (keep.daily, keep.weekly, keep.monthly, keep.yearly)
    return tuple((period, slot, count) for (period, slot), count in zip(PERIODS, counts, strict=True) if count)


def has_slots(keep: Keep) -> bool:
    """Tell whether what a rule keeps depends on the other jobs of the group."""
    return keep.last is not None or keep.size is not None or bool(periods_kept(keep))


def group_of(keys: tuple[GroupKey, ...], subject: Subject) -> Group | None:
    """Name the group of a job; None where it cannot be told.  What its type never has is a group of its own."""
    named: list[str] = []
    for key in keys:
        value = _group_value(key, subject)
        if value is None:
            return None
        named.append(value)
    return tuple(named)


def _group_value(key: GroupKey, subject: Subject) -> str | None:
    if key is GroupKey.TYPE:
        return None if subject.type is JobType.UNKNOWN else subject.type.value
    shown = subject.name if key is GroupKey.NAME else subject.project
    return shown or (None if subject.type in NAMED else "")


class FewSlots(dict[int, int]):
    """The slots of a rule by place, where few take one: 0 for every other job."""

    __slots__ = ()

    def __missing__(self, place: int) -> int:
        return 0


Slots = Union["array[int]", FewSlots]
"""The slots of one rule by place: 0 for a job that takes none, NO_SLOTS for all where the rule has none to take."""

WORTH_AN_ARRAY = 64
"""A rule that owns less than one job in so many keeps its slots by place: twenty arrays of a million weigh more."""


@dataclass(frozen=True, slots=True)
class Owned:
    """A rule and the places of the subjects that take part in its slots, by group."""

    rule: RetainRule
    groups: dict[Group, "array[int]"]


def slots_of(owned: Owned, subjects: Sequence[Subject], absent: Iterable[Subject], zone: tzinfo) -> Slots:
    """Give the Slot of each subject that takes part, by its place.

    `absent` are jobs that the rule may own and the list lacks.
    """
    taking_part = sum(len(places) for places in owned.groups.values())
    is_dense = taking_part * WORTH_AN_ARRAY > len(subjects)
    slots: Slots = array("H", bytes(2 * len(subjects))) if is_dense else FewSlots()
    rule = owned.rule
    gone = [(group_of(rule.group_by, each), each) for each in absent]
    for group, listed in owned.groups.items():
        ranks = [-subjects[place].rank for place in listed]
        places = [listed[number] for number in sorted(range(len(ranks)), key=ranks.__getitem__)]
        members = [subjects[place] for place in places]
        beside = [each for known_group, each in gone if known_group in {group, None}]
        is_disordered = _is_disordered(members, beside)
        for place, slot in zip(places, _walk(rule.keep, members, zone), strict=True):
            slots[place] = slot | Slot.OUT_OF_ORDER if is_disordered else slot
    return slots


def _is_disordered(members: Sequence[Subject], beside: Sequence[Subject]) -> bool:
    """Tell whether trusted times prove that the order by which "newest" is meant is not the order of making."""
    everyone = sorted((*members, *beside), key=lambda each: -each.rank) if beside else members
    return first_out_of_order([each.made for each in everyone]) is not None


def _walk(keep: Keep, newest_first: Sequence[Subject], zone: tzinfo) -> Iterator[int]:
    periods = periods_kept(keep)
    seen: tuple[set[PeriodName], ...] = tuple(set() for _ in periods)
    made: Made | None = None
    its_periods: tuple[PeriodName | None, ...] = ()
    total = 0
    for number, subject in enumerate(newest_first):
        slot = COUNTED_AS_LAST if keep.last is not None and number < keep.last else COUNTED
        if subject.made is not made:  # jobs that were first seen together stand together, and share their time
            made = subject.made
            its_periods = tuple([period_of(made, period, zone) for period, _, _ in periods])
        for named, names, (_, its_slot, count) in zip(its_periods, seen, periods, strict=True):
            slot |= _newest_of(named, names, count, its_slot)
        if keep.size is not None and subject.size is None:
            slot |= Slot.SIZE_UNKNOWN
        elif keep.size is not None and subject.size is not None and total < keep.size:
            slot |= Slot.SIZE
            total += subject.size
        yield slot


def _newest_of(period: PeriodName | None, seen: set[PeriodName], most: int, kept: Slot) -> int:
    """Take the period of the next job, newest first: `kept` where it is the first of a period that is kept."""
    if period is None:
        return Slot.TIME_UNKNOWN
    if period in seen or len(seen) == most:
        return 0
    seen.add(period)
    return kept


# -- the answer of one rule about one job that it owns


def keeps(rule: RetainRule, subject: Subject, slot: int, as_of: datetime) -> Match:
    """Tell whether a rule that does not keep all of them keeps a job that its selector owns.

    `slot` is what the slots say of it: 0 where it takes none, NO_SLOTS where the rule has none to take.
    """
    if slot & KEPT:
        return Match.YES
    within = rule.keep.within
    if within is not None:
        answer = is_within(subject.made, within, as_of)
        if answer is not Match.NO:
            return answer
    if slot & UNDECIDED:
        return Match.UNKNOWN
    if not slot and group_of(rule.group_by, subject) is None:
        return Match.UNKNOWN
    return Match.NO


def kept_by(rule: RetainRule, subject: Subject, slot: int, as_of: datetime) -> tuple[str, ...]:
    """Name the keys of a rule that keep a job; none where the rule keeps all that it owns."""
    within = rule.keep.within
    names = tuple(name for each, name in KEYS if slot & each)
    if within is not None and is_within(subject.made, within, as_of) is Match.YES:
        return (*names, "keep_within")
    return names


def undecided_for(rule: RetainRule, subject: Subject, slot: int, as_of: datetime) -> str:
    """Name the facts without which `keeps` is UNKNOWN."""
    within = rule.keep.within
    missing: list[str] = []
    if slot & Slot.TIME_UNKNOWN or (within is not None and is_within(subject.made, within, as_of) is Match.UNKNOWN):
        missing.append(WHEN_MADE)
    if slot & Slot.SIZE_UNKNOWN:
        missing.append("its size")
    if slot & Slot.OUT_OF_ORDER:
        missing.append("which of its group is the newest, as times and order disagree")
    groups = [f"its {key.value}" for key in rule.group_by if group_of((key,), subject) is None]
    return " and ".join(missing or groups)
