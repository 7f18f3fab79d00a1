"""What a run did, kept in the stores beside what it archived: the record survives the ledger.

The ledger is the truth, and has it already.  So a record that cannot be written is said and changes nothing, and a run
that ended before its record is made up for by the next: each record takes the audit events since the last one that its
store has, whichever runs they are of.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from reconciler.core.audit import AuditEvent
from reconciler.core.job import JobId
from reconciler.core.plan import Change
from reconciler.engine.outcome import ChainEnd, JobResult, RunReport
from reconciler.errors import ArchiveError, LedgerError


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One run's report with the audit events since the store's last record, in order, those of the run at the end.

    `results` and `recovered` are those of the report, each with the fingerprint of the facts that it was about,
    "" for a job that was left out before its facts were looked at.
    """

    report: RunReport
    started_at: datetime
    ended_at: datetime
    actor: str
    results: tuple[tuple[JobResult, str], ...]
    recovered: tuple[tuple[JobResult, str], ...]
    events: tuple[AuditEvent, ...]


class RunRecords(Protocol):
    """Keeps records of runs in the stores of the archive."""

    @property
    def stores(self) -> tuple[str, ...]:
        """The stores, by their addresses."""

    def recorded(self, store: str) -> frozenset[str]:
        """Give the runs of which a store has the record.

        Raises:
            ArchiveError: it cannot be read.
        """

    def keep(self, store: str, record: RunRecord) -> None:
        """Write a record, signed where there is a key; never over another.

        Raises:
            ArchiveError: it cannot be written.
        """


def keep_record(
    records: RunRecords, newest_first: Iterable[AuditEvent], changes: Iterable[Change], report: RunReport
) -> RunReport:
    """Write the record of a run that has ended to every store; give the report with what could not be written.

    `newest_first` is the audit chain from its end, the run's own end in it: of years of it, only what the stores lack
    is read.  `changes` are what was asked for.
    """
    known: dict[str, frozenset[str]] = {}
    problems = []
    for store in records.stores:
        try:
            known[store] = records.recorded(store)
        except ArchiveError as error:
            problems.append(error.message)
    try:
        own, left = _read(newest_first, known, report.run_id)
    except LedgerError as error:
        return replace(report, unrecorded=(*problems, error.message))
    if not own:
        return replace(report, unrecorded=(*problems, "the ledger does not know the run any more"))
    facts = {change.job_id: change.fingerprint for change in changes}
    for store, events in left.items():
        try:
            records.keep(store, _record(report, facts, own, events))
        except ArchiveError as error:
            problems.append(error.message)
    return replace(report, unrecorded=tuple(problems), chain=ChainEnd(events=own[-1].sequence, head=own[-1].hash))


def _read(
    newest_first: Iterable[AuditEvent], recorded: Mapping[str, frozenset[str]], run_id: str
) -> tuple[list[AuditEvent], dict[str, list[AuditEvent]]]:
    """Give the events of a run, and for each store those up to the run's last that it lacks, both in order.

    A record has all that came before its run's last event, or was in an earlier record: what lies behind the last event
    of a run that a store has the record of, it lacks.
    """
    own: list[AuditEvent] = []
    left: dict[str, list[AuditEvent]] = {store: [] for store in recorded}
    lacking = set(recorded)
    for event in newest_first:
        lacking = {store for store in lacking if event.run_id not in recorded[store]}
        if event.run_id == run_id:
            own.append(event)
        if own:  # what came after the run's last event is no part of its record
            for store in lacking:
                left[store].append(event)
        if not lacking and own and own[-1].event == "run_started":
            break
    return own[::-1], {store: events[::-1] for store, events in left.items()}


def _record(
    report: RunReport, facts: Mapping[JobId, str], own: list[AuditEvent], events: list[AuditEvent]
) -> RunRecord:
    # A job that was recovered may be done anew in the same run: its first event is that of the recovery.
    settled = {event.job_id: dict(event.facts)["fingerprint"] for event in reversed(own) if event.event in SETTLED}
    told = [dict(event.facts) for event in own]
    of_bags = {each["bag"]: each["fingerprint"] for each in told if "bag" in each}
    return RunRecord(
        report=report,
        started_at=own[0].at,
        ended_at=own[-1].at,
        actor=own[0].actor,
        results=tuple((result, of_bags.get(result.bag) or facts.get(result.job_id, "")) for result in report.results),
        recovered=tuple((result, settled[result.job_id]) for result in report.recovered),
        events=tuple(events),
    )


SETTLED = frozenset({"cleaned", "not_cleaned"})
"""The audit events of a clean that was sent."""
