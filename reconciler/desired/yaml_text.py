"""Bytes to the text of one YAML file: what reads otherwise than it looks is refused before anything is parsed.

YAML 1.2 breaks lines at line feeds and carriage returns alone; our parser, of YAML 1.1, also at three characters that
no editor and no review shows as a line end.  A key behind one of them looks like the rest of a comment.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

LARGEST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Line and column, both from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, where, and what to write instead."""

    place: Place
    text: str


class Unreadable(Exception):
    """The text cannot be read as one document of the subset; `problems` says why."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(problems[0].text)
        self.problems = problems


def text_of(content: bytes) -> str:
    """Give the text of a file.

    Raises:
        Unreadable: it is too large, not UTF-8, or holds what is not read as it looks.
    """
    if len(content) > LARGEST_BYTES:
        raise Unreadable(Problem(Place(1, 1), f"the file has more than {LARGEST_BYTES} bytes"))
    for encoding, begins in _OTHERS.items():
        if begins.match(content):
            raise Unreadable(Problem(Place(1, 1), f"the file is {encoding}; save it as UTF-8"))
    unmarked = content.removeprefix(b"\xef\xbb\xbf")
    try:
        text = unmarked.decode("utf-8")
    except UnicodeDecodeError as error:
        read = unmarked[: error.start].decode("utf-8")
        raise Unreadable(Problem(_place_at(read, len(read)), "the file is not UTF-8; save it as UTF-8")) from None
    _refuse_unseen(text)
    _refuse_directives(text)
    return text


def _place_at(text: str, index: int) -> Place:
    before = text[:index]
    return Place(before.count("\n") + 1, len(before) - before.rfind("\n"))


_OTHERS = {
    "UTF-32": re.compile(rb"\xff\xfe\0\0|\0\0\xfe\xff|\0\0\0[^\0]|[^\0]\0\0\0"),
    "UTF-16": re.compile(rb"\xff\xfe|\xfe\xff|\0[^\0]|[^\0]\0"),
}
"""How files of other encodings begin, with a mark or with an ASCII character."""

_CONTROL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What YAML does not allow in a text, even in a comment."""

_UNSEEN = re.compile("[\x85\u2028\u2029\u200b\u202a-\u202e\u2066-\u2069\ufeff]")
"""Line ends that are not shown as such, characters that turn text around, and those that have no width."""

_LONE_RETURN = re.compile(r"\r(?!\n)")


def _refuse_unseen(text: str) -> None:
    control, unseen = _CONTROL.search(text), _UNSEEN.search(text)
    if control:
        what = f"the control character U+{ord(control[0]):04X} stands here; take it out"
        raise Unreadable(Problem(_place_at(text, control.start()), what))
    if unseen:
        what = (
            f"the invisible character U+{ord(unseen[0]):04X} stands here, and the file reads otherwise than it looks; "
            f'take it out, or write "\\u{ord(unseen[0]):04x}" in double quotes'
        )
        raise Unreadable(Problem(_place_at(text, unseen.start()), what))
    alone = _LONE_RETURN.search(text) if "\n" in text else None
    if alone:
        what = "a carriage return stands here alone, and the line ends unseen; end lines with a line feed"
        raise Unreadable(Problem(_place_at(text, alone.start()), what))


_DIRECTIVE = re.compile(r"^%(?!YAML[ \t]+1\.2[ \t\r]*$)[^ \t\r\n]*", re.MULTILINE)


def _refuse_directives(text: str) -> None:
    head, mark, _ = text.partition("\n---")
    found = _DIRECTIVE.search(head) if mark else None
    if found:
        what = f"the directive {found[0][:60]} is not used here; take the line out, or write %YAML 1.2"
        raise Unreadable(Problem(_place_at(text, found.start()), what))


def events_of(text: str) -> Iterator[yaml.Event]:
    """Give the events of a text.

    Raises:
        Unreadable: it is not YAML.
    """
    loader = getattr(yaml, "CLoader", yaml.Loader)
    try:
        yield from yaml.parse(text, Loader=loader)
    except yaml.YAMLError as error:
        raise Unreadable(_problem(error, text)) from None


def _problem(error: yaml.YAMLError, text: str) -> Problem:
    unmerged = _UNMERGED.search(text)
    if unmerged:
        what = "two versions of the file were left here unmerged; choose between them, and take out this line"
        return Problem(_place_at(text, unmerged.start()), what)
    mark = getattr(error, "problem_mark", None)
    place = Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read"
    advice = next((f"; {told}" for words, told in _ADVICE.items() if words in what), "")
    if mark and text[mark.index : mark.index + 1] == "\t":
        what, advice = "a tab stands here", "; indent with spaces"
    return Problem(place, f"this is not YAML: {what}{advice}")


_UNMERGED = re.compile(r"^(?:<{7}|>{7}|\|{7}) ", re.MULTILINE)
"""How git marks the versions that it could not merge."""

_ADVICE = {
    "cannot start any token": "put quotes around a text that begins like this",
    "mapping values are not allowed": 'a colon needs a space behind it, and a text with ": " in it needs quotes',
    "expected ',' or": "a comma or the closing bracket is missing, or a text needs quotes",
    "unexpected end of stream": "a quote is left open",
    "could not find expected ':'": "a line must be a key with its colon, or an entry with its dash",
    "did not find expected": "the line does not stand right below what it belongs to; indent it alike",
    "Unicode character escape": "write the character itself, or \\U and its eight digits",
    "unknown escape": "a backslash in double quotes begins an escape; write two, or single quotes",
}
"""What to do about what the parser says, by a part of its words."""
