"""A plan as a value: its order, its name, its expiry, and what an approval still covers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from itertools import permutations

import pytest
from msgspec import structs

from reconciler.core.approvals import Approvals
from reconciler.core.desired import Otherwise
from reconciler.core.job import AssetForm, AssetKind, Job, JobId, JobStatus, JobType
from reconciler.core.memory import LedgerView
from reconciler.core.plan import Action, Change, Plan, Reason, Violation, expiry, share_of, within_approval
from reconciler.core.rule_loss import RulesCompared
from reconciler.core.selectors import TypeIn
from reconciler.core.verdicts import HoldCode, RuleTried
from tests.support.values import DAY, NOON, by_id, desired, inventory, job, known, memory, plan_of, rule

BASE = plan_of(desired(), job("c"), job("b"), job("a"))


def ids(plan: Plan) -> list[str]:
    return [change.job_id for change in plan.changes]


def test_changes_come_oldest_first_as_the_ledger_has_them_and_new_jobs_last() -> None:
    view = LedgerView(account="acme", jobs={JobId("x"): known(5), JobId("y"): known(2)})
    made = plan_of(desired(min_age=timedelta(0)), job("new-2"), job("new-1"), job("x"), job("y"), remembered=view)
    assert ids(made) == ["y", "x", "new-1", "new-2"]


def test_the_order_of_changes_is_the_ledger_s_whatever_order_the_list_has() -> None:
    view = memory("x", "y", "z")
    for listed in permutations((job("x"), job("y"), job("z"))):
        assert ids(plan_of(desired(), *listed, remembered=view)) == ["x", "y", "z"]


def test_a_job_that_left_still_counts_as_older_than_a_new_one() -> None:
    view = LedgerView(account="acme", jobs={JobId("gone"): known(9, left=True), JobId("x"): known(4)})
    made = plan_of(desired(min_age=timedelta(0)), job("new"), job("x"), remembered=view)
    assert ids(made) == ["x", "new"]


def test_a_plan_holds_what_it_was_made_from_and_how_the_jobs_fell() -> None:
    remembered = memory("a", seen=NOON - 3 * DAY)
    listed = (job("k"), job("p", status=JobStatus.IN_PROGRESS), job("a", unlisted=("newUrl",)))
    made = plan_of(desired(by_id("k", "l", name="mine")), *listed, remembered=remembered)
    (change,), (held,) = made.changes, made.held
    assert change == Change(
        job_id=JobId("a"),
        type=JobType.RENDER,
        status=JobStatus.COMPLETED,
        actions=(Action.ARCHIVE, Action.CLEAN),
        tried=(RuleTried("ids", "not among the 2 ids that the file names"),),
        fingerprint=listed[2].fingerprint,
        first_seen=NOON - 3 * DAY,
        not_archived=("newUrl",),
    )
    assert (held.job_id, held.type, held.status) == ("p", JobType.RENDER, JobStatus.IN_PROGRESS)
    assert [hold.code for hold in held.holds] == [HoldCode.NOT_FINISHED]
    assert (made.account, made.desired_digest, made.tool_version) == ("acme", desired().digest, "0.0.0")
    assert (made.created_at, made.as_of, made.expires_at) == (NOON, NOON, NOON + 7 * DAY)
    assert (made.inventory_digest, made.inventory_jobs) == (inventory().digest, 3)
    assert made.proof == inventory().proof
    assert made.violations == ()


def kept_and_copied(given: Job, *, copied: bool = True, remembered: LedgerView | None = None) -> tuple[Change, ...]:
    kept = replace(by_id("a"), archive_now=copied)
    return plan_of(desired(kept), given, remembered=remembered).changes


def test_a_rule_that_asks_for_a_copy_now_has_what_it_keeps_archived_and_never_cleaned() -> None:
    given, seen = job(unlisted=("newUrl",)), structs.replace(known(seen=NOON - 3 * DAY), size=700)
    assert kept_and_copied(given, remembered=LedgerView(account="acme", jobs={JobId("a"): seen})) == (
        Change(
            job_id=JobId("a"),
            type=JobType.RENDER,
            status=JobStatus.COMPLETED,
            actions=(Action.ARCHIVE,),
            tried=(),
            fingerprint=given.fingerprint,
            first_seen=NOON - 3 * DAY,
            not_archived=("newUrl",),
            reason=Reason.ARCHIVE_NOW,
            size=700,
        ),
    )
    assert kept_and_copied(given, copied=False) == ()


@pytest.mark.parametrize(
    ("given", "is_copied"),
    [
        (job(status=JobStatus.FAILED), True),
        (job(status=JobStatus.IN_PROGRESS), False),
        (job(contradictions=("listed twice with different facts",)), False),
        (job(lacks=(AssetKind.VIDEO,)), False),
        (job(assets=()), False),
        (job(lacks=(AssetKind.VIDEO,), assets=()), False),
    ],
    ids=["failed", "running", "contradictory", "lacking", "without assets", "lacking all"],
)
def test_only_a_whole_job_that_has_ended_is_copied(given: Job, is_copied: bool) -> None:
    assert bool(kept_and_copied(given)) == is_copied


def test_a_copy_that_is_there_is_not_made_again_and_one_of_an_earlier_state_is() -> None:
    given = job()

    def copied(fingerprint: str) -> bool:
        view = LedgerView(account="acme", jobs={JobId("a"): known(archived=fingerprint)})
        return bool(kept_and_copied(given, remembered=view))

    assert not copied(given.fingerprint)
    assert copied("sha256:" + "0" * 64)


@pytest.mark.parametrize(
    ("part", "base", "share"), [(0, 0, Fraction(0)), (3, 0, Fraction(1)), (3, 4, Fraction(3, 4)), (0, 4, Fraction(0))]
)
def test_a_part_of_nothing_is_the_whole(part: int, base: int, share: Fraction) -> None:
    assert share_of(part, base) == share


def test_a_job_the_ledger_never_saw_has_no_first_sighting() -> None:
    (change,) = plan_of(desired(min_age=timedelta(0)), job(), remembered=LedgerView()).changes
    assert change.first_seen is None


def test_the_retained_jobs_are_named_by_a_digest_that_forgets_their_order() -> None:
    def retained(*listed: str) -> str:
        return plan_of(desired(by_id("a", "b", "c")), *(job(each) for each in listed)).retained_digest

    assert retained("a", "b") == retained("b", "a")
    assert len({retained(), retained("a"), retained("b"), retained("a", "b"), retained("a", "b", "c")}) == 5
    assert retained("a") == retained("a", "z")


def test_rules_are_counted_in_the_order_of_their_names_each_job_once_per_rule() -> None:
    made = plan_of(
        desired(by_id("a", "b", name="z"), by_id("b", name="m"), by_id("x", name="idle")), job("b"), job("a")
    )
    assert [(kept.rule, kept.jobs) for kept in made.retained_by] == [("m", 1), ("z", 2)]
    assert made.counts.retained == 2


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
    assert (made.reports, made.archives, made.cleans) == {
        Otherwise.REPORT: (1, 0, 0),
        Otherwise.ARCHIVE: (0, 1, 0),
        Otherwise.CLEAN: (0, 1, 1),
    }[otherwise]


def test_a_plan_that_changes_nothing_has_no_work() -> None:
    assert not plan_of(desired(by_id("a")), job()).has_work


def test_a_job_archived_before_is_settled_where_the_file_only_archives_and_goes_where_it_cleans() -> None:
    archived = LedgerView(account="acme", jobs={JobId("a"): known(archived=job().fingerprint)})
    only_archive = plan_of(desired(otherwise=Otherwise.ARCHIVE), job(), remembered=archived)
    assert (only_archive.changes, only_archive.counts.settled) == ((), 1)
    assert not only_archive.has_work
    for otherwise in (Otherwise.REPORT, Otherwise.CLEAN):
        again = plan_of(desired(otherwise=otherwise), job(), remembered=archived)
        assert (len(again.changes), again.counts.settled) == (1, 0)
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
    "what is retained": replace(BASE, retained_by=(), retained_digest="sha256:" + "8" * 64),
    "the limits it exceeds": replace(BASE, violations=(Violation(guard="g", limit="1", actual="2", message="m"),)),
    "fractions of a second": replace(BASE, expires_at=BASE.expires_at + timedelta(microseconds=1)),
    "the expiry's zone": replace(BASE, expires_at=BASE.expires_at.astimezone(timezone(timedelta(hours=5)))),
    "what it lost": replace(BASE, rules=RulesCompared(digest="sha256:0", applied_at=NOON)),
    "the listing": replace(BASE, inventory_digest="sha256:" + "9" * 64, inventory_jobs=77),
}
OTHER = {
    "a job less": replace(BASE, changes=BASE.changes[1:]),
    "another job": replace(BASE, changes=(replace(BASE.changes[0], job_id=JobId("z")), *BASE.changes[1:])),
    "another action": replace(BASE, changes=(replace(BASE.changes[0], actions=(Action.ARCHIVE,)), *BASE.changes[1:])),
    "other facts": replace(BASE, changes=(replace(BASE.changes[0], fingerprint="sha256:0"), *BASE.changes[1:])),
    "another order of actions": replace(
        BASE, changes=(replace(BASE.changes[0], actions=(Action.CLEAN, Action.ARCHIVE)), *BASE.changes[1:])
    ),
    "facts of two jobs swapped": replace(
        BASE,
        changes=(
            replace(BASE.changes[0], fingerprint="sha256:1"),
            replace(BASE.changes[1], fingerprint="sha256:2"),
            BASE.changes[2],
        ),
    ),
    "the same swapped back": replace(
        BASE,
        changes=(
            replace(BASE.changes[0], fingerprint="sha256:2"),
            replace(BASE.changes[1], fingerprint="sha256:1"),
            BASE.changes[2],
        ),
    ),
    "no change": replace(BASE, changes=()),
    "another account": replace(BASE, account="rival"),
    "another file": replace(BASE, desired_digest="sha256:0"),
    "more jobs allowed": replace(BASE, approvals=Approvals(max_jobs=0)),
    "a larger share allowed": replace(BASE, approvals=Approvals(max_share=Fraction(0))),
    "another share allowed": replace(BASE, approvals=Approvals(max_share=Fraction(1, 3))),
    "more bytes allowed": replace(BASE, approvals=Approvals(max_bytes=0)),
    "a loss of rules allowed": replace(BASE, approvals=Approvals(rules_lost="0123456789ab")),
    "another expiry": replace(BASE, expires_at=BASE.expires_at + timedelta(seconds=1)),
}


@pytest.mark.parametrize("other", SAME.values(), ids=SAME.keys())
def test_a_decision_keeps_its_name_whatever_else_differs(other: Plan) -> None:
    assert other.plan_id == BASE.plan_id


@pytest.mark.parametrize("other", OTHER.values(), ids=OTHER.keys())
def test_another_decision_has_another_name(other: Plan) -> None:  # I3
    assert other.plan_id != BASE.plan_id


def test_no_two_of_these_decisions_share_a_name() -> None:
    assert len({other.plan_id for other in OTHER.values()}) == len(OTHER)


def test_a_decision_is_named_as_it_always_was() -> None:
    """An approval given before an upgrade must still be found after it."""
    made = plan_of(desired(), job("b"), job("a"))
    assert made.plan_id == "sha256:2c1e42f31b35dc5d12e22822b971f65c700d93e029ed2bacfdbea863b92a2a47"


def test_facts_are_named_as_they_always_were() -> None:
    """An archive made before an upgrade must still be found after it."""
    assert job().fingerprint == "sha256:3f030237450bc6da227a90c6a24b406bf43641bdd8460f19953f5c0fceeb4318"
    assert [kind.value for kind in AssetKind] == [
        *("video", "audio", "thumbnail", "subtitles-srt", "subtitles-vtt", "subtitles-txt", "image", "preview-image"),
        *("last-frame", "narration", "transcript", "highlights", "media-info", "render-params", "storyboard"),
        *("share-page", "preview-page", "editor-page"),
    ]
    assert [form.value for form in AssetForm] == ["file", "inline", "page"]


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
        ("2026-03-01T00:00:01", "1d", "2026-03-03T00:00:00"),
        ("2026-03-01T11:59:59", "25h", "2026-03-02T13:00:00"),
        ("2026-03-01T00:00:00", "0h", "2026-03-01T00:00:00"),
        ("2026-03-01T12:00:00.000001", "1h", "2026-03-01T14:00:00"),
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


def test_what_is_done_is_taken_from_the_fresh_decision_in_the_approved_order() -> None:
    later = replace(BASE, changes=tuple(replace(change, first_seen=NOON) for change in BASE.changes[::-1]))
    to_do, _ = within_approval(BASE, later)
    assert [(change.job_id, change.first_seen) for change in to_do] == [("a", NOON), ("b", NOON), ("c", NOON)]


def test_each_job_of_an_approval_is_done_or_set_aside_on_its_own() -> None:  # I3
    fresh = plan_of(desired(), job("c", status=JobStatus.FAILED), job("a"), remembered=memory("a", "b", "c"))
    to_do, aside = within_approval(BASE, fresh)
    assert [change.job_id for change in to_do] == ["a"]
    assert [each.change for each in aside] == list(BASE.changes[1:])


@pytest.mark.parametrize(
    ("fresh", "why"),
    [
        (plan_of(desired(), job("a", unlisted=("newUrl",))), "its facts (fingerprint) or actions differ now"),
        (plan_of(desired(otherwise=Otherwise.ARCHIVE), job("a")), "its facts (fingerprint) or actions differ now"),
        (plan_of(desired(), job("a", status=JobStatus.FAILED)), "its facts (fingerprint) or actions differ now"),
        (plan_of(desired(otherwise=Otherwise.REPORT), job("a")), "its facts (fingerprint) or actions differ now"),
        (plan_of(desired(), job("a", status=JobStatus.IN_PROGRESS)), "now held, still in progress"),
        (
            plan_of(desired(), job("a", job_type=JobType.UNKNOWN, contradictions=("its ids disagree",))),
            "now held, its ids disagree; its result fields fit no known type of job, so the scope cannot be told",
        ),
        (plan_of(desired(), job("a", status=JobStatus.CLEANED)), "retained, done, cleaned or no longer listed"),
        (plan_of(desired(by_id("a")), job("a")), "retained, done, cleaned or no longer listed"),
        (plan_of(desired(), remembered=memory("a")), "retained, done, cleaned or no longer listed"),
    ],
    ids=[
        *("other facts", "another action", "another status", "only reported", "held", "held twice", "cleaned"),
        *("retained", "not listed"),
    ],
)
def test_what_is_decided_otherwise_now_is_set_aside_with_the_reason(fresh: Plan, why: str) -> None:  # I3
    approved = plan_of(desired(), job("a"))
    to_do, (aside,) = within_approval(approved, fresh)
    assert to_do == ()
    assert aside.why == f"changed since plan: {why}"
