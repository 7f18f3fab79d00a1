"""What selectors say, in words for people: what they own, why they do not own a job, which facts they miss."""

from collections.abc import Iterable, Iterator, Mapping
from typing import assert_never

from reconciler.core.selectors import (
    AllOf,
    AnyOf,
    Attributes,
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
    match,
)


def why_not(selector: Selector, job: Attributes) -> str:
    """Say in a few words what makes the answer NO; only asked where `match` answered NO."""
    match selector:
        case AllOf(parts):
            return "; ".join(why_not(part, job) for part in parts if match(part, job) is Match.NO)
        case AnyOf(parts):
            return " and ".join(dict.fromkeys(why_not(part, job) for part in parts))
        case NotOf(part):
            return f"leaves out {described(part)}"
        case EveryJob():
            return "owns every job"
        case IdIn(label=label):
            return f"wants label {label}, which does not have this id" if label else "does not name this id"
        case IdLike() | TypeIn() | StatusIn() | NameLike() | ProjectLike():
            return f"wants {described(selector)}, {_shown_by(selector, job)}"
        case _:
            assert_never(selector)


def _shown_by(selector: IdLike | TypeIn | StatusIn | NameLike | ProjectLike, job: Attributes) -> str:
    match selector:
        case IdLike():
            return "this id is another"
        case TypeIn():
            return f"this is {job.type.value}"
        case StatusIn():
            return f"this is {job.status.value}"
        case NameLike():
            return f"this is {job.name}" if job.name else f"jobs of type {job.type.value} have none"
        case ProjectLike():
            return f"this is {job.project}" if job.project else f"jobs of type {job.type.value} have none"
        case _:
            assert_never(selector)


def described(selector: Selector) -> str:
    """Say in a few words what a selector owns: `type render; name product-*`."""
    match selector:
        case AllOf(parts):
            return "; ".join(described(part) for part in parts)
        case AnyOf(parts):
            return "any of (" + " | ".join(described(part) for part in parts) + ")"
        case NotOf(part):
            return f"not ({described(part)})"
        case EveryJob():
            return "every job"
        case IdIn(ids, label):
            return f"label {label}" if label else f"{len(ids)} ids" if len(ids) != 1 else f"id {next(iter(ids))}"
        case _:
            return _leaf_described(selector)


def _leaf_described(selector: IdLike | TypeIn | StatusIn | NameLike | ProjectLike) -> str:
    match selector:
        case IdLike(globs):
            return f"id {_or(globs)}"
        case TypeIn(types):
            return f"type {_or(kind.value for kind in types)}"
        case StatusIn(statuses):
            return f"status {_or(status.value for status in statuses)}"
        case NameLike(globs):
            return f"name {_or(globs)}"
        case ProjectLike(globs):
            return f"project {_or(globs)}"
        case _:
            assert_never(selector)


def what_is_missing(selector: Selector, job: Attributes) -> str:
    """Name the attributes that make the answer UNKNOWN; only asked where `match` answered UNKNOWN."""
    return " and ".join(dict.fromkeys(_missing(selector, job)))


def _missing(selector: Selector, job: Attributes) -> Iterator[str]:
    match selector:
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                if match(part, job) is Match.UNKNOWN:
                    yield from _missing(part, job)
        case NotOf(part):
            yield from _missing(part, job)
        case _:
            yield MISSING[type(selector)]


MISSING: Mapping[type[Selector], str] = {
    TypeIn: "its type",
    StatusIn: "its status",
    NameLike: "its name",
    ProjectLike: "its project",
}
"""What each selector that can be UNKNOWN looks at."""


def _or(words: Iterable[str]) -> str:
    return " or ".join(sorted(words))
