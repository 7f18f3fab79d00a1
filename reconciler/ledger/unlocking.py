"""Taking the lease from a run that is dead, before its time is up."""

from sqlalchemy import select

from reconciler.core.steps import Phase
from reconciler.engine.account import Unlocked
from reconciler.engine.job_steps import CLEAN_TAKES_AT_MOST_S
from reconciler.engine.ports import Clock
from reconciler.ledger import lease, tables
from reconciler.ledger.audit_rows import NewEvent, add_events
from reconciler.ledger.database import Database
from reconciler.ledger.run_rows import Who, begin_run, end_run, new_name

_LATER = tables.entry.alias("later")
_OPEN_CLEAN = (
    select(tables.entry.c.job_id)
    .where(tables.entry.c.phase == Phase.CLEANING.value)
    .where(
        ~select(_LATER.c.sequence)
        .where(_LATER.c.job_id == tables.entry.c.job_id, _LATER.c.sequence > tables.entry.c.sequence)
        .exists()
    )
    .limit(1)
)


def unlock(database: Database, lease_id: str, *, clock: Clock, who: Who, now_ms: lease.Clock = None) -> Unlocked | None:
    """Take the lease of that id from whoever holds it; None if nobody holds one.

    The holder writes nothing more from now on, should it be alive after all, and so begins no clean.  Where a clean of
    its may be on its way, the lease stays taken for as long as that may take.  It is a run of its own in the audit.

    Raises:
        LockedByAnotherRun: the lease that is held is another one.
        LedgerError: there is no ledger, or it cannot be written.
    """
    run_id, now = new_name("run"), clock.now()
    with database.adding() as connection:
        wait_s = CLEAN_TAKES_AT_MOST_S if connection.scalar(_OPEN_CLEAN) is not None else 0.0
        holder = lease.Holder(lease_id=new_name("lease"), run_id=run_id, owner=who.actor, operation="unlock")
        row = lease.free(connection, lease_id, holder, now_ms=now_ms, wait_ms=int(wait_s * 1000))
        if row is None:
            return None
        account = connection.scalar(select(tables.account.c.name)) or ""
        begin_run(
            connection, run_id, who, epoch=row.epoch + 1, operation="unlock", account=account, plan_id="", now=now
        )
        facts = (("lease", row.lease_id), ("run", row.run_id), ("owner", row.owner), ("operation", row.operation))
        add_events(connection, [NewEvent("unlocked", facts)], at=now, run_id=run_id, actor=who.actor)
        end_run(connection, run_id, who, outcome="done", now=now)
    return Unlocked(operation=row.operation, owner=row.owner, run_id=row.run_id, wait_s=wait_s)
