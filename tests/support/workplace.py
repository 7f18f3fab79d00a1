"""A folder in which the real command line is run as a real process, as a user would."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

COMMAND = (sys.executable, "-m", "reconciler")

DESIRED = """\
version: 1
account: acme
otherwise: {otherwise}
retain:
{retain}
archive:
  stores: ["file:./archive"]
clean:
  min_age: {min_age}
  max_jobs: {max_jobs}
  max_share: {max_share}
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """How one command ended."""

    code: int
    out: str
    err: str

    @property
    def last_line(self) -> str:
        return self.out.rstrip("\n").rsplit("\n", 1)[-1]

    def expect(self, code: int) -> "Ended":
        assert self.code == code, f"exit {self.code}, not {code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"
        return self


@dataclass
class Workplace:
    """One user's folder, with the environment of the emulated account."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)
    patience_s: float = 120
    """How long a command may take."""

    def write_desired(
        self,
        *retain: str,
        otherwise: str = "clean",
        min_age: str = "0",
        max_jobs: int = 1000,
        max_share: str = "100%",
    ) -> Path:
        rules = "\n".join(f"  - {rule}" for rule in retain)
        path = self.folder / "retention.yaml"
        path.write_text(
            DESIRED.format(otherwise=otherwise, retain=rules, min_age=min_age, max_jobs=max_jobs, max_share=max_share),
            encoding="utf-8",
        )
        return path

    def run(self, *arguments: str, stdin: str | None = None, extra: dict[str, str] | None = None) -> Ended:
        ended = subprocess.run(
            [*COMMAND, *arguments],
            cwd=self.folder,
            env=self.environment(extra),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            check=False,
            timeout=self.patience_s,
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def start(self, *arguments: str, extra: dict[str, str] | None = None) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=self.folder,
            env=self.environment(extra),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def environment(self, extra: dict[str, str] | None = None) -> dict[str, str]:
        ours = ("PICTORY_", "RECONCILER_")
        inherited = {name: text for name, text in os.environ.items() if not name.startswith(ours)}
        fast = {"RECONCILER_TPSLIMIT": "1000", "RECONCILER_PATIENCE": "3"}
        return {**inherited, **fast, **self.environ, **(extra or {})}

    def plan(self, *arguments: str) -> dict[str, Any]:
        """Make and save a plan; give it as JSON."""
        self.run("plan", "--out", "plan.json", *arguments).expect(0)
        return self.saved_plan()

    def saved_plan(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self.folder / "plan.json").read_text(encoding="utf-8"))
        return loaded

    def files(self, below: str = "archive") -> set[str]:
        root = self.folder / below
        return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def kill_hard(started: subprocess.Popen[str]) -> None:
    """SIGKILL one process that we started, by its id."""
    started.send_signal(signal.SIGKILL)
    started.communicate(timeout=20)
