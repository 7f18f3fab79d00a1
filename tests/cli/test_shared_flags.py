"""The flags that several verbs share are named in one place, and each has its environment variable."""

import ast
import re
from dataclasses import fields
from pathlib import Path

import click
import pytest

from reconciler.cli import options
from reconciler.cli.main import cli
from reconciler.wiring import Settings

ROOT = Path(__file__).parents[2]
VERBS = [path for path in (ROOT / "reconciler" / "cli").glob("*.py") if path.name != "options.py"]
SHARED = {field.name for field in fields(Settings)}


def flags_of(verb: str) -> list[click.Option]:
    return [each for each in cli.commands[verb].params if isinstance(each, click.Option)]


def test_no_verb_names_a_shared_flag() -> None:
    for path in VERBS:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.decorator_list:
                arguments = {each.arg for each in (*node.args.args, *node.args.kwonlyargs)}
                assert not arguments & SHARED, f"{path.name}: {node.name} takes {sorted(arguments & SHARED)}"


@pytest.mark.parametrize("verb", ["plan", "apply", "refresh", "verify", "validate"])
def test_each_shared_flag_has_the_environment_variable_of_its_name(verb: str) -> None:
    shared = [flag for flag in flags_of(verb) if flag.envvar]
    assert shared
    for flag in shared:
        longest = max(flag.opts, key=len)
        of_secret = "_FILE" if longest.endswith("-key") else ""
        assert flag.envvar == "RECONCILER_" + longest.removeprefix("--").replace("-", "_").upper() + of_secret


def settings_of(*arguments: str, environ: dict[str, str] | None = None) -> Settings:
    given: list[Settings] = []

    @click.command()
    @options.service
    @click.option("--own", is_flag=True)
    def verb(*, settings: Settings, own: bool) -> None:
        assert own
        given.append(settings)

    with pytest.MonkeyPatch.context() as patch:
        for name, text in (environ or {}).items():
            patch.setenv(name, text)
        verb.main(args=["--own", *arguments], standalone_mode=False)
    return given[0]


def test_a_verb_gets_what_the_flags_say_as_one_value() -> None:
    asked = settings_of("-f", "a.yaml", "--state", "ledger.db", "--tpslimit", "9", "--patience", "7")
    assert (asked.file, asked.state) == (Path("a.yaml"), "ledger.db")
    assert (asked.calls_per_second, asked.patience_s) == (9.0, 7.0)
    asked = settings_of("--max-pages", "11", "--max-listed-jobs", "12")
    assert (asked.most_pages, asked.most_listed_jobs) == (11, 12)


def test_what_no_flag_says_is_what_the_settings_say_by_themselves() -> None:
    assert settings_of() == Settings(file=Path("retention.yaml"))


def test_a_flag_comes_before_its_environment_variable() -> None:
    environ = {"RECONCILER_TPSLIMIT": "3", "RECONCILER_PATIENCE": "4"}
    asked = settings_of("--patience", "5", environ=environ)
    assert (asked.calls_per_second, asked.patience_s) == (3.0, 5.0)


def test_the_readme_prints_the_flags_of_the_service_as_they_are() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(?:-v`, `)?(--[a-z-]+)` \| `(\w+)` \| (\w+) \|", readme, flags=re.MULTILINE)
    flags = {max(each.opts, key=len): each for verb in ("plan", "archive") for each in flags_of(verb) if each.envvar}
    assert {row[0] for row in rows} == set(flags) - {
        "--file",
        "--state",
        "--no-color",
        "--strict",
        "--fail-on-drift",
        "--signing-key",
    }
    for name, variable, default in rows:
        flag = flags[name]
        told = "off" if flag.is_flag else f"{flag.default:g}" if isinstance(flag.default, float) else str(flag.default)
        assert (flag.envvar, told) == (variable, default)
