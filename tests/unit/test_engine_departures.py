"""What a list that says `cleaned` would let go is believed once the job itself says so (I2, I4)."""

from dataclasses import replace

import pytest

from reconciler.core.desired import DesiredState, Link
from reconciler.core.job import Job, JobId, JobStatus
from reconciler.core.memory import LedgerView
from reconciler.core.retention import decide
from reconciler.core.verdicts import Released
from reconciler.engine.departures import confirmed, unsure_departures
from reconciler.errors import AuthenticationRefused, ServiceAnswerUnreadable, ServiceUnreachable
from tests.support.alone import Alone
from tests.support.values import NOON, by_id, desired, inventory, job, known, memory

A, B = JobId("a"), JobId("b")
LINKED = replace(desired(by_id("a")), links=(Link(job=A, needs=(B,)),))
UNLINKED = desired(by_id("a"))
REMEMBERED = memory("b", "a")
CLEANED = job("a", status=JobStatus.CLEANED, assets=())


def of_project(made: Job, project: str) -> Job:
    return replace(made, project=project)


def unsure(*jobs: Job, file: DesiredState = LINKED, remembered: LedgerView = REMEMBERED) -> tuple[JobId, ...]:
    return unsure_departures(decide(file, inventory(*jobs), remembered, NOON), file.links, remembered)


def test_a_job_that_needs_another_by_a_link_is_asked_for() -> None:
    assert unsure(CLEANED, job("b")) == (A,)
    assert unsure(CLEANED, job("b"), file=UNLINKED) == ()


def test_a_job_of_a_project_that_others_show_is_asked_for() -> None:
    gone = of_project(CLEANED, "p")
    assert unsure(gone, of_project(job("b"), "p"), file=UNLINKED) == (A,)
    assert unsure(gone, of_project(job("b"), "q"), file=UNLINKED) == ()


def test_also_where_what_it_needs_waits_for_now() -> None:
    assert unsure(CLEANED, job("b", status=JobStatus.IN_PROGRESS)) == (A,)


def test_nobody_is_asked_for_a_job_that_is_there_or_was_known_to_have_left() -> None:
    assert unsure(job("a"), job("b")) == ()
    left = LedgerView(account="acme", jobs={A: known(1, left=True), B: known(2)})
    assert unsure(CLEANED, job("b"), remembered=left) == ()


def test_a_job_that_says_so_itself_has_left_and_so_has_one_that_is_gone() -> None:
    whole = inventory(CLEANED, job("b"))
    assert confirmed(Alone({"a": CLEANED}), whole, [A]) is whole
    assert confirmed(Alone(), whole, [A]) is whole
    assert isinstance(decide(LINKED, whole, REMEMBERED, NOON)[1], Released)


@pytest.mark.parametrize("alone", [job("a"), job("a", status=JobStatus.IN_PROGRESS)], ids=["there", "running"])
def test_a_job_that_is_there_contradicts_the_list_and_what_it_needs_stays(alone: Job) -> None:
    seen = confirmed(Alone({"a": alone}), inventory(CLEANED, job("b")), [A])
    assert seen.jobs[0] == replace(
        alone, contradictions=(f"listed as cleaned; asked for alone, it is {alone.status.value}",)
    )
    assert seen.proof.asked_alone == 1
    assert not any(isinstance(each, Released) for each in decide(LINKED, seen, REMEMBERED, NOON))


def test_a_job_that_cannot_be_read_alone_is_not_taken_for_cleaned() -> None:
    asked = Alone({"a": ServiceAnswerUnreadable("it was answered with job z")})
    seen = confirmed(asked, inventory(CLEANED, job("b")), [A])
    assert seen.jobs[0].contradictions == (
        "listed as cleaned; asked for alone, it cannot be read: it was answered with job z",
    )
    assert not any(isinstance(each, Released) for each in decide(LINKED, seen, REMEMBERED, NOON))


@pytest.mark.parametrize("error", [ServiceUnreachable("no answer"), AuthenticationRefused("refused")], ids=repr)
def test_no_answer_at_all_is_no_plan(error: Exception) -> None:
    with pytest.raises(type(error)):
        confirmed(Alone({"a": error}), inventory(CLEANED), [A])
