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


@dataclass(frozen=True, slots=True)
class _Made:
    """What came of copying one bag: its receipt then, what went wrong, and what stores did not take."""

    receipt: Receipt
    problems: tuple[str, ...]
    not_taken: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """What completing works with.  `stores` are those that the file names, of which `copies` must hold each bag; `note`
    takes a line about the whole run."""

    verifier: BagVerifier
    mender: BagMender
    run: Run
    clock: Clock
    stores: Sequence[str]
    copies: int
    note: Callable[[str], None]

    def lacking(self, bags: Iterable[Receipt]) -> list[Receipt]:
        """Give those bags that lack a copy in a store."""
        return [bag for bag in bags if self._stores_without(bag)]

    def of(self, bags: Iterable[Receipt]) -> Iterator[JobResult | None]:
        """Complete the copies of each bag when it is asked for, and tell what was done.

        A store that takes no more is left out from then on, and the jobs that lack a copy there are told; one that has
        copies enough without it lacks nothing (None).

        Raises:
            LedgerError, LockedByAnotherRun: nothing more can be recorded.
        """
        full: set[str] = set()
        for receipt in bags:
            yield self._completed(receipt, self._stores_without(receipt), full)

    def _stores_without(self, receipt: Receipt) -> list[str]:
        return [store for store in self.stores if store not in receipt.stores]

    def _completed(self, receipt: Receipt, lacking: Sequence[str], full: set[str]) -> JobResult | None:
        if self._has_enough(receipt) and full.issuperset(lacking):
            return None
        source = next((store for store in receipt.stores if self._is_whole(receipt, store)), None)
        if source is None:
            return _failed(receipt, "none of its copies is whole: reconciler verify tells more")
        made = self._made(receipt, lacking, source, full)
        # What a store does not take is a lack only where the copies are too few without it.
        problems = made.problems if self._has_enough(made.receipt) else (*made.problems, *made.not_taken)
        if problems:
            return _failed(made.receipt, f"no copy made: {'; '.join(problems)}")
        new = made.receipt.stores[len(receipt.stores) :]
        if not new:
            return None
        told = f"copied to {', '.join(new)} from {source}"
        return JobResult(
            job_id=receipt.job_id, outcome=Outcome.ARCHIVED, detail=told, bag=receipt.bag, size=receipt.size
        )

    def _made(self, receipt: Receipt, lacking: Sequence[str], source: str, full: set[str]) -> "_Made":
        problems: list[str] = []
        not_taken: list[str] = []
        for store in lacking:
            if store in full:
                not_taken.append(f"{store} takes no more")
                continue
            try:
                self._copy(receipt, store, source)
            except StoreNotWritable as error:
                not_taken.append(error.message)
                full.add(store)
                self.note(f"{error.message}; no further copy is made there")
            except ArchiveError as error:
                problems.append(error.message)
            else:
                # Receipts tell whole seconds, and of two the later one counts: it must not share the earlier one's.
                at = max(self.clock.now(), receipt.verified_at + timedelta(seconds=1))
                receipt = replace(receipt, stores=(*receipt.stores, store), verified_at=at)
                self.run.record_copied(receipt, store=store, source=source)
        return _Made(receipt, tuple(problems), tuple(not_taken))

    def _has_enough(self, receipt: Receipt) -> bool:
        return len(set(receipt.stores).intersection(self.stores)) >= self.copies

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
