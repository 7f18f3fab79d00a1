"""What a file lost against the one that was applied last: rules that are gone, rules that keep less than they did.

Time alone is no loss: the rules of then are asked what they would keep *now*.  So a job that grew too old for its rule,
or a rule that came to its own `until`, is none; and what counts is what the text no longer says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from reconciler.core.applied import rule_digest
from reconciler.core.canonical import digest
from reconciler.core.desired import DesiredState, RetainRule
from reconciler.core.job import JobId
from reconciler.core.memory import LedgerView
from reconciler.core.rules import Rules, ids_kept, is_live
from reconciler.core.subjects import Subject, absent_of
from reconciler.core.verdicts import Gone, Held, HoldCode, Released, Verdict

TOKEN_DIGITS = 12
ALL_RULES = "(all rules)"
"""What is lost where nobody knows any more what the rules were."""


class Lost(Enum):
    """What became of a rule.  The words are part of the plan format."""

    GONE = "gone"
    NARROWED = "narrowed"
    UNKNOWN = "unknown"  # of all rules: the ledger that knew them is lost


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLoss:
    """A rule that keeps less than it did, or nothing any more.

    `kept` jobs it kept when its file was applied; of the jobs that it would keep now, or may, no rule keeps `freed` any
    more, and `released` of these are let go by the plan.  Of the jobs that it named by id, no rule names `unnamed` any
    more.  `was` and `now` are digests of its meaning, `now` "" where it is gone; of the files, where it is unknown what
    the rules were, and `was` "" where that file is unknown too.
    """

    rule: str
    how: Lost
    kept: int
    freed: int
    released: int
    unnamed: int
    was: str
    now: str = ""


@dataclass(frozen=True, slots=True)
class RuleRenamed:
    """A rule that says what it said under another name."""

    before: str
    now: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesCompared:
    """The file's rules beside those of the file with `digest`, which was applied at `applied_at`."""

    digest: str
    applied_at: datetime
    lost: tuple[RuleLoss, ...] = ()
    renamed: tuple[RuleRenamed, ...] = ()

    @property
    def name(self) -> str:
        """The name of just this loss, 12 hex digits, by which it is approved; "" where nothing is lost."""
        if not self.lost:
            return ""
        told = digest(sorted([each.rule, each.was, each.now] for each in self.lost))
        return told.removeprefix("sha256:")[:TOKEN_DIGITS]


def compare_rules(
    desired: DesiredState, verdicts: Sequence[Verdict], memory: LedgerView, as_of: datetime
) -> RulesCompared | None:
    """Compare with the file that was applied last; None where none was, or it was this one.

    `verdicts` are those of `desired` over the whole list.
    """
    applied = memory.applied
    if applied is None or applied.digest == desired.digest:
        return None
    if not applied.is_known:
        return RulesCompared(
            digest=applied.digest, applied_at=applied.applied_at, lost=(_unknown(applied.digest, desired.digest),)
        )
    # What each rule means is named once: a file may name thousands of jobs, each by a rule of its own.
    then = [_Then(each.rule, each.kept, rule_digest(each.rule)) for each in applied.rules]
    now = [(rule, rule_digest(rule)) for rule in desired.retain]
    same_then, same_now = {each.digest for each in then}, {meaning for _, meaning in now}
    successors = {rule.name: meaning for rule, meaning in now if meaning not in same_then}
    unmatched = [each for each in then if each.digest not in same_now and is_live(each.rule, as_of)]
    absent = absent_of((verdict.job.id for verdict in verdicts), memory, desired.trust, as_of)
    return RulesCompared(
        digest=applied.digest,
        applied_at=applied.applied_at,
        lost=_Jobs(desired, verdicts, absent, as_of).losses(unmatched, successors),
        renamed=_renamed(then, now),
    )


def _unknown(was: str, now: str) -> RuleLoss:
    return RuleLoss(rule=ALL_RULES, how=Lost.UNKNOWN, kept=0, freed=0, released=0, unnamed=0, was=was, now=now)


@dataclass(frozen=True, slots=True)
class _Then:
    """A rule as it was applied, how many jobs it kept, and the digest of what it means."""

    rule: RetainRule
    kept: int
    digest: str


def _renamed(then: Sequence[_Then], now: Sequence[tuple[RetainRule, str]]) -> tuple[RuleRenamed, ...]:
    # A rule without a name is called by its place; that another one stands above it now is no news.
    names_then, names_now = {each.rule.name for each in then}, {rule.name for rule, _ in now}
    new = {meaning: rule.name for rule, meaning in now if rule.name not in names_then}
    return tuple(
        RuleRenamed(each.rule.name, new[each.digest])
        for each in then
        if each.rule.name not in names_now and each.digest in new
    )


@dataclass(frozen=True, slots=True)
class _Jobs:
    """The jobs there are, and what the file says of them now; `absent` are those that the list should have."""

    desired: DesiredState
    verdicts: Sequence[Verdict]
    absent: Sequence[Subject]
    as_of: datetime

    def losses(self, rules: Sequence[_Then], successors: Mapping[str, str]) -> tuple[RuleLoss, ...]:
        """Tell which of the rules are lost; `successors` are those of now that say what none did, by their names."""
        if not rules:
            return ()
        freed, unnamed = self._freed([then.rule for then in rules]), self._unnamed()
        found = []
        for then, jobs in zip(rules, freed, strict=True):
            now = successors.get(then.rule.name, "")
            by_id = ids_kept(then.rule)
            # Ids count as they are written: another rule that keeps such a job today need not keep it tomorrow.
            if by_id & unnamed if by_id else jobs or not now:
                found.append(
                    RuleLoss(
                        rule=then.rule.name,
                        how=Lost.NARROWED if now else Lost.GONE,
                        kept=then.kept,
                        freed=len(jobs),
                        released=sum(isinstance(verdict, Released) for verdict in jobs),
                        unnamed=len(by_id & unnamed),
                        was=then.digest,
                        now=now,
                    )
                )
        return tuple(found)

    def _freed(self, rules: Sequence[RetainRule]) -> list[list[Verdict]]:
        """Give for each rule the jobs that it would keep now, or may, and that no rule keeps."""
        subjects = [verdict.job for verdict in self.verdicts]
        then = Rules.ready(replace(self.desired, retain=tuple(rules)), subjects, self.absent, self.as_of)
        freed: list[list[Verdict]] = [[] for _ in rules]
        for place, verdict in enumerate(self.verdicts):
            if isinstance(verdict, Released | Held):
                keeping, undecided = then.answers(place, verdict.job)
                # What no rule could tell of then, and one cannot tell of now, is held as it was.
                for index in {*keeping, *(() if _is_undecided(verdict) else undecided)}:
                    freed[index].append(verdict)
        return freed

    def _unnamed(self) -> frozenset[JobId]:
        """Give the jobs that are there and that no rule names: what was cleaned or has left cannot be lost any more."""
        there = {verdict.job.id for verdict in self.verdicts if not isinstance(verdict, Gone)}
        there.update(subject.id for subject in self.absent)
        live = (rule for rule in self.desired.retain if is_live(rule, self.as_of))
        return frozenset(there.difference(*(ids_kept(rule) for rule in live)))


def _is_undecided(verdict: Released | Held) -> bool:
    return isinstance(verdict, Held) and any(hold.code is HoldCode.RULE_UNDECIDED for hold in verdict.holds)
