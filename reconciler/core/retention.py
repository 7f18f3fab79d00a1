"""(desired, inventory, memory, as_of) to one verdict with reasons per job.

A job is released only if it is in scope for certain, every rule certainly does not own it, and nothing holds it.
Everything that cannot be told is held, with the missing fact (I4).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import assert_never

from reconciler.core.desired import DesiredState, RetainRule, Scope
from reconciler.core.inventory import Inventory
from reconciler.core.job import TERMINAL, Job, JobId, JobStatus, JobType
from reconciler.core.memory import LedgerView
from reconciler.core.selectors import IdIn, Match, match, what_is_missing, why_not


class HoldCode(Enum):
    """Why a job that no rule retains stays all the same.  The words are part of the plan format."""

    CONTRADICTORY = "contradictory"
    TYPE_UNKNOWN = "type_unknown"
    STATUS_UNKNOWN = "status_unknown"
    NOT_FINISHED = "not_finished"
    RULE_UNDECIDED = "rule_undecided"
    ASSET_MISSING = "asset_missing"
    TOO_YOUNG = "too_young"


@dataclass(frozen=True, slots=True)
class Hold:
    """One hold, with the missing fact or number in words."""

    code: HoldCode
    detail: str


@dataclass(frozen=True, slots=True)
class RuleTried:
    """One rule that certainly does not own a released job."""

    rule: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Retained:
    """At least one rule keeps it; `rules` names all that do."""

    job: Job
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """No rule keeps it for certain, and something forbids to let it go.  `holds` is never empty."""

    job: Job
    holds: tuple[Hold, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """No rule keeps it and nothing holds it.  `tried` names each rule and why it does not own the job, ids as one."""

    job: Job
    tried: tuple[RuleTried, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfScope:
    """Of a type that the file leaves alone."""

    job: Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """Listed as cleaned: there is nothing left to decide."""

    job: Job


Verdict = Retained | Held | Released | OutOfScope | Gone


@dataclass(frozen=True, slots=True)
class _Rules:
    """The rules, made ready once: those by id behind an index, so that a file may name thousands."""

    by_id: Mapping[JobId, tuple[str, ...]]
    by_match: tuple[RetainRule, ...]

    @classmethod
    def ready(cls, rules: tuple[RetainRule, ...]) -> "_Rules":
        by_id: dict[JobId, tuple[str, ...]] = {}
        for rule in rules:
            for job_id in rule.selector.ids if isinstance(rule.selector, IdIn) else ():
                by_id[job_id] = (*by_id.get(job_id, ()), rule.name)
        return cls(by_id, tuple(rule for rule in rules if not isinstance(rule.selector, IdIn)))


def decide(desired: DesiredState, inventory: Inventory, memory: LedgerView, as_of: datetime) -> tuple[Verdict, ...]:
    """Give one verdict per listed job, in the order of the listing."""
    rules = _Rules.ready(desired.retain)
    return tuple(_verdict(desired, rules, job, memory, as_of) for job in inventory.jobs)


def _verdict(desired: DesiredState, rules: _Rules, job: Job, memory: LedgerView, as_of: datetime) -> Verdict:
    if job.status is JobStatus.CLEANED and not job.contradictions:
        return Gone(job=job)
    answers = tuple((rule, match(rule.selector, job)) for rule in rules.by_match)
    owners = rules.by_id.get(job.id, ()) + tuple(rule.name for rule, answer in answers if answer is Match.YES)
    if owners:
        return Retained(job=job, rules=owners)
    in_scope = scope_answer(desired.scope, job)
    if in_scope is Match.NO and not job.contradictions:
        return OutOfScope(job=job)
    undecided = tuple(rule for rule, answer in answers if answer is Match.UNKNOWN)
    holds = tuple(_holds(desired, job, in_scope, undecided, memory, as_of))
    if holds:
        return Held(job=job, holds=holds)
    return Released(job=job, tried=tuple(_tried(rules, job)))


def _tried(rules: _Rules, job: Job) -> Iterator[RuleTried]:
    if rules.by_id:
        yield RuleTried("ids", f"not among the {len(rules.by_id)} ids that the file names")
    for rule in rules.by_match:
        yield RuleTried(rule.name, why_not(rule.selector, job))


def scope_answer(scope: Scope, job: Job) -> Match:
    """Tell whether the file plans this job at all.

    A failed job shows no type; the default scope takes it in.  A finished job of an unknown shape is never out of
    scope for certain, since its type could be one in scope.
    """
    if job.type is not JobType.UNKNOWN:
        return Match.YES if job.type in scope.types else Match.NO
    if job.status is JobStatus.FAILED and scope.untyped_failures:
        return Match.YES
    return Match.UNKNOWN


def is_counted(scope: Scope, job: Job) -> bool:
    """Tell whether the job belongs to the base of `max_share`: in scope for certain, and terminal."""
    return job.status in TERMINAL and scope_answer(scope, job) is Match.YES


def _holds(
    desired: DesiredState,
    job: Job,
    in_scope: Match,
    undecided: tuple[RetainRule, ...],
    memory: LedgerView,
    as_of: datetime,
) -> Iterator[Hold]:
    for contradiction in job.contradictions:
        yield Hold(HoldCode.CONTRADICTORY, contradiction)
    if job.status is JobStatus.IN_PROGRESS:
        # What it will be shows when it is done; until then the rest of the reasons would only hide this one.
        yield Hold(HoldCode.NOT_FINISHED, "still in progress")
        return
    if in_scope is not Match.YES:
        yield Hold(HoldCode.TYPE_UNKNOWN, "its result fields fit no known type of job, so the scope cannot be told")
    yield from _status_holds(job)
    for rule in undecided:
        missing = what_is_missing(rule.selector, job)
        yield Hold(HoldCode.RULE_UNDECIDED, f"rule {rule.name} needs {missing}, which it does not show")
    if job.status is JobStatus.COMPLETED:
        yield from _asset_holds(job)
    yield from _age_holds(job, desired.min_age, memory, as_of)


def _status_holds(job: Job) -> Iterator[Hold]:
    match job.status:
        case JobStatus.UNSTATED:
            yield Hold(HoldCode.STATUS_UNKNOWN, "it shows results but states no status")
        case JobStatus.UNKNOWN:
            said = f"its status {job.status_word!r} is not a known word" if job.status_word else "it states no status"
            yield Hold(HoldCode.STATUS_UNKNOWN, said)
        case JobStatus.COMPLETED | JobStatus.FAILED | JobStatus.CLEANED | JobStatus.IN_PROGRESS:
            return
        case _:
            assert_never(job.status)


def _asset_holds(job: Job) -> Iterator[Hold]:
    if not job.copies_needed:
        yield Hold(HoldCode.ASSET_MISSING, "completed, but it shows no asset that could be archived")
        return
    if job.lacks:
        names = ", ".join(kind.value for kind in job.lacks)
        yield Hold(HoldCode.ASSET_MISSING, f"a completed {job.type.value} should have: {names}")


def _age_holds(job: Job, min_age: timedelta, memory: LedgerView, as_of: datetime) -> Iterator[Hold]:
    # First sighting is an upper bound of the time it was made, so this age is the least it can be (design: evidence).
    known = memory.jobs.get(job.id)
    seen_for = as_of - known.first_seen if known else timedelta(0)
    if seen_for < timedelta(0):
        yield Hold(HoldCode.TOO_YOUNG, "first seen in the future: the clock was set back, or the ledger is wrong")
    elif seen_for < min_age:
        since = f"seen for {span_text(seen_for)}" if known else "never seen before this reading"
        yield Hold(HoldCode.TOO_YOUNG, f"{since}, clean.min_age is {span_text(min_age)}")


def span_text(span: timedelta) -> str:
    """Write a span in its two largest units: `2d 3h`, `45min`, `0s`."""
    seconds = int(span.total_seconds())
    parts: list[str] = []
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2]) or "0s"
