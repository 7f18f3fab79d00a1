"""One approved job's way out, step by step; capitals are durable before the next arrow.

    begin:  BEGIN -> GET (same facts?)
                     -> a worker archives, proves, reads back, writes the receipt  (a link refused: GET once more)
    record:          -> ARCHIVED
    end:             -> GET again -> CLEANING -> clean(receipt) -> GET confirms -> CLEANED

ARCHIVED and CLEANED may wait for another job's entry, and are durable with it (docs/adr/0028).  CLEANING never waits,
and comes when the ARCHIVED of its job is durable.

Whatever goes wrong before CLEANING leaves the job as it was.  After CLEANING the service is asked what became of it;
if it cannot say, the entry stays open and the next run asks again.  A clean that got no answer, or one of passing
trouble, is sent a second time if the job was read again and still stands as it was; there is no third time.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import assert_never

from reconciler.core.job import Job, JobStatus
from reconciler.core.plan import Change
from reconciler.core.receipt import Receipt, VerifiedReceipt
from reconciler.core.steps import Phase
from reconciler.engine.outcome import How, JobResult, Outcome
from reconciler.engine.ports import CleanAnswer, JobDetail, JobsCleaner, JobsReader, Run
from reconciler.engine.still_cached import CacheLooks
from reconciler.errors import (
    ArchiveError,
    AuthenticationRefused,
    ServiceError,
    ServiceUnreachable,
    StoreNotWritable,
)

CLEAN_TAKES_AT_MOST_S = 30.0
"""The lease must outlast one clean request, or another run could start while it is on its way."""

PROVED = "archived and proved"

CONFIRM_PAUSES_S = (0.0, 1.0, 2.0, 4.0)
"""How long to wait before each look whether a clean took effect: the service may be a moment behind."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Why a job is not as it was approved; `how` says so where it is away."""

    why: str
    how: How | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CopySteps:
    """The way of a job that is copied, and nothing more: there is nothing here to clean with."""

    reader: JobsReader
    run: Run

    def begin(self, change: Change) -> JobDetail | JobResult:
        """Make sure that the job is as it was approved; give what is to be copied, or how the job ended.

        Raises:
            AuthenticationRefused, LedgerError, LockedByAnotherRun: no other job can go on either.
        """
        self.run.append(change.job_id, Phase.BEGIN, change.fingerprint)
        return self.look(change)

    def look(self, change: Change) -> JobDetail | JobResult:
        """Read the job as it is now, with links that were made now; the rest as in `begin`."""
        try:
            detail = self.unchanged(change)
        except AuthenticationRefused as error:
            self.abandon(change, Outcome.FAILED, error.message)
            raise
        except ServiceError as error:
            return self.abandon(change, Outcome.FAILED, error.message)
        if isinstance(detail, Difference):
            return replace(self.abandon(change, Outcome.SKIPPED, detail.why), how=detail.how)
        return detail

    def end(self, change: Change, proof: VerifiedReceipt, *, stays: str = "") -> JobResult:
        """Make sure that the proof is on record.

        Raises:
            LedgerError, LockedByAnotherRun: no other job can go on either.
        """
        del change, stays  # nothing goes
        self.run.write_down()
        return _archived(proof.receipt, Outcome.ARCHIVED, PROVED)

    def record(self, change: Change, copied: Callable[[], VerifiedReceipt]) -> VerifiedReceipt | JobResult:
        """Take what a copy came to; give the proof, or how the job ended without one.

        `copied` gives the proof, or raises what the copy met.  The record of the proof waits.

        Raises:
            StoreNotWritable, LedgerError, LockedByAnotherRun: no other job can go on either.
        """
        try:
            proof = copied()
            _check_whose(proof.receipt, change)
        except ArchiveError as error:
            result = self.abandon(change, Outcome.FAILED, error.message)
            if isinstance(error, StoreNotWritable):
                raise
            return result
        self.run.record_archived(proof, waits=True)
        return proof

    def write_down(self) -> None:
        """Make durable what waits.

        Raises:
            LedgerError, LockedByAnotherRun: no other job can go on either.
        """
        self.run.write_down()

    def unchanged(self, change: Change) -> "JobDetail | Difference":
        """Read the job again, or tell what differs from what was approved (I5)."""
        detail = self.reader.get(change.job_id)
        if detail is None:
            return Difference(f"{How.GONE.value}: the service does not know the job any more", How.GONE)
        return _difference(detail.job, change) or detail

    def abandon(self, change: Change, outcome: Outcome, why: str, receipt: Receipt | None = None) -> JobResult:
        """Record that the job's way ends here, with nothing sent."""
        self.run.append(change.job_id, Phase.ABANDONED, change.fingerprint, why)
        if receipt:
            return _archived(receipt, outcome, why)
        return JobResult(job_id=change.job_id, outcome=outcome, detail=why)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSteps:
    """The way of a job that is copied and, where that was approved, cleaned."""

    copies: CopySteps
    cleaner: JobsCleaner
    cached: CacheLooks
    pause: Callable[[float], None]

    @property
    def run(self) -> Run:
        """The run that writes down each step."""
        return self.copies.run

    def begin(self, change: Change) -> JobDetail | JobResult:
        """As for a copy."""
        return self.copies.begin(change)

    def look(self, change: Change) -> JobDetail | JobResult:
        """As for a copy."""
        return self.copies.look(change)

    def record(self, change: Change, copied: Callable[[], VerifiedReceipt]) -> VerifiedReceipt | JobResult:
        """As for a copy."""
        return self.copies.record(change, copied)

    def write_down(self) -> None:
        """As for a copy."""
        self.copies.write_down()

    def end(self, change: Change, proof: VerifiedReceipt, *, stays: str = "") -> JobResult:
        """Clean the job, if that was approved; `stays` says why it is not cleaned all the same.

        The record of a clean that was confirmed waits.

        Raises:
            AuthenticationRefused, LedgerError, LockedByAnotherRun: no other job can go on either.
        """
        if not change.cleans:
            return self.copies.end(change, proof)
        try:
            again = Difference(stays) if stays else self.copies.unchanged(change)
        except AuthenticationRefused as error:
            self.copies.abandon(change, Outcome.FAILED, error.message, proof.receipt)
            raise
        except ServiceError as error:
            why = f"archived, not cleaned: {error.message}"
            return self.copies.abandon(change, Outcome.FAILED, why, proof.receipt)
        if isinstance(again, Difference):
            outcome, why = Outcome.FAILED if stays else Outcome.SKIPPED, f"archived, not cleaned: {again.why}"
            return replace(self.copies.abandon(change, outcome, why, proof.receipt), how=again.how)
        result = self._clean(change, proof)
        if result.outcome is Outcome.CLEANED:
            self.cached.begin(change.job_id, again.job.assets)
        return result

    def _clean(self, change: Change, proof: VerifiedReceipt) -> JobResult:
        self.run.write_down()  # the receipt is durable before CLEANING is
        self.run.append(change.job_id, Phase.CLEANING, change.fingerprint, outlasting_s=CLEAN_TAKES_AT_MOST_S)
        try:
            answer = self.cleaner.clean(proof)
        except AuthenticationRefused as error:
            self.run.append(change.job_id, Phase.NOT_CLEANED, change.fingerprint, error.message)
            raise
        except ServiceUnreachable as error:
            return self._clean_again(change, proof, heard=error.message)
        except ServiceError as error:
            return self._settle(change, proof.receipt, self._look(change), heard=error.message)
        match answer:
            case CleanAnswer.DONE:
                return self._settle(change, proof.receipt, self._look(change), heard=_said(answer))
            case CleanAnswer.GONE:  # nothing was there to be cleaned: whatever takes it away now was not this clean
                seen = self._look(change)
                seen = replace(seen, how=How.ALREADY) if seen.how is How.NOW else seen
                return self._settle(change, proof.receipt, seen, heard=_said(answer))
            case CleanAnswer.REFUSED:
                why = "the service refused to clean it"
                self.run.append(change.job_id, Phase.NOT_CLEANED, change.fingerprint, why)
                return _archived(proof.receipt, Outcome.FAILED, f"archived, not cleaned: {why}")
            case _:
                assert_never(answer)

    def _clean_again(self, change: Change, proof: VerifiedReceipt, *, heard: str) -> JobResult:
        """Send the clean once more, if the job still stands as it was approved; whatever is said then, look again.

        A refusal proves nothing here: it may be the answer to a job that the first request has cleaned.
        """
        seen = self._look(change)
        if seen.job is None or _difference(seen.job, change):  # cleaned, gone, another job now (I5), or not to be had
            return self._settle(change, proof.receipt, seen, heard=heard)
        self.run.check_lease(CLEAN_TAKES_AT_MOST_S)
        try:
            heard = _said(self.cleaner.clean(proof))
        except ServiceError as error:
            heard = error.message
        return self._settle(change, proof.receipt, self._look(change), heard=heard, requests=2)

    def _look(self, change: Change) -> "_Seen":
        """Ask what became of a clean that was sent, until it shows or the looks are used up."""
        seen = _Seen()
        for pause in CONFIRM_PAUSES_S:
            if pause:  # a sleep of nothing still gives way to every thread that copies
                self.pause(pause)
            try:
                detail = self.copies.reader.get(change.job_id)
            except (ServiceError, AuthenticationRefused) as error:
                seen = _Seen(found=error.message)
                continue
            if detail is None or detail.job.status is JobStatus.CLEANED:
                return _Seen(how=How.GONE if detail is None else How.NOW)
            seen = _Seen(job=detail.job, found=f"it still reads {detail.job.status.value}")
        return seen

    def _settle(self, change: Change, receipt: Receipt, seen: "_Seen", *, heard: str, requests: int = 1) -> JobResult:
        """Record what a look has shown; without certainty the entry stays open for recovery."""
        if seen.how:
            # Until this is durable the next run would ask, and hear the same.
            self.run.record_cleaned(change.job_id, change.fingerprint, seen.how.value, waits=True)
            told = seen.how.value + (", at the second request" if requests > 1 else "")
            return replace(_archived(receipt, Outcome.CLEANED, told), how=seen.how)
        sent = "the clean was sent" + (" twice" if requests > 1 else "")
        why = f"archived; {sent}, but it is not confirmed ({heard}; {seen.found}); the next run asks again"
        return _archived(receipt, Outcome.UNCONFIRMED, why)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What the last look at a job has shown: `how` it was cleaned, or the `job` as it stands, or neither if it could
    not be had; `found` says so to people."""

    how: How | None = None
    job: Job | None = None
    found: str = ""


def _said(answer: CleanAnswer) -> str:
    return f"the service answered {answer.value}"


def _difference(job: Job, change: Change) -> Difference | None:
    if job.contradictions:
        return Difference(f"contradictory now: {job.contradictions[0]}")
    if job.status is JobStatus.CLEANED:
        return Difference(f"{How.ALREADY.value}: not by this run", How.ALREADY)
    if not job.is_terminal:
        return Difference(f"it is {job.status.value} now")
    if job.fingerprint != change.fingerprint:
        return Difference("changed since plan: its facts (fingerprint) differ")
    return None


def _check_whose(receipt: Receipt, change: Change) -> None:
    if (receipt.job_id, receipt.fingerprint) != (change.job_id, change.fingerprint):
        raise ArchiveError(f"the receipt is for {receipt.job_id} {receipt.fingerprint[:19]}, not for this job's facts")


def _archived(receipt: Receipt, outcome: Outcome, detail: str) -> JobResult:
    return JobResult(job_id=receipt.job_id, outcome=outcome, detail=detail, bag=receipt.bag, size=receipt.size)
