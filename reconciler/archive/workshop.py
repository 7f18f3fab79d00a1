"""Where a bag is made: the bag as it grows, and beside it the notes on its downloads.

<a store's folder for unfinished work>/  bag/      becomes the bag, by a rename or by being put in a bucket
                                         notes/    one for each download that is worth going on with, if any is
"""

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_EFFECTIVE = os.access in os.supports_effective_ids


@dataclass(frozen=True, slots=True)
class Workshop:
    """The places in one folder for unfinished work.  Methods raise OSError."""

    folder: Path
    bag: Path
    notes: Path

    @classmethod
    def over(cls, folder: Path) -> Self:
        """Name the places in a folder."""
        return cls(folder, folder / "bag", folder / "notes")

    def lay_out(self) -> None:
        """Make the place for the bag; that for notes comes with the first of them."""
        self.bag.mkdir(exist_ok=True)

    def notes_of(self, path: Path) -> Path:
        """Give the place for notes on a file of the bag; files that are downloaded have names of their own."""
        return self.notes / f"{path.name}.json"

    @property
    def is_worth_going_on(self) -> bool:
        """Whether a later run would save something here."""
        return any(self.notes.glob("*.json"))

    def keep_only(self, wanted: Iterable[str]) -> None:
        """Remove all that an earlier run left, but for those files of the bag, by their paths in it, that are noted.

        What is no plain file goes too, whoever put it there: a link leads elsewhere (I12), a fifo holds up whoever
        opens it.

        Raises:
            PermissionError: it is another user's.
        """
        kept: set[Path] = set()
        for path in wanted:
            file, notes = self.bag / path, self.notes_of(self.bag / path)
            if _is_plain(file) and _is_plain(notes):
                kept |= {file, notes}
        for place in (self.bag, self.notes):
            _keep_below(place, kept)


def _is_plain(path: Path) -> bool:
    """Tell whether a path is a file that we may write to, of this one name: what is written shows nowhere else."""
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    is_sole = stat.S_ISREG(found.st_mode) and found.st_nlink == 1
    return is_sole and os.access(path, os.W_OK, effective_ids=_EFFECTIVE)


def _keep_below(place: Path, kept: set[Path]) -> None:
    if place.is_symlink() or not place.is_dir():
        place.unlink(missing_ok=True)
    for root, folders, files in os.walk(place, topdown=False):  # which follows no link
        for path in (Path(root, name) for name in (*folders, *files)):
            if path.is_symlink() or not path.is_dir():
                if path not in kept:
                    path.unlink()
            elif not any(path.iterdir()):
                path.rmdir()
