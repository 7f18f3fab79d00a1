"""`reconciler verify`: look at archived copies again.  Contacts no service; writes to no store, but with --repair."""

import re
from contextlib import nullcontext
from typing import TYPE_CHECKING

import click

from reconciler.cli import options, output

if TYPE_CHECKING:
    from fractions import Fraction

    from reconciler.engine.verifying import Wanted
    from reconciler.wiring import Settings


def _share(_ctx: click.Context, _param: click.Parameter, text: str | None) -> "Fraction | None":
    from fractions import Fraction

    if text is None:
        return None
    number = re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)%", text)
    share = Fraction(number[1]) / 100 if number else Fraction(0)
    if not 0 < share <= 1:
        raise click.BadParameter(
            f"{text!r} is no share of the copies; write a percentage above 0% and up to 100%, such as 5% or 0.5%"
        )
    return share


@click.command()
@click.argument("ids", metavar="[ID]...", nargs=-1)
@options.ledger_and_signatures
@options.no_color
@click.option("--all", "every", is_flag=True, help="Look at every copy; so it is without IDs and --sample.")
@click.option(
    "--sample",
    metavar="P%",
    callback=_share,
    help="Look at that share of the copies, at least one: those that were read longest ago, so that one run after the "
    "other comes round to all.",
)
@click.option(
    "--fast",
    is_flag=True,
    help="Look only whether all files are there with their lengths. No byte is read, and nothing is proved.",
)
@click.option(
    "--repair",
    is_flag=True,
    help="Make a copy that is damaged or missing in one store anew from another that is whole, and a receipt's file "
    "from the ledger; what was damaged is put aside, and the audit tells it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def verify(
    *,
    ids: tuple[str, ...],
    settings: "Settings",
    no_color: bool,
    every: bool,
    sample: "Fraction | None",
    fast: bool,
    repair: bool,
    as_json: bool,
) -> int:
    """Read every archived bag again, or some, in every store, and compare it and its receipt's file with the ledger.

    With --verify-key the receipt in each store must be signed by that key too; one that is not counts as damage, and is
    mended only where its file is made anew, which is signed with --signing-key.

    What was found is recorded in the ledger: `reconciler status` tells how long ago copies were read.  Exits 8 when
    something is damaged or missing, 64 for an ID that was never archived.

    \b
    Examples:
      reconciler verify                   every byte of every copy
      reconciler verify --sample 5%       on a schedule: all copies in twenty runs
      reconciler verify --repair ID       mend the copies of one job
    """
    from reconciler import wiring
    from reconciler.clock import SystemClock
    from reconciler.engine.repairing import Repaired, RepairReport, repair_bags
    from reconciler.engine.signed_receipts import demand_signatures
    from reconciler.engine.verifying import newest_bags, verify_bags
    from reconciler.errors import ArchiveError
    from reconciler.report.verify_text import repair_text, verify_json

    wanted = _wanted(ids, every=every, sample=sample, fast=fast, repair=repair)
    style, progress = output.style(no_color=no_color), output.PlainProgress()
    with wiring.refusal_told(settings, "repair", progress) if repair else nullcontext():
        signatures, ledger = wiring.receipt_signatures(settings, progress.note), wiring.ledger_reader(settings)
        desired = wiring.desired_state(settings) if repair else None
        means = wiring.repair_means(settings, desired, progress) if desired else None
    new: tuple[Repaired, ...] = ()
    if desired and means:
        repaired = repair_bags(means, desired.account, wanted)
        report, new = repaired.verified, repaired.repaired
    else:
        verifier, log = wiring.bag_verifier(settings), wiring.verification_log(settings)
        report = verify_bags(ledger, verifier, log, SystemClock(), wanted)
    if signatures is not None:
        report = demand_signatures(report, newest_bags(ledger, wanted.ids), signatures)
    told = repair_text(RepairReport(verified=report, repaired=new), style=style)
    code = 0 if report.is_whole else ArchiveError.exit_code
    output.product(verify_json(report, new, exit_code=code) if as_json else told)
    return code


def _wanted(ids: tuple[str, ...], *, every: bool, sample: "Fraction | None", fast: bool, repair: bool) -> "Wanted":
    from reconciler.core.job import JobId
    from reconciler.engine.copies import Reading
    from reconciler.engine.verifying import Wanted
    from reconciler.errors import UsageRefused

    if bool(ids) + every + (sample is not None) > 1:
        raise UsageRefused("IDs, --all and --sample each say which copies to look at", hint="Give one of the three.")
    if fast and repair:
        raise UsageRefused(
            "--fast reads no byte, and --repair mends only from a copy that was read whole a moment before",
            hint="Leave out --fast to mend, or --repair to look.",
        )
    how = Reading.FAST if fast else Reading.WHOLE
    return Wanted(ids=tuple(JobId(each) for each in ids), sample=sample, how=how)
