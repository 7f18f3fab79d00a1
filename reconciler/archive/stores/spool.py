"""Local folders for unfinished work.  Nothing in them counts, and what a dead run left is taken up, or removed in time.

Whoever works in a folder holds it, by a lock that the system frees when the process ends, however it ends.  What nobody
holds was left by a run that is over, and may be gone on with.
"""

import errno
import os
import re
import shutil
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from reconciler.errors import StoreNotWritable

STALE_S = 3 * 24 * 3600
"""Unfinished work that nobody went on with for so long is removed: a weekend, and the day after."""

KEPT_FREE_BYTES = 16 * 1024 * 1024
"""What a download must leave free: receipts, the ledger beside it, and everybody else need some."""


def room_on_disk(folder: Path, size: int, *, of: str) -> None:
    """Refuse what would not fit on the disk of a folder, which is made where it is not there yet.

    Raises:
        StoreNotWritable: there is too little room; `of` names the place.
        OSError: the folder cannot be made, or not be asked.
    """
    if not folder.is_dir():
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except FileExistsError as error:  # a file: no job will fare better
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder)) from error
    free = shutil.disk_usage(folder).free
    if free < size + KEPT_FREE_BYTES:
        raise StoreNotWritable(
            f"{of} has {free} bytes free, {size} and {KEPT_FREE_BYTES} in reserve are needed",
            hint="Make room, or name another folder under archive.stores; what is archived already stays valid.",
        )


class Spool:
    """Gives out folders below `root`, which is made when it is first needed.  Methods raise OSError; threads share it.

    Where a file system has no locks, every folder is a new one, and nothing is taken up.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._held: dict[Path, int] = {}
        self._is_tidied = False

    def workplace(self, name: str) -> Path:
        """Make an empty folder, and hold it."""
        if not self._is_tidied:  # once in a run: there may be thousands
            self._is_tidied = True
            self._remove_stale()
        while True:
            folder = self.root / f"{name}-{uuid.uuid4().hex[:8]}"
            folder.mkdir(parents=True)
            with suppress(BlockingIOError):  # another run has just taken it for one that was left: it is theirs
                self._hold(folder, _lock(folder))
                return folder

    def take_up(self, name: str) -> Path | None:
        """Hold the newest folder that a run left under this name and remove the others; None where there is none."""
        kept: Path | None = None
        for folder in sorted(self._left(name), key=_age):
            with suppress(BlockingIOError):
                lock = _lock(folder)
                if lock is not None and kept is None and folder.is_dir():
                    kept = folder
                    self._hold(folder, lock)
                elif lock is not None:
                    _remove(folder, lock)
        return kept

    def _hold(self, folder: Path, lock: int | None) -> None:
        if lock is not None:
            self._held[folder] = lock

    def leave(self, workplace: Path) -> None:
        """Let go of a folder, so that a later run, or this one, can take it up."""
        lock = self._held.pop(workplace, None)
        if lock is not None:
            os.close(lock)

    def discard(self, workplace: Path) -> None:
        """Remove unfinished work.  Never raises for what is gone already."""
        try:
            workplace.rmdir()  # what was published has left it empty
        except OSError:
            shutil.rmtree(workplace, ignore_errors=True)
        self.leave(workplace)

    def _remove_stale(self) -> None:
        for left in self._left():
            below = () if left.is_symlink() else left.rglob("*")
            if _age(left) > STALE_S and all(_age(path) > STALE_S for path in below):
                with suppress(BlockingIOError):
                    _remove(left, _lock(left))

    def _left(self, name: str = "") -> Iterator[Path]:
        """Give what lies here, or of that what was made under a name."""
        with suppress(FileNotFoundError):
            yield from [each for each in self.root.iterdir() if not name or _is_of(each.name, name)]


_NUMBER = re.compile(r"-[0-9a-f]{8}")


def _is_of(folder: str, name: str) -> bool:
    return folder.startswith(name) and _NUMBER.fullmatch(folder, len(name)) is not None


def _age(path: Path) -> float:
    """Give the seconds since a file was last written, or something put in a folder; 0.0 for what is gone by now."""
    with suppress(FileNotFoundError):
        return time.time() - path.lstat().st_mtime
    return 0.0


def _remove(left: Path, lock: int | None) -> None:
    if left.is_dir() and not left.is_symlink():
        shutil.rmtree(left, ignore_errors=True)
    else:
        left.unlink(missing_ok=True)
    if lock is not None:
        os.close(lock)


if sys.platform == "win32":

    def _lock(_folder: Path) -> int | None:
        return None

    @contextmanager
    def held(_folder: Path) -> Iterator[None]:
        """Refuse: there is nothing to hold a folder with."""
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

else:
    import fcntl

    def _lock(folder: Path) -> int | None:
        """Hold a folder; None where it is gone, none or a link to one, or where the file system has no locks.

        Raises:
            BlockingIOError: another holds it.
        """
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except (FileNotFoundError, NotADirectoryError):
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            if isinstance(error, BlockingIOError):
                raise
            return None
        return descriptor

    @contextmanager
    def held(folder: Path) -> Iterator[None]:
        """Hold a folder in this block, after whoever holds it now.

        Raises:
            OSError: the file system has no locks.
        """
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)
