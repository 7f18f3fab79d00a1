"""Whatever stands in the file: read, or refused with places; never a traceback."""

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.core.job import JobId
from reconciler.core.selectors import IdIn
from reconciler.desired.reader import parse_desired
from reconciler.errors import DesiredStateInvalid

GOOD = b"""\
version: 1
account: acme
otherwise: clean
scope: {types: [render]}
retain:
  - an-id
  - {name: x, ids: [a, b], owner: o, reason: r}
  - match: {type: [image, video], status: failed}
archive: {stores: ["file:./archive"]}
clean: {min_age: 7d, max_jobs: 5, max_share: 10%}
"""
DOCUMENT: dict[str, Any] = {
    "version": 1,
    "account": "acme",
    "otherwise": "clean",
    "scope": {"types": ["render"]},
    "retain": [
        "an-id",
        {"name": "x", "ids": ["a", "b"], "owner": "o", "reason": "r"},
        {"match": {"type": ["image", "video"], "status": "failed"}},
    ],
    "archive": {"stores": ["file:./archive"]},
    "clean": {"min_age": "7d", "max_jobs": 5, "max_share": "10%"},
}
PLACED = re.compile(r"^r\.yaml:[1-9]\d*:[1-9]\d*: .")
MARKS = "&a |*a|<<: |!!x |? |- |{|}|[|]|: |\t|\r|>\n|'|\"|\x00|\ufeff|---\n|...\n|%YAML 1.1\n|\u202e|1e999|0x|~"
WORDS = st.sampled_from([*(mark.encode() for mark in MARKS.split("|")), b"|\n", b"\xff"])


def check(content: bytes) -> None:
    try:
        parse_desired(content, "r.yaml")
    except DesiredStateInvalid as refused:
        lines = refused.problems
    else:
        return
    assert lines
    for line in lines:
        assert PLACED.match(line), line
        assert line.isprintable(), line


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_with_places(content: bytes) -> None:
    check(content)


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused_with_places(text: str) -> None:
    check(text.encode("utf-8", "surrogatepass"))


@given(st.lists(st.tuples(st.integers(0, len(GOOD)), WORDS), min_size=1, max_size=4))
def test_a_good_file_with_words_put_in_is_read_or_refused_with_places(edits: list[tuple[int, bytes]]) -> None:
    content = GOOD
    for at, word in edits:
        content = content[:at] + word + content[at:]
    check(content)


@given(st.integers(0, len(GOOD)), st.integers(0, 40))
def test_a_good_file_with_a_piece_cut_out_is_read_or_refused_with_places(at: int, length: int) -> None:
    check(GOOD[:at] + GOOD[at + length :])


# -- a good document with one value, one key or one item changed, written as YAML or as JSON

STRANGE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 10**20),
    st.floats(),
    st.text(max_size=6),
    st.sampled_from(
        ["1d\n", "0\n", "10%\n", "acme\n", "file:\n", "a\x00", "\x1b[31m", "\u202e", "\u2028", "7", "1e5", "a" * 201]
    ),
    st.lists(st.sampled_from([1, "a", "A", None]), max_size=3),
    st.dictionaries(
        st.sampled_from(["ids", "match", "name", "type", "zzz", "", "<<", "keep_last"]), st.none(), max_size=3
    ),
)


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    for name, inner in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from places(inner, (*at, name))


def changed(value: Any, at: tuple[Any, ...], new: Any) -> Any:
    if not at:
        return new
    copied = dict(value) if isinstance(value, dict) else list(value)
    copied[at[0]] = changed(value[at[0]], at[1:], new)
    return copied


@st.composite
def documents(draw: st.DrawFn) -> Any:
    document: Any = DOCUMENT
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.sampled_from(list(places(document))))
        if draw(st.booleans()) and isinstance(document, dict):
            at = (draw(st.sampled_from(["clean", "archive", "scope", "retain", "zzz", "", "\x1b"])),)
            document = {**document, at[0]: draw(STRANGE)}
        else:
            document = changed(document, at, draw(STRANGE))
    return document


@given(documents(), st.booleans(), st.booleans())
@example({**DOCUMENT, "clean": {"min_age": "1d\n"}}, True, True)
def test_a_changed_document_is_read_or_refused_with_places(document: Any, as_json: bool, flow: bool) -> None:
    if as_json:
        check(json.dumps(document).encode())
    else:
        text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False, default_flow_style=flow)
        check(text.encode("utf-8", "surrogatepass"))


@given(st.permutations(list(DOCUMENT)), st.permutations(list(DOCUMENT["clean"])), st.booleans(), st.integers(2, 9))
def test_layout_is_not_in_the_name_of_a_file(top: list[str], inner: list[str], flow: bool, indent: int) -> None:
    turned = {name: DOCUMENT[name] for name in top}
    turned["clean"] = {name: DOCUMENT["clean"][name] for name in inner}
    text = yaml.safe_dump(turned, sort_keys=False, default_flow_style=flow, indent=indent)
    written = parse_desired(text.encode(), "other.yaml")
    assert written == parse_desired(GOOD, "r.yaml")
    assert parse_desired(json.dumps(turned, indent=indent).encode(), "r.yaml") == written


@given(st.text(min_size=1, max_size=30))
def test_an_id_that_is_taken_is_taken_as_it_is_written(text: str) -> None:
    document = {**DOCUMENT, "retain": [{"ids": [text]}]}
    try:
        state = parse_desired(json.dumps(document).encode(), "r.yaml")
    except DesiredStateInvalid:
        return
    assert state.retain[0].selector == IdIn(frozenset({JobId(text)}))
