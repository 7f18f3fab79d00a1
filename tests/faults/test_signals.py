"""A signal in each phase of a run: what is in hand is finished, what only waits ends at once, the next run carries on.

Real processes, real signals.
"""

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from reconciler.clock import STILL_WAITED_FOR_S
from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.ledger_values import reader_at
from tests.support.promise import a_minute_passes, carries_on, check_promise, deletes
from tests.support.waiting import until
from tests.support.workplace import Workplace, kill_hard

A, B, C = JOBS = [job_id(number) for number in (1, 2, 3)]
PROMPTLY_S = 5.0
"""Far below what a fault of these tests would have a run wait for: 20 s and more."""


class Run:
    """A run that has begun, and is asked to stop."""

    def __init__(self, started: "subprocess.Popen[str]") -> None:
        self.started = started

    def asked(self, number: signal.Signals = signal.SIGINT) -> "Run":
        self.started.send_signal(number)
        self.asked_at = time.monotonic()
        return self

    def asked_twice(self) -> "Run":
        self.asked()
        assert self.started.stderr is not None
        while "once more to stop now" not in self.started.stderr.readline():
            pass
        return self.asked()

    def ended(self, code: int, *, within_s: float = 60.0) -> str:
        out, err = self.started.communicate(timeout=90)
        took = time.monotonic() - self.asked_at
        assert self.started.returncode == code, f"{out}\n{err}"
        assert "Traceback" not in err
        assert took < within_s, f"it took {took:.1f} s to stop"
        return out or err

    def report(self, code: int, *, within_s: float = 60.0) -> dict[str, Any]:
        report: dict[str, Any] = json.loads(self.ended(code, within_s=within_s))
        return report


def outcomes(report: dict[str, Any]) -> dict[str, str]:
    return {result["job"]: result["outcome"] for result in report["results"]}


def asked_for(emulator: EmulatorProcess, **wanted: str) -> Callable[[], bool]:
    def is_there() -> bool:
        return any(all(text in str(request[name]) for name, text in wanted.items()) for request in emulator.requests())

    return is_there


def is_free(place: Workplace) -> bool:
    """Whether the lease was given back: the run left in good order."""
    return place.run("refresh").code == 0


@pytest.fixture(autouse=True)
def as_from_a_terminal() -> Iterator[None]:
    """Tests that nohup runs ignore SIGHUP, and so would what they start."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture
def place(three_planned: Workplace, emulator: EmulatorProcess) -> Workplace:
    emulator.forget_requests()
    return three_planned


# -- nothing in hand


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_while_the_list_is_read_it_ends_at_once_with_a_report(
    place: Workplace, emulator: EmulatorProcess, number: signal.Signals, code: int
) -> None:
    emulator.fault("list", "stall*")
    run = Run(place.start("apply", "plan.json", "--json"))
    until(asked_for(emulator, route="list"), "the list is asked for")
    report = run.asked(number).report(code, within_s=PROMPTLY_S)
    assert outcomes(report) == dict.fromkeys(JOBS, "not started")
    assert report["stopped"] == f"stopped by signal {int(number)} before any job was begun"
    assert emulator.writes() == []
    emulator.clear_faults()
    assert is_free(place)
    carries_on(place, emulator, JOBS)


def test_a_wait_that_the_service_asked_for_ends_at_once(place: Workplace, emulator: EmulatorProcess) -> None:
    emulator.switch(retry_after="seconds", rate_limit=0.02)
    run = Run(place.start("apply", "plan.json", "--json", "--patience", "600", "-v"))
    until(lambda: any(request["status"] == 429 for request in emulator.requests()), "the service asks to wait")
    report = run.asked().report(130, within_s=PROMPTLY_S)
    assert outcomes(report) == dict.fromkeys(JOBS, "not started")
    emulator.switch(rate_limit=0)
    carries_on(place, emulator, JOBS)


def test_the_wait_for_its_place_among_the_calls_ends_at_once(workplace: Workplace, emulator: EmulatorProcess) -> None:
    for number in range(1, 120):
        emulator.put_job(job_id(number), bodies.render())
    workplace.write_desired("keep-me")
    workplace.plan()
    emulator.forget_requests()
    run = Run(workplace.start("apply", "plan.json", "--json", "--tpslimit", "0.25"))
    until(asked_for(emulator, route="list"), "the first page is asked for")
    report = run.asked().report(130, within_s=3.5)  # of the 4 s and more that it would wait for its next place
    assert set(outcomes(report).values()) == {"not started"}


def test_while_an_open_clean_is_asked_about_it_ends_at_once(place: Workplace, emulator: EmulatorProcess) -> None:  # I8
    emulator.fault("clean", "stall-after-commit", f"/{A}/")
    started = place.start("apply", "plan.json")
    until(lambda: deletes(emulator), "the first clean is on its way")
    kill_hard(started)
    a_minute_passes(place)
    emulator.fault("get", "stall*", A)
    emulator.forget_requests()
    run = Run(place.start("apply", "plan.json", "--json"))
    until(asked_for(emulator, route="get", path=A), "the open clean is asked about")
    report = run.asked().report(130, within_s=PROMPTLY_S)
    assert report["recovered"] == []
    assert deletes(emulator) == []
    carries_on(place, emulator, JOBS)


@pytest.mark.parametrize("verb", ["refresh", "archive"])
def test_verbs_that_record_what_they_read_end_at_once_and_record_nothing(
    place: Workplace, emulator: EmulatorProcess, verb: str
) -> None:
    emulator.fault("list", "stall*")
    run = Run(place.start(verb))
    until(asked_for(emulator, route="list"), "the list is asked for")
    told = run.asked(signal.SIGTERM).ended(143, within_s=PROMPTLY_S)
    assert "Error: stopped by signal 15 before any job was begun" in told
    ledger = reader_at(place.folder / "state" / "ledger.db")
    assert ledger.last_seen().observed_at is None
    emulator.clear_faults()
    assert is_free(place)


# -- a job in hand


ALL_AT_ONCE = ("apply", "plan.json", "--json", "--patience", "600", "--parallelism", "4")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_download_that_waits_for_its_host_is_given_up_and_the_next_run_carries_on(
    place: Workplace, emulator: EmulatorProcess, number: signal.Signals
) -> None:  # I8
    emulator.fault("asset", "503*", f"/{A}/")
    run = Run(place.start(*ALL_AT_ONCE))
    until(lambda: tries(emulator, A) >= 4, "the host was asked again and again")
    report = run.asked(number).report(128 + number, within_s=PROMPTLY_S + STILL_WAITED_FOR_S)
    assert outcomes(report) == {A: "failed", B: "not started", C: "not started"}
    assert emulator.writes() == []
    assert is_free(place)
    carries_on(place, emulator, JOBS)


def test_downloads_of_several_jobs_are_given_up_where_none_is_left_to_begin(
    place: Workplace, emulator: EmulatorProcess
) -> None:
    for job in (B, C):
        emulator.fault("asset", "503*", f"/{job}/")
    run = Run(place.start(*ALL_AT_ONCE))
    until(lambda: tries(emulator, B) >= 4 and tries(emulator, C) >= 4, "both are asked for again and again")
    report = run.asked().report(130, within_s=PROMPTLY_S + STILL_WAITED_FOR_S)
    assert outcomes(report) == {A: "cleaned", B: "failed", C: "failed"}
    assert "stopped by signal 2" in report["stopped"]
    carries_on(place, emulator, JOBS)


def test_a_download_that_waits_for_its_share_of_the_bandwidth_is_given_up_and_goes_on_from_there(
    workplace: Workplace, emulator: EmulatorProcess
) -> None:
    emulator.put_job(A, bodies.render(), sizes={"VIDEO/film.mp4": 600_000})
    workplace.write_desired("keep-me")
    workplace.plan()
    emulator.forget_requests()
    run = Run(workplace.start("apply", "plan.json", "--json", "--bwlimit", "8k"))
    until(lambda: tries(emulator, "film.mp4") == 1, "the film is on its way")
    time.sleep(1.5)
    report = run.asked().report(130, within_s=PROMPTLY_S + STILL_WAITED_FOR_S)
    assert outcomes(report) == {A: "failed"}
    assert "the run is to stop" in report["results"][0]["detail"]
    carries_on(workplace, emulator, [A])


def tries(emulator: EmulatorProcess, of: str) -> int:
    return sum(request["port"] == "asset" and of in str(request["path"]) for request in emulator.requests())


def test_before_its_copy_a_job_that_would_wait_long_is_given_up(place: Workplace, emulator: EmulatorProcess) -> None:
    emulator.switch(retry_after="seconds")
    emulator.fault("get", "503*", A)
    run = Run(place.start("apply", "plan.json", "--json", "--patience", "600", "--tpslimit", "2"))
    until(asked_for(emulator, route="get", path=A, status="503"), "the job cannot be read")
    report = run.asked().report(130, within_s=10.0)
    assert outcomes(report) == {A: "failed", B: "not started", C: "not started"}
    assert emulator.writes() == []
    carries_on(place, emulator, JOBS)


def test_while_a_clean_is_on_its_way_the_first_lets_it_end_and_be_confirmed(
    place: Workplace, emulator: EmulatorProcess
) -> None:
    emulator.fault("clean", "drip", f"/{A}/")
    run = Run(place.start("apply", "plan.json", "--json"))
    until(asked_for(emulator, route="clean", path=A), "the clean is on its way")
    report = run.asked().report(130)
    assert outcomes(report) == {A: "cleaned", B: "not started", C: "not started"}
    assert emulator.cleaned() == {A}
    carries_on(place, emulator, JOBS)


def test_while_a_clean_is_on_its_way_the_second_stops_now_and_the_next_run_settles_it(
    place: Workplace, emulator: EmulatorProcess
) -> None:  # I8
    emulator.fault("clean", "stall-after-commit", f"/{A}/")
    run = Run(place.start("apply", "plan.json"))
    until(asked_for(emulator, route="clean", path=A), "the clean is on its way")
    run.asked_twice().ended(130, within_s=PROMPTLY_S)
    assert is_free(place)
    again = json.loads(place.run("apply", "plan.json", "--json").expect(0).out)
    assert [(each["job"], each["outcome"]) for each in again["recovered"]] == [(A, "cleaned")]
    assert len(deletes(emulator, A)) == 1
    check_promise(place, emulator)


def test_while_a_clean_is_being_confirmed_the_first_lets_it_be(place: Workplace, emulator: EmulatorProcess) -> None:
    emulator.switch(clean_takes_s=3)
    run = Run(place.start("apply", "plan.json", "--json"))
    until(asked_for(emulator, route="clean", path=A, status="200"), "the clean was answered")
    report = run.asked().report(130)
    assert outcomes(report) == {A: "cleaned", B: "not started", C: "not started"}
    carries_on(place, emulator, JOBS)


def test_while_a_clean_is_being_confirmed_the_second_stops_now(place: Workplace, emulator: EmulatorProcess) -> None:
    emulator.switch(clean_takes_s=3)
    run = Run(place.start("apply", "plan.json"))
    until(asked_for(emulator, route="clean", path=A, status="200"), "the clean was answered")
    run.asked_twice().ended(130, within_s=2.5)
    until(lambda: emulator.truth()[A]["cleaned_by"] is not None, "it took effect")
    time.sleep(3)
    again = json.loads(place.run("apply", "plan.json", "--json").expect(0).out)
    assert [(each["job"], each["outcome"]) for each in again["recovered"]] == [(A, "cleaned")]
    assert len(deletes(emulator, A)) == 1
    check_promise(place, emulator)
