"""Adding to the audit chain, inside the transaction of what the event tells."""

from datetime import datetime

from sqlalchemy import Connection, insert, select

from reconciler.core.audit import GENESIS, event_hash
from reconciler.core.canonical import utc_text
from reconciler.ledger.rows import facts_text
from reconciler.ledger.tables import audit


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
    last = connection.execute(
        select(audit.c.sequence, audit.c.hash).order_by(audit.c.sequence.desc()).limit(1)
    ).one_or_none()
    sequence, previous = (last.sequence + 1, last.hash) if last else (1, GENESIS)
    hashed = event_hash(
        sequence=sequence,
        at=at,
        run_id=run_id,
        actor=actor,
        event=event,
        job_id=job_id,
        facts=facts,
        previous=previous,
    )
    connection.execute(
        insert(audit).values(
            sequence=sequence,
            at=utc_text(at),
            run_id=run_id,
            actor=actor,
            event=event,
            job_id=job_id,
            facts=facts_text(facts),
            previous=previous,
            hash=hashed,
        )
    )
    return hashed
