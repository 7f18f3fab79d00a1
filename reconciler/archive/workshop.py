"""Where a bag is made: the bag as it grows, and beside it the notes on its downloads.

<a store's folder for unfinished work>/  bag/      becomes the bag, by a rename or by being put in a bucket
                                         notes/    one for each download that is worth going on with
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class Workshop:
    """The places in one folder for unfinished work.  Methods raise OSError."""

    folder: Path
    bag: Path
    notes: Path

    @classmethod
    def at(cls, folder: Path) -> Self:
        """Lay the places out in a folder."""
        workshop = cls(folder, folder / "bag", folder / "notes")
        for place in (workshop.bag, workshop.notes):
            place.mkdir(exist_ok=True)
        return workshop

    def notes_of(self, path: Path) -> Path:
        """Give the place for notes on a file of the bag; files that are downloaded have names of their own."""
        return self.notes / f"{path.name}.json"

    @property
    def is_worth_going_on(self) -> bool:
        """Whether a later run would save something here."""
        return any(self.notes.glob("*.json"))

    def keep_only_what_is_noted(self) -> None:
        """Remove what an earlier run left half-made in the bag; downloads that are noted stay."""
        for path in self.bag.rglob("*"):
            if path.is_file() and not self.notes_of(path).exists():
                path.unlink()
