"""Small media files made by hand, each whole by its format's own rules; nothing here comes from the emulator."""

import struct
import zlib


def box(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def large_box(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I4sQ", 1, kind, 16 + len(content)) + content


def mp4(media: bytes = b"\x11" * 300) -> bytes:
    head = box(b"ftyp", b"isom\x00\x00\x02\x00isommp41")
    return head + box(b"moov", box(b"mvhd", b"\x00" * 100)) + box(b"mdat", media)


def streamed_mp4() -> bytes:
    """A fragmented film: its media stands behind `moof` boxes."""
    fragment = box(b"moof", b"\x00" * 24) + box(b"mdat", b"\x22" * 90)
    return box(b"ftyp", b"iso5") + box(b"moov", b"\x00" * 40) + fragment * 3


def chunk(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int = 4, height: int = 3) -> bytes:
    rows = b"".join(b"\x00" + bytes((x * 40) % 256 for x in range(width)) for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND")


def segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", 2 + len(content)) + content


def jpeg(*, thumbnail: bool = False) -> bytes:
    """Segments, a scan with stuffed zeros and a restart marker in it, and the end; maybe with a picture inside."""
    inside = jpeg() if thumbnail else b""
    jfif = segment(0xE0, b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00")
    tables = segment(0xDB, b"\x00" + b"\x10" * 64) + segment(0xC0, b"\x08\x00\x08\x00\x08\x01\x01\x11\x00")
    scan = segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + b"\x12\xff\x00\x34\xff\xd3\x56" * 20
    return b"\xff\xd8" + jfif + segment(0xE1, b"Exif" + inside) + tables + scan + b"\xff\xd9"


def mp3(frames: int = 6, *, id3: bool = False, tag: bool = False) -> bytes:
    """MPEG 1 layer III at 32 kbit/s and 44.1 kHz: frames of 104 bytes."""
    head = b"ID3\x04\x00\x00\x00\x00\x00\x0a" + b"\x00" * 10 if id3 else b""
    return head + (b"\xff\xfb\x10\xc0" + b"\x00" * 100) * frames + (b"TAG" + b" " * 125 if tag else b"")


SRT = b"1\n00:00:00,000 --> 00:00:01,400\nHarvest begins.\n\n2\n00:00:01,400 --> 00:00:03,000\nIt ends.\n"
VTT = b"WEBVTT\n\n1\n00:00:00.000 --> 00:00:01.400\nHarvest begins.\n"
TXT = "Die Ernte beginnt früh.".encode()

WHOLE: dict[str, tuple[str, bytes]] = {
    "mp4": ("mp4", mp4()),
    "mp4 with a large box": ("mp4", box(b"ftyp", b"isom") + large_box(b"mdat", b"\x33" * 50) + box(b"moov", b"\x00")),
    "mp4 in fragments": ("mp4", streamed_mp4()),
    "jpg": ("jpg", jpeg()),
    "jpg with a thumbnail": ("jpg", jpeg(thumbnail=True)),
    "png": ("png", png()),
    "mp3": ("mp3", mp3()),
    "mp3 with tags": ("mp3", mp3(id3=True, tag=True)),
    "srt": ("srt", SRT),
    "vtt": ("vtt", VTT),
    "txt": ("txt", TXT),
}
