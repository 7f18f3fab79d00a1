"""Laws of the proof: for every whole file, cut, changed or replaced in whatever way (I15)."""

import hashlib
import struct
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reconciler.archive.checksums import Offered
from reconciler.archive.proof import Judgement, Transfer, judge
from tests.support.media_bytes import (
    FTYP,
    ID3,
    ID3V1,
    MP3_HEADERS,
    PAIR,
    PNG_SIGN,
    box,
    chunk,
    counted_mp3,
    full_box,
    h264_mp4,
    jpeg,
    mp3,
    mp4,
    picture,
    png,
    segment,
    streamed_mp4,
)

# Read as text, so that a cut inside a letter and a stray byte order mark are among the examples.
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30)
CUES = st.lists(WORDS.filter(lambda text: text.strip() and "-->" not in text), min_size=1, max_size=3)
FILMS = st.builds(
    lambda count, index_last, large: mp4(*[PAIR] * count, index_last=index_last, large=large),
    st.integers(1, 4),
    st.booleans(),
    st.booleans(),
)
PICTURES = st.one_of(
    st.builds(png, st.integers(1, 9), st.integers(1, 9), told=st.binary(max_size=20)).map(lambda made: ("png", made)),
    st.builds(jpeg, st.integers(1, 12)).map(lambda made: ("jpg", made)),
    st.builds(lambda rows: jpeg(rows, inside=jpeg(rows)), st.integers(1, 3)).map(lambda made: ("jpg", made)),
)
SOUNDS = st.builds(
    lambda kind, frames, before, behind: before + mp3(frames, header=kind[0], length=kind[1]) + behind,
    st.sampled_from(sorted(MP3_HEADERS.values())),
    st.integers(1, 4),
    st.sampled_from([b"", ID3]),
    st.sampled_from([b"", ID3V1]),
)


def _vtt_cue(number: int, text: str) -> str:
    return f"00:0{number}.000 --> 00:0{number}.900\n{text}"


SUBTITLES = CUES.map(lambda cues: "".join(f"{n}\n0:00:0{n},0 --> 0:00:0{n},9\n{cue}\n" for n, cue in enumerate(cues)))
MEDIA = st.one_of(
    FILMS.map(lambda made: ("mp4", made)),
    st.booleans().map(lambda indexed: ("mp4", streamed_mp4(with_index=indexed))),
    PICTURES,
    SOUNDS.map(lambda made: ("mp3", made)),
)
TEXTS = st.one_of(
    SUBTITLES.map(lambda text: ("srt", text.encode())),
    CUES.map(lambda cues: ("vtt", ("WEBVTT\n\n" + "\n\n".join(map(_vtt_cue, count(), cues))).encode())),
    WORDS.filter(lambda text: "<" not in text).map(lambda text: ("txt", text.encode())),
)
WHOLE_FILES = st.one_of(MEDIA, TEXTS)
EXTENSIONS = ["mp4", "jpg", "png", "mp3", "srt", "vtt", "txt", "xyz"]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("proof") / "file"


def md5_of(content: bytes) -> tuple[Offered, ...]:
    return (Offered("Content-MD5", "md5", hashlib.md5(content, usedforsecurity=False).hexdigest()),)


def came(content: bytes) -> Transfer:
    """What was received, of which the server said nothing."""
    return Transfer(
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        md5=hashlib.md5(content, usedforsecurity=False).hexdigest(),
        declared=None,
        framed=False,
        content_type="",
        etag="",
    )


def judged(path: Path, extension: str, content: bytes, transfer: Transfer | None = None) -> Judgement:
    path.write_bytes(content)
    return judge(path, extension, transfer or came(content))


@given(WHOLE_FILES)
def test_a_whole_file_of_its_declared_length_is_taken(path: Path, file: tuple[str, bytes]) -> None:
    extension, content = file
    assert judged(path, extension, content, replace(came(content), declared=len(content))).refusal == ""


@given(WHOLE_FILES, st.data())
def test_a_cut_file_without_length_and_checksum_is_never_taken(
    path: Path, file: tuple[str, bytes], data: st.DataObject
) -> None:  # I15
    extension, content = file
    at = data.draw(st.integers(0, len(content) - 1))
    assert judged(path, extension, content[:at]).refusal != ""


@given(st.integers(2, 5), st.booleans(), st.data())
def test_a_film_cut_at_any_of_its_boxes_is_never_taken(
    path: Path, parts: int, large: bool, data: st.DataObject
) -> None:  # I15
    whole = mp4(*[PAIR] * parts, large=large)
    at = whole.index(b"mdat") - 4 + data.draw(st.integers(0, parts - 1)) * (len(PAIR) + (16 if large else 8))
    assert judged(path, "mp4", whole[:at]).refusal != ""


@given(WHOLE_FILES, st.data())
def test_a_cut_file_whose_length_or_checksum_was_told_is_never_taken(
    path: Path, file: tuple[str, bytes], data: st.DataObject
) -> None:  # I15
    extension, content = file
    cut = content[: data.draw(st.integers(0, len(content) - 1))]
    whole = came(content)
    for told in ({"declared": len(content)}, {"checksums": md5_of(content)}, {"etag": f'"{whole.md5}"'}):
        assert judged(path, extension, cut, replace(came(cut), **told)).refusal != ""


@given(PICTURES, st.data())
def test_a_changed_byte_of_a_png_is_never_taken(path: Path, file: tuple[str, bytes], data: st.DataObject) -> None:
    """I15: all of a PNG stands under a checksum, but for the lengths, whose change moves the checksums."""
    extension, content = file
    assume(extension == "png")
    at, change = data.draw(st.integers(0, len(content) - 1)), data.draw(st.integers(1, 255))
    changed = content[:at] + bytes([content[at] ^ change]) + content[at + 1 :]
    assert judged(path, extension, changed, replace(came(changed), declared=len(changed))).refusal != ""


@given(WHOLE_FILES, st.data())
def test_a_changed_byte_under_a_content_md5_is_never_taken(
    path: Path, file: tuple[str, bytes], data: st.DataObject
) -> None:  # I15
    extension, content = file
    at, change = data.draw(st.integers(0, len(content) - 1)), data.draw(st.integers(1, 255))
    changed = content[:at] + bytes([content[at] ^ change]) + content[at + 1 :]
    told = replace(came(changed), declared=len(content), framed=True, checksums=md5_of(content))
    assert judged(path, extension, changed, told).refusal != ""


BEFORE_A_PAGE = st.text(" \t\r\n", max_size=5)
PAGES = st.sampled_from(["<!DOCTYPE html>", "<html ", "<head>", "<body", "<?xml version='1.0'?>", "<Error>", "<!-- x"])


@given(
    st.booleans(), BEFORE_A_PAGE, PAGES, st.lists(st.booleans(), max_size=16), st.text(max_size=20),
    st.sampled_from(EXTENSIONS),
)  # fmt: skip
def test_a_web_page_is_taken_under_no_name(
    path: Path, marked: bool, before: str, page: str, capitals: list[bool], rest: str, extension: str
) -> None:  # I15
    head = "".join(sign.swapcase() if swap else sign for sign, swap in zip(page, capitals, strict=False))
    text = before + head + page[len(head) :] + rest
    content = (b"\xef\xbb\xbf" if marked else b"") + text.encode("utf-8", "surrogatepass")
    transfer = replace(came(content), declared=len(content), etag=f'"{came(content).md5}"')
    assert judged(path, extension, content, transfer).refusal != ""


# Beginnings that lead each walk somewhere: what follows is anything.
BEGINNINGS: list[tuple[str, bytes]] = [
    *(("mp4", begun) for begun in (FTYP, FTYP + box(b"moov"), FTYP + b"\x00\x00\x00\x01mdat", FTYP + bytes(4))),
    *(("mp4", FTYP + box(b"mdat") + box(b"moov", box(b"trak", stco))) for stco in (b"\x00\x00\x00\x20stco", bytes(8))),
    *(("jpg", begun) for begun in (b"\xff\xd8\xff", b"\xff\xd8" + segment(0xE0, b"JFIF"), jpeg()[:-2])),
    *(("png", begun) for begun in (PNG_SIGN, PNG_SIGN + chunk(b"IHDR", bytes(13)), PNG_SIGN + b"\xff\xff\xff\xff")),
    *(("mp3", begun) for begun in (b"\xff\xfb", b"ID3", ID3, mp3(1), b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f")),
    *((extension, b"") for extension in EXTENSIONS),
]


@given(st.sampled_from(BEGINNINGS), st.binary(max_size=60), st.booleans())
def test_any_bytes_are_judged_without_an_error_and_never_on_a_wrong_length(
    path: Path, begun: tuple[str, bytes], rest: bytes, is_longer: bool
) -> None:  # I15
    extension, content = begun[0], begun[1] + rest
    transfer = came(content)
    judged(path, extension, content, transfer)
    wrong = len(content) + 1 if is_longer or not content else len(content) - 1
    assert judged(path, extension, content, replace(transfer, declared=wrong)).refusal != ""


@given(WHOLE_FILES, st.sampled_from(EXTENSIONS))
def test_more_said_in_a_file_s_favour_never_turns_it_down(path: Path, file: tuple[str, bytes], name: str) -> None:
    _, content = file
    silent = came(content)
    if judged(path, name, content, silent).refusal == "":
        more = replace(silent, declared=len(content), framed=True, checksums=md5_of(content), etag=f'"{silent.md5}"')
        assert judged(path, name, content, more).refusal == ""


# -- damage of the right length, or with a length that fits it

WITH_AN_END = st.one_of(
    FILMS.map(lambda made: ("mp4", made)),
    PICTURES,
    st.integers(1, 5).map(lambda frames: ("mp3", counted_mp3(frames))),
)


def never_taken(path: Path, extension: str, damaged: bytes, whole: bytes) -> None:
    """Whatever is told of the whole file, a damaged one is not taken for it."""
    told: list[dict[str, Any]] = [{"checksums": md5_of(whole)}]
    if len(damaged) != len(whole):
        told += [{"declared": len(whole)}]
    for each in told:
        fits: dict[str, Any] = {"declared": len(damaged), "framed": True}
        said = replace(came(damaged), **(fits | each))
        assert judged(path, extension, damaged, said).refusal != ""


@given(WITH_AN_END, st.data())
def test_a_cut_file_whose_length_fits_is_never_taken_where_the_format_has_an_end(
    path: Path, file: tuple[str, bytes], data: st.DataObject
) -> None:  # I15
    extension, content = file
    cut = content[: data.draw(st.integers(0, len(content) - 1))]
    assert judged(path, extension, cut, replace(came(cut), declared=len(cut))).refusal != ""


@given(WITH_AN_END, st.binary(min_size=1, max_size=40).filter(lambda junk: junk.strip(b"\x00\r\n")))
def test_anything_behind_a_file_is_never_taken_where_the_format_has_an_end(
    path: Path, file: tuple[str, bytes], junk: bytes
) -> None:  # I15
    extension, content = file
    longer = content + b"<!" + junk
    assert judged(path, extension, longer, replace(came(longer), declared=len(longer))).refusal != ""


@given(WHOLE_FILES, st.binary(min_size=1, max_size=40), st.data())
def test_bytes_put_in_anywhere_are_never_taken(
    path: Path, file: tuple[str, bytes], junk: bytes, data: st.DataObject
) -> None:  # I15
    extension, content = file
    at = data.draw(st.integers(0, len(content)))
    never_taken(path, extension, content[:at] + junk + content[at:], content)


@given(WHOLE_FILES, st.data())
def test_a_beginning_with_anything_behind_it_is_never_taken(
    path: Path, file: tuple[str, bytes], data: st.DataObject
) -> None:  # I15
    extension, content = file
    at = data.draw(st.integers(0, len(content) - 1))
    rest = data.draw(st.one_of(st.just(bytes(len(content) - at)), st.binary(max_size=60)))
    assume(content[:at] + rest != content)
    never_taken(path, extension, content[:at] + rest, content)


@given(WHOLE_FILES, WHOLE_FILES)
def test_one_file_is_never_taken_for_another(
    path: Path, file: tuple[str, bytes], other: tuple[str, bytes]
) -> None:  # I15
    assume(file[1] != other[1])
    never_taken(path, file[0], other[1], file[1])


@given(PICTURES, st.data())
def test_a_png_of_which_anything_was_replaced_is_never_taken_though_the_length_fits(
    path: Path, file: tuple[str, bytes], data: st.DataObject
) -> None:  # I15
    extension, content = file
    assume(extension == "png")
    at = data.draw(st.integers(0, len(content) - 1))
    rest = data.draw(st.binary(min_size=len(content) - at, max_size=len(content) - at))
    assume(content[:at] + rest != content)
    damaged = content[:at] + rest
    assert judged(path, extension, damaged, replace(came(damaged), declared=len(damaged))).refusal != ""


FILMS_OF_ALL_KINDS = st.sampled_from(
    [
        mp4(PAIR, PAIR),
        mp4(PAIR, large=True),
        h264_mp4(picture(b"a" * 20), picture(b"b" * 30)),
        h264_mp4(*[picture(b"a" * 20)] * 4, spread=((1, 1), (2, 1), (3, 1), (4, 1)), chunks=4),
        streamed_mp4(with_index=True),
        streamed_mp4()
        + full_box(b"sidx", struct.pack(">IIIIHHIII", 1, 1000, 0, 0, 0, 1, 0, 0, 0))
        + box(b"mfra", full_box(b"tfra", struct.pack(">III", 1, 0, 0))),
    ]
)


TABLES = st.sampled_from(
    [b"stsc", b"stsz", b"stco", b"co64", b"stsd", b"trun", b"tfhd", b"trex", b"sidx", b"tfra", b"moov"]
)
DAMAGE = st.tuples(TABLES, st.integers(-4, 64), st.sampled_from([0, 1, 2, 3, 127, 128, 255]))


@given(FILMS_OF_ALL_KINDS, st.lists(DAMAGE, min_size=1, max_size=4))
def test_any_damage_of_a_film_s_tables_is_judged_without_an_error(
    path: Path, film: bytes, damage: list[tuple[bytes, int, int]]
) -> None:  # I15
    damaged = bytearray(film)
    for name, behind, value in damage:
        damaged[(film.find(name) + behind) % len(film)] = value
    judged(path, "mp4", bytes(damaged))
