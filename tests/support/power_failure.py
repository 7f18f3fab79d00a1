"""What a disk holds for certain, by the promises that programs may count on, and no others.

A file's bytes are there after a sync of the file; a name is there after a sync of its folder.  What a database does
with its own files is its own promise and is taken as kept: they are there as they stand, if their folder is.
"""

import os
import random
import shutil
import stat
from pathlib import Path

DATABASE = "ledger.db"

_MKDIR, _RENAME, _OPEN = os.mkdir, os.rename, os.open


class Disk:
    """The folder `root`, all of which is durable now, but for the names in its folder `doubtful`."""

    def __init__(self, root: Path, doubtful: str = "") -> None:
        self._root = root
        self._names: dict[int, dict[str, int]] = {}
        self._bytes: dict[int, bytes] = {}  # of files that were written to; others are as they stand
        self._held: dict[int, int] = {}
        self._is_done: dict[int, bool] = {}
        self._take_in(root)
        if doubtful:
            self._names[(root / doubtful).stat().st_ino] = {}

    def _take_in(self, folder: Path) -> int:
        number = self._hold(folder)
        self._names[number] = {
            each.name: self._take_in(each) if each.is_dir() and not each.is_symlink() else self._hold(each)
            for each in folder.iterdir()
        }
        return number

    def _hold(self, path: Path) -> int:
        """Keep a file or folder open, so that its number is not given to another."""
        opened = _OPEN(path, os.O_RDONLY)
        number = os.fstat(opened).st_ino
        if number in self._held:
            os.close(opened)
        else:
            self._held[number] = opened
        return number

    # -- what happens

    def opened(self, path: Path, *, was_there: bool) -> None:
        """Note a file that is opened to be written to."""
        number = self._hold(path)
        if not was_there:
            self._bytes[number] = b""
        elif number not in self._bytes:
            self._bytes[number] = _content(self._held[number])

    def made(self, folder: Path) -> None:
        """Note a folder that was made."""
        self._names[self._hold(folder)] = {}

    def synced(self, descriptor: int) -> None:
        """Note that a file's bytes, or a folder's names, are durable from here on."""
        found = os.fstat(descriptor)
        place = Path(f"/proc/self/fd/{descriptor}").readlink()
        if not place.is_relative_to(self._root.resolve()):
            return  # what lies around the root outlives it
        if not stat.S_ISDIR(found.st_mode):
            self._bytes[found.st_ino] = _content(self._held.get(found.st_ino, descriptor))
        elif found.st_ino in self._held:  # those above the root are no matter of this disk
            self._names[found.st_ino] = self._names_now(descriptor)

    def _names_now(self, folder: int) -> dict[str, int]:
        place = Path(f"/proc/self/fd/{folder}")
        return {each.name: self._hold(each) for each in place.iterdir()}

    # -- the end

    def fail(self, chance: random.Random | None) -> None:
        """Leave of the root what is durable; with `chance`, some of the rest too, as it comes."""
        after = self._root.with_name(f"{self._root.name}.after")
        self._leave(self._root.stat().st_ino, after, chance)
        shutil.rmtree(self._root)
        _RENAME(after, self._root)

    def _leave(self, folder: int, place: Path, chance: random.Random | None) -> None:
        _MKDIR(place)
        for name, number in self._names_left(folder, chance).items():
            if number in self._names:
                self._leave(number, place / name, chance)
            else:
                self._put(number, place / name, chance)

    def _names_left(self, folder: int, chance: random.Random | None) -> dict[str, int]:
        durable, now = self._names[folder], self._names_now(self._held[folder])
        if chance is not None:
            durable = self._some_names(durable, now, chance)
        of_database = {name: number for name, number in now.items() if name.startswith(f"{DATABASE}-")}
        return {**durable, **(of_database if DATABASE in durable else {})}

    def _some_names(self, durable: dict[str, int], now: dict[str, int], chance: random.Random) -> dict[str, int]:
        """Take each name as it is or as it was.  All names of one file alike, for a rename is done whole or not."""
        left = {}
        for name in sorted({*durable, *now}):
            was, is_ = durable.get(name), now.get(name)
            number = is_ if is_ is not None else was
            if number is not None and self._is_done.setdefault(number, chance.random() < 0.5):
                left[name] = is_
            else:
                left[name] = was
        return {name: number for name, number in left.items() if number is not None}

    def _put(self, number: int, path: Path, chance: random.Random | None) -> None:
        content = _content(self._held[number])
        durable = self._bytes.get(number, content)
        if not path.name.startswith(DATABASE):
            content = chance.choice((durable, content)) if chance is not None else durable
        opened = _OPEN(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        with os.fdopen(opened, "wb") as file:
            file.write(content)


def _content(descriptor: int) -> bytes:
    size = os.fstat(descriptor).st_size
    content = b""
    while len(content) < size and (block := os.pread(descriptor, size - len(content), len(content))):
        content += block
    return content
