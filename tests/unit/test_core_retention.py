"""One verdict with reasons per job: each reason to hold, each edge."""

from dataclasses import replace
from datetime import timedelta

import pytest
from msgspec import structs

from reconciler.core.desired import DesiredState, Keep, Scope
from reconciler.core.holds import span_text
from reconciler.core.job import Asset, AssetForm, AssetKind, Job, JobId, JobStatus, JobType
from reconciler.core.memory import LedgerHold, LedgerView
from reconciler.core.retention import alone, decide, is_counted, together
from reconciler.core.rules import Rules
from reconciler.core.selectors import AllOf, EveryJob, Selector, StatusIn, TypeIn
from reconciler.core.verdicts import Gone, Held, HoldCode, OutOfScope, Released, Retained, Verdict
from tests.support.values import DAY, DEFAULT_SCOPE, NOON, by_id, desired, inventory, job, known, memory, rule, subject

RENDERS_ONLY = Scope(types=frozenset({JobType.RENDER}), untyped_failures=False)
PAGE = Asset(
    kind=AssetKind.SHARE_PAGE, form=AssetForm.PAGE, field="videoShareURL", extension="", address="https://v.invalid/1"
)


def verdict(given: Job, state: DesiredState | None = None, remembered: LedgerView | None = None) -> Verdict:
    view = memory(given.id) if remembered is None else remembered
    (only,) = decide(state or desired(), inventory(given), view, NOON)
    return only


def codes(given: Verdict) -> list[HoldCode]:
    assert isinstance(given, Held), given
    return [hold.code for hold in given.holds]


def details(given: Verdict, code: HoldCode | None = None) -> list[str]:
    assert isinstance(given, Held), given
    return [hold.detail for hold in given.holds if code in {None, hold.code}]


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
        job(status=JobStatus.CLEANED, contradictions=("its ids disagree",)),
        job(job_type=JobType.PREVIEW, contradictions=("its ids disagree",)),
        job(assets=(), lacks=(AssetKind.VIDEO,)),
    ],
    ids=["running", "contradictory", "unknown", "cleaned and not", "out of scope and not", "bare"],
)
def test_what_a_rule_keeps_is_retained_whatever_else_is_wrong_with_it(given: Job) -> None:
    assert isinstance(verdict(given, desired(by_id("a"), scope=RENDERS_ONLY)), Retained)


def test_what_is_out_of_scope_is_left_alone_also_by_the_rules() -> None:
    assert isinstance(verdict(job(job_type=JobType.PREVIEW), desired(by_id("a"), scope=RENDERS_ONLY)), OutOfScope)


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
    "in progress, and a contradiction": (
        job(status=JobStatus.IN_PROGRESS, contradictions=("its ids disagree",)),
        [HoldCode.CONTRADICTORY, HoldCode.NOT_FINISHED],
    ),
    "two contradictions": (
        job(contradictions=("its ids disagree", "listed twice")),
        [HoldCode.CONTRADICTORY, HoldCode.CONTRADICTORY],
    ),
    "no asset": (job(assets=()), [HoldCode.ASSET_MISSING]),
    "nothing but a web page": (job(assets=(PAGE,)), [HoldCode.ASSET_MISSING]),
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
    assert details(held)[1] == "rule failures needs its status, which it does not show"


RENDERS, FAILURES = TypeIn(frozenset({JobType.RENDER})), StatusIn(frozenset({JobStatus.FAILED}))


NEITHER = job(job_type=JobType.UNKNOWN, status=JobStatus.UNKNOWN)


@pytest.mark.parametrize(
    ("selector", "given", "missing"),
    [
        (FAILURES, NEITHER, "its status"),
        (RENDERS, NEITHER, "its type"),
        (AllOf((by_id("a").selector, RENDERS)), NEITHER, "its type"),
        (AllOf((RENDERS, FAILURES)), NEITHER, "its type and its status"),
        (AllOf((RENDERS, FAILURES)), job(status=JobStatus.UNKNOWN), "its status"),
        (AllOf((RENDERS, FAILURES)), job(job_type=JobType.UNKNOWN, status=JobStatus.FAILED), "its type"),
    ],
    ids=["status", "type", "an id and a type", "both", "both, one of them shown", "both, the other shown"],
)
def test_a_rule_is_said_to_need_only_what_it_asks_for(selector: Selector, given: Job, missing: str) -> None:
    answer = verdict(given, desired(rule(selector, "open")))
    assert details(answer, HoldCode.RULE_UNDECIDED) == [f"rule open needs {missing}, which it does not show"]


def test_a_job_kept_by_one_rule_and_undecided_by_another_is_retained_by_the_first_alone() -> None:
    state = desired(rule(RENDERS, "renders"), by_id("a", name="mine"))
    kept = verdict(job(job_type=JobType.UNKNOWN), state)
    assert isinstance(kept, Retained)
    assert kept.rules == ("mine",)


def test_a_job_that_was_cleaned_is_gone_even_for_a_rule_that_names_it() -> None:
    assert isinstance(verdict(job(status=JobStatus.CLEANED), desired(by_id("a"))), Gone)


WORDS = {
    "an unknown word": (
        replace(job(status=JobStatus.UNKNOWN), status_word="paused"),
        "its status 'paused' is not a known word",
    ),
    "no word": (job(status=JobStatus.UNKNOWN), "it states no status"),
    "results without a word": (job(status=JobStatus.UNSTATED), "it shows results but states no status"),
    "no type": (
        job(job_type=JobType.UNKNOWN),
        "its result fields fit no known type of job, so the scope cannot be told",
    ),
    "no asset": (job(assets=()), "completed, but it shows no asset that could be archived"),
    "missing kinds": (
        job(job_type=JobType.IMAGE, lacks=(AssetKind.IMAGE, AssetKind.PREVIEW_IMAGE)),
        "a completed image should have: image, preview-image",
    ),
    "running": (job(status=JobStatus.IN_PROGRESS), "still in progress"),
}


@pytest.mark.parametrize(("given", "said"), WORDS.values(), ids=WORDS.keys())
def test_a_hold_says_what_is_missing(given: Job, said: str) -> None:  # I4
    assert details(verdict(given)) == [said]


def test_a_failed_job_needs_no_asset() -> None:
    assert isinstance(verdict(job(status=JobStatus.FAILED, assets=())), Released)


def test_without_a_rule_by_id_no_ids_are_said_to_be_tried() -> None:
    released = verdict(job(), desired(rule(TypeIn(frozenset({JobType.IMAGE})), "images")))
    assert isinstance(released, Released)
    assert [tried.rule for tried in released.tried] == ["images"]


def test_verdicts_come_in_the_order_of_the_listing() -> None:
    listed = [job("c"), job("a", status=JobStatus.CLEANED), job("b", JobType.UNKNOWN), job("keep-me")]
    assert [each.job.id for each in decide(desired(), inventory(*listed), memory("b", "c"), NOON)] == [
        "c",
        "a",
        "b",
        "keep-me",
    ]


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
        (job(job_type=JobType.PREVIEW, status=JobStatus.IN_PROGRESS), RENDERS_ONLY, OutOfScope),
        (job(status=JobStatus.CLEANED), RENDERS_ONLY, Gone),
        (job(job_type=JobType.PREVIEW, status=JobStatus.CLEANED), RENDERS_ONLY, Gone),
    ],
)
def test_scope_is_certain_or_the_job_is_held(given: Job, scope: Scope, kind: type) -> None:
    assert isinstance(verdict(given, desired(scope=scope)), kind)


def test_the_base_of_a_share_is_what_is_in_scope_and_ended() -> None:
    counted = {
        (each_type, status)
        for each_type in (JobType.RENDER, JobType.PREVIEW, JobType.UNKNOWN)
        for status in JobStatus
        if is_counted(RENDERS_ONLY, subject(job(job_type=each_type, status=status)))
    }
    assert counted == {(JobType.RENDER, JobStatus.COMPLETED), (JobType.RENDER, JobStatus.FAILED)}
    assert is_counted(DEFAULT_SCOPE, subject(job(job_type=JobType.UNKNOWN, status=JobStatus.FAILED)))


@pytest.mark.parametrize("scope", [RENDERS_ONLY, DEFAULT_SCOPE], ids=["written", "default"])
@pytest.mark.parametrize("status", JobStatus)
def test_a_job_of_no_type_is_never_out_of_scope(scope: Scope, status: JobStatus) -> None:  # I4
    expected: type = Held
    if status is JobStatus.CLEANED:
        expected = Gone
    elif status is JobStatus.FAILED and scope is DEFAULT_SCOPE:
        expected = Released
    assert isinstance(verdict(job(job_type=JobType.UNKNOWN, status=status), desired(scope=scope)), expected)


def test_a_job_has_ended_only_when_the_service_says_so() -> None:  # I5
    ended = {status for status in JobStatus if job(status=status).is_terminal}
    assert ended == {JobStatus.COMPLETED, JobStatus.FAILED}


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
        assert codes(answer) == [HoldCode.CONTRADICTORY if seen_for < timedelta(0) else HoldCode.TOO_YOUNG]


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (memory("a", seen=NOON - DAY + SECOND), "seen for 23h 59min, clean.min_age is 1d"),
        (memory("a", seen=NOON), "seen for 0s, clean.min_age is 1d"),
        (memory("b"), "never seen before this reading, clean.min_age is 1d"),
    ],
    ids=["a second short", "just now", "never"],
)
def test_a_job_too_young_says_how_old_it_is_and_must_be(seen: LedgerView, said: str) -> None:
    assert details(verdict(job(), remembered=seen)) == [said]


def test_a_job_too_young_says_so_beside_every_other_reason() -> None:
    answer = verdict(job(job_type=JobType.UNKNOWN), remembered=LedgerView())
    assert codes(answer) == [HoldCode.TYPE_UNKNOWN, HoldCode.TOO_YOUNG]


def test_a_job_never_recorded_is_as_young_as_can_be() -> None:
    assert codes(verdict(job(), remembered=LedgerView())) == [HoldCode.TOO_YOUNG]
    assert isinstance(verdict(job(), desired(min_age=timedelta(0)), LedgerView()), Released)


def test_the_future_is_told_as_such_even_when_no_age_is_asked_for() -> None:  # I14
    held = verdict(job(), desired(min_age=timedelta(0)), memory("a", seen=NOON + SECOND))
    assert details(held) == ["first seen in the future: the clock was set back, or the ledger is wrong"]


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


def test_an_undecided_rule_names_what_it_needs_and_no_more() -> None:
    nothing_known = job(job_type=JobType.UNKNOWN, status=JobStatus.UNKNOWN)
    both = AllOf((TypeIn(frozenset({JobType.RENDER})), StatusIn(frozenset({JobStatus.FAILED}))))
    one = StatusIn(frozenset({JobStatus.FAILED}))
    held = verdict(nothing_known, desired(rule(both, "both"), rule(one, "one")))
    assert isinstance(held, Held)
    undecided = [hold.detail for hold in held.holds if hold.code is HoldCode.RULE_UNDECIDED]
    assert undecided == [
        "rule both needs its type and its status, which it does not show",
        "rule one needs its status, which it does not show",
    ]


def test_a_group_whose_times_prove_another_order_says_so() -> None:
    made = {JobId("new"): NOON - 20 * DAY, JobId("old"): NOON - 10 * DAY}
    view = replace(memory("old", "new", seen=NOON), imported=made)
    newest = replace(rule(EveryJob(), "newest"), keep=Keep(last=1))
    _, old = decide(desired(newest), inventory(job("new"), job("old")), view, NOON)
    assert isinstance(old, Held)
    missing = "which of its group is the newest, as times and order disagree"
    assert [hold.detail for hold in old.holds] == [f"rule newest needs {missing}, which it does not show"]


def test_a_release_is_equal_to_one_of_the_same_job_since_the_same_time_and_to_nothing_else() -> None:
    one, same, other = (verdict(given) for given in (job("a"), job("a"), job("b")))
    assert isinstance(one, Released)
    assert one == same
    assert hash(one) == hash(same)
    assert [one == each for each in (other, one.job, "a")] == [False] * 3
    assert hash(one) != hash(other)


def test_a_job_released_by_itself_is_free_since_the_time_at_which_all_are_looked_at() -> None:
    state, seen = desired(min_age=timedelta(0)), subject()
    rules = Rules.ready(state, [seen], (), NOON)
    before: Verdict = alone(state, rules, 0, seen, NOON)
    assert isinstance(before, Released)
    later = replace(rules, as_of=NOON + DAY)
    verdicts: list[Verdict] = [before]
    together(verdicts, state, later, (), frozenset(), NOON + DAY)
    (found,) = verdicts
    assert isinstance(found, Released)
    assert (before.since, found.since) == (NOON, NOON + DAY)


def test_a_hold_of_the_ledger_is_told_with_its_reason_where_it_has_one() -> None:
    def told(reason: str) -> list[str]:
        hold = LedgerHold(rule="legal", owner="legal", reason=reason, set_at=NOON - DAY)
        view = LedgerView(account="acme", jobs={JobId("a"): structs.replace(known(), holds=(hold,))})
        return details(verdict(job(), remembered=view))

    assert told("LEG-114") == ["protected by rule legal, in the ledger (LEG-114)"]
    assert told("") == ["protected by rule legal, in the ledger"]


def test_a_remembered_type_does_not_make_a_strange_body_whole() -> None:
    strange = replace(job(job_type=JobType.UNKNOWN), lacks=(AssetKind.VIDEO,))
    view = LedgerView(account="acme", jobs={JobId("a"): structs.replace(known(), type=JobType.RENDER)})
    assert details(verdict(strange, remembered=view)) == [
        "a completed unknown should have: video",
        "it was seen as render before, and shows no such thing now",
    ]
