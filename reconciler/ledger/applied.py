"""The rules of the file that was applied last, and what an apply was allowed beyond its file."""

import json
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from reconciler.core.applied import AppliedFile, AppliedRule, rule_from, rule_json
from reconciler.core.canonical import canonical_json, utc_text, utc_time
from reconciler.core.guards import limit_text
from reconciler.engine.ports import Approved
from reconciler.ledger import tables
from reconciler.ledger.audit_rows import NewEvent
from reconciler.ledger.rebuilt import OPERATION
from reconciler.ledger.rows import storable


def record_approved(connection: Connection, approved: Approved, run_id: str) -> tuple[NewEvent, ...]:
    """Record the file, if it is another than the one before; give the audit events, for the same transaction."""
    events = [
        NewEvent("limit_raised", (("limit", key), ("file", limit_text(key, ours)), ("plan", limit_text(key, plan))))
        for key, ours, plan in approved.approvals.changed(approved.limits)
    ]
    rules = approved.rules
    if rules is not None and rules.lost:
        facts = (("loss", rules.name), *(("rule", f"{each.rule} ({each.how.value})") for each in rules.lost))
        events.append(NewEvent("rules_lost", facts))
    if approved.file is not None and not _is_newest(connection, approved.file.digest):
        _record(connection, approved.file, run_id)
        facts = (("digest", approved.file.digest), ("rules", str(len(approved.file.rules))))
        events.append(NewEvent("file_applied", facts))
    return tuple(events)


def _newest(connection: Connection) -> Row[Any] | None:
    """Give the file that was applied last, and what the run was that put it here."""
    file, run = tables.applied_file, tables.run
    return connection.execute(
        select(file, run.c.operation).join(run, run.c.run_id == file.c.run_id).order_by(file.c.number.desc()).limit(1)
    ).one_or_none()


def _is_newest(connection: Connection, digest: str) -> bool:
    newest = _newest(connection)
    return newest is not None and newest.digest == digest and newest.operation != OPERATION


def _record(connection: Connection, file: AppliedFile, run_id: str) -> None:
    values = {"run_id": run_id, "digest": file.digest, "applied_at": utc_text(file.applied_at)}
    table = tables.applied_file
    number = connection.execute(insert(table).values(values).returning(table.c.number)).scalar_one()
    rows = [
        {
            "file": number,
            "position": position,
            "name": storable(each.rule.name),
            "kept": each.kept,
            "meaning": canonical_json(rule_json(each.rule)).decode("ascii"),
        }
        for position, each in enumerate(file.rules)
    ]
    if rows:
        connection.execute(insert(tables.applied_rule), rows)


def read_applied(connection: Connection) -> AppliedFile | None:
    """Give the rules of the file that was applied last, None where none was.

    Raises:
        ValueError, KeyError: a row says what no version of this program writes.
    """
    rule, newest = tables.applied_rule, _newest(connection)
    if newest is None:
        return None
    rows = connection.execute(
        select(rule.c.name, rule.c.kept, rule.c.meaning).where(rule.c.file == newest.number).order_by(rule.c.position)
    )
    return AppliedFile(
        digest=newest.digest,
        applied_at=utc_time(newest.applied_at),
        rules=tuple(AppliedRule(rule_from(name, json.loads(meaning)), kept) for name, kept, meaning in rows),
        is_known=newest.operation != OPERATION,
    )
