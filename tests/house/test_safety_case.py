"""The safety case stays true: every invariant has its claim, an argument and tests that are there and name it."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TABLE = re.compile(r"^\| (I\d+) \| ([^|]*) \|", flags=re.MULTILINE)
SECTION = re.compile(r"^## (I\d+): (.*)$", flags=re.MULTILINE)
TEST = re.compile(r"^- `(tests/\S+\.py)::(\w+)`$", flags=re.MULTILINE)
FEWEST_TESTS = 3
FEWEST_WORDS = 20


def sections() -> dict[str, tuple[str, str]]:
    """Give each invariant's claim and what stands below it."""
    _, *parts = SECTION.split((ROOT / "docs/safety.md").read_text(encoding="utf-8"))
    return {name: (claim, below) for name, claim, below in zip(parts[::3], parts[1::3], parts[2::3], strict=True)}


def claims() -> dict[str, str]:
    return dict(TABLE.findall((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")))


def names_in(path: Path) -> set[str]:
    """Give the functions and classes of a module, and what it assigns at its top: a state machine's test."""
    module = ast.parse(path.read_text(encoding="utf-8"))
    assigned = {
        target.id
        for node in module.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    defined = {node.name for node in ast.walk(module) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    return assigned | defined


def test_each_invariant_is_argued_in_the_order_of_the_architecture() -> None:
    assert list(sections()) == list(claims())


@pytest.mark.parametrize("invariant", list(claims()))
def test_an_invariant_has_its_claim_an_argument_and_tests_that_are_there_and_name_it(invariant: str) -> None:
    claim, below = sections()[invariant]
    assert claims()[invariant].startswith(claim)
    argument, *_ = TEST.split(below, maxsplit=1)
    assert len(argument.split()) >= FEWEST_WORDS, "an argument, not a word"
    tests = TEST.findall(below)
    assert len(tests) == below.count("\n- "), "each line of the list names one test"
    assert len(set(tests)) >= FEWEST_TESTS
    for file, name in tests:
        path = ROOT / file
        assert path.is_file(), f"{file} is not there"
        assert name in names_in(path), f"{file} has no {name}"
        assert re.search(rf"\b{invariant}\b", path.read_text(encoding="utf-8")), f"{file} does not name {invariant}"
