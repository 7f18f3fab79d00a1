"""Looking for the files of cleaned jobs at their old addresses: one thread of its own, one request each, no key.

A GET of the first byte, not a HEAD: signed links may let in the one and not the other.
"""

import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import requests
import urllib3

from reconciler.archive.download import KeylessSession, declared_length
from reconciler.archive.workers.threads import Crew
from reconciler.core.job import Asset, AssetForm, JobId

FIRST_BYTE = {"Range": "bytes=0-0"}
LITTLE_BYTES = 1024
"""An answer of no more is read: the byte that was asked for, or a few words."""
MOST_WAITING = 1000
"""Files that wait to be looked for, at most; those of jobs that come then are not: a run is not slowed down by it."""


@dataclass(slots=True)
class _Job:
    """How many of a job's files are still to be looked for, and which kinds answered."""

    left: int
    answered: list[str] = field(default_factory=list)


class CachedFiles:
    """Implements engine.still_cached.CacheLooks; `at_the_end_s` bounds how long `found` waits."""

    def __init__(
        self, *, user_agent: str, connect_s: float = 3.0, read_s: float = 5.0, at_the_end_s: float = 2.0
    ) -> None:
        self._session = KeylessSession(user_agent)
        self._timeouts = (connect_s, read_s)
        self._at_the_end_s = at_the_end_s
        self._crew: Crew[tuple[JobId, str, str]] = Crew("cache", 1, self._work)
        self._jobs: dict[JobId, _Job] = {}
        self._waiting = 0
        self._changed = threading.Condition()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._crew.let_go()

    def begin(self, job_id: JobId, assets: Iterable[Asset]) -> None:
        """Put the job's files in the queue, unless that is long already."""
        files = {each.address: each.kind.value for each in assets if each.form is AssetForm.FILE and each.address}
        with self._changed:
            if not files or self._waiting > MOST_WAITING:
                return
            self._jobs[job_id] = _Job(left=len(files))
            self._waiting += len(files)
        for address, kind in files.items():
            self._crew.ask((job_id, kind, address))

    def found(self) -> Mapping[JobId, tuple[str, ...]]:
        """Give the kinds that answer, of each job of which all files were looked for."""
        until = time.monotonic() + self._at_the_end_s
        with self._changed:
            while self._waiting and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)
            done = {job_id: job.answered for job_id, job in self._jobs.items() if not job.left}
        return {job_id: tuple(sorted(set(answered))) for job_id, answered in done.items()}

    def _work(self) -> None:
        while (asked := self._crew.asked.get()) is not None:
            job_id, kind, address = asked
            answers = self._answers(address)
            with self._changed:
                job = self._jobs[job_id]
                job.left -= 1
                job.answered += [kind] if answers else []
                self._waiting -= 1
                self._changed.notify_all()

    def _answers(self, address: str) -> bool:
        """Tell whether the host still gives the file, and not a web page that says something of it."""
        try:
            with self._session.get(address, stream=True, timeout=self._timeouts, headers=FIRST_BYTE) as response:
                is_page = response.headers.get("Content-Type", "").lower().startswith("text/html")
                _read_little(response)
                return response.status_code in {200, 206} and not is_page
        except (requests.RequestException, ValueError, OSError):  # ValueError: an address that nobody can ask for
            return False


def _read_little(response: requests.Response) -> None:
    """Read an answer of few bytes to its end: then the next one comes over the same connection."""
    length = declared_length(response)
    if length is not None and length <= LITTLE_BYTES:
        with suppress(urllib3.exceptions.HTTPError, OSError):  # what it says is known already
            response.raw.read(LITTLE_BYTES, decode_content=False)
