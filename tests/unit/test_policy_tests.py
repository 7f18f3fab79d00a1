"""Tests of a desired-state file: what a case means, what is told when it fails, and what a broken file is told."""

import json
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from reconciler.core.job import KNOWN_TYPES, JobId
from reconciler.core.verdicts import HoldCode
from reconciler.desired.policy_cases import parse_policy_tests, read_policy_tests
from reconciler.engine.policy_tests import CaseResult, PolicySuite, run_suites
from reconciler.errors import DesiredStateInvalid
from reconciler.published_schemas import schema
from reconciler.report.policy_tests_text import junit_xml, results_text, summary_line
from reconciler.report.style import Style
from tests.conftest import GOLDEN

Golden = Callable[[str, str], None]
EXAMPLES = GOLDEN.parents[1] / "examples"
SCHEMA = schema("policy-tests.v1.json")

POLICY = """\
version: 1
policy:
  version: 1
  account: acme
  otherwise: clean
  scope: {types: [render, preview]}
  retain:
    - kept
    - {name: failures, match: {status: failed}}
  clean: {min_age: 7d}
cases:
"""


def suite(*cases: str) -> PolicySuite:
    lines = "".join(f"  - {case}\n" for case in cases)
    return parse_policy_tests((POLICY + lines).encode(), "t.yaml", Path())


def ended(jobs: str, expect: str, at: str = "2027-02-08", more: str = "") -> CaseResult:
    (result,) = run_suites([suite(f"{{name: n, at: {at}, jobs: [{jobs}], expect: {{{expect}}}{more}}}")])
    return result


def problems(text: str) -> list[str]:
    with pytest.raises(DesiredStateInvalid) as refused:
        parse_policy_tests(text.encode(), "t.yaml", EXAMPLES)
    return list(refused.value.problems)


# -- what a case means

MEANT: dict[str, tuple[str, str]] = {
    "made by a record of one's own": ("{id: a, type: render, made: 2027-02-01}", "a: release"),
    "a second too young": ("{id: a, type: render, made: '2027-02-01T00:00:01Z'}", "a: hold"),
    "first seen": ("{id: a, type: render, first_seen: 2027-02-01}", "a: release"),
    "new to the ledger": ("{id: a, type: render}", "a: {verdict: hold, because: [too_young]}"),
    "an evidence that is not trusted": ("{id: a, type: render, shared_at: 2027-01-01}", "a: hold"),
    "another that is not": ("{id: a, type: render, created_date: 2027-01-01}", "a: hold"),
    "no type": ("{id: a, made: 2027-01-01}", "a: {verdict: hold, because: [type_unknown]}"),
    "a type of before": (
        "{id: a, status: failed, first_seen: 2027-01-01, seen_as: image}",
        "a: out_of_scope",
    ),
    "failed": ("{id: a, type: render, status: failed}", "a: {verdict: retain, by: [failures]}"),
    "by id": ("{id: kept}", "kept: {verdict: retain, by: [kept]}"),
    "an id that reads as a number": ("{id: 1e5, type: render, made: 2027-01-01}", "1e5: release"),
    "cleaned": ("{id: a, type: render, status: cleaned}", "a: gone"),
    "a status that is none": (
        "{id: a, type: render, status: unknown}",
        "a: {verdict: hold, because: [status_unknown]}",
    ),
    "nothing to archive": (
        "{id: a, type: render, made: 2027-01-01, lacks_assets: true}",
        "a: {verdict: hold, because: [asset_missing]}",
    ),
    "contradictory": (
        "{id: a, type: render, made: 2027-01-01, contradiction: odd}",
        "a: {verdict: hold, because: [contradictory]}",
    ),
    "protected": (
        "{id: a, type: render, first_seen: 2027-01-01, protected_by: [gone rule]}",
        "a: {verdict: hold, because: [protected]}",
    ),
    "a relative that the list lacks": (
        "{id: a, type: render, project: p, first_seen: 2027-01-01}, "
        "{id: b, type: preview, project: p, first_seen: 2027-01-01, listed: missing}",
        "a: {verdict: hold, because: [related]}",
    ),
    "a relative that left": (
        "{id: a, type: render, project: p, first_seen: 2027-01-01}, "
        "{id: b, type: preview, project: p, first_seen: 2027-01-01, listed: left}",
        "a: release",
    ),
}


@pytest.mark.parametrize(("jobs", "expect"), MEANT.values(), ids=MEANT.keys())
def test_a_job_is_what_is_written_of_it(jobs: str, expect: str) -> None:
    result = ended(jobs, expect)
    assert result.passed, results_text([result], style=Style())


def test_jobs_stand_newest_first_and_the_ledger_remembers_that_order() -> None:
    (case,) = suite(
        "{name: n, at: 2027-02-08, jobs: [{id: b, first_seen: 2027-01-01, size: 7}, {id: a, first_seen: 2027-01-01}], "
        "expect: {a: hold}}"
    ).cases
    assert [job.id for job in case.inventory.jobs] == ["b", "a"]
    assert [case.memory.jobs[JobId(each)].sequence for each in "ab"] == [1, 2]
    assert case.inventory.sizes == {"b": 7}


def test_the_last_observation_bounds_a_new_job() -> None:
    (case,) = suite("{name: n, at: 2027-02-08, last_observed: 2027-02-07, jobs: [{id: a}], expect: {a: hold}}").cases
    assert case.memory.last_observed == case.at.replace(day=7)


# -- expectations

UNMET = {
    "another verdict": ("a: retain", "a: expected retain; got release"),
    "another reason": (
        "new: {verdict: hold, because: [too_young, related]}",
        "new: expected hold because too_young, related; got hold",
    ),
    "another rule": ("kept: {verdict: retain, by: [failures]}", "kept: expected retain by failures; got retain"),
}
THREE = "{id: new, type: render}, {id: kept}, {id: a, type: render, made: 2027-01-01}"


@pytest.mark.parametrize(("expect", "told"), UNMET.values(), ids=UNMET.keys())
def test_what_is_not_met_is_told_with_the_reasons_of_what_came(expect: str, told: str) -> None:
    result = ended(THREE, expect)
    assert not result.passed
    lines = results_text([result], style=Style()).splitlines()
    assert lines[:2] == ["FAIL  t.yaml: n", f"      {told}"]
    assert lines[2].startswith("        ")
    assert lines[-2:] == ["      at t.yaml:12:5", "0 passed, 1 failed"]


def test_other_reasons_and_rules_may_be_there_too() -> None:
    result = ended("{id: kept, type: render, status: failed}, {id: a}", "kept: {verdict: retain, by: [kept]}, a: hold")
    assert result.passed


def three() -> tuple[CaseResult, ...]:
    return tuple(
        ended(THREE, expect)
        for expect in ("a: release", "a: retain, kept: release", "new: {verdict: retain, by: [kept]}")
    )


def test_results_look_as_they_were_judged_right(golden: Golden) -> None:
    golden("policy-tests.txt", results_text(three(), style=Style()))
    golden("policy-tests.xml", junit_xml(three()))


def parsed(text: str) -> ElementTree.Element:
    builder = ElementTree.TreeBuilder()
    reader = expat.ParserCreate()
    reader.StartElementHandler = builder.start
    reader.EndElementHandler = builder.end
    reader.CharacterDataHandler = builder.data
    reader.Parse(text.encode("utf-8"), True)
    return builder.close()


def test_junit_counts_and_names_what_failed() -> None:
    root = parsed(junit_xml(three()))
    assert (root.get("tests"), root.get("failures")) == ("3", "2")
    assert [len(case) for case in root.iter("testcase")] == [0, 1, 1]
    assert summary_line(three()) == "1 passed, 2 failed"


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from('\x1b\x00\n\r\u202e\ud83d\ufffe<&"]]>'))))
def test_no_text_of_a_file_breaks_the_output(text: str) -> None:  # I12
    (failed,) = three()[1:2]
    odd = replace(failed, suite=text, case=replace(failed.case, name=text, place=text))
    shown = results_text([odd], style=Style())
    assert len(shown.splitlines()) == len(results_text([failed], style=Style()).splitlines())
    hidden = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert {unicodedata.category(each) for each in shown.replace("\n", "")}.isdisjoint(hidden)
    assert parsed(junit_xml([odd])).get("failures") == "1"


# -- files

HEAD = "version: 1\npolicy: retention.yaml\ncases:\n"
GOOD = "  - {name: n, at: 2027-01-01, jobs: [{id: a}], expect: {a: hold}}\n"
BROKEN: dict[str, tuple[str, list[str]]] = {
    "nothing": ("", ["t.yaml:1:1: the file is empty"]),
    "a slip in a key": (
        HEAD + "  - {name: n, at: 2027-01-01, jobs: [{id: a, tpye: render}], expect: {a: hold}}\n",
        ["t.yaml:4:46: cases[0].jobs[0].tpye is not a key here; did you mean type?"],
    ),
    "a verdict that is none": (
        HEAD + "  - {name: n, at: 2027-01-01, jobs: [{id: a}], expect: {a: keep}}\n",
        ["cases[0].expect.a is keep; write retain or hold or release or out_of_scope or gone"],
    ),
    "a reason that is none": (
        HEAD + "  - {name: n, at: 2027-01-01, jobs: [{id: a}], expect: {a: {verdict: hold, because: [young]}}}\n",
        ["cases[0].expect.a.because[0] is young; write contradictory or type_unknown"],
    ),
    "no time": (
        HEAD + "  - {name: n, jobs: [{id: a}], expect: {a: hold}}\n",
        ["t.yaml:4:5: at is missing in cases[0]; write at: 2027-02-01"],
    ),
    "no such day, and no zone": (
        HEAD + "  - {name: n, at: 2027-02-30, jobs: [{id: a, made: '2027-01-01T10:00:00'}], expect: {a: hold}}\n",
        [
            "t.yaml:4:19: cases[0].at is 2027-02-30; there is no such day or time; write a date such as",
            "t.yaml:4:52: cases[0].jobs[0].made is 2027-01-01T10:00:00; write a date such as",
        ],
    ),
    "a job that is not there": (
        HEAD + "  - {name: n, at: 2027-01-01, jobs: [{id: a}], expect: {b: hold}}\n",
        ["t.yaml:4:57: cases[0].expect.b: no listed job of this case has that id"],
    ),
    "a rule that is not there": (
        HEAD + "  - {name: n, at: 2027-01-01, jobs: [{id: a}], expect: {a: {verdict: retain, by: [x]}}}\n",
        ["cases[0].expect.a.by[0] is x; the policy has no rule of that name"],
    ),
    "a reason of another verdict": (
        HEAD + "  - {name: n, at: 2027-01-01, jobs: [{id: a}], expect: {a: {verdict: gone, because: [grace]}}}\n",
        ["cases[0].expect.a.because goes with verdict: hold"],
    ),
    "a job twice": (
        HEAD + "  - {name: n, at: 2027-01-01, jobs: [{id: a}, {id: a}], expect: {a: hold}}\n",
        ["cases[0].jobs[1].id a stands in line 4 already"],
    ),
    "a name twice": (HEAD + GOOD + GOOD, ["t.yaml:5:12: cases[1].name n stands in line 4 already"]),
    "a memory of nobody": (
        HEAD + "  - {name: n, at: 2027-01-01, jobs: [{id: a, released_since: 2026-12-01}], expect: {a: hold}}\n",
        ["t.yaml:4:46: cases[0].jobs[0].released_since is a memory of the ledger; add first_seen"],
    ),
    "a missing one that nobody knows": (
        HEAD + "  - {name: n, at: 2027-01-01, jobs: [{id: a}, {id: b, listed: missing}], expect: {a: hold}}\n",
        ["cases[0].jobs[1] is known to the ledger alone; add first_seen"],
    ),
    "no policy there": (HEAD.replace("retention.yaml", "none.yaml") + GOOD, ["none.yaml: it cannot be read"]),
    "no path": (
        HEAD.replace("retention.yaml", '"a\\0"') + GOOD,
        ["t.yaml:2:9: policy is 'a\\x00'; write it in the form"],
    ),
    "a number as policy": (HEAD.replace("retention.yaml", "{}") + GOOD, ["t.yaml:2:9: account is missing"]),
    "words as a number": (
        HEAD + "  - {name: n, at: 2027-01-01, jobs: [{id: a, size: 1GB, lacks_assets: no}], expect: {a: hold}}\n",
        ["cases[0].jobs[0].size is 1GB; write a whole number", "lacks_assets is no; write true or false"],
    ),
}


@pytest.mark.parametrize(("text", "told"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_file_is_told_what_to_write_and_where(text: str, told: list[str]) -> None:
    found = problems(text)
    for expected in told:
        assert any(expected in line for line in found), found


def test_a_policy_written_inside_is_told_its_problems_where_they_stand() -> None:
    broken = POLICY.replace("otherwise: clean", "otherwise: burn").replace("min_age: 7d", "min_agee: 7d")
    lines = problems(broken + GOOD)
    assert lines[0].startswith("t.yaml:5:14: otherwise is burn; write report or archive or clean")
    assert lines[1].startswith("t.yaml:10:11: clean.min_agee is not")


def test_a_policy_may_stand_last_and_the_file_may_be_json() -> None:
    head, policy = POLICY.removesuffix("cases:\n").split("\n", 1)
    last = f"cases:\n{GOOD}{head}\n{policy}"
    assert parse_policy_tests(last.encode(), "t.yaml", Path()).desired.account == "acme"
    inside = {"version": 1, "account": "acme", "otherwise": "report", "retain": ["a"]}
    case = {"name": "n", "at": "2027-01-01", "jobs": [{"id": "a"}], "expect": {"a": "retain"}}
    as_json = json.dumps({"version": 1, "policy": inside, "cases": [case]})
    assert run_suites([parse_policy_tests(as_json.encode(), "t.json", Path())])[0].passed


def test_a_policy_that_lint_refuses_passes_no_test() -> None:
    odd = POLICY.replace("  retain:", "  labels: {typo: [a]}\n  retain:") + GOOD
    with pytest.raises(DesiredStateInvalid) as refused:
        run_suites([parse_policy_tests(odd.encode(), "t.yaml", EXAMPLES)])
    assert refused.value.problems[0].startswith("t.yaml:7:")


def test_the_example_passes_and_is_what_its_schema_says() -> None:
    results = run_suites([read_policy_tests(EXAMPLES / "retention-tests.yaml")])
    assert [result.passed for result in results] == [True] * 5


# -- the schema


def test_the_schema_is_one_and_knows_the_words_that_the_decision_knows() -> None:
    Draft7Validator.check_schema(SCHEMA)
    told = SCHEMA["definitions"]["expectation"]["then"]["properties"]
    assert set(told["because"]["items"]["enum"]) == {code.value for code in HoldCode}
    assert told["verdict"]["enum"] == SCHEMA["definitions"]["verdict"]["enum"]
    job = SCHEMA["definitions"]["job"]["properties"]
    assert set(job["type"]["enum"]) == {each.value for each in KNOWN_TYPES} == set(job["seen_as"]["enum"])


def test_every_key_has_words_for_an_editor_and_an_example() -> None:
    groups = [SCHEMA, SCHEMA["definitions"]["case"], SCHEMA["definitions"]["job"]]
    for group in [*groups, SCHEMA["definitions"]["expectation"]["then"]]:
        for name, key in group["properties"].items():
            assert len(key["description"]) > 10, name
            assert key["examples"], name
