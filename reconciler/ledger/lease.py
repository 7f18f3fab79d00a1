"""The right of one run to write: one row, with an epoch that grows with each holder.

Every write transaction reads the row first and fails if its epoch is stale or its time is up, so a holder that slept
(a paused machine, a clock that jumped) cannot write after another took over.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, Engine, insert, select, update

from reconciler.errors import LockedByAnotherRun
from reconciler.ledger.tables import lease

SLOT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds, or asks for, the lease."""

    lease_id: str
    run_id: str
    owner: str
    operation: str


def take(connection: Connection, holder: Holder, *, now_ms: int, length_ms: int) -> int:
    """Take the lease inside the caller's transaction; give the new epoch.

    Raises:
        LockedByAnotherRun: somebody holds it, and its time is not up.
    """
    row = connection.execute(select(lease).where(lease.c.slot == SLOT)).one_or_none()
    if row is not None and row.expires_ms > now_ms:
        left = (row.expires_ms - now_ms) / 1000
        raise LockedByAnotherRun(
            f"another run holds the ledger: {row.operation} by {row.owner}, since "
            f"{(now_ms - row.acquired_ms) / 1000:.0f} s, until {left:.0f} s from now unless it goes on (lease "
            f"{row.lease_id})",
            hint="Wait for it; if it crashed, the lease runs out by itself.",
        )
    epoch = 1 if row is None else row.epoch + 1
    values = {
        "slot": SLOT,
        "epoch": epoch,
        "lease_id": holder.lease_id,
        "run_id": holder.run_id,
        "owner": holder.owner,
        "operation": holder.operation,
        "acquired_ms": now_ms,
        "expires_ms": now_ms + length_ms,
    }
    connection.execute(insert(lease).values(values) if row is None else update(lease).values(values))
    return epoch


def check(connection: Connection, epoch: int, *, now_ms: int, needed_ms: int = 0) -> None:
    """Make sure, inside the caller's transaction, that the lease is still this epoch's for `needed_ms` more.

    Raises:
        LockedByAnotherRun: it is not.
    """
    row = connection.execute(select(lease).where(lease.c.slot == SLOT)).one_or_none()
    if row is None or row.epoch != epoch:
        by = f" by {row.operation} of {row.owner}" if row is not None else ""
        raise LockedByAnotherRun(
            f"this run's right to write was taken over{by}; it stopped before writing",
            hint="Run the command again when the other run has ended.",
        )
    if row.expires_ms <= now_ms + needed_ms:
        raise LockedByAnotherRun(
            f"this run's lease ends in {(row.expires_ms - now_ms) / 1000:.1f} s, {needed_ms / 1000:.0f} s are needed; "
            "it stopped before writing",
            hint="Run the command again; the machine, or its clock, stood still for a while.",
        )


def extend(engine: Engine, epoch: int, *, now_ms: int, length_ms: int) -> bool:
    """Move the end of this epoch's lease; False when it is lost already."""
    with engine.begin() as connection:
        moved = connection.execute(
            update(lease)
            .where(lease.c.slot == SLOT, lease.c.epoch == epoch, lease.c.expires_ms > now_ms)
            .values(expires_ms=now_ms + length_ms)
        )
        return moved.rowcount == 1


def give_back(connection: Connection, epoch: int) -> None:
    """Free the lease, if it is still this epoch's."""
    connection.execute(update(lease).where(lease.c.slot == SLOT, lease.c.epoch == epoch).values(expires_ms=0))
