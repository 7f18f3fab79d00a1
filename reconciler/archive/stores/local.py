"""A store in a local folder.

Written under `.partial/` on the same file system, made durable file by file, and then renamed as a whole: a bag is
there whole or not at all.  After `publish` returns, it is there after a power failure too, as far as the file system
keeps the promises of fsync.
"""

import errno
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import BinaryIO

from reconciler.archive.disk import blocks_from_disk
from reconciler.archive.names import aside_name
from reconciler.archive.stores.blocks import as_file, blocks_of, hashed
from reconciler.archive.stores.spool import Spool, held, room_on_disk
from reconciler.core.receipt import BagFile
from reconciler.errors import ArchiveError, StoreNotWritable

PARTIAL = ".partial"


NO_LINKS = frozenset({errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.EMLINK})
"""What file systems without hard links answer: exFAT, and many shares."""


class LocalStore:
    """Implements BagStore over the folder `root`, which is made when it is first written to.

    Unfinished work lies below `.partial/`, or in a folder `apart` there, whose leftovers nobody else takes up.
    """

    def __init__(self, address: str, root: Path, *, apart: str = "") -> None:
        self._address = address
        self._root = root
        self._durable: set[Path] = set()
        self._spool = Spool(root / PARTIAL / apart)  # on the store's own file system, so that a rename can publish it

    @property
    def address(self) -> str:
        """The store's address as the desired-state file has it."""
        return self._address

    def room_for(self, size: int) -> None:
        """Refuse now what would not fit."""
        with self._told("asked for its free space"):
            room_on_disk(self._root, size, of=f"the store {self._address}")

    def workplace(self, name: str) -> Path:
        """Make an empty folder below `.partial`."""
        with self._told("written to"):
            return self._spool.workplace(name)

    def take_up(self, name: str) -> Path | None:
        """Give the folder below `.partial` that an earlier run left."""
        with self._told("written to"):
            return self._spool.take_up(name)

    def leave(self, workplace: Path) -> None:
        """Let go of unfinished work."""
        self._spool.leave(workplace)

    def discard(self, workplace: Path) -> None:
        """Remove unfinished work."""
        self._spool.discard(workplace)

    def has(self, name: str) -> bool:
        """Tell whether something stands under this final name."""
        with self._told("read"):
            return (self._root / name).exists()

    def publish(self, workplace: Path, name: str) -> None:
        """Make a bag durable under its final name."""
        target = self._root / name
        with self._told("written to"):
            if target.exists():
                raise ArchiveError(f"{name} is already in the store {self._address}; a bag is never overwritten")
            _sync_below(workplace)
            self._durable_folder(target.parent)
            workplace.rename(target)  # onto a folder with something in it, this fails: create-only
            _sync(target.parent)

    def stays(self, name: str) -> None:
        """Make a bag's name durable that stands there already."""
        target = self._root / name
        with self._told("written to"):
            self._durable_folder(target.parent)
            _sync(target.parent)

    def publish_file(self, content: bytes, name: str) -> None:
        """Make one small file durable under its final name."""
        target = self._root / name
        with self._told("written to"):
            unfinished = self._root / PARTIAL / f"{target.name}-{uuid.uuid4().hex[:8]}"
            unfinished.parent.mkdir(parents=True, exist_ok=True)
            self._durable_folder(target.parent)
            try:
                with unfinished.open("xb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                try:
                    self._name(unfinished, target)
                except FileExistsError:
                    raise ArchiveError(
                        f"{name} is already in the store {self._address}; it is never overwritten"
                    ) from None
                _sync(target.parent)
            finally:
                unfinished.unlink(missing_ok=True)

    def _name(self, unfinished: Path, target: Path) -> None:
        """Give a finished file its name.  Raises FileExistsError when that is taken."""
        try:
            os.link(unfinished, target)  # fails when the name is taken; a rename would overwrite
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            with held(self._root / PARTIAL):  # no other run of ours comes between the look and the rename
                if os.path.lexists(target):
                    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from None
                unfinished.rename(target)

    def read_back(self, name: str) -> tuple[BagFile, ...]:
        """Read every file of a bag from its final place and hash it."""
        folder = self._root / name
        with self._told("read"):
            return tuple(_hashed(path, folder) for path in _files_below(folder))

    def read_file(self, name: str) -> bytes:
        """Read one small file."""
        with self._told("read"):
            return (self._root / name).read_bytes()

    @contextmanager
    def reading(self, name: str) -> Iterator[BinaryIO]:
        """Open one file of any size."""
        with self._told("read"):
            opened = (self._root / name).open("rb")
        with opened:
            yield as_file(blocks_of(opened), lambda: self._told("read"))

    def names(self, below: str) -> Iterator[str]:
        """Give the names of all files below a folder, in order."""
        with self._told("read"):
            found = _files_below(self._root / below)
        yield from (path.relative_to(self._root).as_posix() for path in found)

    def sizes(self, name: str) -> Mapping[str, int]:
        """Give the length of every file of a bag; a link counts as what it leads to, as when it is read."""
        folder = self._root / name
        with self._told("read"):
            return {path.relative_to(folder).as_posix(): path.stat().st_size for path in _files_below(folder)}

    def set_aside(self, name: str) -> str:
        """Move a bag or a file to `damaged/`, so that its name is free."""
        with self._told("written to"):
            aside = aside_name(name)
            self._durable_folder((self._root / aside).parent)
            (self._root / name).rename(self._root / aside)
            _sync((self._root / aside).parent)  # first: what has lost one name has the other
            _sync((self._root / name).parent)
            return aside

    def _durable_folder(self, folder: Path) -> None:
        """Make a folder and make the names that lead to it durable, from the store's own name on.

        Those of folders that are there too, once in a run: whoever made them may have died before they were durable.
        """
        missing = []
        while folder not in self._durable and (folder.is_relative_to(self._root) or not folder.exists()):
            missing.append(folder)
            folder = folder.parent
        for made in reversed(missing):
            made.mkdir(exist_ok=True)
            with suppress(PermissionError) if made == self._root else nullcontext():  # its folder may be another's
                _sync(made.parent)
            self._durable.add(made)

    @contextmanager
    def _told(self, action: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise not_writable(self._address, action, error) from error


WONT_GET_BETTER = frozenset(
    {
        *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO),
        *(errno.ENOTDIR, errno.ENAMETOOLONG, errno.EMFILE, errno.ENFILE, errno.ENODEV, errno.ESTALE),
    }
)
"""What the next job would meet as well, so the run stops."""


def not_writable(address: str, action: str, error: OSError) -> ArchiveError:
    """Turn what the file system says into our error: one for the whole run, or one for this job alone."""
    said = f"the store {address} cannot be {action}: {error.strerror or error}"
    if error.errno in WONT_GET_BETTER:
        return StoreNotWritable(
            said, hint="Check the folder's space and rights; what is archived already stays valid. Then apply again."
        )
    return ArchiveError(said)


def _files_below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if not path.is_dir())


def _hashed(path: Path, folder: Path) -> BagFile:
    with path.open("rb", buffering=0) as file:
        return hashed(path.relative_to(folder).as_posix(), blocks_from_disk(file))


def _sync_below(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        _sync(path)
    _sync(folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
