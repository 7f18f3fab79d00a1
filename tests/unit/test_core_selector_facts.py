"""What a selector can answer to jobs of one type and status, before there is a job: lint says it of rules."""

import pytest

from reconciler.core.job import JobId, JobStatus, JobType
from reconciler.core.selector_facts import MOST_COMPARED, answers, asks_status, labels_of, leaves, literal_ids
from reconciler.core.selectors import (
    AllOf,
    AnyOf,
    EveryJob,
    IdIn,
    IdLike,
    Match,
    NameLike,
    NotOf,
    ProjectLike,
    Selector,
    StatusIn,
    TypeIn,
)

YES, NO, UNKNOWN = Match.YES, Match.NO, Match.UNKNOWN
ALL = {YES, NO, UNKNOWN}
RENDER, IMAGE, UNTYPED = JobType.RENDER, JobType.IMAGE, JobType.UNKNOWN
COMPLETED, FAILED, UNSTATED = JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.UNSTATED

RENDERS = TypeIn(frozenset({RENDER}))
DONE = StatusIn(frozenset({COMPLETED}))
NAMED, IN_PROJECT = NameLike(("n",)), ProjectLike(("p",))
LAUNCH = IdIn(frozenset({JobId("x")}), label="launch")


def ids(*named: str) -> IdIn:
    return IdIn(frozenset(JobId(each) for each in named))


CASES: list[tuple[Selector, JobType, JobStatus, set[Match]]] = [
    (EveryJob(), UNTYPED, UNSTATED, {YES}),
    (RENDERS, RENDER, COMPLETED, {YES}),
    (RENDERS, IMAGE, COMPLETED, {NO}),
    (RENDERS, UNTYPED, COMPLETED, {UNKNOWN}),
    (DONE, RENDER, COMPLETED, {YES}),
    (DONE, RENDER, FAILED, {NO}),
    (DONE, RENDER, UNSTATED, {UNKNOWN}),
    (ids("a"), UNTYPED, UNSTATED, {YES, NO}),
    (IdLike(("a*",)), UNTYPED, UNSTATED, {YES, NO}),
    (NAMED, RENDER, COMPLETED, ALL),
    (NAMED, IMAGE, COMPLETED, {NO}),
    (NAMED, UNTYPED, COMPLETED, ALL),
    (IN_PROJECT, RENDER, COMPLETED, ALL),
    (IN_PROJECT, IMAGE, COMPLETED, {NO}),
    # All of several: the least of what each can answer.
    (AllOf((RENDERS, NAMED)), RENDER, COMPLETED, ALL),
    (AllOf((RENDERS, NAMED)), UNTYPED, COMPLETED, {NO, UNKNOWN}),
    (AllOf((RENDERS, NAMED)), IMAGE, COMPLETED, {NO}),
    (AllOf((RENDERS, ids("a"))), UNTYPED, COMPLETED, {NO, UNKNOWN}),
    (AllOf((RENDERS, DONE)), RENDER, UNSTATED, {UNKNOWN}),
    (AllOf((DONE, RENDERS)), RENDER, UNSTATED, {UNKNOWN}),
    # Any of several: the most of what each can answer.
    (AnyOf((RENDERS, NAMED)), RENDER, COMPLETED, {YES}),
    (AnyOf((NAMED, RENDERS)), UNTYPED, COMPLETED, {YES, UNKNOWN}),
    (AnyOf((RENDERS, ids("a"))), IMAGE, COMPLETED, {YES, NO}),
    (AnyOf((RENDERS, ids("a"))), UNTYPED, COMPLETED, {YES, UNKNOWN}),
    (AnyOf((RENDERS, DONE)), IMAGE, FAILED, {NO}),
    (AnyOf((RENDERS, DONE)), IMAGE, UNSTATED, {UNKNOWN}),
    (NotOf(RENDERS), RENDER, COMPLETED, {NO}),
    (NotOf(RENDERS), IMAGE, COMPLETED, {YES}),
    (NotOf(RENDERS), UNTYPED, COMPLETED, {UNKNOWN}),
    (NotOf(DONE), RENDER, COMPLETED, {NO}),
    (NotOf(DONE), RENDER, FAILED, {YES}),
    (NotOf(DONE), RENDER, UNSTATED, {UNKNOWN}),
    (NotOf(ids("a")), RENDER, COMPLETED, {YES, NO}),
]


@pytest.mark.parametrize(("selector", "job_type", "status", "expected"), CASES)
def test_what_a_selector_can_answer_to_jobs_of_one_kind(
    selector: Selector, job_type: JobType, status: JobStatus, expected: set[Match]
) -> None:
    assert answers(selector, job_type, status) == expected


NONE_LEFT: dict[str, tuple[Selector, ...]] = {
    "a thing and its opposite": (NAMED, NotOf(NAMED)),
    "its opposite first": (NotOf(NAMED), NAMED),
    "no id in both lists": (ids("a", "b"), ids("c")),
    "no id in all lists": (ids("a", "b"), ids("b", "c"), ids("a", "c")),
    "ids that all are left out": (ids("a", "b"), NotOf(ids("a", "b", "c"))),
    "ids left out one by one": (ids("a", "b"), NotOf(ids("a")), NotOf(ids("b"))),
    "ids that fit no glob": (ids("a", "b"), IdLike(("c*",))),
    "ids whose globs are left out": (ids("a", "ab"), NotOf(IdLike(("a*",)))),
    "two ids at once": (IdLike(("a",)), IdLike(("b",))),
    "two names at once": (NameLike(("Xa",)), NameLike(("b", "Xb"))),
    "two projects at once": (ProjectLike(("p",)), ProjectLike(("q*",))),
    "a pattern and its opposite": (NameLike(("n*",)), NotOf(NameLike(("n*",)))),
    "a choice and its opposite": (AnyOf((NAMED, IN_PROJECT)), NotOf(AnyOf((NAMED, IN_PROJECT)))),
    "a pattern where every name is left out": (NameLike(("n*",)), NotOf(NameLike(("x", "**")))),
}
SOME_LEFT: dict[str, tuple[Selector, ...]] = {
    "an id in both lists": (ids("a", "b"), ids("b", "c")),
    "an id that is not left out": (ids("a", "b"), NotOf(ids("a"))),
    "an id that fits": (ids("a", "b"), IdLike(("b*",))),
    "an id whose glob is not left out": (ids("a", "b"), NotOf(IdLike(("b*",)))),
    "one thing and the opposite of another": (NAMED, NotOf(IN_PROJECT)),
    "an id and what ids do not tell": (ids("a"), NAMED, NotOf(IN_PROJECT), NotOf(NotOf(NAMED))),
    "globs that can both fit": (IdLike(("a*",)), IdLike(("*b",))),
    "a name among those of both": (NameLike(("n", "m")), NameLike(("m", "o"))),
    "a star as it is, which a pattern fits": (NameLike(("n\\*",)), NameLike(("n*",))),
    "a name and a project alike": (NameLike(("n",)), ProjectLike(("p",)), IdLike(("i",))),
    "any project where every name is left out": (IN_PROJECT, NotOf(NameLike(("*",)))),
}


@pytest.mark.parametrize("parts", NONE_LEFT.values(), ids=NONE_LEFT.keys())
def test_what_no_job_can_be_is_never_a_yes(parts: tuple[Selector, ...]) -> None:
    assert YES not in answers(AllOf(parts), RENDER, COMPLETED)
    assert answers(AllOf((*parts, RENDERS)), IMAGE, COMPLETED) == {NO}


@pytest.mark.parametrize("parts", SOME_LEFT.values(), ids=SOME_LEFT.keys())
def test_what_a_job_may_be_can_be_a_yes(parts: tuple[Selector, ...]) -> None:
    assert YES in answers(AllOf(parts), RENDER, COMPLETED)


def test_beyond_a_bound_it_is_not_told_that_none_is_left() -> None:
    """Lint must answer at once, whatever a file lists: too many answers are given rather than too few."""
    half = ids(*(f"a{each}" for each in range(MOST_COMPARED // 2)))
    both = (IdLike(("b*",)), IdLike(("c*",)))
    assert YES not in answers(AllOf((half, *both)), RENDER, COMPLETED)
    assert YES in answers(AllOf((IdIn(half.ids | {JobId("a")}), *both)), RENDER, COMPLETED)


NESTED = AllOf((RENDERS, AnyOf((NotOf(DONE), LAUNCH)), ids("y")))


def test_leaves_are_the_parts_that_look_at_a_job() -> None:
    assert list(leaves(NESTED)) == [RENDERS, DONE, LAUNCH, ids("y")]
    assert list(leaves(NAMED)) == [NAMED]


def test_a_selector_asks_for_the_status_however_deep() -> None:
    assert asks_status(NESTED)
    assert asks_status(DONE)
    assert not asks_status(AllOf((RENDERS, NotOf(NAMED))))


def test_labels_are_found_however_deep_and_ids_are_none() -> None:
    assert labels_of(NESTED) == {"launch"}
    assert labels_of(AllOf((RENDERS, ids("y")))) == set()


def test_ids_are_a_rule_s_own_only_where_nothing_else_has_a_say() -> None:
    assert literal_ids(ids("a", "b")) == {"a", "b"}
    for other in (LAUNCH, AllOf((ids("a"), RENDERS)), NotOf(ids("a")), IdLike(("a",)), EveryJob()):
        assert literal_ids(other) == set()
