"""Recording an observation: who was seen first and last when, in which order jobs came, and who left."""

from typing import NamedTuple

from sqlalchemy import Connection, func, insert, select

from reconciler.core.canonical import utc_text
from reconciler.core.inventory import Inventory
from reconciler.core.job import Job, JobStatus, JobType
from reconciler.ledger import tables
from reconciler.ledger.audit_rows import NewEvent
from reconciler.ledger.losses import record_losses
from reconciler.ledger.rebuilt_holds import hold_if_rebuilt
from reconciler.ledger.rows import storable
from reconciler.ledger.statements import fill, run_for_all

# A list may have a million jobs.  It goes into a table of this transaction alone, and from there into `job` at once:
# one statement for each job would wait for the database a million times.
_SEEN = """
    CREATE TEMPORARY TABLE seen (
        job_id TEXT PRIMARY KEY, place INTEGER, status TEXT, fingerprint TEXT, type TEXT, shows_name INTEGER, name TEXT,
        shows_project INTEGER, project TEXT, is_cleaned INTEGER, shows_less INTEGER, to_lose TEXT)
"""
_FILL = "INSERT INTO seen VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_COPY = "COPY seen FROM STDIN"
# What was once seen of a job stays: a later body that lacks it blanks nothing, and a type is never replaced, so that a
# body of another type shows as what it is.
_SEEN_AGAIN = """
    UPDATE job SET
        last_seen = CASE WHEN job.last_seen < ? THEN ? ELSE job.last_seen END,
        status = seen.status,
        size = CASE WHEN job.fingerprint = seen.fingerprint THEN job.size END,
        fingerprint = seen.fingerprint,
        type = CASE WHEN job.type = 'unknown' THEN seen.type ELSE job.type END,
        name = CASE WHEN seen.shows_name = 1 THEN seen.name ELSE job.name END,
        project = CASE WHEN seen.shows_project = 1 THEN seen.project ELSE job.project END,
        left_at = CASE WHEN seen.is_cleaned = 1 THEN coalesce(job.left_at, ?) END,
        left_how = CASE WHEN seen.is_cleaned = 1 THEN coalesce(job.left_how, 'cleaned') END,
        live_fingerprint = CASE WHEN seen.shows_less = 1 THEN job.live_fingerprint ELSE seen.to_lose END
    FROM seen WHERE seen.job_id = job.job_id
"""
# The list is newest first, so its last new job is the oldest and takes the lowest number.
_SEEN_FIRST = """
    INSERT INTO job (job_id, sequence, first_seen, first_observation, missing_until, last_seen, status, fingerprint,
        type, name, project, live_fingerprint, left_at, left_how)
    SELECT job_id, ? + row_number() OVER (ORDER BY place DESC), ?, ?, ?, ?, status, fingerprint,
        type, name, project, to_lose, CASE WHEN is_cleaned = 1 THEN ? END, CASE WHEN is_cleaned = 1 THEN 'cleaned' END
    FROM seen WHERE NOT EXISTS (SELECT 1 FROM job WHERE job.job_id = seen.job_id)
    ORDER BY place DESC
"""
# A size is that of the facts it was measured with: other facts, unknown size.
_MEASURED = "UPDATE job SET size = ? WHERE job_id = ?"
_GONE = """
    UPDATE job SET left_at = ?, left_how = 'gone'
    WHERE left_at IS NULL AND NOT EXISTS (SELECT 1 FROM seen WHERE seen.job_id = job.job_id)
"""


def record_sightings(connection: Connection, inventory: Inventory, run_id: str) -> tuple[NewEvent, ...]:
    """Record a complete observation.  First sightings and the order of jobs never change afterwards.

    Gives the audit events of jobs that were lost, for the same transaction.
    """
    newest = connection.scalar(select(func.max(tables.observation.c.observed_at)))
    seen_at = utc_text(inventory.observed_at)
    number = _observation(connection, inventory, run_id)
    last = connection.scalar(select(func.coalesce(func.max(tables.job.c.sequence), 0))) or 0
    # After a clock was set back, new jobs count from the newest time recorded: a later first sighting makes a job
    # younger, which holds it; an earlier one could let it go (I14).
    first_seen = max(seen_at, newest or "")
    connection.exec_driver_sql(_SEEN)
    fill(connection, (_row(place, job) for place, job in enumerate(inventory.jobs)), insert=_FILL, copy=_COPY)
    run_for_all(connection, _SEEN_AGAIN, [(seen_at, seen_at, seen_at)])
    run_for_all(connection, _SEEN_FIRST, [(last, first_seen, number, newest, first_seen, first_seen)])
    run_for_all(connection, _MEASURED, [(size, job_id) for job_id, size in inventory.sizes.items()])
    if newest is None:
        hold_if_rebuilt(connection, first_seen)
    run_for_all(connection, _GONE, [(seen_at,)])
    connection.exec_driver_sql("DROP TABLE seen")
    return record_losses(connection, seen_at)


def _row(place: int, job: Job) -> tuple[str | int | None, ...]:
    told = told_of(job)
    is_cleaned = job.status is JobStatus.CLEANED
    names = (int(told.shows_name), told.name, int(told.shows_project), told.project)
    live = (int(is_cleaned or _shows_less(job)), _to_lose(job))
    return (job.id, place, job.status.value, job.fingerprint, told.type, *names, int(is_cleaned), *live)


def _shows_less(job: Job) -> bool:
    """Tell whether the list shows less of a job than there is: a completed one has what a job of its type has."""
    return job.status is JobStatus.COMPLETED and (bool(job.lacks) or not job.needs_copies)


def _to_lose(job: Job) -> str | None:
    """Name what is lost with a job that leaves now; None where it has nothing (left): cleaned, or failed and empty."""
    if job.status is JobStatus.CLEANED or (job.status is JobStatus.FAILED and not job.needs_copies):
        return None
    return job.fingerprint


class Told(NamedTuple):
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
