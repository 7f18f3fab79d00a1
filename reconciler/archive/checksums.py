"""Checksums that hosts send with a file, in the headers they use for it, and whether the file has them."""

import base64
import binascii
import hashlib
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from reconciler.archive.findings import Answer, Finding

MIB = 1024 * 1024
USUAL_PARTS = tuple(
    size * MIB for size in (5, 6, 7, 8, 10, 12, 15, 16, 20, 24, 25, 32, 50, 64, 100, 128, 256, 512, 1024)
)
"""Part sizes, in bytes, of the programs that upload to object stores; the least that these allow is 5 MiB."""


@dataclass(frozen=True, slots=True)
class Offered:
    """A checksum as a host sent it: the header, the algorithm (`md5` or `sha256`), and its value in hex."""

    header: str
    algorithm: str
    value: str


def offered(headers: Mapping[str, str]) -> tuple[Offered, ...]:
    """Read the checksums of the whole file out of an answer's headers; what cannot be read is left out."""
    return tuple(_offered(headers))


def _offered(headers: Mapping[str, str]) -> Iterator[Offered]:
    plain = {"Content-MD5": "md5", "x-amz-checksum-sha256": "sha256"}
    for header, algorithm in plain.items():
        yield from _one(header, algorithm, headers.get(header, ""))
    for header in ("x-goog-hash", "Digest", "Repr-Digest"):
        for part in headers.get(header, "").split(","):
            name, _, value = part.strip().partition("=")
            algorithm = name.lower().replace("-", "")
            if algorithm in _HEX_DIGITS:
                yield from _one(header, algorithm, value.strip(":"))


_HEX_DIGITS = {"md5": 32, "sha256": 64}


def _one(header: str, algorithm: str, text: str) -> Iterator[Offered]:
    try:
        value = base64.b64decode(text.strip(), validate=True).hex()
    except (binascii.Error, ValueError):
        return
    if len(value) == _HEX_DIGITS[algorithm]:
        yield Offered(header, algorithm, value)


# -- the ETag of an upload in one piece is its MD5; of one in parts, the MD5 of the parts' MD5s

_TAG = re.compile(r'"([0-9a-f]{32})"')
_TAG_OF_PARTS = re.compile(r'"([0-9a-f]{32})-([1-9][0-9]{0,4})"')


def tag_is_other_md5(etag: str, md5: str) -> bool:
    """Tell whether an ETag looks like an MD5 and is another: no MD5 at all, or a byte was changed on the way."""
    tag = _TAG.fullmatch(etag)
    return tag is not None and tag[1] != md5


def wants_md5(etag: str, checksums: Iterable[Offered]) -> bool:
    """Tell whether anything that a host sent can be compared with the MD5 of the whole file."""
    return _TAG.fullmatch(etag) is not None or any(sent.algorithm == "md5" for sent in checksums)


def of_tag(etag: str, md5: str, md5s_of_parts: Mapping[int, str]) -> Finding:
    """Hold an ETag against a file whose MD5 is `md5`, and against the MD5s of its parts by part size."""
    tag = _TAG.fullmatch(etag)
    if tag and tag[1] == md5:
        return Finding(Answer.PROVED, "ETag is its MD5", proves_end=True, is_checksum=True)
    tag = _TAG_OF_PARTS.fullmatch(etag)
    for part, md5_of_parts in md5s_of_parts.items() if tag else ():
        if tag and md5_of_parts == tag[1]:
            told = f"ETag is that of {tag[2]} parts of {part} bytes"
            return Finding(Answer.PROVED, told, proves_end=True, is_checksum=True)
    return Finding(Answer.CANNOT_TELL, "no checksum offered")


def part_sizes(etag: str, size: int | None) -> tuple[int, ...]:
    """Give the part sizes by which a file of `size` bytes comes in as many parts as its ETag says, usual ones first."""
    tag = _TAG_OF_PARTS.fullmatch(etag)
    if tag is None or not size:
        return ()
    parts = int(tag[2])
    if parts == 1:
        return (size,)
    even = math.ceil(size / parts / MIB) * MIB
    return tuple(part for part in dict.fromkeys((*USUAL_PARTS, even)) if math.ceil(size / part) == parts)


class Md5OfParts:
    """The MD5 of the MD5s of a file's parts, while the file comes."""

    def __init__(self, part: int) -> None:
        self._part = part
        self._left = part
        self._current = hashlib.md5(usedforsecurity=False)
        self._whole = hashlib.md5(usedforsecurity=False)

    def update(self, block: bytes | memoryview) -> None:
        """Take the next bytes of the file."""
        view = memoryview(block)
        while view:
            taken, view = view[: self._left], view[self._left :]
            self._current.update(taken)
            self._left -= len(taken)
            if not self._left:
                self._close()

    def _close(self) -> None:
        self._whole.update(self._current.digest())
        self._current, self._left = hashlib.md5(usedforsecurity=False), self._part

    def hexdigest(self) -> str:
        """Give it, at the end of the file."""
        if self._left < self._part:
            self._close()
        return self._whole.hexdigest()
