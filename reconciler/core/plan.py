"""A plan: what would be done to which job and why, with an id over its decisions.

A plan is a value.  It never holds a client, and it is never changed; an approved plan is an upper bound for an apply.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from fractions import Fraction

from reconciler.core.approvals import NO_APPROVALS, Approvals
from reconciler.core.canonical import digest, utc_text
from reconciler.core.drift import Drift
from reconciler.core.findings import Finding
from reconciler.core.inventory import ListingProof
from reconciler.core.job import JobId, JobStatus, JobType
from reconciler.core.rule_loss import RulesCompared
from reconciler.core.verdicts import Hold, RuleTried


class Action(Enum):
    """What is done to a job.  A change carries a list of them, as more may be added."""

    REPORT = "report"
    ARCHIVE = "archive"
    CLEAN = "clean"


class Reason(Enum):
    """Why something is done to a job.  The words are part of the plan format."""

    NO_RULE_MATCHES = "no_rule_matches"
    ARCHIVE_NOW = "archive_now"  # it stays, and the rule that keeps it asks for a copy


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One job and what will be done to it.

    `first_seen` is None for a job that the ledger has not recorded yet.  `not_archived` names fields that look like
    files, are not known, and so will not be in the archive.  `size` is in bytes, None where nobody measured it.
    """

    job_id: JobId
    type: JobType
    status: JobStatus
    actions: tuple[Action, ...]
    tried: tuple[RuleTried, ...]
    fingerprint: str
    first_seen: datetime | None
    not_archived: tuple[str, ...] = ()
    reason: Reason = Reason.NO_RULE_MATCHES
    size: int | None = None

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


@dataclass(frozen=True, slots=True)
class PlanNotice:
    """What a reviewer should know and no guard refuses: the key that it is about, and the sentence."""

    about: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an apply may do at most.  `changes` are in ledger order, oldest job first.

    `warnings` are what lint finds about the file, `drift` is how the live list differs from what is expected; they take
    no part in what is done.

    `what_if` says that it decides for another time (`as_of`) than that of the reading (`created_at`): an answer, never
    an approval.  `not_yet_seen` counts listed jobs that nobody had seen by then, which it leaves out.

    `rules` are the file's beside those of the one that was applied last, None where that was none, or this one.
    `approvals` are what it allows beyond the file.
    """

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
    warnings: tuple[Finding, ...] = ()
    what_if: bool = False
    not_yet_seen: int = 0
    notices: tuple[PlanNotice, ...] = ()
    drift: tuple[Drift, ...] = ()
    rules: RulesCompared | None = None
    approvals: Approvals = NO_APPROVALS

    @property
    def plan_id(self) -> str:
        """The name of the decision: account, file, (job, actions, fingerprint) as a set, expiry; approvals, if any.

        Neither commit nor host nor the time of making is in it, so a decision keeps its name across a merge.
        """
        decided = sorted([c.job_id, [a.value for a in c.actions], c.fingerprint] for c in self.changes)
        named: dict[str, object] = {
            "v": 1,
            "account": self.account,
            "desired": self.desired_digest,
            "changes": decided,
            "expires_at": utc_text(self.expires_at),
        }
        if self.approvals.named:
            named = {**named, "approvals": self.approvals.named}
        # In the name of a what-if alone: a reader that knows of none finds that the name does not fit, and refuses it.
        return digest({**named, "what_if": utc_text(self.as_of)} if self.what_if else named)

    @property
    def applyable(self) -> bool:
        """Whether an apply would be allowed, as far as the plan can tell."""
        return not self.violations and not self.what_if

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
