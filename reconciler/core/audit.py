"""The audit chain: each event carries the hash of the one before, so a change anywhere shows at the end (I10)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.core.canonical import digest, utc_text

GENESIS = "sha256:" + "0" * 64
"""What the first event names as its predecessor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One thing that happened.

    `event` is one of run_started, archived, copied, cleaned, not_cleaned, run_finished; refused (a run that ended
    before it began); times_imported; repaired; lost, lost_and_found (a job that left unarchived, and one that is there
    again); ledger_rebuilt; or hold_ and a step of reconciler.core.protection.  `facts` is flat text: counts, plan id,
    receipt digest, the service's answer; never a key, never an asset address (I11).
    """

    sequence: int
    at: datetime
    run_id: str
    actor: str
    event: str
    job_id: str
    facts: tuple[tuple[str, str], ...]
    previous: str
    hash: str


def event_hash(  # the order of the arguments is the order of the table
    *,
    sequence: int,
    at: datetime,
    run_id: str,
    actor: str,
    event: str,
    job_id: str,
    facts: tuple[tuple[str, str], ...],
    previous: str,
) -> str:
    """Give the hash of an event with these fields."""
    return digest(
        told(
            AuditEvent(
                sequence=sequence,
                at=at,
                run_id=run_id,
                actor=actor,
                event=event,
                job_id=job_id,
                facts=facts,
                previous=previous,
                hash="",
            )
        )
    )


def told(event: AuditEvent) -> dict[str, object]:
    """Give what the hash of an event is over, which is all of it but that hash, as a JSON-like value."""
    return {
        "v": 1,
        "sequence": event.sequence,
        "at": utc_text(event.at),
        "run": event.run_id,
        "actor": event.actor,
        "event": event.event,
        "job": event.job_id,
        "facts": [list(pair) for pair in event.facts],
        "previous": event.previous,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Which events are asked for: of a job, of a run, since a time; empty and None for any."""

    job_id: str = ""
    run_id: str = ""
    since: datetime | None = None


@dataclass(slots=True)
class ChainCheck:
    """Follows a chain event by event, from the first; what it came to so far.

    `noted` is the hash of an event that the chain must have, "" for none: a head that somebody wrote down elsewhere.
    Whoever rewrites a whole chain, or cuts its end, cannot give it back.
    """

    noted: str = ""
    events: int = 0
    cleans: int = 0
    head: str = GENESIS
    has_noted: bool = False
    _archived: set[tuple[str, str]] = field(default_factory=set)

    def follow(self, event: AuditEvent) -> str:
        """Go on to the next event; tell in one sentence why it cannot be, empty when it can."""
        expected = self.events + 1
        if event.sequence != expected:
            if 0 < event.sequence < expected:
                return f"event {expected} is missing: the next one is numbered {event.sequence}, which was there before"
            return f"event {expected} is missing: the next one is numbered {event.sequence}"
        if event.previous != self.head:
            return f"event {event.sequence} does not follow the event before it"
        if event.hash != digest(told(event)):
            return f"event {event.sequence} ({event.event} {event.job_id}) was changed after it was written"
        self.events, self.head = expected, event.hash
        self.has_noted = self.has_noted or event.hash == self.noted
        return ""

    def covered(self, event: AuditEvent) -> str:
        """Take note of an event that was followed; tell in one sentence that it is a clean without an archive before.

        Empty for all else.
        """
        if event.event not in {"archived", "cleaned"}:
            return ""
        archive = (event.job_id, dict(event.facts).get("fingerprint", ""))
        if event.event == "archived":
            self._archived.add(archive)
            return ""
        self.cleans += 1
        if archive not in self._archived:
            return f"event {event.sequence} tells of a clean of {event.job_id} without an archive before it"
        return ""

    def end(self) -> str:
        """Tell in one sentence what the chain lacks at its end; empty when it lacks nothing."""
        if self.noted and not self.has_noted:
            return (
                f"it has no event with the hash that was noted, {self.noted}: its end was cut, or it was written anew"
            )
        return ""


def first_break(events: Iterable[AuditEvent]) -> str:
    """Tell in one sentence where the chain does not hold; empty when it does."""
    check = ChainCheck()
    return next((problem for problem in map(check.follow, events) if problem), "")
