"""Every hand that touches the record afterwards is told; what a chain cannot tell is stated (I10)."""

import sqlite3
from pathlib import Path

import pytest

from reconciler.core.job import JobId
from reconciler.core.steps import Phase
from reconciler.errors import AuditBroken
from reconciler.ledger.audit_check import AuditReport, check_audit
from tests.support.ledger_values import FINGERPRINT, ledger_at, proof, reader_at

PLAN = "sha256:" + "5" * 64


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger of two runs: three jobs cleaned, one refused by the service."""
    path = tmp_path / "ledger.db"
    ledger = ledger_at(path)
    for jobs in (("a", "b"), ("c", "refused")):
        with ledger.open_run("apply", "acme", PLAN) as run:
            for name in jobs:
                job = JobId(name)
                run.append(job, Phase.BEGIN, FINGERPRINT)
                run.record_archived(proof(name))
                run.append(job, Phase.CLEANING, FINGERPRINT)
                if name == "refused":
                    run.append(job, Phase.NOT_CLEANED, FINGERPRINT, "refused")
                else:
                    run.record_cleaned(job, FINGERPRINT, "cleaned now")
    return path


def sql(path: Path, statement: str) -> None:
    with sqlite3.connect(path) as database:
        changed = database.execute(statement).rowcount
    database.close()
    assert changed > 0, "the tampering changed nothing"


def checked(path: Path) -> AuditReport:
    return check_audit(reader_at(path))


def test_an_untouched_record_holds_and_counts_its_cleans(path: Path) -> None:
    report = checked(path)
    assert (report.events, report.cleans) == (12, 3)
    assert report.head.startswith("sha256:")


def test_an_empty_record_holds(tmp_path: Path) -> None:
    assert checked(tmp_path / "none.db").events == 0


COLUMNS = {
    "at": "'2020-01-01T00:00:00Z'",
    "run_id": "'run-other'",
    "actor": "'somebody'",
    "event": "'archived ' || event",
    "job_id": "job_id || 'x'",
    "facts": "'[]'",
    "previous": "'sha256:0'",
    "hash": "'sha256:0'",
}


@pytest.mark.parametrize("row", [1, 3, 8, 12])
@pytest.mark.parametrize("column", COLUMNS)
def test_an_edit_of_any_column_of_any_row_is_told(path: Path, column: str, row: int) -> None:  # I10
    sql(path, f"UPDATE audit SET {column} = {COLUMNS[column]} WHERE sequence = {row}")  # noqa: S608 - words of this table
    with pytest.raises(AuditBroken, match="the audit chain does not hold"):
        checked(path)


TAMPERINGS = {
    "the first row gone": "DELETE FROM audit WHERE sequence = 1",
    "a row gone": "DELETE FROM audit WHERE sequence = 5",
    "a row gone and the rest moved up": "UPDATE audit SET sequence = sequence - 1 WHERE sequence > 11",
    "all rows gone": "DELETE FROM audit",
    "a clean's event gone from the end": "DELETE FROM audit WHERE sequence >= 9",
    "a whole run gone from the end": "DELETE FROM audit WHERE sequence >= 7",
    "the last run's end gone": "DELETE FROM audit WHERE sequence = 12",
    "a clean gone from the journal": "DELETE FROM entry WHERE phase = 'cleaned' AND job_id = 'b'",
    "a clean put into the journal": "UPDATE entry SET phase = 'cleaned' WHERE phase = 'not_cleaned'",
    "a clean of other facts in the journal": "UPDATE entry SET fingerprint = 'x' WHERE phase = 'cleaned'",
}


@pytest.mark.parametrize("statement", TAMPERINGS.values(), ids=TAMPERINGS.keys())
def test_a_tampering_is_told(path: Path, statement: str) -> None:  # I10
    if statement.startswith("UPDATE audit"):
        sql(path, "DELETE FROM audit WHERE sequence = 11")
    sql(path, statement)
    with pytest.raises(AuditBroken):
        checked(path)


def test_a_tail_cut_from_every_table_at_once_shows_in_the_head_alone(path: Path) -> None:
    """What nothing inside the ledger can tell: so the head is printed, to be noted elsewhere."""
    before = checked(path)
    sql(path, "DELETE FROM audit WHERE sequence >= 7")
    sql(path, "DELETE FROM entry WHERE job_id IN ('c', 'refused')")
    sql(path, "DELETE FROM receipt WHERE job_id IN ('c', 'refused')")
    sql(path, "DELETE FROM run WHERE run_id NOT IN (SELECT run_id FROM audit)")
    after = checked(path)
    assert (after.events, after.cleans) == (6, 2)
    assert after.head != before.head


def test_a_run_that_was_killed_is_open_and_no_break(tmp_path: Path) -> None:  # I8
    path = tmp_path / "ledger.db"
    opened = ledger_at(path).open_run("apply", "acme")
    opened.__enter__()
    assert checked(path).events == 1
    opened.__exit__(None, None, None)


def test_no_event_tells_an_address_or_a_key(path: Path) -> None:  # I11
    for event in reader_at(path).audit_events():
        for _, text in event.facts:
            assert "://" not in text
