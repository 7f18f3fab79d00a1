"""Downloads that a kill or an expired link cut off: what comes next goes on, or begins anew where it cannot tell."""

import signal

import pytest

from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.ledger_values import reader_at
from tests.support.promise import a_minute_passes, check_promise
from tests.support.waiting import until
from tests.support.workplace import Workplace, kill_hard

A = job_id(1)
SIZE = 20_000_000
"""More than is written between two notes, before the middle."""


@pytest.fixture
def planned(workplace: Workplace, emulator: EmulatorProcess) -> Workplace:
    emulator.put_job(A, bodies.render(), sizes={"VIDEO/film.mp4": SIZE})
    workplace.write_desired("keep-me")
    workplace.plan()
    return workplace


def of_video(emulator: EmulatorProcess) -> list[int]:
    """The statuses of its requests; 0 for one that was cut off."""
    return [request["status"] for request in emulator.requests() if f"/{A}/VIDEO/" in request["path"]]


def killed_midway(workplace: Workplace, emulator: EmulatorProcess) -> None:
    emulator.fault("asset", "stall-midway", "/VIDEO/")
    started = workplace.start("apply", "plan.json")
    partial = workplace.folder / "archive" / ".partial"
    until(lambda: any(partial.glob("*/notes/*.json")), "the half that came is noted")
    kill_hard(started)
    assert emulator.cleaned() == set()
    a_minute_passes(workplace)


def test_killed_midway_the_next_run_fetches_the_rest(planned: Workplace, emulator: EmulatorProcess) -> None:  # I8
    killed_midway(planned, emulator)
    planned.run("apply", "plan.json").expect(0)
    assert of_video(emulator) == [0, 206]
    assert emulator.cleaned() == {A}
    assert list((planned.folder / "archive" / ".partial").iterdir()) == []
    check_promise(planned, emulator)


def test_of_another_file_at_the_same_address_nothing_is_put_behind(
    planned: Workplace, emulator: EmulatorProcess
) -> None:  # I15
    killed_midway(planned, emulator)
    emulator.fault("asset", "changed*", "/VIDEO/")
    planned.run("apply", "plan.json").expect(0)
    assert of_video(emulator)[-1] == 200
    planned.run("verify").expect(0)


def test_stopped_at_once_the_next_run_fetches_the_rest(planned: Workplace, emulator: EmulatorProcess) -> None:  # I8
    started = planned.start("apply", "plan.json", "--bwlimit", "8M")
    partial = planned.folder / "archive" / ".partial"
    until(lambda: any(partial.glob("*/notes/*.json")), "some of it is noted")
    started.send_signal(signal.SIGINT)
    assert started.stderr is not None
    assert "once more to stop now" in started.stderr.readline()
    started.send_signal(signal.SIGINT)
    _, err = started.communicate(timeout=20)
    assert started.returncode == 130
    assert err == "Error: stopped at once; the next apply settles what was left open\n"
    planned.run("apply", "plan.json").expect(0)
    assert of_video(emulator)[-1] == 206
    check_promise(planned, emulator)


def test_a_link_that_expires_midway_is_replaced_and_the_rest_comes_under_the_new_one(
    planned: Workplace, emulator: EmulatorProcess
) -> None:
    emulator.fault("asset", "reset-midway 403", "/VIDEO/")
    planned.run("apply", "plan.json").expect(0)
    assert of_video(emulator) == [0, 403, 206]
    check_promise(planned, emulator)


def test_two_runs_with_ledgers_of_their_own_do_not_write_into_one_file(
    planned: Workplace, emulator: EmulatorProcess
) -> None:  # I8
    emulator.fault("asset", "stall-midway", "/VIDEO/")
    first = planned.start("apply", "plan.json")
    partial = planned.folder / "archive" / ".partial"
    until(lambda: any(partial.glob("*/notes/*.json")), "the first run is at it")
    first.send_signal(signal.SIGSTOP)  # or it would go on by itself, on a slow machine
    planned.run("plan", "--state", "other", "--out", "other.json").expect(0)
    planned.run("apply", "other.json", "--state", "other").expect(0)
    kill_hard(first)
    assert of_video(emulator) == [0, 200]
    ledger = reader_at(planned.folder / "other" / "ledger.db")
    assert [receipt.job_id for receipt in ledger.receipts()] == [A]
