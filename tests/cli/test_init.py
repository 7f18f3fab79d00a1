"""`init` through the real command line: a first file that works, made of what is there, and never over another."""

import os
import pty
import subprocess

import pytest

from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.waiting import until
from tests.support.workplace import COMMAND, Workplace


def test_an_account_of_two_hundred_jobs_gets_a_file_that_works(workplace: Workplace, emulator: EmulatorProcess) -> None:
    emulator.reset(jobs=200, seed=7)
    ended = workplace.run("init", "--account", "acme").expect(0)
    assert ended.out.splitlines()[0] == "retention.yaml written, from 200 jobs: every one stays. Next:"
    assert [line.split()[1] for line in ended.out.splitlines()[1:]] == ["validate", "plan", "refresh"]
    assert workplace.files(".") == {"retention.yaml"}
    assert {request["method"] for request in emulator.requests()} == {"GET"}  # I6
    workplace.run("validate").expect(0)
    plan = workplace.plan()
    assert plan["summary"]["clean"] == plan["summary"]["archive"] == plan["summary"]["report"] == 0
    assert plan["summary"]["retain"] > 150
    text = (workplace.folder / "retention.yaml").read_text(encoding="utf-8")
    assert "otherwise: report" in text
    assert "without any:" in text, "months are told where anything tells them"


def test_an_empty_account_gets_a_file_too(workplace: Workplace) -> None:
    workplace.run("init", "--account", "acme").expect(0)
    workplace.run("validate").expect(0)
    workplace.run("plan").expect(0)


@pytest.mark.parametrize("kind", ["file", "folder", "link to nowhere"])
def test_nothing_is_overwritten(workplace: Workplace, emulator: EmulatorProcess, kind: str) -> None:
    path = workplace.folder / "retention.yaml"
    if kind == "file":
        path.write_text("mine", encoding="utf-8")
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("elsewhere.yaml")
    ended = workplace.run("init", "--account", "acme").expect(64)
    assert "retention.yaml is there already, and init overwrites nothing" in ended.err
    assert emulator.requests() == []
    assert kind != "file" or path.read_text(encoding="utf-8") == "mine"
    assert not (workplace.folder / "elsewhere.yaml").exists()


def test_a_file_that_appears_meanwhile_is_not_overwritten(workplace: Workplace, emulator: EmulatorProcess) -> None:
    emulator.fault("list", "drip*")
    started = workplace.start("init", "--account", "acme")
    until(lambda: any(request["route"] == "list" for request in emulator.requests()), "the list is asked for")
    path = workplace.folder / "retention.yaml"
    path.write_text("mine", encoding="utf-8")
    _, err = started.communicate(timeout=60)
    assert (started.returncode, path.read_text(encoding="utf-8")) == (64, "mine")
    assert "is there already" in err


def test_without_a_name_and_a_terminal_the_way_out_is_told(workplace: Workplace, emulator: EmulatorProcess) -> None:
    ended = workplace.run("init").expect(64)
    assert "reconciler init --account marketing-prod" in ended.err
    assert workplace.files(".") == set()
    assert emulator.requests() == [], "nobody is asked before it is clear that the file can be written"


def test_a_name_that_the_file_would_refuse_is_refused_first(workplace: Workplace) -> None:
    ended = workplace.run("init", "--account", "a: b\n").expect(64)
    assert "cannot be an account's name" in ended.err
    assert workplace.files(".") == set()


def test_the_ledger_knows_the_account(workplace: Workplace, emulator: EmulatorProcess) -> None:
    emulator.put_job(job_id(1), bodies.render())
    workplace.write_desired("keep-me")
    workplace.run("refresh").expect(0)
    (workplace.folder / "retention.yaml").unlink()
    assert "the ledger belongs to account acme" in workplace.run("init", "--account", "rival").expect(64).err
    workplace.run("init").expect(0)
    assert "account: 'acme'\n" in (workplace.folder / "retention.yaml").read_text(encoding="utf-8")


def test_a_list_that_cannot_be_read_leaves_no_file(workplace: Workplace, emulator: EmulatorProcess) -> None:  # I2
    emulator.fault("list", "no-items*")
    workplace.run("init", "--account", "acme").expect(6)
    assert workplace.files(".") == set()


def test_another_file_is_named_in_the_next_steps(workplace: Workplace) -> None:
    ended = workplace.run("init", "--account", "acme", "--file", "my file.yaml").expect(0)
    assert "reconciler plan --file 'my file.yaml'" in ended.out
    workplace.run("validate", "--file", "my file.yaml").expect(0)


def test_on_a_terminal_the_name_is_asked_for(workplace: Workplace) -> None:
    ours, theirs = pty.openpty()
    started = subprocess.Popen(
        [*COMMAND, "init"],
        cwd=workplace.folder,
        env=workplace.environment(),
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    try:
        os.write(ours, b"marketing-prod\n")
        started.communicate(timeout=60)
    finally:
        os.close(ours)
    assert started.returncode == 0
    assert "account: 'marketing-prod'\n" in (workplace.folder / "retention.yaml").read_text(encoding="utf-8")
