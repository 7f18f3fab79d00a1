"""What an interrupted run left open is asked about, told and settled, one after the other, and nothing else (I8)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import pytest

from reconciler.core.job import Job, JobId, JobStatus
from reconciler.core.steps import Entry, Phase
from reconciler.engine.outcome import How, JobResult, Outcome
from reconciler.engine.ports import LedgerReader
from reconciler.engine.recovery import recover
from reconciler.engine.stopping import UNSTOPPABLE, StopAtOnce
from reconciler.errors import AuthenticationRefused, ReconcilerError, ServiceUnreachable, StoppedWhileIdle
from tests.support.hand_made_service import HandMadeRun, HandMadeService, fails
from tests.support.ledger_values import proof
from tests.support.one_apply import Asking
from tests.support.values import job

A, B = job("a"), job("b")


@dataclass
class Left:
    """Two jobs whose cleans were announced by an earlier run, and the run that comes after it."""

    service: HandMadeService = field(default_factory=lambda: HandMadeService.of(B, A))
    pauses: list[float] = field(default_factory=list)
    cleaned: list[Entry] = field(default_factory=list)
    run: HandMadeRun = field(init=False)

    def __post_init__(self) -> None:
        self.run = HandMadeRun(self.service.log, run_id="run-before")
        for each in (A, B):
            self.run.append(each.id, Phase.BEGIN, each.fingerprint)
            self.run.record_archived(proof(each.id, each.fingerprint))
            self.run.append(each.id, Phase.CLEANING, each.fingerprint)
        self.run.run_id = "run-after"
        self.service.log.clear()

    def entries(self) -> Iterator[Entry]:
        return iter(tuple(self.run.entries))

    def recovered(self, stop: StopAtOnce = UNSTOPPABLE) -> Iterator[JobResult]:
        return recover(
            self.service,
            cast("LedgerReader", self),
            self.run.as_run,
            stop,
            self.pauses.append,
            cleaned=self.cleaned.append,
        )


CLEANED = job("a", status=JobStatus.CLEANED)


@pytest.mark.parametrize(
    ("now", "phase", "word", "told"),
    [
        (
            None,
            Phase.CLEANED,
            "gone",
            JobResult(
                job_id=A.id,
                outcome=Outcome.CLEANED,
                detail="gone: run run-before had sent the clean and did not hear the answer",
                how=How.GONE,
            ),
        ),
        (
            CLEANED,
            Phase.CLEANED,
            "already cleaned",
            JobResult(
                job_id=A.id,
                outcome=Outcome.CLEANED,
                detail="already cleaned: run run-before had sent the clean and did not hear the answer",
                how=How.ALREADY,
            ),
        ),
        (
            A,
            Phase.NOT_CLEANED,
            "found completed by a later run",
            JobResult(
                job_id=A.id,
                outcome=Outcome.FAILED,
                detail="still completed: the clean of run run-before did not take effect",
            ),
        ),
    ],
    ids=["gone", "cleaned", "still there"],
)
def test_what_a_look_shows_is_recorded_and_told(now: Job | None, phase: Phase, word: str, told: JobResult) -> None:
    left = Left()
    left.service.jobs.pop(A.id)
    if now:
        left.service.jobs[A.id] = now
    assert next(left.recovered()) == told
    entry = left.run.entries[-1]
    looks = 4 if now is A else 1
    assert left.service.log == [*["GET a"] * looks, phase.name]
    assert left.pauses == [0.0, 1.0, 2.0, 4.0][:looks]
    assert (entry.job_id, entry.phase, entry.fingerprint, entry.detail) == ("a", phase, A.fingerprint, word)


def test_each_is_settled_before_the_next_is_asked_about_and_nothing_is_sent() -> None:
    left = Left()
    assert [each.job_id for each in left.recovered()] == ["a", "b"]
    assert left.service.log == [*["GET a"] * 4, "NOT_CLEANED", *["GET b"] * 4, "NOT_CLEANED"]
    assert list(left.recovered()) == []


@pytest.mark.parametrize("looks", [1, 2, 3])
def test_a_service_that_is_a_moment_behind_is_asked_again(looks: int) -> None:
    left = Left()
    left.service.meets[f"GET a {looks + 1}"] = lambda: left.service.take_away(A.id)
    assert next(left.recovered()).how is How.GONE
    assert left.service.log == [*["GET a"] * (looks + 1), "CLEANED"]


def test_cleans_that_took_effect_are_given_to_whoever_looks_for_their_files() -> None:
    left = Left()
    left.service.jobs.pop(A.id)
    list(left.recovered())
    assert [(entry.job_id, entry.fingerprint) for entry in left.cleaned] == [("a", A.fingerprint)]


def test_where_nothing_is_open_nobody_is_asked() -> None:
    left = Left()
    left.run.entries.clear()
    left.run.append(A.id, Phase.BEGIN, A.fingerprint)
    left.service.log.clear()
    assert list(left.recovered()) == []
    assert left.service.log == []


@pytest.mark.parametrize("error", [ServiceUnreachable("no answer"), AuthenticationRefused("no")])
def test_what_cannot_be_asked_about_stays_open(error: ReconcilerError) -> None:
    left = Left()
    left.service.meets["GET b 1"] = fails(error)
    found = left.recovered()
    assert next(found).job_id == "a"
    with pytest.raises(type(error)):
        next(found)
    assert left.service.log == [*["GET a"] * 4, "NOT_CLEANED", "GET b"]


def test_whoever_asks_to_stop_is_heard_before_the_next_question() -> None:
    left = Left()
    found = left.recovered(Asking(idle=2))
    assert next(found).job_id == JobId("a")
    with pytest.raises(StoppedWhileIdle):
        next(found)
    assert left.service.log == [*["GET a"] * 4, "NOT_CLEANED"]
