"""Several jobs on their way at once: what one copy may do to the others, and what stops all of them."""

import json
import signal
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from reconciler.core.steps import Phase, fold
from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.ledger_values import reader_at
from tests.support.promise import a_minute_passes, check_promise, deletes, receipts
from tests.support.waiting import until
from tests.support.workplace import Workplace, kill_hard

A, B, C, D, E, F = JOBS = [job_id(number) for number in range(1, 7)]
A_WHILE = 400_000
"""Bytes that take a file of "drip" some two seconds and a half."""


@dataclass
class Place:
    """A plan that would clean six renders, A first; each of the files named `slow` takes its time."""

    workplace: Workplace
    emulator: EmulatorProcess

    def start(self, *more: str) -> "subprocess.Popen[str]":
        return self.workplace.start("apply", "plan.json", "--parallelism", "3", *more)

    def slow(self, *jobs: str, word: str = "drip*") -> None:
        for job in jobs:
            self.emulator.fault("asset", word, f"/{job}/VIDEO/")

    def until_on_their_way(self, jobs: Sequence[str]) -> None:
        until(lambda: set(jobs) <= self.fetched(), f"the videos of {jobs} are on their way")

    def fetched(self) -> set[str]:
        """The jobs whose videos were asked for."""
        paths = [request["path"] for request in self.emulator.requests() if request["port"] == "asset"]
        return {job for job in JOBS if any(f"/{job}/VIDEO/" in path for path in paths)}

    def carries_on(self) -> None:
        """The next run cleans whatever is left, and nothing was lost."""
        self.emulator.clear_faults()
        check_promise(self.workplace, self.emulator)
        self.workplace.run("apply", "plan.json").expect(0)
        assert self.emulator.cleaned() == set(JOBS)
        assert [len(deletes(self.emulator, job)) for job in JOBS] == [1] * len(JOBS)
        check_promise(self.workplace, self.emulator)

    @property
    def last_phases(self) -> dict[str, Phase]:
        ledger = reader_at(self.workplace.folder / "state" / "ledger.db")
        return {str(job): entry.phase for job, entry in fold(ledger.entries()).items()}


@pytest.fixture
def place(workplace: Workplace, emulator: EmulatorProcess) -> Place:
    for job in JOBS:
        emulator.put_job(job, bodies.render(), sizes={"VIDEO/film.mp4": A_WHILE})
    workplace.write_desired("keep-me")
    assert [change["job"] for change in workplace.plan()["changes"]] == JOBS
    return Place(workplace, emulator)


def ended(started: "subprocess.Popen[str]", code: int) -> dict[str, tuple[str, str]]:
    """Wait for the end; give each job's outcome and detail."""
    out, err = started.communicate(timeout=90)
    assert started.returncode == code, f"{out}\n{err}"
    assert "Traceback" not in err
    results = json.loads(out)["results"]
    assert [result["job"] for result in results] == JOBS, "in the order of the plan, however they ended"
    return {result["job"]: (result["outcome"], result["detail"]) for result in results}


def test_a_small_job_does_not_wait_for_a_large_one(place: Place) -> None:
    place.slow(B)
    started = place.start("--json")
    ended(started, 0)
    order = [job for request in deletes(place.emulator) for job in JOBS if job in request["path"]]
    assert (order[0], order[-1]) == (A, B)
    assert set(order) == set(JOBS)
    check_promise(place.workplace, place.emulator)


def test_the_first_job_goes_all_the_way_before_any_other_is_begun(place: Place) -> None:  # I8
    ended(place.start("--json"), 0)
    asked = [request for request in place.emulator.requests() if request["port"] != "control"]
    copied_at = next(number for number, request in enumerate(asked) if request["port"] == "asset")
    cleaned_at = next(number for number, request in enumerate(asked) if request["method"] == "DELETE")
    others = [each for each in asked[copied_at:cleaned_at] if any(job in each["path"] for job in JOBS[1:])]
    assert others == []


def test_no_more_jobs_are_copied_at_once_than_were_asked_for(place: Place) -> None:
    place.slow(*JOBS[1:], word="stall")
    started = place.start()
    place.until_on_their_way([B, C, D])
    with pytest.raises(AssertionError, match="waited"):
        until(lambda: len(place.fetched()) > 4, "a fourth copy", at_most_s=1.5)
    kill_hard(started)
    assert place.last_phases == {A: Phase.CLEANED, B: Phase.BEGIN, C: Phase.BEGIN, D: Phase.BEGIN}


def test_killed_with_several_copies_on_their_way_the_next_run_carries_on(place: Place) -> None:  # I1, I8
    place.slow(B, C, word="stall-midway")
    place.slow(D)
    started = place.start()
    place.until_on_their_way([B, C, D])
    kill_hard(started)
    final = {name for name in place.workplace.files() if not name.startswith(".partial/")}
    assert {name.split("/")[1] for name in final if name.startswith("jobs/")} == {A}
    a_minute_passes(place.workplace)
    place.carries_on()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_signal_lets_all_jobs_on_their_way_finish_and_begins_no_other(
    place: Place, number: signal.Signals, code: int
) -> None:
    place.slow(B, C, D)
    started = place.start("--json")
    place.until_on_their_way([B, C, D])
    started.send_signal(number)
    results = ended(started, code)
    assert [outcome for outcome, _ in results.values()] == ["cleaned"] * 4 + ["not started"] * 2
    assert place.emulator.cleaned() == {A, B, C, D}
    place.carries_on()


def test_the_second_signal_waits_for_no_copy(place: Place) -> None:  # I8
    place.slow(B, C, D, word="stall")
    started = place.start()
    place.until_on_their_way([B, C, D])
    started.send_signal(signal.SIGINT)
    assert started.stderr is not None
    until(
        lambda: "once more to stop now" in (started.stderr.readline() if started.stderr else ""), "the first is taken"
    )
    started.send_signal(signal.SIGINT)
    started.communicate(timeout=15)  # each of the copies would take 30 s
    assert started.returncode == 130
    assert place.emulator.cleaned() == {A}
    place.carries_on()


def test_a_store_that_takes_no_more_stops_every_job(place: Place) -> None:  # I1
    place.slow(B, C, D)
    started = place.start("--json")
    place.until_on_their_way([B, C, D])
    archive = place.workplace.folder / "archive"
    archive.rename(place.workplace.folder / "away")
    archive.write_text("a file in its place")
    results = ended(started, 8)
    assert [outcome for outcome, _ in results.values()] == ["cleaned"] + ["failed"] * 3 + ["not started"] * 2
    assert all("the store file:./archive cannot be" in results[job][1] for job in (B, C, D))
    assert place.emulator.cleaned() == {A}
    archive.unlink()
    (place.workplace.folder / "away").rename(archive)
    place.carries_on()


def test_refused_by_the_service_what_is_copied_is_kept_and_not_cleaned(place: Place) -> None:  # I1, I8
    place.slow(B, C, D)
    started = place.start("--json")
    place.until_on_their_way([B, C, D])
    place.emulator.fault("get", "401*")
    results = ended(started, 11)
    assert results[A][0] == "cleaned"
    told = Counter(results[job][1].split(":")[0] for job in (B, C, D))
    assert told["archived, not cleaned"] == 2, results  # the third met the 401 itself
    assert [results[job][0] for job in (E, F)] == ["not started"] * 2
    assert set(receipts(place.workplace)) == {A, B, C, D}, "each copy that came in is recorded"
    assert place.emulator.cleaned() == {A}
    assert {place.last_phases[job] for job in (B, C, D)} == {Phase.ABANDONED}
    fetched_before = len([each for each in place.emulator.requests() if f"/{B}/VIDEO/" in each["path"]])
    place.carries_on()
    fetched = [each for each in place.emulator.requests() if f"/{B}/VIDEO/" in each["path"]]
    assert len(fetched) == fetched_before, "what is proved is not fetched again"


def test_a_run_that_lost_its_lease_gives_up_what_is_on_its_way(place: Place) -> None:  # I3
    place.slow(B)
    place.slow(C, D, word="stall")
    started = place.start("--json")
    place.until_on_their_way([B, C, D])
    with sqlite3.connect(place.workplace.folder / "state" / "ledger.db") as database:
        database.execute("UPDATE lease SET epoch = epoch + 1, operation = 'apply', owner = 'somebody'")
    database.close()
    results = ended(started, 7)
    assert "this run's right to write was taken over" in results[B][1]
    for job in (C, D):
        assert results[job] == ("failed", "given up on its way: the run could record no more")
    assert place.emulator.cleaned() == {A}
    assert set(receipts(place.workplace)) == {A}
    a_minute_passes(place.workplace)
    place.carries_on()


def test_one_job_that_cannot_be_had_whole_stops_no_other(place: Place) -> None:  # I15
    place.emulator.fault("asset", "html*", f"/{C}/VIDEO/")
    results = ended(place.start("--json"), 3)
    assert [outcome for outcome, _ in results.values()] == ["cleaned", "cleaned", "failed"] + ["cleaned"] * 3
    place.carries_on()


@pytest.mark.parametrize("number", ["0", "33", "many"])
def test_a_parallelism_that_cannot_be_is_refused(workplace: Workplace, number: str) -> None:
    ended = workplace.run("apply", "plan.json", "--parallelism", number).expect(64)
    assert "--parallelism" in ended.err
