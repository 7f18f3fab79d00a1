"""Does the audit chain hold, and does it cover every clean (I10)?  Offline."""

from dataclasses import dataclass

from reconciler.core.audit import GENESIS, AuditEvent, first_break
from reconciler.core.steps import Phase
from reconciler.errors import AuditBroken
from reconciler.ledger.reader import SqlLedgerReader

HINT = "Somebody changed the ledger by hand, or a disk did. The archive's receipts are not touched by this."


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """How much was checked, and the head of the chain: note it elsewhere, and a cut tail will show."""

    events: int
    cleans: int
    head: str


def check_audit(reader: SqlLedgerReader) -> AuditReport:
    """Check the chain against itself and against the journal.

    Raises:
        AuditBroken: with the first thing that does not hold.
    """
    events = tuple(reader.audit_events())
    problem = first_break(events) or _not_covered(reader, events) or _runs_not_closed(reader, events)
    if problem:
        raise AuditBroken(f"the audit chain does not hold: {problem}", hint=HINT)
    cleans = sum(event.event == "cleaned" for event in events)
    return AuditReport(events=len(events), cleans=cleans, head=events[-1].hash if events else GENESIS)


def _not_covered(reader: SqlLedgerReader, events: tuple[AuditEvent, ...]) -> str:
    entries = [(str(entry.job_id), entry.fingerprint) for entry in reader.entries() if entry.phase is Phase.CLEANED]
    told = [(event.job_id, dict(event.facts).get("fingerprint", "")) for event in events if event.event == "cleaned"]
    if entries != told:
        missing = [job for job in entries if job not in told] or [job for job in told if job not in entries]
        which = missing[0][0] if missing else "their order"
        return f"it tells {len(told)} cleans, the journal {len(entries)}; the first that differs: {which}"
    archived: set[tuple[str, str]] = set()
    for event in events:
        key = (event.job_id, dict(event.facts).get("fingerprint", ""))
        if event.event == "archived":
            archived.add(key)
        elif event.event == "cleaned" and key not in archived:
            return f"event {event.sequence} tells of a clean of {event.job_id} without an archive before it"
    return ""


def _runs_not_closed(reader: SqlLedgerReader, events: tuple[AuditEvent, ...]) -> str:
    finished = {event.run_id for event in events if event.event == "run_finished"}
    open_runs = reader.unclosed_runs()
    for event in events:
        if event.event == "run_started" and event.run_id not in finished and event.run_id not in open_runs:
            return f"run {event.run_id} has ended, and its end is not told"
    return ""
