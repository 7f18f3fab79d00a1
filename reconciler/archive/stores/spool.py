"""Local folders for unfinished work.  Nothing in them counts, and what a dead run left is removed in time."""

import shutil
import time
import uuid
from pathlib import Path

STALE_S = 24 * 3600
"""Unfinished work older than this was left by a run that died, and is removed."""


class Spool:
    """Gives out folders below `root`, which is made when it is first needed.  Methods raise OSError."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def workplace(self, name: str) -> Path:
        """Make an empty folder."""
        self._remove_stale()
        folder = self._root / f"{name}-{uuid.uuid4().hex[:8]}"
        folder.mkdir(parents=True)
        return folder

    def _remove_stale(self) -> None:
        for left in self._root.iterdir() if self._root.is_dir() else ():
            if time.time() - left.stat().st_mtime > STALE_S:
                shutil.rmtree(left, ignore_errors=True)

    def discard(self, workplace: Path) -> None:
        """Remove unfinished work.  Never raises for what is gone already."""
        shutil.rmtree(workplace, ignore_errors=True)
