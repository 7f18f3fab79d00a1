"""The HTTP calls: timeouts always, credentials to the API host alone, every failure one of our errors.

A GET is tried again until its patience ends, and so is the one POST, which asks for a token and spends nothing; a
DELETE is sent exactly once.  Where a token can be renewed, a call that was answered 401 is sent once more with another:
a 401 says that nothing was done.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import MappingProxyType, TracebackType
from typing import Any, Self

import requests
import tenacity

from reconciler import __version__
from reconciler.core.secret import Secret
from reconciler.engine.outcome import Pace
from reconciler.engine.talk import Say, silent
from reconciler.errors import AuthenticationRefused, ServiceAnswerUnreadable, ServiceError, ServiceUnreachable
from reconciler.pictory.answers import Answer, Kind, read_answer
from reconciler.pictory.credentials import OAUTH_CALL, OAUTH_PATH, Carried, Credentials
from reconciler.pictory.key_marks import mark_of
from reconciler.pictory.pacing import Pacer
from reconciler.pictory.patience import Again, NoPlace, Patience

USER_AGENT = f"pictory-reconciler/{__version__}"
CONNECT_S, READ_S, LONGEST_PLACE_S = 5.0, 20.0, 5.0
"""Together what an apply keeps of its lease for one clean (engine.job_steps.CLEAN_TAKES_AT_MOST_S): a clean waits no
longer for its place among the calls, for it would leave when the lease may have ended."""
CLEAN_ENDS_WITHIN_S = 29.5
"""A clean with all that it waits for, its place and a new token among them: below what an apply keeps of its lease."""
LEAST_READ_S = 5.0
"""A clean to whose answer less time is left than this is not sent."""


class _Headers(requests.auth.AuthBase):
    """Puts what a call carries into its headers, as it is.

    Given as `auth`, even where it carries nothing, it keeps requests from taking credentials from a netrc file.
    """

    def __init__(self, carried: Carried) -> None:
        self._carried = carried

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        for name, secret in self._carried.headers.items():
            request.headers[name] = secret.reveal()
        return request


class _NoRedirects(requests.Session):
    """Takes an answer that points elsewhere as it is; where it points is not even read: no credentials go there.

    All its calls go to one host, so the environment is asked for proxies and certificates once, and what all calls of
    a method have in common is put together once.
    """

    _settings: Mapping[str, Any] | None = None
    _common: Mapping[str, requests.PreparedRequest] = MappingProxyType({})

    def prepared(self, method: str, base: str, path: str, auth: _Headers) -> requests.PreparedRequest:
        """Prepare a call that is its path alone, as that goes over the wire; `base` is the same each time."""
        if method not in self._common:
            common = self.prepare_request(requests.Request(method, base, auth=_Headers(Carried({}, ()))))
            self._common = {**self._common, method: common}
        common, request = self._common[method], requests.PreparedRequest()
        request.method, request.url, request.hooks = method, f"{common.url}".rstrip("/") + path, common.hooks
        request.headers = common.headers.copy()
        request.headers.pop("Cookie", None)
        request.prepare_cookies(self.cookies)
        return auth(request)

    def sent(self, request: requests.PreparedRequest, *, timeout: tuple[float, float]) -> requests.Response:
        """Send a call."""
        settings = self.merge_environment_settings(request.url, {}, None, None, None)
        return self.send(request, timeout=timeout, allow_redirects=False, **settings)

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """Give what the first call was given."""
        if self._settings is None:
            self._settings = super().merge_environment_settings(url, proxies, stream, verify, cert)
        return dict(self._settings)

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 - the library's signature
        """Give none."""
        return None


@dataclass(frozen=True, slots=True)
class Got:
    """An answer that says what became of the call, be it a refusal: its object, the bytes it was read from, and the
    service's time in its `Date`."""

    answer: Answer
    raw: bytes
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """One call, however often it is sent; `until` is the moment (time.monotonic) at which it must have ended."""

    method: str
    path: str
    what: str
    query: Mapping[str, str] | None = None
    body: Mapping[str, Secret] | None = None
    until: float | None = None


def _nobody_asks() -> int:
    return 0


class ApiCalls:
    """Calls below `base_url`.

    `patience_s` bounds how long a GET is tried, all its waits in it: no wait is begun that would outlive it.  The first
    try always runs, and each try that began has its own timeouts.  Once somebody asked to stop (`stopping` is not 0),
    nothing is tried again.  `say` is told each wait and its reason.
    """

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        pacer: Pacer,
        *,
        patience_s: float = 60.0,
        connect_s: float = CONNECT_S,
        read_s: float = READ_S,
        now: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
        stopping: Callable[[], int] = _nobody_asks,
        say: Say = silent,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._pacer = pacer
        self._patience_s = patience_s
        self._connect_s, self._read_s = connect_s, read_s
        self._now = now
        self._pause = pause
        self._stopping = stopping
        self._say = say
        self._credentials = credentials
        self._marks: dict[str, str] = {}
        self._session = _NoRedirects()
        self._session.headers.update({"User-Agent": USER_AGENT, "Accept": "application/json"})

    def mark(self, lineage: str) -> str:
        """Give the mark of the credentials that the calls are made with; implements engine.ports.KeyMark."""
        if lineage not in self._marks:  # slow on purpose, and asked for more than once in a run
            self._marks[lineage] = mark_of(self._credentials.told_by, lineage)
        return self._marks[lineage]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def pace(self) -> Pace:
        """Tell what the calls came to so far."""
        return self._pacer.pace()

    def get(self, path: str, *, what: str, query: dict[str, str] | None = None) -> Got | None:
        """Read; None when the service says that there is no such thing.

        `what` names the call for people, such as `GET /v1/jobs page 3`.

        Raises:
            ServiceUnreachable: no usable answer within the patience.
            ServiceAnswerUnreadable: an answer that cannot be understood.
            AuthenticationRefused: the credentials were refused.
        """
        got = self._let_in(_Call(method="GET", path=path, what=what, query=query), self._retried)
        return None if got.answer.kind is Kind.NOT_FOUND else got

    def delete_once(self, path: str, *, what: str) -> Answer:
        """Send a DELETE, once; whether it arrived cannot be told when this raises ServiceError.

        A token may have ended since it was last used.  The 401 that says so says as well that nothing was done, so the
        DELETE is then sent once more, with a new token; after any other answer, and after none, it is not.  All this
        ends within CLEAN_ENDS_WITHIN_S.

        Raises:
            ServiceUnreachable: no answer, or 429/5xx; or it was not sent, since its place or a new token came too late.
            ServiceAnswerUnreadable: an answer that cannot be understood.
            AuthenticationRefused: the credentials were refused, so nothing was done.
        """
        until = self._now() + CLEAN_ENDS_WITHIN_S
        return self._let_in(_Call(method="DELETE", path=path, what=what, until=until), self._once).answer

    def _let_in(self, call: _Call, send: Callable[[_Call, Carried], Got]) -> Got:
        """Send a call with credentials; once more where they were refused and others can be had."""

        def ask(body: Mapping[str, Secret]) -> Answer:
            asking = _Call(method="POST", path=OAUTH_PATH, what=OAUTH_CALL, body=body, until=call.until)
            return self._retried(asking, Carried({}, tuple(body.values()))).answer

        carried = self._credentials.carried(ask)
        got = send(call, carried)
        if got.answer.kind is Kind.KEY_REFUSED and got.answer.status == 401:
            other = self._credentials.renewed(carried, ask)
            got = send(call, other) if other else got
        if got.answer.kind is Kind.KEY_REFUSED:
            raise AuthenticationRefused(
                f"{call.what}: the service refused {self._credentials.name} "
                f"(HTTP {got.answer.status}: {got.answer.words})",
                hint=self._credentials.hint,
            )
        return got

    def _retried(self, call: _Call, carried: Carried) -> Got:
        seconds = self._patience_s if call.until is None else min(self._patience_s, call.until - self._now())
        patience = Patience(seconds, self._now)

        def told(state: tenacity.RetryCallState) -> None:
            self._pacer.waited(state.upcoming_sleep)
            self._say(f"{call.what}: {patience.trouble}; again in {state.upcoming_sleep:.1f} s")

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(Again),
            after=patience.note,
            wait=patience.pause_s,
            stop=lambda state: patience.is_over(state) or self._stopping() != 0,
            before_sleep=told,
            sleep=self._pause,
            reraise=True,
        )
        try:
            return retrying(lambda: self._attempt(call, carried, place_s=patience.place_s()))
        except Again as last:
            raise ServiceUnreachable(
                f"{call.what}: {patience.end()}",
                hint="Try again later, or with --patience for longer; PICTORY_API_BASE_URL says who is called.",
            ) from last.__cause__

    def _once(self, call: _Call, carried: Carried) -> Got:
        try:
            return self._attempt(call, carried, place_s=LONGEST_PLACE_S)
        except Again as last:
            raise ServiceUnreachable(f"{call.what}: no usable answer ({last.what})") from last.__cause__

    def _attempt(self, call: _Call, carried: Carried, *, place_s: float) -> Got:
        if call.until is not None:
            place_s = min(place_s, call.until - self._now())
        if not self._pacer.wait(
            at_most_s=place_s, told=lambda wait_s: self._say(f"{call.what}: its place in {wait_s:.1f} s")
        ):
            raise NoPlace(f"not sent: its place among the calls would come later than in {place_s:.0f} s")
        try:
            response = self._session.sent(self._prepared(call, carried), timeout=self._timeouts(call))
        except (requests.RequestException, ValueError) as error:
            # ValueError: an address, here or in a Location, that the library below cannot even take apart.
            raise _of_requests(error, call.what) from error
        answer = read_answer(response.status_code, response.content, sent=carried.hidden)
        if call.body is not None and response.ok:
            answer = replace(answer, words="a body that is not shown")  # it may hold a token, in whatever form (I11)
        asked_s = _asked_wait(response)
        if answer.kind is Kind.TRY_AGAIN:
            self._pacer.overloaded(rest_s=asked_s)
        elif answer.kind is Kind.FINE:
            self._pacer.answered()
        return _taken(answer, response, call.what, asked_s)

    def _prepared(self, call: _Call, carried: Carried) -> requests.PreparedRequest:
        if call.query is None and call.body is None:
            return self._session.prepared(call.method, self._base_url, call.path, _Headers(carried))
        body = None if call.body is None else {name: secret.reveal() for name, secret in call.body.items()}
        address = self._base_url + call.path
        request = requests.Request(call.method, address, params=call.query, json=body, auth=_Headers(carried))
        return self._session.prepare_request(request)

    def _timeouts(self, call: _Call) -> tuple[float, float]:
        """Give the timeouts of a call that is sent now, in seconds: shorter where it must have ended by a moment."""
        if call.until is None:
            return self._connect_s, self._read_s
        left_s = call.until - self._now() - self._connect_s
        if left_s < min(self._read_s, LEAST_READ_S):
            raise ServiceUnreachable(
                f"{call.what}: not sent, since its place or a new token came too late",
                hint="Nothing was done by it. The service is slow, or --tpslimit is low.",
            )
        return self._connect_s, min(self._read_s, left_s)


def _taken(answer: Answer, response: requests.Response, what: str, asked_s: float | None) -> Got:
    match answer.kind:
        case Kind.FINE | Kind.NOT_FOUND | Kind.REFUSED | Kind.KEY_REFUSED:
            return Got(answer, response.content, _http_time(response.headers.get("Date", "")))
        case Kind.TRY_AGAIN:
            raise Again(f"HTTP {answer.status}: {answer.words}", asked_s)
        case Kind.CLIENT_REFUSED:
            raise ServiceUnreachable(
                f"{what}: Cloudflare refused this client (HTTP 403, error 1010), before the service saw the call",
                hint="Its rules look at the User-Agent and at the network; a proxy may have changed the first.",
            )
        case Kind.UNREADABLE:
            raise ServiceAnswerUnreadable(
                f"{what}: HTTP {answer.status} with {answer.words}, where a JSON object belongs",
                hint="Check PICTORY_API_BASE_URL; redirects are not followed, since credentials must not travel.",
            )


def _of_requests(error: requests.RequestException | ValueError, what: str) -> ServiceError | Again:
    """Map what the library raises: passing trouble may be tried again, what cannot get better is ours at once.

    Only the class is told: the library's texts hold addresses.
    """
    name = type(error).__name__
    never = (
        requests.exceptions.InvalidURL,
        requests.exceptions.MissingSchema,
        requests.exceptions.InvalidSchema,
        requests.exceptions.InvalidHeader,
        requests.exceptions.InvalidProxyURL,
        requests.exceptions.SSLError,
    )
    if isinstance(error, never) or not isinstance(error, requests.RequestException):
        return ServiceUnreachable(
            f"{what}: the call cannot be made ({name})", hint="Check PICTORY_API_BASE_URL, the proxy and certificates."
        )
    return Again(name)


def _asked_wait(response: requests.Response) -> float | None:
    """Read Retry-After in both its forms, as seconds from now."""
    asked = response.headers.get("Retry-After", "").strip()
    if asked.isascii() and asked.isdigit():
        return float(asked[:6])
    until = _http_time(asked)
    return max(0.0, until.timestamp() - time.time()) if until else None


def _http_time(text: str) -> datetime | None:
    try:
        read = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)
