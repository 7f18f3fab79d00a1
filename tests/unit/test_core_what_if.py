"""The same decision at another time: what is left out, what changes with the time alone, and that it is no approval."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from reconciler.core.desired import DesiredState, Keep, Source
from reconciler.core.inventory import Inventory
from reconciler.core.job import JobId
from reconciler.core.memory import LedgerView
from reconciler.core.moments import moment
from reconciler.core.plan import Plan
from reconciler.core.plan_making import compute_plan
from reconciler.core.retention import decide
from reconciler.core.selectors import EveryJob
from reconciler.core.verdicts import HoldCode, Released
from reconciler.core.what_if import seen_by
from reconciler.engine.approval import check_approval
from reconciler.engine.ports import PlanUse
from reconciler.errors import PlanRefused
from reconciler.report.saved_plan import read_plan, write_plan
from reconciler.report.style import Style
from reconciler.report.text import plan_text
from tests.support.values import DAY, NOON, by_id, desired, inventory, job, known, memory, rule

FILE = desired(min_age=7 * DAY)


def what_if(at: datetime, listed: Inventory, view: LedgerView, state: DesiredState = FILE) -> Plan:
    return compute_plan(
        state, listed, view, created_at=NOON, expires_at=NOON + 7 * DAY, tool_version="0.0.0", what_if=at
    )


def going(plan: Plan) -> list[str]:
    return [change.job_id for change in plan.changes]


# -- a later time


def test_a_job_new_to_the_ledger_has_aged_by_then() -> None:
    new = inventory(job("new"))
    later = NOON + 7 * DAY
    assert going(what_if(later, new, LedgerView())) == ["new"]
    assert isinstance(decide(FILE, new, LedgerView(), later)[0], Released)
    assert going(what_if(later - timedelta(seconds=1), new, LedgerView())) == []


def test_a_rule_that_lapses_by_then_keeps_no_longer() -> None:
    lapsing = replace(by_id("a", name="launch"), lapses_at=NOON + 10 * DAY)
    state, view = desired(lapsing), memory("a")
    assert going(what_if(NOON + 10 * DAY - timedelta(seconds=1), inventory(job("a")), view, state)) == []
    assert going(what_if(NOON + 10 * DAY, inventory(job("a")), view, state)) == ["a"]


def test_a_later_time_is_taken_as_if_nothing_is_recorded_in_between() -> None:
    waiting = replace(FILE, grace=3 * DAY)
    held = what_if(NOON + 30 * DAY, inventory(job("a")), memory("a"), waiting).held
    assert [hold.code for hold in held[0].holds] == [HoldCode.GRACE]


# -- an earlier time


def test_what_nobody_had_seen_is_left_out_and_counted() -> None:
    view = LedgerView(
        account="acme", jobs={JobId("old"): known(1), JobId("later"): known(2, seen=NOON - DAY)}, last_observed=NOON
    )
    listed = inventory(job("new"), job("later"), job("old"))
    earlier = what_if(NOON - 10 * DAY, listed, view)
    assert (going(earlier), earlier.held, earlier.not_yet_seen) == (["old"], (), 2)
    assert earlier.inventory_jobs == 3


def test_what_was_not_there_yet_takes_no_slot_and_holds_no_relative() -> None:
    newest = replace(rule(EveryJob(), "newest"), keep=Keep(last=1))
    view = LedgerView(
        account="acme", jobs={JobId("old"): known(1), JobId("later"): known(2, seen=NOON - DAY)}, last_observed=NOON
    )
    old, later = replace(job("old"), project="p"), replace(job("later"), project="p")
    state = desired(newest, min_age=7 * DAY)
    assert what_if(NOON - 10 * DAY, inventory(later, old), view, state).counts.retained == 1
    assert going(what_if(NOON - 10 * DAY, inventory(later, old), view, FILE)) == ["old"]


def test_a_time_of_the_user_s_own_tells_that_a_job_was_there() -> None:
    view = LedgerView(account="acme", imported={JobId("a"): NOON - 40 * DAY})
    assert going(what_if(NOON - 10 * DAY, inventory(job("a")), view)) == ["a"]
    untrusted = replace(FILE, trust=frozenset({Source.LEDGER}))
    assert what_if(NOON - 10 * DAY, inventory(job("a")), view, untrusted).not_yet_seen == 1


def test_at_the_time_of_the_reading_it_is_the_plan_itself() -> None:
    listed, view = inventory(job("b"), job("a")), memory("a", "b")
    made = compute_plan(FILE, listed, view, created_at=NOON, expires_at=NOON + 7 * DAY, tool_version="0.0.0")
    again = what_if(NOON, listed, view)
    assert replace(again, what_if=False) == made
    assert again.plan_id != made.plan_id


# -- no approval


def test_a_what_if_is_never_applied_and_says_so_on_top_and_at_the_end() -> None:
    made = what_if(NOON + 30 * DAY, inventory(job("a")), memory("a"))
    assert (made.applyable, made.violations, made.has_work) == (False, (), True)
    lines = plan_text(made, style=Style()).splitlines()
    told = "What if it were 2026-03-31T12:00:00Z: an answer, never an approval; apply refuses it."
    assert (lines[0], lines[-2]) == (told, told)
    assert "read to the end at 2026-03-01T12:00:00Z" in lines[1]
    with pytest.raises(PlanRefused) as refused:
        check_approval(made, FILE, PlanUse.UNUSED, NOON)
    assert refused.value.field == "what_if"


def test_a_saved_what_if_stays_one_and_cannot_be_edited_into_a_plan() -> None:
    made = what_if(NOON + 30 * DAY, inventory(job("a")), memory("a"))
    text = write_plan(made)
    assert read_plan(text.encode(), "plan.json") == made
    with pytest.raises(PlanRefused) as refused:
        read_plan(text.replace('"what_if":true', '"what_if":false').encode(), "plan.json")
    assert refused.value.field == "plan_id"


# -- moments


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2027-02-01", datetime(2027, 1, 31, 23, tzinfo=UTC)),
        ("2027-07-01", datetime(2027, 6, 30, 22, tzinfo=UTC)),
        ("2027-02-01T09:30:00Z", datetime(2027, 2, 1, 9, 30, tzinfo=UTC)),
        ("2027-02-01t09:30:00.75+02:00", datetime(2027, 2, 1, 7, 30, tzinfo=UTC)),
        ("2027-02-01T09:30:00.123456789z", datetime(2027, 2, 1, 9, 30, tzinfo=UTC)),
        ("2027-02-01 09:30:00-05:30", datetime(2027, 2, 1, 15, tzinfo=UTC)),
        ("1970-01-01", datetime(1969, 12, 31, 23, tzinfo=UTC)),
        ("1970-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
        ("2999-12-31T23:59:59Z", datetime(2999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_moment_is_a_day_of_the_zone_or_a_time_with_its_own(text: str, meant: datetime) -> None:
    read = moment(text, ZoneInfo("Europe/Berlin"))
    assert read == meant
    assert read.tzinfo is UTC


NO_FORM = "write a date such as 2027-01-31, or a time with its zone such as 2027-01-31T09:00:00Z"
NO_DAY = f"there is no such day or time; {NO_FORM}"
FAR_OFF = "write a time between 1970 and 2999"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", NO_FORM),
        ("tomorrow", NO_FORM),
        ("2027-02-30", NO_DAY),
        ("2027-02-01T09:30:00", NO_FORM),
        ("01.02.2027", NO_FORM),
        ("2027-02-01T25:00:00Z", NO_DAY),
        ("1969-12-31", FAR_OFF),
        ("3000-01-01", FAR_OFF),
        ("2027-02-01T09:30Z", NO_FORM),
        ("2027-02-01T09:30:00.Z", NO_FORM),
        ("2027-02-01T09:30:00,5Z", NO_FORM),
        ("2027-02-01T09:30:00.1234567890Z", NO_FORM),
        ("20270201", NO_FORM),
        ("2027-W05-1", NO_FORM),
        ("2027-02-01\n", NO_FORM),
    ],
)
def test_what_is_no_moment_is_refused_with_what_to_write(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(told)}$"):
        moment(text, UTC)


def test_what_had_been_seen_by_then_is_told_to_the_second() -> None:
    second = timedelta(seconds=1)
    at = NOON - 10 * DAY
    view = LedgerView(
        account="acme",
        jobs={
            JobId("seen"): known(1, seen=at),
            JobId("dated"): known(2, seen=NOON),
            JobId("later"): known(3, seen=at + second),
            JobId("dated-later"): known(4, seen=NOON),
            JobId("left"): known(5, seen=at, left=True),
            JobId("left-later"): known(6, seen=NOON, left=True),
        },
        imported={JobId("dated"): at, JobId("dated-later"): at + second},
    )
    listed = inventory(*(job(each) for each in ("dated-later", "later", "dated", "seen", "new")))
    there, remembered = seen_by(listed, view, FILE.trust, at)
    assert [each.id for each in there.jobs] == ["dated", "seen"]
    assert set(remembered.jobs) == {"dated", "seen", "left"}
    assert (there.observed_at, remembered.imported) == (listed.observed_at, view.imported)


def test_at_the_time_of_the_list_everything_counts_that_it_shows() -> None:
    ahead = LedgerView(account="acme", jobs={JobId("a"): known(seen=NOON + DAY)})
    listed = inventory(job("a"))
    assert seen_by(listed, ahead, FILE.trust, NOON) == (listed, ahead)
    there, _ = seen_by(listed, ahead, FILE.trust, NOON - timedelta(seconds=1))
    assert there.jobs == ()
