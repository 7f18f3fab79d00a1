"""The rules of a file, made ready once: what each says of a job, and the words for it."""

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.core.canonical import utc_text
from reconciler.core.desired import DesiredState, Keep, RetainRule, Scope
from reconciler.core.holds import span_text
from reconciler.core.job import JobId, JobStatus, JobType
from reconciler.core.keeping import (
    NO_SLOTS,
    Owned,
    Slots,
    group_of,
    has_slots,
    keeps,
    kept_by,
    periods_kept,
    slots_of,
    undecided_for,
)
from reconciler.core.kinds import Kind, Standing
from reconciler.core.selector_words import what_is_missing, why_not
from reconciler.core.selectors import IdIn, Match, looks_at, match
from reconciler.core.subjects import Subject
from reconciler.core.verdicts import Answer, KeptBy, RuleSaid, RuleTried


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules against the subjects of one decision.  Rules are named by their index in the file.

    `by_id` are live rules that keep all of certain ids, behind an index, so that a file may name thousands; `by_match`
    are the other live ones; `past` are those that lapsed, with the moment.  `standings` says of each subject, by its
    place, which rules own it; `slots` what those with counts say of it.  `why_not` keeps words that are the same for
    all jobs of a type and status.
    """

    retain: tuple[RetainRule, ...]
    as_of: datetime
    by_id: Mapping[JobId, tuple[int, ...]]
    by_match: tuple[int, ...]
    past: Mapping[int, datetime]
    standings: list[Standing] = field(default_factory=list)
    slots: dict[int, Slots] = field(default_factory=dict)
    why_not: dict[tuple[int, JobType, JobStatus], str] = field(default_factory=dict)

    @classmethod
    def ready(
        cls, desired: DesiredState, subjects: Sequence[Subject], absent: Sequence[Subject], as_of: datetime
    ) -> "Rules":
        """Make the rules ready for the subjects."""
        retain = desired.retain
        live = [index for index, rule in enumerate(retain) if is_live(rule, as_of)]
        by_id: dict[JobId, tuple[int, ...]] = {}
        for index in live:
            for job_id in ids_kept(retain[index]):
                by_id[job_id] = (*by_id.get(job_id, ()), index)
        rules = cls(
            retain=retain,
            as_of=as_of,
            by_id=by_id,
            by_match=tuple(index for index in live if not ids_kept(retain[index])),
            past={
                index: rule.lapses_at
                for index, rule in enumerate(retain)
                if rule.lapses_at and not is_live(rule, as_of)
            },
        )
        rules._ask(desired.scope, subjects)
        rules._give_slots(desired, subjects, absent)
        return rules

    def _ask(self, scope: Scope, subjects: Sequence[Subject]) -> None:
        kinds: dict[tuple[JobType, JobStatus], Callable[[Subject], Standing]] = {}
        for subject in subjects:
            key = (subject.type, subject.status)
            standing = kinds.get(key)
            if standing is None:
                standing = kinds[key] = Kind(scope, self.retain, self.by_match, *key).standing
            self.standings.append(standing(subject))

    def _give_slots(self, desired: DesiredState, subjects: Sequence[Subject], absent: Sequence[Subject]) -> None:
        owned = {index: Owned(self.retain[index], {}) for index in self.by_match if has_slots(self.retain[index].keep)}
        nothing_to_take = array("H", [NO_SLOTS]) * len(subjects)
        self.slots.update(dict.fromkeys(range(len(self.retain)), nothing_to_take))
        if not owned:
            return
        for place, (subject, standing) in enumerate(zip(subjects, self.standings, strict=True)):
            if standing.weighed and standing.may_take_slots and not subject.contradictions:
                for index in standing.weighed:
                    if index in owned:
                        group = group_of(self.retain[index].group_by, subject)
                        if group is not None:
                            owned[index].groups.setdefault(group, array("I")).append(place)
        for index, each in owned.items():
            beside = [one for one in absent if match(each.rule.selector, one) is not Match.NO]
            self.slots[index] = slots_of(each, subjects, beside, desired.zone)

    # -- answers

    def answers(self, place: int, subject: Subject) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Give the rules that keep the subject at `place`, and those that cannot tell."""
        standing = self.standings[place]
        by_id = self.by_id.get(subject.id)
        keeping = by_id + standing.keeping if by_id else standing.keeping
        undecided = standing.undecided
        for index in standing.weighed:
            answer = keeps(self.retain[index], subject, self.slots[index][place], self.as_of)
            if answer is Match.YES:
                keeping += (index,)
            elif answer is Match.UNKNOWN:
                undecided += (index,)
        return keeping, undecided

    def free_since(self, subject: Subject) -> datetime:
        """Tell since when nothing but waiting holds a job: as recorded, else since its rules lapsed, else since now.

        A job that in the last recorded observation was kept by rules with an end alone was freed at the last of these
        ends: one wait, not two.
        """
        if subject.released_since:
            return subject.released_since
        return subject.kept_until if subject.kept_until and subject.kept_until <= self.as_of else self.as_of

    def lapsed(self, subject: Subject) -> dict[str, datetime]:
        """Give the rules past `until` that own the subject, or may, with the moment at which each lapsed."""
        return {
            self.retain[index].name: lapse
            for index, lapse in self.past.items()
            if match(self.retain[index].selector, subject) is not Match.NO
        }

    # -- words

    def reasons(self, keeping: tuple[int, ...], place: int, subject: Subject) -> tuple[KeptBy, ...]:
        """Name the rules that keep the subject at `place`, each with the keys that do."""
        return tuple(
            KeptBy(rule.name, kept_by(rule, subject, self.slots[index][place], self.as_of))
            for index, rule in ((index, self.retain[index]) for index in keeping)
        )

    def missing(self, undecided: tuple[int, ...], place: int, subject: Subject) -> dict[str, str]:
        """Name the rules that cannot tell, each with the facts that it needs."""
        return {self.retain[index].name: self._missing(index, place, subject) for index in undecided}

    def _missing(self, index: int, place: int, subject: Subject) -> str:
        rule = self.retain[index]
        if match(rule.selector, subject) is Match.UNKNOWN:
            return what_is_missing(rule.selector, subject)
        return undecided_for(rule, subject, self.slots[index][place], self.as_of)

    def tried(self, subject: Subject) -> tuple[RuleTried, ...]:
        """Name every rule and why it does not keep the subject; rules by id as one."""
        tried: list[RuleTried] = []
        if self.by_id:
            tried.append(RuleTried("ids", f"not among the {len(self.by_id)} ids that the file names"))
        tried += [RuleTried(self.retain[index].name, self._why_not(index, subject)) for index in self.by_match]
        tried += [RuleTried(self.retain[index].name, f"lapsed at {utc_text(at)}") for index, at in self.past.items()]
        return tuple(tried)

    def said(self, place: int, subject: Subject) -> tuple[RuleSaid, ...]:
        """Tell what every rule says of the subject at `place`, in the file's order; ids that are not its own as one."""
        keeping, undecided = self.answers(place, subject)
        told: list[tuple[int, RuleSaid]] = []
        for index, kept in zip(keeping, self.reasons(keeping, place, subject), strict=True):
            told.append((index, RuleSaid(kept.rule, Answer.KEEPS, kept.keys)))
        for index in undecided:
            missing = self._missing(index, place, subject)
            told.append((index, RuleSaid(self.retain[index].name, Answer.CANNOT_TELL, why=missing)))
        for index in set(self.by_match).difference(keeping, undecided):
            told.append((index, RuleSaid(self.retain[index].name, Answer.DOES_NOT, why=self._why_not(index, subject))))
        told += [(index, self._lapsed(index, lapse, subject)) for index, lapse in self.past.items()]
        others = len(self.by_id) - (subject.id in self.by_id)
        if others:
            why = f"not among the {others} {'other ' if subject.id in self.by_id else ''}ids that the file names"
            told.append((len(self.retain), RuleSaid("ids", Answer.DOES_NOT, why=why)))
        return tuple(said for _, said in sorted(told, key=lambda pair: pair[0]))

    def _lapsed(self, index: int, lapse: datetime, subject: Subject) -> RuleSaid:
        rule = self.retain[index]
        owns = {Match.YES: "", Match.NO: "; does not own it", Match.UNKNOWN: "; may own it"}
        why = f"lapsed at {utc_text(lapse)}{owns[match(rule.selector, subject)]}"
        return RuleSaid(rule.name, Answer.LAPSED, why=why)

    def _why_not(self, index: int, subject: Subject) -> str:
        key = (index, subject.type, subject.status)
        known = self.why_not.get(key)
        if known:
            return known
        rule = self.retain[index]
        if match(rule.selector, subject) is Match.YES:
            return f"keeps {keep_text(rule.keep)}; this is not among them"
        why = why_not(rule.selector, subject)
        if looks_at(rule.selector) <= {"type", "status"}:
            self.why_not[key] = why
        return why


def is_live(rule: RetainRule, as_of: datetime) -> bool:
    """Tell whether a rule still keeps anything: it has no `until`, or that day has not ended."""
    return rule.lapses_at is None or as_of < rule.lapses_at


def ids_kept(rule: RetainRule) -> frozenset[JobId]:
    """Give the ids of which a rule keeps all; none where it looks at anything else."""
    return rule.selector.ids if isinstance(rule.selector, IdIn) and rule.keep.everything else frozenset()


def keep_text(keep: Keep) -> str:
    """Say what a rule keeps of what it owns: `the newest 3, the newest of each of 12 months`."""
    parts: list[str] = []
    if keep.last is not None:
        parts.append(f"the newest {keep.last}")
    if keep.within is not None:
        parts.append(f"what is at most {span_text(keep.within)} old")
    parts += [f"the newest of each of {count} {period.name.lower()}s" for period, _, count in periods_kept(keep)]
    if keep.size is not None:
        parts.append(f"the newest {keep.size} bytes")
    return ", ".join(parts) or "all"
