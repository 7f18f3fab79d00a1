"""Does the audit chain hold, and does it cover every clean (I10)?  Offline."""

from collections.abc import Iterable
from dataclasses import dataclass, field

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
        going_on = reader.unclosed_runs()
        told = _Told()
        for event in reader.audit_events():
            problem = check.follow(event) or check.covered(event)
            if problem:
                return problem
            told.take(event)
        return check.end() or _not_covered(reader, told.cleans) or _not_closed(told.open_runs, going_on)
    except ValueError as error:  # a time, a phase or facts that nobody writes
        return f"the ledger holds what cannot be read: {error}"


@dataclass(slots=True)
class _Told:
    """What a chain tells of cleans, in its order, and of runs that began and have no end in it."""

    cleans: list[tuple[str, str]] = field(default_factory=list)
    open_runs: dict[str, None] = field(default_factory=dict)

    def take(self, event: AuditEvent) -> None:
        """Take note of an event."""
        match event.event:
            case "cleaned":
                self.cleans.append((event.job_id, dict(event.facts).get("fingerprint", "")))
            case "run_started":
                self.open_runs[event.run_id] = None
            case "run_finished":
                self.open_runs.pop(event.run_id, None)
            case _:
                return


def _not_covered(reader: SqlLedgerReader, told: list[tuple[str, str]]) -> str:
    entries = [(str(entry.job_id), entry.fingerprint) for entry in reader.entries() if entry.phase is Phase.CLEANED]
    if entries == told:
        return ""
    missing = [job for job in entries if job not in told] or [job for job in told if job not in entries]
    which = missing[0][0] if missing else "their order"
    return f"it tells {len(told)} cleans, the journal {len(entries)}; the first that differs: {which}"


def _not_closed(left: Iterable[str], going_on: frozenset[str]) -> str:
    ended = (run_id for run_id in left if run_id not in going_on)
    return next((f"run {run_id} has ended, and its end is not told" for run_id in ended), "")
