"""Is a file whole?  Each check, each format, and that a cut file is never taken for a whole one (I15)."""

import hashlib
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.archive.checksums import Offered
from reconciler.archive.findings import Answer
from reconciler.archive.proof import Judgement, Transfer, judge
from tests.support.media_bytes import (
    FTYP,
    ID3,
    ID3V1,
    MP3_HEADERS,
    PAIR,
    PNG_SIGN,
    SRT,
    TXT,
    VTT,
    WHOLE,
    box,
    chunk,
    counted_mp3,
    full_box,
    h264_mp4,
    head_frame,
    jpeg,
    mp3,
    mp4,
    picture,
    png,
    streamed_mp4,
)

P, R, C = Answer.PROVED, Answer.REFUTED, Answer.CANNOT_TELL
UNTOLD = "nothing shows that it is whole: no length, no checksum, no structure with an end"


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def came(content: bytes, **said: Any) -> Transfer:
    """A transfer that brought `content`; the server said nothing of it but what is given."""
    silent = Transfer(
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        md5=md5(content),
        declared=None,
        framed=False,
        content_type="",
        etag="",
    )
    sent = said.pop("content_md5", "")
    return replace(silent, checksums=(Offered("Content-MD5", "md5", sent),) if sent else (), **said)


def judged(folder: Path, extension: str, content: bytes, **said: Any) -> Judgement:
    path = folder / "file"
    path.write_bytes(content)
    return judge(path, extension, came(content, **said))


def refusal(folder: Path, extension: str, content: bytes, **said: Any) -> str:
    return judged(folder, extension, content, **said).refusal


# -- whole files


@pytest.mark.parametrize(("extension", "content"), WHOLE.values(), ids=WHOLE.keys())
def test_a_whole_file_of_its_declared_length_is_taken(tmp_path: Path, extension: str, content: bytes) -> None:
    assert refusal(tmp_path, extension, content, declared=len(content)) == ""


# What each check says of a whole file of which the server says nothing: length, not empty, first bytes, checksum,
# structure; and whether that is enough.
SAID_OF_WHOLE: dict[str, tuple[tuple[Answer, ...], bool]] = {
    "mp4": ((C, P, P, C, P), True),
    "mp4 with its index last": ((C, P, P, C, P), True),
    "mp4 with wide boxes": ((C, P, P, C, P), True),
    "mp4 of pictures": ((C, P, P, C, P), True),
    "mp4 in fragments": ((C, P, P, C, C), False),
    "mp4 in fragments, indexed": ((C, P, P, C, P), True),
    "jpg": ((C, P, P, C, P), True),
    "jpg with a thumbnail": ((C, P, P, C, P), True),
    "png": ((C, P, P, C, P), True),
    "png with a comment": ((C, P, P, C, P), True),
    "mp3": ((C, P, P, C, P), False),
    "mp3 with tags": ((C, P, P, C, P), False),
    "mp3 with a head": ((C, P, P, C, P), True),
    "mp3 with a head that counts itself": ((C, P, P, C, P), True),
    "mp3 with a Fraunhofer head": ((C, P, P, C, P), True),
    "srt": ((C, P, P, C, P), False),
    "vtt": ((C, P, P, C, P), False),
    "txt": ((C, P, P, C, P), False),
}


@pytest.mark.parametrize("name", WHOLE)
def test_without_a_length_only_a_format_with_an_end_of_its_own_is_told_whole(tmp_path: Path, name: str) -> None:
    found = judged(tmp_path, *WHOLE[name])
    answers, is_enough = SAID_OF_WHOLE[name]
    assert tuple(finding.answer for finding in found.findings) == answers
    assert found.refusal == ("" if is_enough else UNTOLD)


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_cut_anywhere_is_never_taken_without_a_length(name: str, tmp_path: Path) -> None:  # I15
    extension, content = WHOLE[name]
    taken = [at for at in range(len(content)) if not refusal(tmp_path, extension, content[:at])]
    assert taken == []


@pytest.mark.parametrize("large", [False, True], ids=["places in 32 bits", "places in 64 bits"])
def test_a_film_cut_between_two_parts_of_its_media_is_refused(tmp_path: Path, large: bool) -> None:  # I15
    whole = mp4(PAIR, PAIR, PAIR, large=large)
    assert refusal(tmp_path, "mp4", whole) == ""
    last_part = whole.rindex(b"mdat") - 4
    # Its boxes tile what is left, and index and media are there; only the index tells that more belongs to it.
    assert refusal(tmp_path, "mp4", whole[:last_part]) != ""


def test_a_picture_cut_behind_the_thumbnail_in_it_is_refused(tmp_path: Path) -> None:  # I15
    whole = jpeg(inside=jpeg(1))
    at = whole.index(b"\xff\xd9") + 2
    assert at < len(whole)
    assert "cut: the jpg has no end marker" in refusal(tmp_path, "jpg", whole[:at])


# -- the transfer


OTHER = "0" * 32
LENGTHS: dict[str, tuple[dict[str, Any], Answer, str]] = {
    "as declared": ({"declared": len(TXT)}, P, ""),
    "none declared": ({}, C, UNTOLD),
    "none declared, in chunks": ({"framed": True}, P, ""),
    "one byte less than declared": ({"declared": len(TXT) + 1}, R, "24 bytes came of 25 declared"),
    "one byte more than declared": ({"declared": len(TXT) - 1}, R, "24 bytes came of 23 declared"),
    "declared otherwise, in chunks": ({"declared": 5, "framed": True}, R, "24 bytes came of 5 declared"),
    "none of many declared": ({"declared": 0}, R, "24 bytes came of 0 declared"),
}


@pytest.mark.parametrize(("said", "answer", "told"), LENGTHS.values(), ids=LENGTHS.keys())
def test_the_length_is_held_against_the_declared_one(
    tmp_path: Path, said: dict[str, Any], answer: Answer, told: str
) -> None:  # I15
    found = judged(tmp_path, "txt", TXT, **said)
    assert (found.findings[0].answer, found.refusal) == (answer, told)


CHECKSUMS: dict[str, tuple[dict[str, Any], Answer, str]] = {
    "none": ({}, C, UNTOLD),
    "Content-MD5, equal": ({"content_md5": md5(TXT)}, P, ""),
    "Content-MD5, another": ({"content_md5": OTHER}, R, "its MD5 is not the Content-MD5 that the server sent"),
    "Content-MD5, another, though the ETag is equal": (
        {"content_md5": OTHER, "etag": f'"{md5(TXT)}"'},
        R,
        "its MD5 is not the Content-MD5 that the server sent",
    ),
    "ETag, equal": ({"etag": f'"{md5(TXT)}"'}, P, ""),
    "ETag, another": ({"etag": f'"{OTHER}"'}, C, UNTOLD),
    "ETag in parts": ({"etag": f'"{md5(TXT)}-3"'}, C, UNTOLD),
    "weak ETag": ({"etag": f'W/"{md5(TXT)}"'}, C, UNTOLD),
    "ETag in capitals": ({"etag": f'"{md5(TXT).upper()}"'}, C, UNTOLD),
    "ETag without quotes": ({"etag": md5(TXT)}, C, UNTOLD),
    "ETag that goes on": ({"etag": f'"{md5(TXT)}" '}, C, UNTOLD),
}


@pytest.mark.parametrize(("said", "answer", "told"), CHECKSUMS.values(), ids=CHECKSUMS.keys())
def test_a_checksum_proves_refutes_or_tells_nothing(
    tmp_path: Path, said: dict[str, Any], answer: Answer, told: str
) -> None:  # I15
    found = judged(tmp_path, "txt", TXT, **said)
    assert (found.findings[3].answer, found.refusal) == (answer, told)


@pytest.mark.parametrize(
    ("etag", "is_doubtful"),
    {
        f'"{OTHER}"': True,
        f'"{md5(TXT)}"': False,
        f'W/"{OTHER}"': False,
        f'"{OTHER}-3"': False,
        f'"{"A" * 32}"': False,
        f'"{OTHER}0"': False,
        OTHER: False,
        "": False,
    }.items(),
)
def test_a_tag_that_looks_like_another_md5_makes_a_file_doubtful(tmp_path: Path, etag: str, is_doubtful: bool) -> None:
    assert judged(tmp_path, "txt", TXT, etag=etag).is_doubtful == is_doubtful


def test_a_file_that_was_joined_is_doubtful(tmp_path: Path) -> None:  # I15
    assert judged(tmp_path, "txt", TXT, etag='"abc"', is_joined=True).is_doubtful
    assert not judged(tmp_path, "txt", TXT, etag='"abc"').is_doubtful


@pytest.mark.parametrize("extension", ["mp4", "jpg", "png", "mp3", "srt", "vtt", "txt", "xyz"])
@pytest.mark.parametrize("said", [{"declared": 0}, {"framed": True}, {"content_md5": md5(b"")}, {}], ids=str)
def test_an_empty_file_is_refused_whatever_the_server_says(
    tmp_path: Path, extension: str, said: dict[str, Any]
) -> None:  # I15
    assert "it is empty" in refusal(tmp_path, extension, b"", **said)


def test_a_refusal_names_all_that_speaks_against_the_file(tmp_path: Path) -> None:
    assert refusal(tmp_path, "mp4", b"<html>", declared=9, content_md5=OTHER) == (
        "6 bytes came of 9 declared; a web page or XML stands where mp4 belongs; "
        "its MD5 is not the Content-MD5 that the server sent"
    )


def test_the_evidence_names_every_check(tmp_path: Path) -> None:
    content = mp4()
    assert judged(tmp_path, "mp4", content, declared=len(content), etag=f'"{md5(content)}"').evidence == (
        f"length {len(content)} as declared; begins as mp4; ETag is its MD5; mp4 boxes end at byte {len(content)}, "
        "1 runs of samples in them"
    )


# -- the first bytes


PAGES = {
    "a doctype": "<!DOCTYPE html><html>",
    "html": "<html lang='en'>",
    "html behind spaces, in capitals": "\r\n\t  <HTML>",
    "html behind a byte order mark": "\ufeff<html>",
    "a head": "<head><title>gone</title>",
    "a body": "<body>gone",
    "XML": '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
    "an error in XML without its head": "<Error><Code>NoSuchKey</Code></Error>",
    "a page behind a comment": "<!-- served by the edge --><html><body>gone</body></html>",
    "a page that begins with its title": "<title>403 Forbidden</title>",
}


@pytest.mark.parametrize("extension", ["mp4", "jpg", "png", "mp3", "srt", "vtt", "txt", "xyz"])
@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())
def test_a_web_page_or_xml_is_refused_under_any_name(tmp_path: Path, page: str, extension: str) -> None:  # I15
    content = page.encode()
    said = {"declared": len(content), "content_type": "text/html", "etag": f'"{md5(content)}"'}
    assert refusal(tmp_path, extension, content, **said) != ""


ONE_OF_EACH = {"mp4": mp4(), "jpg": jpeg(), "png": png(), "mp3": mp3(), "srt": SRT, "vtt": VTT, "txt": TXT}

ERRORS = {
    "an error": '{"error": {"code": "AccessDenied"}}',
    "a message": '  {\n  "message": "Forbidden"}',
    "a code": '\ufeff{"Code":"NoSuchKey"}',
}


@pytest.mark.parametrize("extension", ["mp4", "jpg", "png", "mp3", "srt", "vtt", "txt", "xyz"])
@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS.keys())
def test_an_error_in_json_is_refused_under_any_name(tmp_path: Path, error: str, extension: str) -> None:  # I15
    content = error.encode()
    assert f"JSON stands where {extension} belongs" in refusal(tmp_path, extension, content, declared=len(content))


@pytest.mark.parametrize("name", ["mp4", "jpg", "png", "mp3", "srt", "vtt", "txt"])
@pytest.mark.parametrize(
    ("said", "told"),
    [("text/html; charset=utf-8", "a web page or XML"), ("Application/XML", "a web page or XML"),
     ("application/problem+json", "JSON")],
)  # fmt: skip
def test_a_media_type_of_another_kind_of_answer_refuses_whatever_the_bytes_are(
    tmp_path: Path, name: str, said: str, told: str
) -> None:  # I15
    content = ONE_OF_EACH[name]
    assert f"{told} stands where" in refusal(tmp_path, name, content, declared=len(content), content_type=said)
    for usual in ("", "binary/octet-stream", "application/octet-stream", "text/plain", "video/mp4"):
        assert refusal(tmp_path, name, content, declared=len(content), content_type=usual) == ""


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("extension", ["mp4", "jpg", "png", "mp3", "srt", "vtt", "txt"])
def test_a_web_page_in_a_wide_encoding_is_refused_under_any_name(
    tmp_path: Path, encoding: str, extension: str
) -> None:  # I15
    content = "<html><body>gone</body></html>".encode(encoding)
    assert refusal(tmp_path, extension, content, declared=len(content)) != ""


@pytest.mark.parametrize("inside", ONE_OF_EACH)
@pytest.mark.parametrize("named", ONE_OF_EACH)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, named: str, inside: str) -> None:  # I15
    content = ONE_OF_EACH[inside]
    # Subtitles are text too; everything else that is not what its name says is refused, however well it came.
    is_fine = named == inside or (named == "txt" and inside in {"srt", "vtt"})
    assert (refusal(tmp_path, named, content, declared=len(content)) == "") == is_fine


def index_before_type(film: bytes) -> bytes:
    index_end = film.index(b"mdat") - 4
    return film[len(FTYP) : index_end] + FTYP + film[index_end:]


BEGINNINGS: dict[str, tuple[str, bytes]] = {
    "mp4 that begins with its index": ("mp4", index_before_type(mp4())),
    "mp4 behind free space": ("mp4", mp4(before=box(b"free"))),
    "srt behind a byte order mark": ("srt", b"\xef\xbb\xbf" + SRT),
    "srt behind empty lines": ("srt", b"\r\n\r\n" + SRT),
    "srt with lines of Windows": ("srt", SRT.replace(b"\n", b"\r\n")),
    "srt with points in its times": ("srt", SRT.replace(b",", b".")),
    "vtt behind a byte order mark": ("vtt", b"\xef\xbb\xbf" + VTT),
    "text behind a byte order mark": ("txt", b"\xef\xbb\xbf" + TXT),
    "text that speaks of html": ("txt", b"We write <html> by hand."),
    "text that begins with a sign": ("txt", b"< less than"),
}


@pytest.mark.parametrize(("extension", "content"), BEGINNINGS.values(), ids=BEGINNINGS.keys())
def test_an_unusual_beginning_is_no_reason_to_refuse(tmp_path: Path, extension: str, content: bytes) -> None:
    assert refusal(tmp_path, extension, content, declared=len(content)) == ""


# -- the structure

REFUSED: dict[str, tuple[str, bytes, dict[str, Any], str]] = {
    "JSON as a film": ("mp4", b'{"message": "gone"}', {"declared": 19}, "JSON stands where mp4 belongs"),
    "a film without its index": ("mp4", FTYP + box(b"mdat", b"x"), {}, "mp4 without moov"),
    "a film without its media": ("mp4", FTYP + box(b"moov", b"x"), {}, "mp4 without mdat"),
    "a film without its type": ("mp4", box(b"moov", b"x") + box(b"mdat", b"x"), {}, "mp4 without ftyp"),
    "a film with something behind": ("mp4", mp4(behind=b"\x00\x00\x00\x04junk"), {}, "reaches beyond the end"),
    "a film with text behind": ("mp4", mp4(behind=b"Internal Server Error"), {}, "reaches beyond the end"),
    "a wide box shorter than its head": ("mp4", FTYP + b"\0\0\0\1mdat" + bytes(7) + b"\x0f", {}, "the mp4 box at byte"),
    "a png without its end": ("png", png()[:-12], {}, "cut: the png has no end chunk"),
    "a png of one chunk": ("png", PNG_SIGN + chunk(b"IHDR", b"x" * 13), {}, "has no end chunk"),
    "a png with a wrong checksum": ("png", png()[:-1] + b"\x00", {}, "checksum of the png chunk at byte"),
    "a jpg of its sign alone": ("jpg", b"\xff\xd8\xff", {}, "no end marker in its 3 bytes"),
    "a jpg without a picture": ("jpg", b"\xff\xd8\xff\xd9", {"declared": 4}, "the jpg ends before any picture"),
    "a png without a picture": (
        "png",
        PNG_SIGN + chunk(b"IHDR", bytes(13)) + chunk(b"IEND"),
        {"declared": 45},
        "the png ends before any picture",
    ),
    "a jpg whose end stands inside a segment": ("jpg", b"\xff\xd8\xff\xe1\x00\x04\xff\xd9", {}, "no end marker"),
    "a sound of a tag alone": ("mp3", b"ID3\x04\x00\x00\x00\x00\x00\x00", {}, "no mp3 frame in it"),
    "a tag longer than its file": ("mp3", b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + mp3(), {}, "no mp3 frame in it"),
    "a tag with text behind": ("mp3", b"ID3\x04\x00\x00\x00\x00\x00\x00gone away", {"declared": 19}, "no mp3 frame"),
    "a cut frame": ("mp3", mp3()[:-1], {}, "the mp3 frame or tag before byte 624 reaches beyond the end"),
    "text in another encoding": ("txt", "früh".encode("latin-1"), {"declared": 4}, "the txt is not UTF-8 text"),
    "subtitles in another encoding": ("vtt", b"WEBVTT\n\n\xfc", {"declared": 9}, "the vtt is not UTF-8 text"),
    "text cut inside a letter": ("txt", TXT[:-3], {"declared": len(TXT) - 3}, "the txt is not UTF-8 text"),
    "text with zeros": ("txt", b"a\x00b", {"declared": 3}, "the txt holds zero bytes"),
    "zeros at the end of subtitles": ("srt", SRT + bytes(100), {"declared": len(SRT) + 100}, "holds zero bytes"),
    "a kind that nobody knows": ("xyz", b"abc", {}, UNTOLD),
}


@pytest.mark.parametrize(("extension", "content", "said", "told"), REFUSED.values(), ids=REFUSED.keys())
def test_a_file_that_is_not_whole_is_refused_with_the_reason(
    tmp_path: Path, extension: str, content: bytes, said: dict[str, Any], told: str
) -> None:  # I15
    assert told in refusal(tmp_path, extension, content, **said)


@pytest.mark.parametrize("name", ["mp4", "jpg", "png", "mp3", "srt", "vtt", "txt"])
def test_a_file_of_zeros_of_the_right_length_is_refused(tmp_path: Path, name: str) -> None:  # I15
    length = len(ONE_OF_EACH[name])
    assert refusal(tmp_path, name, bytes(length), declared=length) != ""


@pytest.mark.parametrize("at", range(len(png())))
def test_a_changed_byte_of_a_png_is_refused_wherever_it_is(tmp_path: Path, at: int) -> None:  # I15
    content = bytearray(png())
    content[at] ^= 0x20
    assert refusal(tmp_path, "png", bytes(content), declared=len(content)) != ""


OPEN_ENDED = mp4()[: -len(PAIR) - 8] + b"\x00\x00\x00\x00mdat" + PAIR


def test_a_box_to_the_end_of_the_file_tells_nothing_of_the_end(tmp_path: Path) -> None:  # I15
    found = judged(tmp_path, "mp4", OPEN_ENDED)
    assert (found.findings[4].answer, found.refusal) == (C, UNTOLD)
    assert refusal(tmp_path, "mp4", OPEN_ENDED, declared=len(OPEN_ENDED)) == ""


# What a length that fits cannot tell: a cache that stored half a film, a hole in a file that was written by parts.

FILM = h264_mp4(picture(b"a" * 20, b"b" * 30), picture(b"c" * 25))
NO_LENGTH = FTYP + box(b"moov", box(b"mvhd")) + bytes(40)


def replaced(content: bytes, old: bytes, new: bytes, *, behind: bytes = b"") -> bytes:
    at = content.index(old, content.index(behind))
    return content[:at] + new + content[at + len(old) :]


DAMAGED_FILMS: dict[str, tuple[bytes, str]] = {
    "zeros in place of its last boxes": (NO_LENGTH, "has no length"),
    "zeros in place of its index": (mp4(index_last=True)[:-300] + bytes(300), "the mp4 box at byte"),
    "zeros in place of a picture": (replaced(FILM, picture(b"c" * 25), bytes(29)), "zeros stand where the picture"),
    "a byte too many in a picture": (replaced(FILM, b"b" * 30, b"b" * 29, behind=b"mdat") + b"", "reaches beyond"),
    "a picture whose units do not tile it": (replaced(FILM, b"\x00\x00\x00\x14a", b"\x00\x00\x00\x15a"), "not tiled"),
    "its media cut off, and a box that says so": (
        mp4()[: -len(PAIR) - 8] + box(b"mdat", PAIR[:9]),
        "where there is none",
    ),
    "its media elsewhere": (mp4()[: -len(PAIR) - 8] + box(b"free", PAIR) + box(b"mdat"), "where there is none"),
    "more samples than lengths": (replaced(FILM, struct.pack(">II", 0, 2), struct.pack(">II", 0, 1)), "chunks hold 2"),
    "a table longer than its box": (
        replaced(FILM, struct.pack(">II", 0, 2), struct.pack(">II", 0, 99)),
        "shorter than",
    ),
    "a table of chunks that does not ascend": (
        h264_mp4(*[picture(b"a" * 20)] * 2, spread=((1, 1), (3, 1), (1, 1))),
        "cannot be read",
    ),
    "a table of chunks that begins late": (h264_mp4(picture(b"a" * 20), spread=((2, 1),)), "cannot be read"),
    "an index without a head": (replaced(mp4(), b"mvhd", b"free"), "has no header"),
    "a track without tables": (replaced(mp4(), b"stbl", b"free"), "has no tables"),
    "a track without lengths": (replaced(mp4(), b"stsz", b"free"), "no lengths are given"),
    "a track without its chunks' sizes": (replaced(mp4(), b"stsc", b"free"), "no numbers of samples"),
    "a fragment cut short, and a box that says so": (
        streamed_mp4()[: -len(PAIR) - 8] + box(b"mdat", PAIR[:9]),
        "where there is none",
    ),
    "an index of fragments that are not there": (
        streamed_mp4() + box(b"mfra", full_box(b"tfra", struct.pack(">IIIII3x", 1, 0, 1, 0, 99))),
        "names a fragment where there is none",
    ),
    "a segment index that goes on": (
        streamed_mp4() + full_box(b"sidx", struct.pack(">IIIIHHIII", 1, 1000, 0, 0, 0, 1, 50, 0, 0)),
        "its segment index names media to byte",
    ),
}


@pytest.mark.parametrize(("content", "told"), DAMAGED_FILMS.values(), ids=DAMAGED_FILMS.keys())
def test_a_film_whose_tables_and_media_disagree_is_refused_however_well_it_came(
    tmp_path: Path, content: bytes, told: str
) -> None:  # I15
    assert told in refusal(tmp_path, "mp4", content, declared=len(content))


def test_a_film_of_several_chunks_of_several_sizes_is_taken(tmp_path: Path) -> None:
    pictures = [picture(bytes([65 + at]) * (20 + at)) for at in range(4)]
    for spread in (((1, 2),), ((1, 2), (2, 2))):
        assert refusal(tmp_path, "mp4", h264_mp4(*pictures, spread=spread, chunks=2)) == ""
    wrong = h264_mp4(*pictures, spread=((1, 1), (2, 3)), chunks=2)
    assert "where there is none" in refusal(tmp_path, "mp4", wrong) or "not tiled" in refusal(tmp_path, "mp4", wrong)


def test_an_index_of_fragments_that_are_there_is_no_reason_to_refuse(tmp_path: Path) -> None:
    whole = streamed_mp4()
    places = [at - 4 for at in range(len(whole)) if whole[at : at + 4] == b"moof"]
    entries = b"".join(struct.pack(">II3x", 0, place) for place in places)
    content = whole + box(b"mfra", full_box(b"tfra", struct.pack(">III", 1, 0, len(places)), entries))
    assert refusal(tmp_path, "mp4", content) == ""
    one_less = whole[: places[-1]] + content[len(whole) :]
    assert "names a fragment" in refusal(tmp_path, "mp4", one_less, declared=len(one_less))


# -- subtitles

SRT_CUE = "{n}\n00:00:0{n},000 --> 00:00:0{n},900\nHarvest {n}.\n\n"
THREE = "".join(SRT_CUE.format(n=n) for n in (1, 2, 3))
VTT_CUE = "00:0{n}.000 --> 00:0{n}.900\nHarvest {n}.\n\n"
THREE_VTT = "WEBVTT\n\n" + "".join(VTT_CUE.format(n=n) for n in (1, 2, 3))
WRONG_SUBTITLES: dict[str, tuple[str, str, str]] = {
    "a cue is missing": ("srt", THREE.replace(SRT_CUE.format(n=2), ""), "cue 3 in line 5 follows cue 1"),
    "cut in a number": ("srt", THREE + "4", "lines from 13 are no cue"),
    "cut behind a number": ("srt", THREE + "4\n", "lines from 13 are no cue"),
    "cut in the times": ("srt", THREE + "4\n00:00:04,000 --", "lines from 13 are no cue"),
    "cut behind the times": ("srt", THREE + "4\n00:00:04,000 --> 00:00:05,000\n", "has no text"),
    "times that run backwards": ("srt", THREE.replace("00:00:03,000", "00:00:01,000"), "times in line 9 run backwards"),
    "an end before its start": ("srt", THREE.replace("00:00:03,900", "00:00:02,000"), "times in line 9 run backwards"),
    "times that are none": ("srt", THREE.replace("00:00:02,000 -->", "00:00:xx,000 -->"), "lines from 5 are no cue"),
    "vtt cut in the times": ("vtt", THREE_VTT + "00:04.000 --> 00", "lines from 12 are no cue"),
    "vtt cut before the arrow": ("vtt", THREE_VTT + "00:04.0", "lines from 12 are no cue"),
    "vtt cut behind the times": ("vtt", THREE_VTT + "00:04.000 --> 00:05.000\n", "has no text"),
    "vtt times that run backwards": ("vtt", THREE_VTT.replace("00:03.000", "00:01.000"), "in line 9 run backwards"),
    "vtt without any times": ("vtt", "WEBVTT\n\nHarvest begins.\n", "lines from 3 are no cue"),
}


@pytest.mark.parametrize(("extension", "text", "told"), WRONG_SUBTITLES.values(), ids=WRONG_SUBTITLES.keys())
def test_subtitles_that_break_their_grammar_are_refused_however_well_they_came(
    tmp_path: Path, extension: str, text: str, told: str
) -> None:  # I15
    content = text.encode()
    assert told in refusal(tmp_path, extension, content, declared=len(content))


@pytest.mark.parametrize(("extension", "text"), [("srt", THREE), ("vtt", THREE_VTT)])
def test_subtitles_cut_anywhere_in_the_head_of_a_cue_are_refused_though_the_length_fits(
    tmp_path: Path, extension: str, text: str
) -> None:  # I15
    begin = text.index("Harvest 2.\n\n") + len("Harvest 2.\n\n")
    for at in range(begin + 1, text.index("Harvest 3.")):
        cut = text[:at].encode()
        assert "cut" in refusal(tmp_path, extension, cut, declared=len(cut)), text[begin:at]


FINE_SUBTITLES: dict[str, tuple[str, str]] = {
    "no line's end at the end": ("srt", THREE.rstrip()),
    "an empty line within a text": ("srt", THREE.replace("Harvest 2.", "Harvest\n\nnumber two.")),
    "numbers that begin at nought": ("srt", "".join(SRT_CUE.format(n=n) for n in (0, 1))),
    "a text that is a number": ("srt", THREE.replace("Harvest 2.", "1984")),
    "a place behind the times": ("srt", THREE.replace("00:00:02,900", "00:00:02,900  X1:40 X2:600 Y1:20 Y2:50")),
    "a cue that takes no time": ("srt", THREE.replace("00:00:03,900", "00:00:03,000")),
    "lines of Windows": ("srt", THREE.replace("\n", "\r\n")),
    "vtt without cues": ("vtt", "WEBVTT\n"),
    "vtt with a note, a style and a region": (
        "vtt",
        THREE_VTT.replace("\n\n", "\n\nNOTE\nof ours\n\nSTYLE\n::cue {}\n\nREGION\nid:a\n\n", 1),
    ),
    "vtt with names and settings": ("vtt", THREE_VTT.replace("00:02.900", "00:02.900 line:0 align:start")),
    "vtt with hours": ("vtt", THREE_VTT + "01:00:00.000 --> 01:00:01.000\nLater.\n"),
    "vtt with a head of a stream": ("vtt", THREE_VTT.replace("WEBVTT\n", "WEBVTT - ours\nX-TIMESTAMP-MAP=LOCAL:0\n")),
    "vtt with an empty line within a text": ("vtt", THREE_VTT.replace("Harvest 2.", "Harvest\n\nnumber two.")),
}


@pytest.mark.parametrize(("extension", "text"), FINE_SUBTITLES.values(), ids=FINE_SUBTITLES.keys())
def test_subtitles_of_every_legal_form_are_taken(tmp_path: Path, extension: str, text: str) -> None:
    content = text.encode()
    assert refusal(tmp_path, extension, content, declared=len(content)) == ""


# What stands behind a whole file: refused however well it came, unless it is padding or a tag.  A resumed download put
# a page there more than once.
BEHIND: dict[str, tuple[str, bytes, str]] = {
    "another picture behind a jpg": ("jpg", jpeg() + jpeg(), "something follows the jpg's end"),
    "text behind a jpg": ("jpg", jpeg() + b"gone", "something follows the jpg's end"),
    "text far behind a jpg": ("jpg", jpeg() + bytes(2_000_000) + b"gone", "something follows the jpg's end"),
    "padding behind a jpg": ("jpg", jpeg() + b"\x00\r\n", ""),
    "padding between a jpg's last markers": ("jpg", jpeg()[:-2] + b"\xff\xff\xff\xd9", ""),
    "text behind a png": ("png", png() + b"gone", "something follows the png's end"),
    "padding behind a png": ("png", png() + bytes(3), ""),
    "text behind a sound": ("mp3", mp3() + b"gone away", "no mp3 frame at byte 624 after 6 frames"),
    "zeros behind a sound": ("mp3", mp3() + bytes(200), "no mp3 frame at byte 624 after 6 frames"),
    "text between sounds": ("mp3", mp3(2) + b"gone" + mp3(2), "no mp3 frame at byte 208 after 2 frames"),
    "a tag of another length behind a sound": ("mp3", mp3() + ID3V1 + b" ", "no mp3 frame at byte 624"),
}


@pytest.mark.parametrize(("extension", "content", "told"), BEHIND.values(), ids=BEHIND.keys())
def test_what_stands_behind_a_file_s_end_is_refused_unless_it_is_padding(
    tmp_path: Path, extension: str, content: bytes, told: str
) -> None:  # I15
    found = refusal(tmp_path, extension, content, declared=len(content))
    assert told in found if told else found == ""


APE_END = b"APETAGEX" + struct.pack("<IIII8x", 2000, 32, 0, 0)
APE = b"APETAGEX" + struct.pack("<IIII8x", 2000, 32, 0, 0xA0000000) + APE_END
TAGGED = {
    "an APE tag": mp3() + APE,
    "an APE tag without a head": mp3() + APE_END,
    "an APE tag and the older one": mp3() + APE + ID3V1,
    "lyrics and the older tag": mp3() + b"LYRICSBEGIN" + b"IND0000210" + b"000021LYRICS200" + ID3V1,
    "a tag with a foot": b"ID3\x04\x00\x10\x00\x00\x00\x05" + bytes(5) + b"3DI" + bytes(7) + mp3(),
    "a tag in the middle, where two were joined": mp3() + ID3 + mp3(),
    "joined sounds of which the first has a head": counted_mp3() + mp3(),
}


@pytest.mark.parametrize("content", TAGGED.values(), ids=TAGGED.keys())
def test_a_sound_with_tags_of_every_kind_is_taken(tmp_path: Path, content: bytes) -> None:
    assert refusal(tmp_path, "mp3", content, declared=len(content)) == ""


@pytest.mark.parametrize("name", [b"Xing", b"Info", b"VBRI"])
def test_a_sound_cut_between_two_frames_is_refused_by_the_count_in_its_head(tmp_path: Path, name: bytes) -> None:  # I15
    whole = counted_mp3(6, name=name)
    for frames in range(1, 7):
        cut = whole[: 104 * frames]
        assert "its head counts" in refusal(tmp_path, "mp3", cut, declared=len(cut))


@pytest.mark.parametrize(("frames", "size"), [(6, 0), (0, 104 * 7)])
def test_a_head_that_counts_frames_or_bytes_alone_refuses_a_cut_and_proves_no_end(
    tmp_path: Path, frames: int, size: int
) -> None:  # I15
    whole = head_frame(frames, size) + mp3(6)
    cut = whole[: 104 * 5]
    assert "its head counts" in refusal(tmp_path, "mp3", cut, declared=len(cut))
    assert (refusal(tmp_path, "mp3", whole), refusal(tmp_path, "mp3", whole, declared=len(whole))) == (UNTOLD, "")


@pytest.mark.parametrize(("header", "length"), MP3_HEADERS.values(), ids=MP3_HEADERS.keys())
def test_frames_of_every_layer_three_are_counted_to_the_end(tmp_path: Path, header: bytes, length: int) -> None:
    content = mp3(5, header=header, length=length)
    found = judged(tmp_path, "mp3", content)
    assert found.findings[4].evidence == "5 mp3 frames to the end"
    assert "reaches beyond the end" in refusal(tmp_path, "mp3", content[:-1])


def test_frames_behind_a_tag_are_found_where_the_tag_says(tmp_path: Path) -> None:
    assert judged(tmp_path, "mp3", ID3 + mp3(3) + ID3V1).findings[4].evidence == "3 mp3 frames to the end"


NO_FRAMES = {
    "no layer three": b"\xff\xfd\x10\xc0",
    "a reserved version": b"\xff\xeb\x10\xc0",
    "a reserved rate": b"\xff\xfb\x1c\xc0",
    "a forbidden bit rate": b"\xff\xfb\xf0\xc0",
    "a free bit rate": b"\xff\xfb\x00\xc0",
}


@pytest.mark.parametrize("header", NO_FRAMES.values(), ids=NO_FRAMES.keys())
def test_what_is_no_frame_ends_the_walk(tmp_path: Path, header: bytes) -> None:
    found = judged(tmp_path, "mp3", mp3(2) + mp3(1, header=header)).findings[4]
    assert (found.answer, found.evidence) == (R, "damaged: no mp3 frame at byte 208 after 2 frames")


def test_a_large_file_is_read_to_its_end(tmp_path: Path) -> None:
    long_words = VTT + b"harvest " * 300_000
    assert refusal(tmp_path, "vtt", long_words, declared=len(long_words)) == ""
    assert "zero bytes" in refusal(tmp_path, "vtt", long_words + b"\x00", declared=len(long_words) + 1)
    big = PNG_SIGN + chunk(b"IHDR", bytes(13)) + chunk(b"IDAT", bytes(3_000_000)) + chunk(b"IEND")
    assert refusal(tmp_path, "png", big) == ""
    assert "checksum" in refusal(tmp_path, "png", big.replace(b"\x00" * 100, b"\x00" * 99 + b"\x01", 1))


MEASURED = """
import resource, sys
from pathlib import Path
from reconciler.archive.containers import structure
path = Path(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with path.open("rb") as file:
    told = structure(path.suffix[1:], file, path.stat().st_size)
print(told.answer.value, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
PICTURE = picture(b"a" * 65_532)
LARGE = {
    "film.mp4": lambda: h264_mp4(*[PICTURE] * 2000),
    "sound.mp3": lambda: mp3(90_000, header=b"\xff\xfb\xe8\xc0", length=1440),
}


@pytest.mark.parametrize("name", LARGE)
def test_the_memory_that_a_walk_takes_does_not_grow_with_the_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(LARGE[name]())
    assert path.stat().st_size > 120 << 20
    walked = subprocess.run(
        [sys.executable, "-c", MEASURED, str(path)], capture_output=True, text=True, check=True, timeout=120
    )
    answer, grown_kib = walked.stdout.split()
    assert (answer, int(grown_kib) < 48 << 10) == ("proved", True), walked.stdout
