"""Files out of a bag, back on a disk: each held against its receipt while it is copied, all of a job's or none."""

import hashlib
from contextlib import suppress
from pathlib import Path, PurePosixPath

from reconciler.archive.names import safe_id
from reconciler.archive.stores import BagStore
from reconciler.archive.stores.blocks import BLOCK_BYTES
from reconciler.archive.stores.local import LocalStore, not_writable
from reconciler.core.receipt import BagFile, Receipt
from reconciler.engine.restoring import Restored
from reconciler.errors import ArchiveError

PAYLOAD = "data/"


class StoreRestorer:
    """Implements engine.restoring.BagRestorer: from the stores of the desired-state file into the folder `to`.

    A job becomes a folder of its own, named as in the archive, with what the bag has under `data/`, or with `whole_bag`
    the bag itself.
    """

    def __init__(self, stores: tuple[BagStore, ...], to: Path, *, whole_bag: bool) -> None:
        self._stores = {store.address: store for store in stores}
        self._to = to
        self._target = LocalStore(str(to), to)
        self._whole_bag = whole_bag

    def restore(self, receipt: Receipt) -> Restored:
        """Copy one job's files, or none of them."""
        name = safe_id(receipt.job_id)
        folder = self._to / name
        if self._target.has(name):
            return Restored(job_id=receipt.job_id, problem=f"{folder} is there already, and is not overwritten")
        wanted = [file for file in receipt.files if self._whole_bag or file.path.startswith(PAYLOAD)]
        size = sum(file.size for file in wanted)
        self._target.room_for(size)
        workplace = self._target.workplace(name)
        passed_over: list[str] = []
        try:
            for file in wanted:
                problems = self._copy(receipt, file, workplace / self._place(file.path))
                passed_over += problems
                if len(problems) == len(receipt.stores):
                    told = f"{file.path} is whole in no store: {'; '.join(problems)}"
                    return Restored(job_id=receipt.job_id, problem=told)
            self._target.publish(workplace, name)
        except OSError as error:
            raise not_writable(str(self._to), "written to", error) from error
        finally:
            self._target.discard(workplace)
            with suppress(OSError):  # of no use to whoever looks at what was restored
                workplace.parent.rmdir()
        return Restored(
            job_id=receipt.job_id,
            folder=str(folder),
            files=len(wanted),
            size=size,
            passed_over=tuple(passed_over),
        )

    def _place(self, path: str) -> PurePosixPath:
        """Give a file's place in the restored folder; a ledger that was tampered with must not lead out of it (I12)."""
        place = PurePosixPath(path if self._whole_bag else path.removeprefix(PAYLOAD))
        if place.is_absolute() or ".." in place.parts or not place.parts:
            raise ArchiveError(f"a receipt names a file {path!r}, which is no path inside a bag")
        return place

    def _copy(self, receipt: Receipt, file: BagFile, path: Path) -> list[str]:
        """Copy one file from the first store that has it whole; give what was wrong in those before."""
        path.parent.mkdir(parents=True, exist_ok=True)
        problems: list[str] = []
        for address in receipt.stores:
            problem = self._copied_from(address, f"{receipt.bag}/{file.path}", file, path)
            if not problem:
                return problems
            problems.append(f"{address}: {problem}")
        return problems

    def _copied_from(self, address: str, name: str, file: BagFile, path: Path) -> str:
        store = self._stores.get(address)
        if store is None:
            return "the file names this store no longer"
        sha256, size = hashlib.sha256(), 0
        try:
            with store.reading(name) as read, path.open("wb") as written:
                while block := read.read(BLOCK_BYTES):
                    written.write(block)
                    sha256.update(block)
                    size += len(block)
        except ArchiveError as error:  # a store that cannot be read is passed over, like one that is damaged
            return error.message
        return "" if (size, sha256.hexdigest()) == (file.size, file.sha256) else f"{file.path} is not what was archived"
