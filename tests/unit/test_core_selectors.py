"""Three-valued matching: what is missing is never taken for a no (I4)."""

import pytest

from reconciler.core.job import Job, JobId, JobStatus, JobType
from reconciler.core.selectors import AllOf, EveryJob, IdIn, Match, Selector, StatusIn, TypeIn, match, why_not
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
