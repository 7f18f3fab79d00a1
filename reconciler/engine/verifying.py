"""Look at archived copies again, all of them or those that were not looked at for longest, and record what was found.

What is recorded are facts that need no lease: an apply may go on meanwhile.  Where they cannot be recorded, what was
found is told all the same.
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from reconciler.core.job import JobId
from reconciler.core.receipt import Receipt
from reconciler.engine.copies import BagCheck, CopyId, Look, Reading, Verified, look_of
from reconciler.engine.ports import BagVerifier, Clock, LedgerReader, VerificationLog
from reconciler.errors import LedgerError, UsageRefused

RECORDED_EVERY = timedelta(minutes=1)
"""How much of a long verification a crash may forget."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which copies to look at, and how.  Without `ids` all; `sample` is a share in (0, 1] of them, None for all."""

    ids: tuple[JobId, ...] = ()
    sample: Fraction | None = None
    how: Reading = Reading.WHOLE


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport:
    """What was found of the copies that were looked at, out of `copies` that there are of the jobs asked for.

    `is_sample` says that only a share of them was asked for.  `unrecorded` says why the ledger does not have all of
    what was found, "" where it has.
    """

    checks: tuple[BagCheck, ...]
    copies: int
    how: Reading
    is_sample: bool = False
    unrecorded: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong with what was looked at."""
        return all(check.is_whole for check in self.checks)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A bag, and the stores to look at it in."""

    receipt: Receipt
    stores: tuple[str, ...]


def verify_bags(
    ledger: LedgerReader, verifier: BagVerifier, log: VerificationLog, clock: Clock, wanted: Wanted
) -> VerifyReport:
    """Look at the copies asked for, in the order of archiving, and record what was found.

    Raises:
        UsageRefused: one of the jobs has no receipt.
    """
    copies, chosen = choose(ledger, wanted, clock.now())
    checks: list[BagCheck] = []
    with recording(log, clock) as record:
        for each in chosen:
            for store in each.stores:
                began = clock.now()
                checks.append(verifier.look(each.receipt, store, wanted.how))
                record.add(look_of(each.receipt, checks[-1], at=began, how=wanted.how))
    return report_of(wanted, checks, copies, record)


def report_of(wanted: Wanted, checks: Sequence[BagCheck], copies: int, record: "Recorder") -> VerifyReport:
    """Sum up what was asked for and found, once all is recorded that can be."""
    return VerifyReport(
        checks=tuple(checks),
        copies=copies,
        how=wanted.how,
        is_sample=wanted.sample is not None,
        unrecorded=record.problem,
    )


# -- which copies


def choose(ledger: LedgerReader, wanted: Wanted, now: datetime) -> tuple[int, tuple[Chosen, ...]]:
    """Give how many copies there are of the bags asked for, and those to look at.

    Raises:
        UsageRefused: one of the jobs has no receipt.
    """
    bags = newest_bags(ledger, wanted.ids)
    copies = [CopyId.of(receipt, store) for receipt in bags for store in receipt.stores]
    if wanted.sample is None:
        return len(copies), tuple(Chosen(receipt, receipt.stores) for receipt in bags)
    due = frozenset(_longest_ago(copies, ledger.verifications(), wanted.how, wanted.sample, now))
    chosen = (Chosen(each, tuple(s for s in each.stores if CopyId.of(each, s) in due)) for each in bags)
    return len(copies), tuple(each for each in chosen if each.stores)


def _longest_ago(
    copies: Sequence[CopyId], verified: Mapping[CopyId, Verified], how: Reading, sample: Fraction, now: datetime
) -> list[CopyId]:
    """Give that share of the copies, rounded up, in the order of their last look, never before any time.

    By the last look, not by the last one that found it whole: a copy that stays damaged must not stand in line before
    all others for ever.  Looks of one moment stay in the order of archiving, so that samples come round to all.
    """

    def last(copy: CopyId) -> tuple[bool, datetime]:
        known = verified.get(copy)
        moment = None if known is None else known.checked_at if how is Reading.FAST else known.read_at
        # A time to come was written by a clock that was ahead, and tells nothing.
        return (moment is not None and moment <= now, moment or now)

    return sorted(copies, key=last)[: math.ceil(len(copies) * sample)]


def newest_bags(ledger: LedgerReader, ids: Sequence[JobId]) -> tuple[Receipt, ...]:
    """Give the newest receipt of each bag, or of those of some jobs: one that was proved again has one each time.

    Raises:
        UsageRefused: one of the jobs has no receipt.
    """
    newest = bags_of(ledger.receipts())
    refuse_unknown(ids, {receipt.job_id for receipt in newest})
    return tuple(receipt for receipt in newest if not ids or receipt.job_id in ids)


def bags_of(receipts: Sequence[Receipt]) -> tuple[Receipt, ...]:
    """Give the newest of the receipts of each bag; they come oldest first."""
    return tuple({receipt.bag: receipt for receipt in receipts}.values())


def newest_by_job(ledger: LedgerReader) -> dict[JobId, Receipt]:
    """Give the newest receipt of each job."""
    return {receipt.job_id: receipt for receipt in ledger.receipts()}


def refuse_unknown(wanted: Sequence[JobId], archived: Collection[JobId]) -> None:
    """Refuse ids of which the ledger has no receipt; names the one that may be meant.

    Raises:
        UsageRefused: there is one.
    """
    for job_id in wanted:
        if job_id not in archived:
            near = [each for each in archived if each.casefold().startswith(job_id.casefold())]
            raise UsageRefused(
                f"the ledger has no receipt of a job {job_id}",
                hint=f"Is {near[0]} meant?"
                if len(near) == 1
                else "An id is compared exactly, as the service spells it.",
            )


# -- recording


class Recorder:
    """Gathers looks and records them every so often.  `problem` says why the newest ones are not recorded, or is ""."""

    def __init__(self, log: VerificationLog, clock: Clock) -> None:
        self._log = log
        self._clock = clock
        self._pending: list[Look] = []
        self._written_at = clock.now()
        self.problem = ""

    def add(self, look: Look) -> None:
        """Take a look to be recorded."""
        self._pending.append(look)
        if abs(self._clock.now() - self._written_at) >= RECORDED_EVERY:
            self.write()

    def write(self) -> None:
        """Record what was gathered; what cannot be recorded now is kept for the next time."""
        if not self._pending:
            return
        try:
            self._log.record(self._pending)
        except LedgerError as error:
            self.problem = f"not recorded in the ledger (looks: {len(self._pending)}): {error.message}"
        else:
            self._pending, self.problem = [], ""
        self._written_at = self._clock.now()


@contextmanager
def recording(log: VerificationLog, clock: Clock) -> Iterator[Recorder]:
    """Give a recorder, and record what it still holds at the end, however that comes."""
    recorder = Recorder(log, clock)
    try:
        yield recorder
    finally:
        recorder.write()
