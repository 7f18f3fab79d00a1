"""The HTTP calls against a real server: the key, retries, redirects, and a clean that is sent once."""

import inspect
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
import requests

from reconciler.core.job import JobId
from reconciler.core.secret import Secret
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
from reconciler.pictory.pacing import Pacer
from reconciler.pictory.reader import PictoryReader
from tests.support.scripted_server import RESET, Reply, Scripted, scripted

KEY = "pictai_canary-0123456789"
FINE = Reply(body=b'{"items": [], "nextPageKey": null}')


@pytest.fixture
def pauses() -> list[float]:
    return []


def calling(server: Scripted, pauses: list[float], patience_s: float = 5.0, read_s: float = 5.0) -> ApiCalls:
    return ApiCalls(
        server.address,
        Secret(KEY),
        Pacer(1000),
        patience_s=patience_s,
        connect_s=1.0,
        read_s=read_s,
        pause=pauses.append,
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


PASSING = {
    "429": Reply(429),
    "500": Reply(500, b"<html>"),
    "503": Reply(503),
    "408": Reply(408),
    "a reset": RESET,
    "a cut body": Reply(body=b'{"items"', length=500),
}


@pytest.mark.parametrize("trouble", PASSING.values(), ids=PASSING.keys())
def test_a_read_is_tried_again_after_passing_trouble(trouble: Reply, pauses: list[float]) -> None:
    with scripted(trouble, trouble, FINE) as server, calling(server, pauses) as calls:
        got = calls.get("/v1/jobs", what="a call")
    assert got is not None
    assert got.answer.body == {"items": [], "nextPageKey": None}
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


def test_patience_ends_with_the_call_named_and_how_long_it_was_tried(pauses: list[float]) -> None:
    with scripted(Reply(503)) as server, calling(server, pauses, patience_s=0.0) as calls:
        with pytest.raises(ServiceUnreachable, match=r"^a call: no usable answer after 1 tries in 0 s \(HTTP 503"):
            calls.get("/v1/jobs", what="a call")
        assert len(server.came) == 1


def test_a_server_that_stalls_is_given_up(pauses: list[float]) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        calls = ApiCalls(address, Secret(KEY), Pacer(1000), patience_s=0, read_s=0.2, pause=pauses.append)
        with calls, pytest.raises(ServiceUnreachable, match=r"\(ReadTimeout\)"):
            calls.get("/v1/jobs", what="a call")


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_wait_that_the_service_asks_for_is_kept_in_both_forms(form: str, pauses: list[float]) -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=9), usegmt=True)  # noqa: TID251 - HTTP dates are real time
    asked = Reply(429, b"{}", (("Retry-After", "7" if form == "seconds" else until),))
    with scripted(asked, FINE) as server, calling(server, pauses) as calls:
        calls.get("/v1/jobs", what="a call")
    assert 6.9 <= pauses[0] <= 9.1


@pytest.mark.parametrize("asked", ["-5", "soon", "", "1e9", "99999999999999", "²"])
def test_a_wait_that_makes_no_sense_is_bounded(asked: str, pauses: list[float]) -> None:
    reply = Reply(429, b"{}", (("Retry-After", asked.encode("utf-8").decode("latin-1")),))
    with scripted(reply, FINE) as server, calling(server, pauses) as calls:
        calls.get("/v1/jobs", what="a call")
    assert 0 <= pauses[0] <= 60


FINAL: dict[str, tuple[Reply, type[ReconcilerError], str]] = {
    "401": (Reply(401, b'{"message": "no"}'), AuthenticationRefused, "refused the key (HTTP 401: no)"),
    "403": (Reply(403, b'{"message": "no"}'), AuthenticationRefused, "refused the key (HTTP 403: no)"),
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
    assert isinstance(ours, ServiceError | calls_module._Again)
    assert address not in str(ours)


# -- the reader over the calls


def page(*ids: str, key: object = None) -> Reply:
    items = [{"success": True, "data": {"jobId": each, "status": "completed", "txt": "x"}} for each in ids]
    return Reply(body=json.dumps({"items": items, "nextPageKey": key}).encode())


def test_pages_are_followed_to_the_end_and_their_keys_sent_back(pauses: list[float]) -> None:
    with (
        scripted(page("a", "b", key="K1"), page(key="K2"), page("c", key="")) as server,
        calling(server, pauses) as calls,
    ):
        listing = PictoryReader(calls).list_jobs()
    assert [job.id for job in listing.jobs] == ["a", "b", "c"]
    assert (listing.pages, listing.end_marker) == (3, "empty")
    assert [came.path for came in server.came] == ["/v1/jobs", "/v1/jobs?nextPageKey=K1", "/v1/jobs?nextPageKey=K2"]
    assert listing.told_at is not None


BAD_PAGES: dict[str, tuple[list[Reply], str]] = {
    "a page that fails for good": ([page("a", key="K"), Reply(400, b'{"message": "bad"}')], "page 2: HTTP 400: bad"),
    "a page that is not found": ([Reply(404)], "not found"),
    "no items": ([Reply(body=b'{"nextPageKey": null}')], "has no `items`"),
    "items that are none": ([Reply(body=b'{"items": {}}')], "has no `items`"),
    "items that are no jobs": ([Reply(body=b'{"items": ["a", 1]}')], "2 items that are no jobs (str)"),
    "a key that is a number": ([Reply(body=b'{"items": [], "nextPageKey": 7}')], "gives a int as the next page's key"),
    "a key that comes back": ([page(key="K"), page(key="L"), page(key="K"), page()], "was read already"),
    "a page of HTML": ([page("a", key="K"), Reply(body=b"<html>")], "could not be read to its end"),
}


@pytest.mark.parametrize(("replies", "told"), BAD_PAGES.values(), ids=BAD_PAGES.keys())
def test_a_list_that_is_not_whole_is_no_list(replies: list[Reply], told: str, pauses: list[float]) -> None:  # I2
    with scripted(*replies) as server, calling(server, pauses) as calls, pytest.raises(InventoryIncomplete) as raised:
        PictoryReader(calls).list_jobs()
    assert told in raised.value.message


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
