"""Drift: what is not as the ledger and the file expect, told apart from what a plan would do, and by a refresh once."""

import json
from typing import Any

import pytest

from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.ledger_values import changing
from tests.support.workplace import Workplace

A, B, C = job_id(1), job_id(2), job_id(3)


@pytest.fixture
def place(workplace: Workplace, emulator: EmulatorProcess) -> Workplace:
    """Three images: A and B are kept by the file and archived, C is kept and has no copy."""
    for job in (A, B, C):
        emulator.put_job(job, bodies.image())
    workplace.write_desired(A, B, C)
    workplace.run("refresh").expect(0)
    workplace.run("archive", A, B).expect(0)
    assert drift(workplace) == []
    return workplace


def drift(place: Workplace) -> list[tuple[str, str]]:
    plan: dict[str, Any] = json.loads(place.run("plan", "--json").expect(0).out)
    return [(each["kind"], each["job"]) for each in plan.get("drift", [])]


def by_refresh(place: Workplace) -> list[tuple[str, str]]:
    told: dict[str, Any] = json.loads(place.run("refresh", "--json").expect(0).out)
    return [(each["kind"], each["job"]) for each in told["drift"]]


def by_status(place: Workplace) -> list[tuple[str, str]]:
    told: dict[str, Any] = json.loads(place.run("status", "--offline", "--json").expect(0).out)
    return [(each["kind"], each["job"]) for each in told["ledger"]["drift"]]


def cleaned_by_hand(emulator: EmulatorProcess, job: str) -> None:
    """The service's own retention takes it; the others are put anew."""
    emulator.switch(retention_s=60)
    emulator.clock(advance_s=120)
    for other in {A, B, C} - {job}:
        emulator.put_job(other, bodies.image())


def test_a_retained_job_that_is_not_listed_any_more(place: Workplace, emulator: EmulatorProcess) -> None:
    emulator.remove_job(A)
    found = [("retained_missing", A)]
    assert drift(place) == found
    assert f"kept by {A}, and not listed any more; archived as it was last" in place.run("plan").expect(0).out
    assert by_refresh(place) == found
    assert by_refresh(place) == [], "new once"
    assert drift(place) == found, "and told by plans for a month"
    assert by_status(place) == [], "which rule keeps what is not in the ledger"


def test_one_that_somebody_else_cleaned(place: Workplace, emulator: EmulatorProcess) -> None:
    cleaned_by_hand(emulator, A)
    found = [("retained_missing", A), ("cleaned_elsewhere", A)]
    assert drift(place) == found
    assert by_refresh(place) == found
    assert by_refresh(place) == []
    assert drift(place) == found
    assert by_status(place) == [("cleaned_elsewhere", A)]
    out = place.run("status", "--offline").expect(0).out
    assert "Drift (1): not as expected when it was last observed\n" in out
    assert f"! {A}  cleaned by somebody else: the service, or somebody, cleaned it; archived as it was last" in out


def test_one_that_changed_since_it_was_archived(place: Workplace, emulator: EmulatorProcess) -> None:
    emulator.put_job(A, bodies.render())
    found = [("changed_since_archived", A)]
    assert drift(place) == found
    assert f"~ {A}  changed since archived: archived as it was on 20" in place.run("plan").expect(0).out
    assert by_refresh(place) == found
    assert by_refresh(place) == []
    assert (drift(place), by_status(place)) == (found, found)
    place.run("archive", A).expect(0)
    assert (drift(place), by_refresh(place), by_status(place)) == ([], [], [])


def test_one_that_was_lost_before_it_was_archived(place: Workplace, emulator: EmulatorProcess) -> None:
    emulator.remove_job(C)
    found = [("retained_missing", C), ("lost_before_archive", C)]
    assert drift(place) == found
    ended = place.run("refresh", "--json").expect(0)
    assert [each["job"] for each in json.loads(ended.out)["lost"]] == [C]
    assert drift(place) == found


def test_what_we_cleaned_is_no_drift(place: Workplace, emulator: EmulatorProcess) -> None:
    place.write_desired(B, C)
    place.plan()
    place.run("apply", "plan.json").expect(0)
    assert emulator.cleaned() == {A}
    for listed in ("listed", "hidden"):
        emulator.switch(cleaned_jobs=listed)
        assert (drift(place), by_refresh(place), by_status(place)) == ([], [], [])


def test_what_was_seen_as_cleaned_from_the_first_is_none(workplace: Workplace, emulator: EmulatorProcess) -> None:
    emulator.put_job(A, bodies.image())
    cleaned_by_hand(emulator, A)
    workplace.write_desired(A, B, C)
    assert by_refresh(workplace) == []
    assert (drift(workplace), by_status(workplace)) == ([], [])


def test_what_no_rule_keeps_may_go_missing(workplace: Workplace, emulator: EmulatorProcess) -> None:
    emulator.put_job(A, bodies.image())
    emulator.put_job(B, bodies.image())
    workplace.write_desired(B)
    workplace.run("archive", "--all").expect(0)
    emulator.remove_job(A)
    assert drift(workplace) == []


def test_the_newest_that_a_rule_keeps_are_counted_with_the_missing_one(
    workplace: Workplace, emulator: EmulatorProcess
) -> None:
    for job in (A, B, C):
        emulator.put_job(job, bodies.image())
    workplace.write_desired("{name: newest, match: {type: image}, keep_last: 1}")
    workplace.run("archive", "--all").expect(0)
    emulator.remove_job(A)
    assert drift(workplace) == [], "it was not the newest"
    emulator.remove_job(C)
    assert drift(workplace) == [("retained_missing", C)]


def test_a_hold_keeps_what_no_rule_keeps_any_more(workplace: Workplace, emulator: EmulatorProcess) -> None:  # I13
    emulator.put_job(A, bodies.image())
    emulator.put_job(B, bodies.image())
    workplace.write_desired('{name: court, match: {id: "*0001"}, protect: true, owner: legal, reason: L-1}')
    workplace.run("archive", "--all").expect(0)
    workplace.write_desired(B)
    emulator.remove_job(A)
    assert drift(workplace) == [("retained_missing", A)]


def test_a_list_that_shows_less_of_a_job_is_no_change(place: Workplace, emulator: EmulatorProcess) -> None:
    emulator.switch(list_is_thin=True)
    assert (drift(place), by_refresh(place), by_status(place)) == ([], [], [])


def test_drift_is_told_for_a_month(place: Workplace, emulator: EmulatorProcess) -> None:
    emulator.remove_job(A)
    place.run("refresh").expect(0)
    with changing(place.folder / "state" / "ledger.db") as change:
        assert change("UPDATE job SET left_at = '2026-01-01T00:00:00Z' WHERE left_at IS NOT NULL") == 1
    assert drift(place) == []


# -- exit codes, and what drift does not do


def test_drift_alone_is_no_change_and_fails_only_where_that_is_asked(
    place: Workplace, emulator: EmulatorProcess
) -> None:
    emulator.remove_job(A)
    place.run("plan", "--detailed-exitcode").expect(0)
    place.run("plan", "--fail-on-drift").expect(4)
    place.run("plan", "--detailed-exitcode", extra={"RECONCILER_FAIL_ON_DRIFT": "1"}).expect(4)
    place.write_desired(A, B)
    place.run("plan", "--detailed-exitcode").expect(2)
    place.run("plan", "--detailed-exitcode", "--fail-on-drift").expect(4)


def test_without_drift_it_ends_as_any_other_plan(place: Workplace) -> None:
    place.run("plan", "--detailed-exitcode", "--fail-on-drift").expect(0)


def test_drift_is_in_no_plan_s_name_and_a_saved_plan_shows_it_again(
    place: Workplace, emulator: EmulatorProcess
) -> None:  # I3
    place.write_desired(A, B)
    before = place.plan()
    emulator.remove_job(A)
    after = place.plan()
    assert before["plan_id"] == after["plan_id"]
    assert f"retained and missing: kept by {A}" in place.run("show", "plan.json").expect(0).out
    place.run("apply", "plan.json").expect(0)
    assert emulator.cleaned() == {C}
