"""`reconciler refresh`: record what is there now.  Fit for an hourly schedule."""

from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from reconciler.cli import options, output

if TYPE_CHECKING:
    from reconciler.wiring import Settings


@click.command()
@options.service_to_record
@options.no_color
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
@click.option(
    "--accept-new-key",
    "new_key",
    is_flag=True,
    help="Take over a key that was never seen with this account, after it was changed; recorded in the audit.",
)
@click.option(
    "--accept-new-list",
    "new_list",
    is_flag=True,
    help="Take over a list that shows none of the jobs that the ledger expects; they count as gone.",
)
def refresh(*, settings: "Settings", no_color: bool, as_json: bool, new_key: bool, new_list: bool) -> None:
    """Record which jobs are there now, and nothing else.  Names jobs that left before they were archived, and others
    that are not as expected, once: one line where nothing is new.

    The service tells no times, so a job's age counts from the first time it was recorded.  Run this on a schedule,
    every hour, without the two flags that accept: each is for once.  A whole list or none is recorded, and while
    another run holds the ledger it ends with 7.
    """
    from reconciler import wiring
    from reconciler.cli.signals import stop_on_signals
    from reconciler.engine.refreshing import Accepted
    from reconciler.engine.refreshing import refresh as record
    from reconciler.report.refresh_text import refresh_json, refresh_text

    progress = output.PlainProgress()
    with ExitStack() as held:
        stop = held.enter_context(stop_on_signals())
        with wiring.refusal_told(settings, "refresh", progress):
            parts = held.enter_context(wiring.write_parts(settings, progress, stop))
        done = record(
            parts.desired,
            parts.reader,
            parts.ledger,
            parts.clock,
            parts.key,
            parts.evidence,
            stop,
            accepted=Accepted(new_key=new_key, new_list=new_list),
        )
    output.product(refresh_json(done) if as_json else refresh_text(done, style=output.style(no_color=no_color)))
