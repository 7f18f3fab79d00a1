"""Limits hold over one run, and over one plan however often it is resumed (I7)."""

import subprocess
import time
from functools import partial

import pytest

from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.promise import a_minute_passes, check_promise
from tests.support.waiting import until
from tests.support.workplace import Workplace, kill_hard


@pytest.fixture
def jobs(emulator: EmulatorProcess) -> list[str]:
    # Of no project: jobs of one project stay together, and these are to go one by one.
    return [emulator.put_job(job_id(number), bodies.render(videoShareURL=None)) for number in range(1, 7)]


def test_what_an_interrupted_run_cleaned_counts_when_the_plan_is_resumed(
    workplace: Workplace, emulator: EmulatorProcess, jobs: list[str]
) -> None:  # I7
    one, two, *kept = jobs
    workplace.write_desired(*kept, max_share="34%")
    workplace.plan()  # two of six: 33.3 %
    emulator.fault("asset", "403*2", f"/{two}/")
    workplace.run("apply", "plan.json").expect(3)
    assert emulator.cleaned() == {one}
    emulator.remove_job(kept[0])  # two of five would be 40 %; counted afresh it would be one of four
    ended = workplace.run("apply", "plan.json").expect(4)
    assert "40.0% of the 5 finished jobs in scope would be cleaned, clean.max_share allows 34.0%" in ended.err
    assert emulator.cleaned() == {one}


def _has_cleaned_or_ended(emulator: EmulatorProcess, goal: int, started: subprocess.Popen[str]) -> bool:
    return len(emulator.cleaned()) >= goal or started.poll() is not None


def test_killed_ten_times_a_plan_never_cleans_more_than_its_limit(
    workplace: Workplace, emulator: EmulatorProcess
) -> None:  # I7, I8
    """The jobs that the limit left out are as free to go as the others: nothing but the plan keeps them."""
    approved = [emulator.put_job(job_id(number), bodies.render(videoShareURL=None)) for number in range(1, 9)]
    workplace.write_desired("keep-me", max_jobs=8)
    workplace.plan()
    for number in range(9, 17):
        emulator.put_job(job_id(number), bodies.render(videoShareURL=None))
    for _ in range(10):
        goal = len(emulator.cleaned()) + 1
        started = workplace.start("apply", "plan.json")
        until(partial(_has_cleaned_or_ended, emulator, goal, started), "a clean")
        kill_hard(started)
        a_minute_passes(workplace)
        assert emulator.cleaned() <= set(approved)
    assert workplace.run("apply", "plan.json").code in {0, 5}, "what is left, or nothing"
    assert emulator.cleaned() == set(approved)
    assert "was applied already" in workplace.run("apply", "plan.json").expect(5).err
    assert len([each for each in emulator.writes() if each["method"] == "DELETE"]) <= 2 * len(approved)
    check_promise(workplace, emulator)


def test_two_plans_in_a_row_are_two_approvals(workplace: Workplace, emulator: EmulatorProcess) -> None:  # I7, I3
    for number in range(1, 5):
        emulator.put_job(job_id(number), bodies.render(videoShareURL=None))
    kept = "{{name: newest, keep_last: {}}}"
    workplace.write_desired(kept.format(2), max_jobs=2)
    first = workplace.plan()
    workplace.run("apply", "plan.json").expect(0)
    assert len(emulator.cleaned()) == 2
    workplace.run("apply", "plan.json").expect(5)
    workplace.write_desired(kept.format(1), "{name: none, match: {type: image}}", max_jobs=2)
    workplace.run("apply", "plan.json").expect(5)
    assert len(emulator.cleaned()) == 2, "what is free to go now needs a plan of its own"
    lost = workplace.run("plan", "--json").expect(4)
    assert "rules_lost" in lost.out, "and a rule that keeps less, an approval of its own"
    name = lost.out.partition("--accept-rules-lost ")[2][:12]
    assert workplace.plan("--accept-rules-lost", name)["plan_id"] != first["plan_id"]
    workplace.run("apply", "plan.json").expect(0)
    assert len(emulator.cleaned()) == 3


def test_a_limit_lowered_after_the_review_refuses_the_plan(
    workplace: Workplace, emulator: EmulatorProcess, jobs: list[str]
) -> None:  # I7, I3
    workplace.write_desired("keep-me", max_jobs=6)
    workplace.plan()
    workplace.write_desired("keep-me", max_jobs=1)
    workplace.run("apply", "plan.json").expect(5)
    assert emulator.writes() == []
    assert len(jobs) == 6


@pytest.mark.parametrize("number", [1, 2, 3, 5])
def test_no_number_of_jobs_is_too_small_for_a_limit(
    workplace: Workplace, emulator: EmulatorProcess, number: int
) -> None:  # I7
    for at in range(number):
        emulator.put_job(job_id(at), bodies.render())
    workplace.write_desired("keep-me", max_share="99%")
    workplace.run("plan", "--out", "plan.json").expect(4)
    workplace.run("apply", "plan.json").expect(4)
    assert emulator.writes() == []


def test_a_limit_of_nothing_lets_nothing_go(workplace: Workplace, jobs: list[str]) -> None:
    workplace.write_desired("keep-me", max_jobs=0)
    assert "6 jobs would be cleaned, clean.max_jobs allows 0" in workplace.run("plan").expect(4).out
    assert len(jobs) == 6


def test_jobs_younger_than_min_age_are_held_until_they_were_seen_that_long(
    workplace: Workplace, jobs: list[str]
) -> None:  # I4
    workplace.write_desired("keep-me", min_age="1h")
    workplace.run("refresh").expect(0)
    ended = workplace.run("plan").expect(0)
    assert "clean.min_age is 1h" in ended.out
    assert ended.last_line == f"Plan: no changes. 0 retained, {len(jobs)} held."


def test_downloads_keep_to_the_limit_that_the_flag_or_the_environment_gives(
    workplace: Workplace, emulator: EmulatorProcess
) -> None:
    emulator.put_job("slow", bodies.render())
    size = sum(file["size"] for file in emulator.truth()["slow"]["files"].values())
    workplace.write_desired("keep-me")
    workplace.plan()
    refused = workplace.run("apply", "plan.json", "--bwlimit", "08:00,fast").expect(64)
    assert "--bwlimit '08:00,fast': 'fast' is no rate" in refused.err
    assert "such as '08:00,2M 22:00,off'" in refused.err
    begun = time.monotonic()
    workplace.run("apply", "plan.json", extra={"RECONCILER_BWLIMIT": "30k"}).expect(0)
    assert time.monotonic() - begun > size / (30 * 1024) > 2
    assert emulator.cleaned() == {"slow"}
