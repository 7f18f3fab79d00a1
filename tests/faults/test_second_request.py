"""A clean that got no answer is sent a second time only if the job was read again and stands as it was (I5, I8)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.archive.still_cached import CachedFiles
from reconciler.core.job import JobId, JobStatus, JobType
from reconciler.core.plan import Action, Change
from reconciler.core.receipt import VerifiedReceipt
from reconciler.core.secret import Secret
from reconciler.core.steps import Phase
from reconciler.engine.job_steps import CONFIRM_PAUSES_S, CopySteps, JobSteps
from reconciler.engine.outcome import JobResult, Outcome
from reconciler.engine.ports import JobDetail
from reconciler.errors import AuthenticationRefused, LockedByAnotherRun
from reconciler.ledger.writer import SqlLedger
from reconciler.pictory.calls import ApiCalls
from reconciler.pictory.credentials import RawKey
from reconciler.pictory.pacing import Pacer
from reconciler.pictory.reader import PictoryCleaner, PictoryReader
from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.ledger_values import HandMadeClock, ledger_at, proof

A = JobId(job_id(1))


@dataclass
class OneJob:
    """One finished job of an emulated account, the means of its way out, and the ledger that remembers it."""

    emulator: EmulatorProcess
    ledger: SqlLedger
    clock: HandMadeClock
    pauses: list[float] = field(default_factory=list)
    pause: Callable[[float], object] = lambda _seconds: None
    copied: Callable[[], object] = lambda: None

    def carry_out(self) -> JobResult:
        with self._steps() as (steps, reader):
            detail = reader.get(A)
            assert detail is not None
            change = Change(
                job_id=A,
                type=JobType.IMAGE,
                status=JobStatus.COMPLETED,
                actions=(Action.ARCHIVE, Action.CLEAN),
                tried=(),
                fingerprint=detail.job.fingerprint,
                first_seen=None,
            )
            begun = steps.begin(change)
            assert isinstance(begun, JobDetail)
            self.copied()
            made = steps.record(change, lambda: proof(begun.job.id, begun.job.fingerprint))
            assert isinstance(made, VerifiedReceipt)
            return steps.end(change, made)

    @contextmanager
    def _steps(self) -> Iterator[tuple[JobSteps, PictoryReader]]:
        calls = ApiCalls(self.emulator.api, RawKey(Secret(self.emulator.key)), Pacer(1000), patience_s=0, read_s=0.5)
        with calls, CachedFiles(user_agent="a test/1") as cached, self.ledger.open_run("apply", "acme") as run:
            reader = PictoryReader(calls)
            yield (
                JobSteps(
                    copies=CopySteps(reader=reader, run=run),
                    cleaner=PictoryCleaner(calls),
                    cached=cached,
                    pause=self._pause_once,
                ),
                reader,
            )

    def _pause_once(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.pause(seconds)

    @property
    def phases(self) -> list[Phase]:
        return [entry.phase for entry in self.ledger.entries()]

    @property
    def methods(self) -> list[str]:
        """What was asked about the job after its first clean, in order."""
        asked = [request["method"] for request in self.emulator.requests() if request["port"] == "api"]
        return asked[asked.index("DELETE") :]


@pytest.fixture
def one_job(emulator: EmulatorProcess, tmp_path: Path) -> OneJob:
    emulator.put_job(A, bodies.image())
    clock = HandMadeClock()
    return OneJob(emulator, ledger_at(tmp_path / "ledger.db", clock), clock)


UNTIL_CLEANING = [Phase.BEGIN, Phase.ARCHIVED, Phase.CLEANING]
LOOKS = ["GET"] * len(CONFIRM_PAUSES_S)


@pytest.mark.parametrize("word", ["503", "500", "429", "408", "reset", "stall"])
def test_after_passing_trouble_it_is_sent_once_more_and_takes_effect(one_job: OneJob, word: str) -> None:  # I8
    one_job.emulator.fault("clean", f"{word} ok")
    result = one_job.carry_out()
    assert (result.outcome, result.detail) == (Outcome.CLEANED, "cleaned now, at the second request")
    assert one_job.methods == ["DELETE", *LOOKS, "DELETE", "GET"], "read again in between"
    assert one_job.phases == [*UNTIL_CLEANING, Phase.CLEANED]


@pytest.mark.parametrize("word", ["reset-after-commit", "503-after-commit", "stall-after-commit"])
def test_one_that_took_effect_is_seen_and_not_sent_again(one_job: OneJob, word: str) -> None:  # I8
    one_job.emulator.fault("clean", f"{word} ok")
    result = one_job.carry_out()
    assert (result.outcome, result.detail) == (Outcome.CLEANED, "cleaned now")
    assert one_job.methods == ["DELETE", "GET"]


def test_one_that_takes_effect_late_is_waited_for_and_not_sent_again(one_job: OneJob) -> None:
    one_job.emulator.clock(stands=True)
    one_job.emulator.switch(clean_takes_s=3)
    one_job.emulator.fault("clean", "503-after-commit")
    one_job.pause = lambda seconds: one_job.emulator.clock(advance_s=seconds)
    assert one_job.carry_out().detail == "cleaned now"
    assert one_job.methods == ["DELETE", "GET", "GET", "GET"]


def test_a_second_answer_that_is_lost_is_looked_up_as_well(one_job: OneJob) -> None:  # I8
    one_job.emulator.fault("clean", "503 reset-after-commit")
    assert one_job.carry_out().detail == "cleaned now, at the second request"
    assert one_job.methods == ["DELETE", *LOOKS, "DELETE", "GET"]


@pytest.mark.parametrize("word", ["503", "reset", "html", "refuse", "gone"])
def test_there_is_no_third_request(one_job: OneJob, word: str) -> None:  # I8
    one_job.emulator.fault("clean", f"reset {word} ok")
    result = one_job.carry_out()
    assert result.outcome is Outcome.UNCONFIRMED
    assert "the clean was sent twice, but it is not confirmed" in result.detail
    assert one_job.methods == ["DELETE", *LOOKS, "DELETE", *LOOKS]
    assert one_job.phases == UNTIL_CLEANING, "open, for the next run to ask"


@pytest.mark.parametrize("word", ["refuse", "409"])
def test_what_the_service_refuses_is_not_asked_again(one_job: OneJob, word: str) -> None:
    one_job.emulator.fault("clean", f"{word} ok")
    assert one_job.carry_out().outcome is Outcome.FAILED
    assert one_job.methods == ["DELETE"]
    assert one_job.phases == [*UNTIL_CLEANING, Phase.NOT_CLEANED]


@pytest.mark.parametrize("word", ["html", "not-json", "gone"])
def test_an_answer_that_is_no_trouble_is_not_asked_again(one_job: OneJob, word: str) -> None:  # I4
    one_job.emulator.fault("clean", f"{word} ok")
    result = one_job.carry_out()
    assert result.outcome is Outcome.UNCONFIRMED
    assert "the clean was sent, but" in result.detail
    assert one_job.methods == ["DELETE", *LOOKS]


def test_one_that_is_done_but_does_not_show_is_not_asked_again(one_job: OneJob) -> None:
    one_job.emulator.switch(clean_takes_s=1000)
    assert one_job.carry_out().outcome is Outcome.UNCONFIRMED
    assert one_job.methods == ["DELETE", *LOOKS]


# The reads before the clean are the change's own, the two of the steps, and then the looks.
MOVED = {
    "other files": "ok*3 changed*",
    "other files at the last look": f"ok*{2 + len(CONFIRM_PAUSES_S)} changed",
    "running": "ok*3 in-progress*",
    "not to be had": "ok*3 503*",
    "not to be had at the last look": f"ok*{2 + len(CONFIRM_PAUSES_S)} 503",
    "another job": "ok*3 other-id*",
    "no JSON": "ok*3 html*",
}


@pytest.mark.parametrize("script", MOVED.values(), ids=MOVED.keys())
def test_a_job_that_does_not_stand_as_it_was_is_not_cleaned_again(one_job: OneJob, script: str) -> None:  # I5
    one_job.emulator.fault("clean", "reset ok")
    one_job.emulator.fault("get", script)
    assert one_job.carry_out().outcome is Outcome.UNCONFIRMED
    assert one_job.methods == ["DELETE", *LOOKS]
    assert one_job.phases == UNTIL_CLEANING


def test_a_job_that_is_gone_at_a_look_is_not_cleaned_again(one_job: OneJob) -> None:
    one_job.emulator.fault("clean", "reset ok")
    one_job.emulator.fault("get", "ok*3 404")
    assert one_job.carry_out().detail == "gone"
    assert one_job.methods == ["DELETE", "GET"]


def test_a_lease_that_has_run_low_allows_no_clean_and_no_intent_of_one(one_job: OneJob) -> None:  # I8
    one_job.copied = lambda: one_job.clock.pass_by(timedelta(seconds=31))
    with pytest.raises(LockedByAnotherRun, match=r"30 s are needed"):
        one_job.carry_out()
    assert one_job.emulator.writes() == []
    assert one_job.phases == [Phase.BEGIN, Phase.ARCHIVED]


def test_a_lease_that_has_run_low_meanwhile_allows_no_second_request(one_job: OneJob) -> None:  # I8
    one_job.emulator.fault("clean", "reset ok")
    one_job.pause = lambda seconds: one_job.clock.pass_by(timedelta(seconds=10 * seconds))  # 0, 10, 20 and 40 s
    with pytest.raises(LockedByAnotherRun, match=r"30 s are needed"):
        one_job.carry_out()
    assert one_job.methods == ["DELETE", *LOOKS]
    assert one_job.phases == UNTIL_CLEANING


def test_a_key_that_is_refused_at_the_second_request_leaves_the_first_one_open(one_job: OneJob) -> None:
    one_job.emulator.fault("clean", "reset 401")
    with pytest.raises(AuthenticationRefused):
        one_job.carry_out()
    assert one_job.methods == ["DELETE", *LOOKS, "DELETE"]
    assert one_job.phases == UNTIL_CLEANING
