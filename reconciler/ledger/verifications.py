"""What is remembered of looks at copies: one row for each copy, which newer looks move on."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection

from reconciler.core.canonical import utc_text, utc_time
from reconciler.core.job import JobId
from reconciler.core.receipt import Receipt, VerifiedReceipt
from reconciler.engine.copies import BagState, CopyId, Look, Reading, Verified
from reconciler.engine.ports import Clock
from reconciler.errors import LedgerError
from reconciler.ledger import lease
from reconciler.ledger.database import Database
from reconciler.ledger.revisions import RESTORE_HINT
from reconciler.ledger.rows import storable
from reconciler.ledger.statements import run_for_all

# A look that began earlier than the one recorded says nothing new, unless that one is of a time to come: a clock that
# was ahead for a day must not shut out what is found for a year.  What a reading found wrong, a reading takes back, and
# nothing else.
_LOOKED = """
    INSERT INTO verification (job_id, fingerprint, store, checked_at, read_at, whole_at, how, state, problem)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (job_id, fingerprint, store) DO UPDATE SET
        checked_at = excluded.checked_at,
        read_at = coalesce(excluded.read_at, verification.read_at),
        whole_at = coalesce(excluded.whole_at, verification.whole_at),
        how = CASE
            WHEN excluded.how = 'fast' AND verification.how = 'whole' AND verification.state <> 'whole'
            THEN verification.how ELSE excluded.how END,
        state = CASE
            WHEN excluded.how = 'fast' AND verification.how = 'whole' AND verification.state <> 'whole'
            THEN verification.state ELSE excluded.state END,
        problem = CASE
            WHEN excluded.how = 'fast' AND verification.how = 'whole' AND verification.state <> 'whole'
            THEN verification.problem ELSE excluded.problem END
    WHERE excluded.checked_at >= verification.checked_at OR verification.checked_at > ?
"""
_ALL = """
    SELECT job_id, fingerprint, store, checked_at, read_at, whole_at, how, state, problem FROM verification
"""


class SqlVerificationLog:
    """Implements engine.ports.VerificationLog: one short transaction each time, without the lease."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def record(self, looks: Sequence[Look]) -> None:
        """Record looks, all or none, durably."""
        with self._database.adding() as connection:
            lease.lock(connection)
            record_looks(connection, looks, now=self._clock.now())


def record_looks(connection: Connection, looks: Iterable[Look], *, now: datetime) -> None:
    """Record looks inside the caller's transaction."""
    until = utc_text(now)
    run_for_all(connection, _LOOKED, [(*_row(look), until) for look in looks])


def _row(look: Look) -> tuple[str | None, ...]:
    at, is_reading = utc_text(look.at), look.how is Reading.WHOLE
    return (
        *(look.copy.job_id, look.copy.fingerprint, storable(look.copy.store)),
        *(at, at if is_reading else None, at if is_reading and look.is_bag_whole else None),
        *(look.how.value, look.state.value, storable(look.problem)),
    )


def first_looks(proof: VerifiedReceipt) -> tuple[Look, ...]:
    """Give the first look at each copy: what was read back when it was archived."""
    return tuple(first_look(proof.receipt, each.store) for each in proof.read_backs)


def first_look(receipt: Receipt, store: str) -> Look:
    """Give the look at a copy that was read back whole when its receipt was made."""
    return Look(
        copy=CopyId.of(receipt, store),
        at=receipt.verified_at,
        how=Reading.WHOLE,
        state=BagState.WHOLE,
        is_bag_whole=True,
    )


def read_verifications(connection: Connection) -> dict[CopyId, Verified]:
    """Give what is remembered of each copy.

    Raises:
        LedgerError: a row says what no version of this program writes.
    """
    try:
        return {
            CopyId(JobId(row[0]), row[1], row[2]): Verified(
                checked_at=utc_time(row[3]),
                read_at=utc_time(row[4]) if row[4] else None,
                whole_at=utc_time(row[5]) if row[5] else None,
                how=Reading(row[6]),
                state=BagState(row[7]),
                problem=row[8],
            )
            for row in connection.exec_driver_sql(_ALL)
        }
    except ValueError as error:
        raise LedgerError(f"the ledger holds what cannot be read: {error}", hint=RESTORE_HINT) from error
