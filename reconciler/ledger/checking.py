"""Is everything in a ledger as this program writes it?  Reads one state of it and changes nothing.

Each check is told the connection and gives what it found; a check that cannot read what it needs finds that.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Table, func, select

from reconciler.core.canonical import digest_of_bytes, utc_text, utc_time
from reconciler.core.steps import FOLLOWS, Phase
from reconciler.errors import LedgerError
from reconciler.ledger import tables
from reconciler.ledger.audit_check import audit_problem
from reconciler.ledger.database import Database
from reconciler.ledger.reader import SqlLedgerReader
from reconciler.ledger.rows import read_receipt, receipt_text
from reconciler.ledger.view import STATUSES, TYPES, read_view

RESTORE = "restore a backup, or move the ledger away and make it anew from the archive: reconciler ledger rebuild"
TOLD_AT_MOST = 100
"""Findings of one check told one by one; whoever has more has another problem than single rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as it should be: where (a table and a row, or the database), what, and what to do."""

    where: str
    problem: str
    way_out: str = RESTORE


def check_ledger(database: Database) -> tuple[Finding, ...] | None:
    """Run every check; None where there is no ledger.

    Raises:
        LedgerError: the database cannot be opened or read at all.
    """
    with database.reading() as connection:
        if connection is None:
            return None
        found = _told(_pages, connection)
        if found:
            return tuple(found)  # what is read of a damaged file may be anything
        for check in CHECKS:
            found += _told(check, connection)
    problem = audit_problem(SqlLedgerReader(database))
    chain = (Finding(where="audit", problem=problem),) if problem else ()
    return (*found, *chain)


def _told(check: "Check", connection: Connection) -> list[Finding]:
    told: list[Finding] = []
    for finding in check(connection):
        if len(told) == TOLD_AT_MOST:
            told.append(Finding(where=finding.where.partition(" ")[0], problem="and more of the same"))
            break
        told.append(finding)
    return told


Check = Callable[[Connection], Iterator[Finding]]


# -- the database itself


def _pages(connection: Connection) -> Iterator[Finding]:
    if connection.dialect.name != "sqlite":
        return  # a server sees to its own pages
    for (said,) in connection.exec_driver_sql("PRAGMA integrity_check"):
        if said != "ok":
            yield Finding(where="database", problem=f"SQLite finds it damaged: {said}")


def _references(connection: Connection) -> Iterator[Finding]:
    """Find rows that name a row which is not there.  SQLite looks at it only where it is asked to."""
    for table in tables.metadata.sorted_tables:
        for key in table.foreign_keys:
            there = key.column
            missing = select(key.parent).where(
                key.parent.is_not(None), ~select(there).where(there == key.parent).exists()
            )
            for named in connection.scalars(missing.distinct().limit(TOLD_AT_MOST + 1)):
                yield Finding(
                    where=f"{table.name} {key.parent.name} {named}", problem=f"{there.table.name} has no such row"
                )


def _times(connection: Connection) -> Iterator[Finding]:
    """Find times that are none.  They are compared as texts, so one of another form counts as any time at all."""
    for table in tables.metadata.sorted_tables:
        own = list(table.primary_key.columns)
        for column in table.columns:
            if not _is_time(table, column.name):
                continue
            for row in connection.execute(select(column, *own).where(column.is_not(None), func.length(column) != 20)):
                yield Finding(where=_row(table, row[1:]), problem=f"{column.name} is no time: {str(row[0])[:40]!r}")
            for text in connection.scalars(select(column).where(func.length(column) == 20).distinct()):
                if not _is_told_time(text):
                    yield Finding(where=table.name, problem=f"{column.name} is no time: {text!r}")


def _is_time(table: Table, column: str) -> bool:
    return (
        column == "at"
        or column.endswith(("_at", "_seen", "_since", "_until"))
        or (table.name == "hold" and column == "until")
    )


def _is_told_time(text: str) -> bool:
    try:
        return utc_text(utc_time(text)) == text
    except ValueError:
        return False


def _row(table: Table, key: Sequence[Any]) -> str:
    return f"{table.name} {' '.join(str(part) for part in key)}"


# -- what is in it


def _account(connection: Connection) -> Iterator[Finding]:
    names = connection.scalars(select(tables.account.c.name)).all()
    has_runs = connection.scalar(select(tables.run.c.run_id).limit(1)) is not None
    if len(names) > 1 or (has_runs and not names):
        yield Finding(where="account", problem=f"a ledger is of one account, this one names {len(names)}")


def _journal(connection: Connection) -> Iterator[Finding]:
    last: dict[str, Phase] = {}
    entry = tables.entry.c
    for row in connection.execute(select(entry.sequence, entry.job_id, entry.phase).order_by(entry.sequence)):
        try:
            phase = Phase(row.phase)
        except ValueError:
            yield Finding(where=f"entry {row.sequence}", problem=f"there is no phase {row.phase!r}")
            continue
        before = last.get(row.job_id)
        if phase not in FOLLOWS[before]:
            said = f"{phase.value} of job {row.job_id} may not follow {before.value if before else 'nothing'}"
            yield Finding(where=f"entry {row.sequence}", problem=said)
        last[row.job_id] = phase


def _receipts(connection: Connection) -> Iterator[Finding]:
    receipt = tables.receipt.c
    for row in connection.execute(select(tables.receipt).order_by(receipt.digest)):
        problem = _receipt_problem(row)
        if problem:
            yield Finding(where=f"receipt {row.digest}", problem=problem)


def _receipt_problem(row: Row[Any]) -> str:
    statement = str(row.statement)
    if digest_of_bytes(statement.encode("utf-8", "surrogatepass")) != row.digest:
        return "its statement was changed: it has another digest"
    try:
        read = read_receipt(statement)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return f"its statement cannot be read: {type(error).__name__}"
    if receipt_text(read) != statement:
        return "its statement is not written as we write"
    told = (read.job_id, read.fingerprint, read.bag, utc_text(read.verified_at), read.size)
    if told != (row.job_id, row.fingerprint, row.bag, row.verified_at, row.size):
        return "its columns say something else than its statement"
    return ""


def _jobs(connection: Connection) -> Iterator[Finding]:
    """Find gaps and doubles in the order of jobs, and words that nobody writes."""
    job = tables.job.c
    observed = set(connection.scalars(select(tables.observation.c.number)))
    expected = 1
    columns = (job.job_id, job.sequence, job.type, job.status, job.first_seen, job.last_seen, job.first_observation)
    # By position: names for the columns of a million rows cost seconds.
    for job_id, sequence, kind, status, first, last, number in connection.execute(
        select(*columns).order_by(job.sequence)
    ):
        if sequence != expected:
            yield _of_job(job_id, f"its sequence is {sequence}, where {expected} comes next")
        expected = sequence + 1
        if kind not in TYPES or status not in STATUSES:
            yield _of_job(job_id, f"there is no type {kind!r} or no status {status!r}")
        if first > last:
            yield _of_job(job_id, f"it was first seen {first}, after {last}, its last")
        if number not in observed:
            yield _of_job(job_id, f"there is no observation {number}, its first")


def _of_job(job_id: str, problem: str) -> Finding:
    return Finding(where=f"job {job_id}", problem=problem)


def _cleans(connection: Connection) -> Iterator[Finding]:
    """Find cleans without a receipt of the same facts (I1).  That each has its event, the audit's own check tells."""
    entry, receipt = tables.entry.c, tables.receipt.c
    proved = select(receipt.digest).where(receipt.job_id == entry.job_id, receipt.fingerprint == entry.fingerprint)
    cleaned = select(entry.sequence, entry.job_id).where(entry.phase == Phase.CLEANED.value, ~proved.exists())
    for row in connection.execute(cleaned.order_by(entry.sequence)):
        yield Finding(
            where=f"entry {row.sequence}",
            problem=f"job {row.job_id} was cleaned, and no receipt of what it was is here",
            way_out="look for its receipt in the stores (receipts/ in each), and keep it: the job itself is gone. "
            + RESTORE,
        )


def _holds(connection: Connection) -> Iterator[Finding]:
    hold = tables.hold.c
    doubled = (
        select(hold.job_id, hold.rule)
        .where(hold.ended_at.is_(None))
        .group_by(hold.job_id, hold.rule)
        .having(func.count() > 1)
    )
    for row in connection.execute(doubled):
        yield Finding(where=f"hold {row.job_id}", problem=f"two holds of rule {row.rule} go on at once")


def _lease(connection: Connection) -> Iterator[Finding]:
    epochs = connection.scalars(select(tables.lease.c.epoch)).all()
    newest = connection.scalar(select(func.max(tables.run.c.epoch))) or 0
    if len(epochs) > 1:
        yield Finding(where="lease", problem=f"there are {len(epochs)} leases; there is one")
    elif (epochs[0] if epochs else 0) < newest:
        yield Finding(where="lease", problem=f"its epoch is older than that of the newest run, {newest}")


_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def _fingerprints(connection: Connection) -> Iterator[Finding]:
    entry = tables.entry.c
    for row in connection.execute(select(entry.sequence, entry.fingerprint).order_by(entry.sequence)):
        if not _DIGEST.fullmatch(row.fingerprint):
            yield Finding(where=f"entry {row.sequence}", problem=f"no fingerprint: {row.fingerprint[:40]!r}")


def _view(connection: Connection) -> Iterator[Finding]:
    try:
        read_view(connection)
    except (LedgerError, TypeError, AttributeError) as error:
        yield Finding(where="ledger", problem=f"no plan can be made from it: {error}")


CHECKS: tuple[Check, ...] = (
    *(_references, _times, _account, _journal, _receipts, _jobs, _cleans, _holds, _lease, _fingerprints),
    _view,
)
