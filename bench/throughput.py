"""How fast the emulator serves, and how fast the client reads: lists and files, each beside a peer in the same run.

A list of 10,000 jobs in pages of 100 is read by a plain client (requests, json) and by ours; a video of 1 GiB is read
from the emulator and, as a file, from the standard library's http.server.  Medians of RUNS, taken in turn.

What the emulator needs of memory for it has no peer: its peak when it has started, and after MANY_PAGES pages of an
account of a million jobs, and after the video.
"""

import http.client
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import requests

from reconciler.core.secret import Secret
from reconciler.pictory.calls import ApiCalls
from reconciler.pictory.credentials import RawKey
from reconciler.pictory.pacing import Pacer
from reconciler.pictory.reader import PictoryReader

RUNS = 5
JOBS, PAGE = 10_000, 100
FILM_BYTES = 1 << 30
BLOCK_BYTES = 1 << 20
MANY_JOBS, MANY_PAGES = 1_000_000, 300


@dataclass(frozen=True)
class Emulator:
    """A started emulator: where it answers, and its process id."""

    where: dict[str, str]
    pid: int

    def peak(self) -> str:
        """Its highest memory so far, for people."""
        status = Path(f"/proc/{self.pid}/status")
        if not status.exists():
            return "not told by this system"
        found = re.search(r"^VmHWM:\s+(\d+) kB$", status.read_text(encoding="ascii"), flags=re.MULTILINE)
        return f"{int(found[1]) / 1024:.0f} MiB" if found else "not told by this system"


@contextmanager
def emulator(jobs: int) -> Iterator[Emulator]:
    """Start an emulated account; it ends with its standard input."""
    ports = ("--port", "0", "--asset-port", "0", "--control-port", "0")
    command = [sys.executable, "-m", "reconciler.emulator", *ports, "--until-stdin-closes"]
    command += ["--jobs", str(jobs), "--switch", f"page_size={PAGE}"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        yield Emulator(json.loads(process.stdout.readline() if process.stdout else ""), process.pid)
        # Leaving the block closes its standard input, which ends it.


def list_plainly(where: dict[str, str], pages: int = JOBS) -> int:
    session, count = requests.Session(), 0
    query: dict[str, str] = {}
    for _ in range(pages):
        headers = {"Authorization": where["key"]}
        page = session.get(f"{where['api']}/v1/jobs", headers=headers, params=query, timeout=30).json()
        count += len(page["items"])
        if not page["nextPageKey"]:
            break
        query = {"nextPageKey": page["nextPageKey"]}
    return count


def list_with_ours(where: dict[str, str]) -> int:
    with ApiCalls(where["api"], RawKey(Secret(where["key"])), Pacer(1_000_000)) as calls:
        return len(PictoryReader(calls).list_jobs().jobs)


def film(where: dict[str, str]) -> str:
    """Put a job with a film of 1 GiB; give its address."""
    data = {"status": "completed", "videoURL": "asset:VIDEO/film.mp4"}
    job = {"id": "film", "data": data, "bytes": {"VIDEO/film.mp4": FILM_BYTES}}
    requests.post(f"{where['control']}/_emulator/jobs", json=job, timeout=30).raise_for_status()
    headers = {"Authorization": where["key"]}
    answer = requests.get(f"{where['api']}/v1/jobs/film", headers=headers, timeout=30)
    return str(answer.json()["data"]["videoURL"])


def read(address: str) -> int:
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    connection.request("GET", parts.path)
    answer, count = connection.getresponse(), 0
    into = memoryview(bytearray(BLOCK_BYTES))
    while came := answer.readinto(into):
        count += came
    connection.close()
    return count


@contextmanager
def peer() -> Iterator[str]:
    """Serve a file of the same size from the standard library's server, a process of its own too."""
    with tempfile.TemporaryDirectory() as folder:
        with (Path(folder) / "film.mp4").open("wb") as file:
            file.truncate(FILM_BYTES)
        command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            try:
                said = process.stdout.readline() if process.stdout else ""
                yield f"http://127.0.0.1:{said.split('port ')[1].split()[0]}/film.mp4"
            finally:
                process.terminate()


def seconds(run: Callable[[], int], expected: int) -> float:
    began = time.perf_counter()
    if run() != expected:
        raise SystemExit("something is missing from what was read")
    return time.perf_counter() - began


def main() -> None:
    with emulator(JOBS) as emulated, peer() as other:
        where, at_first = emulated.where, emulated.peak()
        first = {
            "list: requests and json": lambda: list_plainly(where),
            "list: our reader": lambda: list_with_ours(where),
        }
        show(first, JOBS, "jobs/s", 1)
        address = film(where)
        second = {"file: http.server": lambda: read(other), "file: emulator": lambda: read(address)}
        show(second, FILM_BYTES, "MB/s", 1e6)
        print(f"emulator's peak memory: {at_first} at first, {emulated.peak()} after files of {FILM_BYTES >> 30} GiB")
    many_jobs()


def many_jobs() -> None:
    """Page through an account of a million jobs, none of which is kept in memory."""
    with emulator(MANY_JOBS) as emulated:
        at_first, expected = emulated.peak(), MANY_PAGES * PAGE
        took = seconds(lambda: list_plainly(emulated.where, MANY_PAGES), expected)
        print(
            f"account of {MANY_JOBS} jobs: {MANY_PAGES} pages in {took:.2f}s ({expected / took:.0f} jobs/s); "
            f"emulator's peak memory: {at_first} at first, {emulated.peak()} after them"
        )


def show(runs: dict[str, Callable[[], int]], amount: int, unit: str, per: float) -> None:
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(RUNS):  # in turn, so that a noisy moment meets all of them
        for name, run in runs.items():
            times[name].append(seconds(run, amount))
    base = statistics.median(next(iter(times.values())))
    print(f"{'':<26} {'median':>9} {'min':>9} {'max':>9} {unit:>9} {'x first':>8}")
    for name, measured in times.items():
        median = statistics.median(measured)
        print(
            f"{name:<26} {median:>8.3f}s {min(measured):>8.3f}s {max(measured):>8.3f}s "
            f"{amount / per / median:>9.0f} {median / base:>8.2f}"
        )


if __name__ == "__main__":
    main()
