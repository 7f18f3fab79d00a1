"""The mutants that are known to live are still those of the code as it stands."""

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MUTANTS = tomllib.loads((ROOT / "tests" / "mutants.toml").read_text(encoding="utf-8"))["mutant"]


@pytest.mark.parametrize("mutant", MUTANTS, ids=[f"{each['file']}: {each['change']}" for each in MUTANTS])
def test_a_mutant_that_lives_on_has_its_line_and_a_reason(mutant: dict[str, str]) -> None:
    lines = [line.strip() for line in (ROOT / mutant["file"]).read_text(encoding="utf-8").splitlines()]
    assert mutant["line"] in lines, "the line has changed: run `make mutants` and look again"
    assert len(mutant["why"]) > 10
