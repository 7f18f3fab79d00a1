"""What ends a run beside a signal: its time, failures in a row, a ledger that takes no more, what nobody foresaw."""

import json
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli.signals import StopOnSignal
from reconciler.clock import STILL_WAITED_FOR_S, pause_unless
from reconciler.errors import ServiceUnreachable
from reconciler.pictory.patience import not_sent
from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.promise import carries_on, check_promise
from tests.support.waiting import until
from tests.support.workplace import Ended, Workplace

A, B, C, D, E = JOBS = [job_id(number) for number in range(1, 6)]


@pytest.fixture
def place(workplace: Workplace, emulator: EmulatorProcess) -> Workplace:
    for job in JOBS:
        emulator.put_job(job, bodies.render(), sizes={"VIDEO/film.mp4": 300_000})
    workplace.write_desired("keep-me")
    workplace.plan()
    return workplace


def results(ended: Ended) -> dict[str, tuple[str, str]]:
    report: dict[str, Any] = json.loads(ended.out)
    return {result["job"]: (result["outcome"], result["detail"]) for result in report["results"]}


def outcomes(ended: Ended) -> list[str]:
    return [outcome for outcome, _ in results(ended).values()]


# -- time


def test_after_its_time_no_job_is_begun_those_in_hand_are_finished_and_the_same_command_goes_on(
    place: Workplace, emulator: EmulatorProcess
) -> None:
    emulator.fault("asset", "drip*", "/VIDEO/")  # nearly two seconds each
    apply = ("apply", "plan.json", "--json", "--parallelism", "2", "--max-duration", "4s")
    ended = place.run(*apply).expect(9)
    assert json.loads(ended.out)["stopped"].startswith("the time that --max-duration allows is up")
    assert set(outcomes(ended)) == {"cleaned", "not started"}
    assert outcomes(ended)[0] == "cleaned", "the canary; those beside it, where the machine is quick"
    assert place.run("apply", "plan.json", "--max-duration", "1h").expect(0).last_line.startswith("Apply: 5 cleaned")
    check_promise(place, emulator)


def test_a_run_that_is_done_in_time_ends_as_any_other(place: Workplace) -> None:
    place.run("apply", "plan.json", extra={"RECONCILER_MAX_DURATION": "1h"}).expect(0)


def test_copies_end_with_their_time_as_well(place: Workplace, emulator: EmulatorProcess) -> None:
    emulator.fault("asset", "drip*", "/VIDEO/")
    ended = place.run("archive", "--all", "--json", "--parallelism", "1", "--max-duration", "2s").expect(9)
    assert set(outcomes(ended)) == {"archived", "not started"}
    emulator.clear_faults()
    place.run("archive", "--all").expect(0)
    assert len([name for name in place.files() if name.endswith("bagit.txt")]) == len(JOBS)
    assert emulator.writes() == []


@pytest.mark.parametrize("span", ["0s", "30", "m", "1w", "-1h", "1.5h", "٣s", "9999999s", ""])
def test_a_span_that_is_none_is_refused(place: Workplace, span: str) -> None:
    ended = place.run("apply", "plan.json", "--max-duration", span).expect(64)
    assert "is not a span; write a whole number and s, m, h or d, such as 90s, 30m or 2h" in ended.err.replace("\n", "")


# -- failures in a row


def test_so_many_failures_in_a_row_stop_the_run(place: Workplace, emulator: EmulatorProcess) -> None:
    for job in (B, C, D, E):
        emulator.fault("asset", "html*", f"/{job}/VIDEO/")
    ended = place.run("apply", "plan.json", "--json", "--parallelism", "1", "--max-failures", "3").expect(3)
    assert outcomes(ended) == ["cleaned", "failed", "failed", "failed", "not started"]
    why = "3 jobs in a row failed, as many as --max-failures allows: nothing more was cleaned"
    assert json.loads(ended.out)["stopped"] == why
    carries_on(place, emulator, JOBS)


def test_a_job_that_is_done_between_them_begins_the_count_anew(place: Workplace, emulator: EmulatorProcess) -> None:
    for job in (A, B, D, E):
        emulator.fault("asset", "html*", f"/{job}/VIDEO/")
    ended = place.run("apply", "plan.json", "--json", "--parallelism", "1", "--max-failures", "3").expect(3)
    assert outcomes(ended) == ["failed", "failed", "cleaned", "failed", "failed"]
    assert json.loads(ended.out)["stopped"] == ""
    carries_on(place, emulator, JOBS)


def test_what_comes_in_after_too_many_failures_is_kept_and_not_cleaned(
    place: Workplace, emulator: EmulatorProcess
) -> None:
    emulator.fault("asset", "html*", f"/{B}/VIDEO/")
    emulator.fault("asset", "drip*", f"/{C}/VIDEO/")
    ended = place.run("apply", "plan.json", "--json", "--parallelism", "2", "--max-failures", "1").expect(3)
    told = results(ended)
    assert (told[B][0], told[C]) == ("failed", ("failed", "archived, not cleaned: the run stopped"))
    assert emulator.cleaned() == {A}
    carries_on(place, emulator, JOBS)


# -- the ledger, and what nobody foresaw


def ledger(place: Workplace, statement: str) -> None:
    with sqlite3.connect(place.folder / "state" / "ledger.db") as database:
        database.execute(statement)
    database.close()


def being_fetched(emulator: EmulatorProcess) -> set[str]:
    paths = [request["path"] for request in emulator.requests() if request["port"] == "asset"]
    return {job for job in JOBS if any(job in path for path in paths)}


def test_a_ledger_that_takes_no_more_stops_the_run_before_the_next_clean(
    place: Workplace, emulator: EmulatorProcess
) -> None:  # I8
    for job in (B, C, D):
        emulator.fault("asset", "drip*", f"/{job}/VIDEO/")
    started = place.start("apply", "plan.json", "--json", "--parallelism", "3")
    until(lambda: {B, C, D} <= being_fetched(emulator), "the others are on their way")
    ledger(place, "CREATE TRIGGER full BEFORE INSERT ON entry BEGIN SELECT RAISE(FAIL, 'disk I/O error'); END")
    out, err = started.communicate(timeout=60)
    assert started.returncode == 1, err
    report = json.loads(out)
    assert "disk I/O error" in report["stopped"]
    assert [each["outcome"] for each in report["results"]] == ["cleaned"] + ["failed"] * 3 + ["not started"]
    assert emulator.cleaned() == {A}
    ledger(place, "DROP TRIGGER full")
    carries_on(place, emulator, JOBS)


def test_a_ledger_that_does_not_take_the_end_of_a_run_costs_no_report(
    place: Workplace, emulator: EmulatorProcess
) -> None:
    started = place.start("apply", "plan.json", "--json")
    until(emulator.cleaned, "the first job is cleaned")
    ledger(place, "CREATE TRIGGER full BEFORE UPDATE ON run BEGIN SELECT RAISE(FAIL, 'disk I/O error'); END")
    out, _ = started.communicate(timeout=60)
    assert started.returncode == 1
    report = json.loads(out)
    assert report["stopped"].startswith("the end of the run is not recorded: the ledger ")
    assert [each["outcome"] for each in report["results"]] == ["cleaned"] * len(JOBS)
    assert emulator.cleaned() == set(JOBS)


WANT_OF_MEMORY = """\
import os
fsync = os.fsync
def short_of_memory(descriptor):
    if {job!r} in os.readlink("/proc/self/fd/" + str(descriptor)):
        raise MemoryError("https://files.invalid/?Signature=secret")
    fsync(descriptor)
os.fsync = short_of_memory
"""


def machine(place: Workplace, job: str) -> dict[str, str]:
    """A machine that runs out of memory whenever a file of that job is made durable."""
    folder = place.folder / "machine"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(WANT_OF_MEMORY.format(job=job), encoding="utf-8")
    return {"PYTHONPATH": f"{folder}:{Path(__file__).parents[2]}"}


def test_a_copy_that_meets_what_nobody_foresaw_fails_alone_and_the_others_go_on(
    place: Workplace, emulator: EmulatorProcess
) -> None:  # I1, I11
    ended = place.run("apply", "plan.json", "--json", extra=machine(place, B)).expect(3)
    assert outcomes(ended) == ["cleaned", "failed", "cleaned", "cleaned", "cleaned"]
    detail = results(ended)[B][1]
    assert detail.startswith("the copy met an unforeseen MemoryError at sitecustomize.py:")
    assert "secret" not in ended.out + ended.err
    assert "Traceback" not in ended.err
    assert emulator.cleaned() == {A, C, D, E}
    carries_on(place, emulator, JOBS)


def test_so_does_one_of_the_canary(place: Workplace, emulator: EmulatorProcess) -> None:
    ended = place.run("apply", "plan.json", "--json", extra=machine(place, A)).expect(3)
    assert outcomes(ended) == ["failed", "cleaned", "cleaned", "cleaned", "cleaned"]
    carries_on(place, emulator, JOBS)


# -- waits of the jobs in hand


def test_what_is_left_of_a_short_wait_is_waited_for_and_a_long_one_is_given_up() -> None:
    stop = StopOnSignal()
    pause = pause_unless(stop.requested, not_sent)
    began = time.monotonic()
    pause(0.25)
    assert 0.25 <= time.monotonic() - began < 2
    stop.note(2, None)
    pause(0.25)
    with pytest.raises(ServiceUnreachable, match="not sent: the run is to stop"):
        pause(STILL_WAITED_FOR_S + 1)
