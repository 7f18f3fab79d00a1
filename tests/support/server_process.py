"""A server as a process of its own: it tells its address in one line, and ends when its standard input does."""

import subprocess
import sys
from types import TracebackType
from typing import ClassVar, Self


class ServerProcess:
    """The running server, served by `python -m` of its `module`.  `endpoint` is its address."""

    module: ClassVar[str]
    endpoint: str

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", self.module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        self.endpoint = self._process.stdout.readline().strip()
        assert self.endpoint, "the server did not start"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=15)
        self._process.stdout.close()
