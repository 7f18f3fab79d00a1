"""Does the audit chain hold, and does it cover every clean (I10)?  Offline."""

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.core.audit import AuditEvent, ChainCheck
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


def check_audit(reader: SqlLedgerReader, noted: str = "") -> AuditReport:
    """Check the chain against itself and against the journal; `noted` is a hash that it must have, "" for none.

    Raises:
        AuditBroken: with the first thing that does not hold.
    """
    check = ChainCheck(noted)
    problem = _problem(check, reader)
    if problem:
        raise AuditBroken(f"the audit chain does not hold: {problem}", hint=HINT)
    return AuditReport(events=check.events, cleans=check.cleans, head=check.head)


def audit_problem(reader: SqlLedgerReader) -> str:
    """Tell in one sentence the first thing that does not hold; empty when all does."""
    return _problem(ChainCheck(), reader)


def _problem(check: ChainCheck, reader: SqlLedgerReader) -> str:
    try:
        return (
            _followed(check, reader.audit_events()) or check.end() or _not_covered(reader) or _runs_not_closed(reader)
        )
    except ValueError as error:  # a time, a phase or facts that nobody writes
        return f"the ledger holds what cannot be read: {error}"


def _followed(check: ChainCheck, events: Iterable[AuditEvent]) -> str:
    problems = (check.follow(event) or check.covered(event) for event in events)
    return next((problem for problem in problems if problem), "")


def _not_covered(reader: SqlLedgerReader) -> str:
    entries = [(str(entry.job_id), entry.fingerprint) for entry in reader.entries() if entry.phase is Phase.CLEANED]
    told = [
        (event.job_id, dict(event.facts).get("fingerprint", ""))
        for event in reader.audit_events()
        if event.event == "cleaned"
    ]
    if entries == told:
        return ""
    missing = [job for job in entries if job not in told] or [job for job in told if job not in entries]
    which = missing[0][0] if missing else "their order"
    return f"it tells {len(told)} cleans, the journal {len(entries)}; the first that differs: {which}"


def _runs_not_closed(reader: SqlLedgerReader) -> str:
    open_runs = reader.unclosed_runs()
    left: dict[str, None] = {}
    for event in reader.audit_events():
        if event.event == "run_started" and event.run_id not in open_runs:
            left[event.run_id] = None
        elif event.event == "run_finished":
            left.pop(event.run_id, None)
    return next((f"run {run_id} has ended, and its end is not told" for run_id in left), "")
