"""Opening the SQLite ledger: for reading without leaving a trace, for writing with every commit durable."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from reconciler.errors import LedgerError, ReconcilerError
from reconciler.ledger.creation import make_ledger
from reconciler.ledger.revisions import RESTORE_HINT, bring_up_to_date, check_revision, empty_ledger

BUSY_S = 30.0
"""How long a connection waits for another one's transaction, each of which takes milliseconds."""
ADDING_BUSY_S = 5.0
"""The same for what is worth recording and not worth waiting for."""


@contextmanager
def reading(path: Path) -> Iterator[Connection | None]:
    """Give a connection that sees one state and cannot write; None when there is no ledger yet.

    Raises:
        LedgerError: there is one, and it cannot be read.
    """
    if not path.exists():
        yield None
        return
    engine = create_engine("sqlite://", creator=lambda: _open_for_reading(path), poolclass=NullPool)
    try:
        with told(path), engine.connect() as connection:
            check_revision(connection, path, may_be_older=False)
            yield connection
    finally:
        engine.dispose()


def _open_for_reading(path: Path) -> sqlite3.Connection:
    # A read-only connection to a WAL database would create its two side files, and a reader must leave no trace.
    # Without a -wal file nobody is writing, and the file may be read as it stands.
    is_quiet = not path.with_name(path.name + "-wal").exists()
    address = f"file:{quote(str(path))}?mode=ro{'&immutable=1' if is_quiet else ''}"
    connection = sqlite3.connect(address, uri=True, timeout=BUSY_S, check_same_thread=False)
    try:
        connection.execute("BEGIN")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def writing(path: Path, *, at: str, say: Callable[[str], None]) -> Engine:
    """Give an engine whose transactions are immediate and durable; makes folder and database when they are new.

    An older ledger is brought up to date, after a copy of it was made; `say` is told of that, `at` names the copy.

    Raises:
        LedgerError: the folder or the database cannot be made or opened, or is newer than this program.
    """
    with told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            make_ledger(path)
        elif path.stat().st_size == 0:
            raise empty_ledger(path)  # opening it would write to it
        engine = _durable_engine(path, busy_s=BUSY_S)
        try:
            with engine.begin() as connection:
                check_revision(connection, path, may_be_older=True)
                bring_up_to_date(connection, path, at=at, say=say)
        except BaseException:
            engine.dispose()
            raise
        return engine


@contextmanager
def adding(path: Path) -> Iterator[Connection]:
    """Give one immediate and durable transaction on a ledger that is there and of our revision; no lease is asked for.

    Raises:
        LedgerError: it is not, or cannot be written within `ADDING_BUSY_S`.
    """
    with told(path):
        if not path.exists():
            raise LedgerError(f"the ledger {path} is gone", hint=RESTORE_HINT)
        engine = _durable_engine(path, busy_s=ADDING_BUSY_S)
        try:
            with engine.begin() as connection:
                check_revision(connection, path, may_be_older=False)
                yield connection
        finally:
            engine.dispose()


def _durable_engine(path: Path, *, busy_s: float) -> Engine:
    # Not as a text: a `?` or `%` in the path would name another file than the reader's.
    address = URL.create("sqlite", database=str(path))
    engine = create_engine(address, connect_args={"timeout": busy_s, "check_same_thread": False})
    event.listen(engine, "connect", _durable)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _durable(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where we say, see _begin_immediate
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: Connection) -> None:
    # A transaction that reads the lease and then writes must hold the write lock from its start.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn what the database says into a LedgerError."""
    try:
        yield
    except ReconcilerError:
        raise
    except (SQLAlchemyError, sqlite3.Error) as error:
        said = error.orig if isinstance(error, DatabaseError) and error.orig else error
        raise LedgerError(f"the ledger {path} cannot be used: {said}", hint=RESTORE_HINT) from error
    except OSError as error:
        raise LedgerError(
            f"the ledger {path} cannot be used: {error.strerror}", hint="Check the folder's rights and space."
        ) from error
