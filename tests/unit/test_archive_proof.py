"""Is a file whole?  Each check, each format, and that a cut file is never taken for a whole one (I15)."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.archive.proof import Transfer, etag_may_be_md5, judge
from tests.support.media_bytes import SRT, TXT, VTT, WHOLE, box, chunk, jpeg, mp3, mp4, png


def came(content: bytes, **said: Any) -> Transfer:
    """A transfer that brought `content`; the server said nothing of it but what is given."""
    silent = Transfer(
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        md5=hashlib.md5(content, usedforsecurity=False).hexdigest(),
        declared=None,
        framed=False,
        content_type="",
        etag="",
        content_md5="",
    )
    return replace(silent, **said)


def refusal(folder: Path, extension: str, content: bytes, **said: Any) -> str:
    path = folder / "file"
    path.write_bytes(content)
    return judge(path, extension, came(content, **said)).refusal


@pytest.mark.parametrize(("extension", "content"), WHOLE.values(), ids=WHOLE.keys())
def test_a_whole_file_of_its_declared_length_is_taken(tmp_path: Path, extension: str, content: bytes) -> None:
    assert refusal(tmp_path, extension, content, declared=len(content)) == ""


NO_END = {"mp4 in fragments", "mp3", "mp3 with tags", "srt", "vtt", "txt"}


@pytest.mark.parametrize("name", WHOLE)
def test_without_a_length_only_a_format_with_an_end_of_its_own_is_told_whole(tmp_path: Path, name: str) -> None:
    extension, content = WHOLE[name]
    expected = "nothing shows that it is whole: no length, no checksum, no structure with an end"
    assert refusal(tmp_path, extension, content) == (expected if name in NO_END else "")


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_cut_anywhere_is_never_taken_without_a_length(name: str, tmp_path: Path) -> None:  # I15
    extension, content = WHOLE[name]
    taken = [at for at in range(len(content)) if not refusal(tmp_path, extension, content[:at])]
    assert taken == []


def test_a_picture_cut_behind_the_thumbnail_in_it_is_refused(tmp_path: Path) -> None:  # I15
    whole = jpeg(thumbnail=True)
    at = whole.index(b"\xff\xd9") + 2
    assert at < len(whole)
    assert "cut: the jpg has no end marker" in refusal(tmp_path, "jpg", whole[:at])


@given(data=st.data())
def test_a_changed_bit_of_a_png_is_refused(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    content = bytearray(png())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= 1 << data.draw(st.integers(0, 7))
    # I15: all of a PNG stands under a checksum, but for the lengths, whose change moves the checksums.
    assert refusal(tmp_path_factory.getbasetemp(), "png", bytes(content), declared=len(content))


REFUSED: dict[str, tuple[str, bytes, dict[str, Any], str]] = {
    "nothing": ("mp4", b"", {"declared": 0}, "it is empty"),
    "a web page": ("mp4", b"<!DOCTYPE html><html>", {}, "a web page or XML stands where mp4 belongs"),
    "a web page behind spaces": ("jpg", b"\n  <HTML>", {}, "a web page or XML"),
    "an error in XML": ("txt", b'<?xml version="1.0"?><Error>', {"declared": 28}, "a web page or XML"),
    "an error in XML as subtitles": ("srt", b"<Error><Code>AccessDenied</Code>", {}, "a web page or XML"),
    "JSON as a film": ("mp4", b'{"message": "gone"}', {}, "its first bytes are not those of mp4"),
    "a picture as a film": ("mp4", png(), {}, "its first bytes are not those of mp4"),
    "a png as a jpg": ("jpg", png(), {}, "its first bytes are not those of jpg"),
    "text as a sound": ("mp3", TXT, {}, "its first bytes are not those of mp3"),
    "vtt as srt": ("srt", VTT, {}, "its first bytes are not those of srt"),
    "srt as vtt": ("vtt", SRT, {}, "its first bytes are not those of vtt"),
    "less than declared": ("mp4", mp4(), {"declared": 1000}, "bytes came of 1000 declared"),
    "more than declared": ("mp4", mp4(), {"declared": 10}, "bytes came of 10 declared"),
    "another checksum": ("mp4", mp4(), {"content_md5": "0" * 32}, "its MD5 is not the Content-MD5"),
    "a film without its index": ("mp4", box(b"ftyp", b"isom") + box(b"mdat", b"x"), {}, "mp4 without moov"),
    "a film without its pictures": ("mp4", box(b"ftyp", b"isom") + box(b"moov", b"x"), {}, "mp4 without mdat"),
    "a film with something behind": ("mp4", mp4() + b"\x00\x00\x00\x04junk", {}, "reaches beyond the end"),
    "a png without its end": ("png", png()[:-12], {}, "cut: the png has no end chunk"),
    "a png of one chunk": ("png", b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", b"x" * 13), {}, "has no end chunk"),
    "a sound without a frame": ("mp3", b"ID3\x04\x00\x00\x00\x00\x00\x00", {}, "no mp3 frame in it"),
    "a tag longer than its file": ("mp3", b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + mp3(), {}, "no mp3 frame in it"),
    "a cut frame": ("mp3", mp3()[:-1], {}, "the mp3 frame at byte 520 reaches beyond the end"),
    "text in another encoding": ("txt", "früh".encode("latin-1"), {"declared": 4}, "is not UTF-8 text"),
    "text with zeros": ("txt", b"a\x00b", {"declared": 3}, "holds zero bytes"),
    "a kind that nobody knows": ("xyz", b"abc", {}, "nothing shows that it is whole"),
}


@pytest.mark.parametrize(("extension", "content", "said", "told"), REFUSED.values(), ids=REFUSED.keys())
def test_a_file_that_is_not_whole_is_refused_with_the_reason(
    tmp_path: Path, extension: str, content: bytes, said: dict[str, Any], told: str
) -> None:  # I15
    assert told in refusal(tmp_path, extension, content, **said)


@pytest.mark.parametrize("said", ["framed", "content_md5", "etag"])
def test_text_is_told_whole_by_its_transfer_or_a_checksum(tmp_path: Path, said: str) -> None:
    md5 = came(TXT).md5
    proof: dict[str, Any] = {"framed": True, "content_md5": md5, "etag": f'"{md5}"'}
    assert refusal(tmp_path, "txt", TXT, **{said: proof[said]}) == ""


@pytest.mark.parametrize(
    ("etag", "may_be"),
    [
        ('"' + "0" * 32 + '"', True),
        ('"' + came(TXT).md5 + '"', False),
        ('W/"' + "0" * 32 + '"', False),
        ('"' + "0" * 32 + '-3"', False),
        ('"' + "A" * 32 + '"', False),
        ("0" * 32, False),
        ("", False),
    ],
)
def test_a_tag_that_looks_like_another_md5_asks_for_a_second_reading(etag: str, may_be: bool) -> None:
    assert etag_may_be_md5(came(TXT, etag=etag)) == may_be
    assert came(TXT, etag=etag).size == len(TXT)


def test_what_follows_a_picture_s_end_leaves_its_end_untold(tmp_path: Path) -> None:
    more = jpeg() + b"another picture"
    assert "nothing shows that it is whole" in refusal(tmp_path, "jpg", more)
    assert refusal(tmp_path, "jpg", more, declared=len(more)) == ""
    padded = jpeg() + b"\x00\r\n"
    assert refusal(tmp_path, "jpg", padded) == ""


def test_the_evidence_names_every_check(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(mp4())
    said = came(mp4(), declared=len(mp4()), etag=f'"{came(mp4()).md5}"')
    length = len(mp4())
    assert judge(tmp_path / "a", "mp4", said).evidence == (
        f"length {length} as declared; begins as mp4; ETag is its MD5; mp4 boxes end at byte {length}"
    )
