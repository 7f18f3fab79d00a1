"""Which part of a file a request asks for, read as RFC 9110 says."""

import re
from dataclasses import dataclass

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes from `start` to `stop` of a file; `is_part` says that a part was asked for, be it the whole."""

    start: int
    stop: int
    is_part: bool


def part_of(header: str, size: int) -> Part | None:
    """Read a Range header; None when it cannot be satisfied.  What is not understood asks for the whole."""
    whole = Part(0, size, is_part=False)
    asked = _RANGE.fullmatch(header.strip())
    if not asked or (not asked[1] and not asked[2]):
        return whole
    if not asked[1]:
        suffix = int(asked[2])
        return Part(max(0, size - suffix), size, is_part=True) if suffix and size else None
    start, stop = int(asked[1]), int(asked[2]) + 1 if asked[2] else size
    if asked[2] and stop <= start:
        return whole
    return Part(start, min(stop, size), is_part=True) if start < size else None
