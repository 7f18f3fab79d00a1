"""Rules that keep nothing which another rule does not keep too.

Only what can be told for sure from the rules' own words: the other rule asks for less, and keeps no less of it.  Rules
that list ids are left alone: a job may well be named for two reasons.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

from reconciler.core.desired import Keep, RetainRule
from reconciler.core.selector_facts import literal_ids
from reconciler.core.selectors import AllOf, EveryJob, Selector

MOST_PARTS = 8
MOST_ALIKE = 20
"""How far the search goes: parts of one rule of which all combinations are tried, and rules that ask the same."""

Parts = frozenset[Selector]


class _Asking(NamedTuple):
    """A rule with the parts of its selector, all of which a job must have."""

    place: int
    rule: RetainRule
    parts: Parts


def shadows(rules: Sequence[RetainRule]) -> dict[int, int]:
    """Give the rules that another one makes superfluous, by index, each with the index of the other."""
    asking: dict[Parts, list[_Asking]] = {}
    each = [
        _Asking(index, rule, _parts(rule.selector))
        for index, rule in enumerate(rules)
        if not literal_ids(rule.selector)
    ]
    for one in each:
        asking.setdefault(one.parts, []).append(one)
    found: dict[int, int] = {}
    for one in each:
        for other in _asking_no_more(one.parts, asking):
            if other is not one and _covers(other, one) and not (other.place > one.place and _are_twins(one, other)):
                found[one.place] = other.place
                break
    return found


def _parts(selector: Selector) -> Parts:
    match selector:
        case EveryJob():
            return frozenset()
        case AllOf(parts):
            return frozenset(parts)
        case _:
            return frozenset({selector})


def _asking_no_more(parts: Parts, asking: dict[Parts, list[_Asking]]) -> Iterator[_Asking]:
    sizes = range(len(parts) + 1) if len(parts) <= MOST_PARTS else (0, 1, len(parts))
    for size in sizes:
        for chosen in combinations(parts, size):
            yield from asking.get(frozenset(chosen), ())[:MOST_ALIKE]


def _are_twins(one: _Asking, covering: _Asking) -> bool:
    """Tell whether a rule does what one that covers it does: the later of the two is superfluous, never each."""
    return covering.parts == one.parts and _covers(one, covering)


def _covers(asks_less: _Asking, asks_more: _Asking) -> bool:
    """Tell whether a rule that asks for no more than another also keeps no less, as long and in the same manner."""
    wide, narrow = asks_less.rule, asks_more.rule
    if (narrow.protect and not wide.protect) or (narrow.archive_now and not wide.archive_now):
        return False
    if wide.lapses_at and (narrow.lapses_at is None or narrow.lapses_at > wide.lapses_at):
        return False
    if wide.keep.everything:
        return True
    if narrow.keep.everything or not _keeps_no_less(wide.keep, narrow.keep):
        return False
    only_fresh = not any(_counts(narrow.keep))
    return only_fresh or (asks_less.parts == asks_more.parts and wide.group_by == narrow.group_by)


def _keeps_no_less(wide: Keep, narrow: Keep) -> bool:
    if narrow.within is not None and (wide.within is None or narrow.within > wide.within):
        return False
    pairs = zip(_counts(wide), _counts(narrow), strict=True)
    return all(less is None or (more is not None and less <= more) for more, less in pairs)


def _counts(keep: Keep) -> tuple[int | None, ...]:
    return keep.last, keep.daily, keep.weekly, keep.monthly, keep.yearly, keep.size
