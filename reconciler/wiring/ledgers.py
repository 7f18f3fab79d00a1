"""The ledger, of verbs that read and of verbs that write."""

from typing import TYPE_CHECKING

from reconciler.clock import SystemClock
from reconciler.wiring.settings import TOOL, Settings, actor, ledger_address

if TYPE_CHECKING:
    from reconciler.engine.ports import (
        Ledger,
        Progress,
    )
    from reconciler.ledger.database import Database
    from reconciler.ledger.reader import SqlLedgerReader


def ledger_database(settings: Settings) -> "Database":
    """Give the database that the settings name; nothing is opened yet."""
    from reconciler.ledger.opening import database_at

    return database_at(ledger_address(settings))


def ledger_reader(settings: Settings) -> "SqlLedgerReader":
    """Open the ledger for reading; creates nothing."""
    from reconciler.ledger.reader import SqlLedgerReader

    return SqlLedgerReader(ledger_database(settings))


def ledger_writer(settings: Settings, progress: "Progress") -> "Ledger":
    """Open the ledger of a verb that writes; `progress` is told when it had to be brought up to date."""
    from reconciler.ledger.writer import SqlLedger

    return SqlLedger(ledger_database(settings), clock=SystemClock(), actor=actor(), tool=TOOL, say=progress.say)
