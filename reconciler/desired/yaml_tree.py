"""YAML text to plain values with the place of every key and value; the YAML 1.2 core schema, and nothing clever.

PyYAML's parser gives the events; the tree is ours (docs/adr/0002): its own loaders follow YAML 1.1, where `no` is a
boolean and `2027-01-31` a date, and they take the last of two equal keys without a word.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isinf

import yaml

from reconciler.desired.yaml_text import Place, Problem, Unreadable, events_of, text_of

MOST_VALUES = 25_000
DEEPEST = 64
MOST_PROBLEMS = 200
"""A file that breaks these bounds is refused in about a second, whatever stands in it."""

Value = None | bool | int | float | str | list["Value"] | dict[str, "Value"]
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Tree:
    """A document: the value, the place of each value and of each key by path, and the source text of plain scalars."""

    value: Value
    places: dict[Path, Place] = field(default_factory=dict)
    key_places: dict[Path, Place] = field(default_factory=dict)
    plain: dict[Path, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def place(self, path: Path) -> Place:
        """Give the place of the value at `path`, or of the nearest thing around it."""
        while path not in self.places and path:
            path = path[:-1]
        return self.places.get(path, Place(1, 1))


def read_tree(content: bytes) -> Tree:
    """Read one document.

    Raises:
        Unreadable: it is no such document; problems that leave the rest readable are in `Tree.problems` instead.
    """
    return _Builder(events_of(text_of(content))).document()


class _Builder:
    """Consumes the events of one document, top-down."""

    def __init__(self, events: Iterator[yaml.Event]) -> None:
        self._events = events
        self._places: dict[Path, Place] = {}
        self._key_places: dict[Path, Place] = {}
        self._plain: dict[Path, str] = {}
        self._problems: list[Problem] = []

    def document(self) -> Tree:
        first = self._next_content()
        if first is None:
            raise Unreadable(
                Problem(Place(1, 1), "the file is empty; the shortest one has version, account, otherwise and retain")
            )
        value = self._value(first, ())
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                raise Unreadable(Problem(_place(event), "a second document begins here; one file is one document"))
        return Tree(value, self._places, self._key_places, self._plain, tuple(self._problems))

    def _next_content(self) -> yaml.Event | None:
        for event in self._events:
            if not isinstance(event, yaml.StreamStartEvent | yaml.DocumentStartEvent):
                return None if isinstance(event, yaml.StreamEndEvent) else event
        return None

    def _value(self, event: yaml.Event, path: Path) -> Value:
        self._places[path] = _place(event)
        if len(path) > DEEPEST:
            raise Unreadable(Problem(_place(event), f"nested deeper than {DEEPEST} levels"))
        if len(self._places) > MOST_VALUES:
            raise Unreadable(Problem(_place(event), f"more than {MOST_VALUES} values; put fewer ids in one file"))
        self._refuse_extras(event)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path)
        return None  # an alias, refused above: nothing is known of its value

    def _refuse_extras(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.AliasEvent):
            self._problem(event, f"*{event.anchor} repeats something by name; write it out")
        elif getattr(event, "anchor", None):
            self._problem(event, f"&{getattr(event, 'anchor', '')} names something to repeat; leave it out")
        if getattr(event, "tag", None) is not None:
            self._problem(event, f"the tag {getattr(event, 'tag', '')} is not used here; leave it out")

    def _sequence(self, path: Path) -> list[Value]:
        items: list[Value] = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self._value(event, (*path, len(items))))
        return items

    def _mapping(self, path: Path) -> dict[str, Value]:
        read: dict[str, Value] = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            name = self._key(event, path, len(read))
            place = _place(event)
            if name in read:
                before = self._key_places[(*path, name)]
                self._problem(event, f"{name} stands here twice, first in line {before.line}; keep one of them")
                name = f"{name}\x00{place.line}"  # read on, so that other errors are told too
            self._key_places[(*path, name)] = place
            read[name] = self._value(next(self._events), (*path, name))
        return {name: value for name, value in read.items() if "\x00" not in name}

    def _key(self, event: yaml.Event, path: Path, count: int) -> str:
        if isinstance(event, yaml.ScalarEvent):
            self._refuse_extras(event)
            if event.value == "<<" and _is_plain(event):
                self._problem(event, "<< merges other mappings in; write their keys out")
            return event.value.replace("\x00", "�")
        self._problem(event, "a key must be a word")
        self._value(event, (*path, f"?{count}"))
        return f"?{count}\x00"

    def _scalar(self, event: yaml.ScalarEvent, path: Path) -> Value:
        if not _is_plain(event):
            return event.value
        self._plain[path] = event.value
        return resolve(event.value)

    def _problem(self, event: yaml.Event, text: str) -> None:
        self._problems.append(Problem(_place(event), text))
        if len(self._problems) >= MOST_PROBLEMS:
            raise Unreadable(*self._problems)


def _place(event: yaml.Event) -> Place:
    mark = event.start_mark
    return Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)


def _is_plain(event: yaml.ScalarEvent) -> bool:
    return not event.style  # the C parser says "", the Python one None


EXACT_BELOW = 2.0**53
"""Whole numbers below it are the same however they are written: 50, 50.0, 5e1."""

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}|0o[0-7]{1,20}|0x[0-9a-fA-F]{1,15}")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


def resolve(text: str) -> Value:
    """Give the value of a plain scalar by the core schema of YAML 1.2."""
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        return int(text, 10 if text.lstrip("+-").isdigit() else 0)
    if not _NUMBER.fullmatch(text):
        return text
    number = float(text)
    if isinf(number):
        return text  # too large for any key; shown as it is written
    return int(number) if number.is_integer() and abs(number) < EXACT_BELOW else number
