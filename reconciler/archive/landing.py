"""One file while it comes: how much of it is on disk, what that hashes to, and whether more may be put behind it (I15).

Beside a file that is worth it lie its notes: what the host said of the whole, how many bytes were written, and what
these hash to.  A later run believes bytes that hash to what the notes say, and no others: those that a power failure
took, or that anybody changed, begin the file anew.  So does a host that no longer has the same file, by its ETag.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NoReturn

import msgspec

from reconciler.archive.checksums import Offered
from reconciler.archive.disk import put, write_out
from reconciler.archive.hashes import Hashes
from reconciler.archive.proof import Transfer

BLOCK_BYTES = 1024 * 1024
WORTH_BYTES = 1024 * 1024
"""Less than this is fetched anew sooner than it is noted."""
MARK_BYTES, MARK_S = 8 * 1024 * 1024, 1.0
"""Notes are written after so many bytes or seconds: what a crash may cost.  Less than the room that is kept free."""
STRONG_TAG = re.compile(r'"[\x21\x23-\x7e]+"')

RENEWING_BYTES = 1024 * 1024
"""So many more bytes than ever before count as progress."""

Room = Callable[[int], None]
"""Asked before so many bytes are written; refuses by StoreNotWritable."""


class Again(Exception):
    """An attempt that may be repeated, from where the landing stands."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a host said of a whole file: fields as in proof.Transfer."""

    declared: int | None
    framed: bool
    content_type: str
    etag: str
    checksums: tuple[Offered, ...] = ()


class Notes(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the first `size` bytes of a file from `address`, which is without its query."""

    version: int = 1
    address: str
    told: Told
    size: int
    sha256: str
    is_joined: bool = False


NOTHING_TOLD = Told(declared=None, framed=False, content_type="", etag="")


class Landing:
    """One file on its way to `path`, or to nowhere.

    `address` is without its query.  `notes` is where the notes lie, of a file that outlives its run.  Methods raise
    OSError.
    """

    def __init__(
        self,
        address: str,
        path: Path | None = None,
        *,
        notes: Path | None = None,
        room: Room = lambda _size: None,
    ) -> None:
        self._address = address
        self._path = path
        self._notes = notes
        self._room = room
        self._file: BinaryIO | None = None
        self._is_gone = False
        self._reset(NOTHING_TOLD)
        if path is not None and notes is not None:
            self._take_up(path, notes)
        self.renewed_at, self._renew_at = time.monotonic(), self.size + RENEWING_BYTES

    def _reset(self, told: Told) -> None:
        self._told, self.size, self._is_whole, self._is_joined = told, 0, False, False
        self._hashes = Hashes(told.etag, told.checksums, told.declared)
        self._marked_size, self._marked_at = 0, time.monotonic()

    # -- what an earlier run left

    def _take_up(self, path: Path, notes: Path) -> None:
        """Go on from what is there, if it is what its notes say."""
        left = _read(notes)
        if left is None or left.address != self._address:
            self.forget()
            return
        self._reset(left.told)
        if not self._is_hashed(path, left):
            self.forget()
        else:
            self._marked_size, self._is_joined = self.size, left.is_joined

    def _is_hashed(self, path: Path, left: Notes) -> bool:
        try:
            with path.open("rb") as file:
                while self.size < left.size and (block := file.read(min(BLOCK_BYTES, left.size - self.size))):
                    self._count(block)
        except FileNotFoundError:
            return False
        return (self.size, self._hashes.sha256) == (left.size, left.sha256)

    # -- what to ask for

    @property
    def declared(self) -> int | None:
        """How long the whole file is, as its host said when it began."""
        return self._told.declared

    @property
    def conditions(self) -> dict[str, str]:
        """The headers that ask for what is missing only; none where the whole must be asked for.

        A weak validator says that two files mean the same, not that their bytes do, so nothing is put behind one.
        """
        etag, declared = self._told.etag, self._told.declared
        if not self.size or declared is None or not STRONG_TAG.fullmatch(etag):
            return {}
        if self.size == declared:
            return {"If-None-Match": etag}
        return {"Range": f"bytes={self.size}-", "If-Range": etag}

    # -- what comes

    def stands(self) -> None:
        """Take the file for whole: its host says that it has no other."""
        self._is_whole = True

    @contextmanager
    def beginning(self, told: Told) -> Iterator[None]:
        """Take the whole file in, in this block."""
        self.forget()
        self._room(told.declared or 0)
        self._reset(told)
        with self._open():
            yield
            self._end()

    @contextmanager
    def going_on(self, headers: Mapping[str, str]) -> Iterator[None]:
        """Take in, in this block, the rest that was asked for; `headers` are those of the answer.

        Raises:
            Again: it is another part, or one of another file; all is begun anew then.
        """
        declared = self._told.declared or 0
        if headers.get("Content-Range", "") != f"bytes {self.size}-{declared - 1}/{declared}":
            self.misfit("another part than the one that was asked for")
        if headers.get("ETag", "") != self._told.etag:
            self.misfit("a part of a file that has changed")
        self._room(declared - self.size)
        self._is_joined = True
        with self._open():
            yield
            self._end()

    @contextmanager
    def _open(self) -> Iterator[None]:
        """Open the file behind the bytes that count; any behind them were written and not noted."""
        if self._path is None:
            yield
            return
        self._is_gone = False
        with self._path.open("r+b" if self.size else "wb") as file:
            if self.size:
                file.truncate(self.size)
                file.seek(self.size)
            self._file = file
            yield

    def write(self, block: bytes) -> None:
        """Put a block behind what is there.

        Raises:
            Again: it is more than was declared; all is begun anew then.
        """
        if self._told.declared is not None and self.size + len(block) > self._told.declared:
            self.misfit("more than was declared")
        if self._file is not None:
            put(self._file, block)
        self._count(block)
        now = time.monotonic()
        if self.size >= self._renew_at:
            self.renewed_at, self._renew_at = now, self.size + RENEWING_BYTES
        if self.size - self._marked_size >= MARK_BYTES or now - self._marked_at >= MARK_S:
            self.mark()

    def _count(self, block: bytes) -> None:
        self._hashes.update(block)
        self.size += len(block)

    def _end(self) -> None:
        self.mark()
        if self._told.declared is not None and self.size < self._told.declared:
            raise Again(f"cut off after {self.size} of {self._told.declared} bytes")
        self._is_whole = True

    def misfit(self, what: str) -> NoReturn:
        """Begin anew: what came does not go with what is there."""
        self.forget()
        raise Again(f"{what} came; it is begun anew")

    # -- what is remembered of it

    def mark(self) -> None:
        """Note what is there, so that a later run can go on from it; see that there is room for more."""
        since, self._marked_size, self._marked_at = self._marked_size, self.size, time.monotonic()
        if self._file is None:
            return
        if self._told.declared is None:
            self._room(MARK_BYTES)
        if self.size < WORTH_BYTES:
            return
        self._file.flush()
        write_out(self._file.fileno(), since, self.size - since)
        if self._notes is None or not self.conditions:
            return
        notes = Notes(
            address=self._address,
            told=self._told,
            size=self.size,
            sha256=self._hashes.sha256,
            is_joined=self._is_joined,
        )
        # Not synced: after a power failure the hash tells whether the bytes are there.
        unfinished = self._notes.with_suffix(".new")
        unfinished.parent.mkdir(exist_ok=True)
        unfinished.write_bytes(msgspec.json.encode(notes))
        unfinished.replace(self._notes)

    def forget(self) -> None:
        """Remove what is there of the file, and its notes."""
        for path in (self._notes, self._path):  # the notes first: without them the file is nothing
            if path is not None and not self._is_gone:
                path.unlink(missing_ok=True)
        self._is_gone = True
        self._reset(NOTHING_TOLD)

    def transfer(self) -> Transfer:
        """Give what came, which must be all of it."""
        if not self._is_whole:
            raise ValueError("it is not whole")
        return Transfer(
            size=self.size,
            sha256=self._hashes.sha256,
            md5=self._hashes.md5,
            md5s_of_parts=self._hashes.md5s_of_parts,
            is_joined=self._is_joined,
            declared=self._told.declared,
            framed=self._told.framed,
            content_type=self._told.content_type,
            etag=self._told.etag,
            checksums=self._told.checksums,
        )


def _read(notes: Path) -> Notes | None:
    try:
        left = msgspec.json.decode(notes.read_bytes(), type=Notes)
    except (FileNotFoundError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return left if left.version == 1 else None
