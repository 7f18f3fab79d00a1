"""Recording a decision: who waits since when, and the steps of holds, each with its audit event."""

from datetime import datetime
from typing import assert_never

from sqlalchemy import Connection

from reconciler.core.canonical import utc_text
from reconciler.core.protection import HoldChange, HoldStep
from reconciler.core.recording import DecisionRecord
from reconciler.ledger.audit_rows import NewEvent
from reconciler.ledger.rows import storable
from reconciler.ledger.statements import run_for_all

_WAITS = "UPDATE job SET released_since = ? WHERE job_id = ?"
_KEPT = "UPDATE job SET kept_until = ? WHERE job_id = ?"
_SET = """
    INSERT INTO hold (owner, reason, until, unkept_since, set_at, job_id, rule) VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_CHANGED = """
    UPDATE hold SET owner = ?, reason = ?, until = ?, unkept_since = ?
    WHERE job_id = ? AND rule = ? AND ended_at IS NULL
"""
_ENDED = "UPDATE hold SET ended_at = ?, ended_how = ? WHERE job_id = ? AND rule = ? AND ended_at IS NULL"


def record_waits(connection: Connection, record: DecisionRecord) -> None:
    """Record since when jobs wait, that others do no more, and until when rules keep the rest."""
    rows = [(_text(wait.since), wait.job_id) for wait in record.waits]
    run_for_all(connection, _WAITS, rows)
    kept = [(_text(each.until), each.job_id) for each in record.kept]
    run_for_all(connection, _KEPT, kept)


def record_holds(connection: Connection, record: DecisionRecord) -> tuple[NewEvent, ...]:
    """Record the steps of holds; give the audit event of each, for the same transaction."""
    rows: dict[str, list[tuple[str | None, ...]]] = {}
    for change in record.holds:
        statement, row = _written(change, utc_text(record.at))
        rows.setdefault(statement, []).append(row)
    for statement, several in rows.items():
        run_for_all(connection, statement, several)
    return tuple(_event(change) for change in record.holds)


def _written(change: HoldChange, at: str) -> tuple[str, tuple[str | None, ...]]:
    hold, key = change.hold, (change.job_id, storable(change.hold.rule))
    facts = (storable(hold.owner), storable(hold.reason), _text(hold.until), _text(hold.unkept_since))
    match change.step:
        case HoldStep.SET:
            return _SET, (*facts, utc_text(hold.set_at), *key)
        case HoldStep.CHANGED | HoldStep.UNKEPT:
            return _CHANGED, (*facts, *key)
        case HoldStep.LIFTED:
            return _ENDED, (at, "lifted", *key)
        case HoldStep.ENDED:
            return _ENDED, (at, "until", *key)
        case _:
            assert_never(change.step)


def _event(change: HoldChange) -> NewEvent:
    hold = change.hold
    told = (
        ("rule", hold.rule),
        ("owner", hold.owner),
        ("reason", hold.reason),
        ("until", _text(hold.until) or ""),
        ("unkept_since", _text(hold.unkept_since) or ""),
    )
    return NewEvent(f"hold_{change.step.value}", tuple((name, text) for name, text in told if text), change.job_id)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else utc_text(moment)
