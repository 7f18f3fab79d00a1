"""A file out of a store, read from its start: errors of reading in our words, and none of what is done with it."""

import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, BinaryIO

BLOCK_BYTES = 1024 * 1024

Told = Callable[[], AbstractContextManager[None]]


def as_file(blocks: Iterator[Any], told: Told) -> BinaryIO:
    """Give blocks of bytes as a file; `told` turns what goes wrong while the next one is fetched into our errors."""
    return io.BufferedReader(_Blocks(blocks, told), BLOCK_BYTES)


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
