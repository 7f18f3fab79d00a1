"""Every word of a script does what the table says, on every route that knows it."""

import http.client
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from reconciler.emulator import faults
from tests.support import bodies
from tests.support.account import call, data_of, files_of
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.waiting import until

ROOT = Path(__file__).parents[2]
A = job_id(1)
PAIR = {"client_id": "emulator", "client_secret": "emulator-secret"}
CALLS: dict[str, tuple[str, str, object]] = {
    "list": ("GET", "/v1/jobs", None),
    "get": ("GET", f"/v1/jobs/{A}", None),
    "clean": ("DELETE", f"/v1/jobs/{A}/clean", None),
    "quota": ("GET", "/v1/quota", None),
    "token": ("POST", "/v1/oauth2/token", PAIR),
    "create": ("POST", "/v2/video/storyboard", {}),
    "upload-address": ("POST", "/v1/media/generateUrl", {"fileName": "a.mp4"}),
    "templates": ("POST", "/v1/templates", {"any": "thing"}),
    "aistudio-images": ("GET", "/v1/aistudio/images", None),
    "aistudio-videos": ("GET", "/v1/aistudio/videos", None),
}


@dataclass(frozen=True)
class Got:
    """What came over the wire: status 0 says that the connection was dropped, `is_cut` that less came than declared."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    is_cut: bool = False


def send(
    emulator: EmulatorProcess, method: str, address: str, *, timeout: float = 10.0, body: object = None, **headers: str
) -> Got:
    """Send one request, below any library that would help."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
    sent = {"Authorization": emulator.key, "User-Agent": "a test", **headers}
    try:
        connection.request(method, parts.path, body=None if body is None else json.dumps(body), headers=sent)
        answer = connection.getresponse()
        came = dict(answer.headers)
        try:
            return Got(answer.status, answer.read(), came)
        except http.client.IncompleteRead as cut:
            return Got(answer.status, cut.partial, came, is_cut=True)
    except (ConnectionError, http.client.RemoteDisconnected):
        return Got(0)
    finally:
        connection.close()


def api_call(emulator: EmulatorProcess, route: str, timeout: float = 10.0) -> Got:
    method, path, body = CALLS[route]
    return send(emulator, method, f"{emulator.api}{path}", body=body, timeout=timeout)


def is_html(got: Got) -> bool:
    return got.status == 200 and got.body.startswith(b"<!DOCTYPE html>")


def is_not_json(got: Got) -> bool:
    return (got.status, got.headers["Content-Type"][:16], got.body[:1]) == (200, "application/json", b"{")


COMMON: dict[str, Callable[[Got], bool]] = {
    "html": is_html,
    "not-json": lambda got: is_not_json(got) and b"'" in got.body,
    "reset": lambda got: got.status == 0,
    "cut": lambda got: got.is_cut and len(got.body) > 0,
    "cut-no-length": lambda got: "Content-Length" not in got.headers and not got.body.endswith(b"}"),
    "drip": lambda got: got.status == 200 and got.body.endswith(b"}"),
    "clock-behind": lambda got: parsedate_to_datetime(got.headers["Date"]).timestamp() < time.time() - 86_000,
    "429": lambda got: got.status == 429,
    "502": lambda got: got.status == 502 and got.body.startswith(b"<!DOCTYPE html>"),
}


def effects(emulator: EmulatorProcess) -> int:
    return sum(request["took_effect_s"] is not None for request in emulator.requests())


@pytest.mark.parametrize("word", COMMON)
@pytest.mark.parametrize("route", faults.API)
def test_each_common_word_does_what_its_name_says_on_each_route(
    emulator: EmulatorProcess, route: str, word: str
) -> None:
    emulator.put_job(A, bodies.image())
    emulator.fault(route, word)
    got = api_call(emulator, route)
    assert COMMON[word](got), got
    (request,) = emulator.requests()
    assert request["word"] == word
    if word in {"html", "not-json", "reset", "429", "502"}:
        assert request["took_effect_s"] is None, "nothing was done"
    usual = api_call(emulator, route)
    assert usual.status == 200, "the word was for one request"
    assert not COMMON[word](usual) or word == "drip"


@pytest.mark.parametrize("route", faults.WRITES)
@pytest.mark.parametrize(("word", "status"), [("reset-after-commit", 0), ("503-after-commit", 503)])
def test_what_is_withheld_was_done(emulator: EmulatorProcess, route: str, word: str, status: int) -> None:
    emulator.put_job(A, bodies.image())
    emulator.fault(route, word)
    assert api_call(emulator, route).status == status
    (request,) = emulator.requests()
    # An address to upload to is an answer alone: there is nothing to be done.
    assert (request["took_effect_s"] is not None) == (route != "upload-address")
    assert request["ended_s"] is not None


@pytest.mark.parametrize(("word", "is_cleaned"), [("stall", False), ("stall-after-commit", True)])
def test_a_stalled_clean_gives_no_answer(emulator: EmulatorProcess, word: str, is_cleaned: bool) -> None:
    emulator.put_job(A, bodies.image())
    emulator.fault("clean", word)
    with pytest.raises(TimeoutError):
        api_call(emulator, "clean", timeout=0.5)
    until(emulator.writes, "the request has come")
    assert emulator.cleaned() == ({A} if is_cleaned else set())


@pytest.mark.parametrize(
    ("word", "is_cleaned", "status"),
    [
        *(("refuse", False, 200), ("gone", False, 404), ("reset", False, 0), ("503", False, 503), ("html", False, 200)),
        *(("reset-after-commit", True, 0), ("500-after-commit", True, 500), ("cut", True, 200), ("drip", True, 200)),
    ],
)
def test_a_clean_is_done_or_not_as_its_word_says(
    emulator: EmulatorProcess, word: str, is_cleaned: bool, status: int
) -> None:
    emulator.put_job(A, bodies.image())
    emulator.fault("clean", word)
    assert api_call(emulator, "clean").status == status
    assert emulator.cleaned() == ({A} if is_cleaned else set())


def json_of(emulator: EmulatorProcess, route: str) -> Any:
    return call(emulator, CALLS[route][1]).json()


LIST: dict[str, Callable[[Any, Any], bool]] = {
    "cursor-repeat": lambda page, _: bool(page["nextPageKey"]),
    "no-items": lambda page, _: "items" not in page,
    "repeat-items": lambda page, usual: page["items"] == [*usual["items"][-2:], *usual["items"]],
    "end-absent": lambda page, _: "nextPageKey" not in page,
    "end-empty": lambda page, _: page["nextPageKey"] == "",
    "no-id": lambda page, usual: [*page["items"][0]["data"]] == [*usual["items"][0]["data"]][:-1],
}


@pytest.mark.parametrize("word", faults.WORDS["list"])
def test_each_word_of_the_list(emulator: EmulatorProcess, word: str) -> None:
    for number in (1, 2, 3):
        emulator.put_job(job_id(number), bodies.image())
    usual = json_of(emulator, "list")
    emulator.fault("list", word)
    assert LIST[word](json_of(emulator, "list"), usual)


def test_a_repeated_cursor_leads_to_the_page_that_named_it(emulator: EmulatorProcess) -> None:
    emulator.reset(jobs=60)
    second = json_of(emulator, "list")["nextPageKey"]
    emulator.fault("list", "cursor-repeat")
    page = call(emulator, "/v1/jobs", query={"nextPageKey": second}).json()
    assert page["nextPageKey"] == second


GET: dict[str, Callable[[Any], bool]] = {
    "changed": lambda body: "/moved/Plan-Name/" in body["data"]["url"],
    "other-id": lambda body: body["job_id"] != A,
    "not-found-5000": lambda body: body.get("error_code") == "5000",
    "in-progress": lambda body: body["data"] == {"status": "in-progress"},
}


@pytest.mark.parametrize("word", faults.WORDS["get"])
def test_each_word_of_the_get(emulator: EmulatorProcess, word: str) -> None:
    emulator.put_job(A, bodies.image())
    emulator.fault("get", word)
    assert GET[word](json_of(emulator, "get"))
    assert not GET[word](json_of(emulator, "get"))


def test_a_job_that_is_told_to_fail_fails(emulator: EmulatorProcess) -> None:
    emulator.clock(stands=True)
    emulator.fault("create", "job-fails")
    made = call(emulator, "/v2/video/render", "POST", body={}).json()["data"]["jobId"]
    assert data_of(emulator, made)["status"] == "in-progress"
    emulator.clock(advance_s=20)
    body = call(emulator, f"/v1/jobs/{made}").json()
    assert (body["success"], body["data"]["status"]) == (False, "failed")
    assert body["data"]["error_code"]


# -- files


def differences(one: bytes, other: bytes) -> int:
    return sum(x != y for x, y in zip(one, other, strict=True))


FILES: dict[str, Callable[[Got, Got], bool]] = {
    "403": lambda got, _: got.status == 403,
    "html": lambda got, _: is_html(got),
    "reset": lambda got, _: got.status == 0,
    "reset-midway": lambda got, whole: got.is_cut and got.body == whole.body[: len(whole.body) // 2],
    "cut": lambda got, whole: got.is_cut and got.body == whole.body[: len(whole.body) // 2],
    "cut-no-length": lambda got, whole: (
        "Content-Length" not in got.headers and got.body == whole.body[: len(whole.body) // 2]
    ),
    "zero": lambda got, _: (got.status, got.body, got.headers["Content-Length"]) == (200, b"", "0"),
    "wrong-type": lambda got, whole: got.status == 200 and got.body[:4] != whole.body[:4],
    "flip": lambda got, whole: differences(got.body, whole.body) == 1 and got.headers["ETag"] == whole.headers["ETag"],
    "no-length": lambda got, whole: "Content-Length" not in got.headers and got.body == whole.body,
    "wrong-length": lambda got, whole: got.is_cut and got.headers["Content-Length"] == str(len(whole.body) + 100),
    "flip-no-etag": lambda got, whole: differences(got.body, whole.body) == 1 and "ETag" not in got.headers,
    "no-etag": lambda got, whole: "ETag" not in got.headers and got.body == whole.body,
    "wrong-etag": lambda got, whole: got.headers["ETag"] != whole.headers["ETag"] and got.body == whole.body,
    "wrong-range": lambda got, whole: (
        (got.status, got.body) == (206, whole.body[: len(whole.body) // 2])
        and got.headers["Content-Range"] == f"bytes 0-{len(whole.body) // 2 - 1}/{len(whole.body)}"
    ),
    "range-ignored": lambda got, whole: (got.status, got.body) == (200, whole.body),
    "changed": lambda got, whole: (
        len(got.body) == len(whole.body) and got.body != whole.body and got.headers["ETag"] != whole.headers["ETag"]
    ),
    "changed-quietly": lambda got, whole: (
        len(got.body) == len(whole.body) and got.body != whole.body and got.headers["ETag"] == whole.headers["ETag"]
    ),
    "redirect": lambda got, _: got.status == 302 and "Location" in got.headers,
    "redirect-host": lambda got, _: got.status == 302 and "localhost" in got.headers["Location"],
    "drip": lambda got, whole: got.body == whole.body,
}


def video(emulator: EmulatorProcess) -> str:
    emulator.put_job(A, {"status": "completed", "videoURL": "asset:VIDEO/film.mp4"})
    (address,) = files_of(data_of(emulator, A))
    return address


@pytest.mark.parametrize("word", FILES)
def test_each_fault_of_a_file_does_what_its_name_says(emulator: EmulatorProcess, word: str) -> None:
    address = video(emulator)
    whole = send(emulator, "GET", address)
    emulator.fault("asset", word)
    got = send(emulator, "GET", address)
    assert FILES[word](got, whole), (got.status, got.headers, len(got.body))
    assert send(emulator, "GET", address).body == whole.body, "the word was for one request"


@pytest.mark.parametrize("word", ["range-ignored", "wrong-range"])
def test_a_part_is_asked_for_and_something_else_comes(emulator: EmulatorProcess, word: str) -> None:
    address = video(emulator)
    whole = send(emulator, "GET", address)
    emulator.fault("asset", word)
    got = send(emulator, "GET", address, Range="bytes=1000-")
    assert FILES[word](got, whole)


def test_a_stalled_file_comes_to_a_halt(emulator: EmulatorProcess) -> None:
    address = video(emulator)
    emulator.fault("asset", "stall")
    with pytest.raises(TimeoutError):
        send(emulator, "GET", address, timeout=0.5)
    emulator.fault("asset", "stall-midway")
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=0.5)
    connection.request("GET", parts.path)
    answer = connection.getresponse()
    half = int(answer.headers["Content-Length"]) // 2
    assert len(answer.read(half)) == half
    with pytest.raises(TimeoutError):
        answer.read(1)
    connection.close()


def test_every_word_of_a_file_is_shown() -> None:
    assert set(faults.WORDS["asset"]) == {*FILES, "ok", "stall", "stall-midway"} - {"403"}


# -- scripts


def test_a_script_is_taken_word_by_word_a_number_repeats_and_a_star_stays(emulator: EmulatorProcess) -> None:
    emulator.fault("list", "ok 503*2 html*")
    came = [api_call(emulator, "list") for _ in range(6)]
    assert [got.status for got in came] == [200, 503, 503, 200, 200, 200]
    assert [is_html(got) for got in came] == [False, False, False, True, True, True]
    emulator.clear_faults()
    assert api_call(emulator, "list").body.startswith(b"{")


def test_a_script_meets_only_the_paths_that_it_names_and_the_first_that_fits_wins(emulator: EmulatorProcess) -> None:
    for number in (1, 2):
        emulator.put_job(job_id(number), bodies.image())
    emulator.fault("get", "503*", match=job_id(2))
    emulator.fault("get", "404*", match=job_id(2))
    assert [call(emulator, f"/v1/jobs/{job_id(number)}").status_code for number in (1, 2)] == [200, 503]


@pytest.mark.parametrize(
    ("route", "script"),
    [
        *(("list", "nonsense"), ("nowhere", "503"), ("clean", "flip"), ("asset", "200"), ("get", "700")),
        *(("list", "503-after-commit"), ("clean", "NNN-after-commit"), ("webhook", "503"), ("list", "503*0")),
        *(("list", "503**"), ("list", "*")),
    ],
)
def test_a_script_that_says_nothing_known_is_refused_whole(emulator: EmulatorProcess, route: str, script: str) -> None:
    with pytest.raises(AssertionError, match="message"):
        emulator.fault(route, f"ok {script}")
    assert api_call(emulator, "list").status == 200
    with pytest.raises(faults.UnknownWord):
        faults.Faults().add(route, script)


def test_the_docs_print_the_words_as_they_are() -> None:
    assert faults.table() in (ROOT / "docs" / "emulator.md").read_text(encoding="utf-8")
