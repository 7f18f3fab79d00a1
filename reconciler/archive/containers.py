"""What a file's own structure tells: boxes, segments, chunks and frames, walked to their end."""

import mmap
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from reconciler.archive.findings import Answer, Finding

TAIL_BYTES = 4096


def structure(extension: str, file: BinaryIO, size: int) -> Finding:
    """Walk a file of `size` bytes, more than none, by the rules of its format."""
    file.seek(0)
    match extension:
        case "mp4":
            return _mp4(file, size)
        case "jpg":
            return _jpeg(file, size)
        case "png":
            return _png(file, size)
        case "mp3":
            return _mp3(file, size)
        case _:
            return _text(extension, file)


def _mp4(file: BinaryIO, size: int) -> Finding:
    """Walk the boxes: they must tile the file exactly, and the three that make it a film must be there."""
    boxes: dict[bytes, _Box] = {}
    at = 0
    while at < size:
        box = _box(file, at)
        if box is None:
            return Finding(Answer.CANNOT_TELL, "its last mp4 box is open-ended")
        if box.length < box.head or at + box.length > size:
            return Finding(Answer.REFUTED, f"cut or damaged: the mp4 box at byte {at} reaches beyond the end")
        boxes[box.kind] = box
        at += box.length
    missing = {b"ftyp", b"moov", b"mdat"} - boxes.keys()
    if missing:
        return Finding(Answer.REFUTED, f"mp4 without {', '.join(sorted(name.decode() for name in missing))}")
    return _mp4_end(file, size, boxes)


def _mp4_end(file: BinaryIO, size: int, boxes: Mapping[bytes, "_Box"]) -> Finding:
    index = boxes[b"moov"]
    file.seek(index.at + index.head)
    farthest = max(_chunk_places(file.read(index.length - index.head)), default=0)
    if farthest >= size:
        return Finding(Answer.REFUTED, f"cut: its index names media at byte {farthest}, beyond the end")
    if b"moof" in boxes and b"mfra" not in boxes:
        return Finding(Answer.CANNOT_TELL, "an mp4 in fragments, of which the last ones may be missing")
    return Finding(Answer.PROVED, f"mp4 boxes end at byte {size}", proves_end=True)


@dataclass(frozen=True, slots=True)
class _Box:
    """One box of an mp4: where it begins, its name, its length and that of its head, in bytes."""

    at: int
    kind: bytes
    length: int
    head: int


def _box(file: BinaryIO, at: int) -> _Box | None:
    """Read the box at a byte; None for one whose length is "to the end"."""
    file.seek(at)
    header = file.read(16)
    length = int.from_bytes(header[:4], "big")
    if length == 0:
        return None
    if length == 1:
        return _Box(at, header[4:8], int.from_bytes(header[8:16], "big"), 16)
    return _Box(at, header[4:8], length, 8)


_WITH_BOXES = frozenset({b"trak", b"mdia", b"minf", b"stbl"})
_PLACE_BYTES = {b"stco": 4, b"co64": 8}


def _chunk_places(content: bytes) -> Iterator[int]:
    """Give where the media's chunks begin, as the tables inside an index say."""
    at = 0
    while at + 8 <= len(content):
        length, kind = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8]
        if length < 8:
            return
        inside = content[at + 8 : at + length]
        if kind in _WITH_BOXES:
            yield from _chunk_places(inside)
        width = _PLACE_BYTES.get(kind)
        if width:
            count = int.from_bytes(inside[4:8], "big")
            places = inside[8 : 8 + count * width]
            yield from (int.from_bytes(places[one : one + width], "big") for one in range(0, len(places), width))
        at += length


_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])", re.DOTALL)
"""A marker; stuffed zeros and restart markers are part of the picture's data."""
_JPEG_END = b"\xd9"


def _jpeg(file: BinaryIO, size: int) -> Finding:
    """Walk the segments: a thumbnail inside one has an end marker of its own, which must not be taken for the end."""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        at = 2
        while marker := _MARKER.search(content, at):
            at = marker.end()
            if marker[1] == _JPEG_END:
                if content[at : at + TAIL_BYTES].strip(b"\x00\r\n"):
                    return Finding(Answer.CANNOT_TELL, f"something follows the jpg's end at byte {at}")
                return Finding(Answer.PROVED, f"jpg segments to the end marker at byte {at}", proves_end=True)
            at += int.from_bytes(content[at : at + 2], "big")
    return Finding(Answer.REFUTED, f"cut: the jpg has no end marker in its {size} bytes")


def _png(file: BinaryIO, size: int) -> Finding:
    at = 8
    while at < size:
        file.seek(at)
        head = file.read(8)
        length = int.from_bytes(head[:4], "big")
        if at + 12 + length > size:
            return Finding(Answer.REFUTED, f"cut: the png chunk at byte {at} reaches beyond the end")
        if not _crc_fits(file, head[4:8], length):
            return Finding(Answer.REFUTED, f"damaged: the checksum of the png chunk at byte {at} differs")
        at += 12 + length
        if head[4:8] == b"IEND":
            return Finding(Answer.PROVED, "png chunks and checksums to the end", proves_end=True)
    return Finding(Answer.REFUTED, "cut: the png has no end chunk")


def _crc_fits(file: BinaryIO, kind: bytes, length: int) -> bool:
    crc = zlib.crc32(kind)
    left = length
    while left:
        block = file.read(min(left, 1 << 20))
        crc = zlib.crc32(block, crc)
        left -= len(block)
    return crc == int.from_bytes(file.read(4), "big")


_MPEG1_LAYER3_KBPS = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MPEG2_LAYER3_KBPS = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
ID3V1_BYTES = 128


def _mp3(file: BinaryIO, size: int) -> Finding:
    """Walk the frames; the last one must end where the file, or a tag behind it, does."""
    at = _after_id3(file)
    frames = 0
    while at < size:
        file.seek(at)
        header = file.read(4)
        length = _frame_bytes(header)
        if not length:
            if frames and ((header[:3] == b"TAG" and size - at == ID3V1_BYTES) or header[:4] == b"APET"):
                break
            if not frames:
                break
            return Finding(Answer.CANNOT_TELL, f"no mp3 frame at byte {at} after {frames} frames")
        if at + length > size:
            return Finding(Answer.REFUTED, f"cut: the mp3 frame at byte {at} reaches beyond the end")
        at += length
        frames += 1
    if not frames:
        return Finding(Answer.REFUTED, "no mp3 frame in it")
    return Finding(Answer.PROVED, f"{frames} mp3 frames to the end")


def _after_id3(file: BinaryIO) -> int:
    head = file.read(10)
    if head[:3] != b"ID3" or len(head) < 10:
        return 0
    size = 0
    for part in head[6:10]:
        size = size << 7 | part & 0x7F
    return 10 + size


def _frame_bytes(header: bytes) -> int:
    """Give the length of the MPEG layer III frame with this header; 0 when it is none."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        return 0
    version, rate_at, kbps_at = header[1] >> 3 & 3, header[2] >> 2 & 3, header[2] >> 4
    if version not in _RATES or rate_at == 3 or kbps_at in {0, 15}:
        return 0
    kbps = (_MPEG1_LAYER3_KBPS if version == 3 else _MPEG2_LAYER3_KBPS)[kbps_at]
    samples = 144 if version == 3 else 72
    return samples * kbps * 1000 // _RATES[version][rate_at] + (header[2] >> 1 & 1)


def _text(extension: str, file: BinaryIO) -> Finding:
    # Text has no end of its own, so it can be refuted here and never proved whole.
    for line in _lines(file):
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            return Finding(Answer.REFUTED, f"the {extension} is not UTF-8 text")
        if b"\x00" in line:
            return Finding(Answer.REFUTED, f"the {extension} holds zero bytes")
    return Finding(Answer.PROVED, f"{extension} is text")


def _lines(file: BinaryIO) -> Iterator[bytes]:
    yield from file
