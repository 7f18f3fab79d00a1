"""What the ledger costs, in a file and in PostgreSQL: the durable steps of a job, and a list of many jobs.

    python -m bench.ledger [--steps 1000 10000] [--listed 1000000] [--state ADDRESS]

Without an address: a file in a folder of its own, and a server out of the wheel that the tests use, which waits for the
disk as any other does.  A probe that appends a block and syncs it tells what the disk costs.  Each list is measured in
a process of its own, which tells its highest memory; what the database's server uses is not in it.
"""

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

from bench.compare.tables import lined_up
from reconciler.clock import SystemClock
from reconciler.core.job import JobId
from reconciler.core.receipt import BagFile, ReadBack, Receipt, VerifiedReceipt
from reconciler.core.steps import Phase
from reconciler.ledger.opening import database_at
from reconciler.ledger.run import SqlRun
from reconciler.ledger.run_rows import Who
from reconciler.ledger.writer import SqlLedger
from tests.support.postgres_server import PostgresServer
from tests.support.values import inventory, job

FINGERPRINT = "sha256:" + "ab" * 32
FILES = tuple(BagFile(path=f"data/assets/{number}.mp4", size=9, sha256="b" * 64) for number in range(3))
BEGAN = datetime(2026, 3, 1, tzinfo=UTC)
MIB = 1 << 20


def ledger_at(address: str) -> SqlLedger:
    return SqlLedger(database_at(address), clock=SystemClock(), lease_s=60, who=Who.of("bench", "bench"))


def took(what: Callable[[], object]) -> tuple[float, float]:
    """Give seconds of the clock and of this process."""
    began, processor = time.perf_counter(), time.process_time()
    what()
    return time.perf_counter() - began, time.process_time() - processor


# -- steps


def proof(name: str) -> VerifiedReceipt:
    receipt = Receipt(
        job_id=JobId(name),
        fingerprint=FINGERPRINT,
        bag=f"jobs/{name}/abababababab",
        stores=("file:./archive",),
        files=FILES,
        evidence=tuple((file.path, "length as declared") for file in FILES),
        verified_at=BEGAN,
    )
    return VerifiedReceipt(receipt=receipt, read_backs=(ReadBack(store="file:./archive", files=FILES),), copies=1)


def alone(run: SqlRun, proofs: list[VerifiedReceipt]) -> None:
    """Take jobs out with each step durable by itself."""
    for each in proofs:
        name = each.receipt.job_id
        run.append(name, Phase.BEGIN, FINGERPRINT)
        run.record_archived(each)
        run.append(name, Phase.CLEANING, FINGERPRINT, outlasting_s=30.0)
        run.record_cleaned(name, FINGERPRINT, "cleaned now")


def together(run: SqlRun, proofs: list[VerifiedReceipt]) -> None:
    """Take jobs out as a run does that has several on their way: two waits for each (docs/adr/0028)."""
    for each, next_one in zip(proofs, [*proofs[1:], None], strict=True):
        name = each.receipt.job_id
        if each is proofs[0]:
            run.append(name, Phase.BEGIN, FINGERPRINT)
        run.record_archived(each, waits=True)
        if next_one is not None:
            run.append(next_one.receipt.job_id, Phase.BEGIN, FINGERPRINT)
        run.write_down()
        run.append(name, Phase.CLEANING, FINGERPRINT, outlasting_s=30.0)
        run.record_cleaned(name, FINGERPRINT, "cleaned now", waits=True)


def steps(address: str, count: int) -> Iterator[list[str]]:
    for way in (alone, together):
        proofs = [proof(f"{way.__name__}-{count}-{number}") for number in range(count)]
        with ledger_at(address).open_run("apply", "acme") as run:
            seconds, processor = took(partial(way, run, proofs))
        figures = (f"{each / count * 1000:.2f} ms a job" for each in (seconds, processor))
        yield [f"{count} jobs out, {way.__name__}", *figures]


# -- lists


def listed(address: str, count: int) -> list[str]:
    """Measure a list of so many jobs in a process of its own: one line for each row, cells between tabs."""
    command = [sys.executable, "-m", "bench.ledger", "--state", address, "--listed-here", str(count)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()


def listed_here(address: str, count: int) -> Iterator[list[str]]:
    """Record a list twice, and read what a plan needs."""
    chance = random.Random(count)  # noqa: S311 - names of any order, as the service gives them
    jobs = [job(str(UUID(int=chance.getrandbits(128)))) for _ in range(count)]
    ledger = ledger_at(address)
    for what, at in (("first seen", BEGAN), ("seen again", BEGAN + timedelta(hours=1))):
        seen = inventory(*jobs, at=at)
        with ledger.open_run("refresh", "acme") as run:
            yield [f"{count} jobs {what}", *told(*took(partial(run.record_observation, seen)))]
    del jobs, seen
    yield [f"{count} jobs read", *told(*took(ledger.view))]


def told(seconds: float, processor: float) -> Iterator[str]:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return iter((f"{seconds:.1f} s", f"{processor:.1f} s", f"{peak / MIB:.0f} MiB"))


# -- where


def disk(folder: Path) -> list[str]:
    """Append a block and wait for the disk, as each commit does."""
    times = 50
    descriptor = os.open(folder / "probe", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def write() -> None:
        for _ in range(times):
            os.write(descriptor, b"x" * 4096)
            os.fsync(descriptor)

    seconds, processor = took(write)
    os.close(descriptor)
    return ["", "the disk alone, a sync", f"{seconds / times * 1000:.2f} ms", f"{processor / times * 1000:.2f} ms"]


@contextmanager
def places(asked: str, folder: Path) -> Iterator[dict[str, Callable[[], str]]]:
    """Give what makes the address of a ledger, by the kind of its database."""
    if asked:
        yield {"as asked": lambda: asked}
        return
    files = (str(folder / f"ledger-{number}.db") for number in range(100))
    with PostgresServer() as server:
        server.run("ALTER SYSTEM SET fsync = on")
        server.run("SELECT pg_reload_conf()")
        yield {"SQLite": files.__next__, "PostgreSQL": server.new_ledger}


def main() -> None:
    asked = argparse.ArgumentParser(description="Measure what the ledger costs.")
    asked.add_argument("--steps", type=int, nargs="*", default=[1000])
    asked.add_argument("--listed", type=int, default=100_000, help="0: leave it out; the goal is of 1000000")
    asked.add_argument("--state", default="", help="an empty ledger to use in place of new ones")
    asked.add_argument("--listed-here", type=int, default=0, help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.listed_here:
        for row in listed_here(given.state, given.listed_here):
            print("\t".join(row))
        return
    with tempfile.TemporaryDirectory(prefix="ledger-") as name, places(given.state, Path(name)) as kinds:
        rows = [disk(Path(name))]
        for kind, new in kinds.items():
            rows += [[kind, *row] for count in given.steps for row in steps(new(), count)]
            rows += [[kind, *line.split("\t")] for line in (listed(new(), given.listed) if given.listed else ())]
    print(lined_up(["ledger in", "what", "clock", "processor, without the server's", "peak memory"], rows))


if __name__ == "__main__":
    main()
