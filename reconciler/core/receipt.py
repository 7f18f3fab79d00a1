"""The statement that one job's bag, for one fingerprint, was verified in N stores.

`VerifiedReceipt` is what a clean needs.  It can only be made from read-backs that fit the bag, so a caller without an
archive has nothing to pass (I1).
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from reconciler.core.job import JobId


class NotProved(ValueError):
    """The read-backs do not prove the bag; says which file in which store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BagFile:
    """One file of a bag: path inside it, length in bytes, sha256 in hex."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What was archived, for which facts, where.

    `bag` is the folder of the bag relative to each store's root; `stores` are store addresses; `files` is everything
    in the bag, tag files included; `evidence` holds, per asset file, how its wholeness was told.
    """

    job_id: JobId
    fingerprint: str
    bag: str
    stores: tuple[str, ...]
    files: tuple[BagFile, ...]
    evidence: tuple[tuple[str, str], ...]
    verified_at: datetime

    @property
    def size(self) -> int:
        """Bytes in the bag."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBack:
    """What one store gave back when the published bag was read again from its final place."""

    store: str
    files: tuple[BagFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedReceipt:
    """A receipt with the read-backs that prove it, at least `copies` stores.

    Raises:
        NotProved: a store is missing, or a file differs, is missing, or is too many.
    """

    receipt: Receipt
    read_backs: tuple[ReadBack, ...]
    copies: int

    def __post_init__(self) -> None:
        if self.copies < 1:
            raise NotProved("an archive needs at least one copy")
        if not self.receipt.files:
            raise NotProved(f"the bag of {self.receipt.job_id} is empty")
        for read_back in self.read_backs:
            _compare(read_back, self.receipt.files)
        proved = {read_back.store for read_back in self.read_backs}
        if proved != set(self.receipt.stores) or len(proved) < self.copies:
            raise NotProved(f"{len(proved)} of {self.copies} copies of {self.receipt.job_id} were read back")


def _compare(read_back: ReadBack, written: tuple[BagFile, ...]) -> None:
    # Counted, not looked up by path: a path that stands twice must not hide one of its two contents.
    found, expected = Counter(read_back.files), Counter(written)
    uneven = (found - expected) + (expected - found)
    if uneven:
        path = min(file.path for file in uneven)
        raise NotProved(f"{path} in {read_back.store} is not what was written")
