"""Where a job stands, in scope and owned by which rules: asked once for all jobs that are alike.

Jobs of one type and status are a kind, and most rules look at little more.  What scope and rules say of a kind is
worked out once; what depends on names is remembered by name, up to a bound.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.core.desired import RetainRule, Scope
from reconciler.core.job import TERMINAL, JobStatus, JobType
from reconciler.core.selectors import Match, Test, looks_at, narrowed, ready
from reconciler.core.subjects import Subject

MOST_REMEMBERED = 65_536
"""Names of one kind whose answers are kept; beyond, each job is asked about anew."""


def scope_answer(scope: Scope, job_type: JobType, status: JobStatus) -> Match:
    """Tell whether the file plans jobs of one type and status at all.

    A failed job shows no type; the default scope takes it in.  A finished job of an unknown shape is never out of
    scope for certain, since its type could be one in scope.
    """
    if job_type is not JobType.UNKNOWN:
        return Match.YES if job_type in scope.types else Match.NO
    if status is JobStatus.FAILED and scope.untyped_failures:
        return Match.YES
    return Match.UNKNOWN


@dataclass(frozen=True, slots=True)
class Standing:
    """Where jobs stand that are alike.  Rules are named by their index.

    `may_take_slots` says that one may take a slot of a `keep_*`, unless its own facts contradict: an uncertain job must
    push no other out.  Of the rules, `keeping` keep all that they own; `weighed` own it, and their `keep_*` decide;
    `undecided` cannot tell whether they own it.
    """

    in_scope: Match
    may_take_slots: bool
    keeping: tuple[int, ...]
    undecided: tuple[int, ...]
    weighed: tuple[int, ...]


class Kind:
    """The scope, and the rules named by `indexes`, against all jobs of one type and status."""

    __slots__ = (
        "_asked",
        "_by_answers",
        "_by_id",
        "_by_name",
        "_by_project",
        "_certain",
        "_in_scope",
        "_may_take_slots",
        "_retain",
    )

    def __init__(
        self, scope: Scope, retain: Sequence[RetainRule], indexes: Sequence[int], job_type: JobType, status: JobStatus
    ) -> None:
        self._retain = retain
        self._in_scope = scope_answer(scope, job_type, status)
        self._may_take_slots = self._in_scope is Match.YES and status in TERMINAL
        self._certain: list[tuple[int, Match]] = []
        self._asked: list[tuple[int, Test]] = []
        self._by_answers: dict[tuple[Match, ...], Standing] = {}
        self._by_name: dict[str | tuple[str, str], Standing] = {}
        looks: set[str] = set()
        for index in indexes:
            left = narrowed(retain[index].selector, job_type, status)
            if isinstance(left, Match):
                self._certain.append((index, left))
            else:
                self._asked.append((index, ready(left)))
                looks |= looks_at(left)
        self._by_id, self._by_project = "id" in looks, "project" in looks

    def standing(self, subject: Subject) -> Standing:
        """Tell where a job of this kind stands."""
        if self._by_id:
            return self._asked_of(subject)
        name = (subject.name, subject.project) if self._by_project else subject.name
        known = self._by_name.get(name)
        if known is None:
            known = self._asked_of(subject)
            if len(self._by_name) < MOST_REMEMBERED:
                self._by_name[name] = known
        return known

    def _asked_of(self, subject: Subject) -> Standing:
        # Answers repeat even where names do not, so that a million jobs share a few values.
        answers = tuple([test(subject) for _, test in self._asked])
        known = self._by_answers.get(answers)
        if known is None:
            told = [*self._certain, *((index, answer) for (index, _), answer in zip(self._asked, answers, strict=True))]
            known = self._by_answers[answers] = self._sorted(sorted(told, key=lambda each: each[0]))
        return known

    def _sorted(self, told: Sequence[tuple[int, Match]]) -> Standing:
        owning = [index for index, answer in told if answer is Match.YES]
        return Standing(
            in_scope=self._in_scope,
            may_take_slots=self._may_take_slots,
            keeping=tuple(index for index in owning if self._retain[index].keep.everything),
            undecided=tuple(index for index, answer in told if answer is Match.UNKNOWN),
            weighed=tuple(index for index in owning if not self._retain[index].keep.everything),
        )
