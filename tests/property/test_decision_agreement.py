"""The decision and a plain evaluator, written from the specification alone, say the same of every job, with reasons."""

from typing import assert_never

from hypothesis import given

from reconciler.core.retention import decide
from reconciler.core.verdicts import Gone, Held, HoldCode, OutOfScope, Released, Retained, Verdict
from tests.support.decision_worlds import Case, cases
from tests.support.plain_evaluator import Finding, evaluate


def as_finding(verdict: Verdict) -> Finding:
    """Give what a verdict says in the evaluator's words."""
    match verdict:
        case Retained(kept=kept):
            return Finding("retained", kept=frozenset((each.rule, frozenset(each.keys)) for each in kept))
        case Held(holds=holds, waits_since=since):
            undecided = [hold.detail.split()[1] for hold in holds if hold.code is HoldCode.RULE_UNDECIDED]
            return Finding(
                "held",
                holds=frozenset(hold.code for hold in holds),
                undecided=frozenset(undecided),
                waits_since=since,
            )
        case Released(tried=tried, since=since):
            return Finding("released", tried=frozenset(each.rule for each in tried), since=since)
        case OutOfScope():
            return Finding("out_of_scope")
        case Gone():
            return Finding("gone")
        case _:
            assert_never(verdict)


def decided(case: Case) -> dict[str, Finding]:
    verdicts = decide(case.desired, case.inventory, case.memory, case.as_of)
    return {verdict.job.id: as_finding(verdict) for verdict in verdicts}


@given(cases())
def test_the_decision_and_the_plain_evaluator_agree_on_every_job_and_reason(case: Case) -> None:
    assert decided(case) == evaluate(case.desired, case.inventory, case.memory, case.as_of)
