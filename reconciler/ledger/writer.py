"""The ledger of a verb that writes: opening a run under the lease, and closing it with its outcome."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.exc import SQLAlchemyError

from reconciler.core.canonical import utc_text
from reconciler.engine.ports import Clock
from reconciler.errors import GuardRefused, Interrupted, LedgerBusy, LedgerError, LockedByAnotherRun, ReconcilerError
from reconciler.ledger import lease, tables
from reconciler.ledger.audit_rows import NewEvent, add_events
from reconciler.ledger.database import Database
from reconciler.ledger.reader import SqlLedgerReader
from reconciler.ledger.refusals import refusal_facts
from reconciler.ledger.run import SqlRun
from reconciler.ledger.run_rows import Facts, Who, begin_run, end_run, new_name

LOOK_AGAIN_S = 1.0
"""How often a run that waits for the lease looks whether it is free."""


def _to_nobody(_line: str) -> None:
    return


class SqlLedger(SqlLedgerReader):
    """Implements engine.ports.Ledger.

    `who` goes into the audit; `lease_s` is the lease's length; `now_ms` is its clock, by default that of the database's
    machine, which is the same for all who use it.  A run waits `wait_s` for another one's to end, `pause` waits that
    many seconds; `say` is told what a person should know.
    """

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        who: Who,
        lease_s: float,
        wait_s: float = 0.0,
        pause: Callable[[float], None] = time.sleep,
        now_ms: Callable[[], int] | None = None,
        say: Callable[[str], None] = _to_nobody,
    ) -> None:
        super().__init__(database)
        self._clock = clock
        self._who = who
        self._wait_s = wait_s
        self._pause = pause
        self._lease_ms = int(lease_s * 1000)
        self._now_ms = now_ms
        self._say = say

    @contextmanager
    def open_run(self, operation: str, account: str, plan_id: str = "") -> Iterator[SqlRun]:
        """Take the lease and open a run; on leaving, close it with its outcome and give the lease back.

        Raises:
            LockedByAnotherRun: another run holds the lease, for longer than this one waits.
            GuardRefused: the ledger belongs to another account.
            LedgerError: it cannot be made, read or written.
        """
        run_id = new_name("run")
        try:
            engine, epoch = self._opened(run_id, operation, account, plan_id)
        except (LockedByAnotherRun, GuardRefused, Interrupted) as error:
            self.record_refusal(operation, plan_id, error)
            raise
        try:
            outcome = "failed"
            why: Facts = ()
            with _Heartbeat(engine, epoch, lease_ms=self._lease_ms, now_ms=self._now_ms):
                run = SqlRun(
                    engine,
                    self._database,
                    run_id=run_id,
                    epoch=epoch,
                    actor=self._who.actor,
                    clock=self._clock,
                    lease_ms=self._lease_ms,
                    now_ms=self._now_ms,
                )
                try:
                    yield run
                    run.write_down()
                    outcome = "done"
                except BaseException as error:
                    outcome, why = _outcome(error), refusal_facts(error)
                    with suppress(ReconcilerError):  # what ended the run says more
                        run.write_down()
                    raise
                finally:
                    with self._database.told():
                        self._close(engine, run_id, epoch, outcome, why)
        finally:
            engine.dispose()

    def record_refusal(self, operation: str, plan_id: str, error: ReconcilerError) -> None:
        """Tell in the audit of a run that was refused before it began: one event, which opens and closes it.

        It takes no lease, as it touches nothing else.  Where the ledger is not there or cannot be written, nothing is
        told: a refused run makes no ledger, and its own error says more.
        """
        plan = (("plan", plan_id),) if plan_id else ()
        facts = (("operation", operation), *plan, ("error", type(error).__name__), *refusal_facts(error))
        with suppress(LedgerError), self._database.adding() as connection:
            lease.lock(connection)  # one writer of the chain at a time
            told = NewEvent("refused", (*facts, ("tool", self._who.tool), *self._who.origin))
            add_events(connection, [told], at=self._clock.now(), run_id=new_name("run"), actor=self._who.actor)

    def _opened(self, run_id: str, operation: str, account: str, plan_id: str) -> tuple[Engine, int]:
        """Open a run, as soon as no other one holds the lease; give its engine and the epoch."""
        until = time.monotonic() + self._wait_s
        has_told = False
        while True:
            try:
                return self._opened_now(run_id, operation, account, plan_id)
            except LockedByAnotherRun as error:
                left_s = until - time.monotonic()
                if left_s <= 0:
                    raise
                if not has_told:
                    self._say(f"Waiting for {left_s:.0f} s at most: {error.message}")
                has_told = True
                self._pause(min(LOOK_AGAIN_S, left_s))

    def _opened_now(self, run_id: str, operation: str, account: str, plan_id: str) -> tuple[Engine, int]:
        try:
            engine = self._database.writing(at=utc_text(self._clock.now()), say=self._say)
            try:
                with self._database.told():
                    return engine, self._open(engine, run_id, operation, account, plan_id)
            except BaseException:
                engine.dispose()
                raise
        except LedgerBusy:
            with self._database.reading() as connection:
                if connection is None:  # whoever makes the ledger at this moment
                    raise
                raise lease.holder(connection, self._now_ms) from None

    def _open(self, engine: Engine, run_id: str, operation: str, account: str, plan_id: str) -> int:
        holder = lease.Holder(lease_id=new_name("lease"), run_id=run_id, owner=self._who.actor, operation=operation)
        now = self._clock.now()
        with engine.begin() as connection:
            epoch = lease.take(connection, holder, now_ms=self._now_ms, length_ms=self._lease_ms)
            _bind(connection, account, utc_text(now))
            begin_run(
                connection,
                run_id,
                self._who,
                epoch=epoch,
                operation=operation,
                account=account,
                plan_id=plan_id,
                now=now,
            )
        return epoch

    def _close(self, engine: Engine, run_id: str, epoch: int, outcome: str, why: Facts) -> None:
        # Also for a run that lost its lease: it may not touch a job any more, but its own end must be told.
        with engine.begin() as connection:
            lease.lock(connection)
            end_run(connection, run_id, self._who, outcome=outcome, now=self._clock.now(), why=why)
            lease.give_back(connection, epoch)


def _bind(connection: Connection, account: str, now: str) -> None:
    """Bind a new ledger to its account; refuse another one's."""
    bound = connection.scalar(select(tables.account.c.name))
    if bound is None:
        connection.execute(insert(tables.account).values(name=account, lineage=str(uuid.uuid4()), bound_at=now))
    elif bound != account:
        raise GuardRefused(
            (
                f"the ledger belongs to account {bound}, the file says {account}; correct the file, or name the right "
                "ledger with --state",
            )
        )


def _outcome(error: BaseException) -> str:
    if isinstance(error, Interrupted | KeyboardInterrupt):
        return "interrupted"
    how = "refused" if isinstance(error, ReconcilerError) else "bug"
    return f"{how}: {type(error).__name__}"


class _Heartbeat:
    """Extends the lease at a third of its length while the run goes on."""

    def __init__(self, engine: Engine, epoch: int, *, lease_ms: int, now_ms: lease.Clock) -> None:
        self._engine = engine
        self._epoch = epoch
        self._lease_ms = lease_ms
        self._now_ms = now_ms
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="lease-heartbeat", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_unused: object) -> None:
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._ended.wait(self._lease_ms / 3000):
            # A beat that fails is a beat missed: at worst the lease runs out, and every write looks at that.
            with suppress(SQLAlchemyError):
                if not lease.extend(self._engine, self._epoch, now_ms=self._now_ms, length_ms=self._lease_ms):
                    return
