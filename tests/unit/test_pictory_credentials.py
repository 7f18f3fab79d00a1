"""The older client pair: its token, when another one is had, and that a clean is still sent once."""

import json
import pickle
import socket
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from reconciler.core.secret import Secret
from reconciler.engine.job_steps import CLEAN_TAKES_AT_MOST_S
from reconciler.errors import (
    AuthenticationRefused,
    ReconcilerError,
    ServiceAnswerUnreadable,
    ServiceError,
    ServiceUnreachable,
)
from reconciler.pictory import calls as calls_module
from reconciler.pictory import pacing
from reconciler.pictory.answers import Answer, Kind, read_answer
from reconciler.pictory.calls import ApiCalls
from reconciler.pictory.credentials import (
    LONGEST_LIFE_S,
    USUAL_LIFE_S,
    Carried,
    ClientPair,
    Credentials,
    RawKey,
    life_of,
)
from reconciler.pictory.pacing import Pacer
from tests.support.credentials import nobody_asks, shown
from tests.support.scripted_server import RESET, Reply, Scripted, scripted

CLIENT, SECRET, USER = "client-canary-1", "secret-canary-22", "user-canary-333"
FINE = Reply(body=b'{"items": [], "nextPageKey": null}')
CLEANED = Reply(body=b'{"success": true}')
UNAUTHORISED = Reply(401, b'{"message": "Unauthorized"}')
WHAT = "POST /v1/oauth2/token"


def token(name: str = "token-canary-A", lasts: object = 3600) -> Reply:
    return Reply(body=json.dumps({"access_token": name, "expires_in": lasts, "token_type": "Bearer"}).encode())


def pair(user_id: str = "", now: Callable[[], float] = time.monotonic) -> ClientPair:
    return ClientPair(Secret(CLIENT), Secret(SECRET), Secret(user_id) if user_id else None, now=now)


def calling(
    server: Scripted | str,
    credentials: ClientPair | None = None,
    *,
    patience_s: float = 5.0,
    pacer: Pacer | None = None,
) -> ApiCalls:
    return ApiCalls(
        server if isinstance(server, str) else server.address,
        credentials or pair(),
        pacer or Pacer(1000),
        patience_s=patience_s,
        connect_s=1.0,
        read_s=5.0,
        pause=lambda _seconds: None,
    )


def sent(server: Scripted) -> list[tuple[str, str]]:
    """What came, each with the token it carried."""
    return [(came.method, came.headers.get("Authorization", "")) for came in server.came]


A, B = "token-canary-A", "token-canary-B"


# -- the token


def test_a_token_is_had_first_and_goes_as_it_is() -> None:
    with scripted(token(), FINE) as server, calling(server) as calls:
        calls.get("/v1/jobs", what="a call")
    asked, call = server.came
    assert (asked.method, asked.path) == ("POST", "/v1/oauth2/token")
    assert json.loads(asked.body) == {"client_id": CLIENT, "client_secret": SECRET}
    assert asked.headers["Content-Type"] == "application/json"
    assert asked.headers["User-Agent"].startswith("pictory-reconciler/")
    assert "Authorization" not in asked.headers
    assert call.headers["Authorization"] == A, "not Bearer, though token_type says so"
    assert call.body == b""


@pytest.mark.parametrize("user", ["", USER])
def test_the_user_id_goes_with_every_call_that_carries_a_token_and_nowhere_else(user: str) -> None:
    with scripted(token(), FINE, CLEANED) as server, calling(server, pair(user)) as calls:
        calls.get("/v1/jobs", what="a call")
        calls.delete_once("/v1/jobs/a/clean", what="a clean")
    assert [came.headers.get("X-Pictory-User-Id", "") for came in server.came] == ["", user, user]


def test_one_token_serves_many_calls() -> None:
    with scripted(token(), FINE) as server, calling(server) as calls:
        for _ in range(5):
            calls.get("/v1/jobs", what="a call")
    assert server.methods == ["POST", *["GET"] * 5]


@pytest.mark.parametrize(("lasts", "replaced_at"), [(3600, 3540.0), (600, 540.0), (100, 90.0), (1, 0.9)])
def test_a_token_is_replaced_a_minute_or_a_tenth_of_its_life_before_its_end(lasts: int, replaced_at: float) -> None:
    moment = [1000.0]
    with scripted(token(A, lasts), FINE, FINE, token(B), FINE) as server:
        with calling(server, pair(now=lambda: moment[0])) as calls:
            for at in (0.0, replaced_at - 0.01, replaced_at + 0.01):
                moment[0] = 1000.0 + at
                calls.get("/v1/jobs", what="a call")
        assert sent(server) == [("POST", ""), ("GET", A), ("GET", A), ("POST", ""), ("GET", B)]


def test_the_life_of_a_token_counts_from_before_it_was_asked_for() -> None:
    moment = [0.0]

    def slow(_body: Mapping[str, Secret]) -> Answer:
        moment[0] += 80
        return read_answer(200, token(f"token-{moment[0]:.0f}", 100).body)

    credentials = pair(now=lambda: moment[0])
    first = shown(credentials.carried(slow))
    moment[0] += 11
    assert (first, shown(credentials.carried(slow))) == ({"Authorization": "token-80"}, {"Authorization": "token-171"})


LIVES: dict[str, tuple[object, float]] = {
    "a number": (3600, 3600.0),
    "a fraction": (0.5, 0.5),
    "digits as text": ("1800", 1800.0),
    "absent": (None, USUAL_LIFE_S),
    "zero": (0, USUAL_LIFE_S),
    "negative": (-5, USUAL_LIFE_S),
    "negative text": ("-5", USUAL_LIFE_S),
    "zero as text": ("0", USUAL_LIFE_S),
    "words": ("an hour", USUAL_LIFE_S),
    "empty": ("", USUAL_LIFE_S),
    "another script's digits": ("٣٦٠٠", USUAL_LIFE_S),
    "true": (True, USUAL_LIFE_S),
    "a list": ([3600], USUAL_LIFE_S),
    "no number": (float("nan"), USUAL_LIFE_S),
    "huge": (10**30, LONGEST_LIFE_S),
    "endless": (float("inf"), LONGEST_LIFE_S),
    "huge text": ("9" * 5000, LONGEST_LIFE_S),
}


@pytest.mark.parametrize(("told", "life"), LIVES.values(), ids=LIVES.keys())
def test_whatever_is_said_of_a_token_s_life_is_a_life(told: object, life: float) -> None:
    assert life_of(told) == life


@pytest.mark.parametrize("told", ["1e999", "-1e999", "9" * 5000, "{}", "[[[1]]]", '"\\ud800"', "null", "1e-320"])
def test_no_life_that_json_can_say_stops_a_call(told: str) -> None:
    reply = Reply(body=b'{"access_token": "t", "expires_in": ' + told.encode() + b"}")
    with scripted(reply, FINE, reply, FINE) as server, calling(server) as calls:
        assert calls.get("/v1/jobs", what="a call") is not None


BAD_TOKENS: dict[str, bytes] = {
    "absent": b'{"token_type": "Bearer", "refresh_token": "token-canary-A"}',
    "empty": b'{"access_token": ""}',
    "null": b'{"access_token": null, "id_token": "token-canary-A"}',
    "a number": b'{"access_token": 5}',
    "a list": b'{"access_token": ["token-canary-A"]}',
    "an object": b'{"access_token": {"token-canary-A": 1}}',
    "with a space": b'{"access_token": "token-canary-A x"}',
    "with Bearer": b'{"access_token": "Bearer token-canary-A"}',
    "with a line end": b'{"access_token": "token-canary-A\\r\\nX-Other: 1"}',
    "with a zero": b'{"access_token": "token-canary-A\\u0000"}',
    "not ASCII": b'{"access_token": "token-canary-A\\u00e9"}',
    "half a character": b'{"access_token": "token-canary-A\\ud800"}',
    "inside data": b'{"data": {"access_token": "token-canary-A"}}',
    "with words": b'{"message": "token-canary-A"}',
    "no object": b'["token-canary-A"]',
    "no JSON": b"token-canary-A",
    "cut short": b'{"access_token": "token-canary-A", "expires',
    "a page": b"<html>token-canary-A</html>",
    "nothing": b"",
}


@pytest.mark.parametrize("body", BAD_TOKENS.values(), ids=BAD_TOKENS.keys())
def test_an_answer_without_a_usable_token_is_told_without_showing_it(body: bytes) -> None:  # I11
    with scripted(Reply(body=body)) as server, calling(server) as calls:
        with pytest.raises(ServiceAnswerUnreadable) as raised:
            calls.get("/v1/jobs", what="a call")
        assert server.methods == ["POST"]
    assert raised.value.message.startswith(f"{WHAT}: HTTP 200")
    check_blank(raised.value)


# -- a token that is refused


def test_a_call_whose_token_is_refused_is_sent_once_more_with_another() -> None:
    with scripted(token(A), UNAUTHORISED, token(B), FINE, FINE) as server, calling(server) as calls:
        assert calls.get("/v1/jobs", what="a call") is not None
        assert calls.get("/v1/jobs", what="a call") is not None
    assert sent(server) == [("POST", ""), ("GET", A), ("POST", ""), ("GET", B), ("GET", B)]


def test_a_second_token_that_is_refused_as_well_is_the_end() -> None:
    with scripted(token(A), UNAUTHORISED, token(B), UNAUTHORISED) as server, calling(server) as calls:
        with pytest.raises(AuthenticationRefused) as raised:
            calls.get("/v1/jobs", what="a call")
        assert sent(server) == [("POST", ""), ("GET", A), ("POST", ""), ("GET", B)]
    assert raised.value.message == ("a call: the service refused the token of the client pair (HTTP 401: Unauthorized)")
    assert "PICTORY_CLIENT_ID" in raised.value.hint
    assert "PICTORY_USER_ID" in raised.value.hint
    assert "KEY" not in raised.value.hint


def test_a_call_has_one_other_token_however_often_it_is_tried() -> None:
    unsteady = (token(A), UNAUTHORISED, token(B), Reply(503), UNAUTHORISED)
    with scripted(*unsteady) as server, calling(server) as calls:
        with pytest.raises(AuthenticationRefused):
            calls.get("/v1/jobs", what="a call")
        assert server.methods == ["POST", "GET", "POST", "GET", "GET"]


def test_a_403_is_no_token_out_of_date() -> None:
    with scripted(token(), Reply(403, b'{"message": "no"}')) as server, calling(server) as calls:
        with pytest.raises(AuthenticationRefused, match=r"refused the token of the client pair \(HTTP 403: no\)"):
            calls.get("/v1/jobs", what="a call")
        assert server.methods == ["POST", "GET"]


def test_a_raw_key_has_nothing_else() -> None:
    key: Credentials = RawKey(Secret("pictai_x"))
    assert key.renewed(key.carried(nobody_asks), nobody_asks) is None
    assert shown(key.carried(nobody_asks)) == {"Authorization": "pictai_x"}


# -- a clean


def test_a_clean_whose_token_has_ended_is_sent_once_more_since_a_401_did_nothing() -> None:  # I8
    with scripted(token(A), UNAUTHORISED, token(B), CLEANED) as server, calling(server) as calls:
        assert calls.delete_once("/v1/jobs/a/clean", what="a clean").body == {"success": True}
    assert sent(server) == [("POST", ""), ("DELETE", A), ("POST", ""), ("DELETE", B)]


AFTER_A_RESEND: dict[str, Reply] = {
    "401": UNAUTHORISED,
    "503": Reply(503),
    "429": Reply(429),
    "a reset": RESET,
    "a cut body": Reply(body=b'{"success"', length=500),
    "a page": Reply(body=b"<html>"),
}


@pytest.mark.parametrize("reply", AFTER_A_RESEND.values(), ids=AFTER_A_RESEND.keys())
def test_a_clean_that_was_sent_once_more_is_never_sent_a_third_time(reply: Reply) -> None:  # I8
    with scripted(token(A), UNAUTHORISED, token(B), reply, CLEANED) as server, calling(server) as calls:
        with pytest.raises(ReconcilerError) as raised:
            calls.delete_once("/v1/jobs/a/clean", what="a clean")
        assert server.methods == ["POST", "DELETE", "POST", "DELETE"]
    assert isinstance(raised.value, AuthenticationRefused) == (reply is UNAUTHORISED)


@pytest.mark.parametrize("reply", [each for each in AFTER_A_RESEND.values() if each is not UNAUTHORISED])
def test_a_clean_is_sent_once_where_its_token_was_not_refused(reply: Reply) -> None:  # I8
    with scripted(token(A), reply, CLEANED) as server, calling(server) as calls:
        with pytest.raises(ServiceError):
            calls.delete_once("/v1/jobs/a/clean", what="a clean")
        assert server.methods == ["POST", "DELETE"]


def test_a_clean_without_another_token_was_not_done_and_says_so() -> None:  # I8
    with scripted(token(A), UNAUTHORISED, UNAUTHORISED) as server, calling(server) as calls:
        with pytest.raises(AuthenticationRefused, match="refused the client pair"):
            calls.delete_once("/v1/jobs/a/clean", what="a clean")
        assert server.methods == ["POST", "DELETE", "POST"]


@pytest.mark.parametrize("refused", [0, 1], ids=["the first", "another"])
def test_a_clean_whose_token_came_too_late_is_not_sent(refused: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clean must not outlast the part of the lease that is kept for it."""
    monkeypatch.setattr(calls_module, "CLEAN_ENDS_WITHIN_S", 7.0)  # connect 1 s, read 5 s: a second to spare
    # All calls before the last DELETE find their place at once; that one has to wait.
    pacer = Pacer(1 + 2 * refused, pause=lambda _seconds: time.sleep(1.2))
    with scripted(*[token(A), UNAUTHORISED] * refused, token(B), CLEANED) as server:
        with calling(server, pacer=pacer) as calls, pytest.raises(ServiceUnreachable, match=r"^a clean: not sent"):
            calls.delete_once("/v1/jobs/a/clean", what="a clean")
        assert server.methods == [*["POST", "DELETE"] * refused, "POST"]


def test_a_clean_does_not_wait_longer_for_a_token_than_it_may_take() -> None:
    busy = Reply(503, b"{}", (("Retry-After", "40"),))
    with scripted(busy, token(), CLEANED) as server, calling(server, patience_s=3600) as calls:
        with pytest.raises(ServiceUnreachable, match=WHAT):
            calls.delete_once("/v1/jobs/a/clean", what="a clean")
        assert server.methods == ["POST"]


def test_a_clean_ends_before_the_part_of_the_lease_that_is_kept_for_it() -> None:
    """With a key alone nothing is cut short: its place at the lowest rate and both timeouts have room."""
    needed_s = 1 / pacing.FLOOR_PER_SECOND + calls_module.CONNECT_S + calls_module.READ_S
    assert needed_s < calls_module.CLEAN_ENDS_WITHIN_S < CLEAN_TAKES_AT_MOST_S


# -- the call for a token keeps the rules of every call


PASSING = {
    "429": Reply(429),
    "500": Reply(500, b"<html>"),
    "408": Reply(408),
    "a reset": RESET,
    "a cut body": Reply(body=b'{"access_token"', length=500),
    "a body that is no gzip": Reply(body=b"{}", headers=(("Content-Encoding", "gzip"),)),
}


@pytest.mark.parametrize("trouble", PASSING.values(), ids=PASSING.keys())
def test_a_token_is_asked_for_again_after_passing_trouble(trouble: Reply) -> None:
    with scripted(trouble, trouble, token(), FINE) as server, calling(server) as calls:
        assert calls.get("/v1/jobs", what="a call") is not None
        assert server.methods == ["POST", "POST", "POST", "GET"]


def test_patience_ends_for_a_token_too_and_its_call_is_named() -> None:
    with scripted(Reply(503)) as server, calling(server, patience_s=0) as calls:
        with pytest.raises(ServiceUnreachable, match=rf"^{WHAT}: no usable answer after 1 tries in 0 s \(HTTP 503"):
            calls.get("/v1/jobs", what="a call")
        assert server.methods == ["POST"]


def test_a_server_that_stalls_over_a_token_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        calls = ApiCalls(address, pair(), Pacer(1000), patience_s=0, read_s=0.2, pause=lambda _seconds: None)
        with calls, pytest.raises(ServiceUnreachable, match=rf"^{WHAT}: .*\(ReadTimeout\)"):
            calls.get("/v1/jobs", what="a call")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_pair_never_travels(status: int) -> None:  # I11
    with scripted(token()) as elsewhere:
        move = Reply(status, b"", (("Location", f"{elsewhere.address}/v1/oauth2/token"),))
        with scripted(move) as server, calling(server) as calls:
            with pytest.raises(ServiceAnswerUnreadable, match=rf"^{WHAT}: HTTP {status}"):
                calls.get("/v1/jobs", what="a call")
            assert server.methods == ["POST"]
        assert elsewhere.came == []


def test_neither_a_netrc_file_nor_the_base_address_adds_credentials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("default login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with scripted(token(), FINE) as server:
        with calling(server.address.replace("http://", "http://user:word@")) as calls:
            calls.get("/v1/jobs", what="a call")
        assert sent(server) == [("POST", ""), ("GET", A)]


def test_the_call_for_a_token_takes_its_place_and_an_overload_slows_all_down() -> None:
    pacer = Pacer(1000)
    with scripted(Reply(429), token(), FINE) as server, calling(server, pacer=pacer) as calls:
        calls.get("/v1/jobs", what="a call")
    assert (pacer.pace().calls, pacer.pace().overloads) == (3, 1)


@pytest.mark.parametrize("base", ["http://[", "nonsense", "ftp://127.0.0.1"])
def test_a_base_address_that_is_none_is_told_by_the_call_for_a_token(base: str) -> None:
    with calling(base, patience_s=0) as calls, pytest.raises(ServiceUnreachable, match=rf"^{WHAT}: the call cannot be"):
        calls.get("/v1/jobs", what="a call")


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_pair_that_is_refused_is_named_and_not_sent_again(status: int) -> None:
    with scripted(Reply(status, b'{"message": "invalid client"}')) as server, calling(server) as calls:
        for ask in (calls.get, calls.get, calls.delete_once):
            with pytest.raises(AuthenticationRefused) as raised:
                ask("/v1/jobs/a", what="a call")
            assert raised.value.message == (
                f"{WHAT}: the service refused the client pair (HTTP {status}: invalid client)"
            )
            assert "PICTORY_CLIENT_SECRET" in raised.value.hint
            assert "key" not in (raised.value.message + raised.value.hint).lower()
        assert server.methods == ["POST"]


NO_TOKEN_CALL: dict[str, tuple[Reply, type[ReconcilerError], str]] = {
    "404": (Reply(404, b'{"message": "no such call"}'), ServiceAnswerUnreadable, "HTTP 404: no such call"),
    "405": (Reply(405, b"{}"), ServiceAnswerUnreadable, "HTTP 405"),
    "1010": (Reply(403, b"error code: 1010"), ServiceUnreachable, "Cloudflare refused this client"),
}


@pytest.mark.parametrize(("reply", "kind", "told"), NO_TOKEN_CALL.values(), ids=NO_TOKEN_CALL.keys())
def test_a_service_that_gives_no_tokens_says_nothing_about_the_pair(
    reply: Reply, kind: type[ReconcilerError], told: str
) -> None:
    with scripted(reply) as server, calling(server) as calls:
        with pytest.raises(kind) as raised:
            calls.get("/v1/jobs", what="a call")
        assert raised.value.message.startswith(WHAT)
        assert told in raised.value.message


# -- many threads


def in_threads(number: int, work: Callable[[int], None]) -> None:
    """Let as many threads begin at one moment."""
    begin = threading.Barrier(number)

    def go(which: int) -> None:
        begin.wait()
        work(which)

    threads = [threading.Thread(target=go, args=(which,)) for which in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Giver:
    """Answers calls for a token, and waits in each whether another thread asks as well."""

    def __init__(self) -> None:
        self.asked = 0
        self._twice = threading.Event()
        self._lock = threading.Lock()

    def __call__(self, _body: Mapping[str, Secret], /) -> Answer:
        with self._lock:
            self.asked += 1
            number = self.asked
        self._twice.wait(0.2) if number == 1 else self._twice.set()
        return Answer(Kind.FINE, 200, {"access_token": f"token-{number}", "expires_in": 3600}, "")


def test_many_threads_that_need_a_token_ask_once() -> None:
    credentials, giver = pair(), Giver()
    had: list[str] = []
    in_threads(8, lambda _which: had.append(shown(credentials.carried(giver))["Authorization"]))
    assert (had, giver.asked) == (["token-1"] * 8, 1)


def test_many_threads_whose_token_was_refused_ask_once_more_together() -> None:
    credentials, first, second = pair(), Giver(), Giver()
    old = credentials.carried(first)
    had: list[Carried] = []
    in_threads(8, lambda _which: had.append(credentials.renewed(old, second)))
    assert (second.asked, len({id(each) for each in had})) == (1, 1)
    assert had[0] is not old


def test_a_token_that_another_thread_had_since_is_not_thrown_away() -> None:
    credentials, giver = pair(), Giver()
    old = credentials.carried(giver)
    new = credentials.renewed(old, giver)
    assert credentials.renewed(old, giver) is new
    assert giver.asked == 2


# -- nothing of it is told


def check_blank(error: BaseException | None) -> None:
    while error is not None:
        hint = error.hint if isinstance(error, ReconcilerError) else ""
        text = f"{error}{error!r}{error.args}{hint}"
        assert not any(secret in text for secret in (CLIENT, SECRET, USER, A, B)), text
        error = error.__cause__


REPEATS: dict[str, Reply] = {
    "the words of a 401": Reply(401, b'{"message": "%s"}'),
    "the words of a 400": Reply(400, b'{"error": {"error_message": "%s"}}'),
    "a page of a gateway": Reply(502, b"<html>%s</html>"),
    "a page of a service": Reply(200, b"<p>%s</p>"),
    "a 403": Reply(403, b'{"message": "' + b"x" * 180 + b' %s"}'),
}


def check_repeats(reply: Reply, before: list[Reply], secrets: str) -> None:
    echo = Reply(reply.status, reply.body.replace(b"%s", secrets.encode()))
    with scripted(*before, echo) as server, calling(server, pair(USER), patience_s=0) as calls:
        try:
            got = calls.get("/v1/jobs", what="a call")
        except ReconcilerError as error:
            check_blank(error)
        else:
            assert got is not None
            assert not any(secret in got.answer.words for secret in secrets.split())
        assert len(server.came) > len(before)


@pytest.mark.parametrize("reply", REPEATS.values(), ids=REPEATS.keys())
def test_a_service_that_repeats_the_pair_cannot_make_us_tell_it(reply: Reply) -> None:  # I11
    check_repeats(reply, [], f"{CLIENT} {SECRET}")


@pytest.mark.parametrize("reply", REPEATS.values(), ids=REPEATS.keys())
def test_a_service_that_repeats_the_token_cannot_make_us_tell_it(reply: Reply) -> None:  # I11
    before = [token(B), UNAUTHORISED, token(A)]
    check_repeats(reply, before, f"{SECRET} {USER} {A} {CLIENT}")


def test_a_secret_that_begins_with_another_is_hidden_whole() -> None:  # I11
    said = read_answer(400, b'{"message": "bad abcdef, abc"}', sent=[Secret("abc"), Secret("abcdef"), Secret("")])
    assert said.words == "bad [secret], [secret]"


def test_credentials_are_blank_however_they_are_looked_at() -> None:  # I11
    credentials = pair(USER)
    carried = credentials.carried(lambda _body: read_answer(200, token().body))
    looked_at = [repr(credentials), str(vars(credentials)), repr(carried), str(vars(RawKey(Secret(SECRET))))]
    assert not any(secret in text for text in looked_at for secret in (CLIENT, SECRET, USER, A))
    assert not any(secret.encode() in pickle.dumps(carried) for secret in (CLIENT, SECRET, USER, A))
    with pytest.raises(TypeError, match="cannot pickle"):
        pickle.dumps(credentials)
