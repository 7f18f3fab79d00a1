"""What a worker on another machine does: copy whole jobs with the archiver of this program, and tell what came of it.

An archiver is made once in a process and kept, with its connections, for all errands of a run.
"""

import threading
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from reconciler import __version__
from reconciler.archive.archiver import BagArchiver
from reconciler.archive.names import bag_name
from reconciler.archive.statement import statement_of
from reconciler.archive.stores import BagStore
from reconciler.archive.workers.answers import Answer, written
from reconciler.archive.workers.making import Making, archiver_there, stores_there
from reconciler.archive.workers.tokens import unseen
from reconciler.core.receipt import VerifiedReceipt
from reconciler.engine.ports import JobDetail
from reconciler.errors import ArchiveError, UsageRefused, WorkersLost

LONG_S = 2.0
"""An errand that took so long is answered with what is done; the rest is for whoever is free."""
RUNS_AT_ONCE = 4
"""Of so many runs a process keeps its archivers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """Jobs to copy, and how to make the archiver that does it."""

    making: Making
    details: tuple[JobDetail, ...]


def greeted(version: str, making: object, scratch: Path) -> str:
    """Tell why this process may not copy for a coordinator of that version; empty where it may."""
    if version != __version__:
        return f"it has pictory-reconciler {__version__}, this is {version}"
    if not isinstance(making, Making):
        return "what came is not how an archiver is made"
    try:
        stores_there(making, scratch)
    except UsageRefused as error:
        return error.message
    return unseen(making.tokens, Path(making.beside))


def done(errand: Errand, scratch: Path, worker: str) -> bytes:
    """Copy the jobs of an errand, one after the other; give the answer, which `answers.read` reads."""
    began = time.monotonic()
    try:
        archiver = _archiver(errand.making, scratch)
    except UsageRefused as error:
        return written(Answer(jobs=(WorkersLost(f"the worker {worker} may not copy: {error.message}"),)))
    jobs: list[bytes | ArchiveError] = []
    for detail in errand.details:
        jobs.append(archiver.archive(detail))
        if time.monotonic() - began > LONG_S:
            break
    return written(Answer(jobs=tuple(jobs), notes=archiver.notes.taken(), seconds=time.monotonic() - began))


class _Notes(threading.local):
    """What was said while this thread was at its errand."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def take(self, line: str) -> None:
        """Take a line."""
        self._lines.append(line)

    def taken(self) -> tuple[str, ...]:
        """Give the lines since the last time."""
        lines, self._lines = tuple(dict.fromkeys(self._lines)), []
        return lines


class _Archiver:
    """An archiver of this process, for any number of its threads."""

    def __init__(self, archiver: BagArchiver, stores: tuple[BagStore, ...], notes: _Notes, tool: str) -> None:
        self._archiver = archiver
        self._stores = stores
        self.notes = notes
        self._tool = tool

    def archive(self, detail: JobDetail) -> bytes | ArchiveError:
        """Copy a job; give the statement of its receipt, or why there is none."""
        try:
            proof = self._archived(detail)
        except ArchiveError as error:
            return error
        return statement_of(proof.receipt, tool=self._tool)

    def _archived(self, detail: JobDetail) -> VerifiedReceipt:
        stood = self._stands(detail)
        try:
            return self._archiver.archive(detail)
        except ArchiveError:
            # A worker that was given up for dead may have put this very bag there a moment ago: then that one counts.
            # Two workers at their first job may also have met at the guide in the store's root.
            if stood or not self._stands(detail):
                raise
            return self._archiver.archive(detail)

    def _stands(self, detail: JobDetail) -> bool:
        name = bag_name(detail.job.id, detail.job.fingerprint)
        return any(store.has(name) for store in self._stores)


@lru_cache(maxsize=RUNS_AT_ONCE)
def _archiver(making: Making, scratch: Path) -> _Archiver:
    """Make the archiver of a run, in a process that may have come after the others were looked at.

    Raises:
        UsageRefused: a bucket cannot be opened here, or a folder is another one here.
    """
    stores, notes = stores_there(making, scratch), _Notes()
    another = unseen(making.tokens, Path(making.beside))
    if another:
        raise UsageRefused(another)
    return _Archiver(archiver_there(making, stores, notes.take), stores, notes, making.tool)
