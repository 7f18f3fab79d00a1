"""Which holds a recorded run sets, refreshes, begins to let go and ends: deleting text lifts no protection (I13).

A hold ends in two ways: its `until` comes, or no live `protect` rule has kept its job in two recorded runs at least
`release_delay` apart.  Whatever cannot be told counts as kept (I4), and a clock that was set back brings no end nearer:
what begins, begins at the newest time recorded (I14).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from reconciler.core.desired import DesiredState, RetainRule
from reconciler.core.job import JobId
from reconciler.core.memory import LedgerHold, LedgerView
from reconciler.core.rules import is_live
from reconciler.core.selectors import Match, match
from reconciler.core.subjects import Subject, remembered
from reconciler.core.times import Made
from reconciler.core.verdicts import Held, Retained, Verdict


class HoldStep(Enum):
    """What a recorded run does to a hold.  The words are part of the audit."""

    SET = "set"
    CHANGED = "changed"  # other owner, reason or until; or its job is kept again
    UNKEPT = "unkept"  # no live rule keeps its job any more: the delay begins
    LIFTED = "lifted"  # nor did one for the whole delay
    ENDED = "ended"  # its until has come


@dataclass(frozen=True, slots=True)
class HoldChange:
    """One step of one job's hold; `hold` is as it is afterwards, or was when it ended."""

    job_id: JobId
    step: HoldStep
    hold: LedgerHold


def hold_changes(
    desired: DesiredState, verdicts: Sequence[Verdict], memory: LedgerView, as_of: datetime
) -> tuple[HoldChange, ...]:
    """Tell what a run at `as_of` does to the holds; what stays as it is, is not among them.

    `memory` is what was decided with; its `last_observed` is the last observation before this run's own.
    """
    newest = max(as_of, memory.last_observed or as_of)
    run = _Run(desired=desired, rules=_protecting(desired, as_of), as_of=as_of, newest=newest)
    changes: list[HoldChange] = []
    for verdict in verdicts:
        keeping = _keeping(verdict, run.rules)
        if keeping:
            changes += run.kept(verdict.job, keeping)
        elif verdict.job.holds:
            changes += run.not_kept(verdict.job, is_told=not verdict.job.contradictions, may_be=run.may_keep(verdict))
    listed = frozenset(verdict.job.id for verdict in verdicts)
    for job_id, known in memory.jobs.items():
        if known.holds and job_id not in listed:
            subject = remembered(job_id, known, Made())
            changes += run.not_kept(subject, is_told=False, may_be=run.may_own(subject))
    return tuple(changes)


def _protecting(desired: DesiredState, as_of: datetime) -> dict[str, RetainRule]:
    rules: dict[str, RetainRule] = {}
    for rule in desired.retain:
        if rule.protect and is_live(rule, as_of):
            same = rules.get(rule.name)
            # A rule without a name is called by its place, which another one may have as its name: the longer counts.
            if same is None or (same.lapses_at and (rule.lapses_at is None or rule.lapses_at > same.lapses_at)):
                rules[rule.name] = rule
    return rules


def _keeping(verdict: Verdict, rules: Mapping[str, RetainRule]) -> tuple[RetainRule, ...]:
    if not isinstance(verdict, Retained) or not verdict.protected:
        return ()
    return tuple(rules[name] for name in verdict.rules if name in rules)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """A recorded run: the live `protect` rules by name, its time, and the newest time ever recorded."""

    desired: DesiredState
    rules: Mapping[str, RetainRule]
    as_of: datetime
    newest: datetime

    def kept(self, subject: Subject, keeping: Sequence[RetainRule]) -> Iterator[HoldChange]:
        """A hold for each rule that keeps the job; other holds of it are kept along."""
        holds = {hold.rule: hold for hold in subject.holds}
        for rule in keeping:
            hold = holds.pop(rule.name, None)
            if hold is None:
                new = LedgerHold(
                    rule=rule.name, owner=rule.owner, reason=rule.reason, set_at=self.newest, until=rule.lapses_at
                )
                yield HoldChange(subject.id, HoldStep.SET, new)
                continue
            fresh = replace(
                hold, owner=rule.owner, reason=rule.reason, until=self._until(rule, hold), unkept_since=None
            )
            if fresh != hold:
                yield HoldChange(subject.id, HoldStep.CHANGED, fresh)
        for hold in holds.values():
            yield from self._without_its_rule(subject, hold, is_told=True, may_be=True)

    def not_kept(self, subject: Subject, *, is_told: bool, may_be: bool) -> Iterator[HoldChange]:
        """No live rule is known to keep the job.  `is_told` says that this is certain, `may_be` that one may."""
        for hold in subject.holds:
            yield from self._without_its_rule(subject, hold, is_told=is_told, may_be=may_be)

    def _without_its_rule(
        self, subject: Subject, hold: LedgerHold, *, is_told: bool, may_be: bool
    ) -> Iterator[HoldChange]:
        if hold.until and hold.until <= self.as_of:
            yield HoldChange(subject.id, HoldStep.ENDED, hold)
        elif may_be:
            if hold.unkept_since:
                yield HoldChange(subject.id, HoldStep.CHANGED, replace(hold, unkept_since=None))
        elif not is_told:
            return
        elif hold.unkept_since is None:
            yield HoldChange(subject.id, HoldStep.UNKEPT, replace(hold, unkept_since=self.newest))
        elif self.as_of - hold.unkept_since >= self.desired.release_delay:
            yield HoldChange(subject.id, HoldStep.LIFTED, hold)

    def _until(self, rule: RetainRule, hold: LedgerHold) -> datetime | None:
        """Give the rule's `until`; one that is nearer than before comes no sooner than if the rule were deleted."""
        if rule.lapses_at is None:
            return None
        soonest = self.newest + self.desired.release_delay
        return max(rule.lapses_at, soonest if hold.until is None else min(hold.until, soonest))

    def may_keep(self, verdict: Verdict) -> bool:
        """Tell whether a live `protect` rule may keep a job that none certainly does."""
        if isinstance(verdict, Held | Retained):
            return verdict.may_be_protected
        # Out of scope or cleaned, no rule was asked, and the job's protection must not run out meanwhile.
        return self.may_own(verdict.job)

    def may_own(self, subject: Subject) -> bool:
        """Tell whether a live `protect` rule owns the job, or may."""
        return any(match(rule.selector, subject) is not Match.NO for rule in self.rules.values())
