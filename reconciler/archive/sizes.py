"""How long files are, told by their hosts: HEAD alone, a few at a time, and never with the key.

A size that is not told is no error: what lacks it is held, or refused where a limit needs it (I4).
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import requests
import tenacity

from reconciler.archive.download import WONT_GET_BETTER, KeylessSession, declared_length, passes
from reconciler.archive.landing import Again
from reconciler.archive.workers.threads import Crew, settle

AT_ONCE = 4
SILENT_FILES = 3
"""Files in a row that got no usable answer however often they were tried: after so many, their host is left alone."""
MOST_DIGITS = 15
"""A petabyte less a byte; what is longer is no length of a file."""


class HeadSizes:
    """Implements engine.ports.AssetSizes over http(s).  `patience_s` bounds how long one file is tried again."""

    def __init__(
        self,
        *,
        user_agent: str,
        connect_s: float = 10.0,
        read_s: float = 30.0,
        patience_s: float = 60.0,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._session = KeylessSession(user_agent)
        # Threads share the session, so nothing in it may change with an answer.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._timeouts = (connect_s, read_s)
        self._patience_s = patience_s
        self._pause = pause
        self._silent: Counter[str] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def sizes(self, addresses: Iterable[str]) -> Mapping[str, int]:
        """Give the length in bytes of each file whose host tells it, and of no other; each is asked for once."""
        asked = {address: Future[int | None]() for address in addresses}
        crew: Crew[tuple[str, Future[int | None]]] = Crew("size", AT_ONCE, lambda: self._work(crew))
        try:
            for each in asked.items():
                crew.ask(each)
            told = {address: size.result() for address, size in asked.items()}
        finally:
            crew.let_go()
        return {address: size for address, size in told.items() if size is not None}

    def _work(self, crew: "Crew[tuple[str, Future[int | None]]]") -> None:
        while (asked := crew.asked.get()) is not None:
            address, size = asked
            settle(size, partial(self._size, address))

    def _size(self, address: str) -> int | None:
        host = _host(address)
        if not host or self._silent[host] >= SILENT_FILES:
            return None
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(Again),
            stop=tenacity.stop_after_delay(self._patience_s),
            wait=tenacity.wait_random_exponential(multiplier=0.5, max=15),
            sleep=self._pause,
            reraise=True,
        )
        try:
            size = retrying(self._attempt, address)
        except Again:
            self._silent[host] += 1
            return None
        self._silent[host] = 0
        return size

    def _attempt(self, address: str) -> int | None:
        try:
            response = self._session.head(address, allow_redirects=True, timeout=self._timeouts)
        except (*WONT_GET_BETTER, ValueError):  # an address, or a redirect's, that cannot even be asked for
            return None
        except requests.RequestException as error:
            raise Again(type(error).__name__) from error
        with response:
            if passes(response):
                raise Again(f"HTTP {response.status_code}")
            return _told(response)


def _host(address: str) -> str:
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return ""
    return f"{host}:{port}" if host and parts.scheme in {"http", "https"} else ""


def _told(response: requests.Response) -> int | None:
    """Give the length that an answer tells of the file itself.

    None for any other: an error, a web page in the file's place, an encoded body.  No asset is empty: a host that says
    0 to a HEAD says nothing.
    """
    headers = response.headers
    is_itself = headers.get("Content-Encoding", "identity").lower() in {"identity", ""}
    is_page = headers.get("Content-Type", "").lower().startswith("text/html")
    if response.status_code != 200 or not is_itself or is_page or len(headers.get("Content-Length", "")) > MOST_DIGITS:
        return None
    return declared_length(response) or None
