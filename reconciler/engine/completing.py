"""Give each bag its copy in a store that the file names and its receipt does not: copied from another store.

The service is not asked: the job may be cleaned since, and what is archived is all that there is of it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from reconciler.core.receipt import Receipt
from reconciler.engine.copies import BagState, Reading
from reconciler.engine.outcome import JobResult, Outcome
from reconciler.engine.ports import BagVerifier, Clock, Run
from reconciler.engine.repairing import BagMender
from reconciler.errors import ArchiveError, StoreNotWritable


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """What completing works with.  `stores` are those that the file names; `note` takes a line about the whole run."""

    verifier: BagVerifier
    mender: BagMender
    run: Run
    clock: Clock
    stores: Sequence[str]
    note: Callable[[str], None]

    def lacking(self, bags: Iterable[Receipt]) -> list[Receipt]:
        """Give those bags that lack a copy in a store."""
        return [bag for bag in bags if self._stores_without(bag)]

    def of(self, bags: Iterable[Receipt]) -> Iterator[JobResult]:
        """Complete the copies of each bag when it is asked for, and tell what was done.

        A store that takes no more is left out from then on, and the jobs that lack a copy there are told.

        Raises:
            LedgerError, LockedByAnotherRun: nothing more can be recorded.
        """
        full: set[str] = set()
        for receipt in bags:
            yield self._completed(receipt, self._stores_without(receipt), full)

    def _stores_without(self, receipt: Receipt) -> list[str]:
        return [store for store in self.stores if store not in receipt.stores]

    def _completed(self, receipt: Receipt, lacking: Sequence[str], full: set[str]) -> JobResult:
        source = next((store for store in receipt.stores if self._is_whole(receipt, store)), None)
        if source is None:
            return _failed(receipt, "none of its copies is whole: reconciler verify tells more")
        new: list[str] = []
        problems: list[str] = []
        for store in lacking:
            if store in full:
                problems.append(f"{store} takes no more")
                continue
            try:
                self._copy(receipt, store, source)
            except ArchiveError as error:
                problems.append(error.message)
                if isinstance(error, StoreNotWritable):
                    full.add(store)
                    self.note(f"{error.message}; no further copy is made there")
            else:
                new.append(store)
                # Receipts tell whole seconds, and of two the later one counts: it must not share the earlier one's.
                at = max(self.clock.now(), receipt.verified_at + timedelta(seconds=1))
                receipt = replace(receipt, stores=(*receipt.stores, store), verified_at=at)
                self.run.record_copied(receipt, store=store, source=source)
        if problems:
            return _failed(receipt, f"no copy made: {'; '.join(problems)}")
        told = f"copied to {', '.join(new)} from {source}"
        return JobResult(
            job_id=receipt.job_id, outcome=Outcome.ARCHIVED, detail=told, bag=receipt.bag, size=receipt.size
        )

    def _is_whole(self, receipt: Receipt, store: str) -> bool:
        return self.verifier.look(receipt, store, Reading.WHOLE).state is BagState.WHOLE

    def _copy(self, receipt: Receipt, store: str, source: str) -> None:
        found = self.verifier.look(receipt, store, Reading.WHOLE)  # an earlier run may have come this far
        if found.state is not BagState.WHOLE:
            self.mender.mend(receipt, store, source)
        if found.receipt is not BagState.WHOLE or found.state is not BagState.WHOLE:
            self.mender.mend_receipt(receipt, store)


def _failed(receipt: Receipt, why: str) -> JobResult:
    return JobResult(job_id=receipt.job_id, outcome=Outcome.FAILED, detail=why, bag=receipt.bag, size=receipt.size)
