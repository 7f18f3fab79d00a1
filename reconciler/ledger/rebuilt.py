"""Was this ledger made anew from the stores of the archive, and when last?"""

from datetime import datetime

from sqlalchemy import Connection, func, select

from reconciler.core.canonical import utc_time
from reconciler.ledger import tables

OPERATION = "ledger-rebuild"
"""What the run is called that makes a ledger anew."""


def rebuilt_at(connection: Connection) -> datetime | None:
    """Give when it was last made anew, None where it never was."""
    run = tables.run.c
    newest: str | None = connection.scalar(select(func.max(run.started_at)).where(run.operation == OPERATION))
    return None if newest is None else utc_time(newest)
