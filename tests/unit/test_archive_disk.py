"""Bytes on their way to the disk, and off it again."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.archive.disk import AHEAD_BYTES, BLOCK_BYTES, blocks_from_disk, write_out
from reconciler.archive.stores.local import LocalStore


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
            write_out(file.fileno(), at, AHEAD_BYTES // 2)
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
        write_out(read.fileno())
        assert sum(len(block) for block in blocks_from_disk(read)) == BLOCK_BYTES + 1


# -- in which order a store makes things durable

Made = list[str | int]
"""What was done: "named" for a rename or a link, and for each sync the number of the file or folder."""


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Made:
    done: Made = []

    def after(call: Callable[..., Any], told: Callable[..., str | int]) -> Callable[..., Any]:
        def called(*arguments: Any, **more: Any) -> Any:
            result = call(*arguments, **more)
            done.append(told(*arguments))
            return result

        return called

    monkeypatch.setattr("os.fsync", after(os.fsync, lambda descriptor: os.fstat(descriptor).st_ino))
    for name in ("rename", "link"):
        monkeypatch.setattr(f"os.{name}", after(getattr(os, name), lambda *_paths: "named"))
    return done


def number(path: Path) -> int:
    return path.stat().st_ino


@pytest.mark.parametrize("is_there", [False, True], ids=["a new store", "folders that a dead run left"])
def test_all_of_a_bag_is_durable_before_it_has_its_name_and_every_name_that_leads_to_it_after(
    tmp_path: Path, made: Made, is_there: bool
) -> None:  # I8
    root = tmp_path / "new" / "archive"
    store = LocalStore("file:./archive", root)
    workplace = store.workplace("a")
    for name in ("bagit.txt", "data/job.json", "data/assets/video.mp4"):
        (workplace / name).parent.mkdir(parents=True, exist_ok=True)
        (workplace / name).write_text("x")
    inside = {number(path) for path in (workplace, *workplace.rglob("*"))}
    if is_there:
        (root / "jobs" / "a").mkdir(parents=True)
    store.publish(workplace, "jobs/a/1")
    at = made.index("named")
    assert set(made[:at]) == inside
    leading = [root / "jobs" / "a", root / "jobs", root, root.parent, tmp_path]
    assert {number(folder) for folder in leading} <= set(made[at:])


def test_a_receipt_is_durable_before_it_has_its_name_and_every_name_that_leads_to_it_after(
    tmp_path: Path, made: Made
) -> None:  # I1, I8
    root = tmp_path / "archive"
    store = LocalStore("file:./archive", root)
    store.publish_file(b"{}", "receipts/a/1.json")
    assert made[:2] == [number(root / "receipts/a/1.json"), "named"]
    assert {number(folder) for folder in (root / "receipts/a", root / "receipts", root, tmp_path)} <= set(made[2:])
    del made[:]
    store.publish_file(b"{}", "receipts/b/1.json")
    assert set(made[2:]) == {number(root / "receipts/b"), number(root / "receipts")}, "and no more than is needed"
