"""A store in a bucket: S3 and what speaks its protocol, Google Cloud Storage, Azure Blob Storage, through obstore.

A bucket has no folders to rename, so a bag is there when its last file is, the manifest of its tag files: that one is
put with the condition that it is not there yet, after all the others.  A crash in between leaves objects and no bag,
and they are put again.  What is put in several parts appears as a whole when the last part has come.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError, PermissionDeniedError, UnauthenticatedError
from obstore.store import ObjectStore as Bucket

from reconciler.archive.names import aside_name
from reconciler.archive.stores.blocks import BLOCK_BYTES, as_file, hashed
from reconciler.archive.stores.spool import Spool, room_on_disk
from reconciler.core.receipt import BagFile
from reconciler.errors import ArchiveError, StoreNotWritable

MARKER = "tagmanifest-sha256.txt"
"""The file whose presence makes a bag of what lies beside it."""
PART_BYTES = 8 * 1024 * 1024
PARTS_AT_ONCE = 3
"""Of one upload; together with the part size they bound its memory."""


class ObjectStore:
    """Implements BagStore over a bucket.

    Unfinished work lies in `spool`, on a local disk.  `attributes` and `tags` go with every object that is put.
    """

    def __init__(
        self,
        address: str,
        bucket: Bucket,
        spool: Spool,
        *,
        attributes: Mapping[str, str],
        tags: Mapping[str, str],
    ) -> None:
        self._address = address
        self._bucket = bucket
        self._spool = spool
        self._more: dict[str, Any] = {
            **({"attributes": dict(attributes)} if attributes else {}),
            **({"tags": dict(tags)} if tags else {}),
        }

    @property
    def address(self) -> str:
        """The store's address as the desired-state file has it."""
        return self._address

    def room_for(self, size: int) -> None:
        """Refuse now what would not fit on the local disk, where it waits to be put; a bucket has no end."""
        room_on_disk(self._spool.root, size, of=f"the disk that {self._address} is written from")

    def workplace(self, name: str) -> Path:
        """Make an empty local folder."""
        with _spool_told():
            return self._spool.workplace(name)

    def take_up(self, name: str) -> Path | None:
        """Give the local folder that an earlier run left."""
        with _spool_told():
            return self._spool.take_up(name)

    def leave(self, workplace: Path) -> None:
        """Let go of unfinished work."""
        self._spool.leave(workplace)

    def discard(self, workplace: Path) -> None:
        """Remove unfinished work."""
        self._spool.discard(workplace)

    def has(self, name: str) -> bool:
        """Tell whether a bag, by its marker, or a single file stands under this name."""
        with self._told("read"):
            return self._stands(f"{name}/{MARKER}" if name.startswith("jobs/") else name)

    def _stands(self, key: str) -> bool:
        try:
            obstore.head(self._bucket, key)
        except FileNotFoundError:
            return False
        return True

    def publish(self, workplace: Path, name: str) -> None:
        """Put a bag, its marker last."""
        if self.has(name):
            raise ArchiveError(f"{name} is already in the store {self._address}; a bag is never overwritten")
        files = sorted(path for path in workplace.rglob("*") if path.is_file() and path.name != MARKER)
        with self._told("written to"):
            for path in files:
                self._put(f"{name}/{path.relative_to(workplace).as_posix()}", path)
        self._create(f"{name}/{MARKER}", (workplace / MARKER).read_bytes(), "a bag is never overwritten")

    def _put(self, key: str, path: Path) -> None:
        obstore.put(self._bucket, key, path, chunk_size=PART_BYTES, max_concurrency=PARTS_AT_ONCE, **self._more)

    def _create(self, key: str, content: bytes, why: str) -> None:
        with self._told("written to"):
            try:
                obstore.put(self._bucket, key, content, mode="create", **self._more)
            except AlreadyExistsError:
                raise ArchiveError(f"{key} is already in the store {self._address}; {why}") from None

    def stays(self, name: str) -> None:
        """Do nothing: an object is durable as soon as the store has answered."""

    def publish_file(self, content: bytes, name: str) -> None:
        """Put one small file that is not there yet."""
        self._create(name, content, "it is never overwritten")

    def read_back(self, name: str) -> tuple[BagFile, ...]:
        """Read every file of a bag out of the bucket and hash it."""
        return tuple(self._hashed(key, key.removeprefix(f"{name}/")) for key in self.names(name))

    def _hashed(self, key: str, path: str) -> BagFile:
        with self._told("read"):
            return hashed(path, obstore.get(self._bucket, key).stream(min_chunk_size=BLOCK_BYTES))

    def read_file(self, name: str) -> bytes:
        """Read one small file."""
        with self._told("read"):
            return bytes(obstore.get(self._bucket, name).bytes())

    def reading(self, name: str) -> AbstractContextManager[BinaryIO]:
        """Open one file of any size."""
        with self._told("read"):
            blocks = iter(obstore.get(self._bucket, name).stream(min_chunk_size=BLOCK_BYTES))
        return as_file(blocks, lambda: self._told("read"))

    def names(self, below: str) -> Iterator[str]:
        """Give the names of all files below a folder, in order."""
        with self._told("read"):
            found = sorted(each["path"] for each in self._listed(below))
        yield from found

    def sizes(self, name: str) -> Mapping[str, int]:
        """Give the length of every file of a bag, as the bucket lists it."""
        with self._told("read"):
            return {each["path"].removeprefix(f"{name}/"): each["size"] for each in self._listed(name)}

    def _listed(self, below: str) -> Iterator[Mapping[str, Any]]:
        for page in obstore.list(self._bucket, below):
            yield from page

    def set_aside(self, name: str) -> str:
        """Copy a bag or a file to `damaged/`, then take it away under its old name."""
        aside = aside_name(name)
        with self._told("written to"):
            keys = list(self.names(name)) or [name]
            for key in keys:
                obstore.copy(self._bucket, key, aside + key.removeprefix(name))
            # The marker goes first: what is left, should this be cut off, is no bag any more.
            for key in sorted(keys, key=lambda each: not each.endswith(f"/{MARKER}")):
                obstore.delete(self._bucket, key)
        return aside

    @contextmanager
    def _told(self, action: str) -> Iterator[None]:
        try:
            yield
        except (BaseError, OSError) as error:
            raise _as_ours(self._address, action, error) from None  # what it says of itself may hold signed addresses


# -- what went wrong, in our words


@contextmanager
def _spool_told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreNotWritable(f"the folder for unfinished work cannot be written to: {error.strerror}") from error


_GONE = re.compile(r"NoSuchBucket|ContainerNotFound|bucket does not exist", re.IGNORECASE)
_RIGHTS = "Check the credentials, and what they may do there (docs/stores.md)."
_LATER = "Check the network and the address; what is archived already stays valid. Then apply again."


def _as_ours(address: str, action: str, error: Exception) -> ArchiveError:
    said = str(error)
    if _GONE.search(said):
        return StoreNotWritable(
            f"the store {address} cannot be {action}: there is no such bucket",
            hint="Correct archive.stores, or make the bucket; it is never made by itself.",
        )
    if isinstance(error, PermissionDeniedError | UnauthenticatedError):
        return StoreNotWritable(f"the store {address} cannot be {action}: no rights", hint=_RIGHTS)
    if isinstance(error, NotFoundError | FileNotFoundError):
        return ArchiveError(f"the store {address} cannot be {action}: it has no such file")
    # The first line names the request; a query in it may be a signature.
    first = re.sub(r"\?\S*", "", said.partition("\n")[0])[:300]
    return StoreNotWritable(f"the store {address} cannot be {action}: {first}", hint=_LATER)
