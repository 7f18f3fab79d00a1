"""`reconciler import-times`: when jobs were made, from the user's own records.  Contacts nothing."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli import options, output

if TYPE_CHECKING:
    from reconciler.wiring import Settings


@click.command(name="import-times")
@click.argument("times_file", type=click.Path(path_type=Path))
@options.ledger_to_write
@click.option("--replace", is_flag=True, help="Let a time take the place of an earlier import's.")
def import_times(*, times_file: Path, settings: "Settings", replace: bool) -> None:
    """Record when jobs were made, from TIMES_FILE: CSV with the header job_id,created_at.

    Times are RFC 3339 with a zone, as in 2026-01-31T09:00:00Z.  All lines are taken or none.  Jobs that were never
    listed are kept for later.

    \b
    Examples:
      reconciler import-times renders.csv
    """
    from reconciler import wiring
    from reconciler.clock import SystemClock
    from reconciler.engine.importing import import_times as record
    from reconciler.ledger.times_file import read_times

    progress = output.PlainProgress()
    with wiring.refusal_told(settings, "import-times", progress):
        desired = wiring.desired_state(settings)
        read = read_times(times_file)
        ledger = wiring.ledger_writer(settings, progress)
    done = record(desired, read, ledger, SystemClock(), replace=replace)
    output.product(
        f"Import: {done.new} times new, {done.moved} moved, {done.same} as before; "
        f"{done.not_seen} of jobs not seen yet."
    )
