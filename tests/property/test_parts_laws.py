"""Reading one level deep agrees with reading everything, and refuses what the standard library refuses."""

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.pictory.parts import REPEATED, compact, fields, items

KEYS = st.one_of(st.sampled_from(["a", "b", "data", "ü", '"', "\\", "\n", "\x7f", "\u2028", "\x00", "😀"]), st.text())
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
    st.sampled_from(["half \ud83d", "a  b", ': "', "\\u0041"]),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=20,
)


@st.composite
def spelled(draw: st.DrawFn) -> bytes:
    """A JSON text in one of the spellings a service may use."""
    indent = draw(st.sampled_from([None, 0, 1, "\t"]))
    separators = draw(st.sampled_from([None, (",", ":"), (" , ", " : ")]))
    text = json.dumps(draw(VALUES), indent=indent, separators=separators, ensure_ascii=draw(st.booleans()))
    return text.encode("utf-8", "replace")


@given(spelled())
def test_compacting_changes_nothing_but_spaces(raw: bytes) -> None:
    compacted = compact(raw)
    assert json.loads(compacted.content) == json.loads(raw)
    assert compact(compacted.content) == compacted
    assert len(compacted.content) <= len(raw)


@given(spelled())
@example(b'{"a":1,"\\u0061":2}')
def test_one_level_agrees_with_the_whole(raw: bytes) -> None:
    whole, read = compact(raw), json.loads(raw)
    if isinstance(read, dict):
        assert {name: value for name, value in fields(whole).items() if name != REPEATED} == {
            name: value for name, value in read.items() if name != REPEATED
        }
    if isinstance(read, list):
        assert [json.loads(item.content) for item in items(whole)] == read


@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=4), st.data())
def test_no_key_stands_twice_unseen(body: dict[str, Any], data: st.DataObject) -> None:
    """I4: whichever key is said again, with whatever value and in whatever spelling."""
    name = data.draw(st.sampled_from(sorted(body)))
    key = data.draw(st.sampled_from([json.dumps(name), json.dumps(name, ensure_ascii=False)]))
    again = json.dumps(data.draw(VALUES))
    raw = (json.dumps(body)[:-1] + f", {key}: {again}}}").encode("utf-8", "replace")
    told = fields(compact(raw)).get(REPEATED)
    if key.encode("utf-8", "replace") == key.encode("utf-8", "surrogatepass"):
        assert told == [name]


BROKEN = st.one_of(
    st.binary(max_size=60),
    st.tuples(spelled(), st.integers(0, 400), st.binary(max_size=3)).map(lambda t: t[0][: t[1]] + t[2] + t[0][t[1] :]),
    st.tuples(spelled(), st.integers(0, 400)).map(lambda t: t[0][: t[1]]),
)


@given(BROKEN)
@example(b'{"a":01}')
@example(b'{"a":"\t"}')
@example(b'["\\ud83d",01]')
def test_what_the_standard_library_refuses_is_refused_and_nothing_else(raw: bytes) -> None:
    assert is_read(raw) == is_json(raw)


def is_read(raw: bytes) -> bool:
    try:
        compact(raw)
    except ValueError:
        return False
    return True


def is_json(raw: bytes) -> bool:
    def refuse(name: str) -> object:
        raise ValueError(name)

    try:
        json.loads(raw.decode("utf-8"), parse_constant=refuse)
    except ValueError:
        return False
    return True
