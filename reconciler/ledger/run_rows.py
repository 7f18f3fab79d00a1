"""The row of a run, and the events that open and close it in the audit chain: every run has both."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, update

from reconciler.core.canonical import utc_text
from reconciler.ledger import tables
from reconciler.ledger.audit_rows import NewEvent, add_events
from reconciler.ledger.rows import storable

Facts = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Who runs which program, as the audit tells it; `origin` are facts of where the run comes from."""

    actor: str
    tool: str
    origin: Facts = ()

    @classmethod
    def of(cls, actor: str, tool: str, origin: Facts = ()) -> "Who":
        """Give names as long as their columns: one kind of database would cut nothing, the other refuses."""
        return cls(actor=storable(actor)[:200], tool=storable(tool)[:100], origin=origin)


def new_name(kind: str) -> str:
    """Give a name that nothing else has: of a run, of a lease."""
    return f"{kind}-{uuid.uuid4().hex[:12]}"


def begin_run(
    connection: Connection,
    run_id: str,
    who: Who,
    *,
    epoch: int,
    operation: str,
    account: str,
    plan_id: str,
    now: datetime,
) -> None:
    """Add a run that begins, and the event of it."""
    row = {"epoch": epoch, "operation": operation, "plan_id": plan_id, "actor": who.actor, "tool": who.tool}
    connection.execute(insert(tables.run).values(run_id=run_id, started_at=utc_text(now), **row))
    facts = (("operation", operation), ("account", account), ("plan", plan_id), ("tool", who.tool), *who.origin)
    add_events(connection, [NewEvent("run_started", facts)], at=now, run_id=run_id, actor=who.actor)


def end_run(connection: Connection, run_id: str, who: Who, *, outcome: str, now: datetime, why: Facts = ()) -> None:
    """Record how a run ended, and the event of it, with what more there is to tell."""
    connection.execute(
        update(tables.run).where(tables.run.c.run_id == run_id).values(ended_at=utc_text(now), outcome=outcome[:60])
    )
    event = NewEvent("run_finished", (("outcome", outcome), *why))
    add_events(connection, [event], at=now, run_id=run_id, actor=who.actor)
