"""A Dask cluster that is there already, through its executor; all that knows Dask is here.

Tasks and answers pass through the cluster's scheduler.  Whoever may reach that may run what he likes on the workers
and, by what he sends back, here: it must be as trusted as this machine (SECURITY.md).
"""

import logging
import re
from concurrent.futures import Executor, Future, wait
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

import dask.config
from distributed import Client, Worker, get_worker

from reconciler import __version__
from reconciler.archive.workers import answers
from reconciler.archive.workers.answers import Crashed
from reconciler.archive.workers.errands import Errand, done, greeted
from reconciler.archive.workers.making import Making
from reconciler.archive.workers.threads import settle
from reconciler.errors import UsageRefused, WorkersLost

LOOK_S = 3.0
"""How long to wait for an answer before a look whether there is still somebody who could give it."""
CLOSE_S = 2.0
LARGE = "1 GiB"
"""Bodies of jobs may be long; Dask warns of large tasks."""
SPOOL = "reconciler-spool"
HERE = "Start the workers, or leave --workers out: then threads of this machine copy. Nothing was cleaned for it."

_MISSING = re.compile(r"No module named \W*(?P<name>\w[\w.]*)")
_ADDRESS = re.compile(r"dask://(?P<where>[^/\s@?#]+:[0-9]{1,5})/?")


def where_of(address: str) -> str:
    """Read the value of --workers: give HOST:PORT.

    Raises:
        UsageRefused: it is something else.
    """
    read = _ADDRESS.fullmatch(address)
    if read is None:
        raise UsageRefused(f"--workers {address!r} is neither threads nor dask://HOST:PORT, the address of a scheduler")
    return read["where"]


class Cluster:
    """The cluster whose scheduler answers at `where`; threads may share it.

    `patience_s` bounds how long the scheduler, and then a first worker, is waited for.
    """

    def __init__(self, where: str, *, patience_s: float) -> None:
        self._where = where
        self._patience_s = patience_s

    def __enter__(self) -> Self:
        for name in [name for name in logging.Logger.manager.loggerDict if name.startswith("distributed")]:
            logging.getLogger(name).setLevel(logging.CRITICAL)  # what goes wrong is told by our own errors
        dask.config.set({"distributed.admin.large-graph-warning-threshold": LARGE})
        try:
            self._client = Client(self._where, timeout=max(self._patience_s, 1.0), set_as_default=False)
        except (OSError, ValueError) as error:
            raise WorkersLost(f"the Dask scheduler at {self._where} cannot be reached", hint=HERE) from error
        try:
            self._client.wait_for_workers(1, timeout=max(self._patience_s, 1.0))
        except OSError as error:
            self._let_go()
            raise WorkersLost(f"the Dask scheduler at {self._where} has no workers", hint=HERE) from error
        self._executor: Executor = self._client.get_executor(pure=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._let_go()

    def _let_go(self) -> None:
        """Leave the cluster; what was asked of it and has not begun never will, and nobody waits for the rest."""
        with suppress(OSError, AssertionError, RuntimeError):
            self._client.close(timeout=CLOSE_S)

    def threads(self) -> dict[str, int]:
        """Give the threads of each worker process, by its address.

        Raises:
            WorkersLost: the scheduler does not tell.
        """
        try:
            return dict(self._client.nthreads())
        except (OSError, RuntimeError, AttributeError) as error:
            raise self._lost() from error

    def greet(self, making: Making) -> None:
        """Make sure that each worker has this program in this version, and sees the stores as they are here.

        Raises:
            WorkersLost: one has not, or does not; names it and why.
        """
        try:
            told = self._client.run(_greeted_there, __version__, making, on_error="return")
        except OSError as error:
            raise self._lost() from error
        for worker, why in sorted(told.items()):
            if why:
                raise WorkersLost(f"the worker {worker} may not copy: {_why(why)}", hint=_way_out(why))

    def answer(self, errand: Errand) -> object:
        """Have an errand done, by one worker after another should they die; give what it answered, whatever that is.

        Raises:
            Crashed: there is no answer, and will be none.
            WorkersLost: nobody is left who could give one.
        """
        if self._client.status != "running":
            raise self._lost()
        asked = self._executor.submit(_done_there, errand)
        deserted_since: float | None = None
        while not wait([asked], timeout=LOOK_S).done:
            deserted_since = None if self.threads() else deserted_since or monotonic()
            if deserted_since and monotonic() - deserted_since > self._patience_s:
                raise WorkersLost(f"the Dask scheduler at {self._where} has no workers any more", hint=HERE)
        if asked.cancelled():
            raise self._lost()
        error = asked.exception()
        if error is not None:
            raise Crashed(_why(error))
        return asked.result()

    def _lost(self) -> WorkersLost:
        return WorkersLost(
            f"the connection to the Dask scheduler at {self._where} is lost",
            hint="What is archived already stays valid. Then apply again.",
        )


def _greeted_there(version: str, making: object, dask_worker: Worker) -> str:
    return greeted(version, making, _scratch(dask_worker))


def _done_there(errand: Errand) -> bytes:
    worker = get_worker()
    answer: Future[bytes] = Future()
    settle(answer, partial(done, errand, _scratch(worker), worker.address))
    # An exception would travel as a pickled object, and one that cannot be unpickled leaves whoever waits without word.
    error = answer.exception()
    return answer.result() if error is None else answers.crashed(error)


def _scratch(worker: Worker) -> Path:
    return Path(worker.local_directory) / SPOOL


def _why(told: object) -> str:
    """Say in a sentence what a worker told, or which error it met; of that its kind alone, which holds no secret."""
    if isinstance(told, str):
        return told
    missing = _missing_module(told)
    return f"it has no module {missing}" if missing else type(told).__name__


def _missing_module(told: object) -> str:
    found = _MISSING.search(str(told)) if isinstance(told, BaseException) else None
    return found["name"].partition(".")[0] if found else ""


def _way_out(told: object) -> str:
    if _missing_module(told):
        return f"Install it there: pip install 'pictory-reconciler[dask]=={__version__}'"
    return "Folders must be mounted there under the same path, or archive to buckets; versions must be the same."
