"""The decision and a plain evaluator, written from the specification alone, say the same of every job, with reasons."""

from hypothesis import given

from tests.support.decision_worlds import LAW, Case, cases
from tests.support.findings import decided
from tests.support.plain_evaluator import evaluate


@LAW
@given(cases())
def test_the_decision_and_the_plain_evaluator_agree_on_every_job_and_reason(case: Case) -> None:
    assert decided(case) == evaluate(case.desired, case.inventory, case.memory, case.as_of)
