"""`reconciler verify-plan`: would a saved plan still apply?  Sends reads only, writes nothing (I6)."""

from typing import TYPE_CHECKING

import click

from reconciler.cli import options, output

if TYPE_CHECKING:
    from reconciler.wiring import Settings


@click.command("verify-plan")
@click.argument("plan", metavar="PLAN")
@options.service_and_saved_plan
@options.no_color
@click.option(
    "--expect-plan-id", metavar="ID", help="Refuse PLAN unless it is the one of this name (sha256:…), as apply does."
)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def verify_plan(*, plan: str, settings: "Settings", no_color: bool, expect_plan_id: str | None, as_json: bool) -> int:
    """Tell what an apply of PLAN would do now, without doing it.  Changes nothing, and waits for no other run.

    PLAN is its file, or the name (sha256:…) of one that `plan --record` kept.  Exits 0 when all of it still stands, 3
    when an apply would skip some of it, 4 when a limit would refuse it, 5 when it may not be applied (expired, used, of
    another file), 6 when the list cannot be read whole.

    \b
    Examples:
      reconciler verify-plan plan.json          in a merge queue, before: reconciler apply plan.json
    """
    from reconciler import wiring
    from reconciler.cli.show import load
    from reconciler.engine.approval import check_expected
    from reconciler.engine.plan_checking import check_plan
    from reconciler.report.plan_check_text import plan_check_json, plan_check_text

    saved = load(plan, settings, wiring.signature_check(settings, output.talk))
    check_expected(saved, expect_plan_id)
    with wiring.read_parts(settings) as parts:
        found = check_plan(
            parts.desired, parts.reader, wiring.ledger_reader(settings), parts.clock, saved, evidence=parts.evidence
        )
    style = output.style(no_color=no_color)
    output.product(plan_check_json(found) if as_json else plan_check_text(found, style=style))
    return found.exit_code
