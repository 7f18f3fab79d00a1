"""`refresh` on a schedule: it records what is there and nothing else, a hundred times as well as once."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from reconciler.cli.main import main
from reconciler.ledger.tables import metadata
from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.ledger_values import changing, database_of, reader_at
from tests.support.waiting import until
from tests.support.workplace import Workplace, kill_hard

A, B, C = JOBS = [job_id(number) for number in (1, 2, 3)]
TIMES = 100


@pytest.fixture
def place(workplace: Workplace, emulator: EmulatorProcess) -> Workplace:
    for job in JOBS:
        emulator.put_job(job, bodies.render())
    workplace.write_desired(A, otherwise="archive")
    workplace.run("refresh").expect(0)
    return workplace


def rows(ledger: Path) -> dict[str, int]:
    engine = database_of(ledger).writing(at="", say=print)
    with engine.begin() as connection:
        counted = {
            name: int(connection.scalar(select(func.count()).select_from(table)) or 0)
            for name, table in metadata.tables.items()
        }
    engine.dispose()
    return counted


def test_a_hundred_in_a_row_add_a_run_an_observation_and_two_events_each(
    place: Workplace, emulator: EmulatorProcess, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place.folder)
    for name, text in place.environment().items():
        monkeypatch.setenv(name, text)
    ledger = place.folder / "state" / "ledger.db"
    assert main(["refresh"]) == 0
    before, size = rows(ledger), ledger.stat().st_size
    capsys.readouterr()
    emulator.forget_requests()
    for _ in range(TIMES):
        assert main(["refresh"]) == 0
    told = capsys.readouterr()
    assert told.out == "Refresh: 3 jobs listed, 0 of them new to the ledger.\n" * TIMES
    assert told.err == "", "a schedule mails what is said"
    after = rows(ledger)
    grown = {name: after[name] - before[name] for name in after if after[name] != before[name]}
    assert grown == {"run": TIMES, "observation": TIMES, "audit": 2 * TIMES}
    assert ledger.stat().st_size - size < 2048 * TIMES
    assert sorted(path.name for path in ledger.parent.iterdir()) == ["ledger.db"]
    assert not (place.folder / "archive").exists()
    kinds = {(request["port"], request["method"]) for request in emulator.requests()}
    assert kinds <= {("api", "GET"), ("asset", "HEAD")}
    assert len(emulator.requests()) % TIMES == 0, "each asked as much as the others"
    place.run("audit", "verify").expect(0)


def test_what_is_new_is_told_as_text_and_as_json(place: Workplace, emulator: EmulatorProcess) -> None:
    late = emulator.put_job(job_id(4), bodies.render())
    assert place.run("refresh").expect(0).out == "Refresh: 4 jobs listed, 1 of them new to the ledger.\n"
    emulator.remove_job(late)
    told: dict[str, Any] = json.loads(place.run("refresh", "--json").expect(0).out)
    assert (told["format_version"], told["jobs"], told["new"]) == ("1.0", 3, 0)
    assert [each["job"] for each in told["lost"]] == [late]
    assert [(each["kind"], each["job"], each["found_at"]) for each in told["drift"]] == [
        ("lost_before_archive", late, told["observed_at"])
    ]


def test_drift_that_is_found_is_told_once_in_words(place: Workplace, emulator: EmulatorProcess) -> None:
    emulator.remove_job(A)
    out = place.run("refresh").expect(0).out
    assert f"Drift, found now\n! {A}  retained and missing: kept by {A}, and not listed any more; never archived" in out
    assert out.count(f"! {A}  lost before archive") == 1
    assert place.run("refresh").expect(0).out == "Refresh: 2 jobs listed, 0 of them new to the ledger.\n"


def test_while_another_run_holds_the_ledger_it_ends_with_7_at_once(place: Workplace, emulator: EmulatorProcess) -> None:
    emulator.fault("asset", "stall*")
    started = place.start("archive", "--all")
    until(lambda: [each for each in emulator.requests() if each["port"] == "asset"], "copies are made")
    emulator.forget_requests()
    ended = place.run("refresh", "--json").expect(7)
    assert ended.out == ""
    assert "another run holds the ledger: archive by " in ended.err
    assert [each for each in emulator.requests() if each["route"] == "list"] == [], "nothing was asked for nothing"
    kill_hard(started)


@pytest.mark.parametrize(("script", "code"), [("503*", 6), ("cursor-repeat*", 6), ("401*", 11)])
def test_a_list_that_is_not_whole_is_not_recorded(
    place: Workplace, emulator: EmulatorProcess, script: str, code: int
) -> None:  # I2
    reader = reader_at(place.folder / "state" / "ledger.db")
    before = reader.view()
    emulator.put_job(job_id(4), bodies.render())
    emulator.switch(page_size=2)
    emulator.fault("list", script)
    place.run("refresh", "--patience", "0").expect(code)
    assert reader.view() == before
    emulator.clear_faults()
    place.run("refresh").expect(0)


def test_a_lease_that_was_lost_meanwhile_leaves_the_ledger_as_it_was(
    place: Workplace, emulator: EmulatorProcess
) -> None:  # I3
    emulator.put_job(job_id(4), bodies.render())
    emulator.fault("list", "drip")
    emulator.forget_requests()
    started = place.start("refresh")
    until(lambda: [each for each in emulator.requests() if each["route"] == "list"], "it reads the list")
    with changing(place.folder / "state" / "ledger.db") as change:
        change("UPDATE lease SET epoch = epoch + 1, operation = 'apply', owner = 'somebody'")
    _, err = started.communicate(timeout=60)
    assert started.returncode == 7, err
    assert job_id(4) not in reader_at(place.folder / "state" / "ledger.db").view().jobs
