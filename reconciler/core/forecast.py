"""What time alone will let go: the decision made again at the start of each day, over one observation.

Taken for granted: no job comes or changes, the file stays as it is, and each day is recorded (`reconciler refresh`), so
that waits run and holds of rules that no longer protect are lifted.  Only what can have changed since the day before is
decided anew; the result is that of deciding everything every day.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import Enum

from msgspec import structs

from reconciler.core.desired import DesiredState
from reconciler.core.inventory import Inventory
from reconciler.core.job import JobId, JobType
from reconciler.core.memory import LedgerHold, LedgerView
from reconciler.core.protection import HoldStep
from reconciler.core.recording import to_record
from reconciler.core.retention import alone, together
from reconciler.core.rules import Rules
from reconciler.core.subjects import Subject, absent_of, subjects_of
from reconciler.core.verdicts import (
    Gone,
    Held,
    HoldCode,
    OutOfScope,
    Released,
    Retained,
    Verdict,
    verdict_word,
)


class CauseKind(Enum):
    """What used to keep a job.  The words are part of what `forecast` prints."""

    RULE = "rule"  # a rule that keeps it no longer
    HOLD = "hold"  # a hold that ended, by its code


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that kept a job until it went: a rule by its name, or a hold by its code."""

    kind: CauseKind
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LetGo:
    """A job that becomes free, and what kept it last, waiting apart.  `size` is in bytes, None where unknown."""

    job_id: JobId
    type: JobType
    size: int | None
    causes: tuple[Cause, ...]


@dataclass(frozen=True, slots=True)
class Lapse:
    """A rule whose `until` comes, and whom to ask."""

    rule: str
    owner: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What is free at the first instant of a day and was not the day before, and which rules lapsed in between."""

    at: datetime
    let_go: tuple[LetGo, ...]
    lapses: tuple[Lapse, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """The days to come.  `free_now` are the jobs that a plan lets go today; `at_the_end` counts verdicts by word."""

    since: datetime
    free_now: tuple[LetGo, ...]
    days: tuple[Day, ...]
    at_the_end: tuple[tuple[str, int], ...]


def forecast(desired: DesiredState, inventory: Inventory, memory: LedgerView, days: int) -> Forecast:
    """Decide now and at the start of each of the next `days` days, in the file's zone."""
    since = inventory.observed_at
    course = _Course.begun(desired, inventory, memory)
    free_now = course.step(since)
    told: list[Day] = []
    before = since
    for at in day_starts(since, days, desired.zone):
        told.append(Day(at=at, let_go=course.step(at), lapses=tuple(_lapses(desired, before, at))))
        before = at
    counts = Counter(verdict_word(verdict) for verdict in course.verdicts)
    return Forecast(since=since, free_now=free_now, days=tuple(told), at_the_end=tuple(sorted(counts.items())))


def day_starts(since: datetime, days: int, zone: tzinfo) -> Iterator[datetime]:
    """Give the first instants of the `days` days after the day of `since`, as UTC."""
    today = since.astimezone(zone).date()
    for number in range(1, days + 1):
        yield datetime.combine(today + timedelta(days=number), time(), tzinfo=zone).astimezone(UTC)


def _lapses(desired: DesiredState, after: datetime, until: datetime) -> Iterator[Lapse]:
    for rule in desired.retain:
        if rule.lapses_at and after < rule.lapses_at <= until:
            yield Lapse(rule.name, rule.owner, rule.lapses_at)


@dataclass(slots=True)
class _Course:
    """The decision as it goes from day to day.

    `singly` are the verdicts on each job by itself, which are made anew only where `edges` (moments at which the time
    alone can change them, sorted, the next one last) were passed; `kept_by` is what keeps, or last kept, each job.
    `last_observed` is the newest time recorded so far; `places` tells which of the subjects a job is.
    """

    desired: DesiredState
    subjects: list[Subject]
    absent: tuple[Subject, ...]
    left: frozenset[JobId]
    last_observed: datetime | None
    places: Mapping[JobId, int]
    singly: list[Verdict] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    edges: list[list[datetime]] = field(default_factory=list)
    kept_by: list[tuple[Cause, ...]] = field(default_factory=list)
    free: set[int] = field(default_factory=set)
    rules: Rules | None = None

    @classmethod
    def begun(cls, desired: DesiredState, inventory: Inventory, memory: LedgerView) -> "_Course":
        subjects = list(subjects_of(inventory, memory, desired.trust))
        return cls(
            desired=desired,
            subjects=subjects,
            absent=absent_of((job.id for job in inventory.jobs), memory, desired.trust, inventory.observed_at),
            left=frozenset(job_id for job_id, known in memory.jobs.items() if known.left),
            last_observed=memory.last_observed,
            places={subject.id: place for place, subject in enumerate(subjects)},
            edges=[sorted(_edges(desired, subject), reverse=True) for subject in subjects],
            kept_by=[()] * len(subjects),
        )

    def step(self, as_of: datetime) -> tuple[LetGo, ...]:
        """Decide at `as_of`, record it, and give the jobs that are free for the first time."""
        rules = self._rules(as_of)
        for place, subject in enumerate(self.subjects):
            if self._may_differ(place, as_of):
                self.singly[place] = alone(self.desired, rules, place, subject, as_of)
        before, self.verdicts = self.verdicts, list(self.singly)
        together(self.verdicts, self.desired, rules, self.absent, self.left, as_of)
        newly = tuple(self._newly_free(rules, before))
        self._record(as_of)
        return newly

    def _rules(self, as_of: datetime) -> Rules:
        if self.rules is None or any(True for _ in _lapses(self.desired, self.rules.as_of, as_of)):
            self.rules = Rules.ready(self.desired, self.subjects, self.absent, as_of)
            self.singly = [
                alone(self.desired, self.rules, place, subject, as_of) for place, subject in enumerate(self.subjects)
            ]
        else:  # who takes which slot does not depend on the time
            self.rules = replace(self.rules, as_of=as_of)
        return self.rules

    def _may_differ(self, place: int, as_of: datetime) -> bool:
        edges = self.edges[place]
        before = len(edges)
        while edges and edges[-1] <= as_of:
            edges.pop()
        return len(edges) < before

    def _newly_free(self, rules: Rules, before: Sequence[Verdict]) -> Iterator[LetGo]:
        for place, verdict in enumerate(self.verdicts):
            if before and verdict is before[place]:
                continue
            if not isinstance(verdict, Released):
                self.kept_by[place] = self._keeping(rules, place, verdict)
            elif place not in self.free:
                self.free.add(place)
                job = verdict.job
                yield LetGo(job_id=job.id, type=job.type, size=job.size, causes=self.kept_by[place])

    def _keeping(self, rules: Rules, place: int, verdict: Retained | Held | OutOfScope | Gone) -> tuple[Cause, ...]:
        if isinstance(verdict, Retained):
            return tuple(Cause(CauseKind.RULE, rule) for rule in dict.fromkeys(verdict.rules))
        if not isinstance(verdict, Held):
            return ()
        if verdict.waits_since and self.kept_by[place]:
            return self.kept_by[place]  # it only waits: what kept it before is what let it go
        return tuple(dict.fromkeys(self._holding(rules, place, verdict)))

    def _holding(self, rules: Rules, place: int, verdict: Held) -> Iterator[Cause]:
        for hold in verdict.holds:
            if hold.code is HoldCode.LAPSED:
                yield from (Cause(CauseKind.RULE, rule) for rule in rules.lapsed(verdict.job))
            elif hold.code is HoldCode.RULE_UNDECIDED:  # a rule that may keep it keeps it, as far as this goes
                _, undecided = rules.answers(place, verdict.job)
                yield from (Cause(CauseKind.RULE, rules.retain[index].name) for index in undecided)
            else:
                yield Cause(CauseKind.HOLD, hold.code.value)

    def _record(self, as_of: datetime) -> None:
        """Note what a run at `as_of` records."""
        recorded = to_record(self.desired, self.verdicts, LedgerView(last_observed=self.last_observed), as_of)
        self.last_observed = recorded.at
        for wait in recorded.waits:
            self._note(self.places[wait.job_id], released_since=wait.since)
        for kept in recorded.kept:
            self._note(self.places[kept.job_id], kept_until=kept.until)
        for change in recorded.holds:
            place = self.places[change.job_id]
            others = tuple(hold for hold in self.subjects[place].holds if hold.rule != change.hold.rule)
            is_over = change.step in {HoldStep.LIFTED, HoldStep.ENDED}
            holds = others if is_over else (*others, change.hold)
            self._note(place, holds=holds)
            # Decide on it the next day, and when one of them ends.
            ends = (hold.until for hold in holds if hold.until)
            self.edges[place] = sorted({*self.edges[place], *ends, as_of}, reverse=True)

    def _note(self, place: int, **facts: datetime | tuple[LedgerHold, ...] | None) -> None:
        subject = self.subjects[place] = structs.replace(self.subjects[place], **facts)
        self.singly[place] = structs.replace(self.singly[place], job=subject)


def _edges(desired: DesiredState, subject: Subject) -> Iterable[datetime]:
    """Give every moment from which on the time alone can make the verdict on this job by itself another."""
    made = subject.made
    if made.not_after:
        yield made.not_after + desired.min_age
        yield made.not_after  # an age below nothing ends
    for within in {rule.keep.within for rule in desired.retain if rule.keep.within is not None}:
        # Kept on the very edge, so the change comes just after it.
        yield from (bound + within + timedelta(microseconds=1) for bound in (made.not_before, made.not_after) if bound)
    yield from (hold.until for hold in subject.holds if hold.until)
