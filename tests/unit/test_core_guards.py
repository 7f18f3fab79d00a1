"""Limits over a whole plan: exact, without a floor, each with the number that would let it pass (I7)."""

import re
from dataclasses import replace
from fractions import Fraction

import pytest

from reconciler.core.desired import DesiredState, Limits, Otherwise
from reconciler.core.guards import check, percent_text
from reconciler.core.memory import LedgerView
from reconciler.core.plan import share_of
from tests.support.values import desired, memory

NEW = LedgerView()


def failed(state: DesiredState, cleans: int, counted: int, view: LedgerView = NEW) -> list[str]:
    return [violation.guard for violation in check(state, view, cleans=cleans, counted=counted)]


@pytest.mark.parametrize("cleans", [1, 2, 3, 9, 10, 11, 99, 100, 1000])
def test_a_limit_of_jobs_counts_from_the_first(cleans: int) -> None:  # I7
    assert failed(desired(max_jobs=cleans), cleans, 10_000) == []
    assert failed(desired(max_jobs=cleans - 1), cleans, 10_000) == ["clean.max_jobs"]


@pytest.mark.parametrize("counted", [1, 2, 3, 5, 10, 1000])
def test_a_limit_of_share_counts_from_the_first(counted: int) -> None:  # I7
    for cleans in range(1, min(counted, 20) + 1):
        exact = Fraction(cleans, counted)
        assert failed(desired(max_share=exact), cleans, counted) == []
        assert failed(desired(max_share=exact - Fraction(1, 10**9)), cleans, counted) == ["clean.max_share"]


def test_a_share_is_compared_exactly_and_not_as_it_is_written() -> None:  # I7
    a_third_rounded_down = Fraction("33.333333") / 100
    assert failed(desired(max_share=a_third_rounded_down), 1, 3) == ["clean.max_share"]
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
    assert violations[1].message == (
        "7 jobs would be cleaned, clean.max_jobs allows 5; if that is meant, raise it to 7 at retention.yaml:9:3"
    )
    assert (violations[2].limit, violations[2].actual) == ("10.0%", "35.0%")


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
    assert failed(state, 0, 10) == ([] if otherwise is Otherwise.REPORT else ["retain"])


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
