"""`reconciler validate`: is the desired-state file right?  Contacts nothing."""

from pathlib import Path

import click

from reconciler.cli import options, output


@click.command()
@options.desired_file
def validate(file: Path) -> None:
    """Check the desired-state file: every error with its place.  Contacts nothing."""
    from reconciler import wiring

    desired = wiring.desired_state(options.settings(file, None))
    limits = desired.limits
    output.product(
        f"{file}: valid. Account {desired.account}, {len(desired.retain)} rules, otherwise: {desired.otherwise.value}, "
        f"at most {limits.max_jobs} jobs a run."
    )
