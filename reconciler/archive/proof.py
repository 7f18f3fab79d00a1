"""Is a downloaded file whole?  Small checks, each PROVED, REFUTED or CANNOT_TELL with its evidence (I15).

The policy: one REFUTED refuses the file; and its end must be PROVED by its length, its transfer or its own structure,
for a cut file can be perfect in all it has.
"""

import mmap
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import BinaryIO

HEAD_BYTES = 4096


class Answer(Enum):
    """What one check tells."""

    PROVED = "proved"
    REFUTED = "refuted"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's answer.  `proves_end` says that a PROVED one shows nothing to be cut off."""

    answer: Answer
    evidence: str
    proves_end: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """How a file came: bytes written, their sha256 and md5, and what the server said about it.

    `declared` is Content-Length, None where there was none; `framed` says that the transfer's own framing (chunks)
    told its end; `etag` and `content_md5` are the headers as they were, empty where absent.
    """

    size: int
    sha256: str
    md5: str
    declared: int | None
    framed: bool
    content_type: str
    etag: str
    content_md5: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """All findings on one file."""

    findings: tuple[Finding, ...]

    @property
    def refusal(self) -> str:
        """Why the file is not taken; empty when it is."""
        refuted = [finding.evidence for finding in self.findings if finding.answer is Answer.REFUTED]
        if refuted:
            return "; ".join(refuted)
        if not any(finding.proves_end for finding in self.findings if finding.answer is Answer.PROVED):
            return "nothing shows that it is whole: no length, no checksum, no structure with an end"
        return ""

    @property
    def evidence(self) -> str:
        """What was told, in one line for the receipt."""
        return "; ".join(finding.evidence for finding in self.findings if finding.evidence)


def judge(path: Path, extension: str, transfer: Transfer) -> Judgement:
    """Put every check to a file that should be of this extension."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        findings = [_length(transfer), _not_empty(transfer), _content(extension, head), _checksum(transfer)]
        if not any(finding.answer is Answer.REFUTED for finding in findings):
            findings.append(_structure(extension, file, transfer.size))
    return Judgement(tuple(findings))


# -- what the transfer tells


def _length(transfer: Transfer) -> Finding:
    if transfer.declared is None:
        if transfer.framed:
            return Finding(Answer.PROVED, "chunks came to their end", proves_end=True)
        return Finding(Answer.CANNOT_TELL, "no length was declared")
    if transfer.declared != transfer.size:
        return Finding(Answer.REFUTED, f"{transfer.size} bytes came of {transfer.declared} declared")
    return Finding(Answer.PROVED, f"length {transfer.size} as declared", proves_end=True)


def _not_empty(transfer: Transfer) -> Finding:
    return Finding(Answer.PROVED, "") if transfer.size else Finding(Answer.REFUTED, "it is empty")


_MD5_TAG = re.compile(r'"([0-9a-f]{32})"')


def _checksum(transfer: Transfer) -> Finding:
    if transfer.content_md5:
        if transfer.content_md5 == transfer.md5:
            return Finding(Answer.PROVED, "Content-MD5 equal", proves_end=True)
        return Finding(Answer.REFUTED, "its MD5 is not the Content-MD5 that the server sent")
    tag = _MD5_TAG.fullmatch(transfer.etag)
    if tag and tag[1] == transfer.md5:
        return Finding(Answer.PROVED, "ETag is its MD5", proves_end=True)
    return Finding(Answer.CANNOT_TELL, "no checksum offered")


def etag_may_be_md5(transfer: Transfer) -> bool:
    """Tell whether the ETag looks like an MD5 and is not this file's: a reason to read it a second time."""
    tag = _MD5_TAG.fullmatch(transfer.etag)
    return bool(tag) and tag[1] != transfer.md5 if tag else False


# -- what the first bytes tell

_SIGNS = {
    "mp4": re.compile(rb"....(ftyp|moov|mdat|free|skip|wide|styp)", re.DOTALL),
    "jpg": re.compile(rb"\xff\xd8\xff"),
    "png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "mp3": re.compile(rb"ID3|\xff[\xe2-\xff]"),
    "srt": re.compile(rb"(\xef\xbb\xbf)?\s*\d+\s*\r?\n\s*\d+:\d\d:\d\d[,.]\d+ *-->"),
    "vtt": re.compile(rb"(\xef\xbb\xbf)?WEBVTT"),
    "txt": re.compile(rb""),
}
_MARKUP = re.compile(rb"(\xef\xbb\xbf)?\s*<(!doctype|html|head|body|\?xml|error)", re.IGNORECASE)


def _content(extension: str, head: bytes) -> Finding:
    if _MARKUP.match(head):
        return Finding(Answer.REFUTED, f"a web page or XML stands where {extension} belongs")
    sign = _SIGNS.get(extension)
    if sign is None:
        return Finding(Answer.CANNOT_TELL, f"nothing is known of {extension} files")
    if not sign.match(head):
        return Finding(Answer.REFUTED, f"its first bytes are not those of {extension}: {head[:8].hex(' ')}")
    return Finding(Answer.PROVED, f"begins as {extension}")


# -- what its own structure tells


def _structure(extension: str, file: BinaryIO, size: int) -> Finding:
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
    at, seen = 0, set()
    while at < size:
        file.seek(at)
        header = file.read(16)
        length = int.from_bytes(header[:4], "big")
        least = 8
        if length == 1:
            length, least = int.from_bytes(header[8:16], "big"), 16
        elif length == 0:
            return Finding(Answer.CANNOT_TELL, "its last mp4 box is open-ended")
        if length < least or at + length > size:
            return Finding(Answer.REFUTED, f"cut or damaged: the mp4 box at byte {at} reaches beyond the end")
        seen.add(header[4:8])
        at += length
    missing = {b"ftyp", b"moov", b"mdat"} - seen
    if missing:
        return Finding(Answer.REFUTED, f"mp4 without {', '.join(sorted(name.decode() for name in missing))}")
    if b"moof" in seen and b"mfra" not in seen:
        return Finding(Answer.CANNOT_TELL, "an mp4 in fragments, of which the last ones may be missing")
    return Finding(Answer.PROVED, f"mp4 boxes end at byte {size}", proves_end=True)


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
                if content[at : at + HEAD_BYTES].strip(b"\x00\r\n"):
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
