"""What a rebuilt ledger holds for a while: every job, since what protected it may be lost with the old one (I13).

A hold of a deleted `protect` rule may have been set after the last record that a store has.  The old ledger would have
lifted it after two recorded runs `clean.release_delay` apart, and so does this one: a hold of the same kind is set for
each job of the first list that it records, and goes the way of all holds (reconciler.core.protection).
"""

from sqlalchemy import Connection, insert, literal, select

from reconciler.ledger.rebuilt import rebuilt_at
from reconciler.ledger.tables import hold, job

RULE = "(rebuilt ledger)"
REASON = "the ledger was rebuilt from the archive: what protected this job may be lost"


def hold_if_rebuilt(connection: Connection, set_at: str) -> None:
    """Hold every job, if this ledger was rebuilt; asked for at the first list that it records."""
    if rebuilt_at(connection) is None:
        return
    each = select(job.c.job_id, literal(RULE), literal(""), literal(REASON), literal(set_at)).where(
        job.c.left_at.is_(None)
    )
    connection.execute(insert(hold).from_select(["job_id", "rule", "owner", "reason", "set_at"], each))
