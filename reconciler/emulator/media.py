"""Media made by code: small, structurally valid, the same for the same seed, and of any size without being in memory.

A video is an MP4 with a Motion-JPEG track, so that players and probes accept it; what is asked for beyond its frames
lies unreferenced in `mdat`, as the format allows.
"""

import hashlib
import random
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

BLOCK_BYTES = 1024 * 1024
PART_BYTES = 8 * 1024 * 1024
"""Of a multipart upload, as the usual clients of object stores make it."""

Blocks = Iterator[bytes | memoryview]


@lru_cache(maxsize=1)
def _twice_a_block() -> memoryview:
    """Give the filler of all files: one random block, twice, so that it can be read from any offset in one piece."""
    return memoryview(random.Random(0).randbytes(BLOCK_BYTES) * 2)  # noqa: S311 - filler, not a secret


@dataclass(frozen=True)
class Media:
    """A file: `head`, then `filler` bytes that repeat a random block begun at an offset of `seed`'s, then `tail`."""

    content_type: str
    head: bytes
    filler: int = 0
    tail: bytes = b""
    seed: int = 0
    _cache: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    @property
    def size(self) -> int:
        """Bytes in all."""
        return len(self.head) + self.filler + len(self.tail)

    def read(self, start: int = 0, stop: int | None = None) -> Blocks:
        """Give the bytes from `start` to `stop`, in blocks."""
        end = self.size if stop is None else min(stop, self.size)
        body = len(self.head)
        at = start
        while at < end:
            block: bytes | memoryview
            if at < body:
                block = self.head[at : min(end, body)]
            elif at < body + self.filler:
                offset = (at - body + self.seed * 7919) % BLOCK_BYTES
                block = _twice_a_block()[offset : offset + min(BLOCK_BYTES, end - at, body + self.filler - at)]
            else:
                block = self.tail[at - body - self.filler : end - body - self.filler]
            yield block
            at += len(block)

    def digest(self, name: str) -> str:
        """Give the hex digest by this hash of the whole file."""
        if name not in self._cache:
            self._cache[name] = self._hashed(name, 0, self.size).hexdigest()
        return self._cache[name]

    def multipart_digest(self) -> str:
        """Give what S3 names a file that was uploaded in parts of 8 MiB: the MD5 of the parts' MD5s, and their number.

        Inner parts of nothing but filler are alike, so that a file of any size is named after reading three of them.
        """
        parts, alike = [], b""
        for start in range(0, self.size, PART_BYTES):
            stop = min(start + PART_BYTES, self.size)
            if start < len(self.head) or stop > len(self.head) + self.filler or stop - start < PART_BYTES:
                parts.append(self._hashed("md5", start, stop).digest())
            else:
                alike = alike or self._hashed("md5", start, stop).digest()
                parts.append(alike)
        return f"{hashlib.md5(b''.join(parts), usedforsecurity=False).hexdigest()}-{len(parts)}"

    def _hashed(self, name: str, start: int, stop: int) -> "hashlib._Hash":
        hashed = hashlib.new(name, usedforsecurity=False)
        for block in self.read(start, stop):
            hashed.update(block)
        return hashed


@dataclass(frozen=True, slots=True)
class Spec:
    """What a file is made from; the bytes are made when somebody asks for them.

    `kind` is one of MAKERS; `size` is asked of videos alone; `text` is the content of text kinds.
    """

    kind: str
    seed: int = 0
    size: int = 0
    text: str = ""


@lru_cache(maxsize=1024)
def made(spec: Spec) -> Media:
    """Make a file."""
    return MAKERS[spec.kind](spec)


def changed(spec: Spec) -> Media:
    """Make the file that stands in its place once the job was made anew: as long, and of other content."""
    return made(replace(spec, seed=spec.seed + 7, text=spec.text.swapcase()))


def video(seed: int, size: int) -> Media:
    """Make an MP4 of about `size` bytes, never less than its own frames need."""
    frames = [_jpeg_bytes(seed + number, 160, 96) for number in range(8)]
    ftyp = _box(b"ftyp", b"isom", struct.pack(">I", 0x200), b"isomiso2mp41")
    samples = b"".join(frames)
    moov = _moov(frames, at=0)
    head = len(ftyp) + len(moov) + 16
    filler = max(0, size - head - len(samples))
    moov = _moov(frames, at=head)
    mdat = struct.pack(">I4sQ", 1, b"mdat", 16 + len(samples) + filler)
    return Media("video/mp4", ftyp + moov + mdat + samples, filler, seed=seed)


def jpeg(seed: int) -> Media:
    """Make a small grey picture with a gradient."""
    return Media("image/jpeg", _jpeg_bytes(seed, 320, 192))


def png(seed: int) -> Media:
    """Make a small coloured picture."""
    width, height = 64, 48
    noise = random.Random(seed)  # noqa: S311 - a picture, not a secret
    rows = b"".join(b"\x00" + noise.randbytes(3 * width) for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows, 1)) + _chunk(b"IEND", b"")
    return Media("image/png", b"\x89PNG\r\n\x1a\n" + chunks)


def mp3(seed: int) -> Media:
    """Make about two seconds of silence: MPEG-1 layer III, 128 kbit/s, 44.1 kHz, mono."""
    frame = b"\xff\xfb\x90\xc0" + bytes(413)
    tag = b"TIT2" + struct.pack(">IH", 9, 0) + b"\x03" + f"{seed % 10**8:08d}".encode()
    return Media("audio/mpeg", b"ID3\x03\x00\x00" + bytes([0, 0, 0, len(tag)]) + tag + frame * 77)


def srt(text: str) -> Media:
    """Make subtitles in SubRip form."""
    return Media("application/x-subrip", srt_text(text).encode())


def vtt(text: str) -> Media:
    """Make subtitles in WebVTT form."""
    return Media("text/vtt", vtt_text(text).encode())


def txt(text: str) -> Media:
    """Make plain text."""
    return Media("text/plain; charset=utf-8", (text + "\n").encode())


def srt_text(text: str) -> str:
    """Give a text as SubRip cues, a second each."""
    return "\n".join(
        f"{number + 1}\n{_stamp(number, ',')} --> {_stamp(number + 1, ',')}\n{line}\n"
        for number, line in enumerate(text.split(". "))
    )


def vtt_text(text: str) -> str:
    """Give a text as WebVTT cues, a second each."""
    return "WEBVTT\n\n" + "\n".join(
        f"{number + 1}\n{_stamp(number, '.')} --> {_stamp(number + 1, '.')}\n{line}\n"
        for number, line in enumerate(text.split(". "))
    )


def _stamp(second: int, mark: str) -> str:
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}{mark}000"


# -- PNG


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


# -- JPEG: baseline, one grey component, each 8x8 block flat, so that only its mean is coded

_DC_COUNTS = bytes((0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0))
_DC_SYMBOLS = bytes(range(12))
_AC_COUNTS = bytes((1, *([0] * 15)))
_END_OF_BLOCK = "0"
"""The only code of an AC table with one symbol: `end of block`."""
_QUANTIZER = 8


def _dc_codes() -> list[str]:
    codes, code, symbol = [""] * 12, 0, 0
    for length, count in enumerate(_DC_COUNTS, start=1):
        for _ in range(count):
            codes[_DC_SYMBOLS[symbol]] = format(code, f"0{length}b")
            code, symbol = code + 1, symbol + 1
        code <<= 1
    return codes


def _jpeg_bytes(seed: int, width: int, height: int) -> bytes:
    segments = (
        _segment(0xE0, b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"),
        _segment(0xFE, f"picture {seed}".encode()),
        _segment(0xDB, b"\x00" + bytes([_QUANTIZER]) * 64),
        _segment(0xC0, struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00"),
        _segment(0xC4, b"\x00" + _DC_COUNTS + _DC_SYMBOLS),
        _segment(0xC4, b"\x10" + _AC_COUNTS + b"\x00"),
        _segment(0xDA, b"\x01\x01\x00\x00\x3f\x00"),
    )
    return b"\xff\xd8" + b"".join(segments) + _scan(seed, width // 8, height // 8) + b"\xff\xd9"


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def _scan(seed: int, columns: int, rows: int) -> bytes:
    codes, bits, before = _dc_codes(), [], 0
    for row in range(rows):
        for column in range(columns):
            mean = (seed * 37 + row * 5 + column * 7) % 256 - 128
            difference, before = mean - before, mean
            size = abs(difference).bit_length()
            value = difference if difference > 0 else difference + (1 << size) - 1
            bits.append(codes[size] + (format(value, f"0{size}b") if size else "") + _END_OF_BLOCK)
    joined = "".join(bits)
    joined += "1" * (-len(joined) % 8)
    return int(joined, 2).to_bytes(len(joined) // 8, "big").replace(b"\xff", b"\xff\x00")


# -- MP4


def _box(kind: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I", len(content) + 8) + kind + content


def _full(kind: bytes, *parts: bytes) -> bytes:
    return _box(kind, bytes(4), *parts)


_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def _moov(frames: list[bytes], *, at: int) -> bytes:
    """Describe one Motion-JPEG track, a frame a second, whose first frame lies at byte `at` of the file."""
    count = len(frames)
    movie = struct.pack(">IIII", 0, 0, 1000, count * 1000) + struct.pack(">IH10x", 0x10000, 0x100)
    mvhd = _full(b"mvhd", movie, _MATRIX, bytes(24), struct.pack(">I", 2))
    track = struct.pack(">IIIII8xhhhH", 0, 0, 1, 0, count * 1000, 0, 0, 0, 0)
    tkhd = _box(b"tkhd", b"\x00\x00\x00\x03", track, _MATRIX, struct.pack(">II", 160 << 16, 96 << 16))
    mdhd = _full(b"mdhd", struct.pack(">IIIIHH", 0, 0, 1000, count * 1000, 0x55C4, 0))
    hdlr = _full(b"hdlr", bytes(4), b"vide", bytes(12), b"video\x00")
    dinf = _box(b"dinf", _full(b"dref", struct.pack(">I", 1), _box(b"url ", b"\x00\x00\x00\x01")))
    minf = _box(b"minf", _box(b"vmhd", b"\x00\x00\x00\x01", bytes(8)), dinf, _samples(frames, at))
    return _box(b"moov", mvhd, _box(b"trak", tkhd, _box(b"mdia", mdhd, hdlr, minf)))


def _samples(frames: list[bytes], at: int) -> bytes:
    count = len(frames)
    descriptor = b"\x04\x0d\x6c\x11" + bytes(3) + struct.pack(">II", 0, 0)  # object type 0x6C: JPEG
    esds = _full(b"esds", b"\x03\x15\x00\x01\x00", descriptor, b"\x06\x01\x02")
    visual = bytes(6) + struct.pack(">H16xHHIII", 1, 160, 96, 0x480000, 0x480000, 0)
    visual += struct.pack(">H32xHh", 1, 24, -1)
    return _box(
        b"stbl",
        _full(b"stsd", struct.pack(">I", 1), _box(b"mp4v", visual, esds)),
        _full(b"stts", struct.pack(">III", 1, count, 1000)),
        _full(b"stsc", struct.pack(">IIII", 1, 1, count, 1)),
        _full(b"stsz", struct.pack(">II", 0, count), b"".join(struct.pack(">I", len(frame)) for frame in frames)),
        _full(b"stco", struct.pack(">II", 1, at)),
    )


# -- by name

MAKERS: Mapping[str, Callable[[Spec], Media]] = {
    "mp4": lambda spec: video(spec.seed, spec.size),
    "mp3": lambda spec: mp3(spec.seed),
    "jpg": lambda spec: jpeg(spec.seed),
    "png": lambda spec: png(spec.seed),
    "srt": lambda spec: srt(spec.text),
    "vtt": lambda spec: vtt(spec.text),
    "txt": lambda spec: txt(spec.text),
}
"""The kinds of files, by the extension of their names."""
