"""Is a folder the same folder on every machine?  The coordinator leaves a token in it, and each worker must read it.

The same path on another machine is another folder unless it is mounted there, and what is copied into it would be no
archive: nobody else would ever see it.
"""

import os
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from reconciler.archive.stores.local import PARTIAL, not_writable
from reconciler.archive.stores.opening import folder_of
from reconciler.core.desired import Store

LOOKS_S = (0.0, 0.5, 1.5)
"""How long to wait before each look: a file system of several machines may show a new file a moment later."""


@dataclass(frozen=True, slots=True)
class Token:
    """A file in the folder of a store: its path there, and what it holds."""

    store: Store
    name: str
    content: str


@contextmanager
def tokens_in(stores: Iterable[Store], beside: Path) -> Iterator[tuple[Token, ...]]:
    """Leave a token in each folder among the stores; they are gone afterwards.

    Raises:
        StoreNotWritable, ArchiveError: a folder cannot be written to.
    """
    with ExitStack() as left:
        yield tuple(left.enter_context(_token(store, beside)) for store in stores if store.address.startswith("file:"))


@contextmanager
def _token(store: Store, beside: Path) -> Iterator[Token]:
    token = Token(store, f"{PARTIAL}/seen-by-workers-{uuid.uuid4().hex}", uuid.uuid4().hex)
    path = folder_of(store, beside) / token.name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="ascii") as file:
            file.write(token.content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise not_writable(store.address, "written to", error) from error
    try:
        yield token
    finally:
        path.unlink(missing_ok=True)


def unseen(tokens: Iterable[Token], beside: Path, pause: Callable[[float], None] = time.sleep) -> str:
    """Tell the first store that is another folder here, in a sentence; empty where all are the same."""
    for token in tokens:
        folder = folder_of(token.store, beside)
        if not any(_is_there(token, folder, pause, wait_s) for wait_s in LOOKS_S):
            return f"the store {token.store.address} is another folder there ({folder})"
    return ""


def _is_there(token: Token, folder: Path, pause: Callable[[float], None], wait_s: float) -> bool:
    pause(wait_s)
    try:
        return (folder / token.name).read_text(encoding="ascii", errors="replace") == token.content
    except OSError:
        return False
