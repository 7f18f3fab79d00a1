"""The mutants that are known to live are still those of the code as it stands."""

import tomllib
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MUTANTS = tomllib.loads((ROOT / "tests" / "mutants.toml").read_text(encoding="utf-8"))["mutant"]


@pytest.mark.parametrize("mutant", MUTANTS, ids=[f"{each['file']}: {each['becomes']}" for each in MUTANTS])
def test_a_mutant_that_lives_on_has_its_lines_and_a_reason(mutant: dict[str, str]) -> None:
    assert set(mutant) == {"file", "line", "becomes", "why"}
    lines = "\n".join(line.strip() for line in (ROOT / mutant["file"]).read_text(encoding="utf-8").splitlines())
    assert f"\n{mutant['line']}\n" in f"\n{lines}\n", "the line has changed: run `make mutants` and look again"
    assert mutant["becomes"] != mutant["line"]
    assert len(mutant["why"]) > 10


def test_each_mutant_is_named_once() -> None:
    named = Counter((each["file"], each["line"], each["becomes"]) for each in MUTANTS)
    assert [mutant for mutant, count in named.items() if count > 1] == []
