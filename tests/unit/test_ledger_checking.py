"""`ledger check` names every row that this program would not have written, and a way out (I8, I10)."""

import sqlite3
from pathlib import Path

import pytest

from reconciler.core.job import JobId
from reconciler.core.steps import Phase
from reconciler.ledger.checking import TOLD_AT_MOST, Finding, check_ledger
from reconciler.ledger.database import Database
from reconciler.ledger.sqlite import SqliteDatabase
from reconciler.report.ledger_text import findings_json, findings_text
from tests.support.ledger_values import FINGERPRINT, changing, ledger_at, proof
from tests.support.values import NOON, inventory, job


def fill(database: Database) -> None:
    """Three jobs seen, one of them cleaned."""
    with ledger_at(database).open_run("apply", "acme", "sha256:" + "5" * 64) as run:
        run.record_observation(inventory(job("c"), job("b"), job("a"), at=NOON))
        run.append(JobId("a"), Phase.BEGIN, FINGERPRINT)
        run.record_archived(proof("a"))
        run.append(JobId("a"), Phase.CLEANING, FINGERPRINT)
        run.record_cleaned(JobId("a"), FINGERPRINT, "cleaned now")


def found(database: Database) -> tuple[Finding, ...]:
    told = check_ledger(database)
    assert told is not None
    return told


def test_a_sound_ledger_has_no_findings(database: Database) -> None:
    fill(database)
    assert found(database) == ()
    assert findings_text("ledger.db", ()) == "Ledger: ledger.db is sound.\n"


def test_no_ledger_is_no_finding(tmp_path: Path) -> None:
    assert check_ledger(SqliteDatabase(tmp_path / "none.db")) is None
    assert findings_text("none.db", None) == "Ledger: there is none at none.db yet.\n"
    assert findings_json(None) == '{"findings":[],"format_version":"1.0","is_there":false}\n'


TAMPERINGS = {
    "a phase that cannot follow": (
        "UPDATE entry SET phase = 'begin' WHERE sequence = 3",
        "entry 4",
        "cleaned of job a may not follow begin",
    ),
    "a word that is no phase": ("UPDATE entry SET phase = 'eaten' WHERE sequence = 1", "entry 1", "no phase 'eaten'"),
    "an entry gone": ("DELETE FROM entry WHERE sequence = 2", "entry 3", "cleaning of job a may not follow begin"),
    "no fingerprint": ("UPDATE entry SET fingerprint = 'x' WHERE sequence = 1", "entry 1", "no fingerprint: 'x'"),
    "a receipt gone": ("DELETE FROM receipt", "entry 4", "job a was cleaned, and no receipt of what it was is here"),
    "a receipt edited": (
        "UPDATE receipt SET statement = replace(statement, 'archive', 'elsewhere')",
        "receipt sha256:",
        "its statement was changed",
    ),
    "a receipt's column edited": (
        "UPDATE receipt SET bag = 'jobs/b/0'",
        "receipt sha256:",
        "its columns say something",
    ),
    "a job gone": ("DELETE FROM job WHERE job_id = 'b'", "job c", "its sequence is 3, where 2 comes next"),
    "jobs put in another order": ("UPDATE job SET sequence = 9 WHERE job_id = 'b'", "job b", "its sequence is 9"),
    "a type that nobody writes": ("UPDATE job SET type = 'song' WHERE job_id = 'b'", "job b", "no type 'song'"),
    "a time that is none": (
        "UPDATE job SET last_seen = 'yesterday' WHERE job_id = 'b'",
        "job b",
        "last_seen is no time",
    ),
    "a time of another form": ("UPDATE job SET lost_at = '2026-03-01 12:00:00Z'", "job", "lost_at is no time"),
    "seen first after it was seen last": (
        "UPDATE job SET first_seen = '2027-01-01T00:00:00Z' WHERE job_id = 'b'",
        "job b",
        "first seen 2027-01-01T00:00:00Z",
    ),
    "an observation that is not there": (
        "UPDATE job SET first_observation = 7 WHERE job_id = 'b'",
        "job b",
        "there is no observation 7",
    ),
    "no account": ("DELETE FROM account", "account", "this one names 0"),
    "a second account": ("INSERT INTO account VALUES ('rival', 'x', '2026-03-01T12:00:00Z')", "account", "names 2"),
    "a lease of long ago": ("UPDATE lease SET epoch = 0", "lease", "older than that of the newest run, 1"),
    "an event edited": (
        "UPDATE audit SET actor = 'nobody' WHERE sequence = 2",
        "audit",
        "event 2 (archived a) was changed",
    ),
    "an event gone": ("DELETE FROM audit WHERE sequence = 2", "audit", "event 2 is missing"),
}


@pytest.mark.parametrize(("statement", "where", "problem"), TAMPERINGS.values(), ids=TAMPERINGS.keys())
def test_a_row_that_we_never_write_is_named(database: Database, statement: str, where: str, problem: str) -> None:
    fill(database)
    with changing(database) as change:
        assert change(statement) > 0, "the tampering changed nothing"
    fitting = [each for each in found(database) if each.where.startswith(where) and problem in each.problem]
    assert fitting, found(database)
    assert fitting[0].way_out


def test_a_reference_to_nothing_is_named(tmp_path: Path) -> None:
    """SQLite takes it, where nobody asked it to look."""
    path = tmp_path / "ledger.db"
    fill(SqliteDatabase(path))
    with sqlite3.connect(path) as database:
        database.execute("UPDATE entry SET run_id = 'run-nobody'")
    database.close()
    (finding,) = [each for each in found(SqliteDatabase(path)) if "run_id" in each.where]
    assert (finding.where, finding.problem) == ("entry run_id run-nobody", "run has no such row")


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    fill(SqliteDatabase(path))
    with sqlite3.connect(path) as database:
        (root,) = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'ix_entry_job_id'").fetchone()
        (size,) = database.execute("PRAGMA page_size").fetchone()
    database.close()
    content = bytearray(path.read_bytes())
    content[(root - 1) * size + 8 : root * size] = bytes(size - 8)
    path.write_bytes(content)
    assert any(
        each.where == "database" and "SQLite finds it damaged" in each.problem for each in found(SqliteDatabase(path))
    )


def test_a_thousand_bad_rows_are_told_as_many(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with ledger_at(path).open_run("refresh", "acme") as run:
        run.record_observation(inventory(*(job(f"job-{number}") for number in range(300)), at=NOON))
    with changing(path) as change:
        change("UPDATE job SET status = 'odd'")
    told = [each for each in found(SqliteDatabase(path)) if each.where.startswith("job")]
    assert len(told) == TOLD_AT_MOST + 1
    assert told[-1].problem == "and more of the same"
    text = findings_text("ledger.db", told)
    assert text.count("What to do") == 1
    assert text.endswith(f"Ledger: {TOLD_AT_MOST + 1} findings.\n")
