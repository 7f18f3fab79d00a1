"""`reconciler unlock`: take the right to write from a run that is dead, before its time is up."""

from typing import TYPE_CHECKING

import click

from reconciler.cli import options, output

if TYPE_CHECKING:
    from reconciler.wiring import Settings


@click.command()
@click.argument("lease_id", metavar="LEASE_ID")
@options.ledger
def unlock(*, lease_id: str, settings: "Settings") -> None:
    """Let the next run in at once, though a run that is dead still holds the ledger.

    A lease runs out by itself, a minute after its holder's last sign of life.  Whoever needs it sooner names the lease,
    as the run that was refused was told it.  Should its holder be alive after all, it stops before its next write.
    Contacts nothing but the ledger.

    \b
    Examples:
      reconciler unlock lease-5b1c09e7d2aa
    """
    from reconciler import wiring

    with wiring.refusal_told(settings, "unlock", output.PlainProgress()):
        freed = wiring.unlock(settings, lease_id)
    if freed is None:
        output.product("Unlock: no run holds the ledger; nothing was changed.")
        return
    after = f"in {freed.wait_s:.0f} s: a clean may be on its way" if freed.wait_s else "at once"
    output.product(
        f"Unlock: {freed.operation} by {freed.owner} (run {freed.run_id}) may not write any more; the next run may "
        f"begin {after}."
    )
