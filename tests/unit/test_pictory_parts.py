"""JSON read one level deep: what stands twice, what is spelled oddly, what is kept as it came."""

import json

import pytest

from reconciler.pictory.parts import REPEATED, Part, compact, fields, items

HALF = b'{"a": "half \\ud83d", "b": [1, {"c": "x y"}], "a2": {}}'
"""Half a character, escaped: the fast reader refuses it, JSON allows it."""


@pytest.mark.parametrize(
    ("raw", "compacted"),
    [
        (b' { "a" : [ 1 , 2 ] }\n', b'{"a":[1,2]}'),
        (b'{"a": "x y \\" z"}', b'{"a":"x y \\" z"}'),
        (b'{"\\u0061": 1.0, "b": 1e2}', b'{"\\u0061":1.0,"b":1e2}'),
        ('{"a": "Grüße  \\u00fc"}'.encode(), '{"a":"Grüße  \\u00fc"}'.encode()),
        (HALF, b'{"a":"half \\ud83d","b":[1,{"c":"x y"}],"a2":{}}'),
        (b"7", b"7"),
    ],
)
def test_compacting_takes_out_the_spaces_and_changes_no_token(raw: bytes, compacted: bytes) -> None:
    assert compact(raw) == Part(compacted)


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"{} {}", b'{"a": NaN}', b'{"a": "\\ud83d", "b": NaN}', b'{"a": 1,}', b"\xff{}", b'{"a": "\xff"}'],
    ids=repr,
)
def test_what_is_no_json_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        compact(raw)


@pytest.mark.parametrize("nested", [b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 50_000], ids=len)
def test_what_nests_without_end_is_refused(nested: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        compact(nested)


def test_an_object_is_taken_apart_one_level_where_it_is_to_be_kept() -> None:
    whole = compact(b'{"kept": {"x": [1, 2]}, "taken": {"x": [1, 2]}, "text": "t", "none": null, "kept2": []}')
    assert fields(whole, kept={"kept", "kept2", "text", "none"}) == {
        "kept": Part(b'{"x":[1,2]}'),
        "taken": {"x": [1, 2]},
        "text": "t",
        "none": None,
        "kept2": Part(b"[]"),
    }
    assert fields(whole, only={"text"}) == {"text": "t"}


@pytest.mark.parametrize("whole", [b"[]", b'"a"', b"7", b"null", b""], ids=repr)
def test_what_is_no_object_has_no_fields_and_what_is_no_array_no_items(whole: bytes) -> None:
    assert fields(Part(whole)) == {}
    assert items(Part(b"{}" if whole == b"[]" else whole)) == ()


@pytest.mark.parametrize(
    ("raw", "repeated"),
    [
        (b'{"a": 1, "a": 2}', ["a"]),
        (b'{"a": 1, "\\u0061": 2}', ["a"]),
        (b'{"b": 0, "a": 1, "c": [1], "a": 1, "c": [1]}', ["a", "c"]),
        (b'{"a": 1, "a": "\\ud83d"}', ["a"]),
        (b'{"\\u0000repeated": 1, "\\u0000repeated": 2}', ["\x00repeated"]),
    ],
    ids=repr,
)
def test_a_key_that_stands_twice_is_told_and_its_last_value_counts(raw: bytes, repeated: list[str]) -> None:  # I4
    read = fields(compact(raw))
    assert read.pop(REPEATED) == repeated
    expected = json.loads(raw)
    expected.pop(REPEATED, None)
    assert read == expected


def test_a_body_cannot_hide_what_it_says_twice_behind_the_mark_itself() -> None:  # I4
    read = fields(compact(b'{"status": 1, "\\u0000repeated": [], "status": 2}'))
    assert read[REPEATED] == ["status"]


@pytest.mark.parametrize("raw", [b'{"a": {"b": 1, "c": 1}}', b'{"\\u0061": 1}', b"{}", b'{"a": [{"b": 1}, {"b": 1}]}'])
def test_what_stands_once_leaves_no_mark(raw: bytes) -> None:
    assert fields(compact(raw)) == json.loads(raw)


def test_one_item_that_the_fast_reader_refuses_does_not_take_the_others_with_it() -> None:
    page = compact(b'{"items": [{"a": "x y"}, ' + HALF + b', 7], "nextPageKey": null}')
    listed = fields(page, kept={"items"})["items"]
    assert isinstance(listed, Part)
    first, half, number = items(listed)
    assert (fields(first), number) == ({"a": "x y"}, Part(b"7"))
    assert fields(half, kept={"b"}) == {"a": "half \ud83d", "b": Part(b'[1,{"c":"x y"}]'), "a2": {}}


def test_a_number_that_cannot_be_made_stays_as_it_is_spelled() -> None:
    digits = b"9" * 5000
    assert fields(compact(b'{"a": ' + digits + b', "b": 1}')) == {"a": Part(digits), "b": 1}
