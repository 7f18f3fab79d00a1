"""The rules of the file that was applied last, as a ledger keeps them: what they mean, not how they were written.

A rule that was lost since then is asked once more what it would keep, so its meaning has to come back whole.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, assert_never

from reconciler.core.canonical import canonical_json, digest, utc_text, utc_time
from reconciler.core.desired import GroupKey, Keep, RetainRule
from reconciler.core.job import JobId, JobStatus, JobType
from reconciler.core.selectors import (
    AllOf,
    AnyOf,
    EveryJob,
    IdIn,
    IdLike,
    NameLike,
    NotOf,
    ProjectLike,
    Selector,
    StatusIn,
    TypeIn,
)


@dataclass(frozen=True, slots=True)
class AppliedRule:
    """A rule as it was applied, without what is for people alone, and how many jobs it kept then."""

    rule: RetainRule
    kept: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedFile:
    """The rules of a file with this digest, in its order, as the first apply of it in a row found them.

    Without `is_known` nobody knows any more what its rules were, and `digest` is "" where not even that is sure.
    """

    digest: str
    applied_at: datetime
    rules: tuple[AppliedRule, ...]
    is_known: bool = True


def rule_digest(rule: RetainRule) -> str:
    """Name what a rule means: two rules of one digest keep the same jobs, whatever they are called."""
    return digest(rule_json(rule))


def rule_json(rule: RetainRule) -> dict[str, object]:
    """Give what a rule means as a JSON-like value: neither its name, nor a label's, nor what is for people alone."""
    keep = rule.keep
    return {
        "v": 1,
        "selector": _selector_json(rule.selector),
        "keep": {
            "last": keep.last,
            "within_s": None if keep.within is None else int(keep.within.total_seconds()),
            "daily": keep.daily,
            "weekly": keep.weekly,
            "monthly": keep.monthly,
            "yearly": keep.yearly,
            "bytes": keep.size,
        },
        "group_by": [key.value for key in rule.group_by],
        "lapses_at": utc_text(rule.lapses_at) if rule.lapses_at else None,
        "protect": rule.protect,
        "archive_now": rule.archive_now,
    }


def rule_from(name: str, read: dict[str, Any]) -> RetainRule:
    """Give the rule of that name back.

    Raises:
        ValueError, KeyError: it is nothing that `rule_json` gave.
    """
    keep = read["keep"]
    return RetainRule(
        name=name,
        selector=_selector_from(read["selector"]),
        keep=Keep(
            last=keep["last"],
            within=None if keep["within_s"] is None else timedelta(seconds=keep["within_s"]),
            daily=keep["daily"],
            weekly=keep["weekly"],
            monthly=keep["monthly"],
            yearly=keep["yearly"],
            size=keep["bytes"],
        ),
        group_by=tuple(GroupKey(key) for key in read["group_by"]),
        lapses_at=utc_time(read["lapses_at"]) if read["lapses_at"] else None,
        protect=read["protect"],
        archive_now=read["archive_now"],
    )


def _selector_json(selector: Selector) -> list[object]:
    # Sorted wherever order says nothing, so that one meaning has one form.
    inner: list[object]
    match selector:
        case EveryJob():
            inner = []
        case IdIn(ids):
            inner = [*sorted(ids)]
        case TypeIn(words) | StatusIn(words):
            inner = [*sorted(each.value for each in words)]
        case IdLike(globs) | NameLike(globs) | ProjectLike(globs):
            inner = [*sorted(globs)]
        case AllOf(parts) | AnyOf(parts):
            inner = sorted((_selector_json(part) for part in parts), key=canonical_json)
        case NotOf(part):
            inner = [_selector_json(part)]
        case _:
            assert_never(selector)
    return [_KINDS[type(selector)], inner]


def _selector_from(read: list[Any]) -> Selector:
    kind, inner = read
    if kind in _OF_WORDS:
        return _OF_WORDS[kind](inner)
    parts = tuple(_selector_from(part) for part in inner)
    if kind == _KINDS[AllOf]:
        return AllOf(parts)
    if kind == _KINDS[AnyOf]:
        return AnyOf(parts)
    (part,) = parts
    if kind == _KINDS[NotOf]:
        return NotOf(part)
    raise ValueError(f"there is no selector {kind!r}")


_KINDS: dict[type, str] = {
    EveryJob: "every",
    IdIn: "id_in",
    IdLike: "id_like",
    TypeIn: "type_in",
    StatusIn: "status_in",
    NameLike: "name_like",
    ProjectLike: "project_like",
    AllOf: "all",
    AnyOf: "any",
    NotOf: "not",
}
_OF_WORDS: dict[str, Callable[[list[str]], Selector]] = {
    "every": lambda _words: EveryJob(),
    "id_in": lambda words: IdIn(frozenset(JobId(each) for each in words)),
    "id_like": lambda words: IdLike(tuple(words)),
    "type_in": lambda words: TypeIn(frozenset(JobType(each) for each in words)),
    "status_in": lambda words: StatusIn(frozenset(JobStatus(each) for each in words)),
    "name_like": lambda words: NameLike(tuple(words)),
    "project_like": lambda words: ProjectLike(tuple(words)),
}
