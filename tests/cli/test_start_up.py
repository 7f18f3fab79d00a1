"""A verb loads what it needs when it runs: `--help` is quick because of what it does not import."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.snapshots import EMPTY, written

HEAVY = ("rich", "requests", "urllib3", "sqlalchemy", "alembic", "aiohttp", "jsonschema", "yaml", "tenacity")

ASK = """
import contextlib, io, sys
from reconciler.cli.main import main
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    main({arguments!r})
print(*sorted(name for name in {heavy!r} if name in sys.modules))
"""


def loaded_by(*arguments: str) -> set[str]:
    program = ASK.format(arguments=list(arguments), heavy=HEAVY)
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    return set(ended.stdout.split())


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["plan", "--help"],
        ["status", "--help"],
        ["test", "--help"],
        ["explain", "--help"],
        ["forecast", "--help"],
        ["snapshot", "--help"],
        ["apply"],
        ["nonsense"],
    ],
)
def test_what_does_not_work_loads_nothing_heavy(arguments: list[str]) -> None:
    assert loaded_by(*arguments) == set()


def test_validate_loads_neither_the_client_nor_the_database() -> None:
    assert loaded_by("validate", "-f", "no-such-file.yaml") <= {"yaml", "jsonschema"}


def test_tests_of_a_file_load_neither_the_client_nor_the_database() -> None:
    example = Path(__file__).parents[2] / "examples" / "retention-tests.yaml"
    assert loaded_by("test", str(example)) == {"yaml"}


def test_validate_over_a_snapshot_loads_neither_the_client_nor_the_database(tmp_path: Path) -> None:
    (tmp_path / "retention.yaml").write_text("version: 1\naccount: acme\notherwise: clean\nretain: [a]\n")
    (tmp_path / "inventory.jsonl").write_bytes(written(EMPTY))
    arguments = ("validate", "-f", str(tmp_path / "retention.yaml"), "--inventory", str(tmp_path / "inventory.jsonl"))
    assert loaded_by(*arguments) == {"yaml"}
