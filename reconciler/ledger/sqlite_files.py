"""The files of SQLite ledgers: a new one, and the copy of an old one, stand whole under their names or not at all.

So a ledger that has nothing in it was never one of ours that had just begun: it is damaged, and it is told (I13).
"""

import os
import sqlite3
import uuid
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import cast

from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import StaticPool

from reconciler.errors import LedgerError
from reconciler.ledger.revisions import bring_up_to_date


def nothing(_connection: Connection) -> None:
    """Put nothing into a new ledger."""


def make_ledger(path: Path, fill: Callable[[Connection], None] = nothing) -> None:
    """Make a ledger of our revision at `path` with what `fill` puts into it, durably, as a whole or not at all.

    Raises:
        FileExistsError: something stands at `path`, and stays.
        OSError: it cannot be written; nothing stands at `path`.
    """
    unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.unfinished")
    try:
        with unfinished.open("xb") as file:
            file.write(_new_ledger(path, fill))
            file.flush()
            os.fsync(file.fileno())
        os.link(unfinished, path)  # fails where the name is taken; a rename would overwrite
    finally:
        with suppress(OSError):
            unfinished.unlink()
    on_disk(path.parent)
    with suppress(PermissionError):  # the folder's own name, which this run may have made; where it lies is another's
        on_disk(path.parent.parent)


def _new_ledger(path: Path, fill: Callable[[Connection], None]) -> bytes:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    try:
        with engine.begin() as connection:
            bring_up_to_date(connection, str(path), say=lambda _line: None)
            fill(connection)
        with engine.connect() as connection:
            return cast("sqlite3.Connection", connection.connection.driver_connection).serialize()
    finally:
        engine.dispose()


def copied(path: Path, revision: str, at: str) -> str:
    """Copy a ledger of an older revision as it was committed last; `at` is the time for the copy's name.

    Raises:
        LedgerError: no copy could be made; nothing was changed.
    """
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
    return str(copy)


def on_disk(path: Path) -> None:
    """Wait until a file's content, or a folder's names, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
