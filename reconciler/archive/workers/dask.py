"""Copies by workers of other machines: small jobs in batches, each receipt checked before it counts.

Threads take jobs, have them copied, and look at what came of them; most of the time they wait.
"""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from math import ceil
from pathlib import Path
from queue import Empty
from types import TracebackType
from typing import Protocol, Self

from reconciler.archive.stores import BagStore
from reconciler.archive.workers import answers
from reconciler.archive.workers.answers import Crashed
from reconciler.archive.workers.checking import ReceiptCheck
from reconciler.archive.workers.cluster import Cluster, where_of
from reconciler.archive.workers.errands import Errand
from reconciler.archive.workers.making import Making
from reconciler.archive.workers.threads import Copy, Crew, settle
from reconciler.archive.workers.tokens import tokens_in
from reconciler.core.receipt import VerifiedReceipt
from reconciler.engine.ports import JobDetail, Signer
from reconciler.engine.talk import Say
from reconciler.errors import ArchiveError, StoreNotWritable, WorkersLost

TASK_S = 0.2
"""What a task should take at least: Dask needs some 8 ms for one."""
MOST_IN_A_TASK = 16
MOST_THREADS = 256


@dataclass(frozen=True, slots=True)
class _Asked:
    """A job that is to be copied, and where its proof goes."""

    detail: JobDetail
    copy: Copy


_Come = list[tuple[_Asked, bytes | ArchiveError]]
"""Jobs, each with its receipt's statement, or why there is none."""


class Answering(Protocol):
    """Whoever has errands done: a Cluster."""

    def answer(self, errand: Errand) -> object:
        """Have an errand done."""


class _BatchSize:
    """How many jobs make a task, from how long the last ones took; one until that is known."""

    def __init__(self) -> None:
        self._seconds_a_job = TASK_S

    def learn(self, seconds: float, jobs: int) -> None:
        """Take what a task took; the newest counts for a third, so that a large film after small ones shows at once."""
        self._seconds_a_job += (seconds / jobs - self._seconds_a_job) / 3

    @property
    def now(self) -> int:
        """How many jobs make a task now."""
        return min(MOST_IN_A_TASK, max(1, ceil(TASK_S / max(self._seconds_a_job, 0.001))))


class DaskWorkers:
    """Implements engine.workers.Workers over a cluster.

    Its threads end with the process, and what the workers are at is not waited for: see Crew.
    """

    def __init__(
        self, cluster: Answering, making: Making, check: ReceiptCheck, *, threads_there: int, note: Say
    ) -> None:
        self._cluster = cluster
        self._making = making
        self._check = check
        self._note = note
        self._there = min(threads_there, MOST_THREADS)
        self._size = _BatchSize()
        self._busy = threading.BoundedSemaphore(2 * self._there)
        self._lost: StoreNotWritable | None = None
        # Two ask for each thread there, so that its next task waits beside it; a third looks at what came of the last.
        self._crew: Crew[_Asked] = Crew("dask", 3 * self._there, self._work)

    @property
    def at_once(self) -> int:
        """How many copies may be asked for: one for each thread there; while jobs are small, three batches for each."""
        size = self._size.now
        return self._there * (1 if size == 1 else 3 * size)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._crew.let_go()

    def begin(self, detail: JobDetail) -> Copy:
        """Have the job copied by the next worker that is free."""
        asked = _Asked(detail, Copy())
        self._crew.ask(asked)
        return asked.copy

    def _work(self) -> None:
        while True:
            with self._busy:
                batch = self._take()
                if not batch:
                    return
                come: Future[_Come] = Future()
                settle(come, partial(self._copied, batch))
            self._hand_over(batch, come)
            del batch, come  # what was copied is not kept while this one waits for the next

    def _hand_over(self, batch: Sequence[_Asked], come: "Future[_Come]") -> None:
        error = come.exception()
        if error is not None:  # a mistake of this program: the run must hear of it, and not wait for ever
            for asked in batch:
                asked.copy.set_exception(error)
            return
        for asked, told in come.result():
            settle(asked.copy, partial(self._proof, asked, told))

    def _take(self) -> list[_Asked]:
        """Wait for a job; take as many more as make a batch, and leave the others theirs.  Nothing: it is over."""
        first = self._crew.asked.get()
        batch = [] if first is None else [first]
        share = min(self._size.now, 1 + self._crew.asked.qsize() // self._there)
        while batch and len(batch) < share:
            try:
                another = self._crew.asked.get_nowait()
            except Empty:
                break
            if another is None:
                self._crew.asked.put(None)
                break
            batch.append(another)
        return batch

    def _copied(self, batch: Sequence[_Asked]) -> _Come:
        """Have a batch copied; give each job with its receipt's statement, or why there is none."""
        if self._lost:
            return [(asked, self._lost) for asked in batch]
        try:
            came = self._cluster.answer(Errand(making=self._making, details=tuple(asked.detail for asked in batch)))
            answer = answers.read(came, most=len(batch))
        except WorkersLost as lost:
            self._lost = lost
            return [(asked, lost) for asked in batch]
        except (Crashed, ValueError) as error:
            if len(batch) > 1:  # one of them did it, and the others must not pay for it
                return [each for asked in batch for each in self._copied([asked])]
            return [(batch[0], ArchiveError(f"no worker could copy {batch[0].detail.job.id}: {error}"))]
        self._size.learn(answer.seconds, len(answer.jobs))
        for line in answer.notes:
            self._note(line)
        for left in batch[len(answer.jobs) :]:
            self._crew.asked.put(left)
        return list(zip(batch, answer.jobs, strict=False))

    def _proof(self, asked: _Asked, told: bytes | ArchiveError) -> VerifiedReceipt:
        if isinstance(told, ArchiveError):
            raise told
        return self._check.proof(told, asked.detail)


@contextmanager
def dask_workers(
    address: str, making: Making, stores: tuple[BagStore, ...], *, note: Say, signer: Signer | None = None
) -> Iterator[DaskWorkers]:
    """Give the workers of the cluster at `address`, each looked at before the first copy; `stores` are this machine's.

    Raises:
        UsageRefused: it is no address.
        WorkersLost: the cluster cannot be reached, or one of its workers may not copy.
    """
    with (
        Cluster(where_of(address), patience_s=making.patience_s) as cluster,
        tokens_in(making.stores, Path(making.beside)) as tokens,
    ):
        threads = cluster.threads()
        told = replace(making, tokens=tokens, shares=max(1, len(threads)))
        cluster.greet(told)
        note(f"copies by {len(threads)} workers with {sum(threads.values())} threads at {address}")
        check = ReceiptCheck(stores, copies=making.copies, tool=making.tool, signer=signer)
        there = max(1, sum(threads.values()))
        with DaskWorkers(cluster, told, check, threads_there=there, note=note) as workers:
            yield workers
