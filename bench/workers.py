"""Copies of many small jobs by two threads of this process, and by two workers of a Dask cluster, in turn.

JOBS jobs of an emulated account are read once; then their copies are asked for as a run does, as many at once as the
workers say, and waited for.  Every copy goes into a new archive, and each receipt of a Dask worker is checked as in a
run.  Medians of RUNS, taken in turn.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from pathlib import Path

from bench.throughput import emulator
from reconciler.archive.archiver import BagArchiver
from reconciler.archive.stores.opening import open_stores
from reconciler.archive.workers.dask import dask_workers
from reconciler.archive.workers.making import Making, archiver_there
from reconciler.archive.workers.threads import ThreadWorkers
from reconciler.clock import SystemClock
from reconciler.core.desired import SecondRead, Store
from reconciler.core.receipt import VerifiedReceipt
from reconciler.core.secret import Secret
from reconciler.engine.ports import JobDetail
from reconciler.engine.talk import silent
from reconciler.engine.workers import Workers
from reconciler.pictory.calls import ApiCalls
from reconciler.pictory.credentials import RawKey
from reconciler.pictory.pacing import Pacer
from reconciler.pictory.reader import PictoryReader

RUNS = 3
JOBS, WORKERS = 500, 2
STORE = Store(address="file:./archive")


def made_for(folder: Path) -> Making:
    return Making(
        stores=(STORE,),
        beside=str(folder),
        copies=1,
        second_read=SecondRead.WHEN_NO_CHECKSUM,
        account="bench",
        tool="bench",
        user_agent="bench",
        patience_s=60.0,
        clock=SystemClock(),
    )


def details(where: dict[str, str]) -> tuple[JobDetail, ...]:
    """Read the first JOBS jobs that have anything to copy."""
    with ApiCalls(where["api"], RawKey(Secret(where["key"])), Pacer(1_000_000)) as calls:
        reader = PictoryReader(calls)
        listed = [job for job in reader.list_jobs().jobs if job.is_terminal and job.needs_copies][:JOBS]
        read = [reader.get(job.id) for job in listed]
    return tuple(detail for detail in read if detail is not None)


def copy_all(workers: Workers, wanted: Sequence[JobDetail]) -> int:
    """Have all copied, as many at once as the workers say; give how many were."""
    left, on_their_way, copied = list(wanted), set[Future[VerifiedReceipt]](), 0
    while left or on_their_way:
        while left and len(on_their_way) < workers.at_once:
            on_their_way.add(workers.begin(left.pop()))
        ended, on_their_way = wait(on_their_way, return_when=FIRST_COMPLETED)
        copied += sum(copy.exception() is None for copy in ended)
    return copied


def by_threads(folder: Path, wanted: Sequence[JobDetail], _address: str) -> tuple[int, float]:
    making = made_for(folder)
    stores = open_stores((STORE,), folder, folder / "spool", patience_s=60.0, user_agent="bench")
    archiver: BagArchiver = archiver_there(making, stores, silent)
    with ThreadWorkers(archiver, WORKERS) as workers:
        return timed(workers, wanted)


def by_dask(folder: Path, wanted: Sequence[JobDetail], address: str) -> tuple[int, float]:
    stores = open_stores((STORE,), folder, folder / "spool", patience_s=60.0, user_agent="bench")
    with dask_workers(address, made_for(folder), stores, note=silent) as workers:
        return timed(workers, wanted)


def timed(workers: Workers, wanted: Sequence[JobDetail]) -> tuple[int, float]:
    began = time.perf_counter()
    return copy_all(workers, wanted), time.perf_counter() - began


@contextmanager
def cluster() -> Iterator[str]:
    command = [sys.executable, "-m", "reconciler.archive.workers.local_cluster", str(WORKERS)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        yield (process.stdout.readline() if process.stdout else "").strip()
        # Leaving the block closes its standard input, which ends it.


def main() -> None:
    with emulator(2 * JOBS) as emulated, cluster() as address:
        wanted = details(emulated.where)
        ways: dict[str, Callable[[Path, Sequence[JobDetail], str], tuple[int, float]]] = {
            f"{WORKERS} threads": by_threads,
            f"{WORKERS} Dask workers": by_dask,
        }
        times: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(RUNS):  # in turn, so that a noisy moment meets both
            for name, way in ways.items():
                with tempfile.TemporaryDirectory() as folder:
                    copied, took = way(Path(folder), wanted, address)
                if copied != len(wanted):
                    raise SystemExit(f"{name}: {copied} of {len(wanted)} were copied")
                times[name].append(took)
    base = statistics.median(next(iter(times.values())))
    title = f"copies of {len(wanted)} jobs"
    print(f"{title:<26} {'median':>9} {'min':>9} {'max':>9} {'jobs/s':>9} {'x first':>8}")
    for name, measured in times.items():
        median = statistics.median(measured)
        print(
            f"{name:<26} {median:>8.2f}s {min(measured):>8.2f}s {max(measured):>8.2f}s "
            f"{len(wanted) / median:>9.0f} {median / base:>8.2f}"
        )


if __name__ == "__main__":
    main()
