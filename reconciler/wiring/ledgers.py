"""The ledger, of verbs that read and of verbs that write."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from reconciler.clock import SystemClock
from reconciler.errors import ReconcilerError, UsageRefused
from reconciler.wiring.settings import TOOL, Settings, ledger_address

if TYPE_CHECKING:
    from reconciler.engine.ports import Progress, RecordedPlans
    from reconciler.ledger.database import Database
    from reconciler.ledger.reader import SqlLedgerReader
    from reconciler.ledger.rebuilding import NewLedger
    from reconciler.ledger.writer import SqlLedger


def ledger_database(settings: Settings) -> "Database":
    """Give the database that the settings name; nothing is opened yet."""
    from reconciler.ledger.opening import database_at

    return database_at(ledger_address(settings))


def ledger_reader(settings: Settings) -> "SqlLedgerReader":
    """Open the ledger for reading; creates nothing."""
    from reconciler.ledger.reader import SqlLedgerReader

    return SqlLedgerReader(ledger_database(settings))


def ledger_writer(settings: Settings, progress: "Progress") -> "SqlLedger":
    """Open the ledger of a verb that writes; `progress` is told when it had to be brought up to date."""
    from reconciler.ledger.writer import SqlLedger
    from reconciler.wiring.origin import origin

    by = origin()
    return SqlLedger(
        ledger_database(settings), clock=SystemClock(), actor=by.actor, tool=TOOL, origin=by.facts, say=progress.say
    )


def new_ledger(settings: Settings) -> "NewLedger":
    """Give what makes a ledger from what the stores tell, where the settings name one."""
    from reconciler.ledger.rebuilding import By, NewLedger
    from reconciler.wiring.origin import origin

    who = origin()
    by = By(actor=who.actor, tool=TOOL, at=SystemClock().now(), origin=who.facts)
    return NewLedger(ledger_database(settings), by)


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
    from reconciler.wiring.origin import origin

    return SqlRecordedPlans(ledger_database(settings), clock=SystemClock(), actor=origin().actor)
