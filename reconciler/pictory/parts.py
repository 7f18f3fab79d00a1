"""JSON read one level deep: what is heavy stays the bytes it came as, so that no objects are made for transcripts.

Bytes are compacted first: no spaces between tokens, each token as it was spelled.  So a value's bytes name its content,
as long as the service spells a value alike in its list and in its answer for one job (docs/adr/0007).
"""

import hashlib
import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache

import msgspec

REPEATED = "\x00repeated"
"""Where `fields` leaves the names of keys that stood twice; no key of the service can be spelled so."""


@dataclass(frozen=True, slots=True)
class Part:
    """A value that was not taken apart: its compact JSON, UTF-8."""

    content: bytes

    @property
    def is_object(self) -> bool:
        """Whether it is a JSON object."""
        return self.content.startswith(b"{")

    @property
    def is_array(self) -> bool:
        """Whether it is a JSON array."""
        return self.content.startswith(b"[")

    @property
    def is_empty(self) -> bool:
        """Whether it is an array or object with nothing in it."""
        return self.content in {b"[]", b"{}"}

    @property
    def digest(self) -> str:
        """Name it by the sha256 of its bytes: `sha256:` and 64 hex digits."""
        return "sha256:" + hashlib.sha256(self.content).hexdigest()


_SPACES_OR_STRING = re.compile(rb'("(?:[^"\\]|\\.)*")|[ \t\r\n]+', re.DOTALL)


def compact(raw: bytes) -> Part:
    """Read a JSON text as one value, without the spaces between its tokens.

    Raises:
        ValueError: it is not JSON (NaN is none), or not UTF-8, or nests too deeply.
    """
    text = raw.decode("utf-8")
    try:
        return Part(msgspec.json.format(raw, indent=-1))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except msgspec.DecodeError:
        # This reader refuses half a character written as an escape, which JSON allows; one such title must not make
        # a whole page unreadable.
        _checked(text)
        return Part(_SPACES_OR_STRING.sub(lambda token: token[1] or b"", raw))


def _checked(text: str) -> None:
    try:
        json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def fields(whole: Part, *, kept: Collection[str] = (), only: Collection[str] | None = None) -> dict[str, object]:
    """Read an object one level deep; what is no object has no fields.

    An array or object under a name in `kept` stays a Part, and so does what cannot be taken apart (nested too deeply, a
    number of thousands of digits).  Names beyond `only` are left out.  Of a key that stands twice the last value
    counts, and REPEATED lists its name.
    """
    if not whole.is_object:
        return {}
    found, repeated = _split(whole.content)
    read: dict[str, object] = {
        name: _value(content, is_kept=name in kept) for name, content in found.items() if only is None or name in only
    }
    if repeated:
        read[REPEATED] = repeated
    return read


def items(whole: Part) -> tuple[Part, ...]:
    """Give the items of an array; what is no array has none."""
    if not whole.is_array:
        return ()
    try:
        return tuple(Part(bytes(item)) for item in msgspec.json.decode(whole.content, type=list[msgspec.Raw]))
    except msgspec.DecodeError:
        return tuple(Part(content.encode("utf-8")) for content in _items_slowly(whole.content.decode("utf-8")))


def _value(content: bytes, *, is_kept: bool) -> object:
    if is_kept and content[:1] in {b"{", b"["}:
        return Part(content)
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return Part(content)


def _split(content: bytes) -> tuple[dict[str, bytes], list[str]]:
    """Give an object's values as they are spelled, by key, and the keys that stand more than once."""
    try:
        found = {
            name: bytes(value) for name, value in msgspec.json.decode(content, type=dict[str, msgspec.Raw]).items()
        }
    except msgspec.DecodeError:
        found = {}
    # A decoder that keeps the last of two equal keys does not tell that there were two.  Their bytes do: with every key
    # spelled in its shortest form, an object is exactly as long as what was found in it, or something is not shown.
    shown = sum(_key_length(name) + len(value) + 1 for name, value in found.items())
    if found and shown + 1 + len(found) == len(content):
        return found, []
    pairs = list(_pairs_slowly(content.decode("utf-8")))
    names = [name for name, _ in pairs]
    repeated = sorted({name for name in names if names.count(name) > 1})
    return {name: value.encode("utf-8") for name, value in pairs}, repeated


@lru_cache(maxsize=1024)
def _key_length(name: str) -> int:
    return len(msgspec.json.encode(name))


_DECODER = json.JSONDecoder()


def _pairs_slowly(text: str) -> Iterator[tuple[str, str]]:
    """Walk a compact object that is known to be JSON: each key, and its value as it is spelled."""
    at = 1
    while text[at] != "}":
        name, colon = _DECODER.raw_decode(text, at)
        _, end = _DECODER.raw_decode(text, colon + 1)
        yield name, text[colon + 1 : end]
        at = end + (text[end] == ",")


def _items_slowly(text: str) -> Iterator[str]:
    at = 1
    while text[at] != "]":
        _, end = _DECODER.raw_decode(text, at)
        yield text[at:end]
        at = end + (text[end] == ",")
