"""Local folders for unfinished work.  Nothing in them counts, and what a dead run left is removed in time."""

import shutil
import time
import uuid
from contextlib import suppress
from pathlib import Path

from reconciler.errors import StoreNotWritable

STALE_S = 24 * 3600
"""Unfinished work older than this was left by a run that died, and is removed."""


KEPT_FREE_BYTES = 16 * 1024 * 1024
"""What a download must leave free: receipts, the ledger beside it, and everybody else need some."""


def room_on_disk(folder: Path, size: int, *, of: str) -> None:
    """Refuse what would not fit on the disk of a folder, which is made where it is not there yet.

    Raises:
        StoreNotWritable: there is too little room; `of` names the place.
        OSError: the folder cannot be made, or not be asked.
    """
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < size + KEPT_FREE_BYTES:
        raise StoreNotWritable(
            f"{of} has {free} bytes free, {size} and {KEPT_FREE_BYTES} in reserve are needed",
            hint="Make room, or name another folder under archive.stores; what is archived already stays valid.",
        )


class Spool:
    """Gives out folders below `root`, which is made when it is first needed.  Methods raise OSError."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def workplace(self, name: str) -> Path:
        """Make an empty folder."""
        self._remove_stale()
        folder = self.root / f"{name}-{uuid.uuid4().hex[:8]}"
        folder.mkdir(parents=True)
        return folder

    def _remove_stale(self) -> None:
        for left in self.root.iterdir() if self.root.is_dir() else ():
            with suppress(FileNotFoundError):  # another thread has just published or discarded it
                if time.time() - left.stat().st_mtime > STALE_S:
                    shutil.rmtree(left, ignore_errors=True)

    def discard(self, workplace: Path) -> None:
        """Remove unfinished work.  Never raises for what is gone already."""
        shutil.rmtree(workplace, ignore_errors=True)
