"""The bugs that `make planted` plants still have their place in the code, and the tests that see them are there."""

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUGS = tomllib.loads((ROOT / "tests" / "planted.toml").read_text(encoding="utf-8"))["bug"]


@pytest.mark.parametrize("bug", BUGS, ids=[bug["what"] for bug in BUGS])
def test_a_bug_has_its_line_and_its_test(bug: dict[str, str]) -> None:
    assert set(bug) == {"what", "file", "line", "becomes", "test"}
    assert (ROOT / bug["file"]).read_text(encoding="utf-8").count(bug["line"]) == 1, "run `make planted` and look again"
    file, _, name = bug["test"].partition("::")
    assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8") or not name
