"""Several jobs on their way out at once.  Workers make the copies; all else is done here, one thing after the other.

One thread asks the service, writes the ledger and cleans.  It begins jobs while there are workers for them, and sees
each to its end in the order in which the copies come in: a small job does not wait for a large one.  The first job goes
all the way alone, so that what would fail for every job fails for one, and until a clean of the run is confirmed, one
that is not stops the run: it is the canary.

One wait for the disk serves several jobs: between two of them, what was cleaned, the proof that came in and the job
that begins are recorded at once (docs/adr/0028).
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import Protocol, TypeVar

from reconciler.core.job import JobId
from reconciler.core.plan import Change
from reconciler.core.receipt import VerifiedReceipt
from reconciler.engine.outcome import JobResult, Outcome
from reconciler.engine.ports import CopyProgress, JobDetail, Stop
from reconciler.engine.stopping import MAY_NOT_WRITE, NO_LIMITS, Limits, Stopped, Streak, unforeseen
from reconciler.engine.workers import Workers
from reconciler.errors import (
    ArchiveError,
    AuthenticationRefused,
    Interrupted,
    LinkRefused,
    ReconcilerError,
    StoreNotWritable,
)

STOPS_THE_RUN = (StoreNotWritable, AuthenticationRefused, *MAY_NOT_WRITE)
"""What no further job can survive; any other failure is its job's own."""

T = TypeVar("T")


class Steps(Protocol):
    """What is done for one job before its copy is made, and after: job_steps."""

    def begin(self, change: Change) -> JobDetail | JobResult:
        """Give what is to be copied, or how the job ended."""

    def look(self, change: Change) -> JobDetail | JobResult:
        """Read the job as it is now, with links that were made now; the rest as in `begin`."""

    def record(self, change: Change, copied: Callable[[], VerifiedReceipt]) -> VerifiedReceipt | JobResult:
        """Take what a copy came to; give the proof, or how the job ended without one.  Its record may wait."""

    def end(self, change: Change, proof: VerifiedReceipt, *, stays: str = "") -> JobResult:
        """See a job to its end; `stays` says why it is not cleaned, though that was approved.  Its record may wait."""

    def write_down(self) -> None:
        """Make durable what waits."""


@dataclass(frozen=True, slots=True)
class _Hands:
    """Whom the jobs go through."""

    steps: Steps
    workers: Workers
    stop: Stop
    progress: CopyProgress
    limits: Limits


def carry_out(
    to_do: Sequence[Change],
    *,
    steps: Steps,
    workers: Workers,
    stop: Stop,
    progress: CopyProgress,
    limits: Limits = NO_LIMITS,
) -> tuple[tuple[JobResult, ...], Stopped]:
    """Carry out each change, until none is left or something stops the run; give the results in the changes' order."""
    if to_do:
        sizes = [change.size for change in to_do]
        progress.expect(len(to_do), None if None in sizes else sum(size or 0 for size in sizes))
    run = _Running(_Hands(steps, workers, stop, progress, limits), to_do)
    run.to_the_end()
    return tuple(run.results.get(change.job_id) or not_started(change.job_id) for change in to_do), run.stopped


class _Running:
    """The jobs of one run: those left, those on their way, and how the others ended."""

    def __init__(self, hands: _Hands, to_do: Sequence[Change]) -> None:
        self._hands = hands
        self._total = len(to_do)
        self._left = deque(_canary_first(to_do))
        self._canary = any(change.cleans for change in to_do)
        self._on_their_way: dict[JobId, Change] = {}
        self._relinked: set[JobId] = set()
        self._came_in: SimpleQueue[tuple[Change, Future[VerifiedReceipt]]] = SimpleQueue()
        self._recorded: tuple[Change, VerifiedReceipt] | None = None
        self._cleans = True
        self._records = True
        self._ends: set[Outcome] = set()
        self._streak = Streak()
        self.results: dict[JobId, JobResult] = {}
        self.stopped = Stopped()

    def to_the_end(self) -> None:
        """Go on until nothing is left that may be begun, and nothing is on its way."""
        while True:
            # A copy that came in is seen to its end between two beginnings: none waits until all are begun.  One that
            # was there already is recorded before the next job begins, and durable with that; one that was waited for
            # goes first, since it may show that no other job should begin.
            was_waited_for = self._record()
            self._heed_signals_and_time()  # that may have been a long wait
            if not was_waited_for and self._may_begin():
                self._begin(self._left.popleft())
            self._end()
            if not self._on_their_way and not self._may_begin():
                self._write_down()
                return

    def _record(self) -> bool:
        """Record a copy that came in; wait for one where nothing else can be done, and tell of that."""
        waits = self._came_in.empty()
        if not self._on_their_way or (waits and self._may_begin()):
            return False
        if waits:
            self._write_down()  # that may be a long wait
        if not self._on_their_way:  # nothing more can be recorded, and all were given up
            return False
        change, copy = self._came_in.get()
        if self._is_to_be_copied_again(change, copy):
            self._relinked.add(change.job_id)  # links expire; the job's own answer has those of now
            del self._on_their_way[change.job_id]
            self._have_copied(change, self._hands.steps.look)
            return waits
        proof = self._taken(change, lambda: self._hands.steps.record(change, partial(_proof, copy)))
        if isinstance(proof, JobResult):
            self._ended(proof)
        else:
            self._recorded = (change, proof)
        return waits

    def _is_to_be_copied_again(self, change: Change, copy: "Future[VerifiedReceipt]") -> bool:
        return self._cleans and isinstance(copy.exception(), LinkRefused) and change.job_id not in self._relinked

    def _may_begin(self) -> bool:
        if not self._left or self.stopped.why:
            return False
        if self._canary and not self.results:
            return not self._on_their_way
        at_once = self._hands.workers.at_once
        copying = len(self._on_their_way) - self._came_in.qsize() - (self._recorded is not None)
        return copying < at_once and len(self._on_their_way) < 2 * at_once

    # -- one job

    def _begin(self, change: Change) -> None:
        self._have_copied(change, self._hands.steps.begin)

    def _have_copied(self, change: Change, look: Callable[[Change], JobDetail | JobResult]) -> None:
        def begun() -> JobResult | Future[VerifiedReceipt]:
            seen = look(change)
            return seen if isinstance(seen, JobResult) else self._hands.workers.begin(seen)

        copy = self._taken(change, begun)
        if isinstance(copy, JobResult):
            self._tell(copy)
            return
        self._on_their_way[change.job_id] = change
        copy.add_done_callback(partial(self._take_in, change))

    def _take_in(self, change: Change, copy: "Future[VerifiedReceipt]") -> None:
        self._came_in.put((change, copy))  # by the worker's own thread, and all that it does here

    def _end(self) -> None:
        """See the job whose copy was recorded to its end."""
        if self._recorded is None:
            return
        (change, proof), self._recorded = self._recorded, None
        if change.job_id not in self._on_their_way:  # given up: the run can record no more
            return
        stays = "" if self._cleans else "the run stopped"
        self._ended(self._taken(change, lambda: self._hands.steps.end(change, proof, stays=stays)))

    def _ended(self, result: JobResult) -> None:
        self._on_their_way.pop(result.job_id, None)  # none is there when all were given up
        self._tell(result)
        self._look_at_the_canary()

    def _write_down(self) -> None:
        if not self._records:
            return
        try:
            self._hands.steps.write_down()
        except MAY_NOT_WRITE as error:
            self._stop_for(error)

    def _taken(self, change: Change, step: Callable[[], T]) -> T | JobResult:
        """Take a step of a job; where that stops the run, give how it ended for the job."""
        try:
            return step()
        except Interrupted:
            raise
        except STOPS_THE_RUN as error:
            self._stop_for(error)
            why = error.message
        except Exception as error:  # noqa: BLE001 - a bug in one job's way must not cost the report of all
            self._stop(Stopped.by_unforeseen(error))
            why = unforeseen(error)
        return JobResult(job_id=change.job_id, outcome=Outcome.FAILED, detail=why)

    def _tell(self, result: JobResult) -> None:
        self.results[result.job_id] = result
        self._ends.add(result.outcome)
        failures = self._streak.count(result)
        if self._hands.limits.are_too_many(failures) and (self._left or self._on_their_way):
            self._stop(Stopped.by_failures(failures))
        self._hands.progress.ended()
        self._hands.progress.say(f"[{len(self.results)}/{self._total}] {result.job_id}: {result.detail}")

    # -- what ends a run early

    def _heed_signals_and_time(self) -> None:
        if self.stopped.why:
            return
        number = self._hands.stop.requested()
        if number and (self._left or Outcome.FAILED in self._ends):
            self.stopped = Stopped.by_signal(number)
        elif self._left and self._hands.limits.time_is_up():
            self.stopped = Stopped.by_time()

    def _look_at_the_canary(self) -> None:
        is_unsure = Outcome.UNCONFIRMED in self._ends and Outcome.CLEANED not in self._ends
        if is_unsure and (self._left or self._on_their_way):
            self._stop(Stopped("the first clean could not be confirmed, so no other was sent", 3))

    def _stop_for(self, error: ReconcilerError) -> None:
        self._stop(Stopped.by(error))
        if isinstance(error, MAY_NOT_WRITE):
            self._give_up()

    def _stop(self, stopped: Stopped) -> None:
        self._cleans = False
        if not self.stopped.why:  # the first reason stands, and what came of it shows with its job
            self.stopped = stopped

    def _give_up(self) -> None:
        self._records = False
        for change in self._on_their_way.values():
            why = "given up on its way: the run could record no more"
            self.results[change.job_id] = JobResult(job_id=change.job_id, outcome=Outcome.FAILED, detail=why)
        self._on_their_way.clear()


def _proof(copy: "Future[VerifiedReceipt]") -> VerifiedReceipt:
    """Give the proof of a copy that came in.  What nobody foresaw, such as a want of memory, is a copy that failed."""
    error = copy.exception()
    if error is not None and not isinstance(error, ReconcilerError):
        raise ArchiveError(f"the copy met {unforeseen(error)}") from error
    return copy.result()


def _canary_first(to_do: Iterable[Change]) -> list[Change]:
    """Put the first job that is to be cleaned before all others."""
    changes = list(to_do)
    canary = next((change for change in changes if change.cleans), None)
    return changes if canary is None else [canary, *(change for change in changes if change is not canary)]


def not_started(job_id: JobId) -> JobResult:
    """Tell the end of a job that the run did not come to."""
    return JobResult(job_id=job_id, outcome=Outcome.NOT_STARTED, detail="the run stopped before it")
