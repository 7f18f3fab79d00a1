"""Verdicts to a plan: what would be done to which job and why, with an id over its decisions.

A plan is a value.  It never holds a client, and it is never changed; an approved plan is an upper bound for an apply.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from fractions import Fraction
from typing import assert_never

from reconciler.core.canonical import digest, utc_text
from reconciler.core.desired import DesiredState, Otherwise
from reconciler.core.inventory import Inventory, ListingProof
from reconciler.core.job import JobId, JobStatus, JobType
from reconciler.core.memory import LedgerView
from reconciler.core.retention import (
    Gone,
    Held,
    Hold,
    OutOfScope,
    Released,
    Retained,
    RuleTried,
    Verdict,
    decide,
    is_counted,
)


class Action(Enum):
    """What is done to a released job.  A change carries a list of them, as more may be added."""

    REPORT = "report"
    ARCHIVE = "archive"
    CLEAN = "clean"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One released job and what will be done to it.

    `first_seen` is None for a job that the ledger has not recorded yet.  `not_archived` names fields that look like
    files, are not known, and so will not be in the archive.
    """

    job_id: JobId
    type: JobType
    status: JobStatus
    actions: tuple[Action, ...]
    tried: tuple[RuleTried, ...]
    fingerprint: str
    first_seen: datetime | None
    not_archived: tuple[str, ...] = ()

    @property
    def cleans(self) -> bool:
        """Whether the job is gone for good afterwards."""
        return Action.CLEAN in self.actions

    @property
    def archives(self) -> bool:
        """Whether a copy is made."""
        return Action.ARCHIVE in self.actions


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldJob:
    """One held job, with every reason."""

    job_id: JobId
    type: JobType
    status: JobStatus
    holds: tuple[Hold, ...]


@dataclass(frozen=True, slots=True)
class RetainedBy:
    """How many jobs a rule keeps; a job kept by two rules counts for both."""

    rule: str
    jobs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How the listed jobs fall.  `settled` are released jobs for which everything is done already (archived before,
    under `otherwise: archive`).  `counted` is the base of `max_share`: in scope and terminal."""

    retained: int
    held: int
    out_of_scope: int
    gone: int
    settled: int
    counted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One guard that the plan fails: the key, the limit, the number found, and the sentence with the way out."""

    guard: str
    limit: str
    actual: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an apply may do at most.  `changes` are in ledger order, oldest job first."""

    account: str
    desired_digest: str
    tool_version: str
    created_at: datetime
    as_of: datetime
    expires_at: datetime
    inventory_digest: str
    inventory_jobs: int
    proof: ListingProof
    changes: tuple[Change, ...]
    held: tuple[HeldJob, ...]
    retained_by: tuple[RetainedBy, ...]
    retained_digest: str
    counts: Counts
    violations: tuple[Violation, ...] = ()

    @property
    def plan_id(self) -> str:
        """The name of the decision: account, file, (job, actions, fingerprint) as a set, expiry.

        Neither commit nor host nor the time of making is in it, so a decision keeps its name across a merge.
        """
        decided = sorted([c.job_id, [a.value for a in c.actions], c.fingerprint] for c in self.changes)
        return digest(
            {
                "v": 1,
                "account": self.account,
                "desired": self.desired_digest,
                "changes": decided,
                "expires_at": utc_text(self.expires_at),
            }
        )

    @property
    def applyable(self) -> bool:
        """Whether an apply would be allowed, as far as the plan can tell."""
        return not self.violations

    @property
    def cleans(self) -> int:
        """How many jobs would be cleaned."""
        return sum(change.cleans for change in self.changes)

    @property
    def archives(self) -> int:
        """How many jobs would be archived, those to be cleaned among them."""
        return sum(change.archives for change in self.changes)

    @property
    def reports(self) -> int:
        """How many released jobs are only reported."""
        return sum(change.actions == (Action.REPORT,) for change in self.changes)

    @property
    def has_work(self) -> bool:
        """Whether an apply would do anything."""
        return any(change.archives or change.cleans for change in self.changes)


def share_of(part: int, base: int) -> Fraction:
    """The exact share that limits are compared with; a part of nothing is the whole."""
    if base == 0:
        return Fraction(0) if part == 0 else Fraction(1)
    return Fraction(part, base)


def expiry(created_at: datetime, valid_for: timedelta) -> datetime:
    """When a plan made now stops being valid: the end of the UTC day (for whole days) or hour in which the span ends.

    Rounded up, so that the same decision made twice on one day has one id.
    """
    end = created_at + valid_for
    unit = timedelta(days=1) if valid_for % timedelta(days=1) == timedelta(0) else timedelta(hours=1)
    floor = end.replace(minute=0, second=0, microsecond=0)
    if unit == timedelta(days=1):
        floor = floor.replace(hour=0)
    return floor if floor == end else floor + unit


def compute_plan(
    desired: DesiredState,
    inventory: Inventory,
    memory: LedgerView,
    *,
    created_at: datetime,
    expires_at: datetime,
    tool_version: str,
) -> Plan:
    """Decide over a whole inventory.  Violations are added by `reconciler.core.guards`."""
    as_of = inventory.observed_at
    verdicts = decide(desired, inventory, memory, as_of)
    released = [verdict for verdict in verdicts if isinstance(verdict, Released)]
    changes = [change for change in (_change(desired, verdict, memory) for verdict in released) if change]
    retained = [verdict for verdict in verdicts if isinstance(verdict, Retained)]
    return Plan(
        account=desired.account,
        desired_digest=desired.digest,
        tool_version=tool_version,
        created_at=created_at,
        as_of=as_of,
        expires_at=expires_at,
        inventory_digest=inventory.digest,
        inventory_jobs=len(inventory.jobs),
        proof=inventory.proof,
        changes=_oldest_first(changes, inventory, memory),
        held=tuple(_held_job(verdict) for verdict in verdicts if isinstance(verdict, Held)),
        retained_by=_retained_by(retained),
        retained_digest=digest(sorted(verdict.job.id for verdict in retained)),
        counts=_counts(desired, verdicts, settled=len(released) - len(changes)),
    )


def _change(desired: DesiredState, released: Released, memory: LedgerView) -> Change | None:
    job = released.job
    known = memory.jobs.get(job.id)
    is_archived = known is not None and job.fingerprint in known.archived
    match desired.otherwise:
        case Otherwise.REPORT:
            actions: tuple[Action, ...] = (Action.REPORT,)
        case Otherwise.ARCHIVE:
            actions = () if is_archived else (Action.ARCHIVE,)
        case Otherwise.CLEAN:
            actions = (Action.ARCHIVE, Action.CLEAN)
        case _:
            assert_never(desired.otherwise)
    if not actions:
        return None
    return Change(
        job_id=job.id,
        type=job.type,
        status=job.status,
        actions=actions,
        tried=released.tried,
        fingerprint=job.fingerprint,
        first_seen=known.first_seen if known else None,
        not_archived=job.unlisted_fields,
    )


def _oldest_first(changes: Iterable[Change], inventory: Inventory, memory: LedgerView) -> tuple[Change, ...]:
    # Jobs the ledger knows go by its sequence; new ones are newer than all of them, and the list shows newest first.
    position = {job.id: -index for index, job in enumerate(inventory.jobs)}
    newest = max((known.sequence for known in memory.jobs.values()), default=0)

    def rank(change: Change) -> tuple[int, int]:
        known = memory.jobs.get(change.job_id)
        return (known.sequence, 0) if known else (newest + 1, position[change.job_id])

    return tuple(sorted(changes, key=rank))


def _held_job(verdict: Held) -> HeldJob:
    job = verdict.job
    return HeldJob(job_id=job.id, type=job.type, status=job.status, holds=verdict.holds)


def _retained_by(retained: Iterable[Retained]) -> tuple[RetainedBy, ...]:
    counts = Counter(rule for verdict in retained for rule in verdict.rules)
    return tuple(RetainedBy(rule, jobs) for rule, jobs in sorted(counts.items()))


def _counts(desired: DesiredState, verdicts: tuple[Verdict, ...], *, settled: int) -> Counts:
    kinds = Counter(type(verdict) for verdict in verdicts)
    return Counts(
        retained=kinds[Retained],
        held=kinds[Held],
        out_of_scope=kinds[OutOfScope],
        gone=kinds[Gone],
        settled=settled,
        counted=sum(is_counted(desired.scope, verdict.job) for verdict in verdicts),
    )


@dataclass(frozen=True, slots=True)
class SetAside:
    """An approved change that is not carried out, and what became of the job since."""

    change: Change
    why: str


def within_approval(approved: Plan, fresh: Plan) -> tuple[tuple[Change, ...], tuple[SetAside, ...]]:
    """Give what was approved AND is decided again now with the same fingerprint, and what was approved but is not.

    Never gives a change that the approved plan lacks (I3).
    """
    now = {change.job_id: change for change in fresh.changes}
    held = {job.job_id: job for job in fresh.held}
    to_do: list[Change] = []
    aside: list[SetAside] = []
    for change in approved.changes:
        again = now.get(change.job_id)
        if again and again.actions == change.actions and again.fingerprint == change.fingerprint:
            to_do.append(again)
        else:
            aside.append(SetAside(change, _what_changed(again, held.get(change.job_id))))
    return tuple(to_do), tuple(aside)


def _what_changed(again: Change | None, held: HeldJob | None) -> str:
    if again:
        return "changed since plan: its facts (fingerprint) or actions differ now"
    if held:
        return "changed since plan: now held, " + "; ".join(hold.detail for hold in held.holds)
    return "changed since plan: retained, done, cleaned or no longer listed"
