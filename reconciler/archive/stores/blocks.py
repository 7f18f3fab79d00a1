"""Files of a store block by block: hashed, or given as files whose errors of reading are told in our words."""

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, BinaryIO

from reconciler.core.receipt import BagFile

BLOCK_BYTES = 1024 * 1024

Told = Callable[[], AbstractContextManager[None]]


def as_file(blocks: Iterator[Any], told: Told) -> BinaryIO:
    """Give blocks of bytes as a file; `told` turns what goes wrong while the next one is fetched into our errors."""
    return io.BufferedReader(_Blocks(blocks, told), BLOCK_BYTES)


def blocks_of(file: BinaryIO) -> Iterator[bytes]:
    """Give an open file block by block."""
    return iter(partial(file.read, BLOCK_BYTES), b"")


def hashed(path: str, blocks: Iterable[Any]) -> BagFile:
    """Take the length and the hash of a file of a bag, out of its blocks of bytes."""
    sha256, size = hashlib.sha256(), 0
    for block in blocks:
        sha256.update(block)
        size += len(block)
    return BagFile(path=path, size=size, sha256=sha256.hexdigest())


class _Blocks(io.RawIOBase):
    def __init__(self, blocks: Iterator[Any], told: Told) -> None:
        self._blocks = blocks
        self._told = told
        self._left = memoryview(b"")

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Fill the buffer as far as the block at hand goes; 0 at the end."""
        with self._told():
            while not self._left and (block := next(self._blocks, None)) is not None:
                self._left = memoryview(block)
        wanted = memoryview(buffer)
        taken = min(len(wanted), len(self._left))
        wanted[:taken] = self._left[:taken]
        self._left = self._left[taken:]
        return taken
