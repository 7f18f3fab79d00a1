"""Whatever stands in the file: read, or refused with places; never a traceback."""

import re

from hypothesis import given
from hypothesis import strategies as st

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
