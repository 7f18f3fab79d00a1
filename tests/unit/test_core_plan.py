"""A plan as a value: its order, its name, its expiry, and what an approval still covers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.core.desired import Otherwise
from reconciler.core.job import JobId, JobStatus, JobType
from reconciler.core.memory import LedgerView
from reconciler.core.plan import Action, Plan, expiry, within_approval
from reconciler.core.selectors import TypeIn
from tests.support.values import DAY, NOON, by_id, desired, job, known, memory, plan_of, rule

BASE = plan_of(desired(), job("c"), job("b"), job("a"))


def ids(plan: Plan) -> list[str]:
    return [change.job_id for change in plan.changes]


def test_changes_come_oldest_first_as_the_ledger_has_them_and_new_jobs_last() -> None:
    view = LedgerView(account="acme", jobs={JobId("x"): known(5), JobId("y"): known(2)})
    made = plan_of(desired(min_age=timedelta(0)), job("new-2"), job("new-1"), job("x"), job("y"), remembered=view)
    assert ids(made) == ["y", "x", "new-1", "new-2"]


def test_counts_add_up_to_the_inventory() -> None:
    made = plan_of(
        desired(by_id("k"), rule(TypeIn(frozenset({JobType.IMAGE})), "images")),
        job("r"),
        job("k"),
        job("i", JobType.IMAGE),
        job("p", status=JobStatus.IN_PROGRESS),
        job("g", status=JobStatus.CLEANED),
    )
    counts = made.counts
    assert (counts.retained, counts.held, counts.gone, counts.out_of_scope, len(made.changes)) == (2, 1, 1, 0, 1)
    assert counts.counted == 3
    assert [(kept.rule, kept.jobs) for kept in made.retained_by] == [("by-id", 1), ("images", 1)]


@pytest.mark.parametrize(
    ("otherwise", "actions"),
    [
        (Otherwise.REPORT, (Action.REPORT,)),
        (Otherwise.ARCHIVE, (Action.ARCHIVE,)),
        (Otherwise.CLEAN, (Action.ARCHIVE, Action.CLEAN)),
    ],
)
def test_what_happens_to_a_released_job_is_what_the_file_says(
    otherwise: Otherwise, actions: tuple[Action, ...]
) -> None:
    made = plan_of(desired(otherwise=otherwise), job())
    assert made.changes[0].actions == actions
    assert made.has_work == (otherwise is not Otherwise.REPORT)


def test_a_job_archived_before_is_settled_where_the_file_only_archives_and_goes_where_it_cleans() -> None:
    archived = LedgerView(account="acme", jobs={JobId("a"): known(archived=job().fingerprint)})
    only_archive = plan_of(desired(otherwise=Otherwise.ARCHIVE), job(), remembered=archived)
    assert (only_archive.changes, only_archive.counts.settled) == ((), 1)
    other_facts = LedgerView(account="acme", jobs={JobId("a"): known(archived="sha256:" + "0" * 64)})
    assert len(plan_of(desired(otherwise=Otherwise.ARCHIVE), job(), remembered=other_facts).changes) == 1
    assert plan_of(desired(), job(), remembered=archived).changes[0].cleans


# -- the name

SAME = {
    "the order of changes": replace(BASE, changes=BASE.changes[::-1]),
    "the version": replace(BASE, tool_version="9.9"),
    "the time of making": replace(BASE, created_at=NOON + DAY, as_of=NOON + DAY),
    "reasons": replace(BASE, changes=tuple(replace(change, tried=()) for change in BASE.changes)),
    "first sightings": replace(BASE, changes=tuple(replace(change, first_seen=None) for change in BASE.changes)),
    "what is held": replace(BASE, held=plan_of(desired(), job(status=JobStatus.UNKNOWN)).held),
    "the listing": replace(BASE, inventory_digest="sha256:" + "9" * 64, inventory_jobs=77),
}
OTHER = {
    "a job less": replace(BASE, changes=BASE.changes[1:]),
    "another job": replace(BASE, changes=(replace(BASE.changes[0], job_id=JobId("z")), *BASE.changes[1:])),
    "another action": replace(BASE, changes=(replace(BASE.changes[0], actions=(Action.ARCHIVE,)), *BASE.changes[1:])),
    "other facts": replace(BASE, changes=(replace(BASE.changes[0], fingerprint="sha256:0"), *BASE.changes[1:])),
    "another account": replace(BASE, account="rival"),
    "another file": replace(BASE, desired_digest="sha256:0"),
    "another expiry": replace(BASE, expires_at=BASE.expires_at + timedelta(seconds=1)),
}


@pytest.mark.parametrize("other", SAME.values(), ids=SAME.keys())
def test_a_decision_keeps_its_name_whatever_else_differs(other: Plan) -> None:
    assert other.plan_id == BASE.plan_id


@pytest.mark.parametrize("other", OTHER.values(), ids=OTHER.keys())
def test_another_decision_has_another_name(other: Plan) -> None:  # I3
    assert other.plan_id != BASE.plan_id


# -- the expiry


@pytest.mark.parametrize(
    ("made", "span", "end"),
    [
        ("2026-03-01T12:00:00", "7d", "2026-03-09T00:00:00"),
        ("2026-03-01T00:00:00", "7d", "2026-03-08T00:00:00"),
        ("2026-03-01T23:59:59", "1d", "2026-03-03T00:00:00"),
        ("2026-03-01T12:00:01", "1h", "2026-03-01T14:00:00"),
        ("2026-03-01T12:00:00", "1h", "2026-03-01T13:00:00"),
        ("2026-12-31T23:30:00", "36h", "2027-01-02T12:00:00"),
        ("2026-03-01T12:00:00", "24h", "2026-03-03T00:00:00"),
    ],
)
def test_a_plan_lasts_to_the_end_of_the_day_or_hour_and_never_less_than_asked(made: str, span: str, end: str) -> None:
    hours = int(span[:-1]) * {"h": 1, "d": 24}[span[-1]]
    created = datetime.fromisoformat(made).replace(tzinfo=UTC)
    expected = datetime.fromisoformat(end).replace(tzinfo=UTC)
    assert expiry(created, timedelta(hours=hours)) == expected >= created + timedelta(hours=hours)


# -- what is left of an approval


def test_what_was_approved_and_is_decided_again_is_done_and_nothing_more() -> None:  # I3
    fresh = plan_of(desired(), job("d"), job("c"), job("b"), job("a"))
    to_do, aside = within_approval(BASE, fresh)
    assert ([change.job_id for change in to_do], aside) == (["a", "b", "c"], ())


@pytest.mark.parametrize(
    ("fresh", "why"),
    [
        (plan_of(desired(), job("a", unlisted=("newUrl",))), "its facts (fingerprint) or actions differ now"),
        (plan_of(desired(otherwise=Otherwise.ARCHIVE), job("a")), "its facts (fingerprint) or actions differ now"),
        (plan_of(desired(), job("a", status=JobStatus.IN_PROGRESS)), "now held, still in progress"),
        (plan_of(desired(by_id("a")), job("a")), "retained, done, cleaned or no longer listed"),
        (plan_of(desired(), remembered=memory("a")), "retained, done, cleaned or no longer listed"),
    ],
    ids=["other facts", "another action", "held", "retained", "not listed"],
)
def test_what_is_decided_otherwise_now_is_set_aside_with_the_reason(fresh: Plan, why: str) -> None:  # I3
    approved = plan_of(desired(), job("a"))
    to_do, (aside,) = within_approval(approved, fresh)
    assert to_do == ()
    assert aside.why == f"changed since plan: {why}"
