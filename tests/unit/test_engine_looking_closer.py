"""A list may show less of a job than the answer for it alone; what is decided on is the fuller of the two."""

from dataclasses import replace
from datetime import datetime

import pytest

from reconciler.core.job import Job, JobId, JobStatus, JobType
from reconciler.core.subjects import Subject
from reconciler.core.verdicts import Held, Hold, HoldCode, KeptBy, OutOfScope, Released, Retained, RuleTried, Verdict
from reconciler.engine.looking_closer import MAY_BE_FOR_LACK_OF_FACTS, look_closer, worth_a_look
from reconciler.errors import AuthenticationRefused, ServiceAnswerUnreadable, ServiceUnreachable
from tests.support.alone import Alone
from tests.support.values import inventory, job, subject


def thin(job_id: str) -> Job:
    return job(job_id, JobType.UNKNOWN, JobStatus.COMPLETED, assets=())


def looked(alone: Alone, *listed: Job) -> dict[str, Job]:
    made = look_closer(alone, inventory(*listed), [each.id for each in listed])
    return {each.id: each for each in made.jobs}


def test_where_the_list_is_full_one_job_of_each_kind_is_asked_for() -> None:
    jobs = [job(f"r{n}") for n in range(5)] + [job(f"p{n}", JobType.PREVIEW) for n in range(5)]
    alone = Alone({each.id: each for each in jobs})
    whole = inventory(*jobs)
    assert look_closer(alone, whole, [each.id for each in jobs]) is whole
    assert alone.asked == ["r0", "p0"]


def test_where_the_list_is_thin_every_chosen_job_of_the_kind_counts_as_it_is_alone() -> None:
    alone = Alone({each: job(each) for each in "abc"})
    made = look_closer(alone, inventory(thin("a"), thin("b"), thin("c"), thin("d")), [JobId(each) for each in "abc"])
    assert made.jobs == (job("a"), job("b"), job("c"), thin("d"))
    assert made.proof.asked_alone == 3
    assert alone.asked == ["a", "b", "c"]


def test_another_kind_is_looked_at_apart() -> None:
    failed = [job(each, JobType.UNKNOWN, JobStatus.FAILED, assets=()) for each in ("f", "g")]
    alone = Alone({"a": job("a"), "b": job("b"), "f": failed[0], "g": failed[1]})
    assert looked(alone, thin("a"), thin("b"), *failed)["a"] == job("a")
    assert alone.asked == ["a", "b", "f"]


def test_a_job_that_has_gone_does_not_speak_for_its_kind() -> None:
    alone = Alone({"b": job("b"), "c": job("c")})
    assert looked(alone, thin("a"), thin("b"), thin("c")) == {"a": thin("a"), "b": job("b"), "c": job("c")}


def test_a_job_that_changed_since_the_list_counts_as_it_is_now() -> None:  # I5
    now = job("a", status=JobStatus.IN_PROGRESS)
    assert looked(Alone({"a": now, "b": job("b")}), job("a"), job("b"))["a"] == now


def test_a_job_that_cannot_be_read_alone_is_contradictory_and_no_reason_to_stop() -> None:  # I4
    alone = Alone({"a": ServiceAnswerUnreadable("it was answered with job z"), "b": job("b"), "c": job("c")})
    found = looked(alone, job("a"), job("b"), job("c"))
    assert found["a"].contradictions == ("asked for alone, it cannot be read: it was answered with job z",)
    assert (found["b"], found["c"]) == (job("b"), job("c"))


def test_what_speaks_against_a_job_in_the_list_still_does() -> None:  # I4
    twice = replace(job("a"), contradictions=("listed twice with different facts",))
    other = replace(job("a"), contradictions=("its ids disagree: a, z",))
    found = looked(Alone({"a": other}), twice)["a"]
    assert found.contradictions == ("listed twice with different facts", "its ids disagree: a, z")


@pytest.mark.parametrize("error", [ServiceUnreachable("no answer"), AuthenticationRefused("refused")], ids=repr)
def test_no_answer_at_all_is_no_plan(error: Exception) -> None:
    with pytest.raises(type(error)):
        looked(Alone({"a": error}), job("a"))


def test_nobody_is_asked_for_nobody() -> None:
    alone, whole = Alone(), inventory(job("a"))
    assert look_closer(alone, whole, []) is whole
    assert alone.asked == []


def held(*codes: HoldCode, status: JobStatus = JobStatus.COMPLETED) -> Held:
    return Held(job=subject(job(status=status)), holds=tuple(Hold(code, "why") for code in codes))


class NoRules:
    def tried(self, subject: Subject) -> tuple[RuleTried, ...]:
        raise AssertionError(f"nobody asks why {subject.id} is released")

    def free_since(self, subject: Subject) -> datetime:
        raise AssertionError(f"nobody asks since when {subject.id} is released")


WORTH: dict[str, tuple[Verdict, bool]] = {
    "released": (Released(job=subject(), rules=NoRules()), True),
    "retained": (Retained(job=subject(), kept=(KeptBy("r"),)), False),
    "out of scope": (OutOfScope(job=subject()), False),
    "lacking": (held(*sorted(MAY_BE_FOR_LACK_OF_FACTS, key=lambda code: code.value)), True),
    "lacking and young": (held(HoldCode.TYPE_UNKNOWN, HoldCode.TOO_YOUNG), False),
    "contradictory": (held(HoldCode.CONTRADICTORY), False),
    "running": (held(HoldCode.RULE_UNDECIDED, status=JobStatus.IN_PROGRESS), False),
}


@pytest.mark.parametrize(("verdict", "is_worth"), WORTH.values(), ids=WORTH.keys())
def test_only_jobs_that_may_go_or_lack_facts_are_worth_a_call(verdict: Verdict, is_worth: bool) -> None:
    assert bool(worth_a_look([verdict])) == is_worth
