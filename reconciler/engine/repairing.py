"""Read bags again, and make copies that are not whole anew from those that are; each is told in the audit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from reconciler.core.job import JobId
from reconciler.core.receipt import Receipt
from reconciler.engine.ports import BagCheck, BagState, BagVerifier, Ledger, Run
from reconciler.engine.verifying import newest_bags
from reconciler.errors import ArchiveError, StoreNotWritable


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """A copy that was made anew: in which store, from which other, and where the damaged one lies now."""

    job_id: JobId
    bag: str
    store: str
    source: str
    aside: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairReport:
    """How every bag stands now, and what was mended for that."""

    checks: tuple[BagCheck, ...]
    repaired: tuple[Repaired, ...]


def repair_bags(
    ledger: Ledger, verifier: BagVerifier, mender: BagMender, account: str, ids: Sequence[JobId] = ()
) -> RepairReport:
    """Check every bag, or those of some jobs, and mend what can be mended, under the lease.

    Raises:
        UsageRefused: one of the jobs has no receipt; nothing was done.
        LockedByAnotherRun, GuardRefused, LedgerError: the ledger cannot be had; nothing was done.
        StoreNotWritable: a store takes no more; what was mended is recorded.
    """
    receipts = newest_bags(ledger, ids)
    checks: list[BagCheck] = []
    repaired: list[Repaired] = []
    with ledger.open_run("repair", account) as run:
        for receipt in receipts:
            for check, new in _mended(receipt, verifier.verify(receipt), mender, run):
                checks.append(check)
                repaired += [new] if new else []
    return RepairReport(checks=tuple(checks), repaired=tuple(repaired))


def _mended(
    receipt: Receipt, checks: Sequence[BagCheck], mender: BagMender, run: Run
) -> Iterator[tuple[BagCheck, Repaired | None]]:
    source = next((check.store for check in checks if check.state is BagState.WHOLE), None)
    for check in checks:
        if check.state is BagState.WHOLE or source is None or check.store not in mender.stores:
            yield check, None
            continue
        try:
            aside = mender.mend(receipt, check.store, source)
        except StoreNotWritable:
            raise
        except ArchiveError as error:  # one bag that cannot be mended must not keep the others from it
            yield replace(check, problem=f"{check.problem}; not mended: {error.message}"), None
            continue
        run.record_repaired(receipt, store=check.store, source=source, aside=aside)
        new = Repaired(job_id=check.job_id, bag=check.bag, store=check.store, source=source, aside=aside)
        yield replace(check, state=BagState.WHOLE, problem=""), new
