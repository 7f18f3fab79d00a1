"""Two and four runs at once over one ledger: one writes, who lost the right to writes no more, and the next comes in.

On SQLite and on PostgreSQL alike; each run is a real process.
"""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.promise import a_minute_passes, deletes
from tests.support.waiting import until
from tests.support.workplace import Workplace, kill_hard

A, B, C = (job_id(number) for number in (1, 2, 3))


@pytest.fixture
def shared(workplace: Workplace, emulator: EmulatorProcess, address: str) -> Workplace:
    """Three renders and a plan that cleans them, over a ledger of either kind."""
    for job in (A, B, C):
        emulator.put_job(job, bodies.render())
    workplace.environ["RECONCILER_STATE"] = address
    workplace.write_desired("keep-me")
    workplace.plan()
    return workplace


@contextmanager
def stalled(place: Workplace, emulator: EmulatorProcess, *more: str) -> Iterator[subprocess.Popen[str]]:
    """Run an apply that holds the lease and waits for its first file."""
    emulator.fault("asset", "stall", f"/{A}/")
    started = place.start("apply", "plan.json", *more)
    try:
        until(lambda: [each for each in emulator.requests() if each["port"] == "asset"], "the first download")
        yield started
    finally:
        if started.poll() is None:
            started.send_signal(signal.SIGCONT)
            kill_hard(started)
        elif started.stdout is not None and not started.stdout.closed:
            started.communicate()


def is_refused(event: dict[str, Any]) -> bool:
    return bool(event.get("event") == "refused")


def lease_of(place: Workplace) -> str:
    """Read the lease's name as people do: from the message to whoever is refused."""
    said = place.run("refresh").expect(7).err
    (name,) = {word.strip("().,;") for word in said.split() if word.strip("().,;").startswith("lease-")}
    return name


def test_of_four_at_once_exactly_one_writes(shared: Workplace, emulator: EmulatorProcess) -> None:  # I3
    emulator.fault("asset", "drip*", f"/{A}/")
    started = [shared.start("apply", "plan.json") for _ in range(4)]
    codes = sorted(each.wait(timeout=120) for each in started)
    for each in started:
        each.communicate()
    assert codes[0] == 0
    assert set(codes[1:]) <= {5, 7}, "locked out, or come when the plan was used already"
    assert emulator.cleaned() == {A, B, C}
    assert len(deletes(emulator)) == 3
    shared.run("audit", "verify").expect(0)


def test_a_killed_holder_lets_the_next_one_in_when_its_lease_is_over(
    shared: Workplace, emulator: EmulatorProcess
) -> None:  # I3, I8
    with stalled(shared, emulator) as holder:
        kill_hard(holder)
    emulator.clear_faults()
    said = shared.run("apply", "plan.json").expect(7).err
    assert "another run holds the ledger: apply by " in said
    a_minute_passes(shared)
    shared.run("apply", "plan.json").expect(0)
    assert emulator.cleaned() == {A, B, C}


def test_a_holder_that_slept_longer_than_its_lease_cleans_nothing_when_it_wakes(
    shared: Workplace, emulator: EmulatorProcess
) -> None:  # I3
    with stalled(shared, emulator) as holder:
        holder.send_signal(signal.SIGSTOP)
        emulator.clear_faults()
        a_minute_passes(shared)
        shared.run("refresh").expect(0)
        holder.send_signal(signal.SIGCONT)
        assert holder.wait(timeout=120) == 7
    assert emulator.writes() == []
    shared.run("apply", "plan.json").expect(0)
    assert emulator.cleaned() == {A, B, C}


def test_whoever_may_wait_comes_in_when_the_other_one_ends(shared: Workplace, emulator: EmulatorProcess) -> None:
    with stalled(shared, emulator) as holder:
        waiting = shared.start("refresh", "--lock-timeout", "2m")
        until(lambda: not emulator.requests() or waiting.poll() is None, "the other run")
        emulator.clear_faults()
        kill_hard(holder)
        shared.run("unlock", lease_of(shared)).expect(0)
        _, said = waiting.communicate(timeout=120)
    assert waiting.returncode == 0
    assert said.count("Waiting for ") == 1, "told once"


def test_a_wait_for_the_lease_ends_with_a_signal(shared: Workplace, emulator: EmulatorProcess) -> None:
    with stalled(shared, emulator):
        waiting = shared.start("refresh", "--lock-timeout", "10m")
        assert waiting.stderr is not None
        assert "Waiting for " in waiting.stderr.readline()
        waiting.send_signal(signal.SIGTERM)
        assert waiting.wait(timeout=20) == 143
        waiting.communicate()
    told = shared.run("audit", "log", "--json").expect(0).out
    assert [dict(event["facts"])["code"] for event in map(json.loads, told.splitlines()) if is_refused(event)] == [
        "143"
    ]


def test_a_wait_that_was_not_long_enough_is_refused_as_without(shared: Workplace, emulator: EmulatorProcess) -> None:
    with stalled(shared, emulator):
        ended = shared.run("refresh", "--lock-timeout", "2s").expect(7)
    assert "another run holds the ledger" in ended.err


# -- unlock


def test_a_dead_holder_s_lease_is_taken_by_its_name_and_no_other(shared: Workplace, emulator: EmulatorProcess) -> None:
    with stalled(shared, emulator) as holder:
        kill_hard(holder)
    emulator.clear_faults()
    name = lease_of(shared)
    assert name in shared.run("unlock", "lease-000000000000").expect(7).err
    log = map(json.loads, shared.run("audit", "log", "--json").expect(0).out.splitlines())
    operations = [dict(event["facts"])["operation"] for event in log if is_refused(event)]
    assert operations == ["refresh", "unlock"], "the look at the lease's name, and the wrong name"
    assert "may not write any more; the next run may begin at once." in shared.run("unlock", name).expect(0).out
    assert "no run holds the ledger" in shared.run("unlock", name).expect(0).out
    shared.run("apply", "plan.json").expect(0)
    assert emulator.cleaned() == {A, B, C}
    assert "unlocked" in shared.run("audit", "log").expect(0).out
    shared.run("audit", "verify").expect(0)


def test_a_holder_that_is_alive_after_all_stops_before_its_next_write(
    shared: Workplace, emulator: EmulatorProcess
) -> None:  # I3
    with stalled(shared, emulator) as holder:
        shared.run("unlock", lease_of(shared)).expect(0)
        emulator.clear_faults()
        holder.send_signal(signal.SIGINT)
        assert holder.wait(timeout=120) in {7, 130}
    assert emulator.writes() == []


def test_after_a_clean_that_may_be_on_its_way_the_next_run_waits_for_it(
    shared: Workplace, emulator: EmulatorProcess
) -> None:  # I8
    emulator.fault("clean", "stall", f"/{A}/")
    holder = shared.start("apply", "plan.json")
    until(emulator.writes, "a clean")
    kill_hard(holder)
    assert "may begin in 30 s: a clean may be on its way" in shared.run("unlock", lease_of(shared)).expect(0).out
    shared.run("refresh").expect(7)


def test_a_lease_must_outlast_a_clean(shared: Workplace) -> None:
    assert "--lease" in shared.run("refresh", "--lease", "49s").expect(64).err
    shared.run("refresh", "--lease", "50s").expect(0)
