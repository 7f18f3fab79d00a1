"""Files on their way to the disk, and as the disk has them.

Only `sync` promises something.  The rest is advice: a system that does not take it does the same later, or gives what
it has.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import BinaryIO, NoReturn

BLOCK_BYTES = 256 * 1024
PIECE_BYTES = 32 * 1024
OPEN_AT_ONCE = 32
"""Files of a folder that are made durable together."""
AHEAD_BYTES = 8 * 1024 * 1024
"""So much is asked of the disk before it is needed, so that it reads while what it gave is looked at."""

Block = bytes | memoryview


def put(file: BinaryIO, block: Block) -> None:
    """Write a block, in pieces.

    Where a kernel holds files in large pages (ext4 since Linux 6.16), large writes take three times the work.
    """
    whole = memoryview(block)
    for at in range(0, len(whole), PIECE_BYTES):
        file.write(whole[at : at + PIECE_BYTES])


def write_out(descriptor: int, start: int = 0, size: int = 0) -> None:
    """Let so many bytes from `start`, just written, begin their way to the disk; 0 for all behind it.

    A sync later has less to wait for; it is as needed as before.
    """
    with suppress(OSError, AttributeError):
        # Pages that are not on the disk yet cannot be dropped, so the kernel begins to write them, and keeps them.
        os.posix_fadvise(descriptor, start, size, os.POSIX_FADV_DONTNEED)


def sync_below(folder: Path) -> None:
    """Make a folder and all that is in it durable.

    Files are on their way before the first is waited for: a journal then takes most of them in at once.
    """
    found = [(Path(root), names) for root, _, names in os.walk(folder, onerror=_raise)]
    files = [root / name for root, names in found for name in names]
    for at in range(0, len(files), OPEN_AT_ONCE):
        _sync_all(files[at : at + OPEN_AT_ONCE])
    for root, _ in reversed(found):
        sync(root)


def _sync_all(files: Sequence[Path]) -> None:
    opened: list[int] = []
    try:
        for path in files:
            opened.append(os.open(path, os.O_RDONLY))
            write_out(opened[-1])
        for descriptor in opened:
            os.fsync(descriptor)
    finally:
        for descriptor in opened:
            os.close(descriptor)


def sync(path: Path) -> None:
    """Make a file's content, or the names in a folder, durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _raise(error: OSError) -> NoReturn:
    raise error


def blocks_from_disk(file: FileIO) -> Iterator[memoryview]:
    """Give a file's bytes as the disk has them, where the system allows; each block is overwritten by the next."""
    descriptor, size = file.fileno(), os.fstat(file.fileno()).st_size
    most = min(BLOCK_BYTES, size + 1)  # most files of a bag are small, and a block is made of zeros first
    with suppress(OSError, AttributeError):  # what was just written may only be in memory
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    buffer = memoryview(bytearray(most))
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
