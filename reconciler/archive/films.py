"""An MP4 walked: its boxes tile the file, and all the media that its tables name lies in it and is what it should be.

A length that fits tells nothing of a file that a cache has stored by halves, or of a hole of zeros in it; these do.
"""

import mmap
import struct
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from reconciler.archive.boxes import GIVE_BACK_BYTES, Box, Damaged, boxes, first, give_back, numbers, table
from reconciler.archive.findings import Answer, Finding
from reconciler.archive.samples import Run, runs_of_fragment, runs_of_track, usual_lengths

HOLE_BYTES = 16
"""A picture of so many zeros, and of nothing else, is none."""


def film(file: BinaryIO, size: int) -> Finding:
    """Walk an MP4 of `size` bytes."""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        try:
            return _walked(content, size)
        except Damaged as damaged:
            return Finding(Answer.REFUTED, f"cut or damaged: {damaged}")


@dataclass(frozen=True, slots=True)
class _Film:
    """The outermost boxes by name, in the file's order."""

    by_kind: Mapping[bytes, Sequence[Box]]

    def all(self, kind: bytes) -> Sequence[Box]:
        """Give the boxes of a name."""
        return self.by_kind.get(kind, ())


def _walked(content: mmap.mmap, size: int) -> Finding:
    found: dict[bytes, list[Box]] = {}
    for box in boxes(content, 0, size, outermost=True):
        if box.is_open and box.kind != b"mdat":
            raise Damaged(f"the mp4 box at byte {box.at} has no length")
        found.setdefault(box.kind, []).append(box)
    missing = {b"ftyp", b"moov", b"mdat"} - found.keys()
    if missing:
        return Finding(Answer.REFUTED, f"mp4 without {', '.join(sorted(name.decode() for name in missing))}")
    whole = _Film(found)
    samples = _media(content, whole)
    _segment_indexes(content, whole, size)
    return _end(content, whole, size, samples)


def _end(content: mmap.mmap, whole: _Film, size: int, runs: int) -> Finding:
    if any(box.is_open for box in whole.all(b"mdat")):
        return Finding(Answer.CANNOT_TELL, "its last mp4 box is open-ended")
    if not runs:
        return Finding(Answer.CANNOT_TELL, "the mp4's index names no media")
    _fragment_index(content, whole)
    if whole.all(b"moof") and not whole.all(b"mfra"):
        return Finding(Answer.CANNOT_TELL, "an mp4 in fragments, of which the last ones may be missing")
    return Finding(Answer.PROVED, f"mp4 boxes end at byte {size}, {runs} runs of samples in them", proves_end=True)


# -- media


def _media(content: mmap.mmap, whole: _Film) -> int:
    """Look at every run of samples; give how many there are."""
    index = whole.all(b"moov")[0]
    if first(content, index, b"mvhd") is None:
        raise Damaged(f"the mp4's index at byte {index.at} has no header")
    media = whole.all(b"mdat")
    tracks = [box for box in boxes(content, index.start, index.end) if box.kind == b"trak"]
    count = sum(_track(content, track, media) for track in tracks)
    usual = usual_lengths(content, index)
    for fragment in whole.all(b"moof"):
        for run in runs_of_fragment(content, fragment, usual):
            _inside(run, media)
            count += 1
    return count


def _track(content: mmap.mmap, track: Box, media: Sequence[Box]) -> int:
    prefix, is_film = _prefix_bytes(content, track), _is_film(content, track)
    count = passed = 0
    for run in runs_of_track(content, track):
        count += 1
        _inside(run, media)
        if is_film:
            _pictures(content, run, prefix)
        passed += run.size
        if passed > GIVE_BACK_BYTES:
            give_back(content)
            passed = 0
    return count


def _inside(run: Run, media: Sequence[Box]) -> None:
    at = bisect_right(media, run.start, key=lambda box: box.start) - 1
    if run.size and (at < 0 or run.end > media[at].end):
        raise Damaged(f"its index names media at bytes {run.start} to {run.end}, where there is none")


# -- pictures: each sample of H.264 and H.265 is tiled by units that begin with their length


_PICTURES = int.from_bytes(b"vide", "big")


def _is_film(content: mmap.mmap, track: Box) -> bool:
    handler = first(content, track, b"mdia", b"hdlr")
    return handler is not None and numbers(content, handler, "I", 8)[0] == _PICTURES


_PREFIX_AT = {b"avc1": (b"avcC", 4), b"avc3": (b"avcC", 4), b"hvc1": (b"hvcC", 21), b"hev1": (b"hvcC", 21)}
_ENTRY_BYTES = 78
"""What a description of pictures holds before the boxes inside it."""


def _prefix_bytes(content: mmap.mmap, track: Box) -> int:
    """Give how many bytes a unit's length takes in a track of H.264 or H.265; 0 for all others."""
    described = first(content, track, b"mdia", b"minf", b"stbl", b"stsd")
    entries = list(boxes(content, described.start + 8, described.end)) if described else []
    if len(entries) != 1 or entries[0].kind not in _PREFIX_AT:
        return 0
    name, at = _PREFIX_AT[entries[0].kind]
    for box in boxes(content, entries[0].start + _ENTRY_BYTES, entries[0].end):
        if box.kind == name:
            return numbers(content, box, "B", at)[0] % 4 + 1
    return 0


def _pictures(content: mmap.mmap, run: Run, prefix: int) -> None:
    kept_from = run.start
    for at, length in run.samples():
        if at - kept_from > GIVE_BACK_BYTES:
            give_back(content)
            kept_from = at
        if length >= HOLE_BYTES and _is_zeros(content, at, HOLE_BYTES) and _is_zeros(content, at, length):
            raise Damaged(f"zeros stand where the picture at byte {at} belongs")
        if prefix:
            _units(content, at, at + length, prefix)


def _is_zeros(content: mmap.mmap, at: int, length: int) -> bool:
    return not content[at : at + length].strip(b"\x00")


def _units(content: mmap.mmap, start: int, end: int, prefix: int) -> None:
    at = start
    while at + prefix <= end:
        at += prefix + int.from_bytes(content[at : at + prefix], "big")
    if at != end:
        raise Damaged(f"the picture at byte {start} is not tiled by its units")


# -- fragments: indexes that may stand before and behind them


def _segment_indexes(content: mmap.mmap, whole: _Film, size: int) -> None:
    """Hold what each `sidx` names against the file.  One may be of a part alone, so it proves no end."""
    for box in whole.all(b"sidx"):
        is_wide = numbers(content, box, "B")[0]
        skipped = numbers(content, box, "Q" if is_wide else "I", 20 if is_wide else 16)[0]
        at = 28 if is_wide else 20
        count = numbers(content, box, "2xH", at)[0]
        lengths = table(content, box, at + 4, 3 * count)[0::3]
        end = box.end + skipped + sum(length & 0x7FFFFFFF for length in lengths)
        if end > size:
            raise Damaged(f"its segment index names media to byte {end}, beyond the end")


def _fragment_index(content: mmap.mmap, whole: _Film) -> None:
    """Hold what `mfra` names against the fragments that are there."""
    there = {box.at for box in whole.all(b"moof")}
    for index in whole.all(b"mfra"):
        for box in boxes(content, index.start, index.end):
            if box.kind == b"tfra" and not there.issuperset(_fragments_named(content, box)):
                raise Damaged("its index names a fragment where there is none")


def _fragments_named(content: mmap.mmap, box: Box) -> Iterator[int]:
    version, packed, count = numbers(content, box, "B7xII")
    place = "8xQ" if version else "4xI"
    entry = f"{place}{sum((packed >> shift & 3) + 1 for shift in (0, 2, 4))}x"
    for number in range(count):
        yield numbers(content, box, entry, 16 + number * struct.calcsize(f">{entry}"))[0]
