"""Where a film's samples lie, as its tables say: those of a whole film in `moov`, those of fragments in each `moof`."""

import mmap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from reconciler.archive.boxes import Box, Damaged, boxes, first, numbers, table


@dataclass(frozen=True, slots=True)
class Run:
    """Samples that lie one behind the other: the first one's byte, and the bytes of all.

    `lengths` are those of each; none are given for samples of one length, of which raw sound has millions.
    """

    start: int
    size: int
    lengths: Sequence[int] = ()

    @property
    def end(self) -> int:
        """The byte behind the last sample."""
        return self.start + self.size

    def samples(self) -> Iterator[tuple[int, int]]:
        """Give the first byte of each sample whose length is known, and that length."""
        return zip(accumulate(self.lengths, initial=self.start), self.lengths, strict=False)


# -- a film's own index: which chunk lies where, how many samples it has, how long each of them is


def runs_of_track(content: mmap.mmap, track: Box) -> Iterator[Run]:
    """Give each chunk of a track (`trak`); none for a track whose media lies in another file."""
    tables = first(content, track, b"mdia", b"minf", b"stbl")
    if tables is None:
        raise Damaged(f"the mp4 track at byte {track.at} has no tables")
    if not _is_elsewhere(content, track):
        yield from _chunks(content, {box.kind: box for box in boxes(content, tables.start, tables.end)})


def _is_elsewhere(content: mmap.mmap, track: Box) -> bool:
    references = first(content, track, b"mdia", b"minf", b"dinf", b"dref")
    if references is None:
        return False
    entries = boxes(content, references.start + 8, references.end)
    return any(not numbers(content, entry, "I")[0] & 1 for entry in entries)


def _chunks(content: mmap.mmap, tables: Mapping[bytes, Box]) -> Iterator[Run]:
    starts = _starts(content, tables)
    if not starts:
        return
    each, lengths = _lengths(content, tables)
    at = 0
    for start, count in zip(starts, _samples_per_chunk(content, tables, len(starts)), strict=True):
        if each:
            yield Run(start, each * count)
        else:
            part = lengths[at : at + count]
            yield Run(start, sum(part), part)
        at += count
    if not each and at != len(lengths):
        raise Damaged(f"its chunks hold {at} samples, and lengths are given for {len(lengths)}")


def _starts(content: mmap.mmap, tables: Mapping[bytes, Box]) -> Sequence[int]:
    wide = tables.get(b"co64")
    box = wide or tables.get(b"stco")
    return table(content, box, 8, numbers(content, box, "I", 4)[0], wide=wide is not None) if box else ()


def _lengths(content: mmap.mmap, tables: Mapping[bytes, Box]) -> tuple[int, Sequence[int]]:
    """Give the one length of all samples, or 0 and the length of each."""
    box = tables.get(b"stsz")
    if box is None:
        return 0, _short_lengths(content, tables)
    each, count = numbers(content, box, "II", 4)
    return each, () if each else table(content, box, 12, count)


def _short_lengths(content: mmap.mmap, tables: Mapping[bytes, Box]) -> Sequence[int]:
    box = tables.get(b"stz2")
    if box is None:
        raise Damaged("no lengths are given for its samples")
    width, count = numbers(content, box, "3xBI", 4)
    if width not in {4, 8, 16}:
        raise Damaged(f"the mp4 table at byte {box.at} cannot be read")
    if width == 16:
        return numbers(content, box, f"{count}H", 12)
    octets = numbers(content, box, f"{(count * width + 7) // 8}B", 12)
    return octets if width == 8 else tuple(half for octet in octets for half in (octet >> 4, octet & 15))[:count]


def _samples_per_chunk(content: mmap.mmap, tables: Mapping[bytes, Box], chunks: int) -> Iterator[int]:
    """Spread the table of `first chunk, samples in each from there on` over all chunks."""
    box = tables.get(b"stsc")
    if box is None:
        raise Damaged("no numbers of samples are given for its chunks")
    read = table(content, box, 8, 3 * numbers(content, box, "I", 4)[0])
    begins, counts = read[0::3], read[1::3]
    # Entries that do not ascend would spread over other chunks than there are.
    if not begins or begins[0] != 1 or any(one >= next_one for one, next_one in pairwise(begins)):
        raise Damaged(f"the mp4 table at byte {box.at} cannot be read")
    for at, count in enumerate(counts):
        stop = begins[at + 1] if at + 1 < len(begins) else chunks + 1
        yield from (count for _ in range(begins[at], min(stop, chunks + 1)))


# -- a fragment: runs of samples, each with its own place, or behind the one before


def runs_of_fragment(content: mmap.mmap, fragment: Box, usual: Mapping[int, int]) -> Iterator[Run]:
    """Give each run of a fragment (`moof`); `usual` is the length of a sample by track, where a run gives none."""
    end = 0
    for part in boxes(content, fragment.start, fragment.end):
        if part.kind == b"traf":
            for run in _runs(content, part, _Fragment(fragment.at, end or fragment.at, usual)):
                end = run.end
                yield run


def usual_lengths(content: mmap.mmap, index: Box) -> dict[int, int]:
    """Read out of `moov` how long a sample of each track is unless something else is said."""
    extends = first(content, index, b"mvex")
    inside = boxes(content, extends.start, extends.end) if extends else ()
    read = (numbers(content, box, "5I", 4) for box in inside if box.kind == b"trex")
    return {track: length for track, _, _, length, _ in read}


@dataclass(frozen=True, slots=True)
class _Fragment:
    """What a track's part of a fragment counts from: the fragment's byte, the end of what came before, lengths."""

    at: int
    behind: int
    usual: Mapping[int, int]


def _runs(content: mmap.mmap, part: Box, fragment: _Fragment) -> Iterator[Run]:
    header = first(content, part, b"tfhd")
    if header is None:
        raise Damaged(f"the mp4 fragment at byte {fragment.at} has no header")
    flags, track = numbers(content, header, "II")
    at = 8
    base = fragment.at if flags & 0x020000 else fragment.behind
    if flags & 0x1:
        (base,), at = numbers(content, header, "Q", at), at + 8
    at += 4 * bool(flags & 0x2) + 4 * bool(flags & 0x8)
    usual = numbers(content, header, "I", at)[0] if flags & 0x10 else fragment.usual.get(track, 0)
    end = base
    for box in boxes(content, part.start, part.end):
        if box.kind == b"trun":
            run = _run(content, box, base, end, usual)
            end = run.end
            yield run


def _run(content: mmap.mmap, box: Box, base: int, behind: int, usual: int) -> Run:
    flags, count = numbers(content, box, "II")
    flags &= 0xFFFFFF
    start = base + numbers(content, box, "i", 8)[0] if flags & 0x1 else behind
    at = 8 + 4 * bool(flags & 0x1) + 4 * bool(flags & 0x4)
    fields = [bit for bit in (0x100, 0x200, 0x400, 0x800) if flags & bit]
    if 0x200 not in fields:
        return Run(start, usual * count)
    read = table(content, box, at, count * len(fields))
    lengths = read[fields.index(0x200) :: len(fields)]
    return Run(start, sum(lengths), lengths)
