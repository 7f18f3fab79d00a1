"""The audit chain: each event carries the hash of the one before, so a change anywhere shows at the end (I10)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from reconciler.core.canonical import digest, utc_text

GENESIS = "sha256:" + "0" * 64
"""What the first event names as its predecessor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One thing that happened.

    `event` is one of run_started, archived, cleaned, not_cleaned, run_finished; times_imported; repaired; lost,
    lost_and_found (a job that left unarchived, and one that is there again); or hold_ and a step of
    reconciler.core.protection.  `facts` is flat text: counts, plan id, receipt digest, the service's answer; never a
    key, never an asset address (I11).
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


def first_break(events: Iterable[AuditEvent]) -> str:
    """Tell in one sentence where the chain does not hold; empty when it does."""
    previous, expected = GENESIS, 1
    for event in events:
        if event.sequence != expected:
            return f"event {expected} is missing: the next one is numbered {event.sequence}"
        if event.previous != previous:
            return f"event {event.sequence} does not follow the event before it"
        if event.hash != digest(told(event)):
            return f"event {event.sequence} ({event.event} {event.job_id}) was changed after it was written"
        previous, expected = event.hash, expected + 1
    return ""
