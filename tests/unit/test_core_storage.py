"""How much the account holds, as far as anybody measured it; it is told and refuses nothing."""

from dataclasses import replace
from fractions import Fraction

import pytest
from msgspec import structs

from reconciler.core.desired import DesiredState, Storage
from reconciler.core.job import JobId, JobStatus
from reconciler.core.memory import LedgerView
from reconciler.core.plan import Change
from reconciler.core.storage import storage_notices
from reconciler.engine.planning import plan_over
from tests.support.values import DAY, desired, inventory, job, known, memory, plan_of

JOBS = (job("c"), job("b"), job("a"), job("gone", status=JobStatus.CLEANED))
LISTED = inventory(*JOBS)
VIEW = LedgerView(account="acme", jobs={JobId("a"): structs.replace(known(1), size=400), JobId("b"): known(2)})


def told(budget: int, sizes: dict[str, int], *changes: Change, warn_at: Fraction = Fraction(4, 5)) -> list[str]:
    state = replace(desired(), storage=Storage(budget=budget, warn_at=warn_at))
    measured = replace(LISTED, sizes={JobId(each): size for each, size in sizes.items()})
    notices = storage_notices(state, measured, VIEW, changes)
    assert all(each.about == "storage" for each in notices)
    return [each.message for each in notices]


ALL = {"b": 300, "c": 100}


@pytest.mark.parametrize(
    ("budget", "level"),
    [
        (1001, None),
        (1000, "at storage.warn_at of storage.budget (1.0 kB)"),
        (800, "at storage.warn_at of storage.budget (800 B)"),
        (799, "over storage.budget (799 B)"),
    ],
)
def test_the_budget_and_its_warning_hold_to_the_byte(budget: int, level: str | None) -> None:
    expected = [
        f"the account holds 800 B, {level}; the size of 3 of 3 jobs is known (retention.yaml (add storage.budget))"
    ]
    assert told(budget, ALL) == (expected if level else [])


def test_where_sizes_are_unknown_that_is_told_and_the_sum_is_a_least_one() -> None:  # I4
    (message,) = told(10**12, {"b": 300})
    assert message.startswith("the account holds at least 700 B, and whether storage.budget (1.0 TB) is kept cannot be")
    assert "the size of 2 of 3 jobs is known" in message
    assert told(500, {"b": 300})[0].startswith("the account holds at least 700 B, over storage.budget (500 B)")


def test_what_a_plan_frees_is_told() -> None:
    (change,) = plan_of(desired(), job("c")).changes
    measured = replace(change, size=100)
    assert "; this plan frees 100 B of it (" in told(500, ALL, measured, change)[0]
    assert "frees" not in told(500, ALL, change)[0]  # nobody measured it


def test_without_a_budget_nothing_is_told() -> None:
    assert storage_notices(desired(), LISTED, VIEW, ()) == ()


def over() -> DesiredState:
    return replace(desired(), storage=Storage(budget=1, warn_at=Fraction(1)))


def test_an_account_over_its_budget_may_still_be_cleaned() -> None:
    listed = replace(LISTED, sizes={JobId("a"): 5})
    plan = plan_over(over(), listed, memory("a", "b", "c"), valid_for=DAY, tool_version="0")
    assert [each.about for each in plan.notices] == ["storage"]
    assert plan.applyable
    assert plan.cleans == 3
