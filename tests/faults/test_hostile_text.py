"""Ids and words of the service are anybody's text: never a path, never a control, never a second line (I12)."""

import unicodedata
from pathlib import Path

import pytest

from tests.support import bodies
from tests.support.emulator import EmulatorProcess
from tests.support.workplace import Workplace

HOSTILE_IDS = {
    "parent folders": "../../../escaped",
    "an absolute path": "/escaped",
    "a path": "jobs/inside/deeper",
    "terminal colours": "\x1b[31mred\x1b[0m",
    "a terminal title": "\x1b]0;owned\x07",
    "right to left": "job\u202egpj.4pm",
    "two lines": "job\nPlan: no changes. 0 retained, 0 held.",
    "4 kB": "x" * 4096,
    "a device": "con",
    "upper case": "JOB-A",
    "percent": "%2e%2e%2fescaped",
    "a query": "job?x=1#y",
    "spaces": " job ",
    "a hashed name": "x-" + "0" * 40,
    "another script": "ジョブ",
    "markup": "<script>alert(1)</script>",
    "a formula": "=HYPERLINK(1)",
}


def hidden(text: str) -> set[str]:
    return {character for character in text if unicodedata.category(character) in {"Cc", "Cf"} and character != "\n"}


@pytest.mark.parametrize("job", HOSTILE_IDS.values(), ids=HOSTILE_IDS.keys())
def test_a_hostile_id_is_shown_harmless_and_archived_inside_the_archive(
    tmp_path: Path, emulator: EmulatorProcess, job: str
) -> None:  # I12
    folder = tmp_path / "a" / "b" / "c"
    folder.mkdir(parents=True)
    workplace = Workplace(folder, dict(emulator.environ))
    emulator.put_job(job, bodies.render(status="completed"))
    workplace.write_desired("keep-me")
    shown = [workplace.run("plan", "--out", "plan.json"), workplace.run("show", "plan.json")]
    shown += [workplace.run("apply", "plan.json"), workplace.run("verify"), workplace.run("audit", "verify")]
    for ended in shown:
        ended.expect(0)
        assert hidden(ended.out + ended.err) == set()
    assert [line for line in shown[0].out.splitlines() if line.startswith("Plan: ")] == [shown[0].last_line]
    assert emulator.cleaned() == {job}
    outside = {path for path in tmp_path.rglob("*") if path.is_file() and folder not in path.parents}
    assert outside == set()
    assert {name.split("/")[0] for name in workplace.files()} == {"README.txt", "jobs", "receipts", "runs"}
    assert {len(name.split("/")) for name in workplace.files() if name.startswith("receipts/")} == {3}


@pytest.mark.parametrize("job", [".", ".."])
def test_an_id_that_no_call_can_name_is_held(workplace: Workplace, emulator: EmulatorProcess, job: str) -> None:  # I4
    emulator.put_job(job, bodies.render())
    emulator.put_job("job-a", bodies.image())
    workplace.write_desired("keep-me")
    plan = workplace.plan()
    assert [change["job"] for change in plan["changes"]] == ["job-a"]
    assert "its id cannot be part of an address" in workplace.run("show", "plan.json").expect(0).out
    workplace.run("apply", "plan.json").expect(0)
    assert {request["path"] for request in emulator.writes()} == {"/pictoryapis/v1/jobs/job-a/clean"}


@pytest.mark.parametrize("job", ["half a character \ud83d", "a zero \x00 inside"])
def test_an_id_that_cannot_be_written_down_is_counted_and_left_alone(
    workplace: Workplace, emulator: EmulatorProcess, job: str
) -> None:  # I4
    emulator.put_job(job, bodies.render())
    emulator.put_job("job-a", bodies.image())
    workplace.write_desired("keep-me")
    assert "1 items of the list carry no usable id" in workplace.run("plan", "--out", "plan.json").expect(0).out
    workplace.run("apply", "plan.json").expect(0)
    assert emulator.cleaned() == {"job-a"}


def test_words_that_no_database_holds_do_not_stop_the_others(workplace: Workplace, emulator: EmulatorProcess) -> None:
    for job in ("job-a", "job-b"):
        emulator.put_job(job, bodies.image())
    workplace.write_desired("keep-me")
    workplace.plan()
    other = {"job_id": "job-a", "success": True, "data": {**bodies.image(), "jobId": "half \ud83d and \x00"}}
    emulator.put_job("job-a", {}, body=other)
    workplace.run("apply", "plan.json").expect(3)
    assert emulator.cleaned() == {"job-b"}


def test_ids_that_differ_only_in_case_have_a_bag_each(workplace: Workplace, emulator: EmulatorProcess) -> None:  # I12
    emulator.put_job("job-a", bodies.render())
    emulator.put_job("Job-A", bodies.image())
    workplace.write_desired("keep-me")
    workplace.plan()
    workplace.run("apply", "plan.json").expect(0)
    bags = {name.split("/")[1].casefold() for name in workplace.files() if name.startswith("jobs/")}
    assert len(bags) == 2
    assert emulator.cleaned() == {"job-a", "Job-A"}


def test_a_retained_id_is_compared_exactly(workplace: Workplace, emulator: EmulatorProcess) -> None:
    emulator.put_job("job-a", bodies.image())
    emulator.put_job("job-a ", bodies.image())
    emulator.put_job("JOB-A", bodies.image())
    workplace.write_desired("job-a")
    assert {change["job"] for change in workplace.plan()["changes"]} == {"job-a ", "JOB-A"}


def test_hostile_words_of_the_service_are_shown_harmless(workplace: Workplace, emulator: EmulatorProcess) -> None:
    emulator.put_job("job-a", {**bodies.render(), "status": "\x1b[2Jdone\u202e"})
    workplace.write_desired("keep-me")
    ended = workplace.run("plan").expect(0)
    assert hidden(ended.out) == set()
    assert "is not a known word" in ended.out


def test_a_hostile_field_name_is_shown_harmless(workplace: Workplace, emulator: EmulatorProcess) -> None:
    emulator.put_job("job-a", bodies.render(**{"new\x1b[31mUrl\nPlan: ": "https://files.invalid/x.bin"}))
    workplace.write_desired("keep-me")
    ended = workplace.run("plan").expect(0)
    assert hidden(ended.out) == set()
    assert "will NOT be archived, as it is not known what it is: new" in ended.out
