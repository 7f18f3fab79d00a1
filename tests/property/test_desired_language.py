"""The language on any tree of its words: the quick answer is that of jsonschema, fmt changes nothing that counts."""

import json
import re
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from reconciler.core.lint import lint
from reconciler.desired.formatting import formatted
from reconciler.desired.quick_check import is_valid
from reconciler.desired.reader import check_desired, parse_desired
from reconciler.report.policy_text import policy_text
from tests.support.desired_trees import ANY_TREES, SCHEMA, documents, near_documents
from tests.support.values import NOON

PLACED = re.compile(r"^r\.yaml:[1-9]\d*:[1-9]\d*: .")
EXPLAINING = Draft7Validator(SCHEMA)


def dumped(document: Any, flow: bool | None, indent: int = 2) -> str:
    # Written apart first: what stands in two places would be written once, and repeated by name.
    apart = json.loads(json.dumps(document))
    return yaml.safe_dump(
        apart, allow_unicode=True, sort_keys=False, default_flow_style=flow, indent=indent, width=10_000
    )


# -- reading


@given(documents(), st.booleans())
def test_what_the_language_allows_is_read(document: dict[str, Any], flow: bool) -> None:
    state = parse_desired(dumped(document, flow).encode(), "r.yaml")
    assert len(state.retain) == len(document["retain"])
    assert state == parse_desired(json.dumps(document).encode(), "r.yaml")
    lint(state, NOON)
    assert policy_text(state).isprintable() or "\n" in policy_text(state)


@given(st.one_of(ANY_TREES, near_documents()), st.booleans())
def test_any_tree_is_read_or_refused_with_places(document: Any, flow: bool) -> None:
    checked = check_desired(dumped(document, flow).encode(), "r.yaml")
    assert (checked.state is None) == bool(checked.problems)
    for problem in checked.problems:
        assert PLACED.match(problem.line), problem
        assert problem.line.isprintable(), problem
    if checked.state:
        lint(checked.state, NOON)
        policy_text(checked.state)


# -- the quick answer


VALID = {"version": 1, "account": "a", "otherwise": "clean", "retain": ["a"]}


def agree(value: object) -> None:
    assert is_valid("desired-state.v1.json", value) == EXPLAINING.is_valid(value), value


@given(st.one_of(near_documents(), ANY_TREES))
@example({"version": True})
@example({"version": 1.0})
def test_the_quick_answer_is_that_of_jsonschema(value: object) -> None:
    agree(value)


@given(near_documents(), st.sampled_from(sorted(SCHEMA["definitions"])), ANY_TREES)
def test_so_it_is_for_each_part(document: Any, name: str, value: object) -> None:
    part = {**SCHEMA["definitions"][name], "definitions": SCHEMA["definitions"]}
    validator = Draft7Validator(part)
    rules = document.get("retain") if isinstance(document, dict) else None
    for each in (value, *(rules if isinstance(rules, list) else ())):
        assert is_valid("desired-state.v1.json", each, name) == validator.is_valid(each), each


@pytest.mark.parametrize("value", ["half \ud83d", float("inf"), float("nan")], ids=ascii)
def test_what_json_cannot_hold_is_not_valid(value: object) -> None:
    assert not is_valid(
        "desired-state.v1.json", {"version": 1, "account": value, "otherwise": "clean", "retain": ["a"]}
    )


# -- fmt


def commented(text: str) -> str:
    """Put a comment above every line that begins a key or an entry in block style, and one at its end."""
    lines: list[str] = []
    for number, line in enumerate(text.splitlines()):
        indent = len(line) - len(line.lstrip())
        if re.match(r"\s*(- )?[a-z_]+:( |$)", line) and "'" not in line and '"' not in line and "|" not in line:
            lines += [f"{' ' * indent}# above {number}", f"{line}  # behind {number}"]
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def comments(text: str) -> list[str]:
    return sorted(re.findall(r"# (?:above|behind) \d+", text))


@given(documents(), st.sampled_from([None, False, True]), st.integers(2, 5), st.booleans())
def test_fmt_keeps_the_meaning_and_the_comments_and_does_it_once(
    document: dict[str, Any], flow: bool | None, indent: int, with_comments: bool
) -> None:
    text = dumped(document, flow, indent)
    if with_comments and _reads_alike(commented(text), text):
        text = commented(text)
    once = formatted(text.encode(), "r.yaml")
    assert parse_desired(once.encode(), "r.yaml").digest == parse_desired(text.encode(), "r.yaml").digest
    assert comments(once) == comments(text)
    assert formatted(once.encode(), "r.yaml") == once
    if not flow:
        keys = re.findall(r"^[a-z]+(?=:)", once, flags=re.MULTILINE)
        assert keys == [key for key in SCHEMA["properties"] if key in document]


def _reads_alike(changed: str, text: str) -> bool:
    return check_desired(changed.encode(), "r").state == check_desired(text.encode(), "r").state


@given(documents(), st.randoms())
def test_the_order_of_keys_is_lost_in_fmt(document: dict[str, Any], random: Any) -> None:
    turned = shuffled(document, random)
    assert formatted(dumped(turned, False).encode(), "r.yaml") == formatted(dumped(document, False).encode(), "r.yaml")


def shuffled(value: Any, random: Any, *, inside_labels: bool = False) -> Any:
    if isinstance(value, list):
        return [shuffled(each, random) for each in value]
    if not isinstance(value, dict):
        return value
    entries = [(name, shuffled(each, random, inside_labels=name == "labels")) for name, each in value.items()]
    if not inside_labels:
        random.shuffle(entries)
    return dict(entries)
