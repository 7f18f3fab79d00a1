"""Limits over a whole plan: exact, without a floor, each with the number that would let it pass (I7)."""

import re
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.amounts import bytes_above, bytes_text
from reconciler.core.desired import DesiredState, Limits, Otherwise
from reconciler.core.guards import check, guarded, percent_text
from reconciler.core.job import JobStatus, JobType
from reconciler.core.memory import LedgerView
from reconciler.core.plan import share_of
from tests.support.values import by_id, desired, job, memory, plan_of

NEW = LedgerView()


def failed(state: DesiredState, cleans: int, counted: int, view: LedgerView = NEW) -> list[str]:
    return [violation.guard for violation in check(state, view, cleans=cleans, counted=counted, sizes=())]


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
    violations = check(state, memory("a"), cleans=7, counted=20, sizes=())
    assert [violation.guard for violation in violations] == ["account", "clean.max_jobs", "clean.max_share"]
    assert [violation.message for violation in violations] == [
        "the ledger belongs to account acme, retention.yaml (add account) says rival; correct the file, or name the "
        "right ledger with --state",
        "7 jobs would be cleaned, clean.max_jobs allows 5; if that is meant, raise it to 7 at retention.yaml:9:3, or "
        "this once with --max-jobs 7",
        "35.0% of the 20 finished jobs in scope would be cleaned, clean.max_share allows 10.0%; if that is meant, "
        "raise it to 35% at retention.yaml (add clean.max_share), or this once with --max-share 35%",
    ]
    assert [(violation.limit, violation.actual) for violation in violations] == [
        ("acme", "rival"),
        ("5", "7"),
        ("10.0%", "35.0%"),
    ]


@pytest.mark.parametrize(("cleans", "counted"), [(1, 3), (2, 3), (1, 7), (999, 1000), (1, 1000), (7, 20), (1, 1)])
def test_the_number_that_a_message_names_lets_the_plan_pass(cleans: int, counted: int) -> None:
    state = desired(max_jobs=0, max_share=Fraction(0))
    jobs, share = check(state, NEW, cleans=cleans, counted=counted, sizes=())
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
    violations = check(state, NEW, cleans=0, counted=10, sizes=())
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
    (violation,) = check(nowhere, NEW, cleans=1, counted=1, sizes=())
    assert violation.message.endswith(
        "raise it to 1 at the desired-state file (add clean.max_jobs), or this once with --max-jobs 1"
    )


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


# -- bytes


def weighed(max_bytes: int | None, *sizes: int | None) -> list[tuple[str, str, str]]:
    violations = check(desired(max_bytes=max_bytes), NEW, cleans=0, counted=0, sizes=sizes)
    return [(each.guard, each.limit, each.actual) for each in violations]


def test_a_limit_of_bytes_counts_to_the_byte() -> None:  # I7
    assert weighed(100, 60, 40) == []
    assert weighed(99, 60, 40) == [("clean.max_bytes", "99B", "100B")]
    assert weighed(0, 0) == []
    assert weighed(0, 1) == [("clean.max_bytes", "0B", "1B")]
    assert weighed(0) == []
    assert weighed(None, 10**18, None) == []


def test_one_unknown_size_is_enough_to_refuse_and_both_troubles_are_told() -> None:  # I4
    assert weighed(10**15, 1, None, 2) == [("clean.max_bytes", f"{10**15}B", "1 of unknown size")]
    assert weighed(2, 1, None, 2, None) == [
        ("clean.max_bytes", "2B", "at least 3B"),
        ("clean.max_bytes", "2B", "2 of unknown size"),
    ]


def test_what_is_told_of_bytes_names_the_place_the_number_and_how_to_measure() -> None:
    state = desired(max_bytes=2_000_000_000)
    over, unknown = check(state, NEW, cleans=0, counted=0, sizes=(25_000_000_001, None))
    assert over.message == (
        "at least 25.0 GB would be archived or cleaned, clean.max_bytes allows 2.0 GB; if that is meant, raise it to "
        "26GB at retention.yaml (add clean.max_bytes), or this once with --max-bytes 26GB"
    )
    assert unknown.message == (
        "1 of the 2 jobs that would be archived or cleaned have no known size, so clean.max_bytes cannot be checked; "
        "the hosts of their files told none: plan again when they answer, keep these jobs with a rule (the plan shows "
        "them without a size), or take clean.max_bytes out at retention.yaml (add clean.max_bytes)"
    )


@given(st.integers(0, 10**18))
def test_the_amount_to_raise_to_is_never_below_what_is_needed(count: int) -> None:
    read = re.fullmatch(r"(\d+)(B|kB|MB|GB|TB)", bytes_above(count))
    assert read
    amount = int(read[1]) * {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}[read[2]]
    assert count <= amount <= count * 1.1 + 1


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0B"), (9_999, "9999B"), (10_000, "10kB"), (10_001, "11kB"), (9_999_001, "10000kB"), (2 * 10**13, "20TB")],
)
def test_the_amount_to_raise_to_is_the_least_of_two_digits_or_more(count: int, text: str) -> None:
    assert bytes_above(count) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1_999_999, "1.9 MB"), (2 * 10**15, "2000.0 TB")]
)
def test_an_amount_is_written_rounded_down(count: int, text: str) -> None:
    assert bytes_text(count) == text


def test_archives_count_for_the_limit_of_bytes_and_reports_do_not() -> None:
    for otherwise, guards in ((Otherwise.ARCHIVE, ["clean.max_bytes"]), (Otherwise.REPORT, [])):
        state = desired(otherwise=otherwise, max_bytes=10**15)
        violations = guarded(plan_of(state, job("a"), job("b")), state, memory("a")).violations
        assert [each.guard for each in violations] == guards
