"""One verdict with reasons per job: each reason to hold, each edge."""

from datetime import timedelta

import pytest

from reconciler.core.desired import DesiredState, Scope
from reconciler.core.job import AssetKind, Job, JobStatus, JobType
from reconciler.core.memory import LedgerView
from reconciler.core.retention import (
    Gone,
    Held,
    HoldCode,
    OutOfScope,
    Released,
    Retained,
    Verdict,
    decide,
    is_counted,
    span_text,
)
from reconciler.core.selectors import EveryJob, StatusIn, TypeIn
from tests.support.values import DAY, DEFAULT_SCOPE, NOON, by_id, desired, inventory, job, memory, rule

RENDERS_ONLY = Scope(types=frozenset({JobType.RENDER}), untyped_failures=False)


def verdict(given: Job, state: DesiredState | None = None, remembered: LedgerView | None = None) -> Verdict:
    view = memory(given.id) if remembered is None else remembered
    (only,) = decide(state or desired(), inventory(given), view, NOON)
    return only


def codes(given: Verdict) -> list[HoldCode]:
    assert isinstance(given, Held), given
    return [hold.code for hold in given.holds]


def test_a_job_that_no_rule_keeps_and_nothing_holds_is_released_with_every_rule_tried() -> None:
    state = desired(by_id("x", "y"), rule(TypeIn(frozenset({JobType.PREVIEW})), "previews"))
    released = verdict(job(), state)
    assert isinstance(released, Released)
    assert [(tried.rule, tried.why) for tried in released.tried] == [
        ("ids", "not among the 2 ids that the file names"),
        ("previews", "wants type preview, this is render"),
    ]


def test_a_job_is_retained_with_every_rule_that_keeps_it() -> None:
    state = desired(by_id("a", name="one"), by_id("a", "b", name="two"), rule(EveryJob(), "all"))
    kept = verdict(job(), state)
    assert isinstance(kept, Retained)
    assert kept.rules == ("one", "two", "all")


@pytest.mark.parametrize(
    "given",
    [
        job(status=JobStatus.IN_PROGRESS),
        job(contradictions=("its ids disagree",)),
        job(job_type=JobType.UNKNOWN, status=JobStatus.UNKNOWN),
        job(job_type=JobType.PREVIEW),
    ],
)
def test_what_a_rule_keeps_is_retained_whatever_else_is_wrong_with_it(given: Job) -> None:
    assert isinstance(verdict(given, desired(by_id("a"), scope=RENDERS_ONLY)), Retained)


HOLDS = {
    "in progress": (job(status=JobStatus.IN_PROGRESS), [HoldCode.NOT_FINISHED]),
    "in progress and of no type": (
        job(job_type=JobType.UNKNOWN, status=JobStatus.IN_PROGRESS, assets=()),
        [HoldCode.NOT_FINISHED],
    ),
    "no status": (job(status=JobStatus.UNSTATED), [HoldCode.STATUS_UNKNOWN]),
    "an unknown status": (job(status=JobStatus.UNKNOWN), [HoldCode.STATUS_UNKNOWN]),
    "an unknown type": (job(job_type=JobType.UNKNOWN), [HoldCode.TYPE_UNKNOWN]),
    "nothing known": (
        job(job_type=JobType.UNKNOWN, status=JobStatus.UNKNOWN, assets=()),
        [HoldCode.TYPE_UNKNOWN, HoldCode.STATUS_UNKNOWN],
    ),
    "no asset": (job(assets=()), [HoldCode.ASSET_MISSING]),
    "a missing asset": (job(lacks=(AssetKind.VIDEO,)), [HoldCode.ASSET_MISSING]),
    "a contradiction": (job(contradictions=("its ids disagree",)), [HoldCode.CONTRADICTORY]),
    "cleaned, and a contradiction": (
        job(status=JobStatus.CLEANED, assets=(), contradictions=("its ids disagree",)),
        [HoldCode.CONTRADICTORY],
    ),
}


@pytest.mark.parametrize(("given", "expected"), HOLDS.values(), ids=HOLDS.keys())
def test_what_cannot_be_told_is_held_with_each_reason(given: Job, expected: list[HoldCode]) -> None:  # I4
    assert codes(verdict(given)) == expected


def test_a_rule_that_cannot_be_decided_holds_and_names_the_missing_fact() -> None:  # I4
    state = desired(rule(StatusIn(frozenset({JobStatus.FAILED})), "failures"))
    held = verdict(job(status=JobStatus.UNSTATED), state)
    assert codes(held) == [HoldCode.STATUS_UNKNOWN, HoldCode.RULE_UNDECIDED]
    assert isinstance(held, Held)
    assert held.holds[1].detail == "rule failures needs its status, which it does not show"


def test_a_failed_job_without_a_type_is_held_by_a_rule_on_type_alone() -> None:  # I4
    failure = job(job_type=JobType.UNKNOWN, status=JobStatus.FAILED, assets=())
    on_type = desired(rule(TypeIn(frozenset({JobType.RENDER})), "renders"))
    assert codes(verdict(failure, on_type)) == [HoldCode.RULE_UNDECIDED]
    assert isinstance(verdict(failure), Released)


# -- scope


@pytest.mark.parametrize(
    ("given", "scope", "kind"),
    [
        (job(), RENDERS_ONLY, Released),
        (job(job_type=JobType.PREVIEW), RENDERS_ONLY, OutOfScope),
        (job(job_type=JobType.UNKNOWN), RENDERS_ONLY, Held),
        (job(job_type=JobType.UNKNOWN, status=JobStatus.FAILED), RENDERS_ONLY, Held),
        (job(job_type=JobType.UNKNOWN, status=JobStatus.FAILED), DEFAULT_SCOPE, Released),
        (job(job_type=JobType.PREVIEW, contradictions=("x",)), RENDERS_ONLY, Held),
        (job(status=JobStatus.CLEANED), RENDERS_ONLY, Gone),
    ],
)
def test_scope_is_certain_or_the_job_is_held(given: Job, scope: Scope, kind: type) -> None:
    assert isinstance(verdict(given, desired(scope=scope)), kind)


def test_the_base_of_a_share_is_what_is_in_scope_and_ended() -> None:
    counted = {
        (each_type, status)
        for each_type in (JobType.RENDER, JobType.PREVIEW, JobType.UNKNOWN)
        for status in JobStatus
        if is_counted(RENDERS_ONLY, job(job_type=each_type, status=status))
    }
    assert counted == {(JobType.RENDER, JobStatus.COMPLETED), (JobType.RENDER, JobStatus.FAILED)}
    assert is_counted(DEFAULT_SCOPE, job(job_type=JobType.UNKNOWN, status=JobStatus.FAILED))


# -- age

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("seen_for", "is_released"),
    [(DAY, True), (DAY - SECOND, False), (timedelta(0), False), (-SECOND, False), (300 * DAY, True)],
)
def test_min_age_is_reached_on_its_very_edge(seen_for: timedelta, is_released: bool) -> None:  # I14
    answer = verdict(job(), remembered=memory("a", seen=NOON - seen_for))
    assert isinstance(answer, Released) == is_released
    if not is_released:
        assert codes(answer) == [HoldCode.TOO_YOUNG]


def test_a_job_never_recorded_is_as_young_as_can_be() -> None:
    assert codes(verdict(job(), remembered=LedgerView())) == [HoldCode.TOO_YOUNG]
    assert isinstance(verdict(job(), desired(min_age=timedelta(0)), LedgerView()), Released)


def test_the_future_is_told_as_such_even_when_no_age_is_asked_for() -> None:  # I14
    held = verdict(job(), desired(min_age=timedelta(0)), memory("a", seen=NOON + SECOND))
    assert isinstance(held, Held)
    assert held.holds[0].detail == "first seen in the future: the clock was set back, or the ledger is wrong"


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(0), "0s"),
        (timedelta(seconds=59), "59s"),
        (timedelta(minutes=45), "45min"),
        (timedelta(hours=36), "1d 12h"),
        (timedelta(days=2, seconds=3), "2d 3s"),
        (timedelta(days=1, hours=2, minutes=3), "1d 2h"),
    ],
)
def test_a_span_is_written_in_its_two_largest_units(span: timedelta, text: str) -> None:
    assert span_text(span) == text
