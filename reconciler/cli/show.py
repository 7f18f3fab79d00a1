"""`reconciler show`: a saved plan, again, for people or as JSON.  Contacts nothing."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli import options, output

if TYPE_CHECKING:
    from reconciler.core.plan import Plan
    from reconciler.engine.ports import SignatureCheck
    from reconciler.wiring import Settings

PLAN_ID = re.compile(r"sha256:[0-9a-f]{64}")
"""How a plan is named: by its decisions (core.plan)."""


@click.command()
@click.argument("plan", metavar="PLAN")
@options.saved_plan
@options.no_color
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON, without its signatures.")
def show(*, plan: str, settings: "Settings", no_color: bool, as_json: bool) -> None:
    """Show a saved plan.  Contacts nothing.

    PLAN is its file, or the name (sha256:…) of one that `plan --record` kept in the ledger.

    With --verify-key it must be signed by that key; exits 5 when it is not.
    """
    from reconciler import wiring
    from reconciler.report.saved_plan import write_plan
    from reconciler.report.text import plan_text

    check = wiring.signature_check(settings, output.talk)
    saved = load(plan, settings, check)
    if check is not None:
        output.talk(f"Signed by the key {check.key_id}.")
    output.product(write_plan(saved) if as_json else plan_text(saved, style=output.style(no_color=no_color)))


def load(plan: str, settings: "Settings", check: "SignatureCheck | None") -> "Plan":
    """Read a saved plan, a file's or one that the ledger keeps by its name; with `check`, only if that key signed it.

    Raises:
        PlanRefused: it was edited, is not signed as asked, is no plan, or the ledger has none of that name.
    """
    from reconciler.report.saved_plan import read_plan

    if not PLAN_ID.fullmatch(plan):
        return read_plan(_content(Path(plan)), plan, check)
    from reconciler import wiring
    from reconciler.errors import PlanRefused

    kept = wiring.recorded_plans(settings).content(plan)
    if kept is None:
        raise PlanRefused(
            f"the ledger has no plan {plan}", field="plan_id", hint="Make and keep it: reconciler plan --record"
        )
    read = read_plan(kept, f"the plan {plan[:19]} in the ledger", check)
    if read.plan_id != plan:
        raise PlanRefused(f"the ledger has another plan under {plan}: {read.plan_id}", field="plan_id")
    return read


def _content(path: Path) -> bytes:
    from reconciler.errors import UsageRefused

    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageRefused(
            f"{path} cannot be read: {error.strerror}", hint="Make a plan: reconciler plan --out plan.json"
        ) from error
