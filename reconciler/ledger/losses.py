"""Jobs that left before what they last showed was archived: noticed by the observation that first misses them."""

from sqlalchemy import Connection

from reconciler.ledger.audit_rows import NewEvent
from reconciler.ledger.statements import run_for_all

# Ours are never lost: a clean of ours had its receipt, whatever a list that lags has shown of the job since.
_NEWLY_LOST = """
    SELECT job_id, live_fingerprint, left_how,
        (SELECT max(verified_at) FROM receipt WHERE receipt.job_id = job.job_id)
    FROM job
    WHERE left_at IS NOT NULL AND lost_at IS NULL AND live_fingerprint IS NOT NULL
        AND NOT EXISTS (
            SELECT 1 FROM receipt WHERE receipt.job_id = job.job_id AND receipt.fingerprint = job.live_fingerprint)
        AND NOT EXISTS (SELECT 1 FROM entry WHERE entry.job_id = job.job_id AND entry.phase = 'cleaned')
    ORDER BY sequence
"""
_LOST = "UPDATE job SET lost_at = ? WHERE job_id = ?"
_BACK = "SELECT job_id, lost_at FROM job WHERE left_at IS NULL AND lost_at IS NOT NULL ORDER BY sequence"
_FOUND = "UPDATE job SET lost_at = NULL WHERE job_id = ?"


def record_losses(connection: Connection, seen_at: str) -> tuple[NewEvent, ...]:
    """Record who was lost by the observation that was just recorded, and who is there again after all.

    Gives the audit event of each, for the same transaction.  A loss is told once: from then on `lost_at` is set.
    """
    lost = connection.exec_driver_sql(_NEWLY_LOST).all()
    back = connection.exec_driver_sql(_BACK).all()
    run_for_all(connection, _LOST, [(seen_at, row[0]) for row in lost])
    run_for_all(connection, _FOUND, [(row[0],) for row in back])
    return (
        *(
            NewEvent("lost", (("fingerprint", live), ("how", how or ""), ("archived", archived_at or "never")), job_id)
            for job_id, live, how, archived_at in lost
        ),
        *(NewEvent("lost_and_found", (("lost_at", lost_at),), job_id) for job_id, lost_at in back),
    )
