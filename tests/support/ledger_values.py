"""A ledger in a folder, with a clock and a lease time that a test moves by hand."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from reconciler.core.job import JobId
from reconciler.core.receipt import BagFile, ReadBack, Receipt, VerifiedReceipt
from reconciler.ledger.database import Database
from reconciler.ledger.reader import SqlLedgerReader
from reconciler.ledger.run_rows import Who
from reconciler.ledger.sqlite import SqliteDatabase
from reconciler.ledger.writer import SqlLedger
from tests.support.values import NOON

FINGERPRINT = "sha256:" + "ab" * 32
FILES = (BagFile(path="data/job.json", size=9, sha256="b" * 64),)


@dataclass
class HandMadeClock:
    """Wall clock and lease clock in one; moving it moves both."""

    moment: datetime = NOON

    def now(self) -> datetime:
        return self.moment

    def now_ms(self) -> int:
        return int(self.moment.timestamp() * 1000)

    def pass_by(self, span: timedelta) -> None:
        self.moment += span


Place = Path | Database
"""A ledger's file, or any database."""


def database_of(place: Place) -> Database:
    return SqliteDatabase(place) if isinstance(place, Path) else place


@contextmanager
def changing(place: Place) -> Iterator[Callable[[str], int]]:
    """Give what changes rows behind the program's back, and tells how many."""
    engine = database_of(place).writing(at="", say=print)

    def change(statement: str) -> int:
        with engine.begin() as connection:
            return connection.exec_driver_sql(statement).rowcount

    try:
        yield change
    finally:
        engine.dispose()


def reader_at(place: Place) -> SqlLedgerReader:
    return SqlLedgerReader(database_of(place))


def ledger_at(place: Place, clock: HandMadeClock | None = None, *, lease_s: float = 60.0) -> SqlLedger:
    hands = clock or HandMadeClock()
    return SqlLedger(
        database_of(place), clock=hands, who=Who.of("a test", "a test"), lease_s=lease_s, now_ms=hands.now_ms
    )


def proof(job: str = "a", fingerprint: str = FINGERPRINT, *, at: datetime = NOON) -> VerifiedReceipt:
    receipt = Receipt(
        job_id=JobId(job),
        fingerprint=fingerprint,
        bag=f"jobs/{job}/abababababab",
        stores=("file:./archive",),
        files=FILES,
        evidence=(("data/assets/video.mp4", "length 9 as declared"),),
        verified_at=at,
    )
    return VerifiedReceipt(receipt=receipt, read_backs=(ReadBack(store="file:./archive", files=FILES),), copies=1)


@dataclass(frozen=True)
class OneKey:
    """Whoever holds a key: a stand-in that needs no service."""

    name: str = "one"

    def mark(self, lineage: str) -> str:
        return f"plain:{self.name}-{lineage}"
