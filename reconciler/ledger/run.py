"""One run's writes.  Each transaction checks the lease first, and is durable when it is over.

A method is a transaction of its own, with what was to wait for the next one in it (docs/adr/0028).
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Connection, Engine, insert, select, update

from reconciler.core.canonical import utc_text
from reconciler.core.imports import Judged
from reconciler.core.inventory import Inventory
from reconciler.core.job import JobId
from reconciler.core.receipt import Receipt, VerifiedReceipt
from reconciler.core.recording import DecisionRecord
from reconciler.core.steps import Phase
from reconciler.engine.ports import Approved, Clock
from reconciler.errors import LedgerError
from reconciler.ledger import lease, tables
from reconciler.ledger.account_keys import record_key
from reconciler.ledger.applied import record_approved
from reconciler.ledger.audit_rows import add_event, add_events
from reconciler.ledger.database import Database
from reconciler.ledger.decisions import record_holds, record_waits
from reconciler.ledger.imported import record_imported
from reconciler.ledger.sightings import record_sightings
from reconciler.ledger.steps import add_entry, add_receipt, mark_cleaned, mark_seen_live
from reconciler.ledger.verifications import first_look, first_looks, record_looks

_Part = Callable[[Connection], None]


class SqlRun:
    """Implements engine.ports.Run."""

    def __init__(
        self,
        engine: Engine,
        database: Database,
        *,
        run_id: str,
        epoch: int,
        actor: str,
        clock: Clock,
        lease_ms: int,
        now_ms: Callable[[], int] | None,
    ) -> None:
        self._engine = engine
        self._database = database
        self._run_id = run_id
        self._epoch = epoch
        self._actor = actor
        self._clock = clock
        self._lease_ms = lease_ms
        self._now_ms = now_ms
        self._lock = threading.Lock()
        self._waiting: list[_Part] = []

    @property
    def run_id(self) -> str:
        """The run's name."""
        return self._run_id

    def check_lease(self, seconds: float) -> None:
        """Make sure that the lease outlasts the next `seconds`."""
        with self._write(needed_ms=int(seconds * 1000)):
            pass

    def record_new_list(self, expected: int) -> None:
        """Record that a list was taken over which shows none of the `expected` jobs."""
        with self._write() as connection:
            self._add_event(connection, "new_list_accepted", (("expected", str(expected)),), JobId(""))

    def record_observation(self, inventory: Inventory) -> None:
        """Record sightings and what left, with an audit event for each job that was lost."""
        with self._write() as connection:
            events = record_sightings(connection, inventory, self._run_id)
            add_events(connection, events, at=self._clock.now(), run_id=self._run_id, actor=self._actor)
            self._prolong(connection)

    def record_decision(self, record: DecisionRecord) -> None:
        """Record who waits and what becomes of the holds, with an audit event for each step of one."""
        if not record.waits and not record.holds and not record.kept:
            return
        with self._write() as connection:
            record_waits(connection, record)
            events = record_holds(connection, record)
            add_events(connection, events, at=self._clock.now(), run_id=self._run_id, actor=self._actor)
            self._prolong(connection)

    def record_times(self, judged: Judged, source: str, digest: str) -> None:
        """Record imported times, and the audit event of it."""
        with self._write() as connection:
            event = record_imported(connection, judged, source=source, digest=digest, now=self._now_text())
            add_events(connection, (event,), at=self._clock.now(), run_id=self._run_id, actor=self._actor)

    def record_key(self, mark: str) -> None:
        """Record the mark of a key, and the audit event of it."""
        with self._write() as connection:
            events = record_key(connection, mark, run_id=self._run_id, now=self._now_text())
            add_events(connection, events, at=self._clock.now(), run_id=self._run_id, actor=self._actor)

    def record_approved(self, approved: Approved) -> None:
        """Record the file that is applied, and an audit event for each thing that goes beyond it."""
        with self._write() as connection:
            events = record_approved(connection, approved, self._run_id)
            add_events(connection, events, at=self._clock.now(), run_id=self._run_id, actor=self._actor)

    def use_plan(self, plan_id: str) -> None:
        """Open the one use of a plan, or resume it."""
        table = tables.plan_use
        with self._write() as connection:
            row = connection.execute(select(table.c.spent_at).where(table.c.plan_id == plan_id)).one_or_none()
            if row is not None and row.spent_at:
                raise LedgerError(f"the plan {plan_id[:19]} was spent at {row.spent_at}; it cannot be opened again")
            if row is None:
                values = {"plan_id": plan_id, "opened_by": self._run_id, "opened_at": self._now_text()}
                connection.execute(insert(table).values(values))

    def spend_plan(self, plan_id: str) -> None:
        """Close the use of a plan."""
        table = tables.plan_use
        with self._write() as connection:
            connection.execute(update(table).where(table.c.plan_id == plan_id).values(spent_at=self._now_text()))

    def append(
        self, job_id: JobId, phase: Phase, fingerprint: str, detail: str = "", *, outlasting_s: float = 0.0
    ) -> None:
        """Add an entry; NOT_CLEANED adds an audit event with it."""
        if phase in {Phase.ARCHIVED, Phase.CLEANED}:
            raise LedgerError(f"{phase.value} is recorded with its receipt and audit event, not alone")
        now = self._clock.now()
        with self._write(needed_ms=int(outlasting_s * 1000)) as connection:
            self._add_entry(connection, job_id, phase, fingerprint, now, detail)
            if phase is Phase.NOT_CLEANED:
                facts = (("fingerprint", fingerprint), ("why", detail))
                self._add_event(connection, "not_cleaned", facts, job_id)

    def record_archived(self, receipt: VerifiedReceipt, *, waits: bool = False) -> None:
        """Add the receipt, the entry ARCHIVED, the audit event, and the first look at each copy, in one transaction."""
        proved, now = receipt.receipt, self._clock.now()

        def add(connection: Connection) -> None:
            name = add_receipt(connection, proved, self._run_id)
            self._add_entry(connection, proved.job_id, Phase.ARCHIVED, proved.fingerprint, now, name)
            facts = (
                ("fingerprint", proved.fingerprint),
                ("receipt", name),
                ("bag", proved.bag),
                ("stores", ", ".join(proved.stores)),
                ("bytes", str(proved.size)),
            )
            self._add_event(connection, "archived", facts, proved.job_id, now)
            mark_seen_live(connection, proved)
            record_looks(connection, first_looks(receipt), now=now)

        self._record(add, waits=waits)

    def record_cleaned(self, job_id: JobId, fingerprint: str, how: str, *, waits: bool = False) -> None:
        """Add the entry CLEANED, mark the job as left and add the audit event, in one transaction."""
        now = self._clock.now()

        def add(connection: Connection) -> None:
            self._add_entry(connection, job_id, Phase.CLEANED, fingerprint, now, how)
            mark_cleaned(connection, job_id, now)
            self._add_event(connection, "cleaned", (("fingerprint", fingerprint), ("how", how)), job_id, now)

        self._record(add, waits=waits)

    def write_down(self) -> None:
        """Make durable what waits for the next transaction."""
        if self._waiting:
            with self._write():
                pass

    def record_repaired(self, receipt: Receipt, *, store: str, source: str, aside: str, file: str = "") -> None:
        """Add the audit event of a copy, or of one file beside it, that was made anew."""
        facts = (
            ("fingerprint", receipt.fingerprint),
            ("bag", receipt.bag),
            ("store", store),
            ("source", source),
            ("aside", aside),
            *((("file", file),) if file else ()),
        )
        with self._write() as connection:
            self._add_event(connection, "repaired", facts, receipt.job_id)

    def record_copied(self, receipt: Receipt, *, store: str, source: str) -> None:
        """Add the receipt, the audit event of the copy, and the first look at it, in one transaction."""
        with self._write() as connection:
            name = add_receipt(connection, receipt, self._run_id)
            facts = (
                ("fingerprint", receipt.fingerprint),
                ("receipt", name),
                ("bag", receipt.bag),
                ("store", store),
                ("source", source),
            )
            self._add_event(connection, "copied", facts, receipt.job_id)
            record_looks(connection, [first_look(receipt, store)], now=self._clock.now())

    # -- parts

    def _prolong(self, connection: Connection) -> None:
        # What is recorded of a million jobs may take as long as a lease lasts.
        lease.prolong(connection, self._epoch, now_ms=self._now_ms, length_ms=self._lease_ms)

    def _record(self, add: _Part, *, waits: bool) -> None:
        if waits:
            with self._lock:
                self._waiting.append(add)
        else:
            with self._write() as connection:
                add(connection)

    @contextmanager
    def _write(self, needed_ms: int = 0) -> Iterator[Connection]:
        with self._lock:
            with self._database.told(), self._engine.begin() as connection:
                lease.check(connection, self._epoch, now_ms=self._now_ms, needed_ms=needed_ms)
                for add in self._waiting:
                    add(connection)
                yield connection
            self._waiting.clear()  # a transaction that failed made nothing durable

    def _add_entry(
        self, connection: Connection, job_id: JobId, phase: Phase, fingerprint: str, at: datetime, detail: str
    ) -> None:
        add_entry(connection, job_id, phase, fingerprint, run_id=self._run_id, epoch=self._epoch, at=at, detail=detail)

    def _add_event(
        self,
        connection: Connection,
        event: str,
        facts: tuple[tuple[str, str], ...],
        job_id: JobId,
        at: datetime | None = None,
    ) -> None:
        add_event(
            connection,
            at=at or self._clock.now(),
            run_id=self._run_id,
            actor=self._actor,
            event=event,
            facts=facts,
            job_id=job_id,
        )

    def _now_text(self) -> str:
        return utc_text(self._clock.now())
