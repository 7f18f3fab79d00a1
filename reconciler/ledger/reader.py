"""The ledger for reading.  Writes nothing and creates nothing; a ledger that does not exist yet is empty."""

from collections.abc import Iterator, Mapping

from sqlalchemy import select

from reconciler.core.audit import AuditEvent, Sought
from reconciler.core.canonical import utc_time
from reconciler.core.job import JobId
from reconciler.core.memory import LedgerView
from reconciler.core.receipt import Receipt
from reconciler.core.steps import Entry
from reconciler.engine.account import Departure, LastSeen
from reconciler.engine.copies import CopyId, Verified
from reconciler.engine.ports import Binding, PlanUse
from reconciler.ledger import tables
from reconciler.ledger.account_keys import read_binding
from reconciler.ledger.audit_rows import read_events
from reconciler.ledger.database import Database
from reconciler.ledger.rows import read_entry, read_receipt, read_run
from reconciler.ledger.verifications import read_verifications
from reconciler.ledger.view import read_view


class SqlLedgerReader:
    """Implements engine.ports.LedgerReader over a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def view(self) -> LedgerView:
        """Give what a plan needs, as of one moment."""
        with self._database.reading() as connection:
            return LedgerView() if connection is None else read_view(connection)

    def binding(self) -> Binding:
        """Give the account that it is of, and the keys seen with it."""
        with self._database.reading() as connection:
            return Binding() if connection is None else read_binding(connection)

    def entries(self) -> Iterator[Entry]:
        """Give the journal in order of sequence."""
        with self._database.reading() as connection:
            if connection is not None:
                for row in connection.execute(select(tables.entry).order_by(tables.entry.c.sequence)):
                    yield read_entry(row)

    def receipts(self) -> tuple[Receipt, ...]:
        """Give every receipt, oldest first."""
        statement = select(tables.receipt.c.statement).order_by(tables.receipt.c.verified_at, tables.receipt.c.digest)
        with self._database.reading() as connection:
            if connection is None:
                return ()
            return tuple(read_receipt(text) for text in connection.scalars(statement))

    def verifications(self) -> Mapping[CopyId, Verified]:
        """Give what is remembered of looks at copies."""
        with self._database.reading() as connection:
            return {} if connection is None else read_verifications(connection)

    def holds_copies(self, store: str) -> bool:
        """Tell whether any copy was ever recorded in a store."""
        with self._database.reading() as connection:
            looked_at = select(tables.verification.c.store).where(tables.verification.c.store == store).limit(1)
            return connection is not None and connection.scalar(looked_at) is not None

    def plan_use(self, plan_id: str) -> PlanUse:
        """Tell how far a plan was used."""
        with self._database.reading() as connection:
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
        with self._database.reading() as connection:
            if connection is not None:
                yield from read_events(connection)

    def newest_events(self) -> Iterator[AuditEvent]:
        """Give the audit chain from its end, as far as somebody reads on."""
        with self._database.reading() as connection:
            if connection is not None:
                yield from read_events(connection, is_newest_first=True)

    def sought_events(self, sought: Sought) -> Iterator[AuditEvent]:
        """Give the events of the chain that are asked for, in order."""
        with self._database.reading() as connection:
            if connection is not None:
                yield from read_events(connection, sought)

    def last_seen(self) -> LastSeen:
        """Give the newest observation's time and the newest run."""
        run, observation = tables.run, tables.observation
        with self._database.reading() as connection:
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
        with self._database.reading() as connection:
            if connection is None:
                return None
            row = connection.execute(select(job.left_at, job.left_how).where(job.job_id == job_id)).one_or_none()
        return Departure(utc_time(row.left_at), row.left_how or "") if row is not None and row.left_at else None

    def unclosed_runs(self) -> frozenset[str]:
        """Give the runs that never ended: interrupted ones, and one that is going on."""
        with self._database.reading() as connection:
            if connection is None:
                return frozenset()
            return frozenset(connection.scalars(select(tables.run.c.run_id).where(tables.run.c.ended_at.is_(None))))
