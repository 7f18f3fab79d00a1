"""How the live world differs from what the ledger and the file expect, beside what a plan would do about anything.

Drift is told, not acted on: nothing here decides about a job.  What a recorded observation has taken in is told for
another month, so that an hourly refresh hides nothing from whoever reviews once a week.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from msgspec import structs

from reconciler.core.canonical import utc_text
from reconciler.core.copies import why_not
from reconciler.core.desired import DesiredState
from reconciler.core.drift import Drift, DriftKind
from reconciler.core.inventory import Inventory
from reconciler.core.job import Job, JobId, JobStatus
from reconciler.core.losses import TOLD_IN_PLANS_FOR, losses_by, recorded_losses
from reconciler.core.memory import KnownJob, LedgerView
from reconciler.core.rules import Rules
from reconciler.core.subjects import Subject, remembered_of, subjects_of


@dataclass(frozen=True, slots=True)
class _Away:
    """A job that is not there, and no clean of ours took it: found when, and how: `cleaned` or `gone`."""

    known: KnownJob
    found_at: datetime
    how: str


def drift_of(desired: DesiredState, inventory: Inventory, memory: LedgerView) -> tuple[Drift, ...]:
    """Give all drift that an observation shows, recorded or not, and what was recorded of the last month; by kind, in
    the order in which the jobs were first seen."""
    since = inventory.observed_at - TOLD_IN_PLANS_FOR
    away = {job_id: each for job_id, each in _away(inventory, memory) if each.found_at >= since}
    found = (
        *_retained(desired, inventory, memory, away),
        *_cleaned_elsewhere(away),
        *_changed(inventory, memory),
        *(loss for loss in _lost(inventory, memory) if loss.found_at >= since),
    )
    return _in_order(found, memory)


def newly_found(drift: Iterable[Drift], before: LedgerView) -> tuple[Drift, ...]:
    """Give what no recorded observation had shown before.  Not told by times: two may be of one second."""
    return tuple(each for each in drift if not _was_recorded(each, before.jobs[each.job_id]))


def _was_recorded(drift: Drift, known: KnownJob) -> bool:
    return known.left or (drift.kind is DriftKind.CHANGED_SINCE_ARCHIVED and known.unarchived)


def recorded_drift(memory: LedgerView) -> tuple[Drift, ...]:
    """Give the drift that the ledger alone tells, without a list and without a file: what is away, and what changed."""
    away = {
        job_id: _Away(known, known.left_at, known.left_how)
        for job_id, known in memory.jobs.items()
        if known.left_at and known.left_how
    }
    changed = (
        _change(job_id, known, known.last_seen)
        for job_id, known in memory.jobs.items()
        if known.archived and known.unarchived and not known.left
    )
    lost = (_loss(loss.job_id, loss.found_at, loss.why) for loss in recorded_losses(memory))
    return _in_order((*_cleaned_elsewhere(away), *changed, *lost), memory)


def changed_since_archived(inventory: Inventory, memory: LedgerView) -> tuple[JobId, ...]:
    """Name the jobs whose copies hold other facts than the list shows: it may show less than the job has."""
    return tuple(job.id for job, _ in _changed_jobs(inventory, memory))


def _in_order(found: Iterable[Drift], memory: LedgerView) -> tuple[Drift, ...]:
    kinds = list(DriftKind)
    return tuple(sorted(found, key=lambda each: (kinds.index(each.kind), memory.jobs[each.job_id].sequence)))


# -- what is away


def _away(inventory: Inventory, memory: LedgerView) -> Iterator[tuple[JobId, _Away]]:
    listed = {job.id: job.status for job in inventory.jobs}
    for job_id, known in memory.jobs.items():
        status = listed.get(job_id)
        if status is not None and status is not JobStatus.CLEANED:
            continue
        if not known.left:
            yield job_id, _Away(known, inventory.observed_at, "gone" if status is None else "cleaned")
        elif known.left_at and known.left_how:
            yield job_id, _Away(known, known.left_at, known.left_how)


def _retained(
    desired: DesiredState, inventory: Inventory, memory: LedgerView, away: dict[JobId, _Away]
) -> Iterator[Drift]:
    """Ask the rules about those that are away as if they were there: the newest 3 are the newest 3 with them."""
    if not away:
        return
    as_of = inventory.observed_at
    there = [each for each in subjects_of(inventory, memory, desired.trust) if each.id not in away]
    missing = [_as_it_was(each) for each in remembered_of(away, memory, desired.trust, as_of)]
    rules = Rules.ready(desired, (*there, *missing), (), as_of)
    for place, subject in enumerate(missing, start=len(there)):
        keeping, _ = rules.answers(place, subject)
        names = [kept.rule for kept in rules.reasons(keeping, place, subject)]
        held_by = [hold.rule for hold in subject.holds if hold.until is None or hold.until > as_of]
        by = list(dict.fromkeys((*names, *held_by)))
        if by:
            found = away[subject.id]
            how = "cleaned" if found.how == "cleaned" else "not listed any more"
            detail = f"kept by {', '.join(by)}, and {how}; {_copied(found.known)}"
            yield _drift(DriftKind.RETAINED_MISSING, subject.id, found.found_at, detail)


def _as_it_was(subject: Subject) -> Subject:
    # What was recorded as cleaned had ended before; as what it had ended is not remembered.
    return structs.replace(subject, status=JobStatus.COMPLETED) if subject.status is JobStatus.CLEANED else subject


def _cleaned_elsewhere(away: dict[JobId, _Away]) -> Iterator[Drift]:
    for job_id, found in away.items():
        if found.how == "cleaned":
            detail = f"the service, or somebody, cleaned it; {_copied(found.known)}"
            yield _drift(DriftKind.CLEANED_ELSEWHERE, job_id, found.found_at, detail)


def _copied(known: KnownJob) -> str:
    if not known.archived:
        return "never archived"
    return "archived as it was before" if known.unarchived else "archived as it was last"


def _lost(inventory: Inventory, memory: LedgerView) -> Iterator[Drift]:
    return (_loss(loss.job_id, loss.found_at, loss.why) for loss in losses_by(inventory, memory))


def _loss(job_id: JobId, found_at: datetime, why: str) -> Drift:
    return _drift(DriftKind.LOST_BEFORE_ARCHIVE, job_id, found_at, why)


# -- what changed


def _changed(inventory: Inventory, memory: LedgerView) -> Iterator[Drift]:
    for job, known in _changed_jobs(inventory, memory):
        yield _change(job.id, known, known.last_seen if known.unarchived else inventory.observed_at)


def _changed_jobs(inventory: Inventory, memory: LedgerView) -> Iterator[tuple[Job, KnownJob]]:
    for job in inventory.jobs:
        known = memory.jobs.get(job.id)
        if known and known.archived and job.fingerprint not in known.archived and not why_not(job):
            yield job, known


def _change(job_id: JobId, known: KnownJob, found_at: datetime) -> Drift:
    archived = f"archived as it was on {utc_text(known.archived_at)[:10]}" if known.archived_at else "archived before"
    return _drift(DriftKind.CHANGED_SINCE_ARCHIVED, job_id, found_at, f"{archived}; it shows other facts since")


def _drift(kind: DriftKind, job_id: JobId, found_at: datetime, detail: str) -> Drift:
    return Drift(kind=kind, job_id=job_id, found_at=found_at, detail=detail)
