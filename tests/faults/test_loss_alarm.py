"""A job that the service's own retention took before it was archived is told, wherever one would look."""

import json
from typing import Any

import pytest

from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.ledger_values import reader_at
from tests.support.workplace import Workplace

A, B, C = job_id(1), job_id(2), job_id(3)


@pytest.fixture
def seen(workplace: Workplace, emulator: EmulatorProcess) -> Workplace:
    """Two images that were recorded, and that the file keeps; the second stays whatever comes."""
    emulator.put_job(A, bodies.image())
    emulator.put_job(B, bodies.image())
    workplace.write_desired(A, B)
    workplace.run("refresh").expect(0)
    return workplace


def retention_takes(emulator: EmulatorProcess, *but: str) -> None:
    """Let the service clean what has ended by itself; `but` are put anew."""
    emulator.switch(retention_s=60)
    emulator.clock(advance_s=120)
    for job in but:
        emulator.put_job(job, bodies.image())


def told_in_audit(place: Workplace) -> list[dict[str, str]]:
    place.run("audit", "verify").expect(0)
    events = reader_at(place.folder / "state" / "ledger.db").audit_events()
    return [{"job": event.job_id, **dict(event.facts)} for event in events if event.event == "lost"]


def notices(place: Workplace) -> list[str]:
    plan: dict[str, Any] = json.loads(place.run("plan", "--json").expect(0).out)
    return [notice["message"] for notice in plan["notices"]]


def lost_by_status(place: Workplace) -> list[dict[str, str | None]]:
    told: dict[str, Any] = json.loads(place.run("status", "--offline", "--json").expect(0).out)
    lost: list[dict[str, str | None]] = told["ledger"]["lost"]
    return lost


def test_what_retention_took_is_told_by_the_first_plan_that_sees_it_and_stays_told(
    seen: Workplace, emulator: EmulatorProcess
) -> None:
    retention_takes(emulator, B)
    before = seen.run("plan").expect(0).out
    assert f"Note archive: 1 job was lost before archive in the last 30 days: {A} (never archived). " in before
    assert told_in_audit(seen) == [], "a plan writes nothing"
    first = seen.run("refresh").expect(0)
    assert "Lost before archive, found now: gone without a clean of ours\n" in first.out
    assert f"! {A}  lost before archive: never archived; missed since 20" in first.out
    assert first.last_line == "Refresh: 2 jobs listed, 0 of them new to the ledger."
    (event,) = told_in_audit(seen)
    assert (event["job"], event["how"], event["archived"]) == (A, "cleaned", "never")
    assert "lost" not in seen.run("refresh").expect(0).out, "new once"
    assert len(told_in_audit(seen)) == 1
    (notice,) = notices(seen)
    assert f"{A} (never archived)" in notice
    (lost,) = lost_by_status(seen)
    assert (lost["job"], lost["archived_at"]) == (A, None)
    assert f"! {A}  lost before archive: never archived" in seen.run("status", "--offline").expect(0).out


def test_a_job_that_left_the_list_is_lost_too(seen: Workplace, emulator: EmulatorProcess) -> None:
    emulator.remove_job(A)
    assert f"! {A}  lost before archive" in seen.run("refresh").expect(0).out
    assert [each["how"] for each in told_in_audit(seen)] == ["gone"]


def test_what_was_archived_before_retention_took_it_is_not_lost(
    workplace: Workplace, emulator: EmulatorProcess
) -> None:
    emulator.put_job(A, bodies.image())
    emulator.put_job(B, bodies.image())
    workplace.write_desired(B, otherwise="archive")
    workplace.plan()
    workplace.run("apply", "plan.json").expect(0)
    retention_takes(emulator, B)
    assert "lost" not in workplace.run("refresh").expect(0).out
    assert (notices(workplace), lost_by_status(workplace), told_in_audit(workplace)) == ([], [], [])


def test_what_changed_after_its_archive_is_lost_as_it_became(workplace: Workplace, emulator: EmulatorProcess) -> None:
    emulator.put_job(A, bodies.image())
    emulator.put_job(B, bodies.image())
    workplace.write_desired(B, otherwise="archive")
    workplace.plan()
    workplace.run("apply", "plan.json").expect(0)
    emulator.put_job(A, bodies.render())
    workplace.run("refresh").expect(0)
    retention_takes(emulator, B)
    assert f"! {A}  lost before archive: archived only as it was on 20" in workplace.run("refresh").expect(0).out
    (notice,) = notices(workplace)
    assert f"{A} (archived only as it was on 20" in notice
    (lost,) = lost_by_status(workplace)
    assert lost["archived_at"] is not None


def test_what_we_cleaned_is_not_lost(workplace: Workplace, emulator: EmulatorProcess) -> None:
    emulator.put_job(A, bodies.image())
    emulator.put_job(B, bodies.image())
    workplace.write_desired(B)
    workplace.plan()
    workplace.run("apply", "plan.json").expect(0)
    assert emulator.cleaned() == {A}
    workplace.run("refresh").expect(0)
    emulator.switch(cleaned_jobs="hidden")
    assert "lost" not in workplace.run("refresh").expect(0).out
    assert (notices(workplace), told_in_audit(workplace)) == ([], [])


def test_what_was_first_seen_as_cleaned_was_not_ours_to_lose(workplace: Workplace, emulator: EmulatorProcess) -> None:
    emulator.put_job(A, bodies.image())
    retention_takes(emulator, B)
    workplace.write_desired(B)
    assert notices(workplace) == []
    workplace.run("refresh").expect(0)
    assert (notices(workplace), told_in_audit(workplace)) == ([], [])


def test_an_apply_tells_what_was_lost_since_its_plan(seen: Workplace, emulator: EmulatorProcess) -> None:
    emulator.put_job(C, bodies.image())
    planned = seen.plan()
    assert [change["job"] for change in planned["changes"]] == [C]
    emulator.remove_job(A)
    ended = seen.run("apply", "plan.json").expect(0)
    assert f"! {A}  lost before archive: never archived" in ended.out
    assert emulator.cleaned() == {C}
    assert [each["job"] for each in told_in_audit(seen)] == [A]


def test_the_report_of_an_apply_as_json_names_them(seen: Workplace, emulator: EmulatorProcess) -> None:
    emulator.put_job(C, bodies.image())
    seen.plan()
    emulator.remove_job(A)
    report: dict[str, Any] = json.loads(seen.run("apply", "plan.json", "--json").expect(0).out)
    assert [(each["job"], each["archived_at"]) for each in report["lost"]] == [(A, None)]


def test_a_loss_is_no_decision_and_changes_no_plan_s_name(seen: Workplace, emulator: EmulatorProcess) -> None:  # I3
    emulator.put_job(C, bodies.image())
    before = seen.plan()
    emulator.remove_job(A)
    after: dict[str, Any] = json.loads(seen.run("plan", "--json").expect(0).out)
    assert after["notices"]
    assert after["plan_id"] == before["plan_id"]


@pytest.mark.parametrize("listed", ["listed", "hidden"])
def test_explain_tells_it_recorded_or_not(seen: Workplace, emulator: EmulatorProcess, listed: str) -> None:
    emulator.switch(cleaned_jobs=listed)
    retention_takes(emulator, B)
    told = "  lost before archive: never archived; missed since 20"
    assert told in seen.run("explain", A).expect(0).out
    assert "lost before archive" not in seen.run("explain", B).expect(0).out
    seen.run("refresh").expect(0)
    assert told in seen.run("explain", A).expect(0).out
    (job,) = json.loads(seen.run("explain", A, "--json").expect(0).out)["jobs"]
    assert (job["lost"]["job"], job["lost"]["archived_at"]) == (A, None)
