"""`reconciler verify`: read every archived bag again.  Contacts nothing, writes nothing."""

from typing import TYPE_CHECKING

import click

from reconciler.cli import options, output

if TYPE_CHECKING:
    from reconciler.wiring import Settings


@click.command()
@options.ledger
@options.no_color
def verify(*, settings: "Settings", no_color: bool) -> int:
    """Read every archived bag again and compare it with its receipt.  Exits 8 when one is damaged or missing."""
    from reconciler import wiring
    from reconciler.engine.ports import BagState
    from reconciler.engine.verifying import verify_all
    from reconciler.errors import ArchiveError
    from reconciler.report.verify_text import verify_text

    checks = verify_all(wiring.ledger_reader(settings), wiring.bag_verifier(settings))
    output.product(verify_text(checks, style=output.style(no_color=no_color)))
    return 0 if all(check.state is BagState.WHOLE for check in checks) else ArchiveError.exit_code
