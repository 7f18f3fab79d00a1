"""`reconciler audit`: the chain of what was done."""

from typing import TYPE_CHECKING

import click

from reconciler.cli import options, output

if TYPE_CHECKING:
    from reconciler.wiring import Settings


@click.group()
def audit() -> None:
    """Check the record of what was done."""


@audit.command(name="verify")
@options.ledger
def verify(*, settings: "Settings") -> None:
    """Check the audit chain, and that it covers every clean.  Contacts nothing."""
    from reconciler import wiring
    from reconciler.ledger.audit_check import check_audit

    checked = check_audit(wiring.ledger_reader(settings))
    output.product(
        f"Audit: chain whole, {checked.events} events, {checked.cleans} cleans covered, head {checked.head}."
    )
