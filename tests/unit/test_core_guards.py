"""Limits over a whole plan: exact, without a floor, each with the number that would let it pass (I7)."""

import re
from dataclasses import replace
from fractions import Fraction

import pytest

from reconciler.core.desired import DesiredState, Limits, Otherwise
from reconciler.core.guards import check, guarded, percent_text
from reconciler.core.job import JobStatus, JobType
from reconciler.core.memory import LedgerView
from reconciler.core.plan import share_of
from tests.support.values import by_id, desired, job, memory, plan_of

NEW = LedgerView()


def failed(state: DesiredState, cleans: int, counted: int, view: LedgerView = NEW) -> list[str]:
    return [violation.guard for violation in check(state, view, cleans=cleans, counted=counted)]


def test_a_limit_of_jobs_counts_from_the_first() -> None:  # I7
    for cleans in range(1, 1001):
        assert failed(desired(max_jobs=cleans), cleans, 10_000) == []
        assert failed(desired(max_jobs=cleans - 1), cleans, 10_000) == ["clean.max_jobs"]
        assert failed(desired(max_jobs=0), cleans, 10_000) == ["clean.max_jobs"]


@pytest.mark.parametrize("counted", [*range(1, 21), 1000])
def test_a_limit_of_share_counts_from_the_first(counted: int) -> None:  # I7
    for cleans in range(1, counted + 1):
        exact = Fraction(cleans, counted)
        assert failed(desired(max_share=exact), cleans, counted) == []
        assert failed(desired(max_share=exact - Fraction(1, 10**9)), cleans, counted) == ["clean.max_share"]


def test_a_share_is_compared_exactly_and_not_as_it_is_written() -> None:  # I7
    for rounded_down in ("33.3333", "33.333333333333333333"):
        assert failed(desired(max_share=Fraction(rounded_down) / 100), 1, 3) == ["clean.max_share"]
    assert failed(desired(max_share=Fraction("33.3334") / 100), 1, 3) == []
    assert failed(desired(max_share=Fraction(1, 3)), 1, 3) == []


def test_cleans_out_of_nothing_are_the_whole() -> None:
    assert share_of(1, 0) == 1
    assert share_of(0, 0) == 0
    assert failed(desired(max_share=Fraction(99, 100)), 1, 0) == ["clean.max_share"]
    assert failed(desired(max_share=Fraction(0)), 0, 0) == []


def test_all_violations_are_told_at_once_each_with_the_place_and_the_number() -> None:
    state = desired(max_jobs=5, max_share=Fraction(1, 10), account="rival")
    violations = check(state, memory("a"), cleans=7, counted=20)
    assert [violation.guard for violation in violations] == ["account", "clean.max_jobs", "clean.max_share"]
    assert [violation.message for violation in violations] == [
        "the ledger belongs to account acme, retention.yaml (add account) says rival; correct the file, or name the "
        "right ledger with --state",
        "7 jobs would be cleaned, clean.max_jobs allows 5; if that is meant, raise it to 7 at retention.yaml:9:3",
        "35.0% of the 20 finished jobs in scope would be cleaned, clean.max_share allows 10.0%; if that is meant, "
        "raise it to 35% at retention.yaml (add clean.max_share)",
    ]
    assert [(violation.limit, violation.actual) for violation in violations] == [
        ("acme", "rival"),
        ("5", "7"),
        ("10.0%", "35.0%"),
    ]


@pytest.mark.parametrize(("cleans", "counted"), [(1, 3), (2, 3), (1, 7), (999, 1000), (1, 1000), (7, 20), (1, 1)])
def test_the_number_that_a_message_names_lets_the_plan_pass(cleans: int, counted: int) -> None:
    state = desired(max_jobs=0, max_share=Fraction(0))
    jobs, share = check(state, NEW, cleans=cleans, counted=counted)
    to_jobs = re.search(r"raise it to (\d+) at", jobs.message)
    to_share = re.search(r"raise it to (\d+)% at", share.message)
    assert to_jobs
    assert to_share
    raised = Limits(max_jobs=int(to_jobs[1]), max_share=Fraction(int(to_share[1]), 100))
    assert failed(replace(state, limits=raised), cleans, counted) == []
    lower = Limits(max_jobs=raised.max_jobs - 1, max_share=raised.max_share - Fraction(1, 100))
    assert failed(replace(state, limits=lower), cleans, counted) == ["clean.max_jobs", "clean.max_share"]


@pytest.mark.parametrize("otherwise", Otherwise)
def test_a_file_that_retains_nothing_is_refused_unless_it_only_reports(otherwise: Otherwise) -> None:  # I13
    state = replace(desired(otherwise=otherwise), retain=())
    violations = check(state, NEW, cleans=0, counted=10)
    assert [(each.guard, each.limit, each.actual, each.message) for each in violations] == (
        []
        if otherwise is Otherwise.REPORT
        else [
            (
                "retain",
                "1 rule",
                "0 rules",
                "no rule retains anything (retention.yaml (add retain)); add one, or set otherwise: report",
            )
        ]
    )


def test_a_file_of_unknown_place_is_still_spoken_of() -> None:
    nowhere = replace(desired(max_jobs=0), places={})
    (violation,) = check(nowhere, NEW, cleans=1, counted=1)
    assert violation.message.endswith("raise it to 1 at the desired-state file (add clean.max_jobs)")


@pytest.mark.parametrize("otherwise", Otherwise)
def test_a_file_with_a_rule_is_not_refused_for_want_of_one(otherwise: Otherwise) -> None:
    assert failed(desired(otherwise=otherwise), 0, 10) == []


@pytest.mark.parametrize(
    ("view", "expected"), [(NEW, []), (memory("a"), []), (LedgerView(account="Acme"), ["account"])]
)
def test_a_ledger_of_another_account_is_refused_and_a_new_one_is_anybody_s(
    view: LedgerView, expected: list[str]
) -> None:  # I3
    assert failed(desired(), 0, 0, view) == expected


@pytest.mark.parametrize(("share", "guards"), [(Fraction(2, 4), []), (Fraction(1, 3), ["clean.max_share"])])
def test_a_plan_is_weighed_by_its_cleans_among_all_that_ended_in_scope(share: Fraction, guards: list[str]) -> None:
    state = desired(by_id("kept"), max_share=share)
    running, unknown = job("r", status=JobStatus.IN_PROGRESS), job("u", job_type=JobType.UNKNOWN)
    held = job("h", contradictions=("its ids disagree",))
    made = plan_of(state, job("a"), job("b"), job("kept"), held, running, unknown)
    weighed = guarded(made, state, memory("a"))
    assert (weighed.cleans, weighed.counts.counted) == (2, 4)
    assert [violation.guard for violation in weighed.violations] == guards
    assert weighed.applyable == (not guards)
    assert replace(weighed, violations=()) == made


@pytest.mark.parametrize("otherwise", [Otherwise.REPORT, Otherwise.ARCHIVE])
def test_what_is_not_cleaned_counts_for_no_limit(otherwise: Otherwise) -> None:
    state = desired(otherwise=otherwise, max_jobs=0, max_share=Fraction(0))
    assert guarded(plan_of(state, job("a"), job("b")), state, memory("a")).applyable


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (Fraction(0), "0.0%"),
        (Fraction(1, 3), "33.3%"),
        (Fraction(1), "100.0%"),
        (Fraction(1, 100_000), "0.0%"),
        (Fraction(9999, 10_000), "99.9%"),
    ],
)
def test_a_share_is_written_rounded_down(share: Fraction, text: str) -> None:
    assert percent_text(share) == text
