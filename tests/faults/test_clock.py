"""A clock that jumps makes no job older (I14)."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.core.desired import DesiredState
from reconciler.core.job import JobId
from reconciler.core.plan import Plan
from reconciler.desired.reader import parse_desired
from reconciler.engine.observe import CLOCKS_DIFFER_AT_MOST
from reconciler.engine.planning import make_plan
from reconciler.engine.ports import JobDetail, Listing
from reconciler.engine.refreshing import refresh
from reconciler.errors import InventoryIncomplete
from reconciler.ledger.run_rows import Who
from reconciler.ledger.sqlite import SqliteDatabase
from reconciler.ledger.writer import SqlLedger
from reconciler.pictory.wire import read_detail, read_job
from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.ledger_values import OneKey
from tests.support.listening import Listening
from tests.support.wire import part, sent
from tests.support.workplace import Workplace

OLD, NEW = job_id(1), job_id(2)
DAY = timedelta(days=1)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class HandMadeClock:
    moment: datetime = NOON

    def now(self) -> datetime:
        return self.moment


@dataclass
class HandMadeList:
    """A service that shows these ids, newest first, and tells its own time."""

    clock: HandMadeClock
    ids: list[str] = field(default_factory=list)
    ahead: timedelta | None = None

    def list_jobs(self) -> Listing:
        jobs = [read_job(part({"job_id": each, "data": bodies.transcription()})) for each in self.ids]
        told_at = None if self.ahead is None else self.clock.now() + self.ahead
        return Listing(jobs=tuple(job for job in jobs if job), pages=1, end_marker="null", unnamed=0, told_at=told_at)

    def get(self, job_id: JobId) -> JobDetail | None:
        return read_detail(sent({"job_id": job_id, "data": bodies.transcription()}), job_id)


@dataclass
class World:
    desired: DesiredState
    clock: HandMadeClock
    service: HandMadeList
    ledger: SqlLedger

    def record(self, *ids: str) -> None:
        self.service.ids = list(ids)
        refresh(self.desired, self.service, self.ledger, self.clock, OneKey())

    def plan(self) -> Plan:
        return make_plan(
            self.desired,
            self.service,
            self.ledger,
            self.clock,
            Listening(),
            valid_for=timedelta(days=7),
            tool_version="0",
        )

    def released(self) -> set[str]:
        return {change.job_id for change in self.plan().changes}


@pytest.fixture
def world(tmp_path: Path) -> World:
    text = b"version: 1\naccount: acme\notherwise: clean\nretain: [keep-me]\nclean: {min_age: 7d, max_share: 100%}\n"
    clock = HandMadeClock()
    ledger = SqlLedger(SqliteDatabase(tmp_path / "ledger.db"), clock=clock, lease_s=60, who=Who.of("a test", "a test"))
    return World(parse_desired(text, "retention.yaml"), clock, HandMadeList(clock), ledger)


def test_time_that_passes_ages_a_job_to_the_second(world: World) -> None:
    world.record(OLD)
    world.clock.moment = NOON + 7 * DAY - timedelta(seconds=1)
    assert world.released() == set()
    world.clock.moment = NOON + 7 * DAY
    assert world.released() == {OLD}


def test_a_clock_set_back_holds_what_seems_to_come_from_the_future(world: World) -> None:  # I14
    world.record(OLD)
    world.clock.moment = NOON - 30 * DAY
    assert world.released() == set()
    assert "first seen in the future" in world.plan().held[0].holds[0].detail


def test_a_job_first_seen_while_the_clock_was_behind_counts_from_the_newest_time_recorded(
    world: World,
) -> None:  # I14
    world.record(OLD)
    world.clock.moment = NOON - 300 * DAY
    world.record(NEW, OLD)
    world.clock.moment = NOON + 7 * DAY - timedelta(seconds=1)
    assert world.released() == set()


def test_a_first_sighting_never_moves(world: World) -> None:  # I14
    world.record(OLD)
    world.clock.moment = NOON + 3 * DAY
    world.record(OLD)
    world.clock.moment = NOON - 3 * DAY
    world.record(OLD)
    assert world.ledger.view().jobs[world.plan().held[0].job_id].first_seen == NOON


@pytest.mark.parametrize("way", [1, -1], ids=["ahead", "behind"])
def test_a_clock_that_is_not_the_service_s_decides_and_records_nothing(world: World, way: int) -> None:  # I14
    world.record(OLD)
    world.service.ahead = way * (CLOCKS_DIFFER_AT_MOST + timedelta(seconds=1))
    with pytest.raises(InventoryIncomplete, match="no age can be told while they differ"):
        world.plan()
    with pytest.raises(InventoryIncomplete):
        world.record(NEW, OLD)
    assert len(world.ledger.view().jobs) == 1


@pytest.mark.parametrize("way", [1, -1], ids=["ahead", "behind"])
def test_a_difference_that_clocks_have_is_passed_over(world: World, way: int) -> None:
    world.service.ahead = way * CLOCKS_DIFFER_AT_MOST
    world.record(OLD)
    assert len(world.ledger.view().jobs) == 1


def test_through_the_command_line_two_clocks_that_differ_give_no_plan(
    workplace: Workplace, emulator: EmulatorProcess
) -> None:  # I14
    emulator.put_job(OLD, bodies.image())
    workplace.write_desired("keep-me")
    emulator.fault("list", "clock-behind")
    ended = workplace.run("plan", "--out", "plan.json").expect(6)
    assert "this machine's clock says" in ended.err
    assert workplace.files(".") == {"retention.yaml"}
