"""A ledger with stores that have the records of its runs and their receipts, and one made anew from these."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from reconciler.archive.memory import StoresMemory
from reconciler.archive.receipt_files import leave_receipt
from reconciler.archive.run_records import StoreRecords
from reconciler.archive.stores.local import LocalStore
from reconciler.core.job import JobId
from reconciler.core.steps import Phase
from reconciler.engine.outcome import JobResult, Outcome, Pace, RunReport
from reconciler.engine.ports import Run
from reconciler.engine.rebuilding import Rebuilt, rebuild
from reconciler.engine.run_record import keep_record
from reconciler.ledger.database import Database
from reconciler.ledger.rebuilding import NewLedger
from reconciler.ledger.run_rows import Who
from tests.support.ledger_values import FINGERPRINT, HandMadeClock, Place, database_of, ledger_at, proof

ADDRESSES = ("file:./one", "file:./two")


@dataclass
class Archived:
    """A ledger and the stores that its runs leave their records in."""

    place: Place
    folder: Path
    clock: HandMadeClock = field(default_factory=HandMadeClock)
    addresses: tuple[str, ...] = ADDRESSES

    @property
    def stores(self) -> tuple[LocalStore, ...]:
        return tuple(LocalStore(each, self.folder / each.removeprefix("file:./")) for each in self.addresses)

    def run(self, operation: str, work: Callable[[Run], None], plan_id: str = "", *, is_recorded: bool = True) -> str:
        """Make one run, and leave its record unless told otherwise; give its id."""
        ledger = ledger_at(self.place, self.clock)
        with ledger.open_run(operation, "acme", plan_id) as run:
            work(run)
        report = RunReport(
            run_id=run.run_id,
            plan_id=plan_id,
            account="acme",
            pace=Pace(calls=0, waited_s=0, overloads=0, lowest=1, rate=1),
            results=(JobResult(job_id=JobId("any"), outcome=Outcome.ARCHIVED, detail="archived"),),
        )
        if is_recorded:
            records = StoreRecords(self.stores, tool="a test", signer=None)
            assert keep_record(records, ledger.newest_events(), (), report).unrecorded == ()
        return run.run_id

    def archive(self, run: Run, name: str) -> None:
        """Archive a job as a run does: the bag and its receipt in every store, then the entry."""
        made = proof(name, at=self.clock.now())
        receipt = replace(made.receipt, stores=self.addresses)
        read_backs = tuple(replace(made.read_backs[0], store=each) for each in self.addresses)
        for store in self.stores:
            bag = self.folder / store.address.removeprefix("file:./") / receipt.bag
            bag.mkdir(parents=True, exist_ok=True)
            leave_receipt(store, receipt, tool="a test", signer=None)
        run.append(receipt.job_id, Phase.BEGIN, FINGERPRINT)
        run.record_archived(replace(made, receipt=receipt, read_backs=read_backs))

    def clean(self, run: Run, name: str) -> None:
        """Archive it and clean it."""
        self.archive(run, name)
        run.append(JobId(name), Phase.CLEANING, FINGERPRINT)
        run.record_cleaned(JobId(name), FINGERPRINT, "cleaned now")

    def made_anew(self, place: Place) -> Rebuilt:
        """Make another ledger from the stores alone."""
        return rebuild(StoresMemory(self.stores), new_ledger(database_of(place), self.clock), "acme")

    def receipts(self, name: str) -> list[Path]:
        return sorted(path for each in self.addresses for path in (self.folder / each[7:]).rglob(f"receipts/{name}/*"))

    def records(self, store: int = 0) -> list[Path]:
        """The files of the records in a store, oldest first."""
        folder = self.folder / self.addresses[store].removeprefix("file:./") / "runs"
        return sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)


def new_ledger(database: Database, clock: HandMadeClock) -> NewLedger:
    return NewLedger(database, Who.of("who rebuilds", "a test"), clock.now())
