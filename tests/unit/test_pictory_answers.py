"""HTTP answers to what they mean, before anyone looks at a job in them."""

import json

import pytest

from reconciler.core.secret import Secret
from reconciler.pictory.answers import Kind, read_answer

FAILED_JOB = {"success": False, "data": {"status": "failed", "error_code": "5000", "error_message": "JOB_NOT_FOUND"}}

ANSWERS: dict[str, tuple[int, object, Kind]] = {
    "a job": (200, {"job_id": "a", "data": {}}, Kind.FINE),
    "created": (201, {}, Kind.FINE),
    "a list where an object belongs": (200, [1], Kind.UNREADABLE),
    "a web page": (200, b"<html>", Kind.UNREADABLE),
    "nothing": (200, b"", Kind.UNREADABLE),
    "half an object": (200, b'{"items": [', Kind.UNREADABLE),
    "not a number": (200, b'{"a": NaN}', Kind.UNREADABLE),
    "not UTF-8": (200, b'{"a": "\xff"}', Kind.UNREADABLE),
    "nested without end": (200, b"[" * 100_000, Kind.UNREADABLE),
    "a redirect": (302, {}, Kind.UNREADABLE),
    "no content": (204, b"", Kind.UNREADABLE),
    "not found": (404, {"message": "Job not found"}, Kind.NOT_FOUND),
    "not found, as a page": (404, b"<html>", Kind.NOT_FOUND),
    "not found by code, as text": (200, {"success": False, "error_code": "5000"}, Kind.NOT_FOUND),
    "not found by code, as a number": (400, {"error": {"error_code": 5000}}, Kind.NOT_FOUND),
    "not found by word": (500, {"data": {"error_message": "JOB_NOT_FOUND"}}, Kind.NOT_FOUND),
    "a failed job that says the same of itself": (200, FAILED_JOB, Kind.FINE),
    "unauthorized": (401, {"message": "Unauthorized"}, Kind.KEY_REFUSED),
    "forbidden": (403, {"message": "Forbidden"}, Kind.KEY_REFUSED),
    "Cloudflare": (403, b"error code: 1010", Kind.CLIENT_REFUSED),
    "too many": (429, {}, Kind.TRY_AGAIN),
    "too slow": (408, b"", Kind.TRY_AGAIN),
    "broken": (500, b"", Kind.TRY_AGAIN),
    "a gateway": (502, b"<html>", Kind.TRY_AGAIN),
    "a code of its own": (599, {}, Kind.TRY_AGAIN),
    "bad request": (400, {"message": "no"}, Kind.REFUSED),
    "conflict": (409, {}, Kind.REFUSED),
    "gone": (410, {}, Kind.REFUSED),
    "payment": (402, {"message": "Quota exceeded"}, Kind.REFUSED),
    "a teapot's page": (418, b"<html>", Kind.REFUSED),
    "moved, with an object": (301, {"job_id": "a"}, Kind.UNREADABLE),
    "not modified": (304, b"", Kind.UNREADABLE),
    "early": (103, {}, Kind.UNREADABLE),
    "unauthorized, as a page": (401, b"<html>", Kind.KEY_REFUSED),
    "forbidden, as a page": (403, b"<html>Forbidden</html>", Kind.KEY_REFUSED),
    "forbidden by the service, which speaks of 1010": (403, {"message": "plan 1010"}, Kind.KEY_REFUSED),
    "Cloudflare's page": (403, b"<html>" + b" " * 2000 + b"Error 1010", Kind.CLIENT_REFUSED),
    "1010 elsewhere than in a 403": (400, b"error code: 1010", Kind.REFUSED),
    "too many, as a page": (429, b"<html>", Kind.TRY_AGAIN),
    "broken, with a job in it": (500, {"job_id": "a", "data": {"status": "completed"}}, Kind.TRY_AGAIN),
    "not found under 500, at the top": (500, {"error_code": "5000"}, Kind.NOT_FOUND),
    "not found under 400, in data": (400, {"data": {"error_code": "5000"}}, Kind.NOT_FOUND),
    "another code": (400, {"error_code": "50000"}, Kind.REFUSED),
    "another case of the word": (400, {"error_message": "job_not_found"}, Kind.REFUSED),
    "a failed job of another error": (200, {"data": {"status": "failed", "error_code": "X"}}, Kind.FINE),
    "a byte order mark": (200, b"\xef\xbb\xbf{}", Kind.UNREADABLE),
    "minus endless": (200, b'{"a": -Infinity}', Kind.UNREADABLE),
    "a number of 5000 digits": (200, b'{"a": ' + b"9" * 5000 + b"}", Kind.FINE),
    "nested objects without end": (200, b'{"a":' * 100_000, Kind.UNREADABLE),
    "two objects": (200, b"{} {}", Kind.UNREADABLE),
    "text": (200, b'"completed"', Kind.UNREADABLE),
    "null": (200, b"null", Kind.UNREADABLE),
    "UTF-16": (200, '{"a": 1}'.encode("utf-16"), Kind.UNREADABLE),
    "half a character, escaped": (200, b'{"a": "\\ud83d"}', Kind.FINE),
}


@pytest.mark.parametrize(("status", "body", "kind"), ANSWERS.values(), ids=ANSWERS.keys())
def test_each_answer_has_one_meaning(status: int, body: object, kind: Kind) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    assert read_answer(status, raw).kind is kind


WORDS: dict[str, tuple[object, str]] = {
    "message": ({"message": "m"}, "m"),
    "error_message": ({"error_message": "e"}, "e"),
    "nested": ({"error": {"error_message": "n"}}, "n"),
    "in data": ({"data": {"error_message": "d"}}, "d"),
    "the first that is text": ({"message": 7, "error_message": "", "error": {"message": "n"}}, "n"),
    "message before error_message": ({"error_message": "e", "message": "m"}, "m"),
    "the top before what is inside": ({"error": {"message": "n"}, "error_message": "e"}, "e"),
    "error before data": ({"data": {"message": "d"}, "error": {"error_message": "n"}}, "n"),
    "an error that is text": ({"error": "Bad Gateway"}, '24 bytes beginning \'{"error": "Bad Gateway"}\''),
    "too long": ({"message": "x" * 500}, "x" * 200),
    "no text": ({"message": 7}, "14 bytes beginning '{\"message\": 7}'"),
    "a page": (b"<html>\n <b>", "11 bytes beginning '<html> <b>'"),
    "nothing": (b"", "an empty body"),
}


@pytest.mark.parametrize(("body", "words"), WORDS.values(), ids=WORDS.keys())
def test_the_service_s_own_words_are_found(body: object, words: str) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    assert read_answer(400, raw).words == words


@pytest.mark.parametrize(
    "body",
    [
        {"message": "key pictai_x refused"},
        {"message": "x" * 197 + "pictai_x"},
        {"data": {"error_message": "pictai_x pictai_x"}},
        b"got pictai_x",
        b"x" * 55 + b"pictai_x",
        b"x" * 195 + b"pictai_x",
        b"\xff pictai_x",
    ],
)
def test_words_never_tell_the_key(body: object) -> None:  # I11
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    words = read_answer(401, raw, sent=[Secret("pictai_x")]).words
    assert "pictai" not in words
