"""Whatever each job meets, on whatever threads: what holds of every run that has several jobs on their way at once."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import Enum

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.archive.workers.threads import ThreadWorkers
from reconciler.cli.progress import CopyProgress
from reconciler.core.job import JobId, JobStatus, JobType
from reconciler.core.plan import Action, Change
from reconciler.core.receipt import VerifiedReceipt
from reconciler.engine.carrying_out import carry_out
from reconciler.engine.outcome import JobResult, Outcome
from reconciler.engine.ports import JobDetail
from reconciler.engine.stopping import Limits, Stopped
from reconciler.errors import (
    ArchiveError,
    AuthenticationRefused,
    LinkRefused,
    LockedByAnotherRun,
    StoreNotWritable,
)
from tests.support.ledger_values import proof
from tests.support.values import job


class Fate(Enum):
    """What a job meets."""

    GOES_WELL = "goes well"
    IS_ANOTHER = "is another job now"
    NO_KEY_AT_FIRST = "the key is refused before its copy"
    NO_KEY_AT_LAST = "the key is refused after its copy"
    CANNOT_BE_HAD = "cannot be had whole"
    LINK_EXPIRED = "its link has expired"
    LINK_IS_DEAD = "no link leads to it"
    STORE_IS_FULL = "its store takes no more"
    LEASE_IS_LOST_AT_FIRST = "the lease is lost before its copy"
    LEASE_IS_LOST = "the lease is lost"
    NOT_CONFIRMED = "its clean is not confirmed"
    BUG_AT_FIRST = "a bug before its copy"
    BUG_IN_ITS_COPY = "a bug in its copy"
    BUG_AT_LAST = "a bug after its copy"


COPYING: Mapping[Fate, Exception] = {
    Fate.CANNOT_BE_HAD: ArchiveError("not whole"),
    Fate.LINK_IS_DEAD: LinkRefused("gone"),
    Fate.STORE_IS_FULL: StoreNotWritable("full"),
    Fate.BUG_IN_ITS_COPY: MemoryError("https://files.invalid/?Signature=secret"),
}


@dataclass
class World:
    """Implements carrying_out.Steps, and the archiver behind the workers, by each job's fate."""

    fates: Mapping[str, Fate]
    thread: int = field(default_factory=threading.get_ident)
    in_hand: set[str] = field(default_factory=set)
    most_in_hand: int = 0
    copying: int = 0
    most_copying: int = 0
    looked: Counter[str] = field(default_factory=Counter)
    cleans: list[tuple[str, bool]] = field(default_factory=list)
    """Each clean that was sent, and whether it was confirmed."""
    waiting: list[str] = field(default_factory=list)
    """What was recorded and is not durable yet."""
    may_write: bool = True
    too_late: int = 0
    """Steps that were taken when nothing could be recorded any more."""
    counting: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, change: Change) -> JobDetail | JobResult:
        self.waiting.clear()
        self.in_hand.add(change.job_id)
        self.most_in_hand = max(self.most_in_hand, len(self.in_hand))
        return self.look(change)

    def look(self, change: Change) -> JobDetail | JobResult:
        assert threading.get_ident() == self.thread
        self.too_late += not self.may_write
        self.looked[change.job_id] += 1
        assert self.looked[change.job_id] <= 2, "one fresh link, and no more"
        if self.fates[change.job_id] is Fate.NO_KEY_AT_FIRST:
            self.in_hand.remove(change.job_id)
            raise AuthenticationRefused("no")
        if self.fates[change.job_id] is Fate.LEASE_IS_LOST_AT_FIRST:
            self.in_hand.remove(change.job_id)
            self.may_write = False
            raise LockedByAnotherRun("lost")
        if self.fates[change.job_id] is Fate.BUG_AT_FIRST:
            self.in_hand.remove(change.job_id)
            raise RecursionError("secret")
        if self.fates[change.job_id] is Fate.IS_ANOTHER:
            self.in_hand.remove(change.job_id)
            return JobResult(job_id=change.job_id, outcome=Outcome.SKIPPED, detail="another")
        return JobDetail(job=job(change.job_id), body=b"", inline=())

    def archive(self, detail: JobDetail) -> VerifiedReceipt:
        with self.counting:
            self.copying += 1
            self.most_copying = max(self.most_copying, self.copying)
        time.sleep(0.0005)
        with self.counting:
            self.copying -= 1
        fate = self.fates[detail.job.id]
        if fate is Fate.LINK_EXPIRED and self.looked[detail.job.id] == 1:
            raise LinkRefused("expired")
        if fate in COPYING:
            raise COPYING[fate]
        return proof(detail.job.id)

    def record(self, change: Change, copied: Callable[[], VerifiedReceipt]) -> VerifiedReceipt | JobResult:
        assert threading.get_ident() == self.thread
        self.too_late += not self.may_write
        try:
            made = copied()
        except ArchiveError as error:
            self.in_hand.remove(change.job_id)
            if isinstance(error, StoreNotWritable):
                raise
            return JobResult(job_id=change.job_id, outcome=Outcome.FAILED, detail="no copy")
        self.waiting.append(change.job_id)
        return made

    def end(self, change: Change, proof: VerifiedReceipt, *, stays: str = "") -> JobResult:
        assert threading.get_ident() == self.thread
        self.too_late += not self.may_write
        assert proof.receipt.job_id == change.job_id
        self.in_hand.remove(change.job_id)
        self.write_down()
        return JobResult(job_id=change.job_id, outcome=self._outcome(change, stays), detail="")

    def write_down(self) -> None:
        assert threading.get_ident() == self.thread
        self.too_late += not self.may_write
        self.waiting.clear()

    def _outcome(self, change: Change, stays: str) -> Outcome:
        fate = self.fates[change.job_id]
        if fate is Fate.LEASE_IS_LOST:
            self.may_write = False
            raise LockedByAnotherRun("lost")
        if fate is Fate.BUG_AT_LAST:
            raise KeyError("secret")
        if not change.cleans:
            return Outcome.ARCHIVED
        if stays:
            return Outcome.FAILED
        if fate is Fate.NO_KEY_AT_LAST:
            raise AuthenticationRefused("no")
        self.waiting.append(change.job_id)
        self.cleans.append((change.job_id, fate is not Fate.NOT_CONFIRMED))
        return Outcome.CLEANED if fate is not Fate.NOT_CONFIRMED else Outcome.UNCONFIRMED


@dataclass
class Asked:
    """Implements ports.Stop: a signal comes after so many looks."""

    after: int

    def requested(self) -> int:
        self.after -= 1
        return 15 if self.after < 0 else 0


class Unwatched(CopyProgress):
    """Counts, and tells nobody."""

    def say(self, line: str) -> None:
        """Say nothing."""


def change(number: int, *, cleans: bool) -> Change:
    return Change(
        job_id=JobId(f"job-{number}"),
        type=JobType.RENDER,
        status=JobStatus.COMPLETED,
        actions=(Action.ARCHIVE, Action.CLEAN) if cleans else (Action.ARCHIVE,),
        tried=(),
        fingerprint="",
        first_seen=None,
    )


FATES = st.one_of(st.just(Fate.GOES_WELL), st.just(Fate.GOES_WELL), st.sampled_from(Fate))


@given(
    given=st.lists(st.tuples(st.booleans(), FATES), max_size=12),
    at_once=st.integers(1, 4),
    signal_after=st.one_of(st.just(10**9), st.integers(0, 30)),
    most_failures=st.one_of(st.none(), st.integers(1, 3)),
    time_after=st.one_of(st.just(10**9), st.integers(0, 30)),
)
@example(
    given=[(True, Fate.NOT_CONFIRMED), (True, Fate.GOES_WELL)],
    at_once=2,
    signal_after=100,
    most_failures=None,
    time_after=100,
)
@example(
    given=[(True, Fate.CANNOT_BE_HAD), (True, Fate.NOT_CONFIRMED), (True, Fate.GOES_WELL)],
    at_once=2,
    signal_after=100,
    most_failures=None,
    time_after=100,
)
@example(
    given=[(False, Fate.LINK_IS_DEAD), (True, Fate.LINK_EXPIRED)],
    at_once=1,
    signal_after=100,
    most_failures=None,
    time_after=100,
)
@example(
    given=[(True, Fate.GOES_WELL), (True, Fate.GOES_WELL), (True, Fate.LEASE_IS_LOST_AT_FIRST)],
    at_once=1,
    signal_after=100,
    most_failures=None,
    time_after=100,
)
def test_every_run_keeps_its_word(  # I1, I8
    given: list[tuple[bool, Fate]], at_once: int, signal_after: int, most_failures: int | None, time_after: int
) -> None:
    to_do = [change(number, cleans=cleans) for number, (cleans, _) in enumerate(given)]
    world = World({each.job_id: fate for each, (_, fate) in zip(to_do, given, strict=True)})
    clock = Asked(time_after)
    limits = Limits(time_is_up=lambda: clock.requested() != 0, most_failures=most_failures)
    with ThreadWorkers(world, at_once) as workers:
        results, stopped = carry_out(
            to_do, steps=world, workers=workers, stop=Asked(signal_after), progress=Unwatched(), limits=limits
        )
    assert [result.job_id for result in results] == [each.job_id for each in to_do], "in the plan's order, none lost"
    assert world.most_copying <= at_once
    assert world.most_in_hand <= 2 * at_once
    assert len({sent for sent, _ in world.cleans}) == len(world.cleans)
    confirmed = [is_confirmed for _, is_confirmed in world.cleans]
    assert confirmed[:1] != [False] or len(confirmed) == 1, "the canary"
    outcomes = [result.outcome for result in results]
    assert bool(stopped.why) == bool(stopped.exit_code)
    assert not world.too_late
    assert not world.waiting or not world.may_write, "all that was recorded is durable at the end"
    assert stopped.why or Outcome.NOT_STARTED not in outcomes
    assert outcomes.count(Outcome.CLEANED) == confirmed.count(True)
    assert "secret" not in f"{results}{stopped}"
    bugs = {Fate.BUG_AT_FIRST, Fate.BUG_AT_LAST}
    met = {
        each.job_id for each, result in zip(to_do, results, strict=True) if result.outcome is not Outcome.NOT_STARTED
    }
    assert stopped.why or not any(world.fates[job_id] in bugs for job_id in met), (
        "a bug beside the copies stops the run"
    )


def carried_out(*fates: Fate, limits: Limits) -> tuple[list[Outcome], Stopped]:
    to_do = [change(number, cleans=True) for number in range(len(fates))]
    world = World({each.job_id: fate for each, fate in zip(to_do, fates, strict=True)})
    with ThreadWorkers(world, 1) as workers:
        results, stopped = carry_out(
            to_do, steps=world, workers=workers, stop=Asked(10**9), progress=Unwatched(), limits=limits
        )
    return [result.outcome for result in results], stopped


BAD, SKIP, WELL = Fate.BUG_IN_ITS_COPY, Fate.IS_ANOTHER, Fate.GOES_WELL
LEFT = Outcome.NOT_STARTED


@pytest.mark.parametrize(
    ("fates", "ends"),
    [
        ((BAD, BAD, WELL), (Outcome.FAILED, Outcome.FAILED, LEFT)),
        ((BAD, SKIP, BAD, WELL), (Outcome.FAILED, Outcome.SKIPPED, Outcome.FAILED, LEFT)),
        ((BAD, WELL, BAD, WELL), (Outcome.FAILED, Outcome.CLEANED, Outcome.FAILED, Outcome.CLEANED)),
        ((BAD, BAD), (Outcome.FAILED, Outcome.FAILED)),
    ],
)
def test_failures_in_a_row_are_counted_and_what_was_left_out_ends_no_row(
    fates: tuple[Fate, ...], ends: tuple[Outcome, ...]
) -> None:
    outcomes, stopped = carried_out(*fates, limits=Limits(most_failures=2))
    assert outcomes == list(ends)
    assert bool(stopped.why) == (LEFT in ends), "a run that has nothing left was not stopped"
    assert not stopped.why or stopped.exit_code == 3


class AtOnce:
    """Implements engine.workers.Workers with copies that are there at once."""

    at_once = 4
    copied = proof()

    def begin(self, _detail: JobDetail) -> "Future[VerifiedReceipt]":
        copy: Future[VerifiedReceipt] = Future()
        copy.set_result(self.copied)
        return copy


def test_the_cost_of_a_job_does_not_grow_with_their_number() -> None:
    def seconds(jobs: int) -> float:
        to_do = [change(number, cleans=True) for number in range(jobs)]
        world = World(dict.fromkeys((each.job_id for each in to_do), Fate.GOES_WELL))
        began = time.perf_counter()
        carry_out(to_do, steps=world, workers=AtOnce(), stop=Asked(10**9), progress=Unwatched())
        return time.perf_counter() - began

    assert seconds(12_000) < 24 * seconds(1000) + 1
