"""Small media files made by hand, each whole by its format's own rules; nothing here comes from the emulator."""

import struct
import zlib
from itertools import accumulate

# -- MP4: a track of 16-bit sound, 8 kHz


def box(kind: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I4s", 8 + len(content), kind) + content


def large_box(kind: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I4sQ", 1, kind, 16 + len(content)) + content


def full_box(kind: bytes, *parts: bytes, flags: int = 0) -> bytes:
    return box(kind, struct.pack(">I", flags), *parts)


FTYP = box(b"ftyp", b"isom\x00\x00\x02\x00isommp41")
PAIR = b"\x01\x23" * 40
_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def mp4(
    *chunks: bytes, index_last: bool = False, large: bool = False, before: bytes = b"", behind: bytes = b""
) -> bytes:
    """A film of these chunks of sound, each in an `mdat` of its own, with an index that names where each begins.

    The chunks must be of one length.  `large` writes all lengths and places in 64 bits; `before` and `behind` are put
    at the ends.
    """
    chunks = chunks or (PAIR,)
    media = [(large_box if large else box)(b"mdat", chunk) for chunk in chunks]
    moov = _moov([0] * len(chunks), len(chunks[0]) // 2, large=large)
    head = len(before) + len(FTYP) + (0 if index_last else len(moov)) + (16 if large else 8)
    places = [head + at for at in accumulate((len(each) for each in media[:-1]), initial=0)]
    moov = _moov(places, len(chunks[0]) // 2, large=large)
    return before + b"".join([FTYP, *media, moov] if index_last else [FTYP, moov, *media]) + behind


def h264_mp4(*pictures: bytes, spread: tuple[tuple[int, int], ...] = (), chunks: int = 1) -> bytes:
    """A film of pictures with the tables of H.264: each picture is units that begin with their length.

    `spread` is its table of chunks, each entry the first chunk and the pictures in each from there on; by default all
    pictures lie in one.
    """
    spread = spread or ((1, len(pictures)),)
    each = len(pictures) // chunks
    avc1 = box(b"avc1", bytes(78), box(b"avcC", b"\x01\x42\x00\x1e\xff\xe0\x00"))
    hdlr = full_box(b"hdlr", bytes(4), b"vide", bytes(12), b"film\x00")

    def moov(at: int) -> bytes:
        places = [at + sum(map(len, pictures[: each * number])) for number in range(chunks)]
        stbl = box(
            b"stbl",
            full_box(b"stsd", struct.pack(">I", 1), avc1),
            full_box(b"stts", struct.pack(">III", 1, len(pictures), 1)),
            full_box(b"stsc", struct.pack(">I", len(spread)), *(struct.pack(">III", *entry, 1) for entry in spread)),
            full_box(b"stsz", struct.pack(f">II{len(pictures)}I", 0, len(pictures), *map(len, pictures))),
            full_box(b"stco", struct.pack(f">I{chunks}I", chunks, *places)),
        )
        mdia = box(b"mdia", hdlr, box(b"minf", stbl))
        return box(b"moov", full_box(b"mvhd", bytes(96)), box(b"trak", mdia))

    head = FTYP + moov(len(FTYP) + len(moov(0)) + 8)
    return head + box(b"mdat", *pictures)


def picture(*units: bytes) -> bytes:
    return b"".join(struct.pack(">I", len(unit)) + unit for unit in units)


def streamed_mp4(*, with_index: bool = False) -> bytes:
    """A film in fragments: its media stands behind `moof` boxes; `with_index` puts the list of them at the end."""
    trex = full_box(b"trex", struct.pack(">5I", 1, 1, 1, 2, 0))
    moov = _moov([], 0, large=False, extends=box(b"mvex", trex))
    fragments = b"".join(_moof(number, PAIR) + box(b"mdat", PAIR) for number in (1, 2, 3))
    mfra = box(b"mfra", full_box(b"mfro", struct.pack(">I", 24))) if with_index else b""
    return box(b"ftyp", b"iso5\x00\x00\x02\x00iso5") + moov + fragments + mfra


def _moof(number: int, media: bytes) -> bytes:
    def fragment(media_at: int) -> bytes:
        tfhd = full_box(b"tfhd", struct.pack(">I", 1), flags=0x020000)  # places count from this `moof`
        tfdt = full_box(b"tfdt", struct.pack(">I", (number - 1) * len(media) // 2))
        trun = full_box(b"trun", struct.pack(">Ii", len(media) // 2, media_at), flags=0x1)
        mfhd = full_box(b"mfhd", struct.pack(">I", number))
        return box(b"moof", mfhd, box(b"traf", tfhd, tfdt, trun))

    return fragment(len(fragment(0)) + 8)


def _moov(places: list[int], samples_each: int, *, large: bool, extends: bytes = b"") -> bytes:
    count = len(places) * samples_each
    movie = struct.pack(">4IIH10x", 0, 0, 8000, count, 0x10000, 0x100)
    mvhd = full_box(b"mvhd", movie, _MATRIX, bytes(24), struct.pack(">I", 2))
    tkhd = full_box(b"tkhd", struct.pack(">5I8xhhhH", 0, 0, 1, 0, count, 0, 0, 0x100, 0), _MATRIX, bytes(8), flags=3)
    mdhd = full_box(b"mdhd", struct.pack(">4IHH", 0, 0, 8000, count, 0x55C4, 0))
    hdlr = full_box(b"hdlr", bytes(4), b"soun", bytes(12), b"sound\x00")
    dinf = box(b"dinf", full_box(b"dref", struct.pack(">I", 1), full_box(b"url ", flags=1)))
    sound = box(b"twos", bytes(6), struct.pack(">H8xHHHHI", 1, 1, 16, 0, 0, 8000 << 16))
    wide = struct.pack(f">I{len(places)}Q", len(places), *places) if large else b""
    narrow = b"" if large else struct.pack(f">I{len(places)}I", len(places), *places)
    stbl = box(
        b"stbl",
        full_box(b"stsd", struct.pack(">I", 1), sound),
        full_box(b"stts", struct.pack(">III", 1, count, 1) if places else struct.pack(">I", 0)),
        full_box(b"stsc", struct.pack(">IIII", 1, 1, samples_each, 1) if places else struct.pack(">I", 0)),
        full_box(b"stsz", struct.pack(">II", 2 if places else 0, count)),
        full_box(b"co64", wide) if large else full_box(b"stco", narrow),
    )
    minf = box(b"minf", full_box(b"smhd", bytes(4)), dinf, stbl)
    return box(b"moov", mvhd, box(b"trak", tkhd, box(b"mdia", mdhd, hdlr, minf)), extends)


# -- PNG


def chunk(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


PNG_SIGN = b"\x89PNG\r\n\x1a\n"


def png(width: int = 4, height: int = 3, *, told: bytes = b"") -> bytes:
    """A grey gradient; `told` is a comment in a chunk of its own."""
    rows = b"".join(b"\x00" + bytes((x * 40) % 256 for x in range(width)) for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    comment = chunk(b"tEXt", b"Comment\x00" + told) if told else b""
    return PNG_SIGN + chunk(b"IHDR", head) + comment + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND")


# -- JPEG: grey, of blocks of one brightness each


def segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", 2 + len(content)) + content


def jpeg(rows: int = 3, *, inside: bytes = b"") -> bytes:
    """`rows` rows of four blocks, a restart marker between them, a stuffed zero in each; `inside` an Exif segment."""
    # Two codes for the mean of a block: 0, no change; 10, a change of eleven bits.  One for the rest: 0, all zero.
    no_change, brighter = "0" + "0", "10" + "1" * 11 + "0"
    bits = no_change * 3 + brighter + "1" * 4
    scan = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\x00")
    assert b"\xff\x00" in scan
    segments = (
        segment(0xE0, b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"),
        segment(0xE1, b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x00\x00" + inside) if inside else b"",
        segment(0xDB, b"\x00" + b"\x01" * 64),
        segment(0xC0, struct.pack(">BHHB", 8, 8 * rows, 32, 1) + b"\x01\x11\x00"),
        segment(0xC4, b"\x00" + bytes((1, 1, *[0] * 14)) + b"\x00\x0b"),
        segment(0xC4, b"\x10" + bytes((1, *[0] * 15)) + b"\x00"),
        segment(0xDD, struct.pack(">H", 4)),
        segment(0xDA, b"\x01\x01\x00\x00\x3f\x00"),
    )
    restarted = b"".join(bytes((0xFF, 0xD0 + number % 8)) + scan for number in range(rows - 1))
    return b"\xff\xd8" + b"".join(segments) + scan + restarted + b"\xff\xd9"


# -- MP3: frames of silence


MP3_HEADERS: dict[str, tuple[bytes, int]] = {
    "MPEG 1, 32 kbit/s, 44.1 kHz": (b"\xff\xfb\x10\xc0", 104),
    "the same, padded": (b"\xff\xfb\x12\xc0", 105),
    "MPEG 1, 128 kbit/s, 48 kHz": (b"\xff\xfb\x94\xc0", 384),
    "MPEG 1, 320 kbit/s, 32 kHz": (b"\xff\xfb\xe8\xc0", 1440),
    "MPEG 2, 64 kbit/s, 22.05 kHz": (b"\xff\xf3\x80\xc0", 208),
    "MPEG 2, 160 kbit/s, 16 kHz": (b"\xff\xf3\xe8\xc0", 720),
    "MPEG 2.5, 8 kbit/s, 11.025 kHz": (b"\xff\xe3\x10\xc0", 52),
    "MPEG 2.5, 24 kbit/s, 8 kHz": (b"\xff\xe3\x38\xc0", 216),
}
"""The header of a frame, and the bytes of the whole frame by the format's own tables."""


def mp3(frames: int = 6, *, header: bytes = b"\xff\xfb\x10\xc0", length: int = 104) -> bytes:
    return (header + bytes(length - 4)) * frames


def head_frame(frames: int, size: int, *, name: bytes = b"Info") -> bytes:
    """A frame of silence that holds a head: how many frames there are, and of how many bytes; 0 leaves one out."""
    counts = b"".join(struct.pack(">I", count) for count in (frames, size) if count)
    told = bytes(17) + name + struct.pack(">I", bool(frames) + 2 * bool(size)) + counts
    if name == b"VBRI":
        told = bytes(32) + name + struct.pack(">HHH", 1, 0, 0) + struct.pack(">II", size, frames)
    return b"\xff\xfb\x10\xc0" + told + bytes(100 - len(told))


def counted_mp3(frames: int = 5, *, name: bytes = b"Info", counts_itself: bool = False) -> bytes:
    return head_frame(frames + counts_itself, 104 * (frames + 1), name=name) + mp3(frames)


ID3 = b"ID3\x04\x00\x00\x00\x00\x01\x02" + bytes(130)
"""A tag of 130 bytes before the frames; its length is written in sevens of bits."""
ID3V1 = b"TAG" + b" " * 125
"""The older tag, behind the frames."""


# -- texts

SRT = b"1\n00:00:00,000 --> 00:00:01,400\nHarvest begins.\n\n2\n00:00:01,400 --> 00:00:03,000\nIt ends.\n"
VTT = b"WEBVTT\n\n1\n00:00:00.000 --> 00:00:01.400\nHarvest begins.\n"
TXT = "Die Ernte beginnt früh.".encode()

WHOLE: dict[str, tuple[str, bytes]] = {
    "mp4": ("mp4", mp4()),
    "mp4 with its index last": ("mp4", mp4(PAIR, PAIR, index_last=True)),
    "mp4 with wide boxes": ("mp4", mp4(PAIR, large=True)),
    "mp4 of pictures": ("mp4", h264_mp4(picture(b"a" * 20, b"b" * 30), picture(b"c" * 25))),
    "mp4 in fragments": ("mp4", streamed_mp4()),
    "mp4 in fragments, indexed": ("mp4", streamed_mp4(with_index=True)),
    "jpg": ("jpg", jpeg()),
    "jpg with a thumbnail": ("jpg", jpeg(inside=jpeg(1))),
    "png": ("png", png()),
    "png with a comment": ("png", png(told=b"an orchard")),
    "mp3": ("mp3", mp3()),
    "mp3 with tags": ("mp3", ID3 + mp3() + ID3V1),
    "mp3 with a head": ("mp3", counted_mp3()),
    "mp3 with a head that counts itself": ("mp3", counted_mp3(counts_itself=True)),
    "mp3 with a Fraunhofer head": ("mp3", counted_mp3(name=b"VBRI")),
    "srt": ("srt", SRT),
    "vtt": ("vtt", VTT),
    "txt": ("txt", TXT),
}
