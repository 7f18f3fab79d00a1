"""Forty policies over one population of forty jobs: each job's verdict and reasons, compared with golden files."""

from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.core.desired import DesiredState
from reconciler.core.retention import decide
from reconciler.core.verdicts import Gone, Held, HoldCode, OutOfScope, Released, Retained, Verdict
from tests.support.findings import as_finding
from tests.support.plain_evaluator import evaluate
from tests.support.policy_table import AS_OF, POLICIES, ROWS, policy_text, population

FILES = Path(__file__).parents[1] / "golden" / "policies"


def file_name(policy: str) -> str:
    return policy.replace(",", "").replace(" ", "-") + ".txt"


def decided(state: DesiredState) -> tuple[Verdict, ...]:
    listed, ledger = population()
    return decide(state, listed, ledger, AS_OF)


def line(verdict: Verdict) -> str:
    match verdict:
        case Retained(kept=kept):
            said = "retain        " + ", ".join(" ".join((each.rule, *each.keys)) for each in kept)
        case Held(holds=holds):
            said = "hold          " + "; ".join(f"{hold.code.value}: {hold.detail}" for hold in holds)
        case Released(tried=tried):
            said = "release       " + "; ".join(f"{each.rule}: {each.why}" for each in tried)
        case OutOfScope():
            said = "out of scope"
        case Gone():
            said = "gone"
    return f"{verdict.job.id} {said}"


@pytest.mark.parametrize("policy", POLICIES)
def test_each_policy_says_what_its_golden_file_says(policy: str, golden: Callable[[str, str], None]) -> None:
    lines = [f"# {each}" for each in (policy, *policy_text(POLICIES[policy]))]
    lines += [line(verdict) for verdict in decided(POLICIES[policy])]
    golden(f"policies/{file_name(policy)}", "\n".join(lines) + "\n")


@pytest.mark.parametrize("policy", POLICIES)
def test_the_plain_evaluator_agrees_on_each_policy(policy: str) -> None:
    listed, ledger = population()
    found = {verdict.job.id: as_finding(verdict) for verdict in decided(POLICIES[policy])}
    assert found == evaluate(POLICIES[policy], listed, ledger, AS_OF)


@pytest.mark.parametrize("policy", POLICIES)
def test_what_holds_under_every_policy(policy: str) -> None:
    found = {verdict.job.id: verdict for verdict in decided(POLICIES[policy])}
    assert list(found) == [row[0] for row in ROWS]
    nothing_kept = {verdict.job.id for verdict in decided(POLICIES["keeps nothing"]) if isinstance(verdict, Released)}
    assert {each for each, verdict in found.items() if isinstance(verdict, Released)} <= nothing_kept
    for verdict in found.values():
        if isinstance(verdict, Retained):
            assert verdict.rules
        if isinstance(verdict, Held):
            assert all(hold.detail for hold in verdict.holds)
        if isinstance(verdict, Released):
            assert verdict.tried


def test_no_golden_file_is_left_of_a_policy_that_is_gone() -> None:
    assert {path.name for path in FILES.iterdir()} == {file_name(policy) for policy in POLICIES}


def test_the_table_shows_every_verdict_and_every_hold() -> None:
    verdicts = [verdict for state in POLICIES.values() for verdict in decided(state)]
    assert {type(verdict) for verdict in verdicts} == {Retained, Held, Released, OutOfScope, Gone}
    assert {hold.code for verdict in verdicts if isinstance(verdict, Held) for hold in verdict.holds} == set(HoldCode)
