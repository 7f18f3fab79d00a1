"""Rows of a job's way out, by statements that are made once: for a single row, one costs more to make than to run."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update

from reconciler.core.canonical import utc_text
from reconciler.core.job import JobId
from reconciler.core.receipt import Receipt
from reconciler.core.steps import IllegalPhase, Phase, check_step
from reconciler.errors import LedgerError
from reconciler.ledger.rows import receipt_row, storable
from reconciler.ledger.tables import entry, job, receipt

_LAST_PHASE = (
    select(entry.c.phase).where(entry.c.job_id == bindparam("of_job")).order_by(entry.c.sequence.desc()).limit(1)
)
_ADD_ENTRY = insert(entry).inline()
_SAME_RECEIPT = select(receipt.c.digest).where(receipt.c.digest == bindparam("its_digest"))
_ADD_RECEIPT = insert(receipt)
_SEEN_LIVE = (
    update(job)
    .where(job.c.job_id == bindparam("of_job"), job.c.left_at.is_(None))
    .values(live_fingerprint=bindparam("shown"))
)
_LEFT = update(job).where(job.c.job_id == bindparam("of_job")).values(left_at=bindparam("at"), left_how="cleaned")


def add_entry(
    connection: Connection,
    job_id: JobId,
    phase: Phase,
    fingerprint: str,
    *,
    run_id: str,
    epoch: int,
    at: datetime,
    detail: str = "",
) -> None:
    """Add an entry behind the job's last.

    Raises:
        LedgerError: the phase may not follow that one.
    """
    before = connection.scalar(_LAST_PHASE, {"of_job": job_id})
    try:
        check_step(Phase(before) if before else None, phase)
    except IllegalPhase as error:
        raise LedgerError(f"job {job_id}: {error}", hint="This is a bug; nothing was written.") from error
    row = {
        "run_id": run_id,
        "epoch": epoch,
        "job_id": job_id,
        "phase": phase.value,
        "fingerprint": fingerprint,
        "at": utc_text(at),
        "detail": storable(detail),
    }
    connection.execute(_ADD_ENTRY, row)


def add_receipt(connection: Connection, proved: Receipt, run_id: str) -> str:
    """Add a receipt, and give its name.  A bag that was there before is proved again, with a receipt each time."""
    row = receipt_row(proved)
    name: str = row["digest"]
    if connection.scalar(_SAME_RECEIPT, {"its_digest": name}) is None:
        connection.execute(_ADD_RECEIPT, {"run_id": run_id, **row})
    return name


def mark_seen_live(connection: Connection, proved: Receipt) -> None:
    """Record that a job showed what was archived.  It was asked for alone, and a list may never show as much of it."""
    connection.execute(_SEEN_LIVE, {"of_job": proved.job_id, "shown": proved.fingerprint})


def mark_cleaned(connection: Connection, job_id: JobId, at: datetime) -> None:
    """Record that a job left, cleaned by us."""
    connection.execute(_LEFT, {"of_job": job_id, "at": utc_text(at)})
