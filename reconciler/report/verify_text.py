"""What `verify` found, as text."""

from collections import Counter

from reconciler.engine.ports import BagCheck, BagState
from reconciler.engine.repairing import Repaired, RepairReport
from reconciler.report.style import Colour, Style
from reconciler.report.untrusted import harmless, word


def verify_text(checks: tuple[BagCheck, ...], *, style: Style) -> str:
    """Write every bag that is not whole, and the sum."""
    bad = (check for check in checks if check.state is not BagState.WHOLE)
    lines = [style.paint(_line(check), Colour.RED) for check in bad]
    counts = Counter(check.state for check in checks)
    lines.append(
        style.paint(
            f"Verify: {counts[BagState.WHOLE]} bags whole, {counts[BagState.DAMAGED]} damaged, "
            f"{counts[BagState.MISSING]} missing.",
            Colour.BOLD,
        )
    )
    return style.plain("\n".join(lines)) + "\n"


def repair_text(report: RepairReport, *, style: Style) -> str:
    """Write what was mended, then how every bag stands."""
    mended = "".join(style.plain(style.paint(_mended(each), Colour.YELLOW)) + "\n" for each in report.repaired)
    return mended + verify_text(report.checks, style=style)


def _mended(repaired: Repaired) -> str:
    left = f"; what was there lies in {harmless(repaired.aside)}" if repaired.aside else ""
    where = f"{harmless(repaired.bag)} in {harmless(repaired.store)}"
    return f"~ {word(repaired.job_id)}  mended: {where}, from {harmless(repaired.source)}{left}"


def _line(check: BagCheck) -> str:
    where = f"{harmless(check.bag)} in {harmless(check.store)}"
    return f"! {word(check.job_id)}  {check.state.value}: {harmless(check.problem)} ({where})"
