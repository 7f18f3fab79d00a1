"""`reconciler status`: how things stand.  Sends GET only, writes nothing."""

from typing import TYPE_CHECKING

import click

from reconciler.cli import options, output

if TYPE_CHECKING:
    from reconciler.wiring import Settings


@click.command()
@options.service
@options.no_color
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.option("--offline", is_flag=True, help="Do not ask the service; no key is needed.")
def status(*, settings: "Settings", no_color: bool, as_json: bool, offline: bool) -> int:
    """Show what the ledger holds and how much of the plan is used.  Changes nothing.

    Where the service cannot be reached, the ledger's part is shown all the same, and the exit code is that error's.
    """
    from reconciler import wiring
    from reconciler.clock import SystemClock
    from reconciler.engine.status import look
    from reconciler.report.status_text import status_json, status_text

    told = look(
        wiring.desired_state(settings).account,
        wiring.ledger_reader(settings),
        SystemClock(),
        None if offline else lambda: wiring.account_readers(settings),
    )
    output.product(status_json(told) if as_json else status_text(told, style=output.style(no_color=no_color)))
    return told.exit_code
