"""Three-valued matching: what is missing is never taken for a no (I4)."""

from itertools import product

import pytest

from reconciler.core.job import Job, JobId, JobStatus, JobType
from reconciler.core.selector_words import why_not
from reconciler.core.selectors import AllOf, EveryJob, IdIn, Match, Selector, StatusIn, TypeIn, match
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


def test_the_reason_names_what_was_wanted_and_what_is() -> None:
    both = AllOf((TypeIn(frozenset({JobType.RENDER, JobType.IMAGE})), StatusIn(frozenset({JobStatus.FAILED}))))
    assert why_not(both, preview) == (
        "wants type image or render, this is preview; wants status failed, this is completed"
    )
    assert why_not(both, job(job_type=JobType.PREVIEW, status=JobStatus.FAILED)) == (
        "wants type image or render, this is preview"
    )
    assert why_not(A, job("b")) == "does not name this id"
    assert why_not(AllOf((A, RENDERS)), job("b", JobType.PREVIEW)) == (
        "does not name this id; wants type render, this is preview"
    )


def test_a_conjunction_is_no_if_any_part_is_else_unknown_if_any_part_is_in_any_order() -> None:  # I4
    # Of a job of no type: one selector for each of the three answers.
    answers: dict[Match, Selector] = {YES: A, NO: IdIn(frozenset({JobId("b")})), UNKNOWN: RENDERS}
    for parts in product(Match, repeat=3):
        expected = NO if NO in parts else UNKNOWN if UNKNOWN in parts else YES
        given = [answers[part] for part in parts]
        assert match(AllOf(tuple(given)), untyped) is expected, parts
        assert match(AllOf((given[0], AllOf((given[1], given[2])))), untyped) is expected, parts


def test_every_job_is_owned_by_the_selector_that_owns_every_job() -> None:
    for job_type, status in product(JobType, JobStatus):
        assert match(EveryJob(), job(job_type=job_type, status=status)) is YES
    assert why_not(EveryJob(), render) == "owns every job"


@pytest.mark.parametrize("job_type", JobType)
def test_a_type_is_known_or_the_answer_is_open(job_type: JobType) -> None:
    expected = {JobType.RENDER: YES, JobType.UNKNOWN: UNKNOWN}.get(job_type, NO)
    assert match(RENDERS, job(job_type=job_type)) is expected


def test_what_wants_several_words_takes_each_of_them() -> None:
    wanted = StatusIn(frozenset({JobStatus.FAILED, JobStatus.CLEANED}))
    assert {status for status in JobStatus if match(wanted, job(status=status)) is YES} == wanted.statuses
