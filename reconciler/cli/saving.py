"""How a verb writes the file that --out names: whole or not at all."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def save(path: Path, parts: Iterable[str]) -> None:
    """Write a whole file or none: one cut off by a full disk must not lie there under its name."""
    from reconciler.errors import UsageRefused

    if path.exists() and not path.is_file():  # a device would be replaced by a file of its name
        raise UsageRefused(f"{path} cannot be written: it is no file", hint="Name another file.")
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        with unfinished.open("w", encoding="utf-8") as opened:
            opened.writelines(parts)
            opened.flush()
            os.fsync(opened.fileno())
        unfinished.replace(path)
    except OSError as error:
        raise UsageRefused(f"{path} cannot be written: {error.strerror}", hint="Name another file.") from error
    finally:
        with suppress(OSError):  # there is none after a success, nor where none could be made
            unfinished.unlink()
