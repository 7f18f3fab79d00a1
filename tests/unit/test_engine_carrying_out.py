"""Several jobs at once, in an order that is known: who is begun when, who waits, and what ends the run (I1, I8).

Whatever comes in whatever order is in tests/property/test_carrying_out_laws.py; here each order is one that was chosen.
"""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import pytest

from reconciler.core.job import JobId, JobStatus, JobType
from reconciler.core.plan import Action, Change
from reconciler.core.receipt import VerifiedReceipt
from reconciler.engine.carrying_out import carry_out
from reconciler.engine.outcome import JobResult, Outcome
from reconciler.engine.ports import JobDetail
from reconciler.engine.stopping import NO_LIMITS, UNSTOPPABLE, Limits, Stopped
from reconciler.errors import (
    ArchiveError,
    AuthenticationRefused,
    Interrupted,
    LedgerError,
    LinkRefused,
    LockedByAnotherRun,
    ReconcilerError,
    StoreNotWritable,
)
from tests.support.ledger_values import proof
from tests.support.listening import Listening
from tests.support.values import job


def bug() -> Exception:
    """An error that is none of ours, anew: it remembers where it was raised."""
    return KeyError("https://files.invalid/?Signature=secret")


@dataclass
class Orders:
    """Implements carrying_out.Steps and engine.workers.Workers; one log of what is done, in its order.

    A copy comes in as it is begun, or with the job that `with_` names, or a moment `late`.  What a step of a job meets
    stands in `meets`, as "end a": an error, or how it ended.
    """

    with_: Mapping[str, str] = field(default_factory=dict)
    late: tuple[str, ...] = ()
    copies: Mapping[str, Exception] = field(default_factory=dict)
    meets: Mapping[str, Exception | Outcome] = field(default_factory=dict)
    at_once: int = 2
    shrinks: Mapping[str, int] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    waiting: dict[str, "Future[VerifiedReceipt]"] = field(default_factory=dict)

    def begin(self, given: Any) -> Any:
        """Begin a job, or its copy."""
        return self._copy(given.job.id) if isinstance(given, JobDetail) else self._seen("begin", given)

    def look(self, change: Change) -> JobDetail | JobResult:
        """Look anew."""
        return self._seen("look", change)

    def record(self, change: Change, copied: Callable[[], VerifiedReceipt]) -> VerifiedReceipt | JobResult:
        """Take the copy."""
        try:
            proved = copied()
        except ArchiveError as error:
            self.log.append(f"fail {change.job_id}: {error.message}")
            if isinstance(error, StoreNotWritable):
                raise
            return JobResult(job_id=change.job_id, outcome=Outcome.FAILED, detail=error.message)
        self.log.append(f"record {change.job_id}")
        met = self.meets.get(f"record {change.job_id}")
        if isinstance(met, Exception):
            raise met
        return proved

    def end(self, change: Change, proof: VerifiedReceipt, *, stays: str = "") -> JobResult:
        """End the job."""
        assert proof.receipt.job_id == change.job_id
        self.log.append(f"end {change.job_id}" + (f": {stays}" if stays else ""))
        met = self.meets.get(
            f"end {change.job_id}", Outcome.CLEANED if change.cleans and not stays else Outcome.ARCHIVED
        )
        if isinstance(met, Exception):
            raise met
        return JobResult(job_id=change.job_id, outcome=met, detail=met.value)

    def write_down(self) -> None:
        """Make all durable."""
        self.log.append("write down")
        met = self.meets.get("write down")
        if isinstance(met, Exception):
            raise met

    def _seen(self, step: str, change: Change) -> JobDetail | JobResult:
        self.log.append(f"{step} {change.job_id}")
        met = self.meets.get(f"{step} {change.job_id}")
        if isinstance(met, Exception):
            raise met
        if met:
            return JobResult(job_id=change.job_id, outcome=met, detail=met.value)
        return JobDetail(job=job(change.job_id), body=b"", inline=())

    def _copy(self, name: str) -> "Future[VerifiedReceipt]":
        copy: Future[VerifiedReceipt] = Future()
        self.waiting[name] = copy
        self.at_once = self.shrinks.get(name, self.at_once)
        for each in tuple(self.waiting):
            if self.with_.get(each, each) == name:
                threading.Timer(0.05, self._comes_in, [each]).start() if each in self.late else self._comes_in(each)
        return copy

    def _comes_in(self, name: str) -> None:
        copy = self.waiting.pop(name)
        error = self.copies.get(name)
        copy.set_exception(error) if error else copy.set_result(proof(name))


@dataclass
class Watching(Listening):
    """Remembers how much was to be expected, and how often a job ended."""

    expected: list[tuple[int, int | None]] = field(default_factory=list)
    ends: int = 0

    def expect(self, jobs: int, size: int | None) -> None:
        self.expected.append((jobs, size))

    def ended(self) -> None:
        self.ends += 1


@dataclass
class AskedAfter:
    """Implements ports.Stop: asked to stop once the log has this line, or from the beginning where that is ""."""

    log: list[str]
    line: str
    number: int = 15

    def requested(self) -> int:
        return self.number if not self.line or self.line in self.log else 0


def change(name: str, *, cleans: bool = True, size: int | None = None) -> Change:
    return Change(
        job_id=JobId(name),
        type=JobType.RENDER,
        status=JobStatus.COMPLETED,
        actions=(Action.ARCHIVE, Action.CLEAN) if cleans else (Action.ARCHIVE,),
        tried=(),
        fingerprint="",
        first_seen=None,
        size=size,
    )


def copies_of(names: str) -> list[Change]:
    return [change(name, cleans=False) for name in names]


def cleans_of(names: str) -> list[Change]:
    return [change(name) for name in names]


@dataclass(frozen=True)
class Ran:
    """What came of a run."""

    log: list[str]
    results: dict[str, tuple[Outcome, str]]
    stopped: Stopped
    watching: Watching

    @property
    def steps(self) -> list[str]:
        """The log without what is recorded in between."""
        return [line for line in self.log if not line.startswith(("record", "write"))]

    @property
    def outcomes(self) -> dict[str, Outcome]:
        return {name: outcome for name, (outcome, _) in self.results.items()}


def ran(
    to_do: list[Change], orders: Orders, *, asked_after: str | None = None, limits: Limits = NO_LIMITS, number: int = 15
) -> Ran:
    watching = Watching()
    results, stopped = carry_out(
        to_do,
        steps=orders,
        workers=orders,
        stop=UNSTOPPABLE if asked_after is None else AskedAfter(orders.log, asked_after, number),
        progress=watching,
        limits=limits,
    )
    assert [result.job_id for result in results] == [each.job_id for each in to_do]
    told = {str(result.job_id): (result.outcome, result.detail) for result in results}
    return Ran(orders.log, told, stopped, watching)


NOT_BEGUN = (Outcome.NOT_STARTED, "the run stopped before it")
FULL = StoreNotWritable("full", hint="Make room.")
NO_KEY = AuthenticationRefused("no key")
LOCKED = LockedByAnotherRun("another run has it")
NO_LEDGER = LedgerError("no ledger")


# -- who is begun when


def test_what_comes_in_is_recorded_before_another_is_begun_and_ends_after_that_in_the_order_of_coming() -> None:
    run = ran(copies_of("abc"), Orders(with_={"a": "c"}))
    assert run.log == [
        *("begin a", "begin b", "record b", "begin c", "end b"),
        *("record a", "end a", "record c", "end c", "write down"),
    ]
    assert run.stopped == Stopped()


def test_no_more_copies_are_asked_for_than_can_be_made_at_once() -> None:
    run = ran(copies_of("abc"), Orders(with_={"a": "b"}, late=("a", "b")))
    assert run.log.index("begin c") > min(run.log.index("record a"), run.log.index("record b"))
    assert run.steps[:2] == ["begin a", "begin b"]


def test_copies_that_came_in_leave_room_for_others() -> None:
    run = ran(copies_of("abcd"), Orders(with_={"a": "b"}))
    assert run.steps == ["begin a", "begin b", "begin c", "end a", "begin d", "end b", "end c", "end d"]


def test_where_fewer_can_be_made_at_once_what_is_on_its_way_ends_first() -> None:
    orders = Orders(at_once=5, with_=dict.fromkeys("abcd", "e"), shrinks={"e": 2})
    run = ran(copies_of("abcdefg"), orders)
    assert run.steps[5:] == [
        *("end a", "end b", "begin f", "end c", "begin g", "end d"),
        *("end e", "end f", "end g"),
    ]


def test_the_first_job_that_is_cleaned_goes_all_the_way_alone_before_all_others() -> None:
    to_do = [*copies_of("xy"), *cleans_of("ab")]
    run = ran(to_do, Orders(late=("a",)))
    assert run.steps == ["begin a", "end a", "begin x", "begin y", "end x", "begin b", "end y", "end b"]
    assert [line.split()[0] for line in run.watching.said] == ["[1/4]", "[2/4]", "[3/4]", "[4/4]"]


def test_copies_alone_need_no_canary() -> None:
    assert ran(copies_of("ab"), Orders(with_={"a": "b"})).steps[:2] == ["begin a", "begin b"]
    assert ran(copies_of("ab"), Orders(late=("a",))).steps[:2] == ["begin a", "begin b"]


def test_a_job_that_ended_before_its_copy_is_told_and_the_next_is_begun() -> None:
    run = ran(cleans_of("ab"), Orders(meets={"begin a": Outcome.SKIPPED}))
    assert run.steps == ["begin a", "begin b", "end b"]
    assert run.watching.said == ["[1/2] a: skipped", "[2/2] b: cleaned"]
    assert run.watching.ends == 2


def test_whoever_watches_is_told_how_much_comes() -> None:
    for sizes, expected in (((3, 4), 7), ((3, None), None), ((0, 0), 0)):
        to_do = [change(name, size=size) for name, size in zip("ab", sizes, strict=True)]
        assert ran(to_do, Orders()).watching.expected == [(2, expected)]
    assert ran([], Orders()).watching.expected == []


# -- a fresh link


def test_a_link_that_was_refused_is_asked_for_anew_once() -> None:
    run = ran(copies_of("a"), Orders(copies={"a": LinkRefused("expired")}))
    assert run.steps == ["begin a", "look a", "fail a: expired"]
    assert run.outcomes == {"a": Outcome.FAILED}


def test_any_other_failure_is_not_asked_about_again() -> None:
    assert ran(copies_of("a"), Orders(copies={"a": ArchiveError("not whole")})).steps == [
        "begin a",
        "fail a: not whole",
    ]


def test_a_job_that_is_another_one_at_the_new_look_is_told() -> None:
    orders = Orders(copies={"a": LinkRefused("expired")}, meets={"look a": Outcome.SKIPPED})
    run = ran(cleans_of("ab"), orders)
    assert run.steps == ["begin a", "look a", "begin b", "end b"]
    assert run.outcomes == {"a": Outcome.SKIPPED, "b": Outcome.CLEANED}


def test_a_run_that_has_stopped_asks_for_no_link() -> None:
    orders = Orders(with_={"a": "b"}, copies={"a": FULL, "b": LinkRefused("expired")})
    assert ran(copies_of("ab"), orders).steps == ["begin a", "begin b", "fail a: full", "fail b: expired"]


# -- what stops the run


@pytest.mark.parametrize(("error", "why"), [(FULL, "full Make room."), (NO_KEY, "no key")])
def test_what_no_job_survives_stops_the_run_and_nothing_more_is_cleaned(error: ReconcilerError, why: str) -> None:
    orders = Orders(with_={"b": "c"}, meets={"end b": error})
    run = ran(cleans_of("abcde"), orders)
    assert run.steps == [
        *("begin a", "end a", "begin b", "begin c", "begin d"),
        *("end b", "end c: the run stopped", "end d: the run stopped"),
    ]
    assert run.results == {
        "a": (Outcome.CLEANED, "cleaned"),
        "b": (Outcome.FAILED, error.message),
        "c": (Outcome.ARCHIVED, "archived"),
        "d": (Outcome.ARCHIVED, "archived"),
        "e": NOT_BEGUN,
    }
    assert run.stopped == Stopped(why, error.exit_code)


@pytest.mark.parametrize("error", [NO_LEDGER, LOCKED])
def test_a_run_that_may_not_write_gives_up_what_is_on_its_way(error: ReconcilerError) -> None:
    run = ran(cleans_of("abcde"), Orders(with_={"b": "c"}, meets={"end b": error}))
    assert run.steps == ["begin a", "end a", "begin b", "begin c", "begin d", "end b"]
    assert run.log[-1] == "end b"
    assert run.results["b"] == (Outcome.FAILED, error.message)
    assert run.results["c"] == run.results["d"]
    assert run.results["c"] == (Outcome.FAILED, "given up on its way: the run could record no more")
    assert run.results["e"] == NOT_BEGUN
    assert run.stopped == Stopped(error.message, error.exit_code)


@pytest.mark.parametrize("step", ["begin", "end"])
def test_a_bug_beside_the_copies_stops_the_run_and_shows_its_place_alone(step: str) -> None:  # I11
    run = ran(cleans_of("ab"), Orders(meets={f"{step} a": bug()}))
    outcome, why = run.results["a"]
    assert outcome is Outcome.FAILED
    assert why.startswith("an unforeseen KeyError at test_engine_carrying_out.py:")
    assert why.endswith(", which is a bug or a machine in trouble")
    assert run.results["b"] == NOT_BEGUN
    assert run.stopped == Stopped(f"{why}; nothing more was begun", 1)


def test_a_bug_in_a_copy_is_a_copy_that_failed() -> None:
    run = ran(cleans_of("ab"), Orders(copies={"a": bug()}))
    told = "the copy met an unforeseen KeyError, which is a bug or a machine in trouble"
    assert run.results == {"a": (Outcome.FAILED, told), "b": (Outcome.CLEANED, "cleaned")}
    assert run.stopped == Stopped()


def test_a_second_signal_goes_all_the_way_up() -> None:
    interrupted = Interrupted("now", signal_number=2)
    with pytest.raises(Interrupted):
        ran(cleans_of("a"), Orders(meets={"end a": interrupted}))


def test_the_first_reason_to_stop_stands() -> None:
    orders = Orders(with_={"b": "c"}, meets={"end b": FULL, "end c": NO_KEY})
    assert ran(cleans_of("abc"), orders).stopped == Stopped("full Make room.", 8)
    run = ran(cleans_of("abc"), Orders(meets={"end a": FULL}), asked_after="end a")
    assert run.stopped == Stopped("full Make room.", 8)


@pytest.mark.parametrize("error", [NO_LEDGER, LOCKED])
def test_what_cannot_be_written_down_at_the_end_stops_the_run(error: ReconcilerError) -> None:
    run = ran(copies_of("a"), Orders(meets={"write down": error}))
    assert run.log == ["begin a", "record a", "end a", "write down"]
    assert run.stopped == Stopped(error.message, error.exit_code)


def test_before_a_wait_for_a_copy_what_waits_is_written_down_and_where_that_fails_nobody_waits() -> None:
    run = ran(copies_of("a"), Orders(late=("a",)))
    assert run.log == ["begin a", "write down", "record a", "end a", "write down"]
    run = ran(copies_of("ab"), Orders(late=("a",), at_once=1, meets={"write down": LOCKED}))
    assert run.log == ["begin a", "write down"]
    assert run.results["a"] == (Outcome.FAILED, "given up on its way: the run could record no more")
    assert run.results["b"] == NOT_BEGUN


def test_a_signal_that_came_while_the_last_job_failed_is_told() -> None:
    orders = Orders(copies={"a": ArchiveError("not whole")})
    assert ran(copies_of("a"), orders, asked_after="fail a: not whole").stopped.exit_code == 143


# -- signals, time, failures, the canary


def test_a_signal_is_heeded_between_two_jobs_and_those_in_hand_are_finished() -> None:
    run = ran(copies_of("abc"), Orders(with_={"a": "b"}), asked_after="begin b")
    assert run.steps == ["begin a", "begin b", "end a", "end b"]
    assert run.outcomes == {"a": Outcome.ARCHIVED, "b": Outcome.ARCHIVED, "c": Outcome.NOT_STARTED}
    assert run.stopped == Stopped("stopped by signal 15; the jobs in hand were finished or given up", 143)


def test_a_signal_lets_what_is_in_hand_be_cleaned() -> None:
    run = ran(cleans_of("abcd"), Orders(with_={"b": "c"}), asked_after="begin c")
    assert run.outcomes["b"] is run.outcomes["c"] is Outcome.CLEANED
    assert run.outcomes["d"] is Outcome.NOT_STARTED


def test_who_asks_when_nothing_is_left_to_begin_is_told_that_all_was_done() -> None:
    assert ran(copies_of("a"), Orders(), asked_after="begin a").stopped == Stopped()


def test_a_signal_counts_before_the_time() -> None:
    up = Limits(time_is_up=lambda: True)
    assert ran(copies_of("a"), Orders(), limits=up).stopped == Stopped(
        "the time that --max-duration allows is up; the jobs in hand were finished", 9
    )
    assert ran(copies_of("a"), Orders(), limits=up, asked_after="", number=2).stopped.exit_code == 130


@pytest.mark.parametrize(
    ("most", "why"),
    [
        (1, "a job failed, as many as --max-failures allows: nothing more was cleaned"),
        (2, "2 jobs in a row failed, as many as --max-failures allows: nothing more was cleaned"),
    ],
)
def test_failures_in_a_row_stop_the_run(most: int, why: str) -> None:
    orders = Orders(copies=dict.fromkeys("abc", ArchiveError("not whole")))
    run = ran(cleans_of("abc"), orders, limits=Limits(most_failures=most))
    assert list(run.outcomes.values()).count(Outcome.FAILED) == most
    assert run.stopped == Stopped(why, 3)


def test_failures_of_jobs_on_their_way_leave_the_others_uncleaned() -> None:
    orders = Orders(with_={"b": "c"}, copies={"b": ArchiveError("not whole")})
    run = ran(cleans_of("abc"), orders, limits=Limits(most_failures=1))
    assert run.steps[-2:] == ["fail b: not whole", "end c: the run stopped"]


def test_a_clean_that_is_not_confirmed_stops_the_run_unless_one_was() -> None:
    unsure = {"end a": Outcome.UNCONFIRMED}
    run = ran(cleans_of("abc"), Orders(meets=unsure))
    assert run.steps == ["begin a", "end a"]
    assert run.stopped == Stopped("the first clean could not be confirmed, so no other was sent", 3)
    assert ran(cleans_of("a"), Orders(meets=unsure)).stopped == Stopped()
    later = ran(cleans_of("abc"), Orders(meets={"end b": Outcome.UNCONFIRMED}))
    assert later.outcomes["c"] is Outcome.CLEANED
    assert later.stopped == Stopped()


def test_the_canary_is_the_first_that_is_cleaned_however_the_first_job_ended() -> None:
    skipped = {"begin a": Outcome.SKIPPED, "end b": Outcome.UNCONFIRMED}
    run = ran(cleans_of("abcde"), Orders(with_={"b": "c"}, meets=skipped))
    assert run.steps == [
        *("begin a", "begin b", "begin c", "begin d"),
        *("end b", "end c: the run stopped", "end d: the run stopped"),
    ]
    assert run.outcomes["e"] is Outcome.NOT_STARTED
