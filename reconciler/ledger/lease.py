"""The right of one run to write: one row, with an epoch that grows with each holder.

Every write transaction locks and reads the row first and fails if its epoch is stale or its time is up, so a holder
that slept (a paused machine, a clock that jumped) cannot write after another took over.  The lease's time is that of
the database's machine: several machines then agree on it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Connection, Engine, Row, bindparam, func, select, text, update
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from reconciler.errors import LockedByAnotherRun
from reconciler.ledger.tables import lease

SLOT = 1
Clock = Callable[[], int] | None
"""Gives milliseconds since 1970; None: the database's own clock."""


class _DatabaseMs(FunctionElement[int]):
    """The time of the database's machine, in milliseconds since 1970, also inside a transaction."""

    type = BigInteger()
    inherit_cache = True


@compiles(_DatabaseMs, "sqlite")
def _sqlite_ms(_element: _DatabaseMs, _compiler: SQLCompiler, **_options: object) -> str:
    return "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"


@compiles(_DatabaseMs, "postgresql")
def _postgres_ms(_element: _DatabaseMs, _compiler: SQLCompiler, **_options: object) -> str:
    return "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)"


_NOW = func.coalesce(bindparam("told_ms", type_=BigInteger), _DatabaseMs())
# The inner select waits for the row, the outer one reads the clock: it tells the time at which the row was had.
_ROW = select(lease).where(lease.c.slot == SLOT).with_for_update().subquery("held")
_HELD = select(_ROW, _NOW.label("now_ms"))
_SEEN = select(lease, _NOW.label("now_ms")).where(lease.c.slot == SLOT)
_FIRST = text(
    "INSERT INTO lease (slot, epoch, lease_id, run_id, owner, operation, acquired_ms, expires_ms) "
    "VALUES (1, 0, '', '', '', '', 0, 0) ON CONFLICT DO NOTHING"
)
_TAKEN = (
    update(lease)
    .where(lease.c.slot == SLOT)
    .values({column.name: bindparam(f"new_{column.name}") for column in lease.c if column.name != "slot"})
)
_EXTENDED = (
    update(lease)
    .where(lease.c.slot == SLOT, lease.c.epoch == bindparam("its_epoch"), lease.c.expires_ms > _NOW)
    .values(expires_ms=_NOW + bindparam("length_ms", type_=BigInteger))
)
_PROLONGED = (
    update(lease)
    .where(lease.c.slot == SLOT, lease.c.epoch == bindparam("its_epoch"))
    .values(expires_ms=_NOW + bindparam("length_ms", type_=BigInteger))
)
_GIVEN_BACK = update(lease).where(lease.c.slot == SLOT, lease.c.epoch == bindparam("its_epoch")).values(expires_ms=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds, or asks for, the lease."""

    lease_id: str
    run_id: str
    owner: str
    operation: str


def lock(connection: Connection, now_ms: Clock = None) -> Row[Any] | None:
    """Wait until no other transaction has the row, and give it with the time, as `now_ms`; None before the first run.

    Whatever follows in the transaction comes after everything that others have written.
    """
    return connection.execute(_HELD, {"told_ms": now_ms() if now_ms else None}).one_or_none()


def take(connection: Connection, holder: Holder, *, now_ms: Clock, length_ms: int) -> int:
    """Take the lease inside the caller's transaction; give the new epoch.

    Raises:
        LockedByAnotherRun: somebody holds it, and its time is not up.
    """
    row = lock(connection, now_ms)
    if row is None:  # the first run of all; of two, one makes the row, and the other waits for it here
        connection.execute(_FIRST)
        return take(connection, holder, now_ms=now_ms, length_ms=length_ms)
    if row.expires_ms > row.now_ms:
        raise _held(row)
    return _give(connection, row, holder, expires_ms=row.now_ms + length_ms)


def free(connection: Connection, lease_id: str, holder: Holder, *, now_ms: Clock, wait_ms: int = 0) -> Row[Any] | None:
    """Take the lease from whoever holds it by this id; give its row as it was, None if nobody held one.

    The epoch grows, so whoever held it writes nothing more, alive or not.  The next one may have it in `wait_ms`, or
    when it would have run out.

    Raises:
        LockedByAnotherRun: it is held by another id.
    """
    row = lock(connection, now_ms)
    if row is None or row.expires_ms <= row.now_ms:
        return None
    if row.lease_id != lease_id:
        raise _held(row)
    _give(connection, row, holder, expires_ms=min(row.now_ms + wait_ms, row.expires_ms) if wait_ms else 0)
    return row


def _give(connection: Connection, row: Row[Any], holder: Holder, *, expires_ms: int) -> int:
    values = {
        "epoch": row.epoch + 1,
        "lease_id": holder.lease_id,
        "run_id": holder.run_id,
        "owner": holder.owner,
        "operation": holder.operation,
        "acquired_ms": row.now_ms,
        "expires_ms": expires_ms,
    }
    connection.execute(_TAKEN, {f"new_{name}": given for name, given in values.items()})
    return int(row.epoch) + 1


def holder(connection: Connection, now_ms: Clock = None) -> LockedByAnotherRun:
    """Tell, without waiting, who keeps others from the row: the lease's holder, or a program that needs no lease."""
    row = connection.execute(_SEEN, {"told_ms": now_ms() if now_ms else None}).one_or_none()
    if row is not None and row.expires_ms > row.now_ms:
        return _held(row)
    return LockedByAnotherRun(
        "another program writes to the ledger, and does not come to an end; no run holds it",
        hint="Run the command again (--lock-timeout 5m waits for it); see what stands still on the ledger's machine.",
    )


def _held(row: Row[Any]) -> LockedByAnotherRun:
    for_s, left_s = (row.now_ms - row.acquired_ms) / 1000, (row.expires_ms - row.now_ms) / 1000
    return LockedByAnotherRun(
        f"another run holds the ledger: {row.operation} by {row.owner}, for {for_s:.0f} s now; its lease "
        f"({row.lease_id}) ends in {left_s:.0f} s unless it goes on",
        hint="Wait for it (--lock-timeout 5m); if it is dead, its lease runs out by itself, and at once with: "
        f"reconciler unlock {row.lease_id}",
    )


def check(connection: Connection, epoch: int, *, now_ms: Clock, needed_ms: int = 0) -> None:
    """Make sure, inside the caller's transaction, that the lease is still this epoch's for `needed_ms` more.

    Raises:
        LockedByAnotherRun: it is not.
    """
    row = lock(connection, now_ms)
    if row is None or row.epoch != epoch:
        by = f" by {row.operation} of {row.owner}" if row is not None else ""
        raise LockedByAnotherRun(
            f"this run's right to write was taken over{by}; it stopped before writing",
            hint="Run the command again when the other run has ended.",
        )
    if row.expires_ms <= row.now_ms + needed_ms:
        raise LockedByAnotherRun(
            f"this run's lease ends in {(row.expires_ms - row.now_ms) / 1000:.1f} s, {needed_ms / 1000:.0f} s are "
            "needed; it stopped before writing",
            hint="Run the command again; the machine, or its clock, stood still for a while.",
        )


def extend(engine: Engine, epoch: int, *, now_ms: Clock, length_ms: int) -> bool:
    """Move the end of this epoch's lease; False when it is lost already."""
    with engine.begin() as connection:
        told = {"its_epoch": epoch, "told_ms": now_ms() if now_ms else None, "length_ms": length_ms}
        return connection.execute(_EXTENDED, told).rowcount == 1


def prolong(connection: Connection, epoch: int, *, now_ms: Clock, length_ms: int) -> None:
    """Move the end of this epoch's lease at the end of a long transaction, whatever time it is.

    The transaction had the row from its beginning: nobody can have taken the lease, and no sign of life could be given.
    """
    told = {"its_epoch": epoch, "told_ms": now_ms() if now_ms else None, "length_ms": length_ms}
    connection.execute(_PROLONGED, told)


def give_back(connection: Connection, epoch: int) -> None:
    """Free the lease, if it is still this epoch's."""
    connection.execute(_GIVEN_BACK, {"its_epoch": epoch})
