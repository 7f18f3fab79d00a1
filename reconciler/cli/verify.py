"""`reconciler verify`: read every archived bag again.  Contacts nothing, writes nothing."""

from typing import TYPE_CHECKING

import click

from reconciler.cli import options, output

if TYPE_CHECKING:
    from reconciler.wiring import Settings


@click.command()
@click.argument("ids", metavar="[ID]...", nargs=-1)
@options.ledger
@options.no_color
def verify(*, ids: tuple[str, ...], settings: "Settings", no_color: bool) -> int:
    """Read every archived bag again, or those of some jobs, in every store, and compare it with its receipt.

    Exits 8 when one is damaged or missing, 64 for an ID that was never archived.
    """
    from reconciler import wiring
    from reconciler.core.job import JobId
    from reconciler.engine.ports import BagState
    from reconciler.engine.verifying import verify_bags
    from reconciler.errors import ArchiveError
    from reconciler.report.verify_text import verify_text

    wanted = tuple(JobId(each) for each in ids)
    checks = verify_bags(wiring.ledger_reader(settings), wiring.bag_verifier(settings), wanted)
    output.product(verify_text(checks, style=output.style(no_color=no_color)))
    return 0 if all(check.state is BagState.WHOLE for check in checks) else ArchiveError.exit_code
