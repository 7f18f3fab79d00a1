"""The emulator as a process of its own, and the few words said to its control port."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import requests

from bench.compare.account import Job, Json

ROOT = Path(__file__).parents[2]
COMMAND = (
    *(sys.executable, "-m", "reconciler.emulator", "--until-stdin-closes", "--jobs", "0"),
    *("--port", "0", "--asset-port", "0", "--control-port", "0"),
)


@dataclass(frozen=True, slots=True)
class Script:
    """What goes wrong: on which route, in the emulator's words, for the job of which name."""

    route: str
    words: str
    job: str


@dataclass(frozen=True, slots=True)
class Emulated:
    """A running emulator."""

    api: str
    control: str
    key: str
    session: requests.Session

    def fresh(self, jobs: Sequence[Job], scripts: Sequence[Script], page_size: int, file_bytes_per_s: int = 0) -> None:
        """Make a new account of these jobs, newest first, with these bad moments to come; 0 is no limit."""
        switches = {"page_size": page_size, "file_bytes_per_s": file_bytes_per_s}
        self._say("POST", "reset", {"jobs": 0, "switches": switches})
        ids = {job.name: job.job_id for job in jobs}
        for job in jobs:
            told = {"id": job.job_id, "body": job.body, "listed": job.listed, "bytes": dict(job.sizes)}
            self._say("POST", "jobs", {**told, "newest": False})
        for script in scripts:
            self.fault(script.route, script.words, ids[script.job])

    def truth(self) -> dict[str, Json]:
        """Tell, per job, which request cleaned it and what its files were."""
        return cast("dict[str, Json]", self._say("GET", "truth"))

    def fault(self, route: str, words: str, match: str) -> None:
        """Say what goes wrong with calls whose path holds `match`."""
        self._say("POST", "faults", {"route": route, "script": words, "match": match})

    def address_of(self, job: Job, ending: str) -> str:
        """Give the address of the job's file whose address ends so, as the service tells it."""
        answer = self.session.get(f"{self.api}/v1/jobs/{job.job_id}", headers={"Authorization": self.key}, timeout=30)
        (address,) = re.findall(rf'"(http[^"]+/{re.escape(ending)})"', answer.text)
        return str(address)

    def _say(self, method: str, what: str, body: Json | None = None) -> object:
        answer = self.session.request(method, f"{self.control}/_emulator/{what}", json=body, timeout=30)
        if answer.status_code != 200:
            raise SystemExit(f"the emulator refused {method} {what}: {answer.text}")
        return answer.json()


@contextmanager
def emulated() -> Iterator[Emulated]:
    """Run an emulator on free ports; it ends with the block, or with this process."""
    with (
        requests.Session() as session,
        subprocess.Popen(
            COMMAND, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as started,
    ):
        if started.stdin is None or started.stdout is None:
            raise SystemExit("the emulator was started without its pipes")
        session.trust_env = False
        try:
            where = json.loads(started.stdout.readline() or "null")
            if where is None:
                raise SystemExit("the emulator did not start; try it alone: reconciler emulator")
            yield Emulated(where["api"], where["control"], where["key"], session)
        finally:
            started.stdin.close()
            _wait(started)


def _wait(started: subprocess.Popen[str]) -> None:
    try:
        started.wait(timeout=20)
    except subprocess.TimeoutExpired:
        started.kill()
