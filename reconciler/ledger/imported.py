"""Recording imported times: a time that is moved stays on record beside the one that replaced it."""

from sqlalchemy import Connection

from reconciler.core.canonical import utc_text
from reconciler.core.imports import Judged
from reconciler.ledger.audit_rows import NewEvent
from reconciler.ledger.statements import run_for_all

_ADD = "INSERT INTO imported_time (job_id, made_at, imported_at, source, digest) VALUES (?, ?, ?, ?, ?)"
_MOVE = "UPDATE imported_time SET replaced_at = ? WHERE job_id = ? AND replaced_at IS NULL"


def record_imported(connection: Connection, judged: Judged, *, source: str, digest: str, now: str) -> NewEvent:
    """Record the times; give the audit event, for the same transaction."""
    run_for_all(connection, _MOVE, [(now, row.job_id) for row in judged.moved])
    rows = [(row.job_id, utc_text(row.made_at), now, source, digest) for row in (*judged.new, *judged.moved)]
    run_for_all(connection, _ADD, rows)
    facts = (
        ("source", source),
        ("digest", digest),
        ("new", str(len(judged.new))),
        ("moved", str(len(judged.moved))),
        ("same", str(judged.same)),
    )
    return NewEvent("times_imported", facts)
