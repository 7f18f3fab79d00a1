"""Verbs that only look: GET and HEAD alone on the wire, a pair's token apart, and nothing changed on disk (I6)."""

import hashlib
from pathlib import Path

import pytest

from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.workplace import Workplace

A, B, C = job_id(1), job_id(2), job_id(3)
EXAMPLE = Path(__file__).parents[2] / "examples" / "retention-tests.yaml"

PAIR = {"PICTORY_CLIENT_ID": "emulator", "PICTORY_CLIENT_SECRET": "emulator-secret"}

VERBS = {
    "plan": ["plan"],
    "plan as json": ["plan", "--json"],
    "plan with a detailed exit code": ["plan", "--detailed-exitcode"],
    "plan of another time": ["plan", "--as-of", "2999-01-01"],
    "explain": ["explain", A, B, C],
    "explain as json": ["explain", C, "--json", "--as-of", "2999-01-01"],
    "forecast": ["forecast", "--days", "400"],
    "forecast as json": ["forecast", "--json"],
    "plan with more than its file allows": ["plan", "--max-jobs", "9999", "--max-share", "100%", "--max-bytes", "9TB"],
    "show": ["show", "plan.json"],
    "show as json": ["show", "plan.json", "--json"],
    "validate": ["validate"],
    "audit verify": ["audit", "verify"],
    "audit verify with the stores": ["audit", "verify", "--stores"],
    "audit log": ["audit", "log"],
    "audit export": ["audit", "export"],
    "ledger check": ["ledger", "check"],
    "test": ["test", str(EXAMPLE)],
    "snapshot": ["snapshot"],
    "status": ["status"],
    "status as json": ["status", "--json"],
    "status offline": ["status", "--offline"],
}


def contents(folder: Path) -> dict[str, tuple[str, int]]:
    """Everything below a folder by name: a file's sha256, and when it was written."""
    return {
        path.relative_to(folder).as_posix(): (
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder",
            path.stat().st_mtime_ns,
        )
        for path in folder.rglob("*")
    }


@pytest.mark.parametrize("with_pair", [False, True], ids=["key", "pair"])
@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS.keys())
def test_a_verb_that_looks_sends_only_reads_and_changes_nothing(
    workplace: Workplace, emulator: EmulatorProcess, verb: list[str], with_pair: bool
) -> None:  # I6
    if with_pair:
        workplace.environ = {"PICTORY_API_BASE_URL": emulator.api, **PAIR}
    for job in (A, B):
        emulator.put_job(job, bodies.render())
    workplace.write_desired("keep-me")
    workplace.plan()
    workplace.run("apply", "plan.json").expect(0)
    emulator.put_job(C, bodies.image())
    before = contents(workplace.folder)
    emulator.forget_requests()
    assert workplace.run(*verb).code in {0, 2}
    reads = [request for request in emulator.requests() if request["method"] in {"GET", "HEAD"}]
    # The older client pair asks for a token by a POST, which changes nothing: the one exception, and once.
    assert [request["route"] for request in emulator.writes()] == ["token"] * (with_pair and bool(reads))
    assert contents(workplace.folder) == before


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS.keys())
def test_a_verb_that_looks_makes_no_ledger_and_no_archive(
    workplace: Workplace, emulator: EmulatorProcess, verb: list[str]
) -> None:  # I6
    emulator.put_job(A, bodies.render())
    workplace.write_desired("keep-me")
    workplace.plan()
    workplace.run(*verb)
    assert set(contents(workplace.folder)) == {"retention.yaml", "plan.json"}
    assert emulator.writes() == []


def test_verbs_that_need_no_service_send_nothing(workplace: Workplace, emulator: EmulatorProcess) -> None:
    emulator.put_job(A, bodies.render())
    workplace.write_desired("keep-me")
    workplace.plan()
    emulator.forget_requests()
    for verb in (
        ["show", "plan.json"],
        ["validate"],
        ["verify"],
        ["audit", "verify"],
        ["audit", "verify", "--stores"],
        ["audit", "log"],
        ["audit", "export"],
        ["ledger", "check"],
        ["status", "--offline"],
        ["test", str(EXAMPLE)],
    ):
        workplace.run(*verb, extra={"PICTORY_API_KEY": ""}).expect(0)
    assert emulator.requests() == []


def test_verbs_that_need_no_service_ask_for_no_token(workplace: Workplace, emulator: EmulatorProcess) -> None:
    emulator.put_job(A, bodies.render())
    workplace.write_desired("keep-me")
    workplace.plan()
    emulator.forget_requests()
    workplace.environ = {"PICTORY_API_BASE_URL": emulator.api, **PAIR}
    for verb in (["show", "plan.json"], ["validate"], ["verify"], ["audit", "verify"]):
        workplace.run(*verb).expect(0)
    assert emulator.requests() == []


def test_init_sends_only_reads_and_writes_its_file_alone(workplace: Workplace, emulator: EmulatorProcess) -> None:  # I6
    emulator.put_job(A, bodies.render())
    workplace.run("init", "--account", "acme").expect(0)
    assert {request["method"] for request in emulator.requests()} == {"GET"}
    assert workplace.files(".") == {"retention.yaml"}


def test_snapshot_sends_only_reads_and_writes_its_file_alone(
    workplace: Workplace, emulator: EmulatorProcess
) -> None:  # I6
    emulator.put_job(A, bodies.render())
    workplace.write_desired("{name: newest, keep_bytes: 1GB}")
    workplace.run("snapshot", "--out", "inventory.jsonl").expect(0)
    assert {request["method"] for request in emulator.requests()} == {"GET", "HEAD"}
    assert workplace.files(".") == {"retention.yaml", "inventory.jsonl"}


def test_verbs_over_a_snapshot_send_nothing_and_write_nothing_else(
    workplace: Workplace, emulator: EmulatorProcess
) -> None:  # I6
    emulator.put_job(A, bodies.render())
    workplace.write_desired("keep-me")
    workplace.run("snapshot", "--out", "inventory.jsonl").expect(0)
    emulator.forget_requests()
    before = contents(workplace.folder)
    nobody = {"PICTORY_API_KEY": ""}
    workplace.run("validate", "--inventory", "inventory.jsonl", extra=nobody).expect(0)
    assert contents(workplace.folder) == before
    workplace.run("init", "--inventory", "inventory.jsonl", "-f", "first.yaml", extra=nobody).expect(0)
    after = contents(workplace.folder)
    del after["first.yaml"]
    assert after == before
    assert emulator.requests() == []


@pytest.mark.parametrize("flags", [[], ["--fast"], ["--sample", "50%"]], ids=" ".join)
def test_verify_asks_nobody_and_writes_to_the_ledger_alone(
    workplace: Workplace, emulator: EmulatorProcess, flags: list[str]
) -> None:  # I6
    for job in (A, B):
        emulator.put_job(job, bodies.render())
    workplace.write_desired("keep-me")
    workplace.plan()
    workplace.run("verify", *flags).expect(0)
    assert set(contents(workplace.folder)) == {"retention.yaml", "plan.json"}, "and makes none"
    workplace.run("apply", "plan.json").expect(0)
    before = contents(workplace.folder)
    emulator.forget_requests()
    workplace.run("verify", *flags, extra={"PICTORY_API_KEY": ""}).expect(0)
    assert emulator.requests() == []
    after = contents(workplace.folder)
    assert {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)} <= {
        "state",
        "state/ledger.db",
    }


def test_refresh_writes_to_the_ledger_alone(workplace: Workplace, emulator: EmulatorProcess) -> None:
    emulator.put_job(A, bodies.render())
    workplace.write_desired("keep-me")
    ended = workplace.run("refresh").expect(0)
    assert ended.out == "Refresh: 1 jobs listed, 1 of them new to the ledger.\n"
    assert emulator.writes() == []
    assert workplace.files(".") == {"retention.yaml", "state/ledger.db"}
