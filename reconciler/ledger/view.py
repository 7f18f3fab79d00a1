"""The whole memory as of one moment: one pass over each table, rows as the driver gives them.

A ledger may know a million jobs: no query per job, and one object for all jobs of equal time.
"""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from reconciler.core.canonical import utc_time
from reconciler.core.job import JobId, JobStatus, JobType
from reconciler.core.memory import KnownJob, LedgerHold, LedgerView
from reconciler.errors import LedgerError
from reconciler.ledger import tables
from reconciler.ledger.applied import read_applied
from reconciler.ledger.revisions import RESTORE_HINT

# As few columns as will do, and none that most rows have for nothing: each costs half a second for a million rows.
_JOBS = """
    SELECT job_id, sequence, first_seen, last_seen, missing_until, type, status, coalesce(name, ''),
        coalesce(project, ''), size, released_since, kept_until, live_fingerprint IS NOT NULL, lost_at, left_at,
        left_how
    FROM job ORDER BY sequence
"""
_RECEIPTS = """
    SELECT receipt.job_id, receipt.fingerprint, receipt.size, receipt.verified_at,
        receipt.fingerprint = job.fingerprint, receipt.fingerprint = job.live_fingerprint
    FROM receipt LEFT JOIN job ON job.job_id = receipt.job_id ORDER BY receipt.verified_at, receipt.digest
"""
_CLEANED_BY_US = "SELECT DISTINCT job_id FROM entry WHERE phase = 'cleaned'"
_HOLDS = """
    SELECT job_id, rule, owner, reason, set_at, until, unkept_since FROM hold WHERE ended_at IS NULL ORDER BY number
"""
_IMPORTED = "SELECT job_id, made_at FROM imported_time WHERE replaced_at IS NULL"

TYPES = {each.value: each for each in JobType}
STATUSES = {each.value: each for each in JobStatus}


class _Times(dict[str, datetime]):
    """Times by their text: jobs of one observation share theirs."""

    def __missing__(self, text: str) -> datetime:
        moment = self[text] = utc_time(text)
        return moment

    def of(self, text: str | None) -> datetime | None:
        """Give the time, or None for an empty column."""
        return None if text is None else self[text]


def read_view(connection: Connection) -> LedgerView:
    """Give everything that a decision needs.

    Raises:
        LedgerError: a row says what no version of this program writes.
    """
    names = connection.scalars(select(tables.account.c.name)).all()
    if not names:  # made by a run that ended before it began
        return LedgerView()
    if len(names) != 1:
        raise LedgerError(f"the ledger names {len(names)} accounts, not one", hint=RESTORE_HINT)
    times = _Times()
    try:
        newest = connection.exec_driver_sql("SELECT max(observed_at) FROM observation").scalar()
        return LedgerView(
            account=names[0],
            jobs=_jobs(connection, times),
            last_observed=times.of(newest),
            applied=read_applied(connection),
            imported={JobId(job_id): times[made_at] for job_id, made_at in connection.exec_driver_sql(_IMPORTED)},
        )
    except (KeyError, ValueError) as error:
        raise LedgerError(f"the ledger holds what cannot be read: {error}", hint=RESTORE_HINT) from error


def _jobs(connection: Connection, times: _Times) -> dict[JobId, KnownJob]:
    archived = _archived(connection)
    holds = _holds(connection, times)
    ours = frozenset(connection.exec_driver_sql(_CLEANED_BY_US).scalars())
    projects: dict[str, str] = {}  # one text for all jobs of one
    jobs: dict[JobId, KnownJob] = {}
    # By position, in the order of _JOBS, and what is seldom there is asked for only then: it is a million rows.
    for row in connection.exec_driver_sql(_JOBS):
        job_id, sequence, first_seen, last_seen, missing_until, kind, status, name, project, size, *more = row
        released_since, kept_until, has_to_lose, lost_at, left_at, left_how = more
        archive = archived.get(job_id, _NO_ARCHIVE)
        # What left with its first sighting had left before anybody looked.
        tells = left_at is not None and left_at != first_seen and job_id not in ours
        jobs[job_id] = KnownJob(
            sequence=sequence,
            first_seen=times[first_seen],
            last_seen=times[last_seen],
            left=left_at is not None,
            archived=archive.fingerprints,
            missing_until=None if missing_until is None else times[missing_until],
            type=TYPES[kind],
            status=STATUSES[status],
            name=name,
            project=projects.setdefault(project, project),
            size=archive.size if archive.is_of_now else size,
            released_since=None if released_since is None else times[released_since],
            kept_until=None if kept_until is None else times[kept_until],
            holds=holds.get(job_id, ()),
            archived_at=None if archive.newest is None else times[archive.newest],
            unarchived=bool(has_to_lose) and not archive.is_of_all and job_id not in ours,
            lost_at=None if lost_at is None else times[lost_at],
            left_at=times[left_at] if tells else None,
            left_how=(left_how or "") if tells else "",
        )
    return jobs


class _Archive(NamedTuple):
    """What the receipts of a job tell.

    `newest` is when the last was made.  `is_of_now` says that one is of the facts that the job has now, and `size` is
    that of the newest such one; `is_of_all` says that one is of what the job has to lose.
    """

    fingerprints: frozenset[str] = frozenset()
    newest: str | None = None
    size: int | None = None
    is_of_now: bool = False
    is_of_all: bool = False


_NO_ARCHIVE = _Archive()


def _archived(connection: Connection) -> dict[str, _Archive]:
    """Give what there is of each job that was ever archived."""
    archived: dict[str, _Archive] = {}
    for job_id, fingerprint, size, verified_at, is_of_now, is_of_all in connection.exec_driver_sql(_RECEIPTS):
        before = archived.get(job_id, _NO_ARCHIVE)
        archived[job_id] = _Archive(
            fingerprints=before.fingerprints | {fingerprint},
            newest=verified_at,
            size=size if is_of_now else before.size,
            is_of_now=bool(is_of_now) or before.is_of_now,
            is_of_all=bool(is_of_all) or before.is_of_all,
        )
    return archived


def _holds(connection: Connection, times: _Times) -> dict[str, tuple[LedgerHold, ...]]:
    holds: dict[str, tuple[LedgerHold, ...]] = {}
    for job_id, rule, owner, reason, set_at, until, unkept_since in connection.exec_driver_sql(_HOLDS):
        hold = LedgerHold(
            rule=rule,
            owner=owner,
            reason=reason,
            set_at=times[set_at],
            until=times.of(until),
            unkept_since=times.of(unkept_since),
        )
        holds[job_id] = (*holds.get(job_id, ()), hold)
    return holds
