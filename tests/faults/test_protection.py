"""Protection outlives its rule (I13): through the engine with a clock moved by hand, and through the command line."""

import sqlite3
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from reconciler.clock import SystemClock
from reconciler.core.desired import DesiredState, RetainRule
from reconciler.core.job import JobId
from reconciler.core.plan import Plan
from reconciler.core.selectors import NameLike
from reconciler.engine.planning import make_plan
from reconciler.engine.ports import JobDetail, Listing
from reconciler.engine.refreshing import refresh
from reconciler.ledger.run_rows import Who
from reconciler.ledger.sqlite import SqliteDatabase
from reconciler.ledger.writer import SqlLedger
from reconciler.pictory.calls import ApiCalls
from reconciler.pictory.keys import find_credentials
from reconciler.pictory.pacing import Pacer
from reconciler.pictory.reader import PictoryReader
from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.ledger_values import HandMadeClock, ledger_at
from tests.support.listening import Listening
from tests.support.values import by_id, desired, rule
from tests.support.workplace import Workplace

A, B = job_id(1), job_id(2)
DAY = timedelta(days=1)
DELAY = 7 * DAY
SECOND = timedelta(seconds=1)
OTHER = by_id("keep-me", name="keep-me")


def state(*rules: RetainRule, grace: timedelta = timedelta(0)) -> DesiredState:
    return replace(desired(*rules, OTHER, min_age=timedelta(0)), grace=grace, release_delay=DELAY)


def protecting(*ids: str, until: datetime | None = None) -> RetainRule:
    return replace(by_id(*ids, name="legal"), protect=True, owner="legal", reason="LEG-1", lapses_at=until)


@dataclass
class Account:
    """The emulated account and a ledger whose clock is moved by hand; the service tells no time of its own."""

    emulator: EmulatorProcess
    path: Path
    clock: HandMadeClock = field(default_factory=HandMadeClock)

    def __post_init__(self) -> None:
        self.ledger: SqlLedger = ledger_at(self.path, self.clock)

    def reader(self, calls: ApiCalls) -> "Untimed":
        return Untimed(PictoryReader(calls))

    def calls(self) -> ApiCalls:
        return ApiCalls(self.emulator.api, find_credentials(self.emulator.environ), Pacer(1000), patience_s=3)

    def record(self, desired_state: DesiredState, after: timedelta = timedelta(0)) -> None:
        self.clock.pass_by(after)
        with self.calls() as calls:
            refresh(desired_state, self.reader(calls), self.ledger, self.clock, calls)

    def plan(self, desired_state: DesiredState) -> Plan:
        with self.calls() as calls:
            return make_plan(
                desired_state,
                self.reader(calls),
                self.ledger,
                self.clock,
                Listening(),
                valid_for=DAY,
                tool_version="0",
            )

    def released(self, desired_state: DesiredState) -> set[str]:
        return {str(change.job_id) for change in self.plan(desired_state).changes}


class Untimed:
    """A reader whose listings tell no time, so that ours may be moved."""

    def __init__(self, reader: PictoryReader) -> None:
        self._reader = reader

    def get(self, job_id: JobId) -> JobDetail | None:
        return self._reader.get(job_id)

    def list_jobs(self) -> Listing:
        return replace(self._reader.list_jobs(), told_at=None)


@pytest.fixture
def account(tmp_path: Path, emulator: EmulatorProcess) -> Account:
    return Account(emulator, tmp_path / "ledger.db")


def test_a_deleted_rule_holds_until_two_runs_a_delay_apart_saw_it_gone(account: Account) -> None:  # I13
    account.emulator.put_job(A, bodies.render())
    account.record(state(protecting(A)))
    gone = state()
    assert account.released(gone) == set()
    account.record(gone, after=30 * DAY)
    assert account.released(gone) == set(), "one run lifts nothing"
    account.record(gone, after=DELAY - SECOND)
    assert account.released(gone) == set()
    account.record(gone, after=SECOND)
    assert account.released(gone) == {A}


def test_a_rule_that_was_never_recorded_leaves_nothing(account: Account) -> None:
    account.emulator.put_job(A, bodies.render())
    assert account.released(state(protecting(A))) == set()
    assert account.released(state()) == {A}
    assert not account.path.exists(), "a plan writes nothing"  # I6


def test_what_waits_is_what_the_plan_says(account: Account) -> None:
    account.emulator.put_job(A, bodies.render())
    free = state(grace=3 * DAY)
    (held,) = account.plan(free).held
    assert "not yet released in a recorded observation" in held.holds[0].detail
    account.record(free)
    assert account.released(free) == set()
    account.clock.pass_by(3 * DAY - SECOND)
    assert account.released(free) == set()
    account.clock.pass_by(SECOND)
    assert account.released(free) == {A}


def test_a_job_freed_by_a_lapse_waits_once_from_the_lapse_on(account: Account) -> None:
    account.emulator.put_job(A, bodies.render())
    lapsing = state(replace(by_id(A), lapses_at=account.clock.now() + DAY), grace=3 * DAY)
    account.record(lapsing)
    account.record(lapsing, after=3 * DAY)  # recorded two days after the lapse: no second wait begins here
    assert account.released(lapsing) == set()
    account.clock.pass_by(DAY)
    assert account.released(lapsing) == {A}


@pytest.mark.parametrize("is_thin", [False, True], ids=["full list", "thin list"])
def test_a_rule_by_name_protects_also_where_the_list_does_not_show_it(account: Account, is_thin: bool) -> None:  # I13
    account.emulator.put_job(A, bodies.render())
    account.emulator.switch(list_is_thin=is_thin)
    name = name_of(account)
    by_name = replace(rule(NameLike((name,)), "by-name"), protect=True, owner="legal", reason="LEG-1")
    account.record(state(by_name))
    (hold,) = account.ledger.view().jobs[JobId(A)].holds
    assert hold.rule == "by-name"
    assert account.released(state()) == set()
    account.record(state(by_name), after=DAY)
    assert account.ledger.view().jobs[JobId(A)].holds == (hold,)


def test_what_waits_is_what_the_plan_says_where_the_list_is_thin(account: Account) -> None:
    account.emulator.put_job(A, bodies.render())
    account.emulator.switch(list_is_thin=True)
    free = state(grace=3 * DAY)
    account.record(free)
    account.record(free, after=DAY)
    account.clock.pass_by(2 * DAY)
    assert account.released(free) == {A}


def test_an_apply_records_what_it_decides_as_a_refresh_does(workplace: Workplace, emulator: EmulatorProcess) -> None:
    emulator.put_job(A, bodies.render())
    workplace.write_desired("keep-me")
    workplace.plan()
    emulator.put_job(B, bodies.image())
    workplace.run("apply", "plan.json").expect(0)
    known = SqlLedger(
        SqliteDatabase(workplace.folder / "state" / "ledger.db"),
        clock=SystemClock(),
        lease_s=60,
        who=Who.of("a test", "a test"),
    ).view()
    assert known.jobs[JobId(B)].released_since is not None


def name_of(account: Account) -> str:
    with account.calls() as calls:
        detail = PictoryReader(calls).get(JobId(A))
    assert detail
    assert detail.job.name
    return detail.job.name


# -- through the command line, the file edited as a user does


def a_week_passes(workplace: Workplace) -> None:
    """Move what the ledger remembers of holds a week into the past, as if the runs so far had been then."""
    with sqlite3.connect(workplace.folder / "state" / "ledger.db") as database:
        form = "%Y-%m-%dT%H:%M:%SZ"
        database.execute("UPDATE hold SET set_at = strftime(?, set_at, '-7 days')", (form,))
        database.execute("UPDATE hold SET unkept_since = strftime(?, unkept_since, '-7 days')", (form,))
    database.close()


def test_through_the_command_line_a_hold_outlives_its_rule(
    workplace: Workplace, emulator: EmulatorProcess
) -> None:  # I13
    emulator.put_job(A, bodies.render())
    emulator.put_job(B, bodies.image())
    workplace.write_desired("keep-me")
    ledger = SqlLedger(
        SqliteDatabase(workplace.folder / "state" / "ledger.db"),
        clock=SystemClock(),
        lease_s=60,
        who=Who.of("a test", "a test"),
    )
    calls = ApiCalls(emulator.api, find_credentials(emulator.environ), Pacer(1000), patience_s=3)
    with calls:
        refresh(state(protecting(A)), PictoryReader(calls), ledger, SystemClock(), calls)
    changes = workplace.plan()["changes"]
    assert [change["job"] for change in changes] == [B]
    assert f"{A}" in workplace.run("plan").expect(0).out
    workplace.run("apply", "plan.json").expect(0)
    a_week_passes(workplace)
    assert [change["job"] for change in workplace.plan()["changes"]] == []
    workplace.run("refresh").expect(0)
    assert [change["job"] for change in workplace.plan()["changes"]] == [A]
    workplace.run("apply", "plan.json").expect(0)
    assert emulator.cleaned() == {A, B}
    workplace.run("audit", "verify").expect(0)
    told = [event.event for event in ledger.audit_events() if event.event.startswith("hold_")]
    assert told == ["hold_set", "hold_unkept", "hold_lifted"]
