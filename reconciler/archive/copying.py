"""A bag from one store to another: into a workplace of the other, from where it is published."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from reconciler.archive.disk import put
from reconciler.archive.stores import BagStore
from reconciler.archive.stores.blocks import blocks_of
from reconciler.archive.stores.local import not_writable
from reconciler.core.receipt import BagFile


@contextmanager
def copied_bag(source: BagStore, target: BagStore, name: str, files: Sequence[BagFile]) -> Iterator[Path]:
    """Give a workplace of `target` with the files of a bag out of `source`; it is gone afterwards, unless published.

    Raises:
        StoreNotWritable: `target` takes no more.
        ArchiveError: `source` cannot be read.
    """
    target.room_for(sum(file.size for file in files))
    workplace = target.workplace(name.replace("/", "-"))
    try:
        for file in files:
            path = workplace / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            with source.reading(f"{name}/{file.path}") as read, path.open("xb") as written:
                for block in blocks_of(read):
                    put(written, block)
        yield workplace
    except OSError as error:
        raise not_writable(target.address, "written to", error) from error
    finally:
        target.discard(workplace)
