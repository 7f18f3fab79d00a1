"""The server that tests bring with them ends with whoever started it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.support.postgres_server import PostgresServer
from tests.support.waiting import until


def server_process(folder: Path) -> int:
    return int((folder / "postmaster.pid").read_text().split()[0])


def is_there(process: int) -> bool:
    return Path(f"/proc/{process}").exists()


def test_it_ends_and_its_files_go() -> None:
    with PostgresServer() as server:
        folder = Path(server.endpoint)
        process = server_process(folder)
        assert server.run("SELECT 1") == [(1,)]
    assert not is_there(process)
    assert not folder.exists()


def test_it_ends_also_when_all_that_started_it_are_killed() -> None:
    started = subprocess.Popen(
        [sys.executable, "-m", PostgresServer.module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert started.stdout is not None
    folder = Path(started.stdout.readline().strip())
    process = server_process(folder)
    os.killpg(started.pid, signal.SIGKILL)
    started.communicate(timeout=20)
    until(lambda: not is_there(process) and not folder.exists(), "the end of the server")
