"""`reconciler refresh`: record what is there now.  Fit for an hourly schedule."""

from typing import TYPE_CHECKING

import click

from reconciler.cli import options, output

if TYPE_CHECKING:
    from reconciler.wiring import Settings


@click.command()
@options.service
@options.no_color
def refresh(*, settings: "Settings", no_color: bool) -> None:
    """Record which jobs are there now, and nothing else.  Names jobs that left before they were archived.

    The service tells no times, so a job's age counts from the first time it was recorded.  Run this on a schedule.
    """
    from reconciler import wiring
    from reconciler.cli.signals import stop_on_signals
    from reconciler.engine.refreshing import refresh as record
    from reconciler.report.loss_text import newly_lost_text

    with stop_on_signals() as stop, wiring.write_parts(settings, output.PlainProgress(), stop) as parts:
        done = record(parts.desired, parts.reader, parts.ledger, parts.clock, parts.evidence, stop)
    lost = newly_lost_text(done.lost, style=output.style(no_color=no_color))
    output.product(f"{lost}Refresh: {done.jobs} jobs listed, {done.new} of them new to the ledger.")
