"""What a system lets a program say of its files: write these bytes out by now; give me the disk's, not the memory's.

It is advice: a system that knows nothing of it does the same later, or gives what it has.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from io import FileIO

BLOCK_BYTES = 256 * 1024
AHEAD_BYTES = 8 * 1024 * 1024
"""So much is asked of the disk before it is needed, so that it reads while what it gave is looked at."""


def write_out(descriptor: int, start: int, stop: int) -> None:
    """Let the bytes from `start` to `stop`, just written, begin their way to the disk.

    A sync at the end of a large file then has little to wait for; it is as needed as before.
    """
    with suppress(OSError, AttributeError):
        # Pages that are not on the disk yet cannot be dropped, so the kernel begins to write them, and keeps them.
        os.posix_fadvise(descriptor, start, stop - start, os.POSIX_FADV_DONTNEED)


def blocks_from_disk(file: FileIO) -> Iterator[memoryview]:
    """Give a file's bytes as the disk has them, where the system allows; each block is overwritten by the next."""
    descriptor, size = file.fileno(), os.fstat(file.fileno()).st_size
    with suppress(OSError, AttributeError):  # what was just written may only be in memory
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    buffer = memoryview(bytearray(BLOCK_BYTES))
    at = asked = 0
    while True:
        if size > BLOCK_BYTES and asked < min(size, at + AHEAD_BYTES):
            _read_ahead(descriptor, asked)
            asked += AHEAD_BYTES
        count = file.readinto(buffer)
        if not count:
            return
        yield buffer[:count]
        at += count


def _read_ahead(descriptor: int, start: int) -> None:
    with suppress(OSError, AttributeError):
        os.posix_fadvise(descriptor, start, AHEAD_BYTES, os.POSIX_FADV_WILLNEED)
