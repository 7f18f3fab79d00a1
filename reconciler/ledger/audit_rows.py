"""Adding to the audit chain, inside the transaction of what the event tells; and reading it, row by row."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from reconciler.core.audit import GENESIS, AuditEvent, Sought, event_hash
from reconciler.core.canonical import utc_text
from reconciler.ledger.rows import audit_row, read_audit_event
from reconciler.ledger.tables import audit


@dataclass(frozen=True, slots=True)
class NewEvent:
    """One event to be told: see reconciler.core.audit.AuditEvent."""

    event: str
    facts: tuple[tuple[str, str], ...]
    job_id: str = ""


# Made once: for a single row, a statement costs more to make than to run.
_LAST = select(audit.c.sequence, audit.c.hash).order_by(audit.c.sequence.desc()).limit(1)
_ADD = insert(audit)


def add_event(
    connection: Connection,
    *,
    at: datetime,
    run_id: str,
    actor: str,
    event: str,
    facts: tuple[tuple[str, str], ...],
    job_id: str = "",
) -> str:
    """Add one event behind the last; give its hash, the new head of the chain."""
    return add_events(connection, (NewEvent(event, facts, job_id),), at=at, run_id=run_id, actor=actor)


def add_events(connection: Connection, events: Sequence[NewEvent], *, at: datetime, run_id: str, actor: str) -> str:
    """Add events of one moment behind the last, in their order; give the new head of the chain."""
    last = connection.execute(_LAST).one_or_none()
    before, previous = (last.sequence, last.hash) if last else (0, GENESIS)
    rows = []
    for sequence, new in enumerate(events, start=before + 1):
        fields: dict[str, Any] = {
            "sequence": sequence,
            "at": at,
            "run_id": run_id,
            "actor": actor,
            "event": new.event,
            "job_id": new.job_id,
            "facts": new.facts,
            "previous": previous,
        }
        event = AuditEvent(**fields, hash=event_hash(**fields))
        rows.append(audit_row(event))
        previous = event.hash
    if rows:
        connection.execute(_ADD, rows)
    return previous


ANY = Sought()
ROWS_AT_A_TIME = 1000


def read_events(connection: Connection, sought: Sought = ANY, *, is_newest_first: bool = False) -> Iterator[AuditEvent]:
    """Give the events that are asked for, in order, or the newest first; read as they are taken.

    A time is asked of each event by itself: a clock may have been set back in between.
    """
    statement = select(audit).order_by(audit.c.sequence.desc() if is_newest_first else audit.c.sequence)
    if sought.job_id:
        statement = statement.where(audit.c.job_id == sought.job_id)
    if sought.run_id:
        statement = statement.where(audit.c.run_id == sought.run_id)
    if sought.since is not None:
        statement = statement.where(audit.c.at >= utc_text(sought.since))
    # Whoever reads may have had enough in the middle.
    with connection.execute(statement.execution_options(yield_per=ROWS_AT_A_TIME)) as rows:
        for row in rows:
            yield read_audit_event(row)
