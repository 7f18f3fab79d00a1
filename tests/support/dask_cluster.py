"""A Dask cluster on this machine, each part a process of its own; they end when their standard input does."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

Started = subprocess.Popen[bytes]


class DaskCluster:
    """A scheduler on 127.0.0.1, and the workers that a test adds to it."""

    def __init__(self, folder: Path, *, allowed_failures: int = 3) -> None:
        self._folder = folder
        self._allowed_failures = allowed_failures
        self._started: list[Started] = []

    def __enter__(self) -> Self:
        told = self._folder / "scheduler.json"
        environ = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": str(self._allowed_failures)}
        self.scheduler = self._start("scheduler", "--port", "0", "--scheduler-file", str(told), environ=environ)
        _until(lambda: told.exists() and told.read_bytes(), "the scheduler answers")
        self._where = str(json.loads(told.read_text(encoding="utf-8"))["address"]).removeprefix("tcp://")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for started in reversed(self._started):
            self.end(started)

    @property
    def address(self) -> str:
        """What --workers takes."""
        return f"dask://{self._where}"

    def add_worker(
        self, *, cwd: Path | None = None, preload: str = "", environ: dict[str, str] | None = None, threads: int = 1
    ) -> Started:
        """Start a worker and wait until the scheduler has it; `preload` is a program that it runs first."""
        number = len(self._started)
        scratch = self._folder / f"worker-{number}"
        scratch.mkdir()
        more = []
        if preload:
            program = scratch / "preloaded.py"
            program.write_text(preload, encoding="utf-8")
            more = ["--preload", str(program)]
        arguments = ["--no-nanny", "--nthreads", str(threads), "--local-directory", str(scratch), *more, self._where]
        worker = self._start("worker", *arguments, environ=environ, cwd=cwd)
        log = self._log(number)
        _until(lambda: b"Registered to" in log.read_bytes() or worker.poll() is not None, "the worker has registered")
        assert worker.poll() is None, log.read_text(encoding="utf-8")
        return worker

    def end_workers(self) -> None:
        """End all but the scheduler."""
        for started in self._started[1:]:
            self.end(started)

    def end(self, started: Started) -> None:
        """Kill a part of the cluster with SIGKILL, as a power failure does."""
        started.kill()
        started.wait(timeout=20)
        if started.stdin is not None:
            started.stdin.close()

    def _start(
        self, part: str, *arguments: str, environ: dict[str, str] | None = None, cwd: Path | None = None
    ) -> Started:
        inherited = {
            name: text for name, text in os.environ.items() if not name.startswith(("PICTORY_", "RECONCILER_"))
        }
        with self._log(len(self._started)).open("wb") as log:
            started = subprocess.Popen(
                [sys.executable, __file__, part, "--host", "127.0.0.1", "--no-dashboard", *arguments],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=cwd,
                env={**inherited, **(environ or {})},
            )
        self._started.append(started)
        return started

    def _log(self, number: int) -> Path:
        return self._folder / f"part-{number}.log"


def _until(condition: Callable[[], object], what: str) -> None:
    from tests.support.waiting import until  # this file is also run alone, from any folder

    until(condition, what)


def _end_with_stdin() -> None:
    sys.stdin.read()
    os._exit(0)


def serve(part: str, arguments: list[str]) -> Any:
    from distributed.cli import dask_scheduler, dask_worker

    threading.Thread(target=_end_with_stdin, daemon=True).start()
    return {"scheduler": dask_scheduler.main, "worker": dask_worker.main}[part](arguments)


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2:])
