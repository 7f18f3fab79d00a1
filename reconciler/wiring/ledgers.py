"""The ledger of a verb that writes."""

from typing import TYPE_CHECKING

from reconciler.clock import SystemClock
from reconciler.wiring.settings import TOOL, Settings, actor, ledger_path

if TYPE_CHECKING:
    from reconciler.engine.ports import (
        Ledger,
        Progress,
        RecordedPlans,
    )


def ledger_writer(settings: Settings, progress: "Progress") -> "Ledger":
    """Open the ledger of a verb that writes; `progress` is told when it had to be brought up to date."""
    from reconciler.ledger.sqlite import SqliteLedger

    return SqliteLedger(ledger_path(settings), clock=SystemClock(), actor=actor(), tool=TOOL, say=progress.say)


def recorded_plans(settings: Settings) -> "RecordedPlans":
    """Give what keeps saved plans in the ledger."""
    from reconciler.ledger.recorded_plans import SqliteRecordedPlans

    return SqliteRecordedPlans(ledger_path(settings), clock=SystemClock(), actor=actor())
