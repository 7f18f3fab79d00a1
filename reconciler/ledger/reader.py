"""The ledger for reading.  Writes nothing and creates nothing; a ledger that does not exist yet is empty."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, select

from reconciler.core.audit import AuditEvent
from reconciler.core.canonical import utc_time
from reconciler.core.job import JobId
from reconciler.core.memory import KnownJob, LedgerView
from reconciler.core.receipt import Receipt
from reconciler.core.steps import Entry
from reconciler.engine.account import Departure, LastSeen
from reconciler.engine.ports import PlanUse
from reconciler.errors import LedgerError
from reconciler.ledger import tables
from reconciler.ledger.database import RESTORE_HINT, reading
from reconciler.ledger.rows import read_audit_event, read_entry, read_receipt, read_run


class SqliteLedgerReader:
    """Implements engine.ports.LedgerReader over a database file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def view(self) -> LedgerView:
        """Give what a plan needs, as of one moment."""
        with reading(self._path) as connection:
            return LedgerView() if connection is None else _view(connection)

    def entries(self) -> Iterator[Entry]:
        """Give the journal in order of sequence."""
        with reading(self._path) as connection:
            if connection is not None:
                for row in connection.execute(select(tables.entry).order_by(tables.entry.c.sequence)):
                    yield read_entry(row)

    def receipts(self) -> tuple[Receipt, ...]:
        """Give every receipt, oldest first."""
        statement = select(tables.receipt.c.statement).order_by(tables.receipt.c.verified_at, tables.receipt.c.digest)
        with reading(self._path) as connection:
            if connection is None:
                return ()
            return tuple(read_receipt(text) for text in connection.scalars(statement))

    def plan_use(self, plan_id: str) -> PlanUse:
        """Tell how far a plan was used."""
        with reading(self._path) as connection:
            if connection is None:
                return PlanUse.UNUSED
            row = connection.execute(
                select(tables.plan_use.c.spent_at).where(tables.plan_use.c.plan_id == plan_id)
            ).one_or_none()
        if row is None:
            return PlanUse.UNUSED
        return PlanUse.SPENT if row.spent_at else PlanUse.OPEN

    def audit_events(self) -> Iterator[AuditEvent]:
        """Give the audit chain in order."""
        with reading(self._path) as connection:
            if connection is not None:
                for row in connection.execute(select(tables.audit).order_by(tables.audit.c.sequence)):
                    yield read_audit_event(row)

    def last_seen(self) -> LastSeen:
        """Give the newest observation's time and the newest run."""
        run, observation = tables.run, tables.observation
        with reading(self._path) as connection:
            if connection is None:
                return LastSeen()
            observed_at = connection.scalar(
                select(observation.c.observed_at).order_by(observation.c.number.desc()).limit(1)
            )
            # By epoch, which grows with each run, not by time: a clock may have been set back in between.
            row = connection.execute(select(run).order_by(run.c.epoch.desc()).limit(1)).one_or_none()
        return LastSeen(
            observed_at=utc_time(observed_at) if observed_at else None, run=read_run(row) if row is not None else None
        )

    def departure(self, job_id: JobId) -> Departure | None:
        """Tell when and how a job left."""
        job = tables.job.c
        with reading(self._path) as connection:
            if connection is None:
                return None
            row = connection.execute(select(job.left_at, job.left_how).where(job.job_id == job_id)).one_or_none()
        return Departure(utc_time(row.left_at), row.left_how or "") if row is not None and row.left_at else None

    def unclosed_runs(self) -> frozenset[str]:
        """Give the runs that never ended: interrupted ones, and one that is going on."""
        with reading(self._path) as connection:
            if connection is None:
                return frozenset()
            return frozenset(connection.scalars(select(tables.run.c.run_id).where(tables.run.c.ended_at.is_(None))))


_JOBS = "SELECT job_id, sequence, first_seen, last_seen, left_at IS NOT NULL FROM job"


def _view(connection: Connection) -> LedgerView:
    names = connection.scalars(select(tables.account.c.name)).all()
    if not names:  # made by a run that ended before it began
        return LedgerView()
    if len(names) != 1:
        raise LedgerError(f"the ledger names {len(names)} accounts, not one", hint=RESTORE_HINT)
    archived: dict[str, frozenset[str]] = {}
    for job_id, fingerprint in connection.execute(select(tables.receipt.c.job_id, tables.receipt.c.fingerprint)):
        archived[job_id] = archived.get(job_id, frozenset()) | {fingerprint}
    times: dict[str, datetime] = {}

    def time(text: str) -> datetime:
        # Jobs of one observation share their times: one object for all of them.
        known = times.get(text)
        if known is None:
            known = times[text] = utc_time(text)
        return known

    none: frozenset[str] = frozenset()
    jobs = {
        JobId(job_id): KnownJob(
            sequence=sequence,
            first_seen=time(first_seen),
            last_seen=time(last_seen),
            left=bool(left),
            archived=archived.get(job_id, none),
        )
        for job_id, sequence, first_seen, last_seen, left in connection.exec_driver_sql(_JOBS)
    }
    return LedgerView(account=names[0], jobs=jobs)
