"""The rules of a file, made ready once: what each says of a job, and the words for it."""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import overload

from reconciler.core.canonical import utc_text
from reconciler.core.desired import DesiredState, Keep, RetainRule
from reconciler.core.holds import span_text
from reconciler.core.job import JobId, JobStatus, JobType
from reconciler.core.keeping import (
    NOT_OWNED,
    Owned,
    group_of,
    has_slots,
    keeps,
    kept_by,
    periods_kept,
    slots_of,
    undecided_for,
)
from reconciler.core.selector_words import what_is_missing, why_not
from reconciler.core.selectors import IdIn, Match, Test, asks_kind_alone, match, narrowed, ready
from reconciler.core.subjects import Subject
from reconciler.core.verdicts import Answer, KeptBy, RuleSaid, RuleTried


@dataclass(frozen=True, slots=True)
class _Asked:
    """A rule that has to be asked of each job of a kind; `test` is None where the kind alone says that it owns them."""

    index: int
    test: Test | None


@dataclass(frozen=True, slots=True)
class _Kind:
    """What the rules say of all jobs of one type and status: which keep them all, which cannot tell, which are asked.

    `why_not` are the words of rules that own none of them, by index.
    """

    keeping: tuple[int, ...]
    undecided: tuple[int, ...]
    asked: tuple[_Asked, ...]
    why_not: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules against the subjects of one decision.  Rules are named by their index in the file.

    `by_id` are live rules that keep all of certain ids, behind an index, so that a file may name thousands; `by_match`
    are the other live ones.
    """

    retain: tuple[RetainRule, ...]
    as_of: datetime
    by_id: Mapping[JobId, tuple[int, ...]]
    by_match: tuple[int, ...]
    past: tuple[int, ...]
    slots: dict[int, "array[int]"] = field(default_factory=dict)
    kinds: dict[tuple[JobType, JobStatus], _Kind] = field(default_factory=dict)

    @classmethod
    def ready(
        cls,
        desired: DesiredState,
        takes_part: Sequence[bool],
        subjects: Sequence[Subject],
        absent: Sequence[Subject],
        as_of: datetime,
    ) -> "Rules":
        """Make the rules ready; `takes_part` says which subjects may take a slot of a `keep_*`."""
        retain = desired.retain
        live = [index for index, rule in enumerate(retain) if is_live(rule, as_of)]
        by_id: dict[JobId, tuple[int, ...]] = {}
        for index in live:
            for job_id in _ids_kept(retain[index]):
                by_id[job_id] = (*by_id.get(job_id, ()), index)
        rules = cls(
            retain=retain,
            as_of=as_of,
            by_id=by_id,
            by_match=tuple(index for index in live if not _ids_kept(retain[index])),
            past=tuple(index for index, rule in enumerate(retain) if not is_live(rule, as_of)),
        )
        rules._give_slots(desired, takes_part, subjects, absent)
        return rules

    def _give_slots(
        self, desired: DesiredState, takes_part: Sequence[bool], subjects: Sequence[Subject], absent: Sequence[Subject]
    ) -> None:
        owned = {
            index: Owned(self.retain[index], {}, array("L"))
            for index in self.by_match
            if has_slots(self.retain[index].keep)
        }
        if not owned:
            return
        for place, subject in enumerate(subjects):
            if takes_part[place]:
                for asked in self._kind(subject).asked:
                    if asked.index in owned:
                        self._offer(owned[asked.index], asked.test, place, subject)
        for index, each in owned.items():
            beside = [one for one in absent if match(each.rule.selector, one) is not Match.NO]
            self.slots[index] = slots_of(each, subjects, beside, desired.zone)

    def _offer(self, owned: Owned, test: Test | None, place: int, subject: Subject) -> None:
        owns = Match.YES if test is None else test(subject)
        if owns is Match.NO:
            owned.refused.append(place)
        elif owns is Match.YES:
            group = group_of(owned.rule.group_by, subject)
            if group is not None:
                owned.groups.setdefault(group, []).append(place)

    # -- answers

    def answers(self, place: int, subject: Subject) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Give the rules that keep the subject at `place`, and those that cannot tell."""
        kind = self._kind(subject)
        keeping = self.by_id.get(subject.id, ()) + kind.keeping
        undecided = kind.undecided
        for asked in kind.asked:
            answer = self._answer(asked, place, subject)
            if answer is Match.YES:
                keeping += (asked.index,)
            elif answer is Match.UNKNOWN:
                undecided += (asked.index,)
        return keeping, undecided

    def _answer(self, asked: _Asked, place: int, subject: Subject) -> Match:
        slot = self._slot(asked.index, place)
        if slot == NOT_OWNED:
            return Match.NO
        if not slot and asked.test is not None:
            owns = asked.test(subject)
            if owns is not Match.YES:
                return owns
        return keeps(self.retain[asked.index], subject, slot, self.as_of)

    def _slot(self, index: int, place: int) -> int:
        slots = self.slots.get(index)
        return slots[place] if slots else 0

    def _kind(self, subject: Subject) -> _Kind:
        key = (subject.type, subject.status)
        kind = self.kinds.get(key)
        if kind is None:
            kind = self.kinds[key] = self._new_kind(*key)
        return kind

    def _new_kind(self, job_type: JobType, status: JobStatus) -> _Kind:
        keeping: list[int] = []
        undecided: list[int] = []
        asked: list[_Asked] = []
        for index in self.by_match:
            left = narrowed(self.retain[index].selector, job_type, status)
            if not isinstance(left, Match):
                asked.append(_Asked(index, ready(left)))
            elif left is Match.UNKNOWN:
                undecided.append(index)
            elif left is Match.YES and self.retain[index].keep.everything:
                keeping.append(index)
            elif left is Match.YES:
                asked.append(_Asked(index, None))
        return _Kind(tuple(keeping), tuple(undecided), tuple(asked))

    def lapsed(self, subject: Subject) -> dict[str, datetime]:
        """Give the rules past `until` that own the subject, or may, with the moment at which each lapsed."""
        rules = [self.retain[index] for index in self.past]
        return {
            rule.name: rule.lapses_at
            for rule in rules
            if rule.lapses_at and match(rule.selector, subject) is not Match.NO
        }

    # -- words

    def reasons(self, keeping: tuple[int, ...], place: int, subject: Subject) -> tuple[KeptBy, ...]:
        """Name the rules that keep the subject at `place`, each with the keys that do."""
        return tuple(
            KeptBy(rule.name, kept_by(rule, subject, self._slot(index, place), self.as_of))
            for index, rule in ((index, self.retain[index]) for index in keeping)
        )

    def missing(self, undecided: tuple[int, ...], place: int, subject: Subject) -> dict[str, str]:
        """Name the rules that cannot tell, each with the facts that it needs."""
        return {self.retain[index].name: self._missing(index, place, subject) for index in undecided}

    def _missing(self, index: int, place: int, subject: Subject) -> str:
        rule = self.retain[index]
        if match(rule.selector, subject) is Match.UNKNOWN:
            return what_is_missing(rule.selector, subject)
        return undecided_for(rule, subject, self._slot(index, place), self.as_of)

    def tried(self, subject: Subject) -> "Tried":
        """Name every rule and why it does not keep the subject; rules by id as one."""
        return Tried(self, subject)

    def in_words(self, subject: Subject) -> tuple[RuleTried, ...]:
        """Give what `tried` stands for."""
        tried: list[RuleTried] = []
        if self.by_id:
            tried.append(RuleTried("ids", f"not among the {len(self.by_id)} ids that the file names"))
        tried += [RuleTried(self.retain[index].name, self._why_not(index, subject)) for index in self.by_match]
        for index in self.past:
            lapse = self.retain[index].lapses_at
            if lapse:
                tried.append(RuleTried(self.retain[index].name, f"lapsed at {utc_text(lapse)}"))
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
        told += [(index, self._lapsed(index, subject)) for index in self.past]
        others = len(self.by_id) - (subject.id in self.by_id)
        if others:
            why = f"not among the {others} {'other ' if subject.id in self.by_id else ''}ids that the file names"
            told.append((len(self.retain), RuleSaid("ids", Answer.DOES_NOT, why=why)))
        return tuple(said for _, said in sorted(told, key=lambda pair: pair[0]))

    def _lapsed(self, index: int, subject: Subject) -> RuleSaid:
        rule = self.retain[index]
        lapse = f"lapsed at {utc_text(rule.lapses_at)}" if rule.lapses_at else "lapsed"
        owns = {Match.YES: "", Match.NO: "; does not own it", Match.UNKNOWN: "; may own it"}
        return RuleSaid(rule.name, Answer.LAPSED, why=lapse + owns[match(rule.selector, subject)])

    def _why_not(self, index: int, subject: Subject) -> str:
        kind = self._kind(subject)
        known = kind.why_not.get(index)
        if known:
            return known
        rule = self.retain[index]
        if match(rule.selector, subject) is Match.YES:
            return f"keeps {keep_text(rule.keep)}; this is not among them"
        why = why_not(rule.selector, subject)
        if asks_kind_alone(rule.selector):
            kind.why_not[index] = why
        return why


class Tried(Sequence[RuleTried]):
    """Why each rule does not keep a released job, made when somebody looks: the words outweigh the decision."""

    __slots__ = ("_rules", "_subject")

    def __init__(self, rules: Rules, subject: Subject) -> None:
        self._rules = rules
        self._subject = subject

    @overload
    def __getitem__(self, index: int) -> RuleTried: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[RuleTried]: ...

    def __getitem__(self, index: int | slice) -> RuleTried | Sequence[RuleTried]:
        return self._rules.in_words(self._subject)[index]

    def __iter__(self) -> Iterator[RuleTried]:
        return iter(self._rules.in_words(self._subject))

    def __len__(self) -> int:
        return bool(self._rules.by_id) + len(self._rules.by_match) + len(self._rules.past)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))


def is_live(rule: RetainRule, as_of: datetime) -> bool:
    """Tell whether a rule still keeps anything: it has no `until`, or that day has not ended."""
    return rule.lapses_at is None or as_of < rule.lapses_at


def _ids_kept(rule: RetainRule) -> frozenset[JobId]:
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
