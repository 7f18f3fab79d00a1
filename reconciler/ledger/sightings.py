"""Recording an observation: who was seen first and last when, in which order jobs came, and who left."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select

from reconciler.core.canonical import utc_text
from reconciler.core.inventory import Inventory
from reconciler.core.job import Job, JobStatus, JobType
from reconciler.ledger import tables
from reconciler.ledger.audit_rows import NewEvent
from reconciler.ledger.losses import record_losses
from reconciler.ledger.rebuilt_holds import hold_if_rebuilt
from reconciler.ledger.rows import storable
from reconciler.ledger.statements import run_for_all

# What was once seen of a job stays: a later body that lacks it blanks nothing, and a type is never replaced, so that a
# body of another type shows as what it is.
_SEEN_AGAIN = """
    UPDATE job SET last_seen = CASE WHEN last_seen < ? THEN ? ELSE last_seen END, status = ?,
        size = CASE WHEN fingerprint = ? THEN size END, fingerprint = ?,
        type = CASE WHEN type = 'unknown' THEN ? ELSE type END,
        name = CASE WHEN ? THEN ? ELSE name END, project = CASE WHEN ? THEN ? ELSE project END,
        left_at = CASE WHEN ? THEN coalesce(left_at, ?) END, left_how = CASE WHEN ? THEN coalesce(left_how, ?) END,
        live_fingerprint = CASE WHEN ? THEN live_fingerprint ELSE ? END
    WHERE job_id = ?
"""
_SEEN_FIRST = """
    INSERT INTO job (job_id, sequence, first_seen, first_observation, missing_until, last_seen, status, fingerprint,
        type, name, project, live_fingerprint, left_at, left_how)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
# A size is that of the facts it was measured with: other facts, unknown size.
_MEASURED = "UPDATE job SET size = ? WHERE job_id = ?"
_GONE = "UPDATE job SET left_at = ?, left_how = 'gone' WHERE job_id = ? AND left_at IS NULL"


def record_sightings(connection: Connection, inventory: Inventory, run_id: str) -> tuple[NewEvent, ...]:
    """Record a complete observation.  First sightings and the order of jobs never change afterwards.

    Gives the audit events of jobs that were lost, for the same transaction.
    """
    newest = connection.scalar(select(func.max(tables.observation.c.observed_at)))
    seen_at = utc_text(inventory.observed_at)
    number = _observation(connection, inventory, run_id)
    known = set(connection.scalars(select(tables.job.c.job_id)))
    # After a clock was set back, new jobs count from the newest time recorded: a later first sighting makes a job
    # younger, which holds it; an earlier one could let it go (I14).
    first_seen = max(seen_at, newest or "")
    again = [_again_row(job, seen_at) for job in inventory.jobs if job.id in known]
    run_for_all(connection, _SEEN_AGAIN, again)
    run_for_all(connection, _SEEN_FIRST, list(_first_rows(connection, inventory, known, first_seen, newest, number)))
    run_for_all(connection, _MEASURED, [(size, job_id) for job_id, size in inventory.sizes.items()])
    if newest is None:
        hold_if_rebuilt(connection, first_seen)
    _mark_gone(connection, known - {job.id for job in inventory.jobs}, seen_at)
    return record_losses(connection, seen_at)


def _again_row(job: Job, seen_at: str) -> tuple[str | bool | None, ...]:
    told = told_of(job)
    gone = job.status is JobStatus.CLEANED
    names = (told.shows_name, told.name, told.shows_project, told.project)
    left = (gone, seen_at, gone, "cleaned")
    live = (gone or _shows_less(job), _to_lose(job))
    return (
        seen_at,
        seen_at,
        job.status.value,
        job.fingerprint,
        job.fingerprint,
        told.type,
        *names,
        *left,
        *live,
        job.id,
    )


def _shows_less(job: Job) -> bool:
    """Tell whether the list shows less of a job than there is: a completed one has what a job of its type has."""
    return job.status is JobStatus.COMPLETED and (bool(job.lacks) or not job.needs_copies)


def _to_lose(job: Job) -> str | None:
    """Name what is lost with a job that leaves now; None where it has nothing (left): cleaned, or failed and empty."""
    if job.status is JobStatus.CLEANED or (job.status is JobStatus.FAILED and not job.needs_copies):
        return None
    return job.fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a body tells of its job for good; a name that no database holds as it is, is remembered as not known."""

    type: str
    shows_name: bool
    name: str | None
    shows_project: bool
    project: str | None


_NOTHING_TOLD = Told(type=JobType.UNKNOWN.value, shows_name=False, name=None, shows_project=False, project=None)


def told_of(job: Job) -> Told:
    """Give what is to be remembered of a job's body; one that contradicts itself may be another job's."""
    if job.contradictions:
        return _NOTHING_TOLD
    return Told(
        type=job.type.value,
        shows_name=bool(job.name),
        name=_kept(job.name),
        shows_project=bool(job.project),
        project=_kept(job.project),
    )


def _kept(text: str) -> str | None:
    return text if text and storable(text) == text else None


def _observation(connection: Connection, inventory: Inventory, run_id: str) -> int:
    added = connection.execute(
        insert(tables.observation)
        .values(
            run_id=run_id,
            observed_at=utc_text(inventory.observed_at),
            jobs=len(inventory.jobs),
            pages=inventory.proof.pages,
            end_marker=inventory.proof.end_marker,
            repeats=inventory.proof.repeats,
            unnamed=inventory.proof.unnamed,
            digest=inventory.digest,
        )
        .returning(tables.observation.c.number)
    )
    return int(added.scalar_one())


def _first_rows(
    connection: Connection, inventory: Inventory, known: set[str], first_seen: str, newest: str | None, number: int
) -> Iterator[tuple[str | int | None, ...]]:
    sequence = connection.scalar(select(func.coalesce(func.max(tables.job.c.sequence), 0))) or 0
    # The list is newest first, so its last new job is the oldest and takes the lowest number.
    for job in reversed(inventory.jobs):
        if job.id in known:
            continue
        sequence += 1
        left = (first_seen, "cleaned") if job.status is JobStatus.CLEANED else (None, None)
        told = told_of(job)
        facts = (job.status.value, job.fingerprint, told.type, told.name, told.project, _to_lose(job))
        yield (job.id, sequence, first_seen, number, newest, first_seen, *facts, *left)


def _mark_gone(connection: Connection, missing: set[str], seen_at: str) -> None:
    run_for_all(connection, _GONE, [(seen_at, job_id) for job_id in missing])
