"""Events of the audit chain as text, a line each."""

from collections.abc import Iterable, Iterator

from reconciler.core.audit import AuditEvent
from reconciler.core.canonical import utc_text
from reconciler.report.untrusted import harmless, word

LONGEST = 200
"""Characters of a fact that are shown; --json has all of them."""


def audit_lines(events: Iterable[AuditEvent]) -> Iterator[str]:
    """Write events as lines: number, time, what happened to which job, the facts, and by which run of whom."""
    for event in events:
        about = f"  {word(event.job_id)}" if event.job_id else ""
        facts = "".join(f"  {harmless(name)}={harmless(text, longest=LONGEST)}" for name, text in event.facts if text)
        by = f"  [{word(event.run_id)} {word(event.actor)}]"
        yield f"{event.sequence:>6}  {utc_text(event.at)}  {harmless(event.event)}{about}{facts}{by}\n"
