"""Does a rule own a job?  Three-valued, so that "cannot tell" is never taken for "no" (I4).

YES and NO are certain; UNKNOWN means that an attribute the selector needs is missing.  Kleene logic: a conjunction is
NO if any part is, else UNKNOWN if any part is, else YES.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from reconciler.core.job import STATED, Job, JobId, JobStatus, JobType


class Match(Enum):
    """The three answers."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class EveryJob:
    """Owns all jobs: a rule that names neither ids nor a match."""


@dataclass(frozen=True, slots=True)
class IdIn:
    """Owns the jobs named, compared exactly."""

    ids: frozenset[JobId]


@dataclass(frozen=True, slots=True)
class TypeIn:
    """Owns the jobs of these types."""

    types: frozenset[JobType]


@dataclass(frozen=True, slots=True)
class StatusIn:
    """Owns the jobs in these states."""

    statuses: frozenset[JobStatus]


@dataclass(frozen=True, slots=True)
class AllOf:
    """Owns what every part owns."""

    parts: tuple["Selector", ...]


Selector = EveryJob | IdIn | TypeIn | StatusIn | AllOf


def match(selector: Selector, job: Job) -> Match:
    """Tell whether `selector` owns `job`.  Never raises for a job, whatever it lacks."""
    match selector:
        case EveryJob():
            return Match.YES
        case IdIn(ids):
            return _certain(job.id in ids)
        case TypeIn(types):
            return Match.UNKNOWN if job.type is JobType.UNKNOWN else _certain(job.type in types)
        case StatusIn(statuses):
            return _certain(job.status in statuses) if job.status in STATED else Match.UNKNOWN
        case AllOf(parts):
            return _all(match(part, job) for part in parts)
        case _:
            assert_never(selector)


def _certain(answer: bool) -> Match:  # noqa: FBT001 - the one place where a bool becomes an answer
    return Match.YES if answer else Match.NO


def _all(answers: Iterable[Match]) -> Match:
    seen = set(answers)
    if Match.NO in seen:
        return Match.NO
    return Match.UNKNOWN if Match.UNKNOWN in seen else Match.YES


def why_not(selector: Selector, job: Job) -> str:
    """Say in a few words what makes the answer NO; only asked where `match` answered NO."""
    match selector:
        case EveryJob():
            return "owns every job"
        case IdIn():
            return "does not name this id"
        case TypeIn(types):
            return f"wants type {_or(t.value for t in types)}, this is {job.type.value}"
        case StatusIn(statuses):
            return f"wants status {_or(s.value for s in statuses)}, this is {job.status.value}"
        case AllOf(parts):
            return "; ".join(why_not(part, job) for part in parts if match(part, job) is Match.NO)
        case _:
            assert_never(selector)


def what_is_missing(selector: Selector, job: Job) -> str:
    """Name the attributes that make the answer UNKNOWN; only asked where `match` answered UNKNOWN."""
    match selector:
        case EveryJob() | IdIn():
            return "nothing"
        case TypeIn():
            return "its type"
        case StatusIn():
            return "its status"
        case AllOf(parts):
            unknown = [what_is_missing(part, job) for part in parts if match(part, job) is Match.UNKNOWN]
            return " and ".join(dict.fromkeys(unknown))
        case _:
            assert_never(selector)


def _or(words: Iterable[str]) -> str:
    return " or ".join(sorted(words))
