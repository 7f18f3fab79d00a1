"""The world moves between the review and the clean: every job is looked at again, and again just before (I5)."""

import json

import pytest

from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.workplace import Workplace

A, B, C = job_id(1), job_id(2), job_id(3)


MOVES = {
    "other files": ("changed", "skipped", "its facts (fingerprint) differ"),
    "running again": ("in-progress", "skipped", "it is in-progress now"),
    "unknown by its code": ("not-found-5000", "skipped", "the service does not know the job any more"),
    "unknown by its status": ("404", "skipped", "the service does not know the job any more"),
    "another job's body": ("other-id", "failed", "was answered with job 00000000-0000-4000-8000-000000000000"),
    "no JSON": ("not-json", "failed", "where a JSON object belongs"),
    "a web page": ("html", "failed", "where a JSON object belongs"),
    "a client error": ("409", "failed", "HTTP 409"),
}


@pytest.mark.parametrize("when", ["before the archive", "just before the clean"])
@pytest.mark.parametrize(("word", "outcome", "told"), MOVES.values(), ids=MOVES.keys())
def test_a_job_that_is_another_now_is_left_and_the_others_go_on(
    three_planned: Workplace, emulator: EmulatorProcess, word: str, outcome: str, told: str, when: str
) -> None:  # I5
    emulator.fault("get", word if when == "before the archive" else f"ok {word}", f"/{B}")
    ended = three_planned.run("apply", "plan.json", "--json").expect(3)
    result = {result["job"]: result for result in json.loads(ended.out)["results"]}[B]
    assert result["outcome"] == outcome
    assert told in result["detail"]
    assert emulator.cleaned() == {A, C}
    archived = any(name.startswith(f"jobs/{B}/") for name in three_planned.files())
    assert archived == (when == "just before the clean")


def test_a_job_that_looked_changed_for_a_moment_goes_with_the_same_plan_or_one_made_anew(
    three_planned: Workplace, emulator: EmulatorProcess
) -> None:  # I3
    emulator.fault("get", "changed", f"/{B}")
    emulator.fault("get", "changed", f"/{C}")
    three_planned.run("apply", "plan.json").expect(3)
    assert emulator.cleaned() == {A}
    emulator.fault("get", "changed", f"/{C}")
    three_planned.run("apply", "plan.json").expect(3)
    assert emulator.cleaned() == {A, B}
    assert [change["job"] for change in three_planned.plan()["changes"]] == [C]
    three_planned.run("apply", "plan.json").expect(0)
    assert emulator.cleaned() == {A, B, C}


def test_a_job_that_changed_since_the_review_is_reported_as_changed(
    three_planned: Workplace, emulator: EmulatorProcess
) -> None:  # I3
    emulator.put_job(B, bodies.render(txtFile=None))
    ended = three_planned.run("apply", "plan.json").expect(3)
    assert f"! {B}  skipped: changed since plan: its facts (fingerprint) or actions differ now" in ended.out
    assert emulator.cleaned() == {A, C}


def test_a_job_that_came_since_the_review_is_not_touched(
    three_planned: Workplace, emulator: EmulatorProcess
) -> None:  # I3
    late = emulator.put_job(job_id(4), bodies.render())
    three_planned.run("apply", "plan.json").expect(0)
    assert emulator.cleaned() == {A, B, C}
    assert late not in {request["path"].split("/")[-1] for request in emulator.requests()}


def test_a_key_that_is_refused_midway_stops_the_run(three_planned: Workplace, emulator: EmulatorProcess) -> None:
    emulator.fault("get", "401*", f"/{B}")
    ended = three_planned.run("apply", "plan.json").expect(11)
    assert "the service refused the key" in ended.out
    assert ended.last_line == "Apply: 1 cleaned, 0 archived only, 0 skipped, 1 failed, 0 unconfirmed, 1 not started."
    emulator.clear_faults()
    three_planned.run("apply", "plan.json").expect(0)
    assert emulator.cleaned() == {A, B, C}


def test_a_list_that_shows_ids_and_status_alone_is_no_obstacle(workplace: Workplace, emulator: EmulatorProcess) -> None:
    emulator.put_job(A, bodies.render())
    emulator.put_job(B, bodies.transcription())
    emulator.put_job(C, bodies.render())
    emulator.put_job(job_id(4), {"status": "in-progress"})
    emulator.switch(list_is_thin=True)
    workplace.write_desired(C)
    planned = workplace.run("plan", "--out", "plan.json").expect(0)
    assert "2 jobs show more when asked for alone than in the list; they count so." in planned.out
    assert planned.last_line.startswith("Plan: 2 to clean")
    workplace.run("apply", "plan.json").expect(0)
    assert emulator.cleaned() == {A, B}
    bags = {name.split("/")[1] for name in workplace.files() if name.startswith("jobs/")}
    assert bags == {A, B}
