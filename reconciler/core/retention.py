"""The decision: (desired state, inventory, ledger view, as_of) to one verdict with every reason per job.

Fails closed: what is missing makes a rule UNKNOWN, never a NO, and one UNKNOWN rule holds the job (I4).  The order of
rules does not count, nor that of the listing once the ledger knows the jobs.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from reconciler.core.desired import DesiredState, Scope
from reconciler.core.holds import base_holds, grace_hold, lapse_holds
from reconciler.core.inventory import Inventory
from reconciler.core.job import TERMINAL, JobId, JobStatus
from reconciler.core.kinds import scope_answer
from reconciler.core.memory import LedgerView
from reconciler.core.relatives import needed
from reconciler.core.rules import Rules
from reconciler.core.selectors import Match
from reconciler.core.subjects import Subject, absent_of, subjects_of
from reconciler.core.verdicts import Gone, Held, Hold, HoldCode, OutOfScope, Released, Retained, Verdict


def decide(desired: DesiredState, inventory: Inventory, memory: LedgerView, as_of: datetime) -> tuple[Verdict, ...]:
    """Give one verdict per listed job, in the order of the listing."""
    # A job that the ledger does not know was there when the list was read, however much later the question is asked.
    seen_at = min(as_of, inventory.observed_at)
    subjects = subjects_of(replace(inventory, observed_at=seen_at), memory, desired.trust)
    absent = absent_of((job.id for job in inventory.jobs), memory, desired.trust, as_of)
    left = frozenset(job_id for job_id, known in memory.jobs.items() if known.left)
    return tuple(decide_over(desired, subjects, absent, left, as_of))


def decide_over(
    desired: DesiredState,
    subjects: Sequence[Subject],
    absent: Sequence[Subject],
    left: frozenset[JobId],
    as_of: datetime,
) -> list[Verdict]:
    """Give one verdict per subject, in their order.

    `absent` are jobs that the ledger expects and the list lacks, `left` those that were cleaned or are gone.
    """
    return decide_by(Rules.ready(desired, subjects, absent, as_of), desired, subjects, absent, left, as_of)


def decide_by(
    rules: Rules,
    desired: DesiredState,
    subjects: Sequence[Subject],
    absent: Sequence[Subject],
    left: frozenset[JobId],
    as_of: datetime,
) -> list[Verdict]:
    """Do what `decide_over` does, by rules that were made ready already."""
    verdicts = [alone(desired, rules, place, subject, as_of) for place, subject in enumerate(subjects)]
    together(verdicts, desired, rules, absent, left, as_of)
    return verdicts


# -- one job by itself


def alone(desired: DesiredState, rules: Rules, place: int, subject: Subject, as_of: datetime) -> Verdict:
    """Decide on the subject at `place` by itself: what is released here may still be held by `together`."""
    if subject.status is JobStatus.CLEANED and not subject.contradictions:
        return Gone(job=subject)
    in_scope = rules.standings[place].in_scope
    if in_scope is Match.NO and not subject.contradictions:
        return OutOfScope(job=subject)
    keeping, undecided = rules.answers(place, subject)
    if keeping:
        return Retained(
            job=subject,
            kept=rules.reasons(keeping, place, subject),
            archive_now=any(desired.retain[index].archive_now for index in keeping),
            protected=_any_protects(desired, keeping),
            may_be_protected=_any_protects(desired, undecided),
        )
    missing = rules.missing(undecided, place, subject) if undecided else {}
    holds = base_holds(desired, subject, in_scope, missing, as_of)
    if holds:
        return Held(job=subject, holds=holds, may_be_protected=_any_protects(desired, undecided))
    return Released(job=subject, rules=rules)


def _any_protects(desired: DesiredState, rules: tuple[int, ...]) -> bool:
    return any(desired.retain[index].protect for index in rules)


def is_counted(scope: Scope, job: Subject) -> bool:
    """Tell whether the job belongs to the base of `max_share`: in scope for certain, and terminal."""
    return job.status in TERMINAL and scope_answer(scope, job.type, job.status) is Match.YES


# -- waiting, and what goes together


def together(
    verdicts: list[Verdict],
    desired: DesiredState,
    rules: Rules,
    absent: Sequence[Subject],
    left: frozenset[JobId],
    as_of: datetime,
) -> None:
    """Hold, in their places, the released jobs that others need or that still have to wait."""
    # What is listed is there, whatever the ledger noted of it.
    if left:
        left = left.difference(verdict.job.id for verdict in verdicts)
    left |= {verdict.job.id for verdict in verdicts if isinstance(verdict, Gone)}
    # First by what stays for good reason: only a job that nothing of this kind holds begins to wait.
    _hold_relatives(verdicts, desired, absent, left, is_waiting=False)
    any_waits = False
    for place, verdict in enumerate(verdicts):
        if isinstance(verdict, Released):
            since = rules.free_since(verdict.job)
            holds = grace_hold(verdict.job, since, desired.grace, as_of)
            if rules.past:
                holds = (*lapse_holds(rules.lapsed(verdict.job), desired.grace, as_of), *holds)
            if holds:
                any_waits = True
                verdicts[place] = Held(job=verdict.job, holds=holds, waits_since=since)
            elif verdict.rules is not rules:  # decided on before, by the same rules at another time
                verdicts[place] = Released(job=verdict.job, rules=rules)
    # Then by what still waits: whatever goes together waits for the last of them.
    if any_waits:
        _hold_relatives(verdicts, desired, absent, left, is_waiting=True)


def _hold_relatives(
    verdicts: list[Verdict],
    desired: DesiredState,
    absent: Sequence[Subject],
    left: frozenset[JobId],
    *,
    is_waiting: bool,
) -> None:
    """Hold every released job that a staying one needs; `is_waiting` says that the staying ones left only wait."""
    free = [verdict.job for verdict in verdicts if isinstance(verdict, Released)]
    if not free:
        return
    staying = [*absent, *(verdict.job for verdict in verdicts if isinstance(verdict, Retained | Held))]
    held = needed(free, staying, desired.links, left)
    if not held:
        return
    for place, verdict in enumerate(verdicts):
        if isinstance(verdict, Released) and verdict.job.id in held:
            hold = Hold(HoldCode.RELATED, held[verdict.job.id])
            verdicts[place] = Held(job=verdict.job, holds=(hold,), waits_since=verdict.since if is_waiting else None)
