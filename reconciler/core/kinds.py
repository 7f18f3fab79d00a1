"""Which rules own a job: asked once for all jobs that are alike, since most rules look at little.

Jobs of one type and status are a kind.  What the rules say of a kind is worked out once; what depends on names is
remembered by name, up to a bound.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.core.desired import RetainRule
from reconciler.core.job import JobStatus, JobType
from reconciler.core.selectors import Match, Test, looks_at, narrowed, ready
from reconciler.core.subjects import Subject

MOST_REMEMBERED = 65_536
"""Names of one kind whose answers are kept; beyond, each job is asked about anew."""


@dataclass(frozen=True, slots=True)
class Owners:
    """The rules that own a job, or may, by their index.

    `keeping` keep all that they own; `weighed` own it, and their `keep_*` decide; `undecided` cannot tell whether they
    own it.
    """

    keeping: tuple[int, ...]
    undecided: tuple[int, ...]
    weighed: tuple[int, ...]


class Kind:
    """The rules named by `indexes` against all jobs of one type and status."""

    __slots__ = ("_asked", "_by_answers", "_by_name", "_certain", "_looks", "_retain")

    def __init__(
        self, retain: Sequence[RetainRule], indexes: Sequence[int], job_type: JobType, status: JobStatus
    ) -> None:
        self._retain = retain
        self._certain: list[tuple[int, Match]] = []
        self._asked: list[tuple[int, Test]] = []
        self._by_answers: dict[tuple[Match, ...], Owners] = {}
        self._by_name: dict[str | tuple[str, str], Owners] = {}
        looks: set[str] = set()
        for index in indexes:
            left = narrowed(retain[index].selector, job_type, status)
            if isinstance(left, Match):
                self._certain.append((index, left))
            else:
                self._asked.append((index, ready(left)))
                looks |= looks_at(left)
        self._looks = looks - {"type", "status"}

    def owners(self, subject: Subject) -> Owners:
        """Tell which rules own a job of this kind."""
        if "id" in self._looks:
            return self._asked_of(subject)
        name = (subject.name, subject.project) if "project" in self._looks else subject.name
        known = self._by_name.get(name)
        if known is None:
            known = self._asked_of(subject)
            if len(self._by_name) < MOST_REMEMBERED:
                self._by_name[name] = known
        return known

    def _asked_of(self, subject: Subject) -> Owners:
        # Answers repeat even where names do not, so that a million jobs share a few values.
        answers = tuple([test(subject) for _, test in self._asked])
        known = self._by_answers.get(answers)
        if known is None:
            told = [*self._certain, *((index, answer) for (index, _), answer in zip(self._asked, answers, strict=True))]
            known = self._by_answers[answers] = self._sorted(sorted(told, key=lambda each: each[0]))
        return known

    def _sorted(self, told: Sequence[tuple[int, Match]]) -> Owners:
        owning = [index for index, answer in told if answer is Match.YES]
        return Owners(
            keeping=tuple(index for index in owning if self._retain[index].keep.everything),
            undecided=tuple(index for index, answer in told if answer is Match.UNKNOWN),
            weighed=tuple(index for index in owning if not self._retain[index].keep.everything),
        )
