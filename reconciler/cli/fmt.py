"""`reconciler fmt`: the desired-state file in its usual order.  Contacts nothing."""

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli import options, output

if TYPE_CHECKING:
    from reconciler.wiring import Settings


@click.command()
@options.desired
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit 1 when the file would change.")
def fmt(*, settings: "Settings", only_check: bool) -> int:
    """Put the keys of the desired-state file in their usual order.

    Comments stay with what they stand above, and the meaning stays: the digest of the file is the same before and
    after, or nothing is written.  A file with errors is refused, as validate does.
    """
    from reconciler.desired.formatting import formatted
    from reconciler.desired.reader import content_of

    file = settings.file
    content = content_of(file)
    text = formatted(content, str(file))
    if text.encode() == content:
        output.talk(f"{file}: in order.")
        return 0
    if only_check:
        output.product(f"{file}: would change; run reconciler fmt")
        return 1
    _replace(file, text)
    output.talk(f"{file}: put in order.")
    return 0


def _replace(file: Path, text: str) -> None:
    """Write a whole file or none, behind a link where the file is one, with the rights that it had."""
    from reconciler.errors import UsageRefused

    real = file.resolve()
    unfinished = real.with_name(f".{real.name}.unfinished")
    try:
        with unfinished.open("w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        shutil.copymode(real, unfinished)
        unfinished.replace(real)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise UsageRefused(f"{file} cannot be written: {error.strerror}", hint="Nothing was changed.") from error
