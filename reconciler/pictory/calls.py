"""The HTTP calls: timeouts always, the key to the API host alone, every failure one of our errors.

A GET is tried again until its patience ends; a DELETE is sent once at most.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Self

import requests
import tenacity

from reconciler import __version__
from reconciler.core.secret import Secret
from reconciler.engine.outcome import Pace
from reconciler.engine.talk import Say, silent
from reconciler.errors import AuthenticationRefused, ServiceAnswerUnreadable, ServiceError, ServiceUnreachable
from reconciler.pictory.answers import Answer, Kind, read_answer
from reconciler.pictory.pacing import Pacer
from reconciler.pictory.patience import Again, NoPlace, Patience

USER_AGENT = f"pictory-reconciler/{__version__}"
CONNECT_S, READ_S, LONGEST_PLACE_S = 5.0, 20.0, 5.0
"""Together what an apply keeps of its lease for one clean (engine.job_steps.CLEAN_TAKES_AT_MOST_S): a clean waits no
longer for its place among the calls, for it would leave when the lease may have ended."""


class _RawKey(requests.auth.AuthBase):
    """Puts the raw key into the header.  Given as `auth`, it keeps requests from taking one from a netrc file."""

    def __init__(self, key: Secret) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._key.reveal()
        return request


class _NoRedirects(requests.Session):
    """Takes an answer that points elsewhere as it is; where it points is not even read, since the key must not go."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 - the library's signature
        """Give none."""
        return None


@dataclass(frozen=True, slots=True)
class Got:
    """A readable answer: its object, the bytes it was read from, and the service's time in its `Date`."""

    answer: Answer
    raw: bytes
    told_at: datetime | None = None


class ApiCalls:
    """Calls below `base_url`.

    `patience_s` bounds how long a GET is tried, all its waits in it: no wait is begun that would outlive it.  The first
    try always runs, and each try that began has its own timeouts.  `say` is told each wait and its reason.
    """

    def __init__(
        self,
        base_url: str,
        key: Secret,
        pacer: Pacer,
        *,
        patience_s: float = 60.0,
        connect_s: float = CONNECT_S,
        read_s: float = READ_S,
        now: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
        say: Say = silent,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._pacer = pacer
        self._patience_s = patience_s
        self._timeouts = (connect_s, read_s)
        self._now = now
        self._pause = pause
        self._say = say
        self._session = _NoRedirects()
        self._key = key
        self._session.auth = _RawKey(key)
        self._session.headers.update({"User-Agent": USER_AGENT, "Accept": "application/json"})

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
            AuthenticationRefused: the key was refused.
        """
        patience = Patience(self._patience_s, self._now)

        def told(state: tenacity.RetryCallState) -> None:
            self._pacer.waited(state.upcoming_sleep)
            self._say(f"{what}: {patience.trouble}; again in {state.upcoming_sleep:.1f} s")

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(Again),
            after=patience.note,
            wait=patience.pause_s,
            stop=patience.is_over,
            before_sleep=told,
            sleep=self._pause,
            reraise=True,
        )
        try:
            got = retrying(lambda: self._attempt("GET", path, what, query, place_s=patience.place_s()))
        except Again as last:
            raise ServiceUnreachable(
                f"{what}: {patience.end()}",
                hint="Try again later, or with --patience for longer; PICTORY_API_BASE_URL says who is called.",
            ) from last.__cause__
        return None if got.answer.kind is Kind.NOT_FOUND else got

    def delete_once(self, path: str, *, what: str) -> Answer:
        """Send a DELETE, once; whether it arrived cannot be told when this raises ServiceError.

        Raises:
            ServiceUnreachable: no answer, or 429/5xx; or it was not sent, since its place came too late.
            ServiceAnswerUnreadable: an answer that cannot be understood.
            AuthenticationRefused: the key was refused, so nothing was done.
        """
        try:
            return self._attempt("DELETE", path, what, None, place_s=LONGEST_PLACE_S).answer
        except Again as last:
            raise ServiceUnreachable(f"{what}: no usable answer ({last.what})") from last.__cause__

    def _attempt(self, method: str, path: str, what: str, query: dict[str, str] | None, *, place_s: float) -> Got:
        if not self._pacer.wait(
            at_most_s=place_s, told=lambda wait_s: self._say(f"{what}: its place in {wait_s:.1f} s")
        ):
            raise NoPlace(f"not sent: its place among the calls would come later than in {place_s:.0f} s")
        try:
            response = self._session.request(
                method, self._base_url + path, params=query, timeout=self._timeouts, allow_redirects=False
            )
        except (requests.RequestException, ValueError) as error:
            # ValueError: an address, here or in a Location, that the library below cannot even take apart.
            raise _of_requests(error, what) from error
        answer = read_answer(response.status_code, response.content, sent=self._key)
        asked_s = _asked_wait(response)
        if answer.kind is Kind.TRY_AGAIN:
            self._pacer.overloaded(rest_s=asked_s)
        elif answer.kind is Kind.FINE:
            self._pacer.answered()
        return _taken(answer, response, what, asked_s)


def _taken(answer: Answer, response: requests.Response, what: str, asked_s: float | None) -> Got:
    match answer.kind:
        case Kind.FINE | Kind.NOT_FOUND | Kind.REFUSED:
            return Got(answer, response.content, _http_time(response.headers.get("Date", "")))
        case Kind.TRY_AGAIN:
            raise Again(f"HTTP {answer.status}: {answer.words}", asked_s)
        case Kind.KEY_REFUSED:
            raise AuthenticationRefused(
                f"{what}: the service refused the key (HTTP {answer.status}: {answer.words})",
                hint="Check PICTORY_API_KEY (or …_FILE, …_COMMAND); the key goes there as it is, without Bearer.",
            )
        case Kind.CLIENT_REFUSED:
            raise ServiceUnreachable(
                f"{what}: Cloudflare refused this client (HTTP 403, error 1010), before the service saw the call",
                hint="Its rules look at the User-Agent and at the network; a proxy may have changed the first.",
            )
        case Kind.UNREADABLE:
            raise ServiceAnswerUnreadable(
                f"{what}: HTTP {answer.status} with {answer.words}, where a JSON object belongs",
                hint="Check PICTORY_API_BASE_URL; redirects are not followed, since the key must not travel.",
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
