"""Where bags are kept: the port that every kind of store fits, one module per kind."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Protocol

from reconciler.core.receipt import BagFile


class BagStore(Protocol):
    """A place for bags.  What stands under a final name is whole, and is never changed or overwritten.

    Every method raises StoreNotWritable when the place takes no more, and ArchiveError when it cannot be read.
    """

    @property
    def address(self) -> str:
        """The store's address as the desired-state file has it."""

    def room_for(self, size: int) -> None:
        """Refuse now what would not fit.  Raises StoreNotWritable."""

    def workplace(self, name: str) -> Path:
        """Make an empty local folder for unfinished work, on the store's own file system where it has one."""

    def take_up(self, name: str) -> Path | None:
        """Give the folder for unfinished work of this name that a run left, and that nobody works in; None if none."""

    def leave(self, workplace: Path) -> None:
        """Let go of unfinished work, so that it can be taken up.  Never raises."""

    def discard(self, workplace: Path) -> None:
        """Remove unfinished work.  Never raises for what is gone already."""

    def has(self, name: str) -> bool:
        """Tell whether a bag or receipt stands under this final name."""

    def publish(self, workplace: Path, name: str) -> None:
        """Make a local bag folder durable under its final name.  Raises ArchiveError when the name is taken."""

    def stays(self, name: str) -> None:
        """Make durable what stands under a final name already: whoever put it there may have died before it was."""

    def publish_file(self, content: bytes, name: str) -> None:
        """Make one small file durable under its final name.  Raises ArchiveError when the name is taken."""

    def read_back(self, name: str) -> tuple[BagFile, ...]:
        """Read every file of a bag from its final place and hash it; in order of path."""

    def read_file(self, name: str) -> bytes:
        """Read one small file."""

    def reading(self, name: str) -> AbstractContextManager[BinaryIO]:
        """Open one file of any size, to be read from its start."""

    def names(self, below: str) -> Iterator[str]:
        """Give the name of every file below a folder, in order; of none where there is no such folder."""

    def sizes(self, name: str) -> Mapping[str, int]:
        """Give the length in bytes of every file of a bag by its path inside, as listed: no file is read."""

    def set_aside(self, name: str) -> str:
        """Move a bag or file that is not whole to where nobody takes it for one, and give its new name.

        Its old name is free then.  Nothing is deleted: what is left of a damaged copy may be all that is left.
        """
