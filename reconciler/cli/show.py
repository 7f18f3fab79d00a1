"""`reconciler show`: a saved plan, again, for people or as JSON.  Contacts nothing."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli import options, output

if TYPE_CHECKING:
    from reconciler.core.plan import Plan
    from reconciler.engine.ports import SignatureCheck
    from reconciler.wiring import Settings


@click.command()
@click.argument("plan_file", type=click.Path(path_type=Path))
@options.saved_plan
@options.no_color
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON, without its signatures.")
def show(*, plan_file: Path, settings: "Settings", no_color: bool, as_json: bool) -> None:
    """Show a saved plan.  Contacts nothing.

    With --verify-key it must be signed by that key; exits 5 when it is not.
    """
    from reconciler import wiring
    from reconciler.report.saved_plan import write_plan
    from reconciler.report.text import plan_text

    check = wiring.signature_check(settings, output.talk)
    saved = load(plan_file, check)
    if check is not None:
        output.talk(f"Signed by the key {check.key_id}.")
    output.product(write_plan(saved) if as_json else plan_text(saved, style=output.style(no_color=no_color)))


def load(path: Path, check: "SignatureCheck | None") -> "Plan":
    """Read a saved plan; with `check`, only if it is signed by that key.

    Raises:
        PlanRefused: it was edited, is not signed as asked, or is no plan.
    """
    from reconciler.errors import UsageRefused
    from reconciler.report.saved_plan import read_plan

    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageRefused(
            f"{path} cannot be read: {error.strerror}", hint="Make a plan: reconciler plan --out plan.json"
        ) from error
    return read_plan(content, str(path), check)
