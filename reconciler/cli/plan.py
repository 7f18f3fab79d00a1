"""`reconciler plan`: what would be archived and cleaned, and why.

Sends reads only (I6), writes nothing but what --out and --record ask for.
"""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli import approving, options, output
from reconciler.cli.saving import save
from reconciler.cli.spans import span_in

if TYPE_CHECKING:
    from reconciler.core.approvals import Approvals
    from reconciler.wiring import Settings


@click.command()
@options.service_and_signing
@options.no_color
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Save the plan; applying it is the approval."
)
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
@click.option(
    "--detailed-exitcode", is_flag=True, help="Exit 2 when there are changes to apply, 0 when there are none."
)
@click.option(
    "--strict", is_flag=True, envvar="RECONCILER_STRICT", help="Exit 4 when lint warns of anything about the file."
)
@click.option(
    "--fail-on-drift",
    is_flag=True,
    envvar="RECONCILER_FAIL_ON_DRIFT",
    help="Exit 4 when jobs are not as the ledger and the file expect: missing, cleaned by somebody else, changed since "
    "they were archived, lost.",
)
@click.option(
    "--expires",
    "valid_for",
    metavar="SPAN",
    callback=span_in("hdw", such_as="12h or 7d"),
    default="7d",
    show_default=True,
    help="How long the plan is valid.",
)
@approving.approvals
@click.option(
    "--record", is_flag=True, help="Keep the plan in the ledger as well, for: reconciler apply sha256:…, elsewhere."
)
@options.as_of
def plan(
    *,
    settings: "Settings",
    no_color: bool,
    out: Path | None,
    as_json: bool,
    detailed_exitcode: bool,
    strict: bool,
    fail_on_drift: bool,
    valid_for: timedelta,
    approvals: "Approvals",
    record: bool,
    as_of: str | None,
) -> int:
    """Show what would be archived and cleaned, and why.  Changes nothing.

    With --as-of it decides as if it were another time, with all else as it is now: an answer that apply refuses.

    --max-jobs, --max-share, --max-bytes and --accept-rules-lost allow one plan more than its file does.  The plan tells
    it to its reviewers, its name covers it, and the audit has it once the plan is applied.

    \b
    Examples:
      reconciler plan --out plan.json           save it, have it reviewed, then: reconciler apply plan.json
      reconciler plan --detailed-exitcode       for scripts: 0 no changes, 2 changes
      reconciler plan --record                  keep it in the ledger, for: reconciler apply sha256:...
      reconciler plan --as-of 2027-02-01        what would go on that day
      reconciler plan --out plan.json --signing-key key.pem     for: reconciler apply plan.json --verify-key public.pem
    """
    from reconciler import wiring
    from reconciler.engine.planning import make_plan
    from reconciler.report.saved_plan import write_plan
    from reconciler.report.text import plan_text

    signer = wiring.signer(settings, output.talk)
    with wiring.read_parts(settings) as parts:
        made = make_plan(
            parts.desired,
            parts.reader,
            parts.ledger,
            parts.clock,
            output.PlainProgress(),
            valid_for=valid_for,
            tool_version=wiring.VERSION,
            what_if=options.moment_of(as_of, parts.desired),
            evidence=parts.evidence,
            approvals=approvals,
        )
    written = write_plan(made, signer)
    if out:
        save(out, [written])
    if record:
        wiring.recorded_plans(settings).keep(made.plan_id, written)
    output.product(written if as_json else plan_text(made, style=output.style(no_color=no_color)))
    if made.violations or (strict and made.warnings) or (fail_on_drift and made.drift):
        return 4
    return 2 if detailed_exitcode and made.has_work else 0
