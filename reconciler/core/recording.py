"""What a run records of its decision: who waits since when, and what becomes of the holds."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from reconciler.core.desired import DesiredState, RetainRule
from reconciler.core.job import JobId
from reconciler.core.memory import LedgerView
from reconciler.core.protection import HoldChange, hold_changes
from reconciler.core.verdicts import Retained, Verdict, waits_since


@dataclass(frozen=True, slots=True)
class Wait:
    """From now on nothing but waiting holds the job, since when; or, with None, something else does again."""

    job_id: JobId
    since: datetime | None


@dataclass(frozen=True, slots=True)
class KeptUntil:
    """When the last of the rules ends that keep a job now; None where one without an end does, or none."""

    job_id: JobId
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRecord:
    """What changes in the ledger with one decision; `at` is never before a time recorded earlier."""

    at: datetime
    waits: tuple[Wait, ...]
    holds: tuple[HoldChange, ...]
    kept: tuple[KeptUntil, ...] = ()


def to_record(
    desired: DesiredState, verdicts: Sequence[Verdict], memory: LedgerView, as_of: datetime
) -> DecisionRecord:
    """Tell what a run at `as_of` has to record of these verdicts.

    `memory` is what was decided with; its `last_observed` is the last observation before this run's own.
    """
    return DecisionRecord(
        at=max(as_of, memory.last_observed or as_of),
        waits=tuple(_waits(verdicts, memory)),
        holds=hold_changes(desired, verdicts, memory, as_of),
        kept=tuple(_kept(verdicts, memory, ends_of(desired.retain))),
    )


def ends_of(rules: Iterable[RetainRule]) -> dict[str, datetime | None]:
    """Give when each rule ends, by name; None for one that does not, as for two of one name of which one does not."""
    ends: dict[str, datetime | None] = {}
    for rule in rules:
        before = ends.get(rule.name, rule.lapses_at)
        ends[rule.name] = max(before, rule.lapses_at) if before and rule.lapses_at else None
    return ends


def kept_until(verdict: Verdict, ends: Mapping[str, datetime | None]) -> datetime | None:
    """Tell when the last of the rules ends that keep a job; None where one without an end does, or none."""
    if not isinstance(verdict, Retained):
        return None
    its_ends = [ends[rule] for rule in verdict.rules]
    known = [end for end in its_ends if end]
    return max(known) if len(known) == len(its_ends) else None


def _kept(verdicts: Sequence[Verdict], memory: LedgerView, ends: Mapping[str, datetime | None]) -> Iterator[KeptUntil]:
    for verdict in verdicts:
        until = kept_until(verdict, ends)
        if until != verdict.job.kept_until:
            yield KeptUntil(verdict.job.id, until)
    listed = frozenset(verdict.job.id for verdict in verdicts)
    for job_id, known in memory.jobs.items():
        if known.kept_until is not None and job_id not in listed:
            yield KeptUntil(job_id, None)


def _waits(verdicts: Sequence[Verdict], memory: LedgerView) -> Iterator[Wait]:
    for verdict in verdicts:
        since, before = waits_since(verdict), verdict.job.released_since
        if since is None and before is not None:
            yield Wait(verdict.job.id, None)
        elif since is not None and before is None:
            # After a clock was set back, waiting begins at the newest time recorded: begun earlier, it would be over
            # as soon as the clock is right again (I14).
            yield Wait(verdict.job.id, max(since, memory.last_observed or since))
    listed = frozenset(verdict.job.id for verdict in verdicts)
    for job_id, known in memory.jobs.items():
        if known.released_since is not None and job_id not in listed:
            yield Wait(job_id, None)  # should it come back, it begins anew
