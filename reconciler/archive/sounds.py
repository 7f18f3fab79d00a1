"""An MP3 walked: frames and tags tile the file, and are as many as its own head says.

A stream of frames has no end, so one cut between two of them shows nothing; the head that encoders write (`Xing`,
`Info`, `VBRI`) counts them.
"""

import mmap
from dataclasses import dataclass
from typing import BinaryIO

from reconciler.archive.boxes import GIVE_BACK_BYTES, give_back
from reconciler.archive.findings import Answer, Finding

_MPEG1_LAYER3_KBPS = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MPEG2_LAYER3_KBPS = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
ID3V1_BYTES = 128
PADDING_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class _Walk:
    """How far frames and tags went: where the first frame begins, where the last ends, where all ends, how many."""

    begin: int
    frames_end: int
    end: int
    frames: int


def sound(file: BinaryIO, size: int) -> Finding:
    """Walk an MP3 of `size` bytes."""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        walk = _walked(content, size)
        if not walk.frames:
            return Finding(Answer.REFUTED, "no mp3 frame in it")
        if walk.end > size:
            return Finding(Answer.REFUTED, f"cut: the mp3 frame or tag before byte {walk.end} reaches beyond the end")
        if walk.end < size:
            return Finding(Answer.REFUTED, f"damaged: no mp3 frame at byte {walk.end} after {walk.frames} frames")
        return _counted(content, walk)


def _walked(content: mmap.mmap, size: int) -> _Walk:
    begin, frames_end, at, frames = -1, 0, 0, 0
    while at < size:
        length = _frame_bytes(content[at : at + 4])
        if length:
            begin = at if begin < 0 else begin
            frames_end, frames = at + length, frames + 1
        else:
            length = _tag_bytes(content, at, size)
        if not length:
            break
        at += length
        if at // GIVE_BACK_BYTES > (at - length) // GIVE_BACK_BYTES:
            give_back(content)
    return _Walk(begin, frames_end, at, frames)


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


# -- tags, before and behind the frames, and between those of files that were joined


def _tag_bytes(content: mmap.mmap, at: int, size: int) -> int:
    """Give the length of the tag or padding that begins here; 0 when neither does."""
    head = content[at : at + 32]
    if head[:3] == b"ID3" and len(head) >= 10 and all(part < 0x80 for part in head[6:10]):
        length = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
        return 10 + length + (10 if head[5] & 0x10 else 0)
    if head[:3] == b"TAG" and size - at == ID3V1_BYTES:
        return ID3V1_BYTES
    if head[:8] == b"APETAGEX" and len(head) == 32:
        is_header = bool(int.from_bytes(head[20:24], "little") & 0x20000000)
        return 32 + (int.from_bytes(head[12:16], "little") if is_header else 0)
    if head[:11] == b"LYRICSBEGIN":
        return _lyrics_bytes(content, at, size)
    return 0


def _lyrics_bytes(content: mmap.mmap, at: int, size: int) -> int:
    end = content.find(b"LYRICS200", at, min(size, at + PADDING_BLOCK))
    return end + 9 - at if end >= 0 else 0


# -- what the head counts


def _counted(content: mmap.mmap, walk: _Walk) -> Finding:
    told = f"{walk.frames} mp3 frames to the end"
    counts = _counts(content, walk.begin)
    if counts is None:
        return Finding(Answer.PROVED, told)
    frames, size = counts
    # Some encoders count the frame that holds the head, and some do not.
    if frames and walk.frames < frames:
        return Finding(Answer.REFUTED, f"cut: {told}, and its head counts {frames}")
    if size and walk.frames_end - walk.begin < size:
        return Finding(Answer.REFUTED, f"cut: {walk.frames_end - walk.begin} bytes of frames, its head counts {size}")
    if frames and walk.frames > frames + 1:
        return Finding(Answer.CANNOT_TELL, f"{told}, and its head counts {frames}")
    return Finding(Answer.PROVED, f"{told}, as its head counts", proves_end=bool(frames and size))


def _counts(content: mmap.mmap, begin: int) -> tuple[int, int] | None:
    """Read how many frames and bytes the first frame's head counts, 0 for what it does not say; None without one."""
    header = content[begin : begin + 4]
    is_mono, is_first = header[3] >> 6 == 3, header[1] >> 3 & 3 == 3
    side = (17 if is_mono else 32) if is_first else (9 if is_mono else 17)
    head = content[begin + 4 + side : begin + 20 + side]
    if head[:4] in {b"Xing", b"Info"}:
        flags = head[7]
        frames = int.from_bytes(head[8:12], "big") if flags & 1 else 0
        at = 12 if flags & 1 else 8
        return frames, int.from_bytes(head[at : at + 4], "big") if flags & 2 else 0
    fraunhofer = content[begin + 36 : begin + 54]
    if fraunhofer[:4] == b"VBRI":
        return int.from_bytes(fraunhofer[14:18], "big"), int.from_bytes(fraunhofer[10:14], "big")
    return None
