"""`snapshot`, and `init` and `validate` over one, through the real command line."""

import io
import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from reconciler import wiring
from reconciler.core.snapshot import Snapshot
from reconciler.engine.planning import make_plan
from reconciler.report.saved_plan import write_plan
from reconciler.report.saved_snapshot import read_snapshot
from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.ledger_values import reader_at
from tests.support.listening import Listening
from tests.support.snapshots import lines_of, sealed
from tests.support.workplace import Ended, Workplace

A, B, C = job_id(1), job_id(2), job_id(3)
PLANNED = """\
timezone: Europe/Berlin
clock: {trust: [ledger, imported, created_date, share_link]}
retain:
  - {name: newest, match: {type: render, status: completed}, keep_bytes: 1MB}
  - {name: fresh, keep_within: 2h}
clean: {min_age: 0, max_share: 100%, max_bytes: 100GB}
storage: {budget: 1GB, warn_at: 1%}
"""
HEAD = "version: 1\naccount: acme\notherwise: clean\n"


def take(workplace: Workplace, *arguments: str) -> Snapshot:
    workplace.run("snapshot", "--out", "inventory.jsonl", *arguments).expect(0)
    return saved(workplace)


def saved(workplace: Workplace) -> Snapshot:
    return read_snapshot(io.BytesIO((workplace.folder / "inventory.jsonl").read_bytes()), "inventory.jsonl")


def write(workplace: Workplace, text: str) -> None:
    (workplace.folder / "retention.yaml").write_text(text, encoding="utf-8")


def offline(workplace: Workplace, *arguments: str) -> Ended:
    """Run a verb where nothing answers and nobody has a key."""
    return Workplace(workplace.folder, {"PICTORY_API_BASE_URL": "http://127.0.0.1:9"}).run(*arguments)


# -- taking one


def test_a_snapshot_holds_the_list_and_the_memory_of_the_ledger(
    workplace: Workplace, emulator: EmulatorProcess
) -> None:
    emulator.put_job(A, bodies.render())
    emulator.put_job(B, bodies.transcription())
    workplace.write_desired("keep-me")
    workplace.run("refresh").expect(0)
    emulator.remove_job(A)
    emulator.put_job(C, bodies.image())
    ended = workplace.run("snapshot", "--out", "inventory.jsonl").expect(0)
    made = saved(workplace)
    assert [job.id for job in made.inventory.jobs] == [C, B]
    assert list(made.unlisted) == [A]
    assert made.memory == reader_at(workplace.folder / "state" / "ledger.db").view()
    assert (made.account, made.memory.account) == ("acme", "acme")
    assert made.inventory.sizes == {}, "no rule weighs anything"
    assert ended.out.startswith("inventory.jsonl written: 2 jobs of account acme as of 20")
    assert ended.last_line.endswith("Z, and 1 that only the ledger knows.")
    assert workplace.files(".") == {"retention.yaml", "state/ledger.db", "inventory.jsonl"}


def test_without_out_or_with_a_dash_the_snapshot_is_printed(workplace: Workplace, emulator: EmulatorProcess) -> None:
    emulator.put_job(A, bodies.render())
    for arguments in ((), ("--out", "-")):
        ended = workplace.run("snapshot", "--account", "acme", *arguments).expect(0)
        made = read_snapshot(io.BytesIO(ended.out.encode()), "stdout")
        assert [job.id for job in made.inventory.jobs] == [A]
        assert ended.err == ""
    assert workplace.files(".") == set()


def test_an_account_without_jobs_has_a_snapshot_too(workplace: Workplace) -> None:
    made = take(workplace, "--account", "acme")
    assert (made.inventory.jobs, made.memory.is_new) == ((), True)


def test_dates_are_asked_for_whether_or_not_the_file_trusts_them(
    workplace: Workplace, emulator: EmulatorProcess
) -> None:
    emulator.reset(jobs=200, seed=7)
    dated = take(workplace, "--account", "acme").inventory.created_dates
    assert dated
    write(workplace, HEAD + "retain: [keep-me]\n")
    assert take(workplace).inventory.created_dates == dated


def test_dates_that_cannot_be_read_are_told_and_kept_for_the_plan(
    workplace: Workplace, emulator: EmulatorProcess
) -> None:
    emulator.put_job(A, bodies.image())
    emulator.fault("aistudio-images", "500*")
    ended = workplace.run("snapshot", "--account", "acme", "--out", "inventory.jsonl", "--patience", "0").expect(0)
    (problem,) = saved(workplace).problems
    assert problem.startswith("the list of AI images")
    assert f"{problem}; it dates no job of the snapshot" in ended.err


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("retain: [keep-me]\n", set()),
        ("retain:\n  - {name: newest, match: {type: render}, keep_bytes: 1GB}\n", {A}),
        ("retain: [keep-me]\nclean: {min_age: 0, max_share: 100%, max_bytes: 1GB}\n", {A, B}),
    ],
    ids=["nothing", "a rule", "a limit"],
)
def test_sizes_are_asked_for_as_a_plan_of_the_file_would(
    workplace: Workplace, emulator: EmulatorProcess, text: str, asked: set[str]
) -> None:
    emulator.put_job(A, bodies.render())
    emulator.put_job(B, bodies.image())
    write(workplace, HEAD + text)
    made = take(workplace)
    assert set(made.inventory.sizes) == asked
    assert {request["method"] for request in emulator.requests()} <= {"GET", "HEAD"}


def test_where_the_list_is_thin_a_snapshot_shows_what_a_plan_would_see(
    workplace: Workplace, emulator: EmulatorProcess
) -> None:
    emulator.switch(list_is_thin=True)
    emulator.put_job(A, bodies.render())
    write(workplace, HEAD + "retain: [keep-me]\nclean: {min_age: 0, max_share: 100%}\n")
    plan = workplace.plan()
    made = take(workplace)
    assert plan["inventory"]["asked_alone"] == made.inventory.proof.asked_alone == 1
    assert plan["changes"][0]["fingerprint"] == made.inventory.jobs[0].fingerprint


def test_a_list_that_cannot_be_read_leaves_no_file(workplace: Workplace, emulator: EmulatorProcess) -> None:  # I2
    emulator.fault("list", "no-items*")
    workplace.run("snapshot", "--account", "acme", "--out", "inventory.jsonl").expect(6)
    assert workplace.files(".") == set()


def test_a_new_snapshot_takes_the_place_of_the_old_one_whole_or_not_at_all(
    workplace: Workplace, emulator: EmulatorProcess
) -> None:
    take(workplace, "--account", "acme")
    before = (workplace.folder / "inventory.jsonl").read_bytes()
    (workplace.folder / ".inventory.jsonl.unfinished").mkdir()  # stands where the new one would be written
    emulator.put_job(A, bodies.image())
    ended = workplace.run("snapshot", "--account", "acme", "--out", "inventory.jsonl").expect(64)
    assert "inventory.jsonl cannot be written" in ended.err
    assert (workplace.folder / "inventory.jsonl").read_bytes() == before
    (workplace.folder / ".inventory.jsonl.unfinished").rmdir()
    assert len(take(workplace, "--account", "acme").inventory.jobs) == 1
    assert workplace.files(".") == {"inventory.jsonl"}


@pytest.mark.parametrize("out", ["folder", "no-such-folder/inventory.jsonl", "pipe"])
def test_what_is_no_file_is_not_written_to(workplace: Workplace, out: str) -> None:
    (workplace.folder / "folder").mkdir()
    os.mkfifo(workplace.folder / "pipe")
    workplace.run("snapshot", "--account", "acme", "--out", out).expect(64)
    assert (workplace.folder / "pipe").is_fifo()
    assert workplace.files(".") == set()


def test_a_plan_over_a_snapshot_decides_as_one_over_the_live_list(
    workplace: Workplace, emulator: EmulatorProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator.reset(jobs=60, seed=3)
    write(workplace, HEAD + PLANNED)
    workplace.run("refresh").expect(0)
    live = workplace.plan()
    take(workplace)
    monkeypatch.chdir(workplace.folder)
    settings = wiring.Settings(file=Path("retention.yaml"), inventory=Path("inventory.jsonl"))
    with wiring.read_parts(settings) as parts:
        made = make_plan(
            parts.desired,
            parts.reader,
            parts.ledger,
            parts.clock,
            Listening(),
            valid_for=timedelta(days=7),
            tool_version=wiring.VERSION,
            evidence=parts.evidence,
        )
    over = json.loads(write_plan(made))
    assert over["summary"] == live["summary"]
    assert over["changes"] == live["changes"] != []
    assert (over["held"], over["retained"], over["notices"]) == (live["held"], live["retained"], live["notices"])
    assert over["inventory"] == live["inventory"]


# -- whose it is


def test_the_account_s_name_comes_from_the_file_the_ledger_or_the_user(
    workplace: Workplace, emulator: EmulatorProcess
) -> None:
    emulator.put_job(A, bodies.image())
    ended = workplace.run("snapshot").expect(64)
    assert "reconciler snapshot --account marketing-prod" in ended.err
    assert emulator.requests() == []
    assert take(workplace, "--account", "ours").account == "ours"
    workplace.write_desired("keep-me")
    assert take(workplace).account == "acme"
    workplace.run("refresh").expect(0)
    (workplace.folder / "retention.yaml").unlink()
    assert take(workplace).account == "acme"
    assert "the ledger belongs to account acme" in workplace.run("snapshot", "--account", "ours").expect(64).err


def test_a_file_of_another_account_than_the_ledger_s_gets_no_snapshot(
    workplace: Workplace, emulator: EmulatorProcess
) -> None:
    emulator.put_job(A, bodies.image())
    workplace.write_desired("keep-me")
    workplace.run("refresh").expect(0)
    write(workplace, HEAD.replace("acme", "rival") + "retain: [keep-me]\n")
    emulator.forget_requests()
    ended = workplace.run("snapshot", "--out", "inventory.jsonl").expect(4)
    assert "the ledger belongs to account acme, the snapshot would be of rival" in ended.err
    assert emulator.requests() == []
    assert "the file belongs to account rival" in workplace.run("snapshot", "--account", "acme").expect(64).err


def test_a_file_with_an_error_gets_no_snapshot_and_one_with_a_lint_error_does(
    workplace: Workplace, emulator: EmulatorProcess
) -> None:
    write(workplace, HEAD + "nonsense: 1\n")
    workplace.run("snapshot").expect(10)
    assert emulator.requests() == []
    write(workplace, HEAD + "labels: {one: [a]}\nretain: [b]\n")
    take(workplace)


# -- init over one


def test_init_over_a_snapshot_writes_what_it_writes_over_the_list(
    workplace: Workplace, emulator: EmulatorProcess
) -> None:
    emulator.reset(jobs=200, seed=7)
    take(workplace, "--account", "acme")
    ended = offline(workplace, "init", "--inventory", "inventory.jsonl", "--file", "offline.yaml").expect(0)
    assert ended.out.startswith("offline.yaml written, from 200 jobs: every one stays.")
    workplace.run("init", "--account", "acme", "--file", "live.yaml").expect(0)
    over, live = ((workplace.folder / name).read_text(encoding="utf-8") for name in ("offline.yaml", "live.yaml"))
    assert over.splitlines()[1:] == live.splitlines()[1:], "but for the time in the first line"
    assert "without any:" in over
    assert workplace.files(".") == {"inventory.jsonl", "offline.yaml", "live.yaml"}


def test_init_over_a_snapshot_takes_its_account_and_no_other(workplace: Workplace) -> None:
    take(workplace, "--account", "acme")
    ended = offline(workplace, "init", "--inventory", "inventory.jsonl", "--account", "rival").expect(64)
    assert "the snapshot belongs to account acme, --account says rival" in ended.err
    offline(workplace, "init", "--inventory", "inventory.jsonl").expect(0)
    assert "account: 'acme'\n" in (workplace.folder / "retention.yaml").read_text(encoding="utf-8")


# -- validate over one

LINTED = (
    HEAD
    + "retain:\n"
    + f"  - {{name: by-id, ids: [{A}, gone-since]}}\n"
    + "  - {name: none, match: {type: video}, keep_last: 2}\n"
)


def warnings(ended: Ended) -> list[dict[str, Any]]:
    return [each for each in json.loads(ended.expect(0).out)["findings"] if each["severity"] == "warning"]


def test_validate_over_a_snapshot_finds_what_a_plan_finds(workplace: Workplace, emulator: EmulatorProcess) -> None:
    emulator.put_job(A, bodies.image())
    write(workplace, LINTED)
    plan = workplace.plan()
    take(workplace)
    assert warnings(offline(workplace, "validate", "--json")) == []
    found = warnings(offline(workplace, "validate", "--json", "--inventory", "inventory.jsonl"))
    assert [each["code"] for each in found] == ["id-not-listed", "rule-matches-nothing"]
    assert [each["message"] for each in found] == [each["message"] for each in plan["warnings"]]
    ended = offline(workplace, "validate", "--inventory", "inventory.jsonl").expect(0)
    assert "warning id-not-listed" in ended.out
    assert ended.last_line.startswith("Checked against a list of 1 jobs as of 20")
    offline(workplace, "validate", "--strict").expect(0)
    offline(workplace, "validate", "--strict", "--inventory", "inventory.jsonl").expect(4)


def test_a_snapshot_of_another_account_is_refused(workplace: Workplace) -> None:
    take(workplace, "--account", "rival")
    workplace.write_desired("keep-me")
    ended = offline(workplace, "validate", "--inventory", "inventory.jsonl").expect(6)
    assert "the snapshot is of account rival, retention.yaml:2:10 says acme" in ended.err
    assert "Name a snapshot of this account" in ended.err


def damaged(content: bytes) -> dict[str, bytes]:
    return {
        "empty": b"",
        "cut": content[:-5],
        "edited": content.replace(b"completed", b"failed"),
        "another kind of file": b"version: 1\n",
        "a later version": content.replace(b'"format_version":"1.0"', b'"format_version":"2.0"'),
    }


@pytest.mark.parametrize("kind", damaged(b""))
@pytest.mark.parametrize("verb", [["validate"], ["init", "--file", "first.yaml"]], ids=["validate", "init"])
def test_a_damaged_snapshot_is_refused_with_a_way_out(
    workplace: Workplace, emulator: EmulatorProcess, kind: str, verb: list[str]
) -> None:
    emulator.put_job(A, bodies.render())
    workplace.write_desired("keep-me")
    take(workplace)
    path = workplace.folder / "inventory.jsonl"
    path.write_bytes(damaged(path.read_bytes())[kind])
    ended = offline(workplace, *verb, "--inventory", "inventory.jsonl").expect(6)
    assert ended.out == ""
    assert "Error: inventory.jsonl:" in ended.err
    assert "snapshot" in ended.err.splitlines()[-1]
    assert not (workplace.folder / "first.yaml").exists()


def test_a_snapshot_that_cannot_be_opened_is_named(workplace: Workplace) -> None:
    workplace.write_desired("keep-me")
    ended = offline(workplace, "validate", "--inventory", "no-such.jsonl").expect(64)
    assert "no-such.jsonl cannot be read: No such file or directory" in ended.err
    assert "Take a snapshot: reconciler snapshot --out inventory.jsonl" in ended.err


def test_what_an_edited_snapshot_says_is_shown_harmless(workplace: Workplace) -> None:  # I12
    made = take(workplace, "--account", "acme")
    head, *_ = lines_of(made)
    odd: dict[str, Any] = {"kind": "job", "id": "a", "type": "\x1b[31mred\u202e", "status": "failed"}
    (workplace.folder / "inventory.jsonl").write_bytes(sealed([head, odd]))
    workplace.write_desired("keep-me")
    ended = offline(workplace, "validate", "--inventory", "inventory.jsonl").expect(6)
    assert "\x1b" not in ended.err
    assert "\u202e" not in ended.err


def test_no_verb_over_a_snapshot_asks_anybody(workplace: Workplace, emulator: EmulatorProcess) -> None:  # I6
    emulator.put_job(A, bodies.render())
    take(workplace, "--account", "acme")
    emulator.forget_requests()
    for verb in (["init"], ["validate"]):
        workplace.run(*verb, "--inventory", "inventory.jsonl").expect(0)
    assert emulator.requests() == []
    assert not Path(workplace.folder / "state").exists()
