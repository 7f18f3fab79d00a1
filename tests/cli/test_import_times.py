"""`import-times`: all lines or none, and what it brings is what a plan counts by."""

import time
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.clock import SystemClock
from reconciler.core.canonical import utc_text
from reconciler.core.job import JobId
from reconciler.ledger.reader import SqlLedgerReader
from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.ledger_values import reader_at
from tests.support.workplace import Ended, Workplace

A, B = job_id(1), job_id(2)
NOW = SystemClock().now()
OLD, OLDER = utc_text(NOW - timedelta(days=30)), utc_text(NOW - timedelta(days=60))


def import_lines(workplace: Workplace, *lines: str, flags: tuple[str, ...] = ()) -> Ended:
    (workplace.folder / "times.csv").write_text("\n".join(["job_id,created_at", *lines, ""]), encoding="utf-8")
    return workplace.run("import-times", "times.csv", *flags)


def ledger(workplace: Workplace) -> SqlLedgerReader:
    return reader_at(workplace.folder / "state" / "ledger.db")


@pytest.fixture
def alone(tmp_path: Path) -> Workplace:
    """A folder without an account: an import contacts nothing and needs no key."""
    place = Workplace(tmp_path)
    place.write_desired("keep-me", min_age="7d")
    return place


def test_an_imported_time_is_what_a_plan_counts_by(workplace: Workplace, emulator: EmulatorProcess) -> None:
    emulator.put_job(A, bodies.transcription())
    workplace.write_desired("keep-me", min_age="7d")
    assert workplace.plan()["changes"] == []
    emulator.forget_requests()
    ended = import_lines(workplace, f"{A},{OLD}").expect(0)
    assert ended.out == "Import: 1 times new, 0 moved, 0 as before; 1 of jobs not seen yet.\n"
    assert emulator.requests() == []
    assert [change["job"] for change in workplace.plan()["changes"]] == [A]
    workplace.run("audit", "verify").expect(0)


def test_the_same_time_again_is_no_change_and_another_one_needs_leave(alone: Workplace) -> None:
    import_lines(alone, f"{A},{OLD}").expect(0)
    again = import_lines(alone, f"{A},{OLD}", f"{B},{OLD}").expect(0)
    assert again.out.startswith("Import: 1 times new, 0 moved, 1 as before;")
    ended = import_lines(alone, f"{A},{OLDER}").expect(64)
    assert (
        f"times.csv:2: job {A} was made at {OLDER}, and was imported as made at {OLD}; --replace moves it" in ended.err
    )
    moved = import_lines(alone, f"{A},{OLDER}", flags=("--replace",)).expect(0)
    assert moved.out.startswith("Import: 0 times new, 1 moved, 0 as before;")
    assert utc_text(ledger(alone).view().imported[JobId(A)]) == OLDER


def test_one_odd_line_and_nothing_is_imported_but_all_odd_lines_are_told(
    workplace: Workplace, emulator: EmulatorProcess
) -> None:
    emulator.put_job(A, bodies.transcription())
    workplace.write_desired("keep-me")
    workplace.run("refresh").expect(0)
    later = utc_text(NOW + timedelta(days=1))
    lines = [f"{B},{OLD}", f"{B},{OLDER}", "c,2026-01-01", ",", f"{A},{later}", "d,2026-01-01T00:00:00"]
    ended = import_lines(workplace, *lines).expect(64)
    told = [line.split(": ")[0] for line in ended.err.splitlines()]
    assert told == [
        "Error",
        *(f"times.csv:{number}" for number in (3, 4, 5, 6, 7)),
        "Nothing was imported. Correct these lines and run it again.",
    ]
    assert "5 lines of times.csv cannot be taken" in ended.err
    assert ledger(workplace).view().imported == {}


def test_hostile_text_of_a_file_is_shown_harmless(alone: Workplace) -> None:  # I12
    ended = import_lines(alone, "\x1b[31mred,yesterday\x1b]0;title\x07").expect(64)
    assert "\x1b" not in ended.err
    assert "\x07" not in ended.err


def test_another_account_s_ledger_refuses_it(alone: Workplace) -> None:
    import_lines(alone, f"{A},{OLD}").expect(0)
    path = alone.folder / "retention.yaml"
    path.write_text(path.read_text().replace("account: acme", "account: rival"))
    ended = import_lines(alone, f"{B},{OLD}").expect(4)
    assert "the ledger belongs to account acme" in ended.err
    assert list(ledger(alone).view().imported) == [A]


@pytest.mark.slow
def test_a_million_lines_are_taken_in_bounded_time(alone: Workplace) -> None:
    with (alone.folder / "times.csv").open("w") as file:
        file.write("job_id,created_at\n")
        file.writelines(f"job-{number},{OLD}\n" for number in range(1_000_000))
    begun = time.monotonic()
    ended = alone.run("import-times", "times.csv").expect(0)
    assert ended.out.startswith("Import: 1000000 times new")
    assert time.monotonic() - begun < 100, "half a minute on a quiet machine"
