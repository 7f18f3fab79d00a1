"""`reconciler apply`: carry out a saved plan, or show one and ask."""

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from reconciler.cli import approving, options, output

if TYPE_CHECKING:
    from reconciler.cli.progress import CopyProgress, LiveProgress
    from reconciler.core.approvals import Approvals
    from reconciler.core.desired import DesiredState
    from reconciler.core.plan import Plan
    from reconciler.engine.outcome import RunReport
    from reconciler.errors import PlanRefused
    from reconciler.wiring import Settings


@click.command()
@click.argument("plan", metavar="[PLAN]", required=False)
@options.applying
@options.no_color
@click.option(
    "--expect-plan-id",
    metavar="ID",
    help="Refuse PLAN unless it is the one of this name (sha256:…), the one that was reviewed.",
)
@approving.approvals
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def apply(
    *,
    plan: str | None,
    settings: "Settings",
    no_color: bool,
    expect_plan_id: str | None,
    approvals: "Approvals",
    as_json: bool,
) -> int:
    """Archive, prove and only then clean what a plan says.

    With PLAN, a file saved by `plan --out` or the name (sha256:…) of one kept by `plan --record`, exactly that is done
    at most: having it is the approval.  Without, the plan is shown and the number of jobs and the account must be
    typed; that needs a terminal, and --max-jobs and the like are for such a plan alone: a saved one has its own.

    \b
    Examples:
      reconciler apply plan.json
      reconciler apply plan.json --expect-plan-id sha256:...
      reconciler apply
    """
    from reconciler.cli.progress import copy_progress
    from reconciler.report.run_text import run_report_json, run_report_text

    if plan is None:
        _needs_a_terminal()
    _fit_together(plan, expect_plan_id, approvals)
    with copy_progress(no_color=no_color) as progress:
        report = _applied(settings, plan, expect_plan_id, approvals, progress, no_color=no_color)
    if report is None:
        return 0
    style = output.style(no_color=no_color)
    output.product(run_report_json(report) if as_json else run_report_text(report, style=style))
    return report.exit_code


def _applied(
    settings: "Settings",
    plan: str | None,
    expected_id: str | None,
    approvals: "Approvals",
    progress: "CopyProgress | LiveProgress",
    *,
    no_color: bool,
) -> "RunReport | None":
    from reconciler import wiring
    from reconciler.cli.show import load
    from reconciler.cli.signals import stop_on_signals
    from reconciler.engine.applying import apply_plan
    from reconciler.engine.approval import check_expected

    with ExitStack() as held:
        with wiring.refusal_told(settings, "apply", progress):
            check = wiring.signature_check(settings, progress.note)
            if plan is None and check is not None:
                raise _needs_a_signature()
            approved = load(plan, settings, check) if plan else None
            check_expected(approved, expected_id)
            desired = wiring.desired_state(settings)
            if approved is None:
                approved = _made_and_confirmed(settings, desired, approvals, progress, no_color=no_color)
            if approved is None:
                return None
            stop = held.enter_context(stop_on_signals())
            means = held.enter_context(wiring.apply_means(settings, desired, progress, stop))
        return apply_plan(means, desired, approved, tool_version=wiring.VERSION)


def _needs_a_terminal() -> None:
    from reconciler.errors import UsageRefused

    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageRefused(
            "apply without a plan asks for a confirmation, and there is no terminal to ask on",
            hint="Save a plan and apply it: reconciler plan --out plan.json; reconciler apply plan.json",
        )


def _needs_a_signature() -> "PlanRefused":
    from reconciler.errors import PlanRefused

    return PlanRefused(
        "a plan that is made on the spot is not signed, and --verify-key asks for a signature",
        field="signatures",
        hint="Save and sign it, and apply it: reconciler plan --out plan.json --signing-key FILE",
    )


def _fit_together(plan: str | None, expected_id: str | None, approvals: "Approvals") -> None:
    from reconciler.errors import UsageRefused

    if plan is None and expected_id is not None:
        raise UsageRefused(
            "--expect-plan-id is about a saved plan, and none is named",
            hint="Name it: reconciler apply plan.json --expect-plan-id sha256:...",
        )
    if plan is not None and approvals.named:
        raise UsageRefused(
            "a saved plan has its own limits, as they were reviewed; --max-jobs, --max-share, --max-bytes and "
            "--accept-rules-lost cannot change it",
            hint="Say it when the plan is made: reconciler plan --out plan.json --max-jobs N",
        )


def _made_and_confirmed(
    settings: "Settings",
    desired: "DesiredState",
    approvals: "Approvals",
    progress: output.PlainProgress,
    *,
    no_color: bool,
) -> "Plan | None":
    """Show the plan and have it confirmed by number and account; None when there is nothing to do."""
    from datetime import timedelta

    from reconciler import wiring
    from reconciler.engine.planning import make_plan
    from reconciler.errors import GuardRefused, UsageRefused
    from reconciler.report.text import plan_text

    with wiring.read_parts(settings) as parts:
        made = make_plan(
            desired,
            parts.reader,
            parts.ledger,
            parts.clock,
            progress,
            valid_for=timedelta(hours=1),
            tool_version=wiring.VERSION,
            evidence=parts.evidence,
            approvals=approvals,
        )
    output.product(plan_text(made, style=output.style(no_color=no_color)))
    if not made.applyable:
        raise GuardRefused(tuple(violation.message for violation in made.violations))
    if not made.has_work:
        return None
    expected = confirmation(made)
    typed = click.prompt(f'Type "{expected}" to continue', default="", show_default=False, err=True)
    if typed != expected:
        raise UsageRefused(f"{typed!r} was typed, not {expected!r}: nothing was done")
    return made


def confirmation(plan: "Plan") -> str:
    """What must be typed: the number of jobs that go for good and the account, so that neither is passed over."""
    if plan.cleans:
        return f"clean {plan.cleans} {plan.account}"
    return f"archive {plan.archives} {plan.account}"
