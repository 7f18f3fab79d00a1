"""`reconciler audit`: the chain of what was done."""

from pathlib import Path

import click

from reconciler.cli import options, output


@click.group()
def audit() -> None:
    """Check the record of what was done."""


@audit.command(name="verify")
@options.desired_file
@options.state
def verify(*, file: Path, state: Path | None) -> None:
    """Check the audit chain, and that it covers every clean.  Contacts nothing."""
    from reconciler import wiring
    from reconciler.ledger.audit_check import check_audit

    checked = check_audit(wiring.ledger_reader(options.settings(file, state)))
    output.product(
        f"Audit: chain whole, {checked.events} events, {checked.cleans} cleans covered, head {checked.head}."
    )
