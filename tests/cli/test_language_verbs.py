"""What a user meets of the language: validate, fmt, schema, and lint in plan."""

import errno
import json
import os
import stat
from pathlib import Path

import pytest

from reconciler.cli.main import main
from reconciler.cli.schema import NAMES
from reconciler.published_schemas import schema_text
from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.workplace import Workplace

ROOT = Path(__file__).parents[2]
HEAD = "version: 1\naccount: acme\notherwise: clean\n"
WARNED = HEAD + "retain:\n  - {name: fresh, keep_within: 1h}\n"
UNUSED = HEAD + "labels: {one: [a]}\nretain: [b]\n"


@pytest.fixture
def bare(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


def write(workplace: Workplace, text: str) -> Path:
    path = workplace.folder / "retention.yaml"
    path.write_text(text, encoding="utf-8")
    return path


# -- validate


def test_validate_shows_warnings_and_ends_with_0_or_under_strict_with_4(bare: Workplace) -> None:
    write(bare, WARNED)
    ended = bare.run("validate").expect(0)
    assert ended.out.startswith("retention.yaml:5:32: warning keep-within-no-effect: rule fresh keeps for 1h ")
    assert ended.last_line.endswith(" 1 warning.")
    assert bare.run("validate", "--strict").expect(4).out == ended.out
    write(bare, HEAD + "retain: [a]\n")
    bare.run("validate", "--strict").expect(0)


def test_notes_are_shown_and_never_count(bare: Workplace) -> None:
    write(bare, HEAD + "retain: [{ids: [a]}]\n")
    ended = bare.run("validate", "--strict").expect(0)
    assert "note owner-missing" in ended.out
    assert ended.last_line.endswith(" 1 note.")


def test_an_error_of_lint_ends_with_10_as_one_of_the_form_does(bare: Workplace) -> None:
    write(bare, UNUSED)
    ended = bare.run("validate").expect(10)
    assert "retention.yaml:4:15: no rule uses the label one (1 job), so it keeps nothing" in ended.err


def test_json_has_every_finding_with_its_place(bare: Workplace) -> None:
    write(bare, HEAD + "retain:\n  - {name: x, keep_lst: 3}\n  - {ids: [a, a]}\nclean: {min_age: 6mo}\n")
    ended = bare.run("validate", "--json").expect(10)
    told = json.loads(ended.out)
    assert (told["format_version"], told["file"], told["valid"]) == ("1.0", "retention.yaml", False)
    assert [(each["code"], each["line"], each["column"]) for each in told["findings"]] == [
        ("schema", 5, 15),
        ("meaning", 6, 15),
        ("meaning", 7, 18),
    ]
    assert told["findings"][0] == {
        "code": "schema",
        "severity": "error",
        "message": "retain[0].keep_lst is not a key here; did you mean keep_last?",
        "rule": "",
        "file": "retention.yaml",
        "line": 5,
        "column": 15,
    }
    assert ended.out.count("\n") == 1


def test_json_of_a_valid_file_has_what_lint_finds(bare: Workplace) -> None:
    write(bare, WARNED)
    (found,) = json.loads(bare.run("validate", "--json", "--strict").expect(4).out)["findings"]
    assert (found["code"], found["severity"], found["rule"]) == ("keep-within-no-effect", "warning", "fresh")


@pytest.mark.parametrize("arguments", [[], ["--json"]], ids=["text", "json"])
def test_a_file_that_is_not_there_is_told(bare: Workplace, arguments: list[str]) -> None:
    ended = bare.run("validate", *arguments).expect(10)
    assert "it cannot be read: No such file or directory" in ended.out + ended.err


def test_a_file_that_may_not_be_read_is_told_as_one_that_is_not_there(
    bare: Workplace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(bare, WARNED)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "access", lambda *_, **__: False)  # root may read whatever its mode says
    monkeypatch.setattr(Path, "open", refuse)
    assert main(["validate", "--file", str(path)]) == 10
    assert f"{path}: it cannot be read: Permission denied; name the file with --file" in capsys.readouterr().err


def test_explain_tells_the_policy_in_sentences_defaults_included(bare: Workplace) -> None:
    write(bare, HEAD + "retain: [a, b]\n")
    out = bare.run("validate", "--explain").expect(0).out
    assert "- 2 jobs named by id alone." in out
    assert "Nothing is cleaned that is not surely 1d old." in out
    assert "One run cleans at most 100 jobs, 25.0% of the finished jobs in scope, and any size in sum" in out


# -- schema


def test_schema_prints_each_published_schema_as_it_was_published(bare: Workplace) -> None:
    assert bare.run("schema").expect(0).out == schema_text("desired-state.v1.json")
    out = bare.run("schema", "--help").expect(0).out
    for name, file in NAMES.items():
        assert bare.run("schema", name).expect(0).out == schema_text(file)
        assert name in out
    assert set(NAMES.values()) == {path.name for path in (ROOT / "schemas").glob("*.json")}
    bare.run("schema", "nonsense").expect(64)


# -- fmt

MESSY = "# ours\n\naccount: acme\n# the format\nversion: 1\notherwise: clean\nretain: [a]\n"
NEAT = "# ours\n\n# the format\nversion: 1\naccount: acme\notherwise: clean\nretain: [a]\n"


def test_fmt_puts_the_file_in_order_and_check_only_says_so(bare: Workplace) -> None:
    path = write(bare, MESSY)
    path.chmod(0o640)
    ended = bare.run("fmt", "--check").expect(1)
    assert "retention.yaml" in ended.out
    assert path.read_text() == MESSY
    bare.run("fmt").expect(0)
    assert path.read_text() == NEAT
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert bare.run("fmt", "--check").expect(0).out == ""
    bare.run("fmt").expect(0)
    assert path.read_text() == NEAT
    assert bare.files(".") == {"retention.yaml"}


def test_fmt_writes_behind_a_link(bare: Workplace) -> None:
    path = write(bare, MESSY)
    path.rename(bare.folder / "real.yaml")
    path.symlink_to("real.yaml")
    bare.run("fmt").expect(0)
    assert path.is_symlink()
    assert (bare.folder / "real.yaml").read_text() == NEAT


def test_fmt_refuses_a_file_with_errors_and_leaves_it(bare: Workplace) -> None:
    path = write(bare, MESSY + "nonsense: 1\n")
    ended = bare.run("fmt").expect(10)
    assert "retention.yaml:8:1: nonsense is not a key here" in ended.err
    assert path.read_text() == MESSY + "nonsense: 1\n"


def test_fmt_that_cannot_write_says_so_and_changes_nothing(bare: Workplace) -> None:
    path = write(bare, MESSY)
    (bare.folder / ".retention.yaml.unfinished").mkdir()  # stands where the new text would be written
    assert "retention.yaml cannot be written" in bare.run("fmt").expect(64).err
    assert path.read_text() == MESSY


# -- lint in plan


def test_plan_shows_warnings_saves_them_and_under_strict_ends_with_4(
    workplace: Workplace, emulator: EmulatorProcess
) -> None:
    emulator.put_job(job_id(1), bodies.image())
    write(workplace, HEAD + f"retain:\n  - {job_id(1)}\n  - {{name: none, match: {{type: video}}, keep_last: 2}}\n")
    ended = workplace.run("plan", "--out", "plan.json").expect(0)
    assert "w retention.yaml:6:25: rule none matches no job of the list now [rule-matches-nothing]" in ended.out
    assert [each["code"] for each in workplace.saved_plan()["warnings"]] == ["rule-matches-nothing"]
    assert "[rule-matches-nothing]" in workplace.run("show", "plan.json").expect(0).out
    workplace.run("plan", "--strict").expect(4)


def test_an_error_of_lint_stops_plan_before_the_service_is_asked(
    workplace: Workplace, emulator: EmulatorProcess
) -> None:
    write(workplace, UNUSED)
    ended = workplace.run("plan").expect(10)
    assert "no rule uses the label one" in ended.err
    assert emulator.requests() == []


def test_the_ledger_is_where_the_file_says(workplace: Workplace, emulator: EmulatorProcess) -> None:
    emulator.put_job(job_id(1), bodies.image())
    write(workplace, HEAD.replace("account: acme\n", "account: acme\nstate: memory/ours.db\n") + "retain: [a]\n")
    workplace.run("refresh").expect(0)
    assert (workplace.folder / "memory" / "ours.db").is_file()
    assert not (workplace.folder / "state").exists()
    workplace.run("audit", "verify").expect(0)
