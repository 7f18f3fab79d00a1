"""`reconciler forecast`: what time alone will let go.  Sends GET only, writes nothing."""

from typing import TYPE_CHECKING

import click

from reconciler.cli import options, output

if TYPE_CHECKING:
    from reconciler.wiring import Settings


@click.command()
@options.service
@options.no_color
@click.option(
    "--days",
    type=click.IntRange(1, 3660),
    default=30,
    show_default=True,
    help="How many days to look ahead, by the file's zone.",
)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON, with every job.")
def forecast(
    *,
    settings: "Settings",
    no_color: bool,
    days: int,
    as_json: bool,
) -> None:
    """Show what each rule lets go on which day, if nothing changes, and which rules lapse.  Changes nothing.

    A job stands on the first day at whose start a plan would let it go.

    \b
    Examples:
      reconciler forecast
      reconciler forecast --days 90 --json
    """
    from reconciler import wiring
    from reconciler.engine.forecasting import look_ahead
    from reconciler.report.forecast_text import forecast_json, forecast_text

    with wiring.read_parts(settings) as parts:
        told = look_ahead(parts.desired, parts.reader, parts.ledger, parts.clock, days, parts.evidence)
    output.product(forecast_json(told) if as_json else forecast_text(told, style=output.style(no_color=no_color)))
