"""What a user of the command line meets: verbs, exit codes, streams, the question before a clean."""

import json
import os
import pty
import subprocess
from pathlib import Path

import pytest

from reconciler import __version__
from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.workplace import COMMAND, Workplace

A, B = job_id(1), job_id(2)

VERBS = (
    *("validate", "fmt", "schema", "plan", "explain", "forecast", "test", "show", "apply", "refresh", "import-times"),
    *("snapshot", "status", "verify", "audit", "unlock", "emulator", "demo"),
)


@pytest.fixture
def account(workplace: Workplace, emulator: EmulatorProcess) -> Workplace:
    """Two finished jobs, of which B is retained."""
    emulator.put_job(A, bodies.image())
    emulator.put_job(B, bodies.transcription())
    workplace.write_desired(B)
    return workplace


@pytest.fixture
def bare(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


def test_help_lists_every_verb_with_one_line(bare: Workplace) -> None:
    out = bare.run("--help").expect(0).out
    assert "A clean is for good." in out
    for verb in VERBS:
        assert any(line.split()[:1] == [verb] and len(line.split()) > 3 for line in out.splitlines()), verb


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_explains_itself(bare: Workplace, verb: str) -> None:
    assert bare.run(verb, "-h").expect(0).out.startswith(f"Usage: reconciler {verb}")


def test_the_version_is_the_package_s(bare: Workplace) -> None:
    assert bare.run("--version").expect(0).out == f"reconciler, version {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--nonsense"],
        ["nonsense"],
        ["plan", "--nonsense"],
        ["plan", "--expires", "7"],
        ["plan", "--expires", "0d"],
        ["plan", "--tpslimit", "0"],
        ["plan", "--patience", "-1"],
        ["plan", "--max-pages", "0"],
        ["plan", "--max-listed-jobs", "0"],
        ["show"],
        ["show", "no-such-plan.json"],
        ["apply", "no-such-plan.json"],
        ["validate", "superfluous"],
    ],
    ids=" ".join,
)
def test_a_command_line_that_is_not_one_ends_with_64_and_says_why(bare: Workplace, arguments: list[str]) -> None:
    ended = bare.run(*arguments).expect(64)
    assert ended.out == ""
    assert "Error: " in ended.err
    assert "Traceback" not in ended.err


def test_without_arguments_the_help_is_shown(bare: Workplace) -> None:
    ended = bare.run()
    assert ended.code == 64
    assert "Usage: reconciler" in ended.out + ended.err


def test_the_environment_says_what_a_flag_does_not(account: Workplace) -> None:
    (account.folder / "retention.yaml").rename(account.folder / "other.yaml")
    account.run("plan").expect(10)
    account.run("plan", extra={"RECONCILER_FILE": "other.yaml"}).expect(0)
    ended = account.run("plan", "--file", "third.yaml", extra={"RECONCILER_FILE": "other.yaml"}).expect(10)
    assert "third.yaml" in ended.err


# -- plan


def test_a_detailed_exit_code_tells_changes_from_none(account: Workplace) -> None:
    account.run("plan", "--detailed-exitcode").expect(2)
    account.run("plan").expect(0)
    account.write_desired(A, B)
    account.run("plan", "--detailed-exitcode").expect(0)


def test_a_plan_of_reports_alone_is_no_change(account: Workplace) -> None:
    account.write_desired(B, otherwise="report")
    ended = account.run("plan", "--detailed-exitcode").expect(0)
    assert ended.last_line == "Plan: 1 released, nothing to do (otherwise: report), 1 retained, 0 held."


def test_json_is_all_that_stands_on_stdout(account: Workplace) -> None:
    ended = account.run("plan", "--json").expect(0)
    plan = json.loads(ended.out)
    assert [change["job"] for change in plan["changes"]] == [A]
    assert ended.out.count("\n") == 1


def test_the_printed_plan_and_the_saved_one_are_one(account: Workplace) -> None:
    ended = account.run("plan", "--json", "--out", "plan.json").expect(0)
    assert (account.folder / "plan.json").read_text() == ended.out
    assert account.run("show", "plan.json", "--json").expect(0).out == ended.out


def test_show_says_what_plan_said(account: Workplace) -> None:
    shown = account.run("plan", "--out", "plan.json").expect(0).out
    assert account.run("show", "plan.json").expect(0).out == shown


def test_a_plan_tells_each_job_with_its_reason_and_sums_up_last(account: Workplace) -> None:
    account.write_desired(B, "{name: fresh, match: {type: render}}")
    out = account.run("plan").expect(0).out
    assert f"- {A}  image completed, not recorded before" in out
    assert "no rule keeps it: ids (not among the 1 ids that the file names); fresh (wants type render" in out
    assert f"= {B} keeps 1" in out
    assert out.splitlines()[-1] == "Plan: 1 to clean (50.0% of scope), 1 to archive, 1 retained, 0 held."


def test_the_same_decision_has_the_same_name_however_often_it_is_made(account: Workplace) -> None:
    first = account.plan()["plan_id"]
    assert account.plan("--tpslimit", "500")["plan_id"] == first
    assert account.plan("--expires", "14d")["plan_id"] != first


def test_a_plan_that_cannot_be_saved_is_told_and_leaves_nothing(account: Workplace) -> None:
    ended = account.run("plan", "--out", "no/such/folder/plan.json").expect(64)
    assert "no/such/folder/plan.json cannot be written: No such file or directory" in ended.err


def test_an_earlier_plan_stays_when_a_new_one_fails(account: Workplace, emulator: EmulatorProcess) -> None:
    account.plan()
    before = (account.folder / "plan.json").read_bytes()
    emulator.fault("list", "no-items")
    account.run("plan", "--out", "plan.json").expect(6)
    assert (account.folder / "plan.json").read_bytes() == before


def test_output_that_nobody_reads_any_more_is_no_traceback(account: Workplace) -> None:
    ended = subprocess.run(
        ["sh", "-c", f"{' '.join(COMMAND)} plan | true"],
        cwd=account.folder,
        env=account.environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "Traceback" not in ended.stderr


def test_an_ascii_terminal_gets_ascii(account: Workplace, emulator: EmulatorProcess) -> None:
    emulator.put_job("ジョブ", bodies.image())
    out = account.run("plan", extra={"PYTHONIOENCODING": "ascii"}).expect(0).out
    assert "- ???" in out


def test_a_list_beyond_its_caps_ends_with_6_and_names_the_flag(account: Workplace, emulator: EmulatorProcess) -> None:
    ended = account.run("plan", "--max-listed-jobs", "1").expect(6)
    assert "the job list has 2 jobs so far, and --max-listed-jobs allows 1" in ended.err
    assert "--max-listed-jobs 2" in ended.err
    emulator.switch(page_size=1)
    ended = account.run("plan", extra={"RECONCILER_MAX_PAGES": "1"}).expect(6)
    assert "goes on after page 1, and --max-pages allows 1" in ended.err
    account.run("plan", "--max-pages", "2", "--max-listed-jobs", "2").expect(0)


# -- archive only


def test_otherwise_archive_copies_and_cleans_nothing(account: Workplace, emulator: EmulatorProcess) -> None:
    account.write_desired(B, otherwise="archive")
    assert account.plan()["changes"][0]["action"] == ["archive"]
    ended = account.run("apply", "plan.json").expect(0)
    assert ended.last_line.startswith("Apply: 0 cleaned, 1 archived only,")
    assert emulator.writes() == []
    again = account.run("plan", "--detailed-exitcode").expect(0)
    assert "= 1 released and archived before" in again.out


def test_an_archived_job_is_cleaned_later_from_the_same_bag(account: Workplace, emulator: EmulatorProcess) -> None:
    account.write_desired(B, otherwise="archive")
    account.plan()
    account.run("apply", "plan.json").expect(0)
    account.write_desired(B)
    account.plan()
    emulator.forget_requests()
    account.run("apply", "plan.json").expect(0)
    assert emulator.cleaned() == {A}
    assert [request for request in emulator.requests() if request["port"] == "asset"] == []
    account.run("verify").expect(0)


# -- verify


def test_verify_names_each_bag_that_is_not_whole(account: Workplace) -> None:
    account.write_desired("keep-me")
    account.plan()
    account.run("apply", "plan.json").expect(0)
    picture = next((account.folder / "archive").rglob("image.png"))
    content = bytearray(picture.read_bytes())
    content[len(content) // 2] ^= 1
    picture.write_bytes(content)
    transcript = next((account.folder / "archive").rglob("transcript.json")).parents[1]
    transcript.rename(account.folder / "elsewhere")
    ended = account.run("verify").expect(8)
    assert f"! {A}  damaged: data/assets/image.png" in ended.out
    assert f"! {B}  missing" in ended.out
    assert ended.last_line == "Verify: 0 bags whole, 1 damaged, 1 missing."


def test_an_audit_that_was_tampered_with_is_told(account: Workplace) -> None:
    import sqlite3

    account.plan()
    account.run("apply", "plan.json").expect(0)
    assert "chain whole" in account.run("audit", "verify").expect(0).out
    with sqlite3.connect(account.folder / "state" / "ledger.db") as database:
        database.execute("UPDATE audit SET actor = 'somebody else' WHERE event = 'cleaned'")
    database.close()
    assert "was changed after it was written" in account.run("audit", "verify").expect(1).err


# -- the question before a clean


def at_a_terminal(workplace: Workplace, answer: str | None, *arguments: str) -> tuple[int, str]:
    """Run on a pseudo-terminal; type `answer` and Enter at the question, or end the input when it is None."""
    ours, theirs = pty.openpty()
    environ = {**workplace.environment(), "TERM": "xterm", "COLUMNS": "200"}
    started = subprocess.Popen(
        [*COMMAND, "apply", *arguments], cwd=workplace.folder, env=environ, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    shown, answered = b"", False
    while True:
        try:
            block = os.read(ours, 65536)
        except OSError:  # the other side is closed: the program has ended
            break
        shown += block
        if not answered and b"to continue" in shown:
            answered = True
            os.write(ours, b"\x04" if answer is None else answer.encode() + b"\n")
    os.close(ours)
    return started.wait(timeout=60), shown.decode("utf-8", "replace")


def test_the_number_and_the_account_must_be_typed(account: Workplace, emulator: EmulatorProcess) -> None:
    code, shown = at_a_terminal(account, "clean 1 acme")
    assert 'Type "clean 1 acme" to continue' in shown
    assert (code, emulator.cleaned()) == (0, {A})


@pytest.mark.parametrize("typed", ["", "y", "yes", "clean 1", "clean 1 Acme", "clean 2 acme", "clean 1 acme ", None])
def test_anything_else_typed_does_nothing(account: Workplace, emulator: EmulatorProcess, typed: str | None) -> None:
    code, shown = at_a_terminal(account, typed)
    assert code == (130 if typed is None else 64), shown
    assert emulator.writes() == []
    assert account.files(".") == {"retention.yaml"}


def test_fields_that_are_not_known_are_told_once_though_the_list_is_read_twice(
    account: Workplace, emulator: EmulatorProcess
) -> None:
    emulator.put_job(A, {**bodies.image(), "posterUrl": "https://files.invalid/p.png"})
    code, shown = at_a_terminal(account, "clean 1 acme")
    assert code == 0, shown
    assert shown.count("no archive holds them: posterUrl (1 job)") == 1
    assert shown.index("posterUrl (1 job)") < shown.index("to continue")


def test_the_question_of_an_archive_names_an_archive(account: Workplace, emulator: EmulatorProcess) -> None:
    account.write_desired(B, otherwise="archive")
    code, shown = at_a_terminal(account, "archive 1 acme")
    assert 'Type "archive 1 acme" to continue' in shown
    assert (code, emulator.writes()) == (0, [])


def test_without_changes_nothing_is_asked(account: Workplace) -> None:
    account.write_desired(A, B)
    code, shown = at_a_terminal(account, None)
    assert code == 0
    assert "to continue" not in shown


def test_a_plan_over_its_limits_is_shown_and_not_asked_for(account: Workplace, emulator: EmulatorProcess) -> None:
    account.write_desired("keep-me", max_jobs=1)
    code, shown = at_a_terminal(account, None)
    assert code == 4
    assert "clean.max_jobs allows 1" in shown
    assert "to continue" not in shown
    assert emulator.writes() == []


def test_colour_is_for_terminals_and_can_be_refused(account: Workplace) -> None:
    account.write_desired("keep-me", otherwise="report")
    assert "\x1b[" in at_a_terminal(account, None)[1]
    assert "\x1b[" not in at_a_terminal(account, None, "--no-color")[1]
    assert "\x1b[" not in account.run("plan").expect(0).out
    account.environ["NO_COLOR"] = "1"
    assert "\x1b[" not in at_a_terminal(account, None)[1]
