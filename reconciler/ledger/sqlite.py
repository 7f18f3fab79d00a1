"""A ledger in an SQLite file: read without leaving a trace, written with every commit durable."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

from reconciler.errors import LedgerError
from reconciler.ledger.database import telling
from reconciler.ledger.revisions import RESTORE_HINT, already_there, bring_up_to_date, check_revision, empty_ledger
from reconciler.ledger.sqlite_files import copied, make_ledger

BUSY_S = 30.0
"""How long a connection waits for another one's transaction, each of which takes milliseconds."""
ADDING_BUSY_S = 5.0
"""The same for what is worth recording and not worth waiting for."""
CACHE_KIB = 64 * 1024
"""Memory for pages, at most and twice: names come in no order, so each row of a long list lies somewhere else."""

WAIT_HINT = "Another run writes at this moment; run the command again."


class SqliteDatabase:
    """Implements reconciler.ledger.database.Database over one file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def name(self) -> str:
        """The file."""
        return str(self._path)

    @contextmanager
    def reading(self) -> Iterator[Connection | None]:
        """Give a connection that sees one state and cannot write; None when there is no file yet."""
        if not self._path.exists():
            yield None
            return
        engine = create_engine("sqlite://", creator=self._open_for_reading, poolclass=NullPool)
        try:
            with self.told(), engine.connect() as connection:
                check_revision(connection, self.name, may_be_older=False)
                yield connection
        finally:
            engine.dispose()

    def writing(self, *, at: str, say: Callable[[str], None]) -> Engine:
        """Give an engine whose transactions are immediate and durable; makes folder and file when they are new.

        An older ledger is copied before it is brought up to date; `say` is told of that, `at` names the copy.
        """
        with self.told():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if not self._path.exists():
                with suppress(FileExistsError):  # another run was quicker, and its ledger stands
                    make_ledger(self._path)
            elif self._path.stat().st_size == 0:
                raise empty_ledger(self.name)  # opening it would write to it
            engine = self._durable_engine(busy_s=BUSY_S)
            try:
                with engine.begin() as connection:
                    check_revision(connection, self.name, may_be_older=True)
                    bring_up_to_date(
                        connection, self.name, say=say, keep=lambda revision: copied(self._path, revision, at)
                    )
            except BaseException:
                engine.dispose()
                raise
            return engine

    @contextmanager
    def adding(self) -> Iterator[Connection]:
        """Give one immediate and durable transaction on a file that is there; it waits `ADDING_BUSY_S` at most."""
        with self.told():
            if not self._path.exists():
                raise LedgerError(f"the ledger {self.name} is gone", hint=RESTORE_HINT)
            engine = self._durable_engine(busy_s=ADDING_BUSY_S)
            try:
                with engine.begin() as connection:
                    check_revision(connection, self.name, may_be_older=False)
                    yield connection
            finally:
                engine.dispose()

    def is_there(self) -> bool:
        """Tell whether the file is there, or one of the two that lie beside it and belong to no other."""
        # What a lost database left beside it would be taken for a part of the new one.
        return any(self._path.with_name(self._path.name + end).exists() for end in ("", "-wal", "-journal"))

    def make(self, fill: Callable[[Connection], None]) -> None:
        """Make a new file with what `fill` puts into it."""
        with self.told():
            if self.is_there():
                raise already_there(self.name)
            self._path.parent.mkdir(parents=True, exist_ok=True)
            try:
                make_ledger(self._path, fill)
            except FileExistsError:
                raise already_there(self.name) from None

    @contextmanager
    def told(self) -> Iterator[None]:
        """Turn what the database and its file system say into a LedgerError."""
        try:
            with telling(self.name, lambda error: WAIT_HINT if _is_busy(error) else RESTORE_HINT, _is_busy):
                yield
        except sqlite3.Error as error:
            raise LedgerError(f"the ledger {self.name} cannot be used: {error}", hint=RESTORE_HINT) from error
        except OSError as error:
            raise LedgerError(
                f"the ledger {self.name} cannot be used: {error.strerror}", hint="Check the folder's rights and space."
            ) from error

    def _open_for_reading(self) -> sqlite3.Connection:
        # A read-only connection to a WAL database would create its two side files, and a reader must leave no trace.
        # Without a -wal file nobody is writing, and the file may be read as it stands.
        is_quiet = not self._path.with_name(self._path.name + "-wal").exists()
        address = f"file:{quote(self.name)}?mode=ro{'&immutable=1' if is_quiet else ''}"
        connection = sqlite3.connect(address, uri=True, timeout=BUSY_S, check_same_thread=False)
        try:
            connection.execute("BEGIN")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _durable_engine(self, *, busy_s: float) -> Engine:
        # Not as a text: a `?` or `%` in the path would name another file than the reader's.
        address = URL.create("sqlite", database=self.name)
        engine = create_engine(address, connect_args={"timeout": busy_s, "check_same_thread": False})
        event.listen(engine, "connect", _durable)
        event.listen(engine, "begin", _begin_immediate)
        return engine


def _is_busy(error: BaseException) -> bool:
    # The low byte is the kind of error, the rest says more.
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


def _durable(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where we say, see _begin_immediate
    caches = (f"{where}.cache_size = -{CACHE_KIB}" for where in ("main", "temp"))
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", *caches):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: Connection) -> None:
    # A transaction that reads the lease and then writes must hold the write lock from its start.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
