"""Files out of a bag: whose disk is full is told, and no receipt leads out of the folder."""

import dataclasses
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler.archive.restorer import StoreRestorer
from reconciler.archive.stores.local import LocalStore
from reconciler.core.receipt import BagFile, Receipt
from reconciler.errors import ArchiveError, StoreNotWritable
from tests.support.bags import receipt_of

BAG = "jobs/a/0123456789ab"


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    store = LocalStore("file:./archive", tmp_path / "archive")
    workplace = store.workplace("a")
    (workplace / "data").mkdir()
    (workplace / "data" / "film.mp4").write_bytes(bytes(100_000))
    store.publish(workplace, BAG)
    return store


@pytest.fixture
def receipt(store: LocalStore) -> Receipt:
    return receipt_of(store, BAG)


@contextmanager
def full_disk() -> Iterator[None]:
    """Let no file of this process grow beyond 50 kB, as if there were no space left."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_is_full_is_that_of_what_is_written_not_that_of_the_archive(
    store: LocalStore, receipt: Receipt, tmp_path: Path
) -> None:
    to = tmp_path / "back"
    with full_disk(), pytest.raises(StoreNotWritable) as stopped:
        StoreRestorer((store,), to, whole_bag=False).restore(receipt)
    assert stopped.value.message.startswith(f"the store {to} cannot be written to: ")
    assert list(to.rglob("*")) == []


ESCAPES = [
    *((path, False) for path in ("data/../../escaped", "data//etc/escaped", "data/")),
    *((path, True) for path in ("data/../../escaped", "/etc/escaped", "../escaped")),
]


@pytest.mark.parametrize(("path", "whole_bag"), ESCAPES)
def test_a_receipt_never_leads_out_of_the_folder(
    store: LocalStore, receipt: Receipt, tmp_path: Path, path: str, whole_bag: bool
) -> None:  # I12
    forged = dataclasses.replace(receipt, files=(BagFile(path=path, size=1, sha256="0" * 64),))
    with pytest.raises(ArchiveError, match="which is no path inside a bag"):
        StoreRestorer((store,), tmp_path / "back", whole_bag=whole_bag).restore(forged)
    assert not list(tmp_path.rglob("escaped"))
