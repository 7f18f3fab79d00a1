"""Rules that keep nothing which another rule does not keep too.

Only what can be told for sure from the rules' own words: the other rule asks for less, and keeps no less of it.  Rules
that list ids are left alone: a job may well be named for two reasons.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations

from reconciler.core.desired import KEEP_EVERYTHING, Keep, RetainRule
from reconciler.core.selector_facts import literal_ids
from reconciler.core.selectors import AllOf, EveryJob, Selector

MOST_PARTS = 8
MOST_ALIKE = 100
"""How far the search goes: parts of one rule of which all combinations are tried, and rules that ask the same."""

Parts = frozenset[Selector]


def shadows(rules: Sequence[RetainRule]) -> dict[int, int]:
    """Give the rules that another one makes superfluous, by index, each with the index of the other."""
    parts = {index: _parts(rule.selector) for index, rule in enumerate(rules) if not literal_ids(rule.selector)}
    asking: dict[Parts, list[int]] = {}
    for index, asked in parts.items():
        asking.setdefault(asked, []).append(index)
    found: dict[int, int] = {}
    for index, asked in parts.items():
        rule = rules[index]
        for other in _asking_no_more(asked, asking):
            # Of two that do the same, the later one is superfluous; never each because of the other.
            is_twin = parts[other] == asked and _covers(rule, rules[other])
            if (other < index or not is_twin) and _covers(rules[other], rule):
                found[index] = other
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


def _asking_no_more(parts: Parts, asking: dict[Parts, list[int]]) -> Iterator[int]:
    sizes = range(len(parts) + 1) if len(parts) <= MOST_PARTS else (0, 1, len(parts))
    for size in sizes:
        for chosen in combinations(parts, size):
            yield from asking.get(frozenset(chosen), ())[:MOST_ALIKE]


def _covers(wide: RetainRule, narrow: RetainRule) -> bool:
    """Tell whether `wide`, which asks for no more than `narrow`, also keeps no less, as long and in the same manner."""
    if (narrow.protect and not wide.protect) or (narrow.archive_now and not wide.archive_now):
        return False
    if wide.lapses_at and (narrow.lapses_at is None or narrow.lapses_at > wide.lapses_at):
        return False
    if wide.keep.everything:
        return True
    if narrow.keep.everything:
        return False
    only_fresh = replace(narrow.keep, within=None) == KEEP_EVERYTHING
    asks_the_same = _parts(wide.selector) == _parts(narrow.selector) and wide.group_by == narrow.group_by
    return (only_fresh or asks_the_same) and _keeps_no_less(wide.keep, narrow.keep)


def _keeps_no_less(wide: Keep, narrow: Keep) -> bool:
    counts = ((wide.last, narrow.last), (wide.daily, narrow.daily), (wide.weekly, narrow.weekly))
    others = ((wide.monthly, narrow.monthly), (wide.yearly, narrow.yearly), (wide.size, narrow.size))
    if narrow.within is not None and (wide.within is None or narrow.within > wide.within):
        return False
    return all(less is None or (more is not None and less <= more) for more, less in (*counts, *others))
