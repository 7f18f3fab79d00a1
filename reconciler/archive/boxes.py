"""The boxes that MP4 files are made of, read where they lie: nothing is copied but the numbers asked for."""

import mmap
import struct
import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass

GIVE_BACK_BYTES = 16 * 1024 * 1024
"""How much of a mapped file is looked at before its pages are given back."""


def give_back(content: mmap.mmap) -> None:
    """Let go of the pages that were read: they count as this process's memory, which must not grow with the file."""
    if hasattr(mmap, "MADV_DONTNEED"):
        content.madvise(mmap.MADV_DONTNEED)


class Damaged(Exception):
    """The file is cut or damaged; the message says where it shows."""


@dataclass(frozen=True, slots=True)
class Box:
    """One box: its name, where it begins, and where its content begins and ends, in bytes of the file."""

    kind: bytes
    at: int
    start: int
    end: int
    is_open: bool = False
    """Its length is "to the end of the file"."""


def boxes(content: mmap.mmap, start: int, end: int, *, outermost: bool = False) -> Iterator[Box]:
    """Give the boxes between two bytes, which they must tile.

    Raises:
        Damaged: they do not.
    """
    at = start
    while at < end:
        box = _box(content, at, end)
        if box is None or (box.is_open and not outermost):
            raise Damaged(f"the mp4 box at byte {at} reaches beyond the end")
        yield box
        at = box.end


def _box(content: mmap.mmap, at: int, end: int) -> Box | None:
    if end - at < 8:
        return None
    length, kind = struct.unpack_from(">I4s", content, at)
    head = 8
    if length == 0:
        return Box(kind, at, at + head, end, is_open=True)
    if length == 1:
        head = 16
        length = struct.unpack_from(">Q", content, at + 8)[0] if end - at >= head else 0
    if length < head or at + length > end:
        return None
    return Box(kind, at, at + head, at + length)


def first(content: mmap.mmap, box: Box, *path: bytes) -> Box | None:
    """Give the first box by this path of names inside a box; None where there is none."""
    found: Box | None = box
    for kind in path:
        if found is None:
            return None
        found = next((each for each in boxes(content, found.start, found.end) if each.kind == kind), None)
    return found


def numbers(content: mmap.mmap, box: Box, form: str, at: int = 0) -> tuple[int, ...]:
    """Read big-endian numbers, in the letters of `struct`, from byte `at` of a box's content.

    Raises:
        Damaged: the box ends before them.
    """
    if box.start + at + struct.calcsize(f">{form}") > box.end:
        raise Damaged(f"the mp4 box at byte {box.at} is shorter than what it should hold")
    return struct.unpack_from(f">{form}", content, box.start + at)


def table(content: mmap.mmap, box: Box, at: int, count: int, *, wide: bool = False) -> "array[int]":
    """Read `count` numbers of 32 bits, or 64 where they are `wide`, from byte `at` of a box's content.

    Raises:
        Damaged: the box ends before them.
    """
    begin = box.start + at
    stop = begin + count * (8 if wide else 4)
    if stop > box.end:
        raise Damaged(f"the mp4 table at byte {box.at} is shorter than it says")
    read = array("Q" if wide else "I", content[begin:stop])
    if sys.byteorder == "little":
        read.byteswap()
    return read
