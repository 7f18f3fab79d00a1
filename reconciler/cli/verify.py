"""`reconciler verify`: read archived bags again.  Contacts no service; writes nothing, other than with --repair."""

from typing import TYPE_CHECKING

import click

from reconciler.cli import options, output

if TYPE_CHECKING:
    from reconciler.wiring import Settings


@click.command()
@click.argument("ids", metavar="[ID]...", nargs=-1)
@options.ledger_and_signatures
@options.no_color
@click.option(
    "--repair",
    is_flag=True,
    help="Make a copy that is damaged or missing in one store anew from another that is whole; the damaged one is put "
    "aside, and the audit tells it.",
)
def verify(*, ids: tuple[str, ...], settings: "Settings", no_color: bool, repair: bool) -> int:
    """Read every archived bag again, or those of some jobs, in every store, and compare it with its receipt.

    With --verify-key the receipt in each store must be signed by that key too; one that is not counts as damage.

    Exits 8 when one is damaged or missing, 64 for an ID that was never archived.
    """
    from reconciler import wiring
    from reconciler.core.job import JobId
    from reconciler.engine.ports import BagState
    from reconciler.engine.repairing import Repaired, RepairReport, repair_bags
    from reconciler.engine.signed_receipts import demand_signatures
    from reconciler.engine.verifying import newest_bags, verify_bags
    from reconciler.errors import ArchiveError
    from reconciler.report.verify_text import repair_text

    wanted = tuple(JobId(each) for each in ids)
    style, progress = output.style(no_color=no_color), output.PlainProgress()
    signatures = wiring.receipt_signatures(settings, progress.note)
    repaired: tuple[Repaired, ...] = ()
    if repair:
        account, ledger = wiring.desired_state(settings).account, wiring.ledger_writer(settings, progress)
        report = repair_bags(ledger, wiring.bag_verifier(settings), wiring.bag_mender(settings), account, wanted)
        checks, repaired = report.checks, report.repaired
    else:
        checks = verify_bags(wiring.ledger_reader(settings), wiring.bag_verifier(settings), wanted)
    if signatures is not None:
        # After the mending: a bag is made anew from one that is whole, a signature by nobody but who holds its key.
        checks = demand_signatures(checks, newest_bags(wiring.ledger_reader(settings), wanted), signatures)
    output.product(repair_text(RepairReport(checks=checks, repaired=repaired), style=style))
    return 0 if all(check.state is BagState.WHOLE for check in checks) else ArchiveError.exit_code
