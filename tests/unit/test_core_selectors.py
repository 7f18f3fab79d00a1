"""Three-valued matching: what is missing is never taken for a no (I4)."""

from dataclasses import replace
from itertools import product

import pytest

from reconciler.core.job import Job, JobId, JobStatus, JobType
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
    looks_at,
    match,
    narrowed,
)
from tests.support.values import job

RENDERS = TypeIn(frozenset({JobType.RENDER}))
DONE = StatusIn(frozenset({JobStatus.COMPLETED}))
A = IdIn(frozenset({JobId("a")}))
YES, NO, UNKNOWN = Match.YES, Match.NO, Match.UNKNOWN

render, preview = job(), job(job_type=JobType.PREVIEW)
untyped, unstated = job(job_type=JobType.UNKNOWN), job(status=JobStatus.UNSTATED)
neither = job(job_type=JobType.UNKNOWN, status=JobStatus.UNKNOWN)
untyped_failure = job(job_type=JobType.UNKNOWN, status=JobStatus.FAILED)

CASES = [
    (EveryJob(), neither, YES),
    (A, neither, YES),
    (A, job("A"), NO),
    (A, job("a "), NO),
    (RENDERS, render, YES),
    (RENDERS, preview, NO),
    (RENDERS, untyped, UNKNOWN),
    (DONE, render, YES),
    (DONE, untyped_failure, NO),
    (DONE, unstated, UNKNOWN),
    (DONE, neither, UNKNOWN),
    (AllOf((RENDERS, DONE)), render, YES),
    (AllOf((RENDERS, DONE)), preview, NO),
    (AllOf((RENDERS, DONE)), untyped, UNKNOWN),
    (AllOf((RENDERS, DONE)), neither, UNKNOWN),
    # A certain no decides, whatever else is missing.
    (AllOf((RENDERS, DONE)), untyped_failure, NO),
    (AllOf((RENDERS, DONE)), job(job_type=JobType.PREVIEW, status=JobStatus.UNKNOWN), NO),
    (AllOf(()), neither, YES),
]


@pytest.mark.parametrize(("selector", "given", "answer"), CASES)
def test_a_selector_answers_yes_no_or_cannot_tell(selector: Selector, given: Job, answer: Match) -> None:  # I4
    assert match(selector, given) is answer


@pytest.mark.parametrize("status", JobStatus)
def test_only_a_stated_status_is_ever_certain(status: JobStatus) -> None:
    is_stated = status not in {JobStatus.UNSTATED, JobStatus.UNKNOWN}
    assert (match(DONE, job(status=status)) is not UNKNOWN) == is_stated


ANSWERING: dict[Match, Selector] = {YES: A, NO: IdIn(frozenset({JobId("b")})), UNKNOWN: RENDERS}
"""Of a job of no type: one selector for each of the three answers."""


def test_a_conjunction_is_no_if_any_part_is_else_unknown_if_any_part_is_in_any_order() -> None:  # I4
    for parts in product(Match, repeat=3):
        expected = NO if NO in parts else UNKNOWN if UNKNOWN in parts else YES
        first, *others = [ANSWERING[part] for part in parts]
        assert match(AllOf((first, *others)), untyped) is expected, parts
        assert match(AllOf((first, AllOf(tuple(others)))), untyped) is expected, parts


def test_a_disjunction_is_yes_if_any_part_is_else_unknown_if_any_part_is_in_any_order() -> None:  # I4
    for parts in product(Match, repeat=3):
        expected = YES if YES in parts else UNKNOWN if UNKNOWN in parts else NO
        first, *others = [ANSWERING[part] for part in parts]
        assert match(AnyOf((first, *others)), untyped) is expected, parts
        assert match(AnyOf((first, AnyOf(tuple(others)))), untyped) is expected, parts


def test_a_negation_leaves_open_what_is_open() -> None:  # I4
    assert [match(NotOf(ANSWERING[part]), untyped) for part in (YES, NO, UNKNOWN)] == [NO, YES, UNKNOWN]


def test_every_job_is_owned_by_the_selector_that_owns_every_job() -> None:
    for job_type, status in product(JobType, JobStatus):
        assert match(EveryJob(), job(job_type=job_type, status=status)) is YES


@pytest.mark.parametrize("job_type", JobType)
def test_a_type_is_known_or_the_answer_is_open(job_type: JobType) -> None:
    expected = {JobType.RENDER: YES, JobType.UNKNOWN: UNKNOWN}.get(job_type, NO)
    assert match(RENDERS, job(job_type=job_type)) is expected


def test_what_wants_several_words_takes_each_of_them() -> None:
    wanted = StatusIn(frozenset({JobStatus.FAILED, JobStatus.CLEANED}))
    assert {status for status in JobStatus if match(wanted, job(status=status)) is YES} == wanted.statuses


def test_an_id_fits_a_glob_or_does_not() -> None:
    like = IdLike(("a*", "?b"))
    assert [match(like, job(job_id)) for job_id in ("a", "ab", "cb", "b", "A")] == [YES, YES, YES, NO, NO]


@pytest.mark.parametrize("job_type", JobType)
def test_a_name_or_project_not_shown_is_a_no_only_of_types_that_have_none(job_type: JobType) -> None:  # I4
    bare = job(job_type=job_type)
    expected = UNKNOWN if job_type in {JobType.RENDER, JobType.PREVIEW, JobType.UNKNOWN} else NO
    for like in (NameLike(("*",)), ProjectLike(("*",))):
        assert match(like, bare) is expected
        assert match(like, replace(bare, name="n", project="p")) is YES


def test_a_name_and_a_project_are_not_taken_for_each_other() -> None:
    given = replace(render, name="n", project="p")
    assert [match(NameLike((word,)), given) for word in "np"] == [YES, NO]
    assert [match(ProjectLike((word,)), given) for word in "np"] == [NO, YES]


N, P = NameLike(("n",)), ProjectLike(("p",))
LEFT: list[tuple[Selector, Match | Selector]] = [
    (EveryJob(), YES),
    (RENDERS, YES),
    (NotOf(RENDERS), NO),
    (StatusIn(frozenset({JobStatus.FAILED})), NO),
    (A, A),
    (NotOf(N), NotOf(N)),
    (AllOf((RENDERS, N)), N),
    (AllOf((RENDERS, N, DONE, P)), AllOf((N, P))),
    (AllOf((NotOf(RENDERS), N)), NO),
    (AllOf((RENDERS, DONE)), YES),
    (AnyOf((NotOf(RENDERS), N)), N),
    (AnyOf((NotOf(RENDERS), N, P)), AnyOf((N, P))),
    (AnyOf((RENDERS, N)), YES),
    (AnyOf((NotOf(RENDERS), NotOf(DONE))), NO),
    (AllOf((DONE, AnyOf((NotOf(RENDERS), N)))), N),
]


@pytest.mark.parametrize(("selector", "left"), LEFT)
def test_of_a_kind_of_jobs_only_the_rest_is_asked(selector: Selector, left: Match | Selector) -> None:
    assert narrowed(selector, JobType.RENDER, JobStatus.COMPLETED) == left


OPEN: list[tuple[Selector, Match | Selector]] = [
    (RENDERS, UNKNOWN),
    (NotOf(RENDERS), UNKNOWN),
    (AllOf((RENDERS, DONE)), UNKNOWN),
    (AnyOf((RENDERS, DONE)), UNKNOWN),
    # It still has a say beside what is asked: a name that does not fit is a no, one that does leaves it open.
    (AllOf((RENDERS, N)), AllOf((RENDERS, N))),
    (AnyOf((RENDERS, N)), AnyOf((RENDERS, N))),
]


@pytest.mark.parametrize(("selector", "left"), OPEN)
def test_what_a_kind_leaves_open_stays_open(selector: Selector, left: Match | Selector) -> None:  # I4
    assert narrowed(selector, JobType.UNKNOWN, JobStatus.UNSTATED) == left


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        (EveryJob(), set()),
        (A, {"id"}),
        (IdLike(("a",)), {"id"}),
        (RENDERS, {"type"}),
        (DONE, {"status"}),
        (N, {"name", "type"}),
        (P, {"project", "type"}),
        (NotOf(DONE), {"status"}),
        (AllOf((A, AnyOf((DONE, NotOf(P))))), {"id", "status", "project", "type"}),
    ],
)
def test_a_selector_names_what_it_looks_at(selector: Selector, names: set[str]) -> None:
    assert looks_at(selector) == names
