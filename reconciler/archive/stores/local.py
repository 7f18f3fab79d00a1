"""A store in a local folder.

Written under `.partial/` on the same file system, made durable file by file, and then renamed as a whole: a bag is
there whole or not at all.  After `publish` returns, it is there after a power failure too, as far as the file system
keeps the promises of fsync.
"""

import errno
import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from reconciler.archive.disk import blocks_from_disk, sync, sync_below
from reconciler.archive.guide import README
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

    `holds_copies` tells whether copies are known to be there.  A folder of which that is so and that has no README is
    another one: where a disk is not mounted, its folder would be made anew on the disk below.
    """

    def __init__(
        self, address: str, root: Path, *, apart: str = "", holds_copies: Callable[[], bool] = lambda: False
    ) -> None:
        self._address = address
        self._root = root
        self._holds_copies = holds_copies
        self._durable: set[Path] = set()
        self._spool = Spool(root / PARTIAL / apart)  # on the store's own file system, so that a rename can publish it

    @property
    def address(self) -> str:
        """The store's address as the desired-state file has it."""
        return self._address

    def room_for(self, size: int) -> None:
        """Refuse now what would not fit."""
        with self._told("asked for its free space"):
            self._refuse_another()
            room_on_disk(self._root, size, of=f"the store {self._address}")

    def workplace(self, name: str) -> Path:
        """Make an empty folder below `.partial`."""
        with self._told("written to"):
            self._refuse_another()
            return self._spool.workplace(name)

    def take_up(self, name: str) -> Path | None:
        """Give the folder below `.partial` that an earlier run left."""
        with self._told("written to"):
            self._refuse_another()
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
            self._refuse_another()
            if target.exists():
                raise ArchiveError(f"{name} is already in the store {self._address}; a bag is never overwritten")
            sync_below(workplace)
            target.parent.mkdir(parents=True, exist_ok=True)
            workplace.rename(target)  # onto a folder with something in it, this fails: create-only
            self._sync_name(target)

    def stays(self, name: str) -> None:
        """Make a bag's name durable that stands there already."""
        with self._told("written to"):
            self._sync_name(self._root / name)

    def publish_file(self, content: bytes, name: str) -> None:
        """Make one small file durable under its final name."""
        target = self._root / name
        with self._told("written to"):
            self._refuse_another()
            unfinished = self._root / PARTIAL / f"{target.name}-{uuid.uuid4().hex[:8]}"
            unfinished.parent.mkdir(parents=True, exist_ok=True)
            target.parent.mkdir(parents=True, exist_ok=True)
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
                self._sync_name(target)
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
            return tuple(_hashed(folder, path) for path in _files_below(folder))

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
        yield from ((Path(below) / path).as_posix() for path in found)

    def sizes(self, name: str) -> Mapping[str, int]:
        """Give the length of every file of a bag; a link counts as what it leads to, as when it is read."""
        folder = self._root / name
        with self._told("read"):
            return {path: (folder / path).stat().st_size for path in _files_below(folder)}

    def set_aside(self, name: str) -> str:
        """Move a bag or a file to `damaged/`, so that its name is free."""
        with self._told("written to"):
            self._refuse_another()
            aside = aside_name(name)
            (self._root / aside).parent.mkdir(parents=True, exist_ok=True)
            (self._root / name).rename(self._root / aside)
            self._sync_name(self._root / aside)
            sync((self._root / name).parent)
            return aside

    def _sync_name(self, path: Path) -> None:
        """Make the name of something in the store durable, and those of all folders that lead to it.

        A folder that is there was perhaps made by a run that died, or is being made by another thread: what this
        object has not synced itself it does not believe to be durable.
        """
        sync(path.parent)
        for folder in path.parents:
            if folder in self._durable:
                return
            if folder == self._root:
                _sync_way(folder)
            else:
                sync(folder.parent)
            if self._root in {folder, folder.parent}:  # not those of single jobs, of which there may be a million
                self._durable.add(folder)

    def _refuse_another(self) -> None:
        if not self._is_another():
            return
        raise StoreNotWritable(
            f"the store {self._address} has copies, by the ledger, and no {README} any more: it is another folder",
            hint="Mount its disk, or correct the address. If what lay there is lost for good, say so with an empty "
            f"{README} in the folder; `reconciler verify --repair` then makes the copies anew from other stores.",
        )

    def _is_another(self) -> bool:
        if self._has_guide():  # almost always, and asked for every job
            return False
        is_no_folder = self._root.exists() and not self._root.is_dir()  # which the system tells better
        if is_no_folder or not self._holds_copies():
            return False
        # Another thread may have laid the guide and recorded the very first copies between the two looks above.
        return not self._has_guide()

    def _has_guide(self) -> bool:
        return (self._root / README).exists()

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


def _files_below(folder: Path) -> list[str]:
    """Give the files below a folder by their paths inside it, in order; of none where there is no such folder."""
    found = ((Path(root).relative_to(folder), names) for root, _, names in os.walk(folder, onerror=_unless_gone))
    return sorted((inside / name).as_posix() for inside, names in found for name in names)


def _unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError | NotADirectoryError | PermissionError):
        raise error


def _hashed(folder: Path, path: str) -> BagFile:
    with (folder / path).open("rb", buffering=0) as file:
        return hashed(path, blocks_from_disk(file))


def _sync_way(root: Path) -> None:
    """Make the names of the folders that lead to a store durable: some may have been made for it."""
    device = root.stat().st_dev
    for folder in root.absolute().parents:
        if folder.stat().st_dev != device:  # a disk's root, which nobody made
            return
        with suppress(PermissionError):  # it may be passed and not read, so nothing in it was made by us
            sync(folder)
