"""How the live world differs from what is expected, as lines and as JSON, both ways."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reconciler.core.canonical import Jsonable, utc_text, utc_time
from reconciler.core.drift import Drift, DriftKind
from reconciler.core.job import JobId
from reconciler.report.style import Colour, Style
from reconciler.report.untrusted import harmless, word

WORDS = {
    DriftKind.RETAINED_MISSING: "retained and missing",
    DriftKind.CLEANED_ELSEWHERE: "cleaned by somebody else",
    DriftKind.CHANGED_SINCE_ARCHIVED: "changed since archived",
    DriftKind.LOST_BEFORE_ARCHIVE: "lost before archive",
}


def drift_lines(drift: Iterable[Drift], style: Style) -> Iterator[str]:
    """Write a line for each: which job, what is not as expected, since when."""
    for each in drift:
        is_changed = each.kind is DriftKind.CHANGED_SINCE_ARCHIVED
        sign, colour = ("~", Colour.YELLOW) if is_changed else ("!", Colour.RED)
        told = f"{WORDS[each.kind]}: {harmless(each.detail)} (seen {utc_text(each.found_at)})"
        yield style.paint(f"{sign} {word(each.job_id)}  {told}", colour)


def drift_json(drift: Iterable[Drift]) -> list[Jsonable]:
    """Give the same for programs."""
    return [
        {
            "kind": each.kind.value,
            "job": each.job_id,
            "found_at": utc_text(each.found_at),
            "detail": each.detail,
        }
        for each in drift
    ]


def read_drift(read: Mapping[str, Any]) -> Drift:
    """Read one of a saved plan.

    Raises:
        ValueError: there is no such time.
    """
    return Drift(
        kind=DriftKind(read["kind"]),
        job_id=JobId(read["job"]),
        found_at=utc_time(read["found_at"]),
        detail=read["detail"],
    )
