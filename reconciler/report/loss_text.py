"""Jobs that were lost before they were archived, as lines and as JSON."""

from collections.abc import Iterable, Iterator

from reconciler.core.canonical import Jsonable, utc_text
from reconciler.core.losses import Loss
from reconciler.report.style import Colour, Style
from reconciler.report.untrusted import word


def newly_lost_lines(losses: tuple[Loss, ...], style: Style) -> Iterator[str]:
    """Write a heading and a line for each."""
    yield style.paint("Lost before archive, found now: gone without a clean of ours", Colour.RED, Colour.BOLD)
    yield from loss_lines(losses, style)


def loss_lines(losses: Iterable[Loss], style: Style) -> Iterator[str]:
    """Write a line for each: which job, and what of it was lost."""
    for loss in losses:
        found = utc_text(loss.found_at)
        yield style.paint(f"! {word(loss.job_id)}  lost before archive: {loss.why}; missed since {found}", Colour.RED)


def losses_json(losses: Iterable[Loss]) -> list[Jsonable]:
    """Give the same for programs; `archived_at` is null for what was never archived."""
    return [
        {
            "job": loss.job_id,
            "found_at": utc_text(loss.found_at),
            "archived_at": utc_text(loss.archived_at) if loss.archived_at else None,
        }
        for loss in losses
    ]
