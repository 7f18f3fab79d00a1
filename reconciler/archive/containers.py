"""What a file's own structure tells, walked to its end: pictures here, films, sounds and texts in modules of theirs."""

import mmap
import re
import zlib
from typing import BinaryIO

from reconciler.archive.films import film
from reconciler.archive.findings import Answer, Finding
from reconciler.archive.sounds import sound
from reconciler.archive.texts import text

BLOCK_BYTES = 1 << 20
PADDING = b"\x00\r\n"


def structure(extension: str, file: BinaryIO, size: int) -> Finding:
    """Walk a file of `size` bytes, more than none, by the rules of its format."""
    file.seek(0)
    match extension:
        case "mp4":
            return film(file, size)
        case "jpg":
            return _jpeg(file, size)
        case "png":
            return _png(file, size)
        case "mp3":
            return sound(file, size)
        case _:
            return text(extension, file)


_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])", re.DOTALL)
"""A marker; stuffed zeros and restart markers are part of the picture's data."""
_JPEG_END, _JPEG_SCAN = b"\xd9", b"\xda"
_JPEG_FRAMES = frozenset(bytes((code,)) for code in range(0xC0, 0xD0) if code not in {0xC4, 0xC8, 0xCC})


def _jpeg(file: BinaryIO, size: int) -> Finding:
    """Walk the segments: a thumbnail inside one has an end marker of its own, which must not be taken for the end."""
    seen: set[bytes] = set()
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        at = 2
        while marker := _MARKER.search(content, at):
            at = marker.end()
            if marker[1] == _JPEG_END:
                if not (_JPEG_FRAMES & seen and _JPEG_SCAN in seen):
                    return Finding(Answer.REFUTED, "the jpg ends before any picture")
                return _behind("jpg", content, at) or Finding(
                    Answer.PROVED, f"jpg segments to the end marker at byte {at}", proves_end=True
                )
            seen.add(marker[1])
            at += int.from_bytes(content[at : at + 2], "big")
    return Finding(Answer.REFUTED, f"cut: the jpg has no end marker in its {size} bytes")


def _behind(extension: str, content: mmap.mmap, at: int) -> Finding | None:
    """Refute a picture behind whose end there is more than padding: a page that a broken resume put there."""
    while block := content[at : at + BLOCK_BYTES]:
        if block.strip(PADDING):
            return Finding(Answer.REFUTED, f"something follows the {extension}'s end at byte {at}")
        at += len(block)
    return None


def _png(file: BinaryIO, size: int) -> Finding:
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        at, seen = 8, set()
        while at < size:
            length, kind = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8]
            if at + 12 + length > size:
                return Finding(Answer.REFUTED, f"cut: the png chunk at byte {at} reaches beyond the end")
            if not _crc_fits(content, at + 4, length + 4):
                return Finding(Answer.REFUTED, f"damaged: the checksum of the png chunk at byte {at} differs")
            at += 12 + length
            seen.add(kind)
            if kind == b"IEND":
                return _png_end(content, at, seen)
    return Finding(Answer.REFUTED, "cut: the png has no end chunk")


def _png_end(content: mmap.mmap, at: int, seen: set[bytes]) -> Finding:
    if not seen >= {b"IHDR", b"IDAT"}:
        return Finding(Answer.REFUTED, "the png ends before any picture")
    return _behind("png", content, at) or Finding(Answer.PROVED, "png chunks and checksums to the end", proves_end=True)


def _crc_fits(content: mmap.mmap, start: int, length: int) -> bool:
    crc, end = 0, start + length
    for at in range(start, end, BLOCK_BYTES):
        crc = zlib.crc32(content[at : min(at + BLOCK_BYTES, end)], crc)
    return crc == int.from_bytes(content[end : end + 4], "big")
