"""Whether a saved plan still stands, as text and as JSON."""

from reconciler.core.canonical import canonical_json
from reconciler.core.plan import Change
from reconciler.engine.plan_checking import PlanCheck
from reconciler.report.style import Colour, Style
from reconciler.report.untrusted import harmless, word


def plan_check_text(check: PlanCheck, *, style: Style) -> str:
    """Write what would be skipped, each with its reason; the last line sums up."""
    lines = [
        style.paint(f"! {word(each.job_id)}  would be skipped: {harmless(each.detail)}", Colour.YELLOW)
        for each in check.set_aside
    ]
    lines.append(f"Plan {check.plan_id}.")
    lines.append(style.paint(_summary(check), Colour.BOLD))
    return style.plain("\n".join(lines)) + "\n"


def _summary(check: PlanCheck) -> str:
    cleans = sum(change.cleans for change in check.stands)
    done = f", {len(check.done)} done before" if check.done else ""
    verdict = "still stands" if not check.set_aside else "stands in part"
    return (
        f"Verify-plan: {verdict}: {cleans} to clean, {len(check.stands)} to archive{done}, "
        f"{len(check.set_aside)} would be skipped."
    )


def plan_check_json(check: PlanCheck) -> str:
    """Write the same as one line of canonical JSON."""
    told = {
        "format_version": "1.0",
        "plan_id": check.plan_id,
        "account": check.account,
        "exit_code": check.exit_code,
        "stands": [_change(change) for change in check.stands],
        "done": [_change(change) for change in check.done],
        "skipped": [{"job": each.job_id, "detail": each.detail} for each in check.set_aside],
    }
    return canonical_json(told).decode("ascii") + "\n"


def _change(change: Change) -> dict[str, object]:
    return {"job": change.job_id, "action": [action.value for action in change.actions]}
