"""Verdicts to a plan: which jobs have something done to them, in which order, and how the others fall."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import assert_never

from reconciler.core.canonical import digest
from reconciler.core.desired import DesiredState, Otherwise
from reconciler.core.inventory import Inventory
from reconciler.core.memory import LedgerView
from reconciler.core.plan import Action, Change, Counts, HeldJob, Plan, Reason, RetainedBy
from reconciler.core.retention import decide, is_counted
from reconciler.core.subjects import Subject
from reconciler.core.verdicts import Gone, Held, OutOfScope, Released, Retained, RuleTried, Verdict
from reconciler.core.what_if import seen_by


def compute_plan(
    desired: DesiredState,
    inventory: Inventory,
    memory: LedgerView,
    *,
    created_at: datetime,
    expires_at: datetime,
    tool_version: str,
    what_if: datetime | None = None,
) -> Plan:
    """Decide over a whole inventory as it was observed; with `what_if`, as if it were that time.

    Violations are added by `reconciler.core.guards`.
    """
    if what_if is not None:
        there, known = seen_by(inventory, memory, desired.trust, what_if)
        answer = plan_from(
            decide(desired, there, known, what_if),
            desired,
            inventory,
            known,
            created_at=created_at,
            expires_at=expires_at,
            tool_version=tool_version,
        )
        unseen = len(inventory.jobs) - len(there.jobs)
        return replace(answer, as_of=what_if, what_if=True, not_yet_seen=unseen)
    verdicts = decide(desired, inventory, memory, inventory.observed_at)
    return plan_from(
        verdicts,
        desired,
        inventory,
        memory,
        created_at=created_at,
        expires_at=expires_at,
        tool_version=tool_version,
    )


def plan_from(
    verdicts: Sequence[Verdict],
    desired: DesiredState,
    inventory: Inventory,
    memory: LedgerView,
    *,
    created_at: datetime,
    expires_at: datetime,
    tool_version: str,
) -> Plan:
    """Make a plan of verdicts over this inventory."""
    released = [verdict for verdict in verdicts if isinstance(verdict, Released)]
    changes = [change for change in (_change(desired, verdict, memory) for verdict in released) if change]
    retained = [verdict for verdict in verdicts if isinstance(verdict, Retained)]
    copies = [change for change in (_copy(verdict, memory) for verdict in retained) if change]
    return Plan(
        account=desired.account,
        desired_digest=desired.digest,
        tool_version=tool_version,
        created_at=created_at,
        as_of=inventory.observed_at,
        expires_at=expires_at,
        inventory_digest=inventory.digest,
        inventory_jobs=len(inventory.jobs),
        proof=inventory.proof,
        changes=_oldest_first((*changes, *copies), inventory, memory),
        held=tuple(_held_job(verdict) for verdict in verdicts if isinstance(verdict, Held)),
        retained_by=_retained_by(retained),
        retained_digest=digest(sorted(verdict.job.id for verdict in retained)),
        counts=_counts(desired, verdicts, settled=len(released) - len(changes)),
    )


def _change(desired: DesiredState, released: Released, memory: LedgerView) -> Change | None:
    is_archived = _is_archived(released.job, memory)
    match desired.otherwise:
        case Otherwise.REPORT:
            actions: tuple[Action, ...] = (Action.REPORT,)
        case Otherwise.ARCHIVE:
            actions = () if is_archived else (Action.ARCHIVE,)
        case Otherwise.CLEAN:
            actions = (Action.ARCHIVE, Action.CLEAN)
        case _:
            assert_never(desired.otherwise)
    return _to_do(released.job, actions, Reason.NO_RULE_MATCHES, released.tried) if actions else None


def _copy(retained: Retained, memory: LedgerView) -> Change | None:
    """Give the copy that a rule with `archive: now` asks for; only a whole job that has ended can be copied."""
    subject, job = retained.job, retained.job.listed
    if not retained.archive_now or job is None or subject.contradictions or not subject.is_terminal:
        return None
    if job.lacks or not job.needs_copies or _is_archived(subject, memory):
        return None
    return _to_do(subject, (Action.ARCHIVE,), Reason.ARCHIVE_NOW, ())


def _is_archived(subject: Subject, memory: LedgerView) -> bool:
    known = memory.jobs.get(subject.id)
    return known is not None and subject.listed is not None and subject.listed.fingerprint in known.archived


def _to_do(subject: Subject, actions: tuple[Action, ...], reason: Reason, tried: tuple[RuleTried, ...]) -> Change:
    job = subject.listed
    return Change(
        job_id=subject.id,
        type=subject.type,
        status=subject.status,
        actions=actions,
        tried=tried,
        fingerprint=job.fingerprint if job else "",
        first_seen=subject.first_seen,
        not_archived=job.unlisted_fields if job else (),
        reason=reason,
        size=subject.size,
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


def _counts(desired: DesiredState, verdicts: Sequence[Verdict], *, settled: int) -> Counts:
    kinds = Counter(type(verdict) for verdict in verdicts)
    return Counts(
        retained=kinds[Retained],
        held=kinds[Held],
        out_of_scope=kinds[OutOfScope],
        gone=kinds[Gone],
        settled=settled,
        counted=sum(is_counted(desired.scope, verdict.job) for verdict in verdicts),
    )
