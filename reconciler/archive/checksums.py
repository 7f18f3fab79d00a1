"""Checksums that hosts send with a file, in the headers they use for it, and whether the file has them."""

import base64
import binascii
import hashlib
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from reconciler.archive.findings import Answer, Finding

MIB = 1024 * 1024
USUAL_PARTS = tuple(
    size * MIB for size in (5, 6, 7, 8, 10, 12, 15, 16, 20, 24, 25, 32, 50, 64, 100, 128, 256, 512, 1024)
)
"""Part sizes, in bytes, of the programs that upload to object stores; the least that these allow is 5 MiB."""
BLOCK_BYTES = MIB


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


def of_tag(etag: str, md5: str, file: BinaryIO, size: int) -> Finding:
    """Hold an ETag against a file of `size` bytes whose MD5 is `md5`."""
    tag = _TAG.fullmatch(etag)
    if tag and tag[1] == md5:
        return Finding(Answer.PROVED, "ETag is its MD5", proves_end=True, is_checksum=True)
    tag = _TAG_OF_PARTS.fullmatch(etag)
    if tag:
        for part in _part_sizes(size, int(tag[2])):
            if _md5_of_parts(file, part) == tag[1]:
                told = f"ETag is that of {tag[2]} parts of {part} bytes"
                return Finding(Answer.PROVED, told, proves_end=True, is_checksum=True)
    return Finding(Answer.CANNOT_TELL, "no checksum offered")


def _part_sizes(size: int, parts: int) -> tuple[int, ...]:
    """Give the part sizes by which a file of `size` bytes comes in so many parts, usual ones first."""
    even = math.ceil(size / parts / MIB) * MIB
    return tuple(part for part in dict.fromkeys((*USUAL_PARTS, even)) if math.ceil(size / part) == parts)


def _md5_of_parts(file: BinaryIO, part: int) -> str:
    file.seek(0)
    whole = hashlib.md5(usedforsecurity=False)
    while digest := _md5_of_part(file, part):
        whole.update(digest)
    return whole.hexdigest()


def _md5_of_part(file: BinaryIO, size: int) -> bytes:
    """Give the MD5 of the next `size` bytes; nothing at the end."""
    md5, left = hashlib.md5(usedforsecurity=False), size
    while left and (block := file.read(min(left, BLOCK_BYTES))):
        md5.update(block)
        left -= len(block)
    return md5.digest() if left < size else b""
