"""Bytes on their way to the disk, and off it again."""

import hashlib
from pathlib import Path

import pytest

from reconciler.archive.disk import AHEAD_BYTES, BLOCK_BYTES, blocks_from_disk, write_out


@pytest.mark.parametrize(
    "size", [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 2 * AHEAD_BYTES + 3 * BLOCK_BYTES + 5]
)
def test_what_was_written_out_early_is_read_back_to_its_last_byte(tmp_path: Path, size: int) -> None:  # I1
    content = hashlib.shake_128(b"a file").digest(size)
    path = tmp_path / "file"
    with path.open("wb") as file:
        for at in range(0, size, AHEAD_BYTES // 2):
            file.write(content[at : at + AHEAD_BYTES // 2])
            file.flush()
            write_out(file.fileno(), at, at + AHEAD_BYTES // 2)
    hashed, count = hashlib.sha256(), 0
    with path.open("rb", buffering=0) as read:
        for block in blocks_from_disk(read):
            hashed.update(block)
            count += len(block)
    assert (count, hashed.hexdigest()) == (size, hashlib.sha256(content).hexdigest())


def test_advice_that_a_system_does_not_take_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("os.posix_fadvise")
    path = tmp_path / "file"
    path.write_bytes(b"a" * (BLOCK_BYTES + 1))
    with path.open("rb", buffering=0) as read:
        write_out(read.fileno(), 0, 1)
        assert sum(len(block) for block in blocks_from_disk(read)) == BLOCK_BYTES + 1
