"""From the stores of the desired-state file to open ones: folders beside the file, buckets anywhere."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from reconciler.archive.stores import BagStore
from reconciler.archive.stores.local import LocalStore
from reconciler.archive.stores.spool import Spool
from reconciler.core.desired import Store
from reconciler.errors import UsageRefused


def open_stores(
    stores: Sequence[Store],
    beside: Path,
    spool: Path,
    *,
    patience_s: float,
    user_agent: str,
    apart: str = "",
    holds_copies: Callable[[str], bool] = lambda _address: False,
) -> tuple[BagStore, ...]:
    """Open every store; folders are relative to `beside`, and what goes to a bucket waits in `spool`.

    `apart` names a place for unfinished work that is not shared with others who write to the same folders;
    `holds_copies` tells of an address whether copies are known to be there.

    Raises:
        UsageRefused: two addresses lead to one folder, or a bucket cannot be opened.
    """
    folders: dict[Path, str] = {}
    return tuple(
        _folder(store, beside, folders, apart, partial(holds_copies, store.address))
        if store.address.startswith("file:")
        else _opened(store, spool, patience_s=patience_s, user_agent=user_agent)
        for store in stores
    )


def folder_of(store: Store, beside: Path) -> Path:
    """Give the folder that a `file:` store is on this machine."""
    return (beside / store.address.removeprefix("file:")).resolve()


def _folder(
    store: Store, beside: Path, folders: dict[Path, str], apart: str, holds_copies: Callable[[], bool]
) -> BagStore:
    # Relative to the file, not to where the command is run: the same file means the same archive from everywhere.
    folder = folder_of(store, beside)
    # Links may lead two addresses to one folder: what stands there twice is one copy.
    before = folders.setdefault(folder, store.address)
    if before != store.address:
        raise UsageRefused(
            f"archive.stores: {before} and {store.address} are one folder, and hold one copy, not two",
            hint="Name a folder of its own for each store, best on another disk.",
        )
    return LocalStore(store.address, folder, apart=apart, holds_copies=holds_copies)


def _opened(store: Store, spool: Path, *, patience_s: float, user_agent: str) -> BagStore:
    try:
        from reconciler.archive.stores.clouds import open_bucket  # noqa: PLC0415 - obstore is an extra
    except ImportError as error:
        raise UsageRefused(
            f"archive.stores: {store.address} needs obstore, which is not installed",
            hint="Install it: pip install 'pictory-reconciler[objects]'",
        ) from error
    return open_bucket(store, Spool(spool), patience_s=patience_s, user_agent=user_agent)
