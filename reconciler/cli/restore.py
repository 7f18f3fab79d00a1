"""`reconciler restore`: take jobs out of the archive.  Contacts no service, changes no store."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli import options, output

if TYPE_CHECKING:
    from reconciler.wiring import Settings


@click.command()
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@options.ledger
@options.no_color
@click.option(
    "--to",
    "folder",
    metavar="DIR",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to put them: each job in a folder of its own, which must not be there yet.",
)
@click.option("--bag", "whole_bag", is_flag=True, help="The whole bag, with its manifests, not its files alone.")
def restore(*, ids: tuple[str, ...], settings: "Settings", no_color: bool, folder: Path, whole_bag: bool) -> int:
    """Copy the files of archived jobs into a folder, each held against its receipt while it is copied.

    A file that is not whole in one store is taken from another.  Of each job all files come or none, and nothing is
    overwritten.  Exits 8 when a job could not be restored, 64 for an ID that was never archived.

    \b
    Example:
      reconciler restore 6c1f0b52-7a34-4d0e-9f6b-2a51c8e7d910 --to restored
    """
    from reconciler import wiring
    from reconciler.core.job import JobId
    from reconciler.engine.restoring import restore_jobs
    from reconciler.errors import ArchiveError
    from reconciler.report.restore_text import restore_text

    restorer = wiring.bag_restorer(settings, folder, whole_bag=whole_bag)
    restored = restore_jobs(wiring.ledger_reader(settings), restorer, tuple(JobId(each) for each in ids))
    output.product(restore_text(restored, style=output.style(no_color=no_color)))
    return ArchiveError.exit_code if any(each.problem for each in restored) else 0
