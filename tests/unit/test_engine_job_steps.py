"""One job's way out, step by step: what is asked, written and sent, in which order, and how it is told (I1, I5, I8).

Each way is compared whole: with one look, one entry or one check less, or one request more, its log is another one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from reconciler.core.job import Job, JobStatus
from reconciler.core.plan import Action, Change
from reconciler.core.receipt import VerifiedReceipt
from reconciler.core.steps import Phase
from reconciler.engine.job_steps import CopySteps, JobSteps
from reconciler.engine.outcome import How, JobResult, Outcome
from reconciler.engine.ports import CleanAnswer, JobDetail
from reconciler.errors import (
    ArchiveError,
    AuthenticationRefused,
    LedgerError,
    LockedByAnotherRun,
    ReconcilerError,
    ServiceAnswerUnreadable,
    ServiceUnreachable,
    StoreNotWritable,
)
from tests.support.hand_made_service import Event, HandMadeCache, HandMadeRun, HandMadeService, after, fails
from tests.support.ledger_values import FINGERPRINT, proof
from tests.support.values import job

A = job("a")
OTHER_FACTS = job("a", status=JobStatus.FAILED, assets=())
SIZE, BAG = 9, "jobs/a/abababababab"

# The steps of a way, as they are logged.
TO_THE_COPY = ["BEGIN", "GET a"]
TO_THE_PROOF = [*TO_THE_COPY, "ARCHIVED waits"]
TO_THE_CLEAN = [*TO_THE_PROOF, "GET a", "WRITE DOWN", "CLEANING for 30", "CLEAN a"]
FOUR_LOOKS = ["GET a"] * 4

NO_KEY = AuthenticationRefused("the key is refused")
NO_ANSWER = ServiceUnreachable("no answer")
NONSENSE = ServiceAnswerUnreadable("nonsense")


@dataclass
class Way:
    """A job, the service that has it, and the run that takes it out."""

    service: HandMadeService = field(default_factory=lambda: HandMadeService.of(A))
    cached: HandMadeCache = field(default_factory=HandMadeCache)
    pauses: list[float] = field(default_factory=list)
    run: HandMadeRun = field(init=False)

    def __post_init__(self) -> None:
        self.run = HandMadeRun(self.service.log)

    @property
    def copies(self) -> CopySteps:
        return CopySteps(reader=self.service, run=self.run.as_run)

    @property
    def steps(self) -> JobSteps:
        return JobSteps(copies=self.copies, cleaner=self.service, cached=self.cached, pause=self.pauses.append)

    def meets(self, **events: Event) -> "Way":
        """Have a call, as `GET_a_2`, or a step, as `CLEANING_1`, meet something."""
        for name, event in events.items():
            self.service.meets[name.replace("_", " ")] = event
            self.run.meets[name.replace("_", " ")] = event
        return self

    def becomes(self, other: Job | None) -> Event:
        """Somebody changes the job, or cleans it."""

        def change() -> None:
            self.service.jobs.clear()
            if other:
                self.service.jobs[other.id] = other

        return change

    def taken(
        self,
        change: Change | None = None,
        copied: Callable[[], VerifiedReceipt] = lambda: proof("a", A.fingerprint),
        **stays: str,
    ) -> JobResult:
        steps = self.steps
        assert steps.run is self.run.as_run
        try:
            begun = steps.begin(change or to_clean())
            if isinstance(begun, JobResult):
                return begun
            assert begun.job is A
            proved = steps.record(change or to_clean(), copied)
            return proved if isinstance(proved, JobResult) else steps.end(change or to_clean(), proved, **stays)
        finally:
            assert {(entry.job_id, entry.fingerprint) for entry in self.run.entries} <= {("a", A.fingerprint)}

    @property
    def log(self) -> list[str]:
        return self.service.log


def to_clean(*actions: Action) -> Change:
    return Change(
        job_id=A.id,
        type=A.type,
        status=A.status,
        actions=actions or (Action.ARCHIVE, Action.CLEAN),
        tried=(),
        fingerprint=A.fingerprint,
        first_seen=None,
    )


def ended(outcome: Outcome, detail: str, how: How | None = None, *, archived: bool = True) -> JobResult:
    told = JobResult(job_id=A.id, outcome=outcome, detail=detail, how=how)
    return replace(told, bag=BAG, size=SIZE) if archived else told


# -- all goes well


def test_a_job_is_begun_copied_recorded_read_again_announced_cleaned_and_looked_for_in_that_order() -> None:
    way = Way()
    assert way.taken() == ended(Outcome.CLEANED, "gone", How.GONE)
    assert way.log == [*TO_THE_CLEAN, "GET a", "CLEANED waits"]
    assert way.service.sent == way.run.receipts == [proof("a", A.fingerprint)]
    assert way.cached.looked == [(A.id, A.assets)]
    assert way.pauses == []
    assert way.run.told == [
        (Phase.BEGIN, ""),
        (Phase.ARCHIVED, ""),
        (Phase.CLEANING, ""),
        (Phase.CLEANED, "gone"),
    ]


def test_a_job_that_reads_cleaned_afterwards_is_cleaned() -> None:
    way = Way()
    way.service.leaves = JobStatus.CLEANED
    assert way.taken() == ended(Outcome.CLEANED, "cleaned now", How.NOW)


def test_a_job_that_is_to_be_archived_alone_is_not_cleaned() -> None:  # I3
    way = Way()
    assert way.taken(to_clean(Action.ARCHIVE)) == ended(Outcome.ARCHIVED, "archived and proved")
    assert way.log == [*TO_THE_PROOF, "WRITE DOWN"]
    assert way.cached.looked == []


def test_the_way_of_a_copy_alone_never_cleans_whatever_the_change_says() -> None:
    way = Way()
    assert isinstance(way.copies.begin(to_clean()), JobDetail)
    proved = way.copies.record(to_clean(), lambda: proof("a", A.fingerprint))
    assert proved == proof("a", A.fingerprint)
    ends = way.copies.end(to_clean(), proof("a", A.fingerprint), stays="the run stopped")
    assert ends == ended(Outcome.ARCHIVED, "archived and proved")
    assert way.log == [*TO_THE_PROOF, "WRITE DOWN"]
    assert way.copies.record(to_clean(), failing_copy(ArchiveError("not whole"))) == ended(
        Outcome.FAILED, "not whole", archived=False
    )


def test_what_waits_is_made_durable_on_demand() -> None:
    way = Way()
    way.steps.write_down()
    assert way.log == ["WRITE DOWN"]


def test_a_look_anew_reads_the_job_and_writes_nothing() -> None:
    way = Way()
    looked = way.steps.look(to_clean())
    assert isinstance(looked, JobDetail)
    assert way.log == ["GET a"]


# -- another job than the one that was approved, before its copy and after


DIFFERENT = {
    "gone": (None, "gone: the service does not know the job any more", How.GONE),
    "cleaned": (job("a", status=JobStatus.CLEANED), "already cleaned: not by this run", How.ALREADY),
    "running": (job("a", status=JobStatus.IN_PROGRESS), "it is in-progress now", None),
    "changed": (OTHER_FACTS, "changed since plan: its facts (fingerprint) differ", None),
    "contradictory": (
        replace(A, contradictions=("it says both", "and more")),
        "contradictory now: it says both",
        None,
    ),
}


@pytest.mark.parametrize(("other", "why", "how"), DIFFERENT.values(), ids=DIFFERENT)
def test_a_job_that_is_another_one_is_left_alone_before_its_copy(other: Job | None, why: str, how: How | None) -> None:
    way = Way()
    way.meets(GET_a_1=way.becomes(other))
    assert way.taken() == ended(Outcome.SKIPPED, why, how, archived=False)
    assert way.log == [*TO_THE_COPY, "ABANDONED"]
    assert way.run.told[-1] == (Phase.ABANDONED, why)


@pytest.mark.parametrize(("other", "why", "how"), DIFFERENT.values(), ids=DIFFERENT)
def test_a_job_that_is_another_one_is_left_alone_after_its_copy(other: Job | None, why: str, how: How | None) -> None:
    way = Way()
    way.meets(GET_a_2=way.becomes(other))
    assert way.taken() == ended(Outcome.SKIPPED, f"archived, not cleaned: {why}", how)  # I5
    assert way.log == [*TO_THE_PROOF, "GET a", "ABANDONED"]
    assert way.run.told[-1] == (Phase.ABANDONED, f"archived, not cleaned: {why}")


def test_a_job_stays_where_the_run_has_stopped() -> None:
    way = Way()
    assert way.taken(stays="the run stopped") == ended(Outcome.FAILED, "archived, not cleaned: the run stopped")
    assert way.log == [*TO_THE_PROOF, "ABANDONED"]


# -- the service cannot be asked


@pytest.mark.parametrize("error", [NO_ANSWER, NONSENSE])
def test_a_job_that_cannot_be_read_is_left_alone(error: ReconcilerError) -> None:
    before = Way().meets(GET_a_1=fails(error))
    assert before.taken() == ended(Outcome.FAILED, error.message, archived=False)
    assert before.log == [*TO_THE_COPY, "ABANDONED"]
    behind = Way().meets(GET_a_2=fails(error))
    assert behind.taken() == ended(Outcome.FAILED, f"archived, not cleaned: {error.message}")
    assert behind.log == [*TO_THE_PROOF, "GET a", "ABANDONED"]


@pytest.mark.parametrize(
    ("call", "log", "last"),
    [
        ("GET_a_1", [*TO_THE_COPY, "ABANDONED"], Phase.ABANDONED),
        ("GET_a_2", [*TO_THE_PROOF, "GET a", "ABANDONED"], Phase.ABANDONED),
        ("CLEAN_a_1", [*TO_THE_CLEAN, "NOT_CLEANED"], Phase.NOT_CLEANED),
    ],
)
def test_a_refused_key_ends_the_jobs_way_on_record_and_the_run(call: str, log: list[str], last: Phase) -> None:
    way = Way().meets(**{call: fails(NO_KEY)})
    with pytest.raises(AuthenticationRefused):
        way.taken()
    assert way.log == log
    assert way.run.told[-1] == (last, NO_KEY.message)
    assert A.id in way.service.jobs


# -- the copy fails, or is another job's


def failing_copy(error: ReconcilerError) -> Callable[[], VerifiedReceipt]:
    def copied() -> VerifiedReceipt:
        raise error

    return copied


def test_a_job_without_a_copy_is_not_recorded_as_archived_and_not_cleaned() -> None:  # I1
    way = Way()
    assert way.taken(copied=failing_copy(ArchiveError("not whole"))) == ended(
        Outcome.FAILED, "not whole", archived=False
    )
    assert way.log == [*TO_THE_COPY, "ABANDONED"]


def test_a_store_that_takes_no_more_ends_the_jobs_way_on_record_and_the_run() -> None:
    way = Way()
    with pytest.raises(StoreNotWritable):
        way.taken(copied=failing_copy(StoreNotWritable("full")))
    assert way.run.told == [(Phase.BEGIN, ""), (Phase.ABANDONED, "full")]


@pytest.mark.parametrize(
    ("other", "whose"),
    [
        (proof("b", A.fingerprint), f"b {A.fingerprint[:19]}"),
        (proof("a", FINGERPRINT), f"a {FINGERPRINT[:19]}"),
    ],
    ids=["of another job", "of other facts"],
)
def test_the_proof_of_another_job_or_of_other_facts_proves_nothing(other: VerifiedReceipt, whose: str) -> None:  # I1
    way = Way()
    told = f"the receipt is for {whose}, not for this job's facts"
    assert way.taken(copied=lambda: other) == ended(Outcome.FAILED, told, archived=False)
    assert way.log == [*TO_THE_COPY, "ABANDONED"]
    assert way.run.receipts == []


# -- the ledger or the lease is lost: nothing follows


STEPS = [*TO_THE_CLEAN, "GET a", "CLEANED waits"]


@pytest.mark.parametrize("error", [LedgerError("the disk is full"), LockedByAnotherRun("another run has it")])
@pytest.mark.parametrize("step", ["BEGIN", "ARCHIVED waits", "WRITE DOWN", "CLEANING for 30", "CLEANED waits"])
def test_nothing_follows_a_step_that_could_not_be_written(step: str, error: ReconcilerError) -> None:
    way = Way().meets(**{f"{step}_1": fails(error)})
    with pytest.raises(type(error)):
        way.taken()
    assert way.log == STEPS[: STEPS.index(step) + 1]
    assert (A.id in way.service.jobs) == (step != "CLEANED waits")


# -- what became of a clean


def test_an_answer_that_it_is_done_is_believed_once_a_look_shows_it() -> None:
    way = Way().meets(CLEAN_a_1=lambda: CleanAnswer.DONE)
    assert way.taken() == ended(
        Outcome.UNCONFIRMED,
        "archived; the clean was sent, but it is not confirmed (the service answered done; it still reads completed); "
        "the next run asks again",
    )
    assert way.log == [*TO_THE_CLEAN, *FOUR_LOOKS]
    assert way.pauses == [1.0, 2.0, 4.0]
    assert way.run.told[-1] == (Phase.CLEANING, "")
    assert way.cached.looked == []


@pytest.mark.parametrize("looks", [1, 2, 3])
def test_a_service_that_is_a_moment_behind_is_asked_again(looks: int) -> None:
    way = Way().meets(CLEAN_a_1=lambda: CleanAnswer.DONE)
    way.meets(**{f"GET_a_{looks + 3}": way.becomes(None)})
    assert way.taken() == ended(Outcome.CLEANED, "gone", How.GONE)
    assert way.log == [*TO_THE_CLEAN, *["GET a"] * (looks + 1), "CLEANED waits"]


@pytest.mark.parametrize("error", [NO_ANSWER, NONSENSE, NO_KEY])
def test_a_look_that_fails_is_not_the_last(error: ReconcilerError) -> None:
    way = Way().meets(GET_a_3=fails(error), GET_a_4=fails(error))
    assert way.taken() == ended(Outcome.CLEANED, "gone", How.GONE)
    assert way.log == [*TO_THE_CLEAN, *["GET a"] * 3, "CLEANED waits"]


def test_a_clean_that_can_never_be_looked_for_stays_open() -> None:
    way = Way().meets(**{f"GET_a_{turn}": fails(NO_ANSWER) for turn in (3, 4, 5, 6)})
    assert way.taken() == ended(
        Outcome.UNCONFIRMED,
        "archived; the clean was sent, but it is not confirmed (the service answered done; no answer); "
        "the next run asks again",
    )
    assert way.run.told[-1] == (Phase.CLEANING, "")


def test_a_refused_clean_is_recorded_as_not_done() -> None:
    way = Way().meets(CLEAN_a_1=lambda: CleanAnswer.REFUSED)
    assert way.taken() == ended(Outcome.FAILED, "archived, not cleaned: the service refused to clean it")
    assert way.log == [*TO_THE_CLEAN, "NOT_CLEANED"]
    assert way.run.told[-1] == (Phase.NOT_CLEANED, "the service refused to clean it")


def test_a_job_that_somebody_else_cleaned_meanwhile_is_not_told_as_cleaned_by_us() -> None:
    way = Way().meets(CLEAN_a_1=lambda: CleanAnswer.GONE)
    way.meets(GET_a_3=way.becomes(job("a", status=JobStatus.CLEANED)))
    assert way.taken() == ended(Outcome.CLEANED, "already cleaned", How.ALREADY)
    way = Way().meets(CLEAN_a_1=lambda: CleanAnswer.GONE)
    assert way.taken() == ended(
        Outcome.UNCONFIRMED,
        "archived; the clean was sent, but it is not confirmed (the service answered gone; it still reads completed); "
        "the next run asks again",
    )


@pytest.mark.parametrize("is_done", [True, False])
def test_after_an_answer_that_says_nothing_the_job_is_looked_for_and_nothing_is_sent_again(*, is_done: bool) -> None:
    way = Way()
    way.service.leaves = JobStatus.CLEANED
    effect: Event = (lambda: way.service.take_away(A.id)) if is_done else (lambda: None)
    way.meets(CLEAN_a_1=after(effect, NONSENSE))
    told = (
        ended(Outcome.CLEANED, "cleaned now", How.NOW)
        if is_done
        else ended(
            Outcome.UNCONFIRMED,
            "archived; the clean was sent, but it is not confirmed (nonsense; it still reads completed); "
            "the next run asks again",
        )
    )
    assert way.taken() == told
    assert way.log.count("CLEAN a") == 1


# -- a second request


def test_a_clean_without_an_answer_that_took_effect_is_not_sent_again() -> None:
    way = Way()
    way.meets(CLEAN_a_1=after(lambda: way.service.take_away(A.id), NO_ANSWER))
    assert way.taken() == ended(Outcome.CLEANED, "gone", How.GONE)
    assert way.log == [*TO_THE_CLEAN, "GET a", "CLEANED waits"]


def test_a_clean_that_never_arrived_is_sent_a_second_time_after_four_looks_and_a_lease_that_lasts() -> None:
    way = Way().meets(CLEAN_a_1=fails(NO_ANSWER))
    way.service.leaves = JobStatus.CLEANED
    assert way.taken() == ended(Outcome.CLEANED, "cleaned now, at the second request", How.NOW)
    assert way.log == [*TO_THE_CLEAN, *FOUR_LOOKS, "LEASE 30", "CLEAN a", "GET a", "CLEANED waits"]
    assert way.run.told[-1] == (Phase.CLEANED, "cleaned now")
    assert way.service.sent == [proof("a", A.fingerprint)] * 2


@pytest.mark.parametrize(
    ("second", "heard"),
    [
        (fails(NO_ANSWER), "no answer"),
        (fails(NONSENSE), "nonsense"),
        (lambda: CleanAnswer.REFUSED, "the service answered refused"),
        (lambda: CleanAnswer.GONE, "the service answered gone"),
    ],
)
def test_there_is_no_third_request_and_a_refusal_of_the_second_proves_nothing(second: Event, heard: str) -> None:
    way = Way().meets(CLEAN_a_1=fails(NO_ANSWER), CLEAN_a_2=second)
    assert way.taken() == ended(
        Outcome.UNCONFIRMED,
        f"archived; the clean was sent twice, but it is not confirmed ({heard}; it still reads completed); "
        "the next run asks again",
    )
    assert way.log == [*TO_THE_CLEAN, *FOUR_LOOKS, "LEASE 30", "CLEAN a", *FOUR_LOOKS]


def test_the_second_request_is_not_sent_to_a_job_that_is_another_one_now() -> None:  # I5
    way = Way().meets(CLEAN_a_1=fails(NO_ANSWER))
    way.meets(GET_a_6=way.becomes(OTHER_FACTS))
    assert way.taken() == ended(
        Outcome.UNCONFIRMED,
        "archived; the clean was sent, but it is not confirmed (no answer; it still reads failed); "
        "the next run asks again",
    )
    assert way.log == [*TO_THE_CLEAN, *FOUR_LOOKS]


def test_the_second_request_is_not_sent_where_the_last_look_failed() -> None:
    way = Way().meets(CLEAN_a_1=fails(NO_ANSWER), GET_a_6=fails(NONSENSE))
    assert way.taken().outcome is Outcome.UNCONFIRMED
    assert way.log == [*TO_THE_CLEAN, *FOUR_LOOKS]


def test_the_second_request_is_not_sent_with_a_lease_that_does_not_last() -> None:
    way = Way().meets(CLEAN_a_1=fails(NO_ANSWER), **{"LEASE 30_1": fails(LockedByAnotherRun("another run has it"))})
    with pytest.raises(LockedByAnotherRun):
        way.taken()
    assert way.log == [*TO_THE_CLEAN, *FOUR_LOOKS, "LEASE 30"]


def test_a_key_that_is_refused_at_the_second_request_ends_the_run_and_the_clean_stays_open() -> None:
    way = Way().meets(CLEAN_a_1=fails(NO_ANSWER), CLEAN_a_2=fails(NO_KEY))
    with pytest.raises(AuthenticationRefused):
        way.taken()
    assert way.run.told[-1] == (Phase.CLEANING, "")
