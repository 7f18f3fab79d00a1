"""The four programs, each run as its user would run it."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.compare.account import Job
from bench.compare.emulated import ROOT, Emulated
from bench.compare.fetching import own_environment

HERE = Path(__file__).parent
PATIENCE_S = 600

RETENTION = """\
version: 1
account: compare
otherwise: clean
retain:
{ids}
archive:
  stores: ["file:./out"]
clean:
  min_age: 0         # the ledger of a new account is new
  max_jobs: {max_jobs}
  max_share: 100%
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a program runs.  What it keeps lies in `out`."""

    folder: Path
    account: Emulated

    @property
    def out(self) -> Path:
        """Give the output folder."""
        return self.folder / "out"

    def run(
        self, *command: str, answer: str = "", fine: Sequence[int] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command here; an exit code that is not among `fine`, if any are named, ends the comparison."""
        ended = subprocess.run(
            [sys.executable, *command],
            cwd=self.folder,
            env=self.environment(),
            input=answer,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )
        if fine is not None and ended.returncode not in fine:
            raise SystemExit(f"{' '.join(command)} ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}")
        return ended

    def environment(self) -> dict[str, str]:
        """Give the environment of a command here: the emulated account's, and nothing of whoever runs this."""
        return {
            **own_environment(),
            "PYTHONPATH": str(ROOT),
            "PICTORY_API_BASE_URL": self.account.api,
            "PICTORY_API_KEY": self.account.key,
            "RECONCILER_TPSLIMIT": "1000",
        }


@dataclass(frozen=True, slots=True)
class Program:
    """A program, how its user runs it, and in a sentence or two why it loses what it loses."""

    name: str
    run: Callable[[Place, Sequence[Job]], None]
    why: str


def _download_then_clean(place: Place, jobs: Sequence[Job]) -> None:
    to_go = [job.job_id for job in jobs if job.is_to_go]
    place.run(str(HERE / "download_then_clean.py"), str(place.out), *to_go)


def _clean_old_jobs(place: Place, _jobs: Sequence[Job]) -> None:
    place.run(str(HERE / "clean_old_jobs.py"), "90")


def _clean_with_confirmation(place: Place, jobs: Sequence[Job]) -> None:
    for job in jobs:
        if job.is_to_go:
            place.run(str(HERE / "clean_with_confirmation.py"), job.job_id, answer="yes\n")


def _reconciler(place: Place, jobs: Sequence[Job]) -> None:
    write_retention(place, [job.job_id for job in jobs if job.is_retained], max_jobs=50)
    place.run("-m", "reconciler", "plan", "--out", "plan.json", fine=[0])
    place.run("-m", "reconciler", "apply", "plan.json", fine=[0, 3])  # 3: some jobs failed and were left as they were


def write_retention(place: Place, retained: Sequence[str], *, max_jobs: int) -> None:
    """Write ours the file that keeps these jobs and lets all others go, into the output folder."""
    ids = "\n".join(f"  - {job_id}" for job_id in retained)
    (place.folder / "retention.yaml").write_text(RETENTION.format(ids=ids, max_jobs=max_jobs), encoding="utf-8")


PROGRAMS = (
    Program(
        "download_then_clean.py",
        _download_then_clean,
        "It looks for the film under `outputUrl` alone and cleans even when it found nothing; where it does fetch, "
        "whatever came is saved as the film, unchecked. One dropped connection ends it.",
    ),
    Program(
        "clean_old_jobs.py",
        _clean_old_jobs,
        "It makes no copy, and the age it is given is never used: whatever has ended on the first page of the list "
        "goes, retained or not, and what is behind that page stays.",
    ),
    Program(
        "clean_with_confirmation.py",
        _clean_with_confirmation,
        "It makes no copy. Whoever says yes was shown one address and a number of sentences at most, and not that the "
        "service holds the only copy.",
    ),
    Program(
        "reconciler",
        _reconciler,
        "What it could not fetch whole it did not clean: that job is left alone and named in the report.",
    ),
)
