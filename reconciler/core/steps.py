"""The legal phases of one job's way out, and what a run's entries add up to.

Entries are durable before the next arrow is taken:

    BEGIN -> ARCHIVED -> CLEANING -> CLEANED
      |         |            `-----> NOT_CLEANED   the service refused, or a later look found it still there
      `---------`-> ABANDONED                      nothing was sent; the job is as it was

A job whose last entry is CLEANING is dangling: the request may or may not have arrived.  Recovery asks the service.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from reconciler.core.job import JobId


class Phase(Enum):
    """How far one job has come."""

    BEGIN = "begin"
    ARCHIVED = "archived"
    CLEANING = "cleaning"
    CLEANED = "cleaned"
    NOT_CLEANED = "not_cleaned"
    ABANDONED = "abandoned"


FOLLOWS: dict[Phase | None, frozenset[Phase]] = {
    None: frozenset({Phase.BEGIN}),
    Phase.BEGIN: frozenset({Phase.BEGIN, Phase.ARCHIVED, Phase.ABANDONED}),
    Phase.ARCHIVED: frozenset({Phase.BEGIN, Phase.CLEANING, Phase.ABANDONED}),
    Phase.CLEANING: frozenset({Phase.CLEANED, Phase.NOT_CLEANED}),
    Phase.CLEANED: frozenset({Phase.BEGIN}),
    Phase.NOT_CLEANED: frozenset({Phase.BEGIN}),
    Phase.ABANDONED: frozenset({Phase.BEGIN}),
}
"""What may follow what.  BEGIN follows any phase but CLEANING: a crash leaves a BEGIN or ARCHIVED open, harmlessly."""


class IllegalPhase(ValueError):
    """An entry that cannot follow the one before it: a bug, or a ledger changed by hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One durable line of the journal.  `detail` is a short text for people: the clean's answer, the reason."""

    sequence: int
    run_id: str
    job_id: JobId
    phase: Phase
    fingerprint: str
    detail: str


def check_step(before: Phase | None, after: Phase) -> None:
    """Refuse a phase that may not follow.

    Raises:
        IllegalPhase: `after` may not follow `before`.
    """
    if after not in FOLLOWS[before]:
        raise IllegalPhase(f"{after.value} may not follow {before.value if before else 'nothing'}")


def fold(entries: Iterable[Entry]) -> dict[JobId, Entry]:
    """Give each job's last entry.  Entries come in the order of their sequence.

    Raises:
        IllegalPhase: the order of phases is not one that we write.
    """
    last: dict[JobId, Entry] = {}
    for entry in entries:
        before = last.get(entry.job_id)
        check_step(before.phase if before else None, entry.phase)
        last[entry.job_id] = entry
    return last


def dangling(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Give the entries of jobs whose clean may or may not have arrived."""
    return tuple(entry for entry in fold(entries).values() if entry.phase is Phase.CLEANING)
