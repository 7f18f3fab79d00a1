"""Copies by threads of this process."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from queue import SimpleQueue
from types import TracebackType
from typing import Generic, Self, TypeVar

from reconciler.core.receipt import VerifiedReceipt
from reconciler.engine.ports import Archiver, JobDetail

Copy = Future[VerifiedReceipt]
T = TypeVar("T")


class Crew(Generic[T]):
    """Threads that each do `work` over one queue; None in it tells a thread that all is over.

    They end with the process, whatever they are at: a run that is told to stop at once must not wait for a host that
    says nothing.  What they leave then is what a crash leaves, and nothing of it counts.
    """

    def __init__(self, name: str, at_most: int, work: Callable[[], None]) -> None:
        self._name = name
        self._at_most = at_most
        self._work = work
        self.asked: SimpleQueue[T | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    def ask(self, wanted: T) -> None:
        """Put something in the queue; where the crew is not complete, a thread comes with it."""
        self.asked.put(wanted)
        if len(self._threads) < self._at_most:
            name = f"{self._name}-{len(self._threads) + 1}"
            self._threads.append(threading.Thread(target=self._work, name=name, daemon=True))
            self._threads[-1].start()

    def let_go(self) -> None:
        """Tell all threads that it is over."""
        for _ in self._threads:
            self.asked.put(None)


class ThreadWorkers:
    """Implements engine.workers.Workers."""

    def __init__(self, archiver: Archiver, at_once: int) -> None:
        self._archiver = archiver
        self._at_once = at_once
        self._crew: Crew[tuple[JobDetail, Copy]] = Crew("copy", at_once, self._work)

    @property
    def at_once(self) -> int:
        """How many copies are made at the same time."""
        return self._at_once

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._crew.let_go()

    def begin(self, detail: JobDetail) -> Copy:
        """Have the job copied by the next thread that is free."""
        copy = Copy()
        self._crew.ask((detail, copy))
        return copy

    def _work(self) -> None:
        while (asked := self._crew.asked.get()) is not None:
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
