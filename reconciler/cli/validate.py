"""`reconciler validate`: is the desired-state file right?  Contacts nothing."""

from typing import TYPE_CHECKING

import click

from reconciler.cli import options, output

if TYPE_CHECKING:
    from reconciler.wiring import Settings


@click.command()
@options.desired
def validate(*, settings: "Settings") -> None:
    """Check the desired-state file: every error with its place.  Contacts nothing."""
    from reconciler import wiring

    desired = wiring.desired_state(settings)
    limits = desired.limits
    output.product(
        f"{settings.file}: valid. Account {desired.account}, {len(desired.retain)} rules, "
        f"otherwise: {desired.otherwise.value}, at most {limits.max_jobs} jobs a run."
    )
