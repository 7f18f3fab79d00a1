"""A new ledger: made in memory and put under its name as a whole, or not at all.

So a ledger that has nothing in it was never one of ours that had just begun: it is damaged, and it is told (I13).
"""

import os
import uuid
from contextlib import suppress
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from typing import cast

from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from reconciler.ledger.revisions import bring_up_to_date, on_disk


def make_ledger(path: Path) -> None:
    """Make an empty ledger of our revision at `path`, durably; where another run was quicker, its ledger stands.

    Raises:
        OSError: it cannot be written; nothing stands at `path`.
    """
    unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.unfinished")
    try:
        with unfinished.open("xb") as file:
            file.write(_empty_ledger(path))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(unfinished, path)  # fails where the name is taken; a rename would overwrite
    finally:
        with suppress(OSError):
            unfinished.unlink()
    on_disk(path.parent)
    with suppress(PermissionError):  # its folder's own name, which this run may have made; where it lies is another's
        on_disk(path.parent.parent)


def _empty_ledger(path: Path) -> bytes:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    try:
        with engine.begin() as connection:
            bring_up_to_date(connection, path, at="", say=lambda _line: None)
        with engine.connect() as connection:
            return cast("SqliteConnection", connection.connection.driver_connection).serialize()
    finally:
        engine.dispose()
