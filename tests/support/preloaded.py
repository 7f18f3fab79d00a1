"""The command line as real processes that begin at once: each is a fork of one that has imported the program.

    with Preloaded() as commands:
        ended = commands.run(workplace, "apply", "plan.json", end=End(label="after commit of run", turn=1))

In the fork the points of tests.support.crash_points are counted, and the process ends at one of them if it is told to.
"""

import importlib
import json
import os
import pkgutil
import subprocess
import sys
import tempfile
import traceback
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

from tests.support import crash_points
from tests.support.crash_points import End, Power
from tests.support.workplace import Ended, Workplace

ROOT = Path(__file__).parents[2]
NOT_NEEDED = (
    "reconciler.emulator",
    "reconciler.__main__",
    "reconciler.archive.workers.",
    "reconciler.ledger.migrations.",
)
"""What no verb here uses, and what is not to be imported by its name."""

Point = tuple[str, int]


class Preloaded:
    """One process out of which commands are forked, one at a time."""

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory()
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.support.preloaded"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait(timeout=30)
        self._server.stdout.close()
        self._folder.cleanup()

    def run(self, workplace: Workplace, *arguments: str, end: End | None = None, ahead_s: int = 0) -> Ended:
        """Run one command line; `points` tells afterwards which points it came to."""
        self.begin(workplace, *arguments, end=end, ahead_s=ahead_s)
        return self.ended()

    def begin(self, workplace: Workplace, *arguments: str, end: End | None = None, ahead_s: int = 0) -> None:
        """Begin one command line, on a machine whose clock is so far ahead; `ended` waits for its end."""
        folder = Path(self._folder.name)
        for name in ("points", "out", "err"):
            (folder / name).write_bytes(b"")
        asked = {
            "arguments": arguments,
            "cwd": str(workplace.folder),
            "environ": workplace.environment(),
            "folder": str(folder),
            "ahead_s": ahead_s,
            "end": None if end is None else {**asdict(end), "power": end.power.value},
        }
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps(asked) + "\n")
        self._server.stdin.flush()

    def ended(self) -> Ended:
        """Wait for the end of the command that was begun."""
        assert self._server.stdout is not None
        code = int(self._server.stdout.readline())
        out, err = (Path(self._folder.name, name).read_text(encoding="utf-8") for name in ("out", "err"))
        return Ended(code, out, err)

    def points(self) -> list[Point]:
        """Give the points that the last command came to, in order: label and turn."""
        lines = Path(self._folder.name, "points").read_text(encoding="utf-8").splitlines()
        return [(str(label), int(turn)) for label, turn in map(json.loads, lines)]


# -- the process


def serve() -> None:
    """Fork a command for each line that comes, and tell its exit code."""
    crash_points.install()
    import reconciler

    for module in pkgutil.walk_packages(reconciler.__path__, "reconciler."):
        if not module.name.startswith(NOT_NEEDED):
            importlib.import_module(module.name)
    importlib.import_module("reconciler.archive.workers.threads")
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            _command(asked)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _command(asked: dict[str, Any]) -> NoReturn:
    folder = Path(asked["folder"])
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_APPEND), number)
    os.environ.clear()
    os.environ.update(asked["environ"])
    os.chdir(asked["cwd"])
    _set_clock(int(asked["ahead_s"]))
    end = asked["end"]
    crash_points.begin(
        Path(asked["cwd"]), folder / "points", None if end is None else End(**{**end, "power": Power(end["power"])})
    )
    sys.argv = ["reconciler", *asked["arguments"]]
    code: object = 1
    try:
        from reconciler.cli.main import run

        run()
    except SystemExit as ending:
        code = ending.code
    finally:  # as the interpreter ends, in a process that must not go on here
        error = sys.exception()
        if error is not None:
            traceback.print_exception(error)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)


def _set_clock(ahead_s: int) -> None:
    from reconciler.clock import SystemClock

    told = SystemClock.now

    def now(clock: SystemClock) -> datetime:
        return told(clock) + timedelta(seconds=ahead_s)

    for made in (now,):
        setattr(SystemClock, made.__name__, made)


if __name__ == "__main__":
    serve()
