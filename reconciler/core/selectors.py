"""Does a rule own a job?  Three-valued, so that "cannot tell" is never taken for "no" (I4).

YES and NO are certain; UNKNOWN means that an attribute the selector needs is missing.  Kleene logic: a conjunction is
NO if any part is, else UNKNOWN if any part is, else YES; a disjunction is YES if any part is, else UNKNOWN if any part
is, else NO; a negation turns YES and NO around and leaves UNKNOWN.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache, partial
from typing import Protocol, assert_never

from reconciler.core.globs import ready_globs
from reconciler.core.job import STATED, JobId, JobStatus, JobType


class Match(Enum):
    """The three answers."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"

    __hash__ = object.__hash__  # each is there once; hashing its name a million times is what a decision would spend


class Attributes(Protocol):
    """What a selector looks at.  "" is an attribute that is not shown."""

    @property
    def id(self) -> JobId:
        """The job's id."""

    @property
    def type(self) -> JobType:
        """What made it."""

    @property
    def status(self) -> JobStatus:
        """Its state."""

    @property
    def name(self) -> str:
        """Its output's name."""

    @property
    def project(self) -> str:
        """The id of its project."""


NAMED: frozenset[JobType] = frozenset({JobType.RENDER, JobType.PREVIEW, JobType.UNKNOWN})
"""Types whose jobs can have a name or a project.  Of any other type, one that is not shown is certainly not there."""


@dataclass(frozen=True, slots=True)
class EveryJob:
    """Owns all jobs: a rule that names neither ids nor a match."""


@dataclass(frozen=True, slots=True)
class IdIn:
    """Owns the jobs named, compared exactly: `ids`, or the members of `label`."""

    ids: frozenset[JobId]
    label: str = ""


@dataclass(frozen=True, slots=True)
class IdLike:
    """Owns the jobs whose id fits one of these globs."""

    globs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TypeIn:
    """Owns the jobs of these types."""

    types: frozenset[JobType]


@dataclass(frozen=True, slots=True)
class StatusIn:
    """Owns the jobs in these states."""

    statuses: frozenset[JobStatus]


@dataclass(frozen=True, slots=True)
class NameLike:
    """Owns the jobs whose name fits one of these globs."""

    globs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProjectLike:
    """Owns the jobs whose project's id fits one of these globs."""

    globs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """Owns what every part owns."""

    parts: tuple["Selector", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Owns what any part owns."""

    parts: tuple["Selector", ...]


@dataclass(frozen=True, slots=True)
class NotOf:
    """Owns what the part certainly does not own."""

    part: "Selector"


Selector = EveryJob | IdIn | IdLike | TypeIn | StatusIn | NameLike | ProjectLike | AllOf | AnyOf | NotOf


Test = Callable[[Attributes], Match]
"""A selector made ready: a closure that answers for one job after the other."""


def match(selector: Selector, job: Attributes) -> Match:
    """Tell whether `selector` owns `job`.  Never raises for a job, whatever it lacks."""
    return ready(selector)(job)


@lru_cache(maxsize=65_536)
def ready(selector: Selector) -> Test:
    """Make a selector ready, once for all jobs."""
    match selector:
        case AllOf(parts):
            return partial(_all, tuple(ready(part) for part in parts))
        case AnyOf(parts):
            return partial(_any, tuple(ready(part) for part in parts))
        case NotOf(part):
            return partial(_not, ready(part))
        case EveryJob():
            return _every
        case TypeIn(types):
            return partial(_type_in, types)
        case _:
            return _ready_by_words(selector)


def _ready_by_words(selector: IdIn | IdLike | StatusIn | NameLike | ProjectLike) -> Test:
    match selector:
        case IdIn(ids=ids):
            return partial(_id_in, ids)
        case IdLike(globs):
            return partial(_id_like, ready_globs(globs))
        case StatusIn(statuses):
            return partial(_status_in, statuses)
        case NameLike(globs):
            return partial(_name_like, ready_globs(globs))
        case ProjectLike(globs):
            return partial(_project_like, ready_globs(globs))
        case _:
            assert_never(selector)


def _every(_job: Attributes) -> Match:
    return Match.YES


def _id_in(ids: frozenset[JobId], job: Attributes) -> Match:
    return Match.YES if job.id in ids else Match.NO


def _id_like(fitting: Callable[[str], bool], job: Attributes) -> Match:
    return Match.YES if fitting(job.id) else Match.NO


def _type_in(types: frozenset[JobType], job: Attributes) -> Match:
    if job.type is JobType.UNKNOWN:
        return Match.UNKNOWN
    return Match.YES if job.type in types else Match.NO


def _status_in(statuses: frozenset[JobStatus], job: Attributes) -> Match:
    if job.status not in STATED:
        return Match.UNKNOWN
    return Match.YES if job.status in statuses else Match.NO


def _name_like(fitting: Callable[[str], bool], job: Attributes) -> Match:
    return _shown(fitting, job.name, job.type)


def _project_like(fitting: Callable[[str], bool], job: Attributes) -> Match:
    return _shown(fitting, job.project, job.type)


def _shown(fitting: Callable[[str], bool], shown: str, job_type: JobType) -> Match:
    if shown:
        return Match.YES if fitting(shown) else Match.NO
    return Match.UNKNOWN if job_type in NAMED else Match.NO


def _all(tests: tuple[Test, ...], job: Attributes) -> Match:
    answer = Match.YES
    for test in tests:
        part = test(job)
        if part is Match.NO:
            return Match.NO
        if part is Match.UNKNOWN:
            answer = Match.UNKNOWN
    return answer


def _any(tests: tuple[Test, ...], job: Attributes) -> Match:
    answer = Match.NO
    for test in tests:
        part = test(job)
        if part is Match.YES:
            return Match.YES
        if part is Match.UNKNOWN:
            answer = Match.UNKNOWN
    return answer


def _not(test: Test, job: Attributes) -> Match:
    return OPPOSITE[test(job)]


OPPOSITE = {Match.YES: Match.NO, Match.NO: Match.YES, Match.UNKNOWN: Match.UNKNOWN}


# -- the part of a selector that type and status do not decide


_NOBODY = JobId("")


@dataclass(frozen=True, slots=True)
class _Kind:
    """A type and a status as the attributes of nobody in particular."""

    type: JobType
    status: JobStatus
    id: JobId = _NOBODY
    name: str = ""
    project: str = ""


def narrowed(selector: Selector, job_type: JobType, status: JobStatus) -> Match | Selector:
    """Give what is left to ask of jobs of one type and status: an answer, or a shorter selector with the same answers.

    A rule may be asked a million times, and most of what rules say is about type and status.
    """
    match selector:
        case EveryJob() | TypeIn() | StatusIn():
            return ready(selector)(_Kind(job_type, status))
        case AllOf(parts):
            left = _left(parts, Match.NO, Match.YES, job_type, status)
            return left if isinstance(left, Match) else AllOf(left) if len(left) > 1 else left[0]
        case AnyOf(parts):
            left = _left(parts, Match.YES, Match.NO, job_type, status)
            return left if isinstance(left, Match) else AnyOf(left) if len(left) > 1 else left[0]
        case NotOf(part):
            inner = narrowed(part, job_type, status)
            return OPPOSITE[inner] if isinstance(inner, Match) else NotOf(inner)
        case _:
            return selector


def looks_at(selector: Selector) -> frozenset[str]:
    """Name the attributes that a selector looks at."""
    match selector:
        case AllOf(parts) | AnyOf(parts):
            return frozenset().union(*(looks_at(part) for part in parts))
        case NotOf(part):
            return looks_at(part)
        case _:
            return _LOOKS[type(selector)]


_LOOKS: dict[type[Selector], frozenset[str]] = {
    EveryJob: frozenset(),
    IdIn: frozenset({"id"}),
    IdLike: frozenset({"id"}),
    TypeIn: frozenset({"type"}),
    StatusIn: frozenset({"status"}),
    NameLike: frozenset({"name", "type"}),
    ProjectLike: frozenset({"project", "type"}),
}
"""A job that shows no name or project is judged by its type (NAMED)."""


def _left(
    parts: tuple[Selector, ...], decides: Match, says_nothing: Match, job_type: JobType, status: JobStatus
) -> Match | tuple[Selector, ...]:
    """Narrow the parts of an AllOf or AnyOf: one answer that `decides` is the answer of all."""
    answers = [(part, narrowed(part, job_type, status)) for part in parts]
    if any(answer is decides for _, answer in answers):
        return decides
    open_parts = [
        # A part that is UNKNOWN for the whole kind stays as it is: it still has a say beside the others.
        part if isinstance(answer, Match) else answer
        for part, answer in answers
        if answer is not says_nothing
    ]
    if not open_parts:
        return says_nothing
    if all(answer is Match.UNKNOWN for _, answer in answers if answer is not says_nothing):
        return Match.UNKNOWN
    return tuple(open_parts)
