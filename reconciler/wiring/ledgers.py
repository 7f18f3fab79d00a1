"""The ledger, of verbs that read and of verbs that write."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from reconciler.clock import SystemClock
from reconciler.errors import ReconcilerError, UsageRefused
from reconciler.wiring.settings import TOOL, Settings, ledger_address

if TYPE_CHECKING:
    from reconciler.engine.account import Unlocked
    from reconciler.engine.ports import Progress, RecordedPlans
    from reconciler.engine.stopping import StopAtOnce
    from reconciler.ledger.database import Database
    from reconciler.ledger.reader import SqlLedgerReader
    from reconciler.ledger.rebuilding import NewLedger
    from reconciler.ledger.run_rows import Who
    from reconciler.ledger.writer import SqlLedger


def ledger_database(settings: Settings) -> "Database":
    """Give the database that the settings name; nothing is opened yet."""
    from reconciler.ledger.opening import database_at

    return database_at(ledger_address(settings))


def ledger_reader(settings: Settings) -> "SqlLedgerReader":
    """Open the ledger for reading; creates nothing."""
    from reconciler.ledger.reader import SqlLedgerReader

    return SqlLedgerReader(ledger_database(settings))


def ledger_writer(settings: Settings, progress: "Progress", stop: "StopAtOnce | None" = None) -> "SqlLedger":
    """Open the ledger of a verb that writes; `progress` is told when it is brought up to date, and for whom it waits.

    `stop` ends the wait at once.
    """
    from reconciler.engine.stopping import UNSTOPPABLE
    from reconciler.ledger.writer import SqlLedger

    def pause(seconds: float) -> None:
        with (stop or UNSTOPPABLE).while_idle():
            time.sleep(seconds)

    return SqlLedger(
        ledger_database(settings),
        clock=SystemClock(),
        who=_who(),
        lease_s=settings.lease.total_seconds(),
        wait_s=settings.lock_timeout.total_seconds(),
        pause=pause,
        say=progress.say,
    )


def _who() -> "Who":
    from reconciler.ledger.run_rows import Who
    from reconciler.wiring.origin import origin

    by = origin()
    return Who.of(by.actor, TOOL, by.facts)


def unlock(settings: Settings, lease_id: str) -> "Unlocked | None":
    """Take the lease of that id from whoever holds it; None if nobody holds one."""
    from reconciler.ledger import unlocking

    return unlocking.unlock(ledger_database(settings), lease_id, clock=SystemClock(), who=_who())


def new_ledger(settings: Settings) -> "NewLedger":
    """Give what makes a ledger from what the stores tell, where the settings name one."""
    from reconciler.ledger.rebuilding import NewLedger

    return NewLedger(ledger_database(settings), _who(), SystemClock().now())


@contextmanager
def refusal_told(settings: Settings, operation: str, progress: "Progress") -> Iterator[None]:
    """Tell in the audit of what refuses a run in this block, before it begins.

    A command that was called wrongly is no run.  Where a file that is invalid would say where the ledger is, nobody
    knows it, and nothing is told.
    """
    try:
        yield
    except UsageRefused:
        raise
    except ReconcilerError as error:
        with suppress(ReconcilerError):
            ledger_writer(settings, progress).record_refusal(operation, "", error)
        raise


def recorded_plans(settings: Settings) -> "RecordedPlans":
    """Give what keeps saved plans in the ledger."""
    from reconciler.ledger.recorded_plans import SqlRecordedPlans

    return SqlRecordedPlans(ledger_database(settings), clock=SystemClock(), actor=_who().actor)
