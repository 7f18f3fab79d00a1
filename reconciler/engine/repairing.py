"""Read bags again, and make copies that are not whole anew from those that are; each is told in the audit.

A receipt's file that is missing or torn beside a whole bag is written anew from the ledger's receipt.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from reconciler.core.job import JobId
from reconciler.core.receipt import Receipt
from reconciler.engine.copies import BagCheck, BagState, Reading, look_of
from reconciler.engine.ports import BagVerifier, Clock, Ledger, Run, VerificationLog
from reconciler.engine.verifying import Chosen, Recorder, VerifyReport, Wanted, choose, recording, report_of
from reconciler.errors import ArchiveError, StoreNotWritable

LEDGER = "the ledger"
"""The source of a receipt's file that was made anew."""


class BagMender(Protocol):
    """Writes to stores, and never where nothing was wrong."""

    @property
    def stores(self) -> frozenset[str]:
        """The stores that can be mended, by their addresses."""

    def mend(self, receipt: Receipt, store: str, source: str) -> str:
        """Make the copy in `store` anew from `source`, which was just read whole.

        Gives where what was there lies now, "" where there was nothing.

        Raises:
            StoreNotWritable: the store takes no more.
            ArchiveError: the new copy is not whole either, or the source cannot be read any more.
        """

    def mend_receipt(self, receipt: Receipt, store: str) -> tuple[str, str]:
        """Write the receipt's file beside its bag in `store`, which was just read whole.

        Gives its name, and where what was there lies now, "" where there was nothing.

        Raises:
            StoreNotWritable: the store takes no more.
            ArchiveError: it cannot be written, or is not what was written.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """What was made anew: in which store, from which other, and where the damaged one lies now.

    `file` names the one file that it was, and is empty for a whole bag.
    """

    job_id: JobId
    bag: str
    store: str
    source: str
    aside: str
    file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairReport:
    """How the copies stand now, and what was mended for that."""

    verified: VerifyReport
    repaired: tuple[Repaired, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairMeans:
    """What a repair works with."""

    ledger: Ledger
    verifier: BagVerifier
    mender: BagMender
    log: VerificationLog
    clock: Clock


def repair_bags(means: RepairMeans, account: str, wanted: Wanted) -> RepairReport:
    """Read every byte of the copies asked for and mend what can be mended, under the lease.

    Raises:
        UsageRefused: one of the jobs has no receipt; nothing was done.
        LockedByAnotherRun, GuardRefused, LedgerError: the ledger cannot be had; nothing was done.
        StoreNotWritable: a store takes no more; what was mended is recorded.
    """
    copies, chosen = choose(means.ledger, wanted, means.clock.now())
    checks: list[BagCheck] = []
    repaired: list[Repaired] = []
    with means.ledger.open_run("repair", account) as run, recording(means.log, means.clock) as record:
        for each in chosen:
            bench = _Bench(means, run, record, each.receipt)
            for check, new in bench.mended(each):
                checks.append(check)
                repaired += new
    return RepairReport(verified=report_of(wanted, checks, copies, record), repaired=tuple(repaired))


@dataclass(frozen=True, slots=True)
class _Bench:
    """One bag's copies, looked at and mended."""

    means: RepairMeans
    run: Run
    record: Recorder
    receipt: Receipt

    def mended(self, chosen: Chosen) -> Iterator[tuple[BagCheck, list[Repaired]]]:
        """Look at the chosen copies, and at others only for one to mend from; give how each chosen one stands now."""
        checks = [self._look(store) for store in chosen.stores]
        source = next((check.store for check in checks if check.state is BagState.WHOLE), None)
        if source is None:
            others = (self._look(store) for store in self.receipt.stores if store not in chosen.stores)
            source = next((check.store for check in others if check.state is BagState.WHOLE), None)
        for found in checks:
            new: list[Repaired] = []
            if found.is_whole or found.store not in self.means.mender.stores:
                yield found, new
                continue
            yield self._without_receipt_problem(self._without_problem(found, source, new), new), new

    def _look(self, store: str) -> BagCheck:
        began = self.means.clock.now()
        check = self.means.verifier.look(self.receipt, store, Reading.WHOLE)
        self._note(check, began)
        return check

    def _without_problem(self, check: BagCheck, source: str | None, new: list[Repaired]) -> BagCheck:
        if check.state is BagState.WHOLE or source is None:
            return check
        try:
            aside = self.means.mender.mend(self.receipt, check.store, source)
        except StoreNotWritable:
            raise
        except ArchiveError as error:  # one bag that cannot be mended must not keep the others from it
            return replace(check, problem=f"{check.problem}; not mended: {error.message}")
        self._tell(check, new, source=source, aside=aside)
        return self._as_now(replace(check, state=BagState.WHOLE, problem=""))

    def _without_receipt_problem(self, check: BagCheck, new: list[Repaired]) -> BagCheck:
        # Beside a bag that is not whole no receipt is written: it would say what is not so.
        if check.state is not BagState.WHOLE or check.receipt is BagState.WHOLE:
            return check
        try:
            file, aside = self.means.mender.mend_receipt(self.receipt, check.store)
        except StoreNotWritable:
            raise
        except ArchiveError as error:
            return replace(check, receipt_problem=f"{check.receipt_problem}; not mended: {error.message}")
        self._tell(check, new, source=LEDGER, aside=aside, file=file)
        return self._as_now(replace(check, receipt=BagState.WHOLE, receipt_problem=""))

    def _tell(self, check: BagCheck, new: list[Repaired], *, source: str, aside: str, file: str = "") -> None:
        self.run.record_repaired(self.receipt, store=check.store, source=source, aside=aside, file=file)
        new.append(
            Repaired(job_id=check.job_id, bag=check.bag, store=check.store, source=source, aside=aside, file=file)
        )

    def _as_now(self, check: BagCheck) -> BagCheck:
        self._note(check, self.means.clock.now())
        return check

    def _note(self, check: BagCheck, at: datetime) -> None:
        self.record.add(look_of(self.receipt, check, at=at, how=Reading.WHOLE))
