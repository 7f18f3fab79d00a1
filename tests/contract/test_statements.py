"""The table of what the service is taken to do is complete: each statement has its test, each test its statement."""

import ast
import re
from dataclasses import fields
from pathlib import Path

from reconciler.emulator.switches import Switches

ROOT = Path(__file__).parents[2]
TABLE = (ROOT / "docs" / "service.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (?P<letter>[A-Z])(?P<number>\d+) \| (?P<text>.+?) \| (?P<known>.+?) \| (?P<held>.+?) \|$", re.M)
TEST = re.compile(r"`(?P<file>[\w/]+\.py)::(?P<name>\w+)(\[(?P<case>\w+)\])?`")

STATEMENTS = {"J": 17, "M": 9, "O": 5, "S": 17, "F": 12, "T": 7, "E": 12, "R": 11, "A": 7}
"""How many there are of each kind: one that is lost is missed."""


def names_of_tests(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def test_no_statement_is_lost_and_none_stands_twice() -> None:
    rows = [(row["letter"], int(row["number"])) for row in ROW.finditer(TABLE)]
    assert rows == [(letter, number + 1) for letter, count in STATEMENTS.items() for number in range(count)]
    texts = [row["text"] for row in ROW.finditer(TABLE)]
    assert len(texts) == len(set(texts))


def test_each_statement_names_a_test_that_exists_or_says_why_there_is_none() -> None:
    switches = {switch.name for switch in fields(Switches)}
    for row in ROW.finditer(TABLE):
        assert row["known"] in {"documented", "seen in code", "inferred"}, row[0]
        named = list(TEST.finditer(row["held"]))
        assert named or row["held"].startswith("— "), row[0]
        for test in named:
            assert test["name"] in names_of_tests(ROOT / "tests" / test["file"]), row[0]
            assert test["case"] is None or test["case"] in switches, row[0]


def test_each_test_of_the_contract_holds_a_statement() -> None:
    named = {(test["file"], test["name"]) for test in TEST.finditer(TABLE)}
    files = [
        *(ROOT / "tests" / "contract").glob("test_service_*.py"),
        Path(__file__).with_name("test_programs_of_others.py"),
    ]
    assert len(files) == 4
    for file in files:
        there = {(file.relative_to(ROOT / "tests").as_posix(), name) for name in names_of_tests(file)}
        assert there <= named, there - named
