"""A ledger of an earlier revision is brought up to date with nothing lost, and lies beside as it was (I8)."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from reconciler.core.canonical import utc_text
from reconciler.core.job import JobId, JobStatus, JobType
from reconciler.core.losses import recorded_losses
from reconciler.core.steps import Phase
from reconciler.engine.copies import BagState
from reconciler.errors import LedgerError
from reconciler.ledger.audit_check import check_audit
from reconciler.ledger.audit_rows import add_event
from reconciler.ledger.rows import receipt_text
from reconciler.ledger.run_rows import Who
from reconciler.ledger.sqlite import SqliteDatabase
from reconciler.ledger.writer import SqlLedger
from tests.support.ledger_values import FINGERPRINT, HandMadeClock, proof, reader_at
from tests.support.values import DAY, NOON, inventory, job

SCRIPTS = Path(__file__).parents[2] / "reconciler" / "ledger" / "migrations"
SEEN, LATER = NOON - 30 * DAY, NOON - DAY


def make_first_revision(path: Path) -> None:
    """Make a ledger with the first migration alone and fill it as the code of that time did."""
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(f"sqlite:///{path}")
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    seen, later = utc_text(SEEN), utc_text(LATER)
    receipt = proof("a").receipt
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        run = connection.exec_driver_sql
        run("INSERT INTO account VALUES ('acme', 'lineage', ?)", (seen,))
        run("INSERT INTO run VALUES ('run-1', 1, 'apply', '', 'x', 'y', ?, ?, 'done')", (seen, later))
        run("INSERT INTO observation VALUES (1, 'run-1', ?, 2, 1, 'null', 0, 0, 'd')", (seen,))
        run("INSERT INTO observation VALUES (2, 'run-1', ?, 3, 1, 'null', 0, 0, 'd')", (later,))
        job = "INSERT INTO job VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        run(job, ("a", 1, seen, 1, None, later, "render", "completed", FINGERPRINT, None, None))
        run(job, ("b", 2, seen, 1, None, seen, "unknown", "failed", "f", later, "gone"))
        run(job, ("c", 3, later, 2, seen, later, "preview", "in-progress", "f", None, None))
        run("INSERT INTO entry VALUES (1, 'run-1', 1, 'a', 'begin', ?, ?, '')", (FINGERPRINT, later))
        run("INSERT INTO entry VALUES (2, 'run-1', 1, 'a', 'archived', ?, ?, '')", (FINGERPRINT, later))
        values = ("digest", "run-1", "a", FINGERPRINT, receipt.bag, later, receipt_text(receipt))
        run("INSERT INTO receipt VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        run("INSERT INTO plan_use VALUES ('plan', 'run-1', ?, NULL)", (later,))
        add_event(connection, at=SEEN, run_id="run-1", actor="x", event="run_started", facts=())
        add_event(connection, at=LATER, run_id="run-1", actor="x", event="run_finished", facts=())
        run("INSERT INTO lease VALUES (1, 7, 'l', 'run-1', 'x', 'apply', 0, 0)")
    engine.dispose()
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")


def rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Everything in a database of the first revision, or the same columns of a later one."""
    with closing(sqlite3.connect(path)) as database:
        return {
            table: sorted(database.execute(f"SELECT {columns} FROM {table}"))  # noqa: S608 - names of ours
            for table, columns in FIRST_REVISION.items()
        }


FIRST_REVISION = {
    "account": "name, lineage, bound_at",
    "run": "run_id, epoch, operation, plan_id, actor, tool, started_at, ended_at, outcome",
    "observation": "number, run_id, observed_at, jobs, pages, end_marker, repeats, unnamed, digest",
    "job": "job_id, sequence, first_seen, first_observation, missing_until, last_seen, type, status, fingerprint, "
    "coalesce(left_at, ''), coalesce(left_how, '')",
    "entry": "sequence, run_id, epoch, job_id, phase, fingerprint, at, detail",
    "receipt": "digest, run_id, job_id, fingerprint, bag, verified_at, statement",
    "plan_use": "plan_id, opened_by, opened_at, spent_at",
    "audit": "sequence, at, run_id, actor, event, job_id, facts, previous, hash",
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "state" / "ledger.db"
    make_first_revision(made)
    return made


def open_once(path: Path) -> list[str]:
    said: list[str] = []
    ledger = SqlLedger(
        SqliteDatabase(path), clock=HandMadeClock(), lease_s=60, who=Who.of("a test", "a test"), say=said.append
    )
    with ledger.open_run("refresh", "acme"):
        pass
    return said


def kept(before: dict[str, list[tuple[object, ...]]], after: dict[str, list[tuple[object, ...]]]) -> bool:
    return all(set(before[table]) <= set(after[table]) for table in before)


def test_an_older_ledger_is_brought_up_to_date_and_nothing_is_lost(path: Path) -> None:  # I8
    before = rows(path)
    open_once(path)
    assert kept(before, rows(path))
    reader = reader_at(path)
    view = reader.view()
    assert view.account == "acme"
    assert view.last_observed == LATER
    assert [view.jobs[JobId(each)].sequence for each in "abc"] == [1, 2, 3]
    a, b, c = (view.jobs[JobId(each)] for each in "abc")
    assert (a.type, a.status, a.first_seen, a.missing_until) == (JobType.RENDER, JobStatus.COMPLETED, SEEN, None)
    assert (b.type, b.left, c.missing_until) == (JobType.UNKNOWN, True, SEEN)
    assert (a.size, c.size) == (9, None), "an archived job's size is in its receipt"
    assert a.archived == {FINGERPRINT}
    assert [entry.phase for entry in reader.entries()] == [Phase.BEGIN, Phase.ARCHIVED]
    ((copy, looked),) = reader.verifications().items()
    assert copy == (JobId("a"), FINGERPRINT, "file:./archive")
    assert (looked.read_at, looked.whole_at, looked.state) == (LATER, LATER, BagState.WHOLE), "as its receipt says"
    assert (a.unarchived, b.unarchived, c.unarchived) == (False, False, True)
    check_audit(reader)


def test_what_left_before_the_ledger_remembered_losses_is_found_by_the_next_observation(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE job SET type = 'render', status = 'completed' WHERE job_id = 'b'")
        left = utc_text(LATER)
        job_of_a_clean = ("d", 4, utc_text(SEEN), 1, None, left, "render", "cleaned", "f", left, "cleaned")
        database.execute("INSERT INTO job VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", job_of_a_clean)
        database.commit()
    ledger = SqlLedger(SqliteDatabase(path), clock=HandMadeClock(), lease_s=60, who=Who.of("a test", "a test"))
    with ledger.open_run("refresh", "acme") as run:
        run.record_observation(inventory(job("c"), at=NOON))
    lost = [(loss.job_id, loss.found_at) for loss in recorded_losses(ledger.view())]
    assert lost == [("b", NOON)], "of one listed as cleaned nobody knows what it was"


def test_the_ledger_as_it_was_lies_beside_and_is_told_of(path: Path) -> None:  # I8
    before = rows(path)
    said = open_once(path)
    copy = path.with_name(f"ledger.db.0001.{NOON:%Y%m%dT%H%M%SZ}.bak")
    assert sorted(each.name for each in path.parent.iterdir()) == ["ledger.db", copy.name]
    assert said == [f"The ledger {path} was of revision 0001 and is brought up to date; as it was, it lies in {copy}"]
    assert rows(copy) == before
    assert open_once(path) == [], "once"


def test_what_was_committed_and_not_yet_folded_in_is_in_the_copy_too(path: Path) -> None:  # I8
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("INSERT INTO plan_use VALUES ('late', 'run-1', 'x', NULL)")
        writer.commit()
        assert path.with_name("ledger.db-wal").stat().st_size, "the row is in the side file"
        open_once(path)
    (copy,) = path.parent.glob("*.bak")
    assert ("late", "run-1", "x", None) in rows(copy)["plan_use"]


def test_a_step_that_fails_leaves_the_ledger_as_it_was_and_names_the_copy(path: Path) -> None:  # I8
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE imported_time (theirs TEXT)")
    before = rows(path)
    with pytest.raises(LedgerError, match="could not be brought up to date from revision 0001") as refused:
        open_once(path)
    assert ".bak" in refused.value.hint
    assert rows(path) == before
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]
        assert "released_since" not in {row[1] for row in database.execute("PRAGMA table_info(job)")}


def test_where_no_copy_can_be_made_nothing_is_changed(path: Path) -> None:  # I8
    path.with_name(f".ledger.db.0001.{NOON:%Y%m%dT%H%M%SZ}.bak.unfinished").mkdir()
    before = rows(path)
    with pytest.raises(LedgerError, match="no copy of it could be made"):
        open_once(path)
    assert rows(path) == before


def test_a_reader_of_an_older_ledger_is_told_what_brings_it_up_to_date(path: Path) -> None:  # I6
    before = path.read_bytes()
    with pytest.raises(LedgerError, match=r"is of an older version \(revision 0001") as refused:
        reader_at(path).view()
    assert "reconciler refresh" in refused.value.hint
    assert path.read_bytes() == before
