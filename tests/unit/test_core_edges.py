"""Every decided edge of the retention language has a case of its own, by hand, beside the laws."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec import structs

from reconciler.core.desired import DesiredState, GroupKey, Keep, Link, RetainRule, Scope, Source
from reconciler.core.job import Job, JobId, JobStatus, JobType
from reconciler.core.memory import KnownJob, LedgerHold, LedgerView
from reconciler.core.retention import decide, is_counted
from reconciler.core.selectors import AllOf, EveryJob, IdIn, IdLike, NameLike, ProjectLike, Selector, StatusIn, TypeIn
from reconciler.core.verdicts import Gone, Held, HoldCode, OutOfScope, Released, Retained, Verdict
from tests.support.values import DAY, NOON, VIDEO, desired, inventory, job, subject

HOUR, SECOND, NOTHING = timedelta(hours=1), timedelta(seconds=1), timedelta(0)
BERLIN = ZoneInfo("Europe/Berlin")

EDGES: dict[str, tuple[str, ...]] = {
    "keep_within, until on the very edge": ("keep_within_keeps_on", "until_is_live"),
    "min_age, grace on the very edge": ("min_age_is_reached", "grace_is_reached"),
    "durations": ("a_day_of_a_span_is_24_hours",),
    "keep_daily: 7": ("keep_daily_counts", "day_7_against_day_8", "the_leap_day", "iso_week_53"),
    "keep_bytes": ("keep_bytes_keeps", "a_job_of_unknown_size"),
    "what takes a slot in keep_*": ("what_takes_no_slot",),
    "kept by one rule, UNKNOWN to another": ("kept_by_one_rule",),
    "a rule past until": ("a_rule_past_until",),
    "ids and match in one rule": ("desired",),
    "ids": ("ids_are_compared_exactly",),
    "a failed job": ("a_failed_job_without_type",),
    "a completed job of a shape we do not know": ("a_completed_job_of_unknown_shape",),
    "unknown word as status, no status": ("an_unknown_status",),
    "relatives": ("relatives_share_a_project",),
    "links whose job is out of scope or absent": ("a_link_of_a_job",),
    "released_since": ("released_since_is",),
    "base of max_share": ("the_base_of_max_share",),
    "a time in the future": ("a_time_in_the_future",),
    "name": ("pictory",),
    "project": ("pictory",),
    "type": ("pictory",),
    "required assets": ("required_assets",),
    "protect": ("a_hold_in_the_ledger",),
    "lapse and grace": ("lapse_and_grace_are_one_wait",),
    "empty match, any, all, not; undefined label, type, status, zone": ("desired",),
    "the same id twice in one list": ("desired",),
    "lint errors": ("desired",),
    "globs": ("globs_are",),
    "group_by": ("group_by_any_of", "a_group_of_one"),
    "units": ("desired",),
    "sizes for keep_bytes, max_bytes, budget": ("sizes_come_from",),
    "import-times": ("ledger",),
    "clock.trust without ledger": ("without_trust_in_the_ledger",),
    "limits": ("guards",),
    "a plan that violates a guard": ("guards",),
    "transcription to highlights, shared uploads": ("links_say_what_no_body_shows",),
    "out of scope, gone": ("what_is_out_of_scope_or_gone",),
}
"""Each edge that the design decides, with the cases here that show it, or the room whose tests do."""

ROOMS = {"desired", "pictory", "ledger", "guards"}


def test_every_decided_edge_has_a_case_here_or_in_a_room_of_its_own() -> None:
    assert len(EDGES) == 37
    cases = [name.removeprefix("test_") for name in globals() if name.startswith("test_")]
    for edge, named in EDGES.items():
        for each in named:
            assert each in ROOMS or any(case.startswith(each) for case in cases), f"{edge}: no case {each}"


# -- short words for the cases


def seen(  # one remembered job
    sequence: int, made: datetime, *, since: datetime | None = None, **more: Any
) -> KnownJob:
    """Remember a job made at exactly `made`, or since then until `since`."""
    end = since or made
    return KnownJob(sequence=sequence, first_seen=end, last_seen=end, left=False, missing_until=made + HOUR, **more)


def ledger(known: Mapping[str, KnownJob], *, last: datetime | None = None, **imported: datetime) -> LedgerView:
    return LedgerView(
        account="acme",
        jobs={JobId(each): what for each, what in known.items()},
        last_observed=last,
        imported={JobId(each): at for each, at in imported.items()},
    )


def keeping(keep: Keep, *group_by: GroupKey, selector: Selector | None = None, name: str = "rule") -> RetainRule:
    return RetainRule(name=name, selector=selector or EveryJob(), keep=keep, group_by=group_by)


def decided(state: DesiredState, listed: Iterable[Job], view: LedgerView, as_of: datetime = NOON) -> dict[str, Verdict]:
    return {verdict.job.id: verdict for verdict in decide(state, inventory(*listed, at=as_of), view, as_of)}


def state(
    *rules: RetainRule, min_age: timedelta = NOTHING, grace: timedelta = NOTHING, zone: tzinfo = UTC
) -> DesiredState:
    return replace(desired(*rules, min_age=min_age), grace=grace, zone=zone)


def kept(given: DesiredState, times: Iterable[datetime], as_of: datetime = NOON, **more: Any) -> list[int]:
    """Give the places of the jobs that are retained; `times` are of jobs listed newest first."""
    known = list(times)
    listed = [job(str(place)) for place in range(len(known))]
    view = ledger({str(place): seen(len(known) - place, at, **more) for place, at in enumerate(known)})
    return [int(each) for each, verdict in decided(given, listed, view, as_of).items() if isinstance(verdict, Retained)]


def codes(verdict: Verdict) -> set[HoldCode]:
    assert isinstance(verdict, Held), verdict
    return {hold.code for hold in verdict.holds}


def one(given: DesiredState, listed: Job, view: LedgerView, as_of: datetime = NOON) -> Verdict:
    (only,) = decided(given, [listed], view, as_of).values()
    return only


OLD = NOON - 30 * DAY
PREVIEWS = TypeIn(frozenset({JobType.PREVIEW}))


# -- times


@pytest.mark.parametrize(("age", "is_kept"), [(7 * DAY, True), (7 * DAY + SECOND, False), (7 * DAY - SECOND, True)])
def test_keep_within_keeps_on_the_very_edge(age: timedelta, is_kept: bool) -> None:
    assert kept(state(keeping(Keep(within=7 * DAY))), [NOON - age]) == ([0] if is_kept else [])


@pytest.mark.parametrize(
    ("earliest", "latest", "kind"),
    [(DAY, NOTHING, Retained), (DAY + SECOND, DAY, Held), (2 * DAY, DAY + SECOND, Released)],
    ids=["surely within", "cannot be told", "surely older"],
)
def test_keep_within_keeps_on_what_the_whole_interval_says(
    earliest: timedelta, latest: timedelta, kind: type[Verdict]
) -> None:
    view = ledger({"a": seen(1, NOON - earliest, since=NOON - latest)})
    assert isinstance(one(state(keeping(Keep(within=DAY))), job(), view), kind)


def test_until_is_live_through_the_last_second_of_its_day_in_the_zone_of_the_file() -> None:
    end_of_day = datetime(2026, 3, 1, tzinfo=BERLIN).astimezone(UTC)  # until: 2026-02-28
    rule = RetainRule(name="launch", selector=EveryJob(), lapses_at=end_of_day)
    view = ledger({"a": seen(1, OLD)})
    assert isinstance(one(state(rule, zone=BERLIN), job(), view, end_of_day - SECOND), Retained)
    assert isinstance(one(state(rule, zone=BERLIN), job(), view, end_of_day), Released)


def test_min_age_is_reached_on_the_very_edge() -> None:
    view = ledger({"a": seen(1, OLD, since=NOON - DAY)})
    assert isinstance(one(state(min_age=DAY), job(), view), Released)
    assert codes(one(state(min_age=DAY + SECOND), job(), view)) == {HoldCode.TOO_YOUNG}


def test_grace_is_reached_on_the_very_edge() -> None:
    view = ledger({"a": seen(1, OLD, released_since=NOON - 3 * DAY)}, last=NOON - DAY)
    assert isinstance(one(state(grace=3 * DAY), job(), view), Released)
    assert codes(one(state(grace=3 * DAY + SECOND), job(), view)) == {HoldCode.GRACE}


def test_a_day_of_a_span_is_24_hours_also_where_the_clock_is_changed() -> None:
    noon_after = datetime(2026, 3, 29, 10, tzinfo=UTC)  # noon in Berlin, 23 hours after noon of the day before
    noon_before = datetime(2026, 3, 28, 11, tzinfo=UTC)
    assert noon_after - noon_before == 23 * HOUR
    given = state(keeping(Keep(within=DAY)), zone=BERLIN)
    assert kept(given, [noon_before - HOUR, noon_before - HOUR - SECOND], noon_after) == [0]


@pytest.mark.parametrize(
    ("first_instant", "hours"),
    [(datetime(2026, 3, 28, 23, tzinfo=UTC), 23), (datetime(2026, 10, 24, 22, tzinfo=UTC), 25)],
    ids=["23 hours", "25 hours"],
)
def test_keep_daily_counts_days_of_23_and_of_25_hours_as_one(first_instant: datetime, hours: int) -> None:
    given = state(keeping(Keep(daily=3)), zone=BERLIN)
    last_instant = first_instant + hours * HOUR - SECOND
    times = [last_instant + SECOND, last_instant, first_instant, first_instant - SECOND]
    assert kept(given, times, last_instant + DAY) == [0, 1, 3]


def test_keep_daily_counts_days_in_which_the_rule_owns_something() -> None:
    days_back = [0, 0, 1, 5, 40, 41]
    assert kept(
        state(keeping(Keep(daily=4))), [NOON - back * DAY - number * SECOND for number, back in enumerate(days_back)]
    ) == [0, 2, 3, 4]


def test_keep_daily_counts_no_day_that_is_not_certain() -> None:
    midnight = datetime(2026, 2, 20, tzinfo=UTC)
    listed = [job("sure"), job("unsure"), job("older")]
    view = ledger(
        {
            "sure": seen(3, midnight + HOUR),
            "unsure": seen(2, midnight - SECOND, since=midnight),
            "older": seen(1, midnight - DAY),
        }
    )
    found = decided(state(keeping(Keep(daily=2))), listed, view)
    assert [type(each) for each in found.values()] == [Retained, Held, Retained]
    assert codes(found["unsure"]) == {HoldCode.RULE_UNDECIDED}


def test_day_7_against_day_8() -> None:
    assert kept(state(keeping(Keep(daily=7))), [NOON - back * DAY for back in range(9)]) == [*range(7)]


def test_the_leap_day_is_a_day_and_lies_in_february() -> None:
    leap = datetime(2024, 2, 29, 12, tzinfo=UTC)
    times = [leap + DAY, leap, leap - DAY, leap - 30 * DAY]
    assert kept(state(keeping(Keep(daily=2))), times, leap + 2 * DAY) == [0, 1]
    assert kept(state(keeping(Keep(monthly=2))), times, leap + 2 * DAY) == [0, 1]
    assert kept(
        state(keeping(Keep(within=366 * DAY))), [leap, leap - SECOND], datetime(2025, 3, 1, 12, tzinfo=UTC)
    ) == [0]


def test_iso_week_53_reaches_over_the_new_year() -> None:
    new_year = datetime(2027, 1, 1, tzinfo=UTC)  # a Friday
    times = [
        new_year + 3 * DAY,
        new_year + 3 * DAY - SECOND,
        new_year - SECOND,
        new_year - 4 * DAY,
        new_year - 4 * DAY - SECOND,
    ]
    as_of = new_year + 10 * DAY
    assert kept(state(keeping(Keep(weekly=5))), times, as_of) == [0, 1, 4]
    assert kept(state(keeping(Keep(yearly=5))), times, as_of) == [0, 2]
    assert kept(state(keeping(Keep(monthly=5))), times, as_of) == [0, 2]


def test_the_first_week_of_a_year_may_begin_in_the_year_before() -> None:
    times = [
        datetime(2025, 1, 5, 23, tzinfo=UTC),
        datetime(2024, 12, 30, tzinfo=UTC),
        datetime(2024, 12, 29, 23, tzinfo=UTC),
    ]
    assert kept(state(keeping(Keep(weekly=5))), times) == [0, 2]


def test_a_time_in_the_future_contradicts_whoever_tells_it() -> None:
    view = ledger({"a": seen(1, OLD)})
    trusting = replace(state(), trust=frozenset(Source))
    shared = replace(job(), shared_at=NOON + SECOND)
    assert codes(one(trusting, shared, view)) == {HoldCode.CONTRADICTORY}
    assert isinstance(one(trusting, replace(shared, shared_at=NOON), view), Released)
    assert isinstance(one(state(), shared, view), Released), "who is not trusted is not asked"
    ahead = ledger({"a": seen(1, OLD, since=NOON + SECOND)}, a=OLD)
    assert codes(one(state(), job(), ahead)) == {HoldCode.CONTRADICTORY}


def test_a_contradiction_of_times_keeps_nothing_and_frees_nothing() -> None:
    view = ledger({"a": seen(1, NOON - HOUR)}, a=NOON - 2 * HOUR)
    found = one(state(keeping(Keep(within=DAY)), min_age=2 * DAY), job(), view)
    assert codes(found) == {HoldCode.CONTRADICTORY, HoldCode.RULE_UNDECIDED}


def test_without_trust_in_the_ledger_its_times_count_for_nothing() -> None:
    given = replace(state(min_age=DAY), trust=frozenset({Source.IMPORTED}))
    assert codes(one(given, job(), ledger({"a": seen(1, OLD)}))) == {HoldCode.AGE_UNKNOWN}
    assert isinstance(one(given, job(), ledger({"a": seen(1, NOON)}, a=OLD)), Released)


def test_the_order_of_the_list_bounds_a_job_by_its_neighbours() -> None:
    listed = [job("above"), job("between"), job("below")]
    unknown = KnownJob(sequence=2, first_seen=NOON, last_seen=NOON, left=False)
    view = ledger({"above": seen(3, NOON - 10 * DAY), "between": unknown, "below": seen(1, NOON - 20 * DAY)})

    def found(given: DesiredState) -> Verdict:
        return decided(replace(given, trust=frozenset({Source.LEDGER, Source.LIST_ORDER})), listed, view)["between"]

    assert isinstance(found(state(keeping(Keep(within=20 * DAY)))), Retained)
    assert isinstance(found(state(keeping(Keep(within=20 * DAY - SECOND)))), Held)
    assert isinstance(found(state(keeping(Keep(within=10 * DAY - SECOND)), min_age=10 * DAY)), Released)
    assert isinstance(decided(state(min_age=10 * DAY), listed, view)["between"], Held)


def test_the_order_that_bounds_is_that_of_first_listing_not_that_of_a_shuffled_list() -> None:
    unknown = KnownJob(sequence=2, first_seen=NOON, last_seen=NOON, left=False)
    view = ledger({"above": seen(3, NOON - 10 * DAY), "between": unknown, "below": seen(1, NOON - 20 * DAY)})
    given = replace(state(keeping(Keep(within=20 * DAY))), trust=frozenset({Source.LEDGER, Source.LIST_ORDER}))
    found = decided(given, [job("below"), job("between"), job("above")], view)
    assert {each: type(verdict) for each, verdict in found.items()} == dict.fromkeys(found, Retained)


def test_created_dates_of_jobs_first_seen_together_tell_each_its_own_time() -> None:
    listed = [job("old"), job("new"), job("undated")]
    view = ledger({each.id: seen(at, NOON - 60 * DAY, since=NOON) for at, each in enumerate(listed, start=1)})
    dated = replace(inventory(*listed), created_dates={JobId("old"): NOON - 30 * DAY, JobId("new"): NOON - 10 * DAY})
    given = state(keeping(Keep(within=20 * DAY)), min_age=30 * DAY)

    def found(trust: frozenset[Source]) -> list[type[Verdict]]:
        return [type(each) for each in decide(replace(given, trust=trust), dated, view, NOON)]

    assert found(frozenset({Source.LEDGER, Source.CREATED_DATE})) == [Released, Retained, Held]
    assert found(frozenset({Source.CREATED_DATE})) == [Released, Retained, Held]
    assert found(frozenset({Source.LEDGER})) == [Held, Held, Held]


def test_an_imported_time_that_is_not_trusted_counts_for_nothing() -> None:
    view = ledger({"a": seen(1, OLD, since=NOON - HOUR)}, a=OLD)
    given = state(min_age=DAY)
    assert isinstance(one(replace(given, trust=frozenset({Source.LEDGER, Source.IMPORTED})), job(), view), Released)
    assert codes(one(replace(given, trust=frozenset({Source.LEDGER})), job(), view)) == {HoldCode.TOO_YOUNG}


def test_of_jobs_that_the_ledger_does_not_know_the_first_listed_is_the_newest() -> None:
    listed = [job("newest"), job("newer"), job("known")]
    found = decided(state(keeping(Keep(last=1))), listed, ledger({"known": seen(7, OLD)}))
    assert [type(each) for each in found.values()] == [Retained, Released, Released]


def test_a_neighbour_whose_own_evidence_contradicts_itself_bounds_nobody() -> None:
    listed = [job("above"), job("below")]
    unknown = KnownJob(sequence=1, first_seen=NOON, last_seen=NOON, left=False)
    view = ledger({"above": seen(2, OLD), "below": unknown}, above=NOON - DAY)
    given = replace(state(min_age=DAY), trust=frozenset({Source.LEDGER, Source.IMPORTED, Source.LIST_ORDER}))
    found = decided(given, listed, view)
    assert codes(found["above"]) == {HoldCode.CONTRADICTORY}
    assert codes(found["below"]) == {HoldCode.TOO_YOUNG}


def test_of_two_trusted_bounds_the_narrower_counts() -> None:
    view = ledger({"a": seen(1, OLD - DAY, since=NOON)}, a=OLD)
    assert isinstance(one(state(keeping(Keep(within=30 * DAY))), job(), view), Retained)
    assert isinstance(one(state(keeping(Keep(within=30 * DAY - SECOND)), min_age=30 * DAY), job(), view), Released)


# -- groups and slots


def sized(*sizes: int | None, most: int) -> list[type[Verdict]]:
    """Decide over jobs of these sizes, newest first, under a `keep_bytes`."""
    listed = [job(str(place)) for place in range(len(sizes))]
    view = ledger({str(at): seen(len(sizes) - at, NOON - (at + 1) * DAY, size=size) for at, size in enumerate(sizes)})
    return [type(each) for each in decided(state(keeping(Keep(size=most))), listed, view).values()]


def test_keep_bytes_keeps_the_job_that_reaches_or_crosses_the_sum() -> None:
    assert sized(4, 6, 1, most=10) == [Retained, Retained, Released]
    assert sized(4, 5, 2, 1, most=10) == [Retained, Retained, Retained, Released]
    assert sized(11, 1, most=10) == [Retained, Released]
    assert sized(0, 10, 0, most=10) == [Retained, Retained, Released]


def test_a_job_of_unknown_size_is_held_always_and_adds_nothing() -> None:
    assert sized(None, 10, None, 1, most=10) == [Held, Retained, Held, Released]


@pytest.mark.parametrize(
    "newest",
    [
        job("new", status=JobStatus.IN_PROGRESS),
        job("new", status=JobStatus.CLEANED),
        job("new", status=JobStatus.UNSTATED),
        job("new", job_type=JobType.UNKNOWN),
        job("new", job_type=JobType.IMAGE),
        job("new", contradictions=("listed twice with different facts",)),
    ],
    ids=["running", "cleaned", "no status", "unknown type", "out of scope", "contradictory"],
)
def test_what_takes_no_slot_pushes_nothing_out(newest: Job) -> None:
    scope = Scope(types=frozenset({JobType.RENDER}), untyped_failures=False)
    given = replace(state(keeping(Keep(last=1))), scope=scope)
    found = decided(given, [newest, job("old")], ledger({"new": seen(2, NOON - DAY), "old": seen(1, OLD)}))
    assert isinstance(found["old"], Retained)
    assert not isinstance(found["new"], Retained | Released)


def test_what_takes_no_slot_may_be_a_job_whose_name_cannot_be_told() -> None:
    given = state(keeping(Keep(last=1), GroupKey.NAME, selector=NameLike(("product-*",))))
    listed = [job("new"), replace(job("old"), name="product-a")]
    found = decided(given, listed, ledger({"new": seen(2, NOON - DAY), "old": seen(1, OLD)}))
    assert codes(found["new"]) == {HoldCode.RULE_UNDECIDED}
    assert isinstance(found["old"], Retained)


def test_ties_in_time_are_settled_by_the_order_of_first_listing() -> None:
    assert kept(state(keeping(Keep(last=1, daily=1))), [OLD, OLD, OLD]) == [0]
    shuffled = decided(
        state(keeping(Keep(last=1))), [job("1"), job("0")], ledger({"0": seen(2, OLD), "1": seen(1, OLD)})
    )
    assert [type(each) for each in shuffled.values()] == [Released, Retained]


def test_a_group_of_one_never_goes() -> None:
    listed = [replace(job(each), name=each) for each in "abc"]
    view = ledger({each.id: seen(place, OLD) for place, each in enumerate(listed, start=1)})
    found = decided(state(keeping(Keep(last=1), GroupKey.NAME)), listed, view)
    assert {type(each) for each in found.values()} == {Retained}


def test_group_by_any_of_type_name_and_project() -> None:
    bodies = [("a", "p"), ("a", "q"), ("a", "p"), ("b", "p")]
    listed = [replace(job(str(at)), name=name, project=project) for at, (name, project) in enumerate(bodies)]
    listed.append(job("4", JobType.TRANSCRIPTION))
    view = ledger({str(at): seen(9 - at, OLD - at * DAY) for at in range(5)})

    def left(*keys: GroupKey) -> set[str]:
        found = decided(state(keeping(Keep(last=1), *keys)), listed, view)
        return {each for each, verdict in found.items() if isinstance(verdict, Retained)}

    assert left() == {"0"}
    assert left(GroupKey.TYPE) == {"0", "4"}
    assert left(GroupKey.NAME) == {"0", "3", "4"}
    assert left(GroupKey.NAME, GroupKey.PROJECT) == {"0", "1", "3", "4"}


def test_times_that_prove_another_order_hold_what_the_rule_would_let_go() -> None:
    def found(newer: datetime, older: datetime) -> list[type[Verdict]]:
        view = ledger({"new": seen(2, newer), "old": seen(1, older)})
        return [type(each) for each in decided(state(keeping(Keep(last=1))), [job("new"), job("old")], view).values()]

    assert found(OLD, OLD) == [Retained, Released]
    assert found(OLD - SECOND, OLD) == [Retained, Held]


def test_times_that_prove_another_order_count_also_of_an_absent_job() -> None:
    listed = [job("new"), job("old")]
    view = ledger({"absent": seen(3, OLD), "new": seen(2, NOON - DAY), "old": seen(1, OLD)})
    assert codes(decided(state(keeping(Keep(last=1))), listed, view)["old"]) >= {HoldCode.RULE_UNDECIDED}
    by_import = ledger(
        {"absent": seen(3, OLD, since=NOON), "new": seen(2, NOON - DAY), "old": seen(1, OLD)}, absent=OLD
    )
    assert isinstance(decided(state(keeping(Keep(last=1))), listed, by_import)["old"], Held)


@pytest.mark.parametrize(
    ("absent", "kind"),
    [
        (seen(2, NOON - 20 * DAY), Released),
        (seen(2, NOON - 10 * DAY), Held),
        (seen(2, NOON - 10 * DAY, name="brand-b"), Released),
        (seen(2, NOON - 10 * DAY, status=JobStatus.FAILED), Released),
    ],
    ids=["in order", "out of order", "of another name", "of another status"],
)
def test_times_that_prove_another_order_count_of_an_absent_job_that_the_rule_may_own(
    absent: KnownJob, kind: type[Verdict]
) -> None:
    absent = structs.replace(
        absent,
        type=JobType.RENDER,
        name=absent.name or "product-a",
        status=absent.status if absent.status is JobStatus.FAILED else JobStatus.COMPLETED,
    )
    listed = [replace(job("new"), name="product-a"), replace(job("old"), name="product-a")]
    view = ledger({"new": seen(3, NOON - 15 * DAY), "absent": absent, "old": seen(1, OLD)})
    owned = AllOf((NameLike(("product-*",)), StatusIn(frozenset({JobStatus.COMPLETED}))))
    found = decided(state(keeping(Keep(last=1), selector=owned)), listed, view)
    assert isinstance(found["old"], kind)


def test_a_rule_of_few_jobs_counts_as_one_of_many_does() -> None:
    many = [job(f"many-{number}", JobType.PREVIEW) for number in range(200)]
    view = ledger({each.id: seen(300 - at, OLD - at * SECOND) for at, each in enumerate([*many, job("a"), job("b")])})
    renders = TypeIn(frozenset({JobType.RENDER}))
    found = decided(state(keeping(Keep(last=1), selector=renders)), [*many, job("a"), job("b")], view)
    assert isinstance(found["a"], Retained)
    assert {type(verdict) for each, verdict in found.items() if each != "a"} == {Released}


def test_sizes_come_from_the_ledger() -> None:
    assert sized(None, most=1) == [Held]
    assert sized(1, most=1) == [Retained]


def test_sizes_come_from_the_hosts_of_the_files_where_the_ledger_has_none() -> None:
    told = replace(
        inventory(job("new"), job("known"), job("archived")),
        sizes={JobId(each): 7 for each in ("new", "known", "archived")},
    )
    view = ledger({"known": seen(2, OLD), "archived": seen(1, OLD, size=9)})
    verdicts = decide(state(keeping(Keep(size=14))), told, view, NOON)
    assert [(verdict.job.size, type(verdict)) for verdict in verdicts] == [(7, Retained), (7, Retained), (9, Released)]


# -- who is owned


def test_kept_by_one_rule_and_unknown_to_another_is_retained() -> None:
    rules = [keeping(Keep(), selector=NameLike(("x",)), name="unsure"), keeping(Keep(), name="all")]
    found = one(state(*rules), job(), ledger({"a": seen(1, OLD)}))
    assert isinstance(found, Retained)
    assert found.rules == ("all",)


@pytest.mark.parametrize("first", ["by id", "by project", "by name"])
def test_rules_that_look_at_different_things_do_not_answer_for_each_other(first: str) -> None:
    rules = {
        "by id": keeping(Keep(), selector=IdLike(("a-*",)), name="by id"),
        "by project": keeping(Keep(), selector=ProjectLike(("p",)), name="by project"),
        "by name": keeping(Keep(), selector=NameLike(("x",)), name="by name"),
    }
    bodies = {"a-1": ("n", "q1"), "b-1": ("n", "q2"), "b-2": ("n", "p"), "b-3": ("x", "q3"), "a-2": ("x", "p")}
    listed = [replace(job(each), name=name, project=project) for each, (name, project) in bodies.items()]
    view = ledger({each.id: seen(at, OLD) for at, each in enumerate(listed, start=1)})
    order = [rules.pop(first), *rules.values()]
    for given in (order, order[:2]):
        found = decided(state(*given), listed, view)
        kept_by = {each: set(verdict.rules) for each, verdict in found.items() if isinstance(verdict, Retained)}
        owned = {
            "a-1": {"by id"},
            "b-2": {"by project"},
            "b-3": {"by name"},
            "a-2": {"by id", "by project", "by name"},
        }
        asked = {rule.name for rule in given}
        assert kept_by == {each: names & asked for each, names in owned.items() if names & asked}


def test_an_undecided_rule_protects_only_if_it_says_so() -> None:
    unsure = keeping(Keep(), selector=NameLike(("x",)), name="unsure")
    everything = keeping(Keep(), name="all")

    def found(*rules: RetainRule) -> tuple[bool, bool]:
        verdict = one(state(*rules), job(), ledger({"a": seen(1, OLD)}))
        assert isinstance(verdict, Retained | Held)
        return getattr(verdict, "protected", False), verdict.may_be_protected

    assert found(unsure) == (False, False)
    assert found(replace(unsure, protect=True)) == (False, True)
    assert found(unsure, everything) == (False, False)
    assert found(replace(unsure, protect=True), everything) == (False, True)
    assert found(unsure, replace(everything, protect=True)) == (True, False)


def test_a_decision_about_the_past_takes_what_is_new_as_new_then() -> None:
    listed = inventory(job(), at=NOON)
    (found,) = decide(state(min_age=DAY), listed, ledger({}), NOON - DAY)
    assert isinstance(found, Held)
    assert [hold.detail for hold in found.holds] == ["never seen before this reading, clean.min_age is 1d"]


def test_ids_are_compared_exactly() -> None:
    given = state(keeping(Keep(), selector=IdIn(frozenset({JobId("A*")}))))
    found = decided(
        given,
        [job("A*"), job("a*"), job("Ab")],
        ledger({each: seen(at, OLD) for at, each in enumerate(["A*", "a*", "Ab"])}),
    )
    assert [type(each) for each in found.values()] == [Retained, Released, Released]


@pytest.mark.parametrize(
    ("glob", "fits", "fits_not"),
    [
        ("product-*", ["product-", "product-a"], ["product", "Product-a", "a product-a"]),
        ("a?c", ["abc", "a*c", "a\u00e9c", "ae\u0301c"], ["ac", "abbc"]),
        ("a\\*", ["a*"], ["ab", "a\\*", "a"]),
        ("a\\?", ["a?"], ["ab"]),
        ("[ab]", ["[ab]"], ["a", "b"]),
        ("Zoe\u0308", ["Zo\u00eb", "Zoe\u0308"], ["Zoe"]),
        ("*\n*", ["a\nb"], ["ab"]),
        ("a.c", ["a.c"], ["abc"]),
        ("*", ["x", "\n", "a b"], []),
    ],
)
def test_globs_are_whole_strings_with_two_signs_and_an_escape(glob: str, fits: list[str], fits_not: list[str]) -> None:
    def is_kept(name: str) -> bool:
        rule = keeping(Keep(), selector=NameLike((glob,)))
        return isinstance(one(state(rule), replace(job(), name=name), ledger({"a": seen(1, OLD)})), Retained)

    assert [name for name in [*fits, *fits_not] if is_kept(name)] == fits


def test_globs_are_for_ids_too_where_a_match_says_so() -> None:
    rule = keeping(Keep(), selector=IdLike(("A?",)))
    listed = [job("Ab"), job("ab")]
    found = decided(state(rule), listed, ledger({"Ab": seen(1, OLD), "ab": seen(2, OLD)}))
    assert [type(each) for each in found.values()] == [Retained, Released]


FAILED = job(job_type=JobType.UNKNOWN, status=JobStatus.FAILED, assets=())


def test_a_failed_job_without_type_is_in_the_default_scope_and_held_by_a_rule_on_type_alone() -> None:
    view = ledger({"a": seen(1, OLD)})
    assert isinstance(one(state(), FAILED, view), Released)
    assert codes(one(state(keeping(Keep(), selector=PREVIEWS)), FAILED, view)) == {HoldCode.RULE_UNDECIDED}
    completed = AllOf((PREVIEWS, StatusIn(frozenset({JobStatus.COMPLETED}))))
    assert isinstance(one(state(keeping(Keep(), selector=completed)), FAILED, view), Released)


def test_a_failed_job_without_type_is_of_the_type_that_the_ledger_remembers() -> None:
    view = ledger({"a": seen(1, OLD, type=JobType.PREVIEW)})
    assert isinstance(one(state(keeping(Keep(), selector=PREVIEWS)), FAILED, view), Retained)
    written = replace(state(), scope=Scope(types=frozenset({JobType.RENDER}), untyped_failures=False))
    assert isinstance(one(written, FAILED, view), OutOfScope)
    assert codes(one(written, FAILED, ledger({"a": seen(1, OLD)}))) == {HoldCode.TYPE_UNKNOWN}


def test_a_completed_job_of_unknown_shape_is_held_whatever_the_scope_says_or_the_ledger_remembers() -> None:
    odd = job(job_type=JobType.UNKNOWN)
    for known in (JobType.UNKNOWN, JobType.RENDER):
        assert codes(one(state(), odd, ledger({"a": seen(1, OLD, type=known)}))) == {HoldCode.TYPE_UNKNOWN}


def test_a_type_that_differs_from_the_remembered_one_contradicts_and_is_called_nothing_else() -> None:
    view = ledger({"a": seen(1, OLD, type=JobType.PREVIEW)})
    assert codes(one(state(), job(), view)) == {HoldCode.CONTRADICTORY}
    elsewhere = replace(state(), scope=Scope(types=frozenset({JobType.IMAGE}), untyped_failures=False))
    assert codes(one(elsewhere, job(), view)) == {HoldCode.CONTRADICTORY}


@pytest.mark.parametrize("status", [JobStatus.UNKNOWN, JobStatus.UNSTATED])
def test_an_unknown_status_is_never_a_word_of_its_own(status: JobStatus) -> None:
    given = state(keeping(Keep(), selector=StatusIn(frozenset({JobStatus.COMPLETED}))))
    found = one(given, job(status=status), ledger({"a": seen(1, OLD)}))
    assert codes(found) == {HoldCode.STATUS_UNKNOWN, HoldCode.RULE_UNDECIDED}


def test_required_assets_are_asked_of_completed_jobs_alone() -> None:
    view = ledger({"a": seen(1, OLD)})
    bare = job(assets=())
    assert codes(one(state(), bare, view)) == {HoldCode.ASSET_MISSING}
    assert isinstance(one(state(), job(status=JobStatus.FAILED, assets=()), view), Released)
    lacking = job(assets=(VIDEO,), lacks=(VIDEO.kind,))
    assert codes(one(state(), lacking, view)) == {HoldCode.ASSET_MISSING}


# -- relatives


def related(one_type: JobType, *, project: str, other: str) -> Verdict:
    """Decide on a render beside a retained job of this type."""
    rule = keeping(Keep(), selector=IdIn(frozenset({JobId("kept")})))
    listed = [replace(job("kept", one_type), project=other), replace(job("free"), project=project)]
    return decided(state(rule), listed, ledger({"kept": seen(2, OLD), "free": seen(1, OLD)}))["free"]


def test_relatives_share_a_project_id_whatever_their_type() -> None:
    for each in (JobType.PREVIEW, JobType.RENDER, JobType.UNKNOWN):
        assert codes(related(each, project="p", other="p")) == {HoldCode.RELATED}
    assert isinstance(related(JobType.PREVIEW, project="p", other="P"), Released)
    assert isinstance(related(JobType.PREVIEW, project="", other=""), Released)


def linked(view: LedgerView, *listed: Job, given: DesiredState | None = None) -> Verdict:
    """Decide on the job `need`, which the job `maker` needs."""
    links = (Link(job=JobId("maker"), needs=(JobId("need"),)),)
    return decided(replace(given or state(), links=links), [*listed, job("need")], view)["need"]


def test_a_link_of_a_job_that_is_absent_or_out_of_scope_holds_what_it_needs() -> None:
    need = {"need": seen(1, OLD)}
    assert codes(linked(ledger(need))) == {HoldCode.RELATED}
    assert codes(linked(ledger({**need, "maker": seen(2, OLD)}))) == {HoldCode.RELATED}
    elsewhere = replace(state(), scope=Scope(types=frozenset({JobType.RENDER}), untyped_failures=False))
    assert codes(linked(ledger(need), job("maker", JobType.IMAGE), given=elsewhere)) == {HoldCode.RELATED}


def test_a_link_of_a_job_that_has_gone_or_goes_as_well_holds_nothing() -> None:
    need, gone = {"need": seen(1, OLD)}, structs.replace(seen(2, OLD), left=True)
    assert isinstance(linked(ledger({**need, "maker": gone})), Released)
    assert isinstance(linked(ledger(need), job("maker", status=JobStatus.CLEANED)), Released)
    assert isinstance(linked(ledger({**need, "maker": seen(2, OLD)}), job("maker")), Released)


def test_a_link_of_a_job_that_was_thought_gone_and_is_listed_again_holds() -> None:
    rule = keeping(Keep(), selector=IdIn(frozenset({JobId("maker")})))
    view = ledger({"need": seen(1, OLD), "maker": structs.replace(seen(2, OLD), left=True)})
    assert codes(linked(view, job("maker"), given=state(rule))) == {HoldCode.RELATED}


def test_each_link_speaks_for_itself_and_what_one_holds_holds_its_own_relatives() -> None:
    links = (
        Link(job=JobId("free"), needs=(JobId("never-listed"),)),
        Link(job=JobId("maker"), needs=(JobId("need"),)),
    )
    listed = [job("free"), replace(job("need"), project="p"), replace(job("sister"), project="p"), job("other")]
    view = ledger({each.id: seen(at, OLD) for at, each in enumerate(listed, start=1)})
    found = decided(replace(state(), links=links), listed, view)
    assert {each: type(verdict) for each, verdict in found.items()} == {
        "free": Released,
        "need": Held,
        "sister": Held,
        "other": Released,
    }
    assert {
        each: [hold.detail for hold in verdict.holds] for each, verdict in found.items() if isinstance(verdict, Held)
    } == {
        "need": ["job maker needs it, and is not known to have gone"],
        "sister": ["shares project p with need, which stays"],
    }


def test_the_link_of_a_job_that_has_gone_asks_for_nothing_also_while_others_wait() -> None:
    links = (Link(job=JobId("gone"), needs=(JobId("free"),)), Link(job=JobId("waiting"), needs=(JobId("need"),)))
    listed = [job("free"), job("waiting"), job("need")]
    freed = NOON - 9 * DAY
    view = ledger(
        {
            "gone": structs.replace(seen(4, OLD), left=True),
            "free": seen(3, OLD, released_since=freed),
            "waiting": seen(2, OLD, released_since=NOON - DAY),
            "need": seen(1, OLD, released_since=freed),
        }
    )
    found = decided(replace(state(grace=3 * DAY), links=links), listed, view)
    assert isinstance(found["free"], Released)
    assert (codes(found["waiting"]), codes(found["need"])) == ({HoldCode.GRACE}, {HoldCode.RELATED})


def test_links_say_what_no_body_shows() -> None:
    rule = keeping(Keep(), selector=IdIn(frozenset({JobId("maker")})))
    view = ledger({"need": seen(1, OLD), "maker": seen(2, OLD)})
    assert codes(linked(view, job("maker", JobType.HIGHLIGHTS), given=state(rule))) == {HoldCode.RELATED}


# -- waiting, lapses, protection


def lapsed(when: datetime, *, keep: Keep | None = None, selector: Selector | None = None) -> RetainRule:
    return RetainRule(name="launch", selector=selector or EveryJob(), keep=keep or Keep(), lapses_at=when)


def test_a_rule_past_until_holds_all_that_it_owns_or_may_for_grace() -> None:
    view = ledger({"a": seen(1, OLD, released_since=OLD)}, last=NOON)
    for selector in (EveryJob(), NameLike(("x",))):
        rule = lapsed(NOON - 3 * DAY, keep=Keep(last=5), selector=selector)
        assert codes(one(state(rule, grace=3 * DAY + SECOND), job(), view)) == {HoldCode.LAPSED}
        assert isinstance(one(state(rule, grace=3 * DAY), job(), view), Released)
    assert isinstance(one(state(lapsed(NOON, selector=PREVIEWS), grace=DAY), job(), view), Released)


def test_lapse_and_grace_are_one_wait_from_the_lapse() -> None:
    view = ledger({"a": seen(1, OLD, kept_until=NOON - 3 * DAY)}, last=NOON - 4 * DAY)
    rule = lapsed(NOON - 3 * DAY)
    assert codes(one(state(rule, grace=3 * DAY + SECOND), job(), view)) == {HoldCode.LAPSED, HoldCode.GRACE}
    found = one(state(rule, grace=3 * DAY), job(), view)
    assert isinstance(found, Released)
    assert found.since == NOON - 3 * DAY


def test_released_since_is_what_was_recorded_and_else_now() -> None:
    never = one(state(grace=HOUR), job(), ledger({"a": seen(1, OLD)}, last=NOON - DAY))
    assert isinstance(never, Held)
    assert never.waits_since == NOON
    recorded = one(state(grace=DAY), job(), ledger({"a": seen(1, OLD, released_since=NOON - HOUR)}, last=NOON - HOUR))
    assert isinstance(recorded, Held)
    assert recorded.waits_since == NOON - HOUR


def test_released_since_is_kept_by_one_that_waits_for_a_relative() -> None:
    listed = [replace(job(each), project="p") for each in "ab"]
    view = ledger({"a": seen(2, OLD), "b": seen(1, OLD, released_since=OLD)}, last=NOON - DAY)
    found = decided(state(grace=DAY), listed, view)
    assert codes(found["a"]) == {HoldCode.GRACE}
    assert codes(found["b"]) == {HoldCode.RELATED}
    assert isinstance(found["b"], Held)
    assert found["b"].waits_since == OLD


def test_released_since_is_of_no_use_to_one_that_is_held_for_more_than_time() -> None:
    found = one(state(grace=DAY), job(status=JobStatus.IN_PROGRESS), ledger({"a": seen(1, OLD, released_since=OLD)}))
    assert isinstance(found, Held)
    assert found.waits_since is None


def test_a_rule_that_was_over_when_it_was_written_shortens_no_wait() -> None:
    # Given a rule without end, edited after the last recorded observation to one whose `until` is long past: its jobs
    # were released in no recorded observation, yet the clock of grace is taken to have started at that `until`.
    view = ledger({"a": seen(1, OLD)}, last=NOON - 10 * DAY)
    assert codes(one(state(lapsed(NOON - 5 * DAY), grace=3 * DAY), job(), view)) == {HoldCode.GRACE}


@pytest.mark.parametrize(("until", "is_held"), [(None, True), (NOON + SECOND, True), (NOON, False), (OLD, False)])
def test_a_hold_in_the_ledger_stays_until_its_end_also_without_its_rule(until: datetime | None, is_held: bool) -> None:
    hold = LedgerHold(rule="legal", owner="legal", reason="LEG-114", set_at=OLD, until=until, unkept_since=OLD)
    found = one(state(), job(), ledger({"a": seen(1, OLD, holds=(hold,))}))
    assert isinstance(found, Held) == is_held
    if is_held:
        assert codes(found) == {HoldCode.PROTECTED}


# -- counts


def test_the_base_of_max_share_is_what_is_in_scope_and_has_ended() -> None:
    scope = Scope(types=frozenset({JobType.RENDER}), untyped_failures=False)
    counted = [job(), job(status=JobStatus.FAILED)]
    others = [job(status=JobStatus.IN_PROGRESS), job(job_type=JobType.IMAGE), job(job_type=JobType.UNKNOWN)]
    assert all(is_counted(scope, subject(each)) for each in counted)
    assert not any(is_counted(scope, subject(each)) for each in others)


def test_what_is_out_of_scope_or_gone_has_a_verdict_of_its_own() -> None:
    scope = Scope(types=frozenset({JobType.RENDER}), untyped_failures=False)
    given = replace(state(keeping(Keep())), scope=scope)
    listed = [job("a", JobType.IMAGE), job("b", status=JobStatus.CLEANED), job("c")]
    found = decided(given, listed, ledger({each.id: seen(at, OLD) for at, each in enumerate(listed)}))
    assert [type(each) for each in found.values()] == [OutOfScope, Gone, Retained]
