"""`reconciler audit` through the real command line: what it shows, what it exports, and that refused runs are told."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.workplace import Workplace

A, B = job_id(1), job_id(2)
APPLIED = 8
"""Events of the apply that each place begins with: its begin and end, the key, the file, and two for each job."""


@pytest.fixture
def applied(workplace: Workplace, emulator: EmulatorProcess) -> Workplace:
    """Two jobs archived and cleaned by a plan."""
    for job in (A, B):
        emulator.put_job(job, bodies.render())
    workplace.write_desired("keep-me")
    workplace.plan()
    workplace.run("apply", "plan.json").expect(0)
    return workplace


def events(place: Workplace, *arguments: str) -> list[dict[str, Any]]:
    lines = place.run("audit", "log", "--json", *arguments).expect(0).out.splitlines()
    return [{**json.loads(line), "facts": dict(json.loads(line)["facts"])} for line in lines]


def words(told: list[dict[str, Any]]) -> list[str]:
    return [event["event"] for event in told]


def test_a_run_is_told_from_its_begin_to_its_end(applied: Workplace) -> None:  # I10
    told = events(applied)
    of_its_jobs = [word for word in words(told) if word not in {"key_bound", "file_applied"}]
    assert of_its_jobs == ["run_started", *["archived", "cleaned"] * 2, "run_finished"]
    assert {event["run"] for event in told} == {told[0]["run"]}
    assert told[0]["facts"]["operation"] == "apply"
    assert {"plan", "tool", "user", "host"} <= told[0]["facts"].keys()


def test_what_is_shown_can_be_narrowed(applied: Workplace) -> None:
    applied.run("refresh").expect(0)
    assert words(events(applied, "--job", A)) == ["archived", "cleaned"]
    first, last = events(applied)[0], events(applied)[-1]
    assert words(events(applied, "--run", last["run"])) == ["run_started", "run_finished"]
    assert events(applied, "--job", A, "--run", last["run"]) == []
    assert len(events(applied, "--since", first["at"])) == APPLIED + 2
    assert events(applied, "--since", "2999-01-01") == []
    assert "--since '1.1.' cannot be used" in applied.run("audit", "log", "--since", "1.1.").expect(64).err
    shown = applied.run("audit", "log", "--job", A).expect(0).out.splitlines()
    assert len(shown) == 2
    assert f"cleaned  {A}  fingerprint=sha256:" in shown[1]
    assert "how=cleaned now" in shown[1]


def test_the_report_of_a_run_tells_the_head_and_the_chain_is_held_against_it(applied: Workplace) -> None:  # I10
    applied.run("refresh").expect(0)
    report = json.loads(applied.run("archive", "--json").expect(0).out)
    head = report["audit"]["head"]
    assert report["audit"]["events"] == APPLIED + 4
    assert f"head {head}." in applied.run("audit", "verify").expect(0).out
    applied.run("refresh").expect(0)
    applied.run("audit", "verify", "--head", head).expect(0)
    with sqlite3.connect(applied.folder / "state" / "ledger.db") as database:
        database.execute("DELETE FROM audit WHERE sequence > ?", (APPLIED,))
        database.execute("DELETE FROM run WHERE run_id NOT IN (SELECT run_id FROM audit)")
    database.close()
    applied.run("audit", "verify").expect(0)  # nothing in the ledger can tell
    assert "no event with the hash that was noted" in applied.run("audit", "verify", "--head", head).expect(1).err


def test_an_export_is_checked_offline_and_its_first_bad_line_is_named(applied: Workplace) -> None:  # I10
    applied.run("audit", "export", "--jsonl", "--out", "audit.jsonl").expect(0)
    path = applied.folder / "audit.jsonl"
    assert path.read_text() == applied.run("audit", "export").expect(0).out
    elsewhere = {"RECONCILER_STATE": "nowhere", "RECONCILER_FILE": "nowhere.yaml", "PICTORY_API_KEY": ""}
    whole = applied.run("audit", "verify", "audit.jsonl", extra=elsewhere).expect(0)
    assert whole.out == applied.run("audit", "verify").expect(0).out
    lines = path.read_bytes().splitlines(keepends=True)
    at = next(place for place, line in enumerate(lines) if b"cleaned now" in line)
    for number, bad in {
        at + 1: [*lines[:at], lines[at].replace(b"cleaned now", b"already cleaned"), *lines[at + 1 :]],
        2: [*lines[:1], *lines[2:]],
        len(lines): lines[:-1],
    }.items():
        path.write_bytes(b"".join(bad))
        said = applied.run("audit", "verify", "audit.jsonl", extra=elsewhere).expect(1).err
        assert f"audit.jsonl:{number}: the audit chain does not hold: " in said
    assert "none.jsonl cannot be read" in applied.run("audit", "verify", "none.jsonl").expect(64).err


# -- who, and from where

CI = {
    "github": {
        "GITHUB_ACTIONS": "true",
        "GITHUB_ACTOR": "mona",
        "GITHUB_SERVER_URL": "https://github.invalid",
        "GITHUB_REPOSITORY": "acme/videos",
        "GITHUB_RUN_ID": "77",
    },
    "gitlab": {
        "GITLAB_CI": "true",
        "GITLAB_USER_LOGIN": "mona",
        "CI_JOB_URL": "https://ci:the-secret@git.invalid/acme/videos/-/jobs/77",
    },
}
ADDRESSES = {
    "github": "https://github.invalid/acme/videos/actions/runs/77",
    "gitlab": "https://git.invalid/acme/videos/-/jobs/77",
}


@pytest.mark.parametrize("runner", CI)
def test_a_ci_runner_says_who_asked_and_where_it_ran(
    workplace: Workplace, emulator: EmulatorProcess, runner: str
) -> None:  # I11
    emulator.put_job(A, bodies.render())
    workplace.write_desired("keep-me")
    workplace.environ |= CI[runner]
    workplace.run("refresh").expect(0)
    started = events(workplace)[0]
    facts = started["facts"]
    assert started["actor"] == f"mona@{facts['host']}"
    assert (facts["ci"], facts["asked_by"], facts["ci_run"]) == (runner, "mona", ADDRESSES[runner])


# -- refused runs


def test_a_plan_that_is_refused_is_told_with_the_reason(applied: Workplace) -> None:  # I3, I10
    applied.run("apply", "plan.json").expect(5)
    started, finished = events(applied)[-2:]
    assert words([started, finished]) == ["run_started", "run_finished"]
    assert started["facts"]["plan"].startswith("sha256:")
    assert finished["facts"]["outcome"] == "refused: PlanRefused"
    assert (finished["facts"]["code"], finished["facts"]["field"]) == ("5", "plan_id")
    assert "was applied already" in finished["facts"]["why"]


def test_a_run_over_a_limit_is_told_with_the_number(workplace: Workplace, emulator: EmulatorProcess) -> None:  # I10
    for job in (A, B):
        emulator.put_job(job, bodies.render())
    workplace.write_desired("keep-me", max_jobs=1)
    workplace.run("plan", "--out", "plan.json").expect(4)
    workplace.run("apply", "plan.json").expect(4)
    facts = events(workplace)[-1]["facts"]
    assert (facts["outcome"], facts["code"]) == ("refused: GuardRefused", "4")
    assert "2 jobs would be cleaned" in facts["why"]


def edited(place: Workplace) -> tuple[str, ...]:
    path = place.folder / "plan.json"
    path.write_text(path.read_text().replace('"account":"acme"', '"account":"amce"'))
    return ("apply", "plan.json")


def of_another_account(place: Workplace) -> tuple[str, ...]:
    path = place.folder / "retention.yaml"
    path.write_text(path.read_text().replace("account: acme", "account: other"))
    return ("refresh",)


def without_a_key(place: Workplace) -> tuple[str, ...]:
    place.environ["PICTORY_API_KEY"] = ""
    return ("apply", "plan.json")


def locked(place: Workplace) -> tuple[str, ...]:
    with sqlite3.connect(place.folder / "state" / "ledger.db") as database:
        database.execute("UPDATE lease SET owner = 'somebody', expires_ms = 99999999999999")
    database.close()
    return ("refresh",)


EARLY = {
    "edited plan": (edited, 5, "PlanRefused", "plan_id plan.json was edited"),
    "another account": (of_another_account, 4, "GuardRefused", "the ledger belongs to account acme"),
    "no key": (without_a_key, 11, "AuthenticationRefused", ""),
    "locked": (locked, 7, "LockedByAnotherRun", "by somebody"),
}


@pytest.mark.parametrize("refused", EARLY.values(), ids=EARLY.keys())
def test_a_run_that_is_refused_before_it_begins_is_told_too(applied: Workplace, refused: Any) -> None:  # I10
    make, code, error, why = refused
    arguments = make(applied)
    applied.run(*arguments).expect(code)
    applied.environ["PICTORY_API_KEY"] = "any"
    (last,) = events(applied)[APPLIED:]
    assert last["event"] == "refused"
    facts = last["facts"]
    assert (facts["operation"], facts["error"], facts["code"]) == (arguments[0], error, str(code))
    assert why in f"{facts.get('field', '')} {facts.get('why', '')}"
    assert "user" in facts
    applied.run("audit", "verify").expect(0)


def test_a_refused_run_makes_no_ledger(workplace: Workplace) -> None:
    workplace.write_desired("keep-me")
    (workplace.folder / "plan.json").write_text("{}")
    workplace.run("apply", "plan.json").expect(5)
    assert not Path(workplace.folder / "state").exists()
