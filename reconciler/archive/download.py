"""Fetching one file: streamed, hashed while it is written, and never with the key.

Asset hosts need no key and must not get one, so this session has none; netrc files are not looked at either.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import requests
import tenacity
import urllib3

from reconciler.archive.bandwidth import Bandwidth
from reconciler.archive.checksums import offered
from reconciler.archive.landing import Again, Landing, Room, Told
from reconciler.archive.proof import Transfer
from reconciler.engine.ports import Watch
from reconciler.engine.talk import Say, silent
from reconciler.errors import ArchiveError, LinkRefused

BLOCK_BYTES = 256 * 1024
MOST_REDIRECTS = 5
CONNECTIONS_TO_A_HOST = 32
PAST_CACHES = {"Cache-Control": "no-cache", "Pragma": "no-cache"}
NO_MORE: Mapping[str, str] = {}
WONT_GET_BETTER = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    requests.exceptions.SSLError,
    requests.TooManyRedirects,
)


class NoKey(requests.auth.AuthBase):
    """Given as `auth`, it keeps requests from adding credentials out of a netrc file."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Take out what a netrc file put in."""
        request.headers.pop("Authorization", None)
        return request


class KeylessSession(requests.Session):
    """A session for asset hosts: no credentials on the first request, and none on what it is redirected to."""

    def __init__(self, user_agent: str) -> None:
        super().__init__()
        self.auth = NoKey()
        # Threads share it, and each is to find a connection to come back to.
        for scheme in ("https://", "http://"):
            self.mount(scheme, requests.adapters.HTTPAdapter(pool_maxsize=CONNECTIONS_TO_A_HOST))
        self._settings: dict[object, Mapping[str, Any]] = {}
        self.max_redirects = MOST_REDIRECTS
        self.headers.update({"User-Agent": user_agent, "Accept-Encoding": "identity"})

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """Ask the environment for proxies and certificates once for each host, not for each file."""
        key = (urlsplit(url)[:2], stream, verify, cert)
        if key not in self._settings:
            self._settings[key] = super().merge_environment_settings(url, proxies, stream, verify, cert)
        return dict(self._settings[key])

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        """Send a redirected request without credentials: requests would look into a netrc file again."""
        del response  # wherever it leads from
        prepared_request.headers.pop("Authorization", None)


@dataclass(frozen=True, slots=True)
class _Refused(Exception):
    """The host says no for good.  `may_have_expired`: a fresh link may lead to the file."""

    why: str
    may_have_expired: bool = False


def _nobody_asks() -> int:
    return 0


class Downloader:
    """Fetches files over http(s).

    `patience_s` bounds how long one file is tried again after trouble, `bandwidth` how fast all of them come.  Once
    somebody asked to stop (`stopping` is not 0), nothing is tried again.  `say` is told each wait and its reason,
    `watch` what comes.
    """

    def __init__(
        self,
        *,
        user_agent: str,
        connect_s: float = 10.0,
        read_s: float = 60.0,
        patience_s: float = 60.0,
        bandwidth: Bandwidth | None = None,
        pause: Callable[[float], None] = time.sleep,
        stopping: Callable[[], int] = _nobody_asks,
        say: Say = silent,
        watch: Watch | None = None,
    ) -> None:
        self._watch = watch
        self._bandwidth = bandwidth or Bandwidth()
        self._session = KeylessSession(user_agent)
        self._timeouts = (connect_s, read_s)
        self._patience_s = patience_s
        self._pause = pause
        self._stopping = stopping
        self._say = say

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def fetch(self, address: str, path: Path, *, room: Room, notes: Path | None = None) -> Transfer:
        """Fetch `address` into a file at `path`.

        `room` is asked before bytes are written.  With `notes`, a file for what is known of the one at `path`, it goes
        on from what an earlier call left there, in this run or another; what is whole already does not come again.

        Raises:
            LinkRefused: the host does not give it at this address, and may at a fresh one.
            ArchiveError: it could not be had; names the host, never the query.
            OSError: the file could not be written.
        """
        landing = Landing(shown(address), path, notes=notes, room=room)
        if landing.size:
            self._say(f"{shown(address)}: {landing.size} of {landing.declared} bytes are there, of an earlier run")
        return self._landed(address, landing, NO_MORE)

    def read_again(self, address: str) -> Transfer:
        """Read `address` a second time, past caches and to nowhere: only what it hashes to is of interest.

        Raises:
            ArchiveError: it could not be had; names the host, never the query.
        """
        return self._landed(address, Landing(shown(address)), PAST_CACHES)

    def _landed(self, address: str, landing: Landing, headers: Mapping[str, str]) -> Transfer:
        def told(state: tenacity.RetryCallState) -> None:
            why = state.outcome.exception() if state.outcome else None
            self._say(f"{shown(address)}: {why}; again in {state.upcoming_sleep:.1f} s")

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(Again),
            # Patience is with a host that gives nothing: what came since may have taken hours.
            stop=lambda _state: time.monotonic() - landing.renewed_at >= self._patience_s or self._stopping() != 0,
            wait=tenacity.wait_random_exponential(multiplier=0.5, max=15),
            before_sleep=told,
            sleep=self._pause,
            reraise=True,
        )
        try:
            retrying(self._attempt, address, landing, headers)
        except Again as last:
            tries = retrying.statistics.get("attempt_number", 1)
            raise ArchiveError(f"{shown(address)} could not be fetched in {tries} tries: {last}") from last.__cause__
        except _Refused as refused:
            kind = LinkRefused if refused.may_have_expired else ArchiveError
            raise kind(f"{shown(address)} could not be fetched: {refused.why}") from None
        return landing.transfer()

    def _attempt(self, address: str, landing: Landing, headers: Mapping[str, str]) -> None:
        asked = {**headers, **landing.conditions}
        try:
            response = self._session.get(address, stream=True, timeout=self._timeouts, headers=asked)
        except WONT_GET_BETTER as error:
            raise _Refused(type(error).__name__) from error
        except requests.RequestException as error:
            raise Again(type(error).__name__) from error
        with response:
            match response.status_code:
                case 304 if "If-None-Match" in asked:
                    landing.stands()
                case 206 if "Range" in asked:
                    _check_coding(response)
                    with landing.going_on(response.headers):
                        self._take(response, landing)
                case 416 if "Range" in asked:
                    landing.misfit("nothing of the rest that was asked for")
                case _:
                    _check_status(response)
                    _check_coding(response)
                    with landing.beginning(_told(response)):
                        self._take(response, landing)

    def _take(self, response: requests.Response, landing: Landing) -> None:
        with self._watched(response, landing) as count:
            for block in _blocks(response, landing):
                landing.write(block)
                count(len(block))
                self._wait_for_room(len(block), landing)

    def _wait_for_room(self, count: int, landing: Landing) -> None:
        try:
            self._bandwidth.take(count)
        except Again:
            landing.mark()
            raise

    def _watched(self, response: requests.Response, landing: Landing) -> AbstractContextManager[Callable[[int], None]]:
        if self._watch is None:
            return nullcontext(_uncounted)
        name = urlsplit(response.url).path.rpartition("/")[2]
        return self._watch.coming(name, landing.declared, landing.size)


def not_fetched(left_s: float) -> Again:
    """Give the trouble of a download that is given up, as the run is to stop."""
    return Again(f"the run is to stop, and {left_s:.0f} s were left to wait")


def _uncounted(_bytes: int) -> None:
    """Nobody watches."""


def _blocks(response: requests.Response, landing: Landing) -> Iterator[bytes]:
    try:
        yield from response.raw.stream(BLOCK_BYTES, decode_content=False)
    except (urllib3.exceptions.HTTPError, TimeoutError, ConnectionError) as error:
        landing.mark()
        expected = f" of {landing.declared}" if landing.declared is not None else ""
        raise Again(f"cut off after {landing.size}{expected} bytes ({type(error).__name__})") from error


def _told(response: requests.Response) -> Told:
    return Told(
        declared=declared_length(response),
        framed="chunked" in response.headers.get("Transfer-Encoding", "").lower(),
        content_type=response.headers.get("Content-Type", ""),
        etag=response.headers.get("ETag", ""),
        checksums=offered(response.headers),
    )


def shown(address: str) -> str:
    """Show an address without its query, where signatures and account ids stand."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "an address that cannot be read"
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"


def passes(response: requests.Response) -> bool:
    """Tell whether an answer is of trouble that passes: worth another try."""
    return response.status_code in {408, 425, 429} or response.status_code >= 500


def _check_status(response: requests.Response) -> None:
    if passes(response):
        raise Again(f"HTTP {response.status_code}")
    if response.status_code != 200:
        raise _Refused(f"HTTP {response.status_code}", may_have_expired=response.status_code in {401, 403, 404, 410})


def _check_coding(response: requests.Response) -> None:
    if response.headers.get("Content-Encoding", "identity").lower() not in {"identity", ""}:
        raise _Refused(f"it came encoded ({response.headers['Content-Encoding']}) though that was not asked for")


def declared_length(response: requests.Response) -> int | None:
    """Give the length that an answer declares, in bytes; None where it declares none."""
    text = response.headers.get("Content-Length", "")
    return int(text) if text.isascii() and text.isdigit() else None
