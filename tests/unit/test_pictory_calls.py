"""The HTTP calls against a real server: the key, retries, redirects, and a clean that is sent once."""

import inspect
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Self

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.job import JobId
from reconciler.core.receipt import BagFile, ReadBack, Receipt, VerifiedReceipt
from reconciler.core.secret import Secret
from reconciler.engine.job_steps import CLEAN_TAKES_AT_MOST_S
from reconciler.engine.ports import CleanAnswer
from reconciler.errors import (
    AuthenticationRefused,
    InventoryIncomplete,
    ReconcilerError,
    ServiceAnswerUnreadable,
    ServiceError,
    ServiceUnreachable,
)
from reconciler.pictory import calls as calls_module
from reconciler.pictory.calls import ApiCalls
from reconciler.pictory.credentials import RawKey
from reconciler.pictory.pacing import Pacer
from reconciler.pictory.parts import Part
from reconciler.pictory.patience import Again
from reconciler.pictory.reader import PictoryCleaner, PictoryReader
from tests.support.hand_made_time import HandMadeTime
from tests.support.scripted_server import RESET, Reply, Scripted, scripted

KEY = "pictai_canary-0123456789"
FINE = Reply(body=b'{"items": [], "nextPageKey": null}')


DATES = st.from_regex(
    r"[A-Z][a-z]{2}, \d{1,30} (Jan|Feb|Dec) -?\d{1,20} \d{1,4}:\d{1,4}:\d{1,4} ([+-]\d{1,8}|GMT)", fullmatch=True
)


@pytest.fixture
def pauses() -> list[float]:
    return []


def calling(
    server: Scripted,
    pauses: list[float],
    patience_s: float = 5.0,
    read_s: float = 5.0,
    *,
    per_second: float = 1000,
    said: list[str] | None = None,
) -> ApiCalls:
    time = HandMadeTime(pauses=pauses)
    return ApiCalls(
        server.address,
        RawKey(Secret(KEY)),
        Pacer(per_second, now=time.now, pause=time.pause),
        patience_s=patience_s,
        connect_s=1.0,
        read_s=read_s,
        now=time.now,
        pause=time.pause,
        say=(said if said is not None else []).append,
    )


def test_the_key_goes_as_it_is_with_our_own_name(pauses: list[float]) -> None:
    with scripted(FINE) as server, calling(server, pauses) as calls:
        calls.get("/v1/jobs", what="a call", query={"nextPageKey": "a+/="})
    (came,) = server.came
    assert came.headers["Authorization"] == KEY
    assert came.headers["User-Agent"].startswith("pictory-reconciler/")
    assert came.headers["Accept"] == "application/json"
    assert came.path == "/v1/jobs?nextPageKey=a%2B%2F%3D"


def test_a_netrc_file_does_not_replace_the_key(
    pauses: list[float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("default login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with scripted(FINE) as server, calling(server, pauses) as calls:
        calls.get("/v1/jobs", what="a call")
    assert server.came[0].headers["Authorization"] == KEY


def test_a_redirect_is_not_followed_so_the_key_stays(pauses: list[float]) -> None:  # I11
    with scripted(FINE) as elsewhere:
        move = Reply(302, b"", (("Location", elsewhere.address),))
        with (
            scripted(move) as server,
            calling(server, pauses) as calls,
            pytest.raises(ServiceAnswerUnreadable, match="HTTP 302 with an empty body"),
        ):
            calls.get("/v1/jobs", what="a call")
        assert elsewhere.came == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_no_kind_of_redirect_is_followed_by_any_call(status: int, method: str, pauses: list[float]) -> None:  # I11
    with scripted(FINE) as elsewhere:
        move = Reply(status, b"", (("Location", f"{elsewhere.address}/v1/jobs"),))
        with scripted(move, FINE) as server, calling(server, pauses) as calls:
            with pytest.raises(ServiceAnswerUnreadable):
                calls.get("/v1/jobs", what="a call") if method == "GET" else calls.delete_once("/a", what="a call")
            assert server.methods == [method]
        assert elsewhere.came == []


@pytest.mark.parametrize(
    "location",
    ["http://[", "http://127.0.0.1:99999/", "\xff\xfe", "//", "ftp://files.invalid", "http://" + "a" * 70 + ".invalid"],
    ids=["half an address", "no port", "no text", "no host", "another scheme", "a long name"],
)
def test_a_redirect_to_nowhere_is_an_answer_and_no_traceback(location: str, pauses: list[float]) -> None:
    move = Reply(302, b"", (("Location", location),))
    with scripted(move) as server, calling(server, pauses, patience_s=0) as calls:
        with pytest.raises(ServiceError):
            calls.get("/v1/jobs", what="a call")
        with pytest.raises(ServiceError):
            calls.delete_once("/v1/jobs/a/clean", what="a clean")
        assert server.methods == ["GET", "DELETE"]


def test_the_key_takes_precedence_over_one_in_the_base_address(pauses: list[float]) -> None:
    with scripted(FINE) as server:
        address = server.address.replace("http://", "http://user:word@")
        with ApiCalls(address, RawKey(Secret(KEY)), Pacer(1000), patience_s=0, pause=pauses.append) as calls:
            calls.get("/v1/jobs", what="a call")
    assert server.came[0].headers["Authorization"] == KEY


def test_the_base_address_may_end_with_a_slash(pauses: list[float]) -> None:
    with (
        scripted(FINE) as server,
        ApiCalls(server.address + "/base/", RawKey(Secret(KEY)), Pacer(1000), pause=pauses.append) as calls,
    ):
        calls.get("/v1/jobs", what="a call")
    assert server.came[0].path == "/base/v1/jobs"


PASSING = {
    "429": Reply(429),
    "500": Reply(500, b"<html>"),
    "503": Reply(503),
    "408": Reply(408),
    "a reset": RESET,
    "a cut body": Reply(body=b'{"items"', length=500),
    "a gateway's page": Reply(502, b"<html>"),
    "a body that is no gzip": Reply(body=b"{}", headers=(("Content-Encoding", "gzip"),)),
}


@pytest.mark.parametrize("trouble", PASSING.values(), ids=PASSING.keys())
def test_a_read_is_tried_again_after_passing_trouble(trouble: Reply, pauses: list[float]) -> None:
    # So fast that no pause is for the pace, however short the one between two tries is drawn.
    at_once = 1_000_000
    with scripted(trouble, trouble, FINE) as server, calling(server, pauses, per_second=at_once) as calls:
        got = calls.get("/v1/jobs", what="a call")
    assert got is not None
    assert got.answer.body == {"items": Part(b"[]"), "nextPageKey": None}
    assert len(server.came) == 3
    assert len(pauses) == 2


@pytest.mark.parametrize("trouble", PASSING.values(), ids=PASSING.keys())
def test_a_clean_is_sent_once_whatever_happens(trouble: Reply, pauses: list[float]) -> None:  # I8
    with scripted(trouble, FINE) as server, calling(server, pauses) as calls:
        with pytest.raises(ServiceError, match="no usable answer"):
            calls.delete_once("/v1/jobs/a/clean", what="a clean")
        assert server.methods == ["DELETE"]
    assert pauses == []


def test_a_clean_on_a_kept_connection_that_the_server_dropped_is_sent_once(pauses: list[float]) -> None:  # I8
    with scripted(FINE, RESET, FINE) as server, calling(server, pauses) as calls:
        calls.get("/v1/jobs", what="a read")
        with pytest.raises(ServiceError):
            calls.delete_once("/v1/jobs/a/clean", what="a clean")
    assert server.methods == ["GET", "DELETE"]


def test_a_clean_into_a_connection_that_the_server_closed_is_sent_at_most_once(pauses: list[float]) -> None:  # I8
    # The declared length is kept, so nothing tells the client that the connection it keeps is closed.
    with ServerThatClosesWithoutAWord() as server:
        calls = ApiCalls(
            server.address, RawKey(Secret(KEY)), Pacer(1000), patience_s=0, connect_s=1, pause=pauses.append
        )
        with calls:
            calls.get("/v1/jobs", what="a read")
            with suppress(ServiceError):
                calls.delete_once("/v1/jobs/a/clean", what="a clean")
    assert server.methods.count("DELETE") <= 1


class ServerThatClosesWithoutAWord:
    """Answers one request for each connection as if it were kept, and closes it."""

    def __enter__(self) -> Self:
        self.methods: list[str] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self

    def __exit__(self, *_unused: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                self.methods.append(connection.recv(65536).split(b" ")[0].decode())
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")


def test_patience_ends_with_the_call_named_and_how_long_it_was_tried(pauses: list[float]) -> None:
    with scripted(Reply(503)) as server, calling(server, pauses, patience_s=0.0) as calls:
        with pytest.raises(ServiceUnreachable, match=r"^a call: no usable answer after 1 tries in 0 s \(HTTP 503"):
            calls.get("/v1/jobs", what="a call")
        assert len(server.came) == 1


def test_a_server_that_stalls_is_given_up(pauses: list[float]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        calls = ApiCalls(address, RawKey(Secret(KEY)), Pacer(1000), patience_s=0, read_s=0.2, pause=pauses.append)
        with calls, pytest.raises(ServiceUnreachable, match=r"\(ReadTimeout\)"):
            calls.get("/v1/jobs", what="a call")


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_wait_that_the_service_asks_for_is_kept_in_both_forms(form: str, pauses: list[float]) -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=9), usegmt=True)  # noqa: TID251 - HTTP dates are real time
    asked = Reply(429, b"{}", (("Retry-After", "7" if form == "seconds" else until),))
    with scripted(asked, FINE) as server, calling(server, pauses, patience_s=10) as calls:
        calls.get("/v1/jobs", what="a call")
    assert 6.9 <= pauses[0] <= 9.1
    assert len(pauses) == 1, "the pacer asks for no second wait"


@pytest.mark.parametrize("patience_s", [0.0, 5.0, 29.9])
def test_a_wait_beyond_the_patience_is_not_begun_and_what_was_asked_is_told(
    patience_s: float, pauses: list[float]
) -> None:
    asked = Reply(429, b'{"message": "slow down"}', (("Retry-After", "30"),))
    with scripted(asked, FINE) as server, calling(server, pauses, patience_s=patience_s) as calls:
        with pytest.raises(ServiceUnreachable) as raised:
            calls.get("/v1/jobs", what="a call")
        assert len(server.came) == 1
    assert pauses == []
    assert raised.value.message == (
        "a call: no usable answer after 1 tries in 0 s (HTTP 429: slow down); the service asks to wait 30 s, "
        f"{patience_s:.0f} s of patience are left"
    )


def test_no_wait_outlives_the_patience_and_all_of_it_is_used(pauses: list[float]) -> None:
    with scripted(Reply(503)) as server, calling(server, pauses, patience_s=40) as calls:
        for _ in range(5):
            before = sum(pauses)
            with pytest.raises(ServiceUnreachable, match=r"tries in 40 s \(HTTP 503"):
                calls.get("/v1/jobs", what="a call")
            assert sum(pauses) - before == pytest.approx(40)
        assert len(server.came) > 10


def test_the_first_try_waits_for_its_place_however_long_and_a_later_one_only_as_long_as_the_patience(
    pauses: list[float],
) -> None:
    with scripted(Reply(503)) as server, calling(server, pauses, patience_s=3, per_second=0.25) as calls:
        with pytest.raises(ServiceUnreachable, match=r"after 1 tries .* leave no place for another one in time"):
            calls.get("/v1/jobs", what="a call")
        spent = sum(pauses)
        assert spent <= 3
        with pytest.raises(ServiceUnreachable):
            calls.get("/v1/jobs", what="a call")
        assert len(server.came) == 2
    assert max(pauses) == pytest.approx(4 - spent), "the first try of the second call"


def test_a_clean_waits_no_longer_for_its_place_than_the_lease_is_kept(pauses: list[float]) -> None:  # I8
    asked = Reply(503, b"{}", (("Retry-After", "6"),))
    assert calls_module.CONNECT_S + calls_module.READ_S + calls_module.LONGEST_PLACE_S <= CLEAN_TAKES_AT_MOST_S
    with scripted(asked, FINE) as server, calling(server, pauses, patience_s=0) as calls:
        with pytest.raises(ServiceError):
            calls.get("/v1/jobs/a", what="a read")
        with pytest.raises(ServiceUnreachable, match=r"a clean: no usable answer .not sent: its place among the calls"):
            calls.delete_once("/v1/jobs/a/clean", what="a clean")
        assert server.methods == ["GET"]


@pytest.mark.parametrize("asked", ["-5", "soon", "", "1e9", "²"])
def test_a_wait_that_makes_no_sense_is_none_that_was_asked_for(asked: str, pauses: list[float]) -> None:
    reply = Reply(429, b"{}", (("Retry-After", asked.encode("utf-8").decode("latin-1")),))
    with scripted(reply, FINE) as server, calling(server, pauses) as calls:
        calls.get("/v1/jobs", what="a call")
    assert 0 <= pauses[0] <= 0.5


@pytest.mark.parametrize("asked", ["61", "3600", "99999999999999"])
def test_a_wait_that_the_patience_allows_is_bounded(asked: str, pauses: list[float]) -> None:
    reply = Reply(429, b"{}", (("Retry-After", asked),))
    with scripted(reply, FINE) as server, calling(server, pauses, patience_s=1e9) as calls:
        calls.get("/v1/jobs", what="a call")
    assert pauses == [60]


@pytest.mark.parametrize("asked", [0.0, -60.0])
def test_a_wait_until_now_or_before_is_no_wait(asked: float, pauses: list[float]) -> None:
    moment = datetime.fromtimestamp(time.time() + asked, UTC)
    reply = Reply(503, b"{}", (("Retry-After", format_datetime(moment, usegmt=True)),))
    with scripted(reply, FINE) as server, calling(server, pauses) as calls:
        calls.get("/v1/jobs", what="a call")
    assert pauses[0] == 0
    assert sum(pauses) == pytest.approx(1 / 500), "its place at half the rate"


ENDLESS_YEAR = "Mon, 01 Jan 99999999999999 00:00:00 GMT"


def test_a_wait_until_a_year_that_no_calendar_has_is_bounded(pauses: list[float]) -> None:
    reply = Reply(429, b"{}", (("Retry-After", ENDLESS_YEAR),))
    with scripted(reply, FINE) as server, calling(server, pauses) as calls:
        calls.get("/v1/jobs", what="a call")
    assert 0 <= pauses[0] <= 60


@given(st.one_of(st.text(max_size=40), DATES))
def test_any_date_is_read_or_passed_over(text: str) -> None:
    read = calls_module._http_time(text)
    assert read is None or read.tzinfo is not None


def test_the_waits_grow_and_are_bounded_where_the_service_asks_for_none(pauses: list[float]) -> None:
    troubles = [Reply(503)] * 12
    with scripted(*troubles, FINE) as server, calling(server, pauses, patience_s=1e9, per_second=1e6) as calls:
        calls.get("/v1/jobs", what="a call")
    assert len(pauses) == 12
    assert all(0 <= pause <= min(30.0, 0.5 * 2**tries) for tries, pause in enumerate(pauses))
    assert len(set(pauses)) > 6, "callers that failed together come back apart"


FINAL: dict[str, tuple[Reply, type[ReconcilerError], str]] = {
    "401": (Reply(401, b'{"message": "no"}'), AuthenticationRefused, "refused the key (HTTP 401: no)"),
    "403": (Reply(403, b'{"message": "no"}'), AuthenticationRefused, "refused the key (HTTP 403: no)"),
    "401 as a page": (Reply(401, b"<html>"), AuthenticationRefused, "HTTP 401: 6 bytes beginning '<html>'"),
    "1010": (Reply(403, b"error code: 1010"), ServiceUnreachable, "Cloudflare refused this client"),
    "a page": (Reply(200, b"<html>"), ServiceAnswerUnreadable, "where a JSON object belongs"),
}


@pytest.mark.parametrize(("reply", "kind", "told"), FINAL.values(), ids=FINAL.keys())
def test_what_will_not_get_better_is_told_at_once(
    reply: Reply, kind: type[ReconcilerError], told: str, pauses: list[float]
) -> None:
    with scripted(reply) as server, calling(server, pauses) as calls:
        with pytest.raises(kind) as raised:
            calls.get("/v1/jobs", what="a call")
        assert told in raised.value.message
        assert KEY not in raised.value.message + raised.value.hint
        assert len(server.came) == 1
        with pytest.raises(kind):
            calls.delete_once("/v1/jobs/a/clean", what="a clean")
        assert server.methods == ["GET", "DELETE"]
    assert pauses == []


def exceptions_of_requests() -> list[type[requests.RequestException]]:
    return [
        kind
        for _, kind in inspect.getmembers(requests.exceptions, inspect.isclass)
        if issubclass(kind, requests.RequestException)
    ]


@pytest.mark.parametrize("kind", exceptions_of_requests(), ids=lambda kind: kind.__name__)
def test_every_exception_of_the_library_becomes_one_of_ours_and_keeps_its_text_to_itself(
    kind: type[requests.RequestException],
) -> None:  # I11
    address = "https://user:pass@host/path?sig=1"
    raised = kind(address) if kind is not requests.exceptions.JSONDecodeError else kind("", address, 0)
    ours = calls_module._of_requests(raised, "a call")
    assert isinstance(ours, ServiceError | Again)
    assert address not in str(ours)


AT_ONCE = {"InvalidURL", "MissingSchema", "InvalidSchema", "InvalidHeader", "InvalidProxyURL", "SSLError"}


@pytest.mark.parametrize("kind", exceptions_of_requests(), ids=lambda kind: kind.__name__)
def test_only_what_cannot_get_better_is_not_tried_again(kind: type[requests.RequestException]) -> None:
    raised = kind("x") if kind is not requests.exceptions.JSONDecodeError else kind("", "x", 0)
    ours = calls_module._of_requests(raised, "a call")
    assert isinstance(ours, ServiceUnreachable) == (kind.__name__ in AT_ONCE)


BAD_BASES = {
    "nothing": "",
    "no scheme": "api.pictory.invalid",
    "another scheme": "ftp://api.invalid",
    "a file": "file:///etc/passwd",
    "no host": "http://",
    "half an address": "http://[",
    "no port": "http://127.0.0.1:99999",
    "a word as port": "http://127.0.0.1:x",
    "a space": "http://a b",
    "a dot first": "http://.invalid",
    "a long name": "http://" + "a" * 70 + ".invalid",
    "half a character": "http://\ud83d",
}


@pytest.mark.parametrize("base", BAD_BASES.values(), ids=BAD_BASES.keys())
def test_a_base_address_that_is_none_is_told_and_no_traceback(base: str, pauses: list[float]) -> None:
    with ApiCalls(base, RawKey(Secret(KEY)), Pacer(1000), patience_s=0, pause=pauses.append) as calls:
        with pytest.raises(ServiceUnreachable, match="the call cannot be made") as raised:
            calls.get("/v1/jobs", what="a call")
        assert "PICTORY_API_BASE_URL" in raised.value.hint
        assert KEY not in raised.value.message + raised.value.hint
    assert pauses == []


# -- the reader over the calls


def proof(job: str) -> VerifiedReceipt:
    files = (BagFile(path="bagit.txt", size=1, sha256="0" * 64),)
    receipt = Receipt(
        job_id=JobId(job),
        fingerprint="sha256:" + "0" * 64,
        bag="jobs/a",
        stores=("file:./archive",),
        files=files,
        evidence=(),
        verified_at=datetime(2026, 3, 1, tzinfo=UTC),
    )
    return VerifiedReceipt(receipt=receipt, read_backs=(ReadBack(store="file:./archive", files=files),), copies=1)


@contextmanager
def bare(answer: str) -> Iterator[str]:
    """Answer one request with exactly these bytes, no header added."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer.encode("latin-1"))

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread.join()


def page(*ids: str, key: object = None) -> Reply:
    items = [{"success": True, "data": {"jobId": each, "status": "completed", "txt": "x"}} for each in ids]
    return Reply(body=json.dumps({"items": items, "nextPageKey": key}).encode())


def test_pages_are_followed_to_the_end_and_their_keys_sent_back(pauses: list[float]) -> None:
    with (
        scripted(page("a", "b", key="K1"), page(key="K2"), page("c", key=""), page("a", "b", key="K1")) as server,
        calling(server, pauses) as calls,
    ):
        listing = PictoryReader(calls).list_jobs()
    assert [job.id for job in listing.jobs] == ["a", "b", "c"]
    assert (listing.pages, listing.end_marker) == (3, "empty")
    first = "/v1/jobs"
    assert [came.path for came in server.came] == [first, f"{first}?nextPageKey=K1", f"{first}?nextPageKey=K2", first]
    assert listing.told_at is not None


BAD_PAGES: dict[str, tuple[list[Reply], str]] = {
    "a page that fails for good": ([page("a", key="K"), Reply(400, b'{"message": "bad"}')], "page 2: HTTP 400: bad"),
    "a page that is not found": ([Reply(404)], "not found"),
    "no items": ([Reply(body=b'{"nextPageKey": null}')], "has no `items`"),
    "items that are none": ([Reply(body=b'{"items": {}}')], "has no `items`"),
    "items that are no jobs": ([Reply(body=b'{"items": ["a", 1]}')], "2 items that are no objects (b'\"a\"')"),
    "a key that is a number": ([Reply(body=b'{"items": [], "nextPageKey": 7}')], "gives a int as the next page's key"),
    "a key that comes back": ([page(key="K"), page(key="L"), page(key="K"), page()], "was read already"),
    "a page of HTML": ([page("a", key="K"), Reply(body=b"<html>")], "could not be read to its end"),
    "a page that is a list": ([Reply(body=b"[]")], "could not be read to its end"),
    "items that are null": ([Reply(body=b'{"items": null}')], "has no `items`"),
    "a key that is the page's own": ([page(key="K"), page("a", key="K"), page()], "page 2 of the job list points back"),
    "a key that is a list": ([Reply(body=b'{"items": [], "nextPageKey": ["K"]}')], "gives a list as the next page's"),
    "a key that is false": ([Reply(body=b'{"items": [], "nextPageKey": false}')], "gives a bool as the next page's"),
    "a key of half a character": ([Reply(body=b'{"items": [], "nextPageKey": "\\ud83d"}'), page()], "page"),
    "a page that says not found": ([Reply(body=b'{"items": [], "error_code": "5000"}')], "not found"),
    "a redirect": ([page("a", key="K"), Reply(302, b"")], "could not be read to its end"),
}


@pytest.mark.parametrize(("replies", "told"), BAD_PAGES.values(), ids=BAD_PAGES.keys())
def test_a_list_that_is_not_whole_is_no_list(replies: list[Reply], told: str, pauses: list[float]) -> None:  # I2
    with scripted(*replies) as server, calling(server, pauses) as calls, pytest.raises(InventoryIncomplete) as raised:
        PictoryReader(calls).list_jobs()
    assert told in raised.value.message


def test_a_key_that_is_refused_on_the_way_is_told_as_that(pauses: list[float]) -> None:
    with (
        scripted(page("a", key="K"), Reply(401)) as server,
        calling(server, pauses) as calls,
        pytest.raises(AuthenticationRefused, match="GET /v1/jobs page 2"),
    ):
        PictoryReader(calls).list_jobs()


def test_what_follows_an_absent_key_is_the_end(pauses: list[float]) -> None:
    with scripted(Reply(body=b'{"items": []}'), page("late")) as server, calling(server, pauses) as calls:
        listing = PictoryReader(calls).list_jobs()
    assert (listing.jobs, listing.pages, listing.end_marker) == ((), 1, "absent")


AGAIN: dict[str, tuple[Reply, list[str], int]] = {
    "as it was": (page("a", "b", key="K"), ["a", "b", "c"], 0),
    "one came in": (page("n", "a", key="K"), ["n", "a", "b", "c"], 1),
    "two came in": (page("m", "n", "a", key="K"), ["m", "n", "a", "b", "c"], 2),
    "what follows moved on": (page("a", "x", key="K"), ["a", "b", "c"], 0),
    "the newest alone": (page("a"), ["a", "b", "c"], 0),
}


@pytest.mark.parametrize(("again", "ids", "arrived"), AGAIN.values(), ids=AGAIN.keys())
def test_the_first_page_is_read_again_and_newer_jobs_are_added(
    again: Reply, ids: list[str], arrived: int, pauses: list[float]
) -> None:  # I2
    with scripted(page("a", "b", key="K"), page("c"), again) as server, calling(server, pauses) as calls:
        listing = PictoryReader(calls).list_jobs()
    assert [job.id for job in listing.jobs] == ids
    assert (listing.arrived, listing.pages) == (arrived, 2)


MOVED: dict[str, tuple[Reply, str]] = {
    "the newest one is gone": (page("b", "c", key="K"), "b now stands before a"),
    "an older one was put first": (page("c", "a", key="K"), "c now stands before a"),
    "new ones fill the page": (page("m", "n", key="K"), "a, which was the newest job, is not on its first page"),
    "nothing is left": (page(), "a, which was the newest job, is not on its first page"),
    "the page fails": (Reply(400, b'{"message": "bad"}'), "page 1: HTTP 400: bad"),
    "the page is HTML": (Reply(body=b"<html>"), "could not be read to its end"),
}


@pytest.mark.parametrize(("again", "told"), MOVED.values(), ids=MOVED.keys())
def test_a_list_that_moved_otherwise_is_no_list(again: Reply, told: str, pauses: list[float]) -> None:  # I2
    with (
        scripted(page("a", "b", key="K"), page("c"), again) as server,
        calling(server, pauses) as calls,
        pytest.raises(InventoryIncomplete) as raised,
    ):
        PictoryReader(calls).list_jobs()
    assert told in raised.value.message


LENGTHS: dict[str, tuple[int, int, int, str, str]] = {
    "one page more": (2, 9, 2, "goes on after page 2, and --max-pages allows 2", "--max-pages 4"),
    "two pages more": (1, 9, 1, "goes on after page 1, and --max-pages allows 1", "--max-pages 2"),
    "one job more": (9, 4, 3, "5 jobs so far, and --max-listed-jobs allows 4", "--max-listed-jobs 8"),
    "many more": (9, 1, 1, "2 jobs so far, and --max-listed-jobs allows 1", "--max-listed-jobs 2"),
}
NAMELESS = Reply(body=b'{"items": [{}, {"data": {"jobId": "e"}}]}')
OF_THREE_PAGES = [page("a", "b", key="K"), page("c", key="L"), NAMELESS, page("a", "b", key="K")]


@pytest.mark.parametrize(("most_pages", "most_jobs", "read", "told", "way_out"), LENGTHS.values(), ids=LENGTHS.keys())
def test_a_list_longer_than_it_may_be_is_no_list_and_names_the_flag(
    most_pages: int, most_jobs: int, read: int, told: str, way_out: str, pauses: list[float]
) -> None:  # I2
    with scripted(*OF_THREE_PAGES) as server, calling(server, pauses) as calls:
        with pytest.raises(InventoryIncomplete) as raised:
            PictoryReader(calls, most_pages=most_pages, most_jobs=most_jobs).list_jobs()
        assert len(server.came) == read, "nothing is read beyond it"
    assert told in raised.value.message
    assert way_out in raised.value.hint


def test_a_list_as_long_as_it_may_be_is_a_list(pauses: list[float]) -> None:
    with scripted(*OF_THREE_PAGES) as server, calling(server, pauses) as calls:
        listing = PictoryReader(calls, most_pages=3, most_jobs=5).list_jobs()
    assert (len(listing.jobs), listing.unnamed) == (4, 1)


def test_jobs_that_came_in_while_it_was_read_count_as_well(pauses: list[float]) -> None:  # I2
    pages = [page("a", key="K"), page("b"), page("n", "a", key="K")]
    with scripted(*pages) as server, calling(server, pauses) as calls:
        assert len(PictoryReader(calls, most_jobs=3).list_jobs().jobs) == 3
    with scripted(*pages) as server, calling(server, pauses) as calls, pytest.raises(InventoryIncomplete):
        PictoryReader(calls, most_jobs=2).list_jobs()


EMPTY_FIRST: dict[str, tuple[Reply, list[str] | None]] = {
    "still empty": (page(key="K"), ["a", "b"]),
    "filled by new ones": (page("n", key="K"), ["n", "a", "b"]),
    "filled up to the newest": (page("n", "a", key="K"), ["n", "a", "b"]),
    "filled by an older one": (page("b", key="K"), None),
}


@pytest.mark.parametrize(("again", "ids"), EMPTY_FIRST.values(), ids=EMPTY_FIRST.keys())
def test_a_first_page_without_jobs_is_read_again_as_well(
    again: Reply, ids: list[str] | None, pauses: list[float]
) -> None:  # I2
    with scripted(page(key="K"), page("a", "b"), again) as server, calling(server, pauses) as calls:
        if ids is None:
            with pytest.raises(InventoryIncomplete, match="b now stands before a"):
                PictoryReader(calls).list_jobs()
        else:
            assert [job.id for job in PictoryReader(calls).list_jobs().jobs] == ids


def test_the_service_s_time_is_that_of_the_last_answer(pauses: list[float]) -> None:
    dates = [f"Tue, 24 Nov 2026 10:00:0{second} GMT" for second in range(3)]
    pages = [page("a", key="K"), page("b"), page("a", key="K")]
    dated = [replace(each, headers=(("Date", date),)) for each, date in zip(pages, dates, strict=True)]
    with scripted(*dated) as server, calling(server, pauses) as calls:
        told_at = PictoryReader(calls).list_jobs().told_at
    assert told_at == datetime(2026, 11, 24, 10, 0, 2, tzinfo=UTC)


@pytest.mark.parametrize(("status", "overloads"), [(429, 1), (503, 1), (500, 1), (400, 0), (404, 0), (200, 0)])
def test_an_overloaded_service_is_called_less_often_until_it_answers_again(
    status: int, overloads: int, pauses: list[float]
) -> None:
    pacer = Pacer(1000, pause=pauses.append)
    with scripted(Reply(status), FINE) as server:
        calls = ApiCalls(server.address, RawKey(Secret(KEY)), pacer, patience_s=5, pause=pauses.append)
        with calls:
            calls.get("/v1/jobs", what="a call")
            lowest = pacer.pace().lowest
            calls.get("/v1/jobs", what="a call")
    pace = pacer.pace()
    assert pace.overloads == overloads
    assert lowest == (500 if overloads else 1000)
    assert pace.rate == (600 if overloads else 1000), "two good answers, a twentieth each"


def test_a_list_of_one_page_is_one_answer_and_not_read_again(pauses: list[float]) -> None:
    with scripted(page("a"), page("b")) as server, calling(server, pauses) as calls:
        assert [job.id for job in PictoryReader(calls).list_jobs().jobs] == ["a"]
    assert len(server.came) == 1


def test_items_without_an_id_are_counted(pauses: list[float]) -> None:
    items = [{}, {"data": {"jobId": "a"}}, {"data": {"jobId": "half \ud83d"}}, {"job_id": "", "data": None}]
    with scripted(Reply(body=json.dumps({"items": items}).encode())) as server, calling(server, pauses) as calls:
        listing = PictoryReader(calls).list_jobs()
    assert ([job.id for job in listing.jobs], listing.unnamed) == (["a"], 3)


def test_an_endless_year_in_the_date_of_a_page_is_passed_over(pauses: list[float]) -> None:
    with bare(f"HTTP/1.1 200 OK\r\nDate: {ENDLESS_YEAR}\r\nContent-Length: 13\r\n\r\n" + '{"items": []}') as address:
        calls = ApiCalls(address, RawKey(Secret(KEY)), Pacer(1000), patience_s=0, pause=pauses.append)
        with calls:
            assert PictoryReader(calls).list_jobs().told_at is None


ONE_JOB: dict[str, tuple[Reply, str]] = {
    "a bad request": (Reply(400, b'{"message": "bad id"}'), "GET /v1/jobs/a: HTTP 400: bad id"),
    "another job": (Reply(body=b'{"job_id": "b", "data": {}}'), "GET /v1/jobs/a was answered with job b"),
    "a page": (Reply(body=b"<html>"), "where a JSON object belongs"),
    "trouble": (Reply(503), "no usable answer"),
}


@pytest.mark.parametrize(("reply", "told"), ONE_JOB.values(), ids=ONE_JOB.keys())
def test_one_job_that_cannot_be_read_is_an_error_and_not_a_missing_job(
    reply: Reply, told: str, pauses: list[float]
) -> None:  # I4
    with scripted(reply) as server, calling(server, pauses, patience_s=0) as calls:
        with pytest.raises(ServiceError) as raised:
            PictoryReader(calls).get(JobId("a"))
        assert told in raised.value.message


@pytest.mark.parametrize("reply", [Reply(404, b"<html>"), Reply(body=b'{"error_code": "5000"}')], ids=["404", "5000"])
def test_a_job_that_the_service_does_not_know_is_none(reply: Reply, pauses: list[float]) -> None:
    with scripted(reply) as server, calling(server, pauses) as calls:
        assert PictoryReader(calls).get(JobId("a")) is None


def test_a_job_comes_with_its_body_as_it_was_sent(pauses: list[float]) -> None:
    body = b'{ "job_id": "a",\n "data": {"status": "completed", "txt": "x"}}'
    with scripted(Reply(body=body)) as server, calling(server, pauses) as calls:
        detail = PictoryReader(calls).get(JobId("a"))
    assert detail is not None
    assert detail.body == body
    assert [part.content for part in detail.inline] == [b"x"]


# -- the cleaner over the calls

CLEANS: dict[str, tuple[Reply, CleanAnswer]] = {
    "done": (Reply(body=b'{"success": true}'), CleanAnswer.DONE),
    "not done": (Reply(body=b'{"success": false, "message": "running"}'), CleanAnswer.REFUSED),
    "bad request": (Reply(400, b'{"success": true}'), CleanAnswer.REFUSED),
    "conflict": (Reply(409, b"<html>"), CleanAnswer.REFUSED),
    "404": (Reply(404, b'{"message": "no such job"}'), CleanAnswer.GONE),
    "5000": (Reply(body=b'{"success": false, "error_code": "5000"}'), CleanAnswer.GONE),
}


@pytest.mark.parametrize(("reply", "answer"), CLEANS.values(), ids=CLEANS.keys())
def test_the_answer_to_a_clean_is_read_by_its_status_and_then_its_success(
    reply: Reply, answer: CleanAnswer, pauses: list[float]
) -> None:
    with scripted(reply) as server, calling(server, pauses) as calls:
        assert PictoryCleaner(calls).clean(proof("a/b")) is answer
    assert [(came.method, came.path) for came in server.came] == [("DELETE", "/v1/jobs/a%2Fb/clean")]


@pytest.mark.parametrize("body", [b"{}", b'{"success": 1}', b'{"success": "true"}', b'{"success": null}', b"true", b""])
def test_an_answer_to_a_clean_that_does_not_say_is_not_taken_for_yes(body: bytes, pauses: list[float]) -> None:  # I4
    with scripted(Reply(body=body)) as server, calling(server, pauses) as calls:
        with pytest.raises(ServiceAnswerUnreadable):
            PictoryCleaner(calls).clean(proof("a"))
        assert server.methods == ["DELETE"]


@pytest.mark.parametrize("job", [".", "..", "half \ud83d"])
def test_a_clean_that_no_call_can_name_is_never_sent(job: str, pauses: list[float]) -> None:  # I12
    with scripted(Reply()) as server, calling(server, pauses) as calls:
        with pytest.raises(ServiceAnswerUnreadable, match="no call can name the job"):
            PictoryCleaner(calls).clean(proof(job))
        assert server.came == []


@pytest.mark.parametrize(
    ("job", "path"),
    [
        ("../x", "/v1/jobs/..%2Fx"),
        ("a/b?c#d", "/v1/jobs/a%2Fb%3Fc%23d"),
        ("%2e%2e", "/v1/jobs/%252e%252e"),
        ("ü 1", "/v1/jobs/%C3%BC%201"),
        ("...", "/v1/jobs/..."),
    ],
)
def test_an_id_is_one_part_of_the_path(job: str, path: str, pauses: list[float]) -> None:  # I12
    with scripted(Reply(404)) as server, calling(server, pauses) as calls:
        assert PictoryReader(calls).get(JobId(job)) is None
    assert [came.path for came in server.came] == [path]


@pytest.mark.parametrize("job", [".", "..", "half \ud83d", "zero \x00"])
def test_an_id_that_no_call_can_name_is_never_sent(job: str, pauses: list[float]) -> None:  # I12
    with scripted(Reply()) as server, calling(server, pauses) as calls:
        with pytest.raises(ServiceAnswerUnreadable, match="no call can name the job"):
            PictoryReader(calls).get(JobId(job))
        assert server.came == []
