"""The ledger's revisions: which one a database has, and how it gets to ours."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, inspect
from sqlalchemy.exc import SQLAlchemyError

from reconciler.errors import LedgerError

RESTORE_HINT = (
    "Restore it from a backup, name the right one with --state, or move it away and make it anew from the archive: "
    "reconciler ledger rebuild. It is never started anew by itself."
)


@contextmanager
def _scripts() -> Iterator[Config]:
    with as_file(files("reconciler.ledger") / "migrations") as folder:
        config = Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        yield config


def check_revision(connection: Connection, name: str, *, may_be_older: bool) -> None:
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
            f"the ledger {name} was written by a newer version of this program (revision {revision})",
            hint="Upgrade pictory-reconciler; an older one must not write to it.",
        )
    if revision is None:
        if not is_empty(connection):
            raise LedgerError(f"{name} is a database, but not a ledger", hint=RESTORE_HINT)
        raise empty_ledger(name)
    if revision != newest and not may_be_older:
        raise LedgerError(
            f"the ledger {name} is of an older version (revision {revision}, not {newest})",
            hint="Run `reconciler refresh` once: a verb that writes brings it up to date.",
        )


def already_there(name: str) -> LedgerError:
    """Tell of a ledger that stands where a new one should be made."""
    return LedgerError(
        f"there is a ledger already at {name}, or what is left of one; nothing was changed",
        hint="A ledger is never made over another. Move it away, with the files of its name beside it, or name another "
        "place with --state.",
    )


def empty_ledger(name: str) -> LedgerError:
    """Tell of a ledger without anything in it: ours never begin so (see `sqlite_files`)."""
    return LedgerError(
        f"{name} is empty, and no ledger begins so",
        hint=f"{RESTORE_HINT} If you know that it never held anything, remove it.",
    )


def is_empty(connection: Connection) -> bool:
    """Tell whether a database has no tables at all."""
    return not inspect(connection).get_table_names()


def bring_up_to_date(
    connection: Connection, name: str, *, say: Callable[[str], None], keep: Callable[[str], str] = lambda _revision: ""
) -> None:
    """Bring a database to our revision, inside the caller's transaction; `say` is told of it.

    `keep` is given the revision of an older ledger, before it is touched; it gives where a copy lies, "" if nowhere.

    Raises:
        LedgerError: no copy could be made, or a step failed; the ledger is as it was.
        SQLAlchemyError: the tables of a new one could not be made.
    """
    from alembic import command  # noqa: PLC0415 - only a verb that writes migrates

    revision = MigrationContext.configure(connection).get_current_revision()
    with _scripts() as config:
        if revision == ScriptDirectory.from_config(config).get_current_head():
            return
        copy = keep(revision) if revision else ""
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except SQLAlchemyError as error:
            if revision is None:
                raise  # nothing was brought up to date: a new ledger could not be made, and whoever opens it says why
            kept = f" A copy of it is {copy}." if copy else ""
            raise LedgerError(
                f"the ledger {name} could not be brought up to date from revision {revision}: {error}",
                hint=f"The ledger is as it was; the version of this program that wrote it still reads it.{kept}",
            ) from error
    if revision:
        kept = f"; as it was, it lies in {copy}" if copy else ""
        say(f"The ledger {name} was of revision {revision} and is brought up to date{kept}")
