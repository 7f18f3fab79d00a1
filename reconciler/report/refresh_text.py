"""What `refresh` found anew, as text and as JSON; the last line sums up."""

from collections.abc import Iterator

from reconciler.core.canonical import canonical_json, utc_text
from reconciler.core.drift import DriftKind
from reconciler.engine.refreshing import Refreshed
from reconciler.report.drift_text import drift_json, drift_lines
from reconciler.report.loss_text import losses_json, newly_lost_lines
from reconciler.report.style import Colour, Style


def refresh_text(done: Refreshed, *, style: Style) -> str:
    """Write what is new, and one line where nothing is."""
    return style.plain("\n".join(_lines(done, style))) + "\n"


def _lines(done: Refreshed, style: Style) -> Iterator[str]:
    if done.lost:
        yield from newly_lost_lines(done.lost, style)
    beside = [each for each in done.drift if each.kind is not DriftKind.LOST_BEFORE_ARCHIVE]
    if beside:
        yield style.paint("Drift, found now", Colour.BOLD)
        yield from drift_lines(beside, style)
    yield f"Refresh: {done.jobs} jobs listed, {done.new} of them new to the ledger."


def refresh_json(done: Refreshed) -> str:
    """Write the same as one line of canonical JSON."""
    told = {
        "format_version": "1.0",
        "observed_at": utc_text(done.observed_at),
        "jobs": done.jobs,
        "new": done.new,
        "lost": losses_json(done.lost),
        "drift": drift_json(done.drift),
    }
    return canonical_json(told).decode("ascii") + "\n"
