"""What time alone will let go: on which day, by what, with how many bytes; rules about to lapse."""

import json
import time
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from reconciler.core.desired import DesiredState, Keep, Link
from reconciler.core.forecast import Cause, CauseKind, Forecast, day_starts, forecast
from reconciler.core.job import JobId, JobType
from reconciler.core.memory import LedgerHold, LedgerView
from reconciler.core.selectors import EveryJob, TypeIn
from reconciler.engine.forecasting import Outlook, outlook_over
from reconciler.engine.planning import Sight
from reconciler.report.forecast_text import forecast_json, forecast_text, summary_line
from reconciler.report.style import Style
from tests.support.values import DAY, NOON, by_id, desired, inventory, job, known, memory, rule

Golden = Callable[[str, str], None]
FRESH = replace(rule(EveryJob(), "fresh"), keep=Keep(within=10 * DAY))
MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)


def went(told: Forecast) -> dict[str, tuple[int, tuple[str, ...]]]:
    """Give, by job, the number of the day on which it goes, and the names of what kept it."""
    return {
        gone.job_id: (number, tuple(cause.name for cause in gone.causes))
        for number, day in enumerate(told.days, start=1)
        for gone in day.let_go
    }


def seen_since(**ages: timedelta) -> LedgerView:
    return LedgerView(
        account="acme",
        jobs={
            JobId(name): structs.replace(known(number, seen=NOON - age), missing_until=NOON - age)
            for number, (name, age) in enumerate(ages.items(), start=1)
        },
        last_observed=NOON,
    )


def hold_of(name: str, *, until: datetime | None = None) -> LedgerHold:
    return LedgerHold(rule=name, owner="", reason="", set_at=NOON - 30 * DAY, until=until)


def test_each_job_goes_at_the_first_start_of_a_day_past_its_edge() -> None:
    view = seen_since(old=11 * DAY, edge=9 * DAY + timedelta(hours=12), later=8 * DAY)
    told = forecast(desired(FRESH), inventory(job("later"), job("edge"), job("old")), view, 5)
    assert [gone.job_id for gone in told.free_now] == ["old"]
    # On the very edge (midnight of day 1) the rule keeps it still.
    assert went(told) == {"edge": (2, ("fresh",)), "later": (3, ("fresh",))}
    assert told.at_the_end == (("release", 3),)


def test_grace_runs_from_the_day_on_which_a_job_came_free() -> None:
    waiting = replace(desired(FRESH), grace=3 * DAY)
    told = forecast(waiting, inventory(job("a")), seen_since(a=8 * DAY), 9)
    assert went(told) == {"a": (6, ("fresh",))}


def test_a_wait_under_way_counts_from_when_it_was_recorded() -> None:
    waiting = replace(desired(FRESH), grace=3 * DAY)
    begun = structs.replace(known(1), released_since=NOON - 2 * DAY)
    view = LedgerView(account="acme", jobs={JobId("a"): begun}, last_observed=NOON)
    assert went(forecast(waiting, inventory(job("a")), view, 5)) == {"a": (2, ("grace",))}


def test_a_rule_that_lapses_lets_go_and_is_announced() -> None:
    launch = replace(by_id("a", name="launch"), lapses_at=MIDNIGHT + 2 * DAY, owner="growth")
    told = forecast(replace(desired(launch), grace=2 * DAY), inventory(job("a")), memory("a"), 9)
    assert [(number, each.rule, each.owner) for number, day in enumerate(told.days) for each in day.lapses] == [
        (2, "launch", "growth")
    ]
    assert went(told) == {"a": (5, ("launch",))}


def test_a_job_freed_by_a_lapse_within_a_day_waits_from_the_lapse() -> None:
    launch = replace(by_id("a", name="launch"), lapses_at=MIDNIGHT + timedelta(hours=6))
    told = forecast(replace(desired(launch), grace=timedelta(hours=42)), inventory(job("a")), memory("a"), 9)
    # One wait, not two: from 6:00 of day 1, not from the record of day 2.
    assert went(told) == {"a": (3, ("launch",))}


def test_a_rule_that_lapsed_before_today_is_named_and_its_wait_counts_from_its_end() -> None:
    launch = replace(by_id("a", name="launch"), lapses_at=NOON - DAY)
    kept = structs.replace(known(1), kept_until=NOON - DAY)
    view = LedgerView(account="acme", jobs={JobId("a"): kept}, last_observed=NOON - 2 * DAY)
    told = forecast(replace(desired(launch), grace=3 * DAY), inventory(job("a")), view, 9)
    assert [(number, gone.causes) for number, day in enumerate(told.days, start=1) for gone in day.let_go] == [
        (3, (Cause(CauseKind.RULE, "launch"), Cause(CauseKind.HOLD, "grace")))
    ]


def test_a_rule_that_cannot_tell_whether_it_keeps_a_job_lets_it_go_once_it_can() -> None:
    # Seen first in the first observation: how old it was by then nobody knows.
    told = forecast(desired(FRESH), inventory(job("a")), memory("a", seen=NOON - 8 * DAY), 5)
    assert [(number, gone.causes) for number, day in enumerate(told.days, start=1) for gone in day.let_go] == [
        (3, (Cause(CauseKind.RULE, "fresh"),))
    ]


def test_a_job_too_young_goes_when_it_is_old_enough_by_the_name_of_the_hold() -> None:
    told = forecast(desired(min_age=2 * DAY), inventory(job("new")), LedgerView(), 5)
    assert [day.let_go[0].causes for day in told.days if day.let_go] == [(Cause(CauseKind.HOLD, "too_young"),)]
    assert went(told) == {"new": (3, ("too_young",))}


def test_a_protection_that_no_rule_gives_any_more_ends_after_its_delay() -> None:
    jobs = {JobId("a"): structs.replace(known(1), holds=(hold_of("court"),))}
    view = LedgerView(account="acme", jobs=jobs, last_observed=NOON)
    told = forecast(replace(desired(), release_delay=2 * DAY), inventory(job("a")), view, 9)
    # Unkept as of today's record, lifted by that of day 3, free the day after.
    assert went(told) == {"a": (4, ("protected",))}
    protecting = replace(by_id("a"), protect=True)
    assert went(forecast(desired(protecting), inventory(job("a")), view, 30)) == {}


def test_a_protection_outlasts_the_rule_that_gave_it() -> None:
    protecting = replace(FRESH, protect=True)
    view = seen_since(a=8 * DAY)
    told = forecast(replace(desired(protecting), release_delay=2 * DAY), inventory(job("a")), view, 9)
    # The rule keeps it until day 2; the hold is unkept as of day 3 and lifted by the record of day 5.
    assert went(told) == {"a": (6, ("protected",))}


def test_two_protections_that_no_rule_gives_any_more_end_together() -> None:
    twice = structs.replace(known(1), holds=(hold_of("court"), hold_of("tax")))
    view = LedgerView(account="acme", jobs={JobId("a"): twice}, last_observed=NOON)
    told = forecast(replace(desired(), release_delay=2 * DAY), inventory(job("a")), view, 9)
    assert went(told) == {"a": (4, ("protected",))}


def test_a_protection_that_ends_leaves_the_other_ones() -> None:
    twice = structs.replace(
        known(1), holds=(hold_of("court", until=MIDNIGHT + DAY), hold_of("tax", until=MIDNIGHT + 4 * DAY))
    )
    view = LedgerView(account="acme", jobs={JobId("a"): twice}, last_observed=NOON)
    told = forecast(replace(desired(), release_delay=30 * DAY), inventory(job("a")), view, 9)
    assert went(told) == {"a": (5, ("protected",))}


def test_what_a_job_that_the_list_lacks_needs_stays() -> None:
    linked = replace(desired(FRESH), links=(Link(job=JobId("lost"), needs=(JobId("a"),)),))
    told = forecast(linked, inventory(job("b"), job("a")), seen_since(lost=9 * DAY, a=8 * DAY, b=8 * DAY), 5)
    assert went(told) == {"b": (3, ("fresh",))}
    assert told.at_the_end == (("hold", 1), ("release", 1))


def test_a_rule_for_others_delays_nothing() -> None:
    images = replace(rule(TypeIn(frozenset({JobType.IMAGE})), "images"), keep=Keep(within=90 * DAY))
    seen = seen_since(held=30 * DAY, kept=8 * DAY).jobs
    jobs = {**seen, JobId("held"): structs.replace(seen[JobId("held")], holds=(hold_of("court"),))}
    state = replace(desired(FRESH, images), release_delay=2 * DAY)
    told = forecast(state, inventory(job("kept"), job("held")), LedgerView(jobs=jobs, last_observed=NOON), 9)
    assert went(told) == {"kept": (3, ("fresh",)), "held": (4, ("protected",))}


def test_an_age_reached_at_the_first_instant_of_a_day_is_reached_that_day() -> None:
    young = memory("a", seen=MIDNIGHT - DAY)
    assert went(forecast(desired(min_age=2 * DAY), inventory(job("a")), young, 5)) == {"a": (2, ("too_young",))}
    edge, past = MIDNIGHT - 9 * DAY, MIDNIGHT - 9 * DAY - timedelta(microseconds=1)
    jobs = {**memory("on", seen=edge).jobs, **memory("past", seen=past).jobs}
    kept = LedgerView(account="acme", jobs=jobs, last_observed=NOON)
    assert went(forecast(desired(FRESH), inventory(job("on"), job("past")), kept, 5)) == {
        "on": (3, ("fresh",)),
        "past": (2, ("fresh",)),
    }


def test_what_a_clock_set_back_records_begins_at_the_newest_time_recorded() -> None:  # I14
    waiting = replace(desired(FRESH), grace=3 * DAY)
    view = replace(seen_since(now=30 * DAY, later=8 * DAY), last_observed=NOON + 5 * DAY)
    assert went(forecast(waiting, inventory(job("later"), job("now")), view, 9)) == {
        "now": (9, ("grace",)),
        "later": (9, ("fresh",)),
    }


def test_a_protection_ends_no_sooner_for_a_clock_set_back() -> None:  # I14
    seen = seen_since(now=30 * DAY, later=8 * DAY).jobs
    jobs = {**seen, JobId("now"): structs.replace(seen[JobId("now")], holds=(hold_of("court"),))}
    view = LedgerView(account="acme", jobs=jobs, last_observed=NOON + 5 * DAY)
    protecting = replace(desired(replace(FRESH, protect=True)), release_delay=2 * DAY)
    # Both unkept as of noon of day 5, lifted by the record of day 8, free the day after.
    assert went(forecast(protecting, inventory(job("later"), job("now")), view, 9)) == {
        "now": (9, ("protected",)),
        "later": (9, ("protected",)),
    }


def test_days_are_those_of_the_zone_also_where_its_clocks_change() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    late = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)
    starts = [datetime(2026, 3, 29, 22, tzinfo=UTC), datetime(2026, 3, 30, 22, tzinfo=UTC)]
    assert list(day_starts(late, 2, berlin)) == starts
    told = forecast(replace(desired(), zone=berlin), inventory(at=late), memory(), 2)
    assert [day.at for day in told.days] == starts


@pytest.fixture
def _in_kolkata(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "Asia/Kolkata")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("_in_kolkata")
def test_days_are_told_as_utc_wherever_the_machine_is() -> None:
    assert [start.isoformat() for start in day_starts(NOON, 1, UTC)] == ["2026-03-02T00:00:00+00:00"]


# -- as it is shown


def rich() -> Outlook:
    launch = replace(by_id("kept", name="launch"), lapses_at=MIDNIGHT + DAY, owner="growth")
    quiet = replace(rule(TypeIn(frozenset({JobType.IMAGE})), "images"), lapses_at=MIDNIGHT + 3 * DAY)
    many = tuple(job(f"m{number}") for number in range(12))
    listed = (job("new"), *many, job("kept"), job("old"))
    view = seen_since(
        old=12 * DAY, kept=11 * DAY, **{each.id: 8 * DAY for each in reversed(many)}, new=timedelta(hours=1)
    )
    seen = replace(inventory(*listed), sizes={JobId("old"): 7, JobId("m3"): 1000, JobId("kept"): 500})
    return outlook_over(desired(FRESH, launch, quiet), Sight(seen, view), 6)


def test_a_forecast_looks_as_it_was_judged_right(golden: Golden) -> None:
    golden("forecast-rich.txt", forecast_text(rich(), style=Style()))
    golden("forecast-rich.json", forecast_json(rich()))
    quiet = outlook_over(desired(by_id("a")), Sight(inventory(job("a")), memory("a")), 2)
    golden("forecast-quiet.txt", forecast_text(quiet, style=Style()))


def test_totals_are_the_sums_of_the_days() -> None:
    read = json.loads(forecast_json(rich()))
    assert sum(day["count"] for day in read["days"]) == 13
    assert {total.get("rule"): total["count"] for total in read["totals"]} == {"fresh": 12, "launch": 1}
    assert sum(day["bytes"] for day in read["days"]) == 1500
    assert forecast_text(rich(), style=Style()).rstrip("\n").endswith(summary_line(rich()))


HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("\x1b\n\r\u202e\ud83d")), min_size=1))
def test_no_text_of_the_service_moves_a_terminal_or_adds_a_line(text: str) -> None:  # I12
    def shown(words: str) -> str:
        state: DesiredState = desired(replace(FRESH, name=words, lapses_at=NOON + DAY, owner=words))
        outlook = outlook_over(state, Sight(inventory(job(words)), seen_since(**{words: 8 * DAY})), 5)
        forecast_json(outlook)
        return forecast_text(outlook, style=Style())

    assert {unicodedata.category(character) for character in shown(text).replace("\n", "")}.isdisjoint(HIDDEN)
    assert len(shown(text).split("\n")) == len(shown("plain").split("\n"))
