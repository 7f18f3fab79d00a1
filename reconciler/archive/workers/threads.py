"""Copies by threads of this process."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from queue import SimpleQueue
from types import TracebackType
from typing import Self, TypeVar

from reconciler.core.receipt import VerifiedReceipt
from reconciler.engine.ports import Archiver, JobDetail

Copy = Future[VerifiedReceipt]
T = TypeVar("T")


class ThreadWorkers:
    """Implements engine.workers.Workers.

    Its threads end with the process, whatever they are at: a run that is told to stop at once must not wait for a host
    that says nothing.  What they leave then is what a crash leaves, and nothing of it counts.
    """

    def __init__(self, archiver: Archiver, at_once: int) -> None:
        self._archiver = archiver
        self._at_once = at_once
        self._asked: SimpleQueue[tuple[JobDetail, Copy] | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    @property
    def at_once(self) -> int:
        """How many copies are made at the same time."""
        return self._at_once

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for _ in self._threads:
            self._asked.put(None)

    def begin(self, detail: JobDetail) -> Copy:
        """Have the job copied by the next thread that is free."""
        copy = Copy()
        self._asked.put((detail, copy))
        if len(self._threads) < self._at_once:
            name = f"copy-{len(self._threads) + 1}"
            self._threads.append(threading.Thread(target=self._work, name=name, daemon=True))
            self._threads[-1].start()
        return copy

    def _work(self) -> None:
        while (asked := self._asked.get()) is not None:
            detail, copy = asked
            settle(copy, partial(self._archiver.archive, detail))
            del asked, detail, copy  # what was copied is not kept while this one waits for the next


def settle(future: "Future[T]", make: Callable[[], T]) -> None:
    """Give a future what is made, or whatever that raises."""
    try:
        made = make()
    except BaseException as error:  # noqa: BLE001 - raised again where the result is asked for
        future.set_exception(error)
    else:
        future.set_result(made)
