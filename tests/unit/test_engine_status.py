"""Summing up a real ledger, and a service that answers in part."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.core.job import JobId
from reconciler.core.memory import LedgerHold
from reconciler.core.protection import HoldChange, HoldStep
from reconciler.core.recording import DecisionRecord
from reconciler.core.steps import Phase
from reconciler.engine.account import Quota, ResultDates
from reconciler.engine.ports import LedgerHistory
from reconciler.engine.status import AccountReaders, AskService, LedgerStatus, ledger_status, look, service_status
from reconciler.errors import AuthenticationRefused, LedgerError, ServiceAnswerUnreadable, ServiceUnreachable
from tests.support.ledger_values import FINGERPRINT, HandMadeClock, ledger_at, proof
from tests.support.values import DAY, NOON, inventory, job

QUOTA = Quota(video_minutes=None, transcription_minutes=None, voice_over_minutes=None, ai_credits=None)
DATES = ResultDates(dates={"https://a.invalid/1.png": NOON})


@dataclass
class Service:
    """A service of the test's own: what it is told to raise, and what was asked."""

    quota_raises: Exception | None = None
    dates_raise: Exception | None = None
    asked: list[str] = field(default_factory=list)

    def quota(self) -> Quota:
        self.asked.append("quota")
        if self.quota_raises:
            raise self.quota_raises
        return QUOTA

    def result_dates(self) -> ResultDates:
        self.asked.append("dates")
        if self.dates_raise:
            raise self.dates_raise
        return DATES


def asking(service: Service) -> AskService:
    @contextmanager
    def ask() -> Iterator[AccountReaders]:
        yield AccountReaders(quota=service, times=service)

    return ask


def test_a_ledger_that_is_not_there_is_all_zero(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    assert ledger_status(ledger_at(path)) == LedgerStatus()
    assert not path.exists()


def test_a_bag_that_was_proved_again_counts_once(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path / "ledger.db")
    with ledger.open_run("apply", "acme") as run:
        for name, at in (("a", NOON), ("a", NOON + DAY), ("b", NOON)):
            run.append(JobId(name), Phase.BEGIN, FINGERPRINT)
            run.record_archived(proof(name, at=at))
    status = ledger_status(ledger)
    assert len(ledger.receipts()) == 3
    assert (status.archived_jobs, status.archived_bytes) == (2, 2 * proof().receipt.size)


def test_jobs_with_holds_are_counted_and_those_that_no_rule_keeps_any_more(tmp_path: Path) -> None:  # I13
    ledger = ledger_at(tmp_path / "ledger.db")
    kept = LedgerHold(rule="legal", owner="", reason="", set_at=NOON)
    unkept = replace(kept, unkept_since=NOON)
    holds = (("a", kept), ("b", unkept), ("c", kept), ("c", replace(unkept, rule="launch")))
    with ledger.open_run("refresh", "acme") as run:
        run.record_observation(inventory(job("a"), job("b"), job("c"), job("d")))
        steps = tuple(HoldChange(JobId(name), HoldStep.SET, hold) for name, hold in holds)
        run.record_decision(DecisionRecord(at=NOON, waits=(), holds=steps))
    status = ledger_status(ledger)
    assert (status.protected, status.unkept) == (3, 1)


def test_the_newest_run_and_observation_are_the_last_written_whatever_the_clock_says(tmp_path: Path) -> None:  # I14
    clock = HandMadeClock()
    ledger = ledger_at(tmp_path / "ledger.db", clock)
    with ledger.open_run("refresh", "acme") as run:
        run.record_observation(inventory(job("a"), job("b"), at=NOON))
    clock.pass_by(timedelta(hours=-3))
    with ledger.open_run("apply", "acme") as run:
        run.record_observation(inventory(job("a"), at=NOON - 3 * DAY))
        during = ledger.last_seen().run
    status = ledger_status(ledger)
    assert (status.jobs, status.left, status.observed_at) == (2, 1, NOON - 3 * DAY)
    assert status.newest_run is not None
    assert (status.newest_run.operation, status.newest_run.outcome) == ("apply", "done")
    assert during is not None
    assert (during.run_id, during.ended_at, during.outcome) == (status.newest_run.run_id, None, "")


def test_a_journal_in_no_order_of_ours_is_told_as_an_error_of_the_ledger(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path / "ledger.db")
    with ledger.open_run("apply", "acme") as run:
        run.append(JobId("a"), Phase.BEGIN, FINGERPRINT)
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        connection.execute("UPDATE entry SET phase = 'cleaned'")
    connection.close()
    with pytest.raises(LedgerError, match="journal does not hold"):
        ledger_status(ledger)


def test_without_a_way_to_the_service_it_is_not_asked(tmp_path: Path) -> None:
    ledger: LedgerHistory = ledger_at(tmp_path / "ledger.db")
    status = look("acme", ledger, HandMadeClock(), None)
    assert (status.service, status.exit_code, status.is_other_account) == (None, 0, False)


UNREACHABLE, UNREADABLE = ServiceUnreachable("away"), ServiceAnswerUnreadable("odd")
REFUSED = AuthenticationRefused("no")


def test_what_answers_is_told_beside_what_does_not() -> None:
    told = service_status(asking(Service()))
    assert (told.quota, told.results, told.problem) == (QUOTA, DATES, None)
    told = service_status(asking(Service(quota_raises=UNREADABLE)))
    assert (told.quota, told.results, told.problem) == (None, DATES, UNREADABLE)
    told = service_status(asking(Service(dates_raise=REFUSED)))
    assert (told.quota, told.results, told.problem) == (QUOTA, None, REFUSED)


@pytest.mark.parametrize("error", [UNREACHABLE, REFUSED])
def test_who_is_away_or_refuses_is_asked_once(error: Exception) -> None:
    service = Service(quota_raises=error)
    assert service_status(asking(service)).problem is error
    assert service.asked == ["quota"]


def test_the_first_problem_is_the_one_that_is_told() -> None:
    assert service_status(asking(Service(quota_raises=UNREADABLE, dates_raise=REFUSED))).problem is UNREADABLE


def test_a_bug_is_no_answer_of_the_service() -> None:
    with pytest.raises(RuntimeError):
        service_status(asking(Service(quota_raises=RuntimeError("a bug"))))
