"""Opening the SQLite ledger: for reading without leaving a trace, for writing with every commit durable."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from urllib.parse import quote

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from reconciler.errors import LedgerError, ReconcilerError

BUSY_S = 30.0
"""How long a connection waits for another one's transaction, each of which takes milliseconds."""

RESTORE_HINT = "Restore the file from a backup, or name the right one with --state; it is never started anew by itself."


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
            _check_revision(connection, path, may_be_older=False)
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


def writing(path: Path) -> Engine:
    """Give an engine whose transactions are immediate and durable; makes folder and database when they are new.

    Raises:
        LedgerError: the folder or the database cannot be made or opened, or is newer than this program.
    """
    with told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        # Not as a text: a `?` or `%` in the path would name another file than the reader's.
        address = URL.create("sqlite", database=str(path))
        engine = create_engine(address, connect_args={"timeout": BUSY_S, "check_same_thread": False})
        event.listen(engine, "connect", _durable)
        event.listen(engine, "begin", _begin_immediate)
        try:
            with engine.begin() as connection:
                _check_revision(connection, path, may_be_older=True)
                _migrate(connection)
        except BaseException:
            engine.dispose()
            raise
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


# -- migrations


@contextmanager
def _scripts() -> Iterator[Config]:
    with as_file(files("reconciler.ledger") / "migrations") as folder:
        config = Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        yield config


def _check_revision(connection: Connection, path: Path, *, may_be_older: bool) -> None:
    revision = MigrationContext.configure(connection).get_current_revision()
    with _scripts() as config:
        scripts = ScriptDirectory.from_config(config)
        newest = scripts.get_current_head()
        try:
            is_known = revision is None or scripts.get_revision(revision) is not None
        except CommandError:
            is_known = False
    if not is_known:
        raise LedgerError(
            f"the ledger {path} was written by a newer version of this program (revision {revision})",
            hint="Upgrade pictory-reconciler; an older one must not write to it.",
        )
    if revision is None and _has_tables(connection):
        raise LedgerError(f"{path} is a database, but not a ledger", hint=RESTORE_HINT)
    if revision != newest and not may_be_older:
        raise LedgerError(
            f"the ledger {path} is of an older version (revision {revision}, not {newest})",
            hint="Run `reconciler refresh` once: a verb that writes brings it up to date.",
        )


def _has_tables(connection: Connection) -> bool:
    return bool(connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar())


def _migrate(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - only a verb that writes migrates

    with _scripts() as config:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
