"""What can be said of a selector without any job: which answers it can give, and what it asks."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import assert_never

from reconciler.core.globs import fits
from reconciler.core.job import STATED, JobId, JobStatus, JobType
from reconciler.core.selectors import (
    NAMED,
    AllOf,
    AnyOf,
    EveryJob,
    IdIn,
    IdLike,
    Match,
    NameLike,
    NotOf,
    ProjectLike,
    Selector,
    StatusIn,
    TypeIn,
)

Answers = frozenset[Match]
Globs = tuple[str, ...]

# Inside, a set of answers is three bits in the order in which a conjunction takes the least and a disjunction the most.
_NO, _UNKNOWN, _YES, _ANY = 1, 2, 4, 7
_MEANT = {_NO: Match.NO, _UNKNOWN: Match.UNKNOWN, _YES: Match.YES}
_SETS = {bits: frozenset(each for bit, each in _MEANT.items() if bits & bit) for bits in range(_ANY + 1)}


def answers(selector: Selector, job_type: JobType, status: JobStatus) -> Answers:
    """Give the answers that jobs of one type and status can get; too many rather than too few."""
    return _SETS[_answers(selector, job_type, status)]


def _answers(selector: Selector, job_type: JobType, status: JobStatus) -> int:
    match selector:
        case AllOf(parts):
            together = _least(_answers(part, job_type, status) for part in parts)
            return together & ~_YES if _excludes_itself(parts) else together
        case AnyOf(parts):
            return _opposite(_least(_opposite(_answers(part, job_type, status)) for part in parts))
        case NotOf(part):
            return _opposite(_answers(part, job_type, status))
        case _:
            return _leaf_answers(selector, job_type, status)


def _leaf_answers(
    selector: EveryJob | IdIn | IdLike | TypeIn | StatusIn | NameLike | ProjectLike,
    job_type: JobType,
    status: JobStatus,
) -> int:
    match selector:
        case EveryJob():
            return _YES
        case TypeIn(types):
            return _UNKNOWN if job_type is JobType.UNKNOWN else _YES if job_type in types else _NO
        case StatusIn(statuses):
            return _UNKNOWN if status not in STATED else _YES if status in statuses else _NO
        case IdIn() | IdLike():
            return _YES | _NO
        case NameLike() | ProjectLike():
            return _ANY if job_type in NAMED else _NO
        case _:
            assert_never(selector)


def _opposite(of: int) -> int:
    return (of & _UNKNOWN) | (of & _NO) << 2 | (of & _YES) >> 2


def _least(several: Iterable[int]) -> int:
    """Give what the least of one answer of each can be.  Below a certain no is nothing, so none after it is asked."""
    possible, highest = 0, _ANY.bit_length()
    for each in several:
        if each == _NO:
            return _NO
        possible |= each
        highest = min(highest, each.bit_length())
    return possible & (1 << highest) - 1


@lru_cache(maxsize=1024)
def _excludes_itself(parts: tuple[Selector, ...]) -> bool:
    """Remember for all types and statuses what does not depend on them."""
    return _leaves_none(parts)


def _leaves_none(parts: tuple[Selector, ...]) -> bool:
    """Tell whether no job can be all of these: a thing and its opposite, or ids or names of which none is left."""
    opposites = frozenset(part.part for part in parts if isinstance(part, NotOf))
    if not opposites.isdisjoint(parts):
        return True
    named = [part.ids for part in parts if isinstance(part, IdIn)]
    others = (part.ids for part in opposites if isinstance(part, IdIn))
    left = frozenset.intersection(*named).difference(*others) if named else None
    return _fits_none(left, *_globs_of(IdLike, parts, opposites)) or any(
        _fits_none(None, *_globs_of(kind, parts, opposites)) for kind in (NameLike, ProjectLike)
    )


def _globs_of(
    kind: type[IdLike | NameLike | ProjectLike], parts: tuple[Selector, ...], opposites: frozenset[Selector]
) -> tuple[list[Globs], list[Globs]]:
    """Give what one attribute must fit, each of it, and what it must not."""
    wanted = [part.globs for part in parts if isinstance(part, kind)]
    return wanted, [part.globs for part in opposites if isinstance(part, kind)]


def _fits_none(texts: frozenset[str] | None, wanted: list[Globs], unwanted: list[Globs]) -> bool:
    """Tell whether none of these texts fits; where none are given, those that patterns without wildcards ask for."""
    if wanted and any(set(glob) == {"*"} for globs in unwanted for glob in globs):
        return True
    if texts is None:
        texts = next((frozenset(globs) for globs in wanted if not any(map(_has_wildcard, globs))), None)
    if texts is None or len(texts) * sum(map(len, (*wanted, *unwanted))) > MOST_COMPARED:
        return False
    return not any(_fits_all(text, wanted, unwanted) for text in texts)


def _has_wildcard(glob: str) -> bool:
    return any(special in glob for special in "*?\\")


MOST_COMPARED = 500
"""Texts against patterns: beyond so many pairs it is not told that none is left."""


def _fits_all(text: str, wanted: list[Globs], unwanted: list[Globs]) -> bool:
    return all(fits(globs, text) for globs in wanted) and not any(fits(globs, text) for globs in unwanted)


def leaves(selector: Selector) -> Iterator[Selector]:
    """Give the parts that look at a job themselves."""
    match selector:
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from leaves(part)
        case NotOf(part):
            yield from leaves(part)
        case _:
            yield selector


def asks_status(selector: Selector) -> bool:
    """Tell whether a selector looks at the status."""
    return any(isinstance(leaf, StatusIn) for leaf in leaves(selector))


def labels_of(selector: Selector) -> frozenset[str]:
    """Give the labels that a selector names."""
    return frozenset(leaf.label for leaf in leaves(selector) if isinstance(leaf, IdIn) and leaf.label)


def literal_ids(selector: Selector) -> frozenset[JobId]:
    """Give the ids that a rule lists itself; none for a label, or where anything else has a say."""
    return selector.ids if isinstance(selector, IdIn) and not selector.label else frozenset()
