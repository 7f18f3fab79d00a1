"""Rows to values and back: receipts, entries, audit events."""

import json
from typing import Any

from sqlalchemy import Row

from reconciler.core.audit import AuditEvent
from reconciler.core.canonical import canonical_json, digest_of_bytes, utc_text, utc_time
from reconciler.core.job import JobId
from reconciler.core.receipt import BagFile, Receipt
from reconciler.core.steps import Entry, Phase
from reconciler.engine.account import RunSeen


def receipt_text(receipt: Receipt) -> str:
    """Write a receipt as canonical JSON."""
    return canonical_json(
        {
            "v": 1,
            "job": receipt.job_id,
            "fingerprint": receipt.fingerprint,
            "bag": receipt.bag,
            "stores": list(receipt.stores),
            "files": [[file.path, file.size, file.sha256] for file in receipt.files],
            "evidence": [list(pair) for pair in receipt.evidence],
            "verified_at": utc_text(receipt.verified_at),
        }
    ).decode("ascii")


def receipt_row(receipt: Receipt) -> dict[str, Any]:
    """Give the columns of `receipt` that the receipt itself tells; its digest is its name."""
    statement = receipt_text(receipt)
    return {
        "digest": digest_of_bytes(statement.encode("ascii")),
        "job_id": receipt.job_id,
        "fingerprint": receipt.fingerprint,
        "bag": receipt.bag,
        "verified_at": utc_text(receipt.verified_at),
        "statement": statement,
        "size": receipt.size,
    }


def read_receipt(text: str) -> Receipt:
    """Read what `receipt_text` wrote."""
    read = json.loads(text)
    return Receipt(
        job_id=JobId(read["job"]),
        fingerprint=read["fingerprint"],
        bag=read["bag"],
        stores=tuple(read["stores"]),
        files=tuple(BagFile(path=path, size=size, sha256=sha256) for path, size, sha256 in read["files"]),
        evidence=tuple((path, line) for path, line in read["evidence"]),
        verified_at=utc_time(read["verified_at"]),
    )


def read_entry(row: Row[Any]) -> Entry:
    """Read a row of `entry`."""
    return Entry(
        sequence=row.sequence,
        run_id=row.run_id,
        job_id=JobId(row.job_id),
        phase=Phase(row.phase),
        fingerprint=row.fingerprint,
        detail=row.detail,
    )


def read_run(row: Row[Any]) -> RunSeen:
    """Read a row of `run`."""
    return RunSeen(
        run_id=row.run_id,
        operation=row.operation,
        actor=row.actor,
        started_at=utc_time(row.started_at),
        ended_at=utc_time(row.ended_at) if row.ended_at else None,
        outcome=row.outcome or "",
    )


def storable(text: str) -> str:
    """Escape what a database cannot hold as text: a zero, and half a character.  The service's words may have both."""
    return text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode("utf-8")


def facts_text(facts: tuple[tuple[str, str], ...]) -> str:
    """Write an audit event's facts."""
    return canonical_json([list(pair) for pair in facts]).decode("ascii")


def audit_row(event: AuditEvent) -> dict[str, Any]:
    """Give an event as a row of `audit`."""
    return {
        "sequence": event.sequence,
        "at": utc_text(event.at),
        "run_id": event.run_id,
        "actor": event.actor,
        "event": event.event,
        "job_id": event.job_id,
        "facts": facts_text(event.facts),
        "previous": event.previous,
        "hash": event.hash,
    }


def read_audit_event(row: Row[Any]) -> AuditEvent:
    """Read a row of `audit`."""
    return AuditEvent(
        sequence=row.sequence,
        at=utc_time(row.at),
        run_id=row.run_id,
        actor=row.actor,
        event=row.event,
        job_id=row.job_id,
        facts=tuple((name, text) for name, text in json.loads(row.facts)),
        previous=row.previous,
        hash=row.hash,
    )
