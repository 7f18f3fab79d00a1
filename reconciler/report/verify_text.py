"""What `verify` found, as text."""

from collections import Counter

from reconciler.engine.ports import BagCheck, BagState
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


def _line(check: BagCheck) -> str:
    where = f"{harmless(check.bag)} in {harmless(check.store)}"
    return f"! {word(check.job_id)}  {check.state.value}: {harmless(check.problem)} ({where})"
