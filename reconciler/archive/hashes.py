"""What a file hashes to, told while it comes, and only as far as anything is compared with it.

SHA-256 is always told.  MD5 is slow, so it is left out where the host sent nothing to compare it with; and with a large
file it is worked out by another thread, beside the one that receives.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache

from reconciler.archive.checksums import Md5OfParts, Offered, part_sizes, wants_md5

LARGE_BYTES = 8 * 1024 * 1024
BATCH_BYTES = 512 * 1024
"""Handed to the other thread at a time: each handing over costs some 0.1 ms, and two batches are memory of a file."""
THREADS = 4

Block = bytes | memoryview


@cache
def _others() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="md5")


class _Beside:
    """Hands blocks to another thread in batches, one after the other: while one is worked on, the next one fills."""

    def __init__(self, work: Callable[[Block], None]) -> None:
        self._work = work
        self._filling, self._spare = bytearray(BATCH_BYTES), bytearray(BATCH_BYTES)
        self._filled = 0
        self._pending: Future[None] | None = None

    def take(self, block: Block) -> None:
        """Copy a block."""
        left = memoryview(block)
        while left:
            taken = left[: BATCH_BYTES - self._filled]
            self._filling[self._filled : self._filled + len(taken)] = taken
            self._filled += len(taken)
            left = left[len(taken) :]
            if self._filled == BATCH_BYTES:
                self._hand_over()

    def settle(self) -> None:
        """Wait until all is worked on."""
        self._hand_over()
        self._wait()

    def _hand_over(self) -> None:
        self._wait()
        self._pending = _others().submit(self._work, memoryview(self._filling)[: self._filled])
        self._filling, self._spare, self._filled = self._spare, self._filling, 0

    def _wait(self) -> None:
        if self._pending is not None:
            self._pending.result()


class Hashes:
    """The hashes of one file, told block after block.

    `etag` and `checksums` are what the host sent of the whole file, `declared` its length, None where it told none.
    """

    def __init__(self, etag: str, checksums: Sequence[Offered], declared: int | None) -> None:
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False) if wants_md5(etag, checksums) else None
        self._of_parts = {size: Md5OfParts(size) for size in part_sizes(etag, declared)}
        is_beside = (declared or 0) >= LARGE_BYTES and bool(self._md5 or self._of_parts)
        self._beside = _Beside(self._update_md5s) if is_beside else None

    def update(self, block: Block) -> None:
        """Take the next bytes, which the caller may overwrite afterwards."""
        if self._beside is None:
            self._update_md5s(block)
        else:
            self._beside.take(block)
        self._sha256.update(block)

    def _update_md5s(self, block: Block) -> None:
        if self._md5 is not None:
            self._md5.update(block)
        for of_parts in self._of_parts.values():
            of_parts.update(block)

    def _settle(self) -> None:
        if self._beside is not None:
            self._beside.settle()

    @property
    def sha256(self) -> str:
        """SHA-256 of what came so far, in hex."""
        return self._sha256.hexdigest()

    @property
    def md5(self) -> str:
        """MD5 of what came so far, in hex; "" where nobody needs it."""
        self._settle()
        return self._md5.hexdigest() if self._md5 is not None else ""

    @property
    def md5s_of_parts(self) -> Mapping[int, str]:
        """The MD5 of the MD5s of the file's parts, by part size, once all of it has come."""
        self._settle()
        return {size: of_parts.hexdigest() for size, of_parts in self._of_parts.items()}
