"""How fast files come and are archived, beside curl, aria2c and rclone on the same server in the same run.

    python -m bench.downloads [--runs 3] [--parallelism 1 4 8 16] [--case large small-by-line memory] [--divide 1]

Ours is the real command.  With one job for each file it is `reconciler apply` of a plan: it asks for each job, fetches,
hashes, proves, makes durable, reads back, writes receipt and ledger, and cleans.  With nine files to a job it is
`reconciler archive`, which does all of that but clean: what is between the two is the service's and the ledger's share.
The others fetch addresses that they are given beforehand, and neither hash nor sync.  On this machine's own wire a file
comes faster than anybody can hash it; so the same files are also sent as a line of a gigabit a second would bring them,
which is what people see.  Medians of the runs, taken in
turn; results also go to bench/results/.  Seconds of the processor stand beside those of the clock: they tell the same
on a machine that others use too.
"""

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from bench.compare.account import Job
from bench.compare.emulated import Emulated, emulated
from bench.compare.fetching import own_environment
from bench.compare.matrix import NO_JOB
from bench.compare.programs import Place, write_retention
from bench.compare.tables import lined_up

RESULTS = Path(__file__).parent / "results"
MIB = 1 << 20
FILM = {"outputUrl": "VIDEO/film.mp4"}
NINE = {
    **FILM,
    "videoURL": "VIDEO/other.mp4",
    "audioURL": "audio/film.mp3",
    "thumbnail": "image/a.jpg",
    "thumbnailImageUrl": "image/b.jpg",
    "previewImageUrl": "image/c.jpg",
    "srtFile": "text/a.srt",
    "vttFile": "text/b.vtt",
    "txtFile": "text/c.txt",
}
"""The files of a job: how its fields' addresses end."""
AT_ONCE = 8
LOOK_S = 0.02
PARALLELISM = (1, 4, 8, 16)


@dataclass(frozen=True, slots=True)
class Case:
    """What is fetched: how many files, films of how many bytes, how fast their host sends (bytes a second; 0: at will).

    `rate` is for all files together, as a line gives it.  `each` are the files of a job: one film, or a film with all
    that goes with it.
    """

    name: str
    files: int
    size: int
    rate: int = 0
    each: Mapping[str, str] = field(default_factory=lambda: FILM)

    @property
    def told(self) -> str:
        """Give a sentence's beginning."""
        size = f"{self.size // MIB} MiB" if self.size >= MIB else f"{self.size // 1000} kB"
        limit = f" over a line of {self.rate * 8 / 1e9:g} Gbit/s" if self.rate else ""
        told = f"{self.files} file{'s' if self.files > 1 else ''} of {size}{limit}"
        return told if self.is_of_films else f"{told} or less, {len(self.each)} to a job, archived and not cleaned"

    @property
    def is_of_films(self) -> bool:
        """Tell whether each job has a film and nothing else."""
        return self.each == FILM

    def divided(self, by: int) -> "Case":
        """Give a case of so many times fewer files, or of a smaller one."""
        if self.files > 1:
            return replace(self, files=max(2, self.files // len(self.each) // by) * len(self.each))
        return replace(self, size=self.size // by)

    def jobs(self) -> list[Job]:
        """Give the jobs that have these files."""
        data = {"status": "completed", **{name: f"asset:{ending}" for name, ending in self.each.items()}}
        sizes = {ending: self.size for ending in self.each.values() if ending.endswith(".mp4")}
        return [Job(f"{self.name} {at}", "render", data, sizes=sizes) for at in range(self.files // len(self.each))]


LARGE = Case("large", 1, 1 << 30)
SMALL = Case("small", 2000, 200_000)
OF_NINE = Case("nine", 1998, 200_000, each=NINE)
GIGABIT = 125_000_000
LARGE_BY_LINE = replace(LARGE, name="large-by-line", rate=GIGABIT)
SMALL_BY_LINE = replace(SMALL, name="small-by-line", rate=GIGABIT)
CASES = {case.name: case for case in (LARGE, SMALL, LARGE_BY_LINE, SMALL_BY_LINE, OF_NINE)}


@dataclass(frozen=True, slots=True)
class Came:
    """One run: seconds of the clock and of the processor, and the highest memory in bytes (None: not told)."""

    seconds: float
    processor_s: float
    peak: int | None
    size: int = 0
    """All bytes that were to come."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A program of others: its call for addresses and an empty folder to fill."""

    name: str
    words: Callable[[Sequence[str], Path], list[str]]
    is_for_many: bool = True
    is_for_one: bool = True

    @property
    def is_here(self) -> bool:
        """Tell whether this machine has it."""
        return shutil.which(self.name.split()[0]) is not None

    def takes(self, case: Case) -> bool:
        """Tell whether this is a call for so many files."""
        return self.is_for_many if case.files > 1 else self.is_for_one


def _curl(*more: str, addresses: Sequence[str], folder: Path) -> list[str]:
    listed = "".join(f'url="{address}"\noutput="{at}.mp4"\n' for at, address in enumerate(addresses))
    (folder / "list").write_text(listed, encoding="ascii")
    return ["curl", "-q", "-fsS", *more, "-K", "list"]


def _aria2c(*more: str, addresses: Sequence[str], folder: Path) -> list[str]:
    listed = "".join(f"{address}\n  out={at}.mp4\n" for at, address in enumerate(addresses))
    (folder / "list").write_text(listed, encoding="ascii")
    return ["aria2c", "--no-conf", "-q", *more, "-ilist"]


def _rclone_url(addresses: Sequence[str], folder: Path) -> list[str]:
    return ["rclone", "copyurl", "--config", os.devnull, addresses[0], str(folder / "0.mp4")]


def _rclone_list(addresses: Sequence[str], folder: Path) -> list[str]:
    host = "/".join(addresses[0].split("/")[:3])
    (folder / "list").write_text("".join(f"{each.removeprefix(host)}\n" for each in addresses), encoding="ascii")
    listed = ["--files-from-raw", "list", "--no-traverse", "--transfers", str(AT_ONCE), "--checkers", str(AT_ONCE)]
    return ["rclone", "copy", "--config", os.devnull, *listed, "--http-url", host, ":http:", str(folder)]


def _calls(make: Callable[..., list[str]], *more: str) -> Callable[[Sequence[str], Path], list[str]]:
    return lambda addresses, folder: make(*more, addresses=addresses, folder=folder)


PEERS = (
    Peer("curl", _calls(_curl)),
    Peer(f"curl -Z --parallel-max {AT_ONCE}", _calls(_curl, "-Z", "--parallel-max", str(AT_ONCE)), is_for_one=False),
    Peer(f"aria2c -j {AT_ONCE}", _calls(_aria2c, f"-j{AT_ONCE}")),
    Peer("aria2c -x 8 -s 8", _calls(_aria2c, "-x8", "-s8"), is_for_many=False),
    Peer("rclone copyurl", _calls(_rclone_url), is_for_many=False),
    Peer(f"rclone copy --transfers {AT_ONCE}", _calls(_rclone_list), is_for_one=False),
)
SMALL_PEER = f"aria2c -j {AT_ONCE}"
"""What the small files are held against."""


# -- one run


def run_peer(service: Emulated, case: Case, peer: Peer) -> Came:
    """Fetch a case's files with a program of others; its addresses are asked for before the clock starts."""
    jobs = case.jobs()
    service.fresh(jobs, (), page_size=100, file_bytes_per_s=case.rate)
    addresses = [service.address_of(job, ending) for job in jobs for ending in case.each.values()]
    with tempfile.TemporaryDirectory(prefix="downloads-") as name:
        folder = Path(name)
        came = _timed(peer.words(addresses, folder), folder, own_environment(), fine=(0,))
        found = [path for path in folder.rglob("*") if path.is_file() and path.name not in {"list", "said"}]
        return replace(came, size=_checked(found, case, service))


def run_ours(service: Emulated, case: Case, parallelism: int | None) -> Came:
    """Apply a plan for a case's files, which is made before the clock starts, or archive them."""
    jobs = case.jobs()
    service.fresh(jobs, (), page_size=100, file_bytes_per_s=case.rate)  # the last run has cleaned them
    with tempfile.TemporaryDirectory(prefix="downloads-") as name:
        place = Place(Path(name), service)
        place.out.mkdir()
        write_retention(place, (NO_JOB,), max_jobs=case.files)
        verb = ["archive", "--all"]
        if case.is_of_films:
            place.run("-m", "reconciler", "plan", "--out", "plan.json", fine=[0])
            verb = ["apply", "plan.json"]
        command = [sys.executable, "-m", "reconciler", *verb]
        command += ["--parallelism", str(parallelism)] if parallelism else []
        came = _timed(command, place.folder, place.environment(), fine=(0,))
        return replace(came, size=_checked(list(place.out.rglob("data/assets/*")), case, service))


def _timed(command: list[str], folder: Path, environment: dict[str, str], *, fine: Sequence[int]) -> Came:
    os.sync()  # what an earlier run left to be written must not slow this one
    said = folder / "said"
    with said.open("wb") as into:
        began = time.perf_counter()
        started = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=into, stderr=into
        )
        peak = _Peak(started.pid)
        _, status, used = os.wait4(started.pid, 0)
        seconds = time.perf_counter() - began
        started.returncode = os.waitstatus_to_exitcode(status)
    if started.returncode not in fine:
        told = said.read_text(errors="replace")[-2000:]
        raise SystemExit(f"{' '.join(command[:4])} ended with {started.returncode}:\n{told}")
    return Came(seconds, used.ru_utime + used.ru_stime, peak.end())


def _checked(found: Sequence[Path], case: Case, service: Emulated) -> int:
    """Make sure that nothing is missing from what was fetched; give its bytes."""
    wanted: int = sum(file["size"] for job in service.truth().values() for file in job["files"].values())
    size = sum(path.stat().st_size for path in found)
    if (len(found), size) != (case.files, wanted):
        raise SystemExit(f"{len(found)} files of {size} bytes came, not {case.files} of {wanted}")
    return wanted


class _Peak:
    """Watches a process's highest memory, which the system forgets when the process ends."""

    def __init__(self, pid: int) -> None:
        self._status = Path(f"/proc/{pid}/status")
        self._kib: int | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def end(self) -> int | None:
        """Give it in bytes."""
        self._ended.set()
        self._thread.join()
        return None if self._kib is None else self._kib * 1024

    def _watch(self) -> None:
        while not self._ended.wait(LOOK_S):
            try:
                found = re.search(r"^VmHWM:\s+(\d+) kB$", self._status.read_text(encoding="ascii"), flags=re.MULTILINE)
            except OSError:
                return
            self._kib = int(found[1]) if found else self._kib


# -- a case


Runs = dict[str, Callable[[], Came]]


def measured(service: Emulated, case: Case, runs: int, at: Sequence[int | None]) -> dict[str, list[Came]]:
    """Run every program over a case, in turn."""
    programs: Runs = {
        peer.name: partial(run_peer, service, case, peer) for peer in PEERS if peer.is_here and peer.takes(case)
    }
    programs |= {_ours(case, each): partial(run_ours, service, case, each) for each in at}
    came: dict[str, list[Came]] = {name: [] for name in programs}
    for _ in range(runs):  # in turn, so that a noisy moment meets all of them
        for name, run in programs.items():
            came[name].append(run())
    return came


def _ours(case: Case, parallelism: int | None) -> str:
    verb = "apply" if case.is_of_films else "archive"
    return f"reconciler {verb} --parallelism {parallelism}" if parallelism else f"reconciler {verb}"


def shown(case: Case, came: dict[str, list[Came]]) -> str:
    """Give a case's table."""
    medians = {name: statistics.median(each.seconds for each in runs) for name, runs in came.items()}
    best = min((taken for name, taken in medians.items() if not name.startswith("reconciler")), default=None)
    small = medians.get(SMALL_PEER)
    head = ["", "median", "min", "max", "processor", "MB/s", "files/s", "x best peer", f"x {SMALL_PEER}", "peak memory"]
    rows = []
    for name, runs in came.items():
        taken, seconds = medians[name], [each.seconds for each in runs]
        peaks = [each.peak for each in runs if each.peak is not None]
        rows.append(
            [
                f"`{name}`",
                *(f"{each:.2f} s" for each in (taken, min(seconds), max(seconds))),
                f"{statistics.median(each.processor_s for each in runs):.2f} s",
                f"{runs[0].size / taken / 1e6:.0f}",
                f"{case.files / taken:.1f}",
                f"{best / taken:.2f}" if best else "",
                f"{small / taken:.2f}" if small else "",
                f"{max(peaks) / MIB:.0f} MiB" if peaks else "not told",
            ]
        )
    return f"### {case.told}\n\n{lined_up(head, rows)}"


def memory(service: Emulated, at: Sequence[int | None], divide: int) -> tuple[str, dict[str, int | None]]:
    """Measure how the memory of ours grows with the size of a file, and with what is done at once."""
    cases = [(Case("memory", 1, size * MIB), at[0]) for size in (64, 1024 // divide)]
    cases += [(Case("memory", each, 64 * MIB), each) for each in at if each and each > 1]
    peaks = {f"{case.told}; {_ours(case, each)}": run_ours(service, case, each).peak for case, each in cases}
    rows = [[told, "not told" if peak is None else f"{peak / MIB:.0f} MiB"] for told, peak in peaks.items()]
    return f"### Peak memory of ours\n\n{lined_up(['', 'peak memory'], rows)}", peaks


def knows_parallelism() -> bool:
    """Tell whether this version can copy several jobs at once."""
    told = subprocess.run([sys.executable, "-m", "reconciler", "apply", "--help"], capture_output=True, check=True)
    return b"--parallelism" in told.stdout


def machine() -> str:
    """Tell in a line where and when this was measured."""
    day = datetime.now(UTC).date().isoformat()  # noqa: TID251 - the day for people; nothing is decided by it
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {day}"
    )


def main() -> None:
    asked = argparse.ArgumentParser(description="Measure downloads beside other programs.")
    asked.add_argument("--runs", type=int, default=3)
    asked.add_argument("--parallelism", type=int, nargs="+", default=list(PARALLELISM))
    asked.add_argument("--case", nargs="+", choices=[*CASES, "memory"], default=[*CASES, "memory"])
    asked.add_argument("--divide", type=int, default=1, help="a quick look: so many times fewer files, or smaller ones")
    given = asked.parse_args()
    at: list[int | None] = list(given.parallelism) if knows_parallelism() else [None]
    parts, results = [f"## Downloads ({machine()})\n"], dict[str, Any]()
    print(parts[0], flush=True)
    with emulated() as service:
        for name in given.case:
            if name == "memory":
                text, results[name] = memory(service, at, given.divide)
            else:
                case = CASES[name].divided(given.divide)
                came = measured(service, case, given.runs, at if case.files > 1 else at[:1])
                text = shown(case, came)
                results[name] = {each: [asdict(run) for run in runs] for each, runs in came.items()}
            parts.append(text)
            print(text, flush=True)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "downloads.md").write_text("\n".join(parts), encoding="utf-8")
    (RESULTS / "downloads.json").write_text(json.dumps({"machine": machine(), **results}, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
