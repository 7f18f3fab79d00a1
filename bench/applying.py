"""What an apply costs for each job beside the network: many small jobs, and a bare loop that sends the same requests.

    python -m bench.applying [--jobs 1000 10000] [--runs 1] [--state ADDRESS]

The loop reads each job, fetches its file, reads the job again, cleans it, and reads it once more: what `apply` asks of
the service, one after the other, and nothing else; it keeps nothing and writes nothing down.  What `apply` takes longer
for each job is its overhead: list, decision, ledger, archive, proofs and receipts.  Seconds of the processor are told
beside those of the clock, since machines are noisy.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import requests

from bench.compare.account import Job
from bench.compare.emulated import Emulated, emulated
from bench.compare.matrix import NO_JOB
from bench.compare.programs import Place, write_retention
from bench.compare.tables import lined_up

SIZE = 4096
CALLS_PER_S = "1000"
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds of the clock and of the processor, and the highest memory in bytes (None: not told)."""

    seconds: float
    processor_s: float
    peak: int | None = None


def jobs_of(number: int) -> list[Job]:
    data = {"status": "completed", "outputUrl": "asset:VIDEO/film.mp4"}
    return [Job(f"many {at}", "render", data, sizes={"VIDEO/film.mp4": SIZE}) for at in range(number)]


def bare(service: Emulated, jobs: Sequence[Job]) -> Took:
    """Send what an apply sends for each job, and nothing more."""
    service.fresh(jobs, (), page_size=100)
    began, processor = time.perf_counter(), time.process_time()
    with requests.Session() as api, requests.Session() as host:
        api.trust_env = host.trust_env = False
        api.headers["Authorization"] = service.key
        for job in jobs:
            address = f"{service.api}/v1/jobs/{job.job_id}"
            told = api.get(address, timeout=30)
            (file,) = re.findall(r'"(http[^"]+/VIDEO/film\.mp4)"', told.text)
            host.get(file, timeout=30).raise_for_status()
            api.get(address, timeout=30)
            api.delete(f"{address}/clean", timeout=30).raise_for_status()
            api.get(address, timeout=30)
    return Took(time.perf_counter() - began, time.process_time() - processor)


def applied(service: Emulated, jobs: Sequence[Job], state: Sequence[str]) -> Took:
    """Apply a plan for all of them; the plan is made before the clock starts."""
    service.fresh(jobs, (), page_size=100)
    with tempfile.TemporaryDirectory(prefix="applying-") as name:
        place = Place(Path(name), service)
        place.out.mkdir()
        write_retention(place, (NO_JOB,), max_jobs=len(jobs))
        place.run("-m", "reconciler", "plan", *state, "--out", "plan.json", fine=[0])
        command = [sys.executable, "-m", "reconciler", "apply", *state, "--tpslimit", CALLS_PER_S, "plan.json"]
        with (place.folder / "said").open("wb") as said:
            began = time.perf_counter()
            started = subprocess.Popen(
                command, cwd=place.folder, env=place.environment(), stdin=subprocess.DEVNULL, stdout=said, stderr=said
            )
            _, status, used = os.wait4(started.pid, 0)
            seconds = time.perf_counter() - began
            started.returncode = os.waitstatus_to_exitcode(status)
    cleaned = sum(bool(each["cleaned"]) for each in service.truth().values())
    if started.returncode or cleaned != len(jobs):
        raise SystemExit(f"apply ended with {started.returncode} and cleaned {cleaned} of {len(jobs)} jobs")
    return Took(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)


def main() -> None:
    asked = argparse.ArgumentParser(description="Measure what an apply costs beside the network.")
    asked.add_argument("--jobs", type=int, nargs="+", default=[1000, 10_000])
    asked.add_argument("--runs", type=int, default=1)
    asked.add_argument("--state", default="", help="a ledger elsewhere, as --state takes it; it must be empty")
    given = asked.parse_args()
    state = ("--state", given.state) if given.state else ()
    rows = []
    with emulated() as service:
        for number in given.jobs:
            jobs, alone, whole = jobs_of(number), list[Took](), list[Took]()
            for _ in range(given.runs):  # in turn, so that a noisy moment meets both
                alone.append(bare(service, jobs))
                whole.append(applied(service, jobs, state))
            rows.append(_row(number, alone, whole))
    print(lined_up(["jobs", "network alone", "apply", "overhead a job", "processor a job", "peak memory"], rows))


def _row(number: int, alone: Sequence[Took], whole: Sequence[Took]) -> list[str]:
    network, apply = (statistics.median(each.seconds for each in runs) for runs in (alone, whole))
    processor = statistics.median(each.processor_s for each in whole)
    peaks = [each.peak for each in whole if each.peak]
    return [
        str(number),
        *(f"{each:.2f} s" for each in (network, apply)),
        f"{(apply - network) / number * 1000:.2f} ms",
        f"{processor / number * 1000:.2f} ms",
        f"{max(peaks) / MIB:.0f} MiB" if peaks else "not told",
    ]


if __name__ == "__main__":
    main()
