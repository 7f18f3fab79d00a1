"""`reconciler refresh`: record what is there now.  Fit for an hourly schedule."""

from typing import TYPE_CHECKING

import click

from reconciler.cli import options, output

if TYPE_CHECKING:
    from reconciler.wiring import Settings


@click.command()
@options.service
def refresh(*, settings: "Settings") -> None:
    """Record which jobs are there now, and nothing else.

    The service tells no times, so a job's age counts from the first time it was recorded.  Run this on a schedule.
    """
    from reconciler import wiring
    from reconciler.engine.refreshing import refresh as record

    with wiring.write_parts(settings, output.PlainProgress()) as parts:
        done = record(parts.desired, parts.reader, parts.ledger, parts.clock, parts.evidence)
    output.product(f"Refresh: {done.jobs} jobs listed, {done.new} of them new to the ledger.")
