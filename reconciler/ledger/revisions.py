"""The ledger's revisions: which one a database has, and how it gets to ours, with a copy of the old one kept."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from importlib.resources import as_file, files
from pathlib import Path

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from reconciler.errors import LedgerError

RESTORE_HINT = "Restore the file from a backup, or name the right one with --state; it is never started anew by itself."


@contextmanager
def _scripts() -> Iterator[Config]:
    with as_file(files("reconciler.ledger") / "migrations") as folder:
        config = Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        yield config


def check_revision(connection: Connection, path: Path, *, may_be_older: bool) -> None:
    """Make sure that this program understands the database.

    Raises:
        LedgerError: it is newer, is no ledger, or is older where that will not do.
    """
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
    if revision is None:
        if _has_tables(connection):
            raise LedgerError(f"{path} is a database, but not a ledger", hint=RESTORE_HINT)
        raise empty_ledger(path)
    if revision != newest and not may_be_older:
        raise LedgerError(
            f"the ledger {path} is of an older version (revision {revision}, not {newest})",
            hint="Run `reconciler refresh` once: a verb that writes brings it up to date.",
        )


def empty_ledger(path: Path) -> LedgerError:
    """Tell of a ledger without anything in it: ours never begin so (see `creation`)."""
    return LedgerError(
        f"{path} is empty, and no ledger begins so",
        hint=f"{RESTORE_HINT} If you know that it never held anything, remove it.",
    )


def _has_tables(connection: Connection) -> bool:
    return bool(connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar())


def bring_up_to_date(connection: Connection, path: Path, *, at: str, say: Callable[[str], None]) -> None:
    """Bring a database to our revision, inside the caller's transaction; an older ledger is copied first.

    `at` is the time for the copy's name, as utc_text writes it; `say` is told where the copy lies.

    Raises:
        LedgerError: no copy could be made, or a step failed; the ledger is as it was.
    """
    from alembic import command  # noqa: PLC0415 - only a verb that writes migrates

    revision = MigrationContext.configure(connection).get_current_revision()
    with _scripts() as config:
        if revision == ScriptDirectory.from_config(config).get_current_head():
            return
        copy = _copied(path, revision, at) if revision else None
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except SQLAlchemyError as error:
            kept = f" A copy of it is {copy}." if copy else ""
            raise LedgerError(
                f"the ledger {path} could not be brought up to date from revision {revision}: {error}",
                hint=f"The ledger is as it was; the version of this program that wrote it still reads it.{kept}",
            ) from error
    if copy:
        say(f"The ledger {path} was of revision {revision} and is brought up to date; as it was, it lies in {copy}")


def _copied(path: Path, revision: str, at: str) -> Path:
    """Copy the database as it was committed last, whole or not at all."""
    # Beside the ledger, so that it is on a disk that is known to take it; the caller's transaction keeps others out.
    copy = path.with_name(f"{path.name}.{revision}.{at.translate({ord('-'): None, ord(':'): None})}.bak")
    unfinished = copy.with_name(f".{copy.name}.unfinished")
    try:
        unfinished.unlink(missing_ok=True)
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(unfinished)) as target:
            source.backup(target)
        on_disk(unfinished)
        unfinished.rename(copy)
        on_disk(copy.parent)
    except (OSError, sqlite3.Error) as error:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise LedgerError(
            f"the ledger {path} is of revision {revision}, and no copy of it could be made: {error}",
            hint="Nothing was changed. Make room beside it, or copy it by hand and see why that fails.",
        ) from error
    return copy


def on_disk(path: Path) -> None:
    """Wait until a file's content, or a folder's names, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
