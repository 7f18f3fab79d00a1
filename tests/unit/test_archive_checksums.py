"""Checksums as hosts send them: read out of headers, and ETags of uploads in parts made again (I15)."""

import base64
import hashlib
import random

import pytest
from requests.structures import CaseInsensitiveDict

from reconciler.archive.checksums import MIB, Offered, of_tag, offered, tag_is_other_md5
from reconciler.archive.findings import Answer, Finding
from reconciler.archive.hashes import Hashes

MD5 = hashlib.md5(b"abc", usedforsecurity=False)
SHA256 = hashlib.sha256(b"abc")
MD5_64 = base64.b64encode(MD5.digest()).decode()
SHA256_64 = base64.b64encode(SHA256.digest()).decode()

SENT: dict[str, tuple[dict[str, str], tuple[Offered, ...]]] = {
    "none": ({}, ()),
    "Content-MD5": ({"content-md5": MD5_64}, (Offered("Content-MD5", "md5", MD5.hexdigest()),)),
    "of S3": (
        {"x-amz-checksum-sha256": SHA256_64},
        (Offered("x-amz-checksum-sha256", "sha256", SHA256.hexdigest()),),
    ),
    "of S3, of parts": ({"x-amz-checksum-sha256": f"{SHA256_64}-3"}, ()),
    "of GCS": ({"x-goog-hash": f"crc32c=n03x6A==,md5={MD5_64}"}, (Offered("x-goog-hash", "md5", MD5.hexdigest()),)),
    "of GCS, in two headers": (
        {"x-goog-hash": f"crc32c=n03x6A==, md5={MD5_64}"},
        (Offered("x-goog-hash", "md5", MD5.hexdigest()),),
    ),
    "Digest": (
        {"Digest": f"SHA-256={SHA256_64},MD5={MD5_64}"},
        (Offered("Digest", "sha256", SHA256.hexdigest()), Offered("Digest", "md5", MD5.hexdigest())),
    ),
    "Repr-Digest": (
        {"Repr-Digest": f"sha-256=:{SHA256_64}:"},
        (Offered("Repr-Digest", "sha256", SHA256.hexdigest()),),
    ),
    "an algorithm that is not known": ({"Repr-Digest": f"unixsum=:{SHA256_64}:"}, ()),
    "no base64": ({"Content-MD5": "!!!"}, ()),
    "not ASCII": ({"Content-MD5": "é"}, ()),
    "another length": ({"Content-MD5": SHA256_64, "x-amz-checksum-sha256": MD5_64}, ()),
    "several": (
        {"Content-MD5": MD5_64, "x-amz-checksum-sha256": SHA256_64},
        (
            Offered("Content-MD5", "md5", MD5.hexdigest()),
            Offered("x-amz-checksum-sha256", "sha256", SHA256.hexdigest()),
        ),
    ),
}


@pytest.mark.parametrize(("headers", "expected"), SENT.values(), ids=SENT.keys())
def test_what_a_host_sent_is_read_and_what_cannot_be_read_is_left_out(
    headers: dict[str, str], expected: tuple[Offered, ...]
) -> None:
    assert offered(CaseInsensitiveDict(headers)) == expected


# -- ETags


def random_bytes(size: int) -> bytes:
    return random.Random(size).randbytes(size)  # noqa: S311 - the same bytes in each run


def tag_of(content: bytes, *parts: int) -> str:
    """The ETag of an upload in these parts, in bytes; the last one is what is left."""
    sums, at = b"", 0
    for part in (*parts, len(content) - sum(parts)):
        sums += hashlib.md5(content[at : at + part], usedforsecurity=False).digest()
        at += part
    return f'"{hashlib.md5(sums, usedforsecurity=False).hexdigest()}-{len(parts) + 1}"'


def found(etag: str, content: bytes) -> Finding:
    hashes = Hashes(etag, (), len(content))
    for start in range(0, len(content), BLOCK):
        hashes.update(content[start : start + BLOCK])
    assert hashes.sha256 == hashlib.sha256(content).hexdigest()
    return of_tag(etag, hashes.md5, hashes.md5s_of_parts)


BLOCK = 1_000_003
"""No part ends where a block does."""


LARGE = random_bytes(17 * MIB + 5)
PARTS: dict[str, tuple[int, ...]] = {
    "parts of 5 MiB": (5 * MIB,) * 3,
    "parts of 8 MiB": (8 * MIB,) * 2,
    "parts of 16 MiB": (16 * MIB,),
    "even parts, in whole MiB": (9 * MIB,),
    "more parts than 5 MiB allow, in whole MiB": (2 * MIB,) * 8,
}


@pytest.mark.parametrize("parts", PARTS.values(), ids=PARTS.keys())
def test_the_tag_of_an_upload_in_usual_parts_is_made_again(parts: tuple[int, ...]) -> None:
    finding = found(tag_of(LARGE, *parts), LARGE)
    assert (finding.answer, finding.proves_end, finding.is_checksum) == (Answer.PROVED, True, True)
    assert finding.evidence == f"ETag is that of {len(parts) + 1} parts of {parts[0]} bytes"


@pytest.mark.parametrize("at", [0, 5 * MIB - 1, 5 * MIB, len(LARGE) - 1])
def test_a_changed_byte_is_not_what_the_tag_of_parts_says(at: int) -> None:  # I15
    changed = bytearray(LARGE)
    changed[at] ^= 1
    assert found(tag_of(LARGE, *(5 * MIB,) * 3), bytes(changed)).answer is Answer.CANNOT_TELL


def test_a_file_of_exactly_so_many_parts_is_made_again() -> None:
    content = LARGE[: 10 * MIB]
    assert found(tag_of(content, 5 * MIB), content).answer is Answer.PROVED
    assert found(tag_of(content), content).answer is Answer.PROVED, "one part alone"


UNKNOWN: dict[str, str] = {
    "odd parts": tag_of(LARGE, 6_000_001, 6_000_001),
    "another number of parts": tag_of(LARGE, *(5 * MIB,) * 3).replace("-4", "-3"),
    "no parts": tag_of(LARGE).replace("-1", "-0"),
    "weak": f"W/{tag_of(LARGE, 8 * MIB, 8 * MIB)}",
    "without quotes": tag_of(LARGE, 8 * MIB, 8 * MIB).strip('"'),
    "none": "",
}


@pytest.mark.parametrize("etag", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_a_tag_that_cannot_be_made_again_tells_nothing(etag: str) -> None:
    finding = found(etag, LARGE)
    assert (finding.answer, finding.proves_end, finding.is_checksum) == (Answer.CANNOT_TELL, False, False)
    assert not tag_is_other_md5(etag, "0" * 32), "in parts or not a tag at all: no reason for doubt"


def test_no_md5_is_worked_out_that_nobody_can_compare() -> None:
    for etag, sent, wanted in (
        ("", (), False),
        ('W/"0"', (), False),
        ('"0cc175b9c0f1b6a831c399e269772661"', (), True),
        ("", (Offered("Digest", "sha256", "00"),), False),
        ("", (Offered("Content-MD5", "md5", "00"),), True),
    ):
        hashes = Hashes(etag, sent, 1)
        hashes.update(b"a")
        assert hashes.md5 == ("0cc175b9c0f1b6a831c399e269772661" if wanted else "")
        assert hashes.md5s_of_parts == {}
