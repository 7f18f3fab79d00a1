"""The whole memory as of one moment: one pass over each table, rows as the driver gives them.

A ledger may know a million jobs: no query per job, and one object for all jobs of equal time.
"""

from datetime import datetime

from sqlalchemy import Connection, select

from reconciler.core.canonical import utc_time
from reconciler.core.job import JobId, JobStatus, JobType
from reconciler.core.memory import KnownJob, LedgerHold, LedgerView
from reconciler.errors import LedgerError
from reconciler.ledger import tables
from reconciler.ledger.applied import read_applied
from reconciler.ledger.revisions import RESTORE_HINT

_JOBS = """
    SELECT job_id, sequence, first_seen, last_seen, left_at IS NOT NULL, missing_until, type, status, fingerprint,
        coalesce(name, ''), coalesce(project, ''), size, released_since, kept_until, live_fingerprint, lost_at,
        left_at, left_how
    FROM job ORDER BY sequence
"""
_RECEIPTS = "SELECT job_id, fingerprint, size, verified_at FROM receipt ORDER BY verified_at, digest"
_CLEANED_BY_US = "SELECT DISTINCT job_id FROM entry WHERE phase = 'cleaned'"
_HOLDS = """
    SELECT job_id, rule, owner, reason, set_at, until, unkept_since FROM hold WHERE ended_at IS NULL ORDER BY number
"""
_IMPORTED = "SELECT job_id, made_at FROM imported_time WHERE replaced_at IS NULL"

TYPES = {each.value: each for each in JobType}
STATUSES = {each.value: each for each in JobStatus}
_NONE: frozenset[str] = frozenset()


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
    archived, sizes, newest = _archived(connection)
    holds = _holds(connection, times)
    ours = frozenset(connection.exec_driver_sql(_CLEANED_BY_US).scalars())
    texts: dict[str, str] = {}  # one text for all jobs of a name or project
    # By position, in the order of _JOBS: names for eighteen columns of a million rows cost seconds.
    return {
        JobId(row[0]): KnownJob(
            sequence=row[1],
            first_seen=times[row[2]],
            last_seen=times[row[3]],
            left=bool(row[4]),
            archived=archived.get(row[0], _NONE),
            missing_until=times.of(row[5]),
            type=TYPES[row[6]],
            status=STATUSES[row[7]],
            name=texts.setdefault(row[9], row[9]),
            project=texts.setdefault(row[10], row[10]),
            size=sizes.get((row[0], row[8]), row[11]),
            released_since=times.of(row[12]),
            kept_until=times.of(row[13]),
            holds=holds.get(row[0], ()),
            archived_at=times.of(newest.get(row[0])),
            unarchived=row[14] is not None and row[14] not in archived.get(row[0], _NONE) and row[0] not in ours,
            lost_at=times.of(row[15]),
            # What left with its first sighting had left before anybody looked.
            left_at=None if row[0] in ours or row[16] == row[2] else times.of(row[16]),
            left_how="" if row[0] in ours or row[16] == row[2] else row[17] or "",
        )
        for row in connection.exec_driver_sql(_JOBS)
    }


def _archived(
    connection: Connection,
) -> tuple[dict[str, frozenset[str]], dict[tuple[str, str], int | None], dict[str, str]]:
    """Give each job's archived fingerprints, the size of the newest archive of each, and when its newest was made."""
    archived: dict[str, frozenset[str]] = {}
    sizes: dict[tuple[str, str], int | None] = {}
    newest: dict[str, str] = {}
    for job_id, fingerprint, size, verified_at in connection.exec_driver_sql(_RECEIPTS):
        archived[job_id] = archived.get(job_id, _NONE) | {fingerprint}
        sizes[job_id, fingerprint] = size
        newest[job_id] = verified_at
    return archived, sizes, newest


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
