"""A ledger in PostgreSQL of an earlier revision is brought up to date with nothing lost, or left as it was (I8).

The kind came when the revision was 0003, so no ledger in PostgreSQL is older.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, func, select

from reconciler.core.canonical import utc_text
from reconciler.core.job import JobId
from reconciler.errors import LedgerError
from reconciler.ledger import tables
from reconciler.ledger.postgres import PostgresDatabase
from reconciler.ledger.revisions import check_revision
from reconciler.ledger.run_rows import Who
from reconciler.ledger.writer import SqlLedger
from tests.support.ledger_values import FINGERPRINT, HandMadeClock, reader_at
from tests.support.postgres_server import PostgresServer
from tests.support.values import DAY, NOON

SCRIPTS = Path(__file__).parents[2] / "reconciler" / "ledger" / "migrations"
FIRST = "0003"
SEEN = utc_text(NOON - 30 * DAY)
COUNTED = (tables.account, tables.run, tables.observation, tables.job, tables.entry, tables.plan_use)


@contextmanager
def changing(database: PostgresDatabase) -> Iterator[Connection]:
    """Give one transaction on whatever is there."""
    with database._one_transaction(wait_s=5) as connection:
        yield connection


@pytest.fixture
def older(postgres: PostgresServer) -> PostgresDatabase:
    """A ledger as the first version that knew PostgreSQL left it."""
    database = PostgresDatabase(postgres.new_ledger())
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    with changing(database) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, FIRST)
        run = connection.exec_driver_sql
        run("INSERT INTO account VALUES ('acme', 'lineage', %s)", (SEEN,))
        run("INSERT INTO run VALUES ('run-1', 1, 'apply', '', 'x', 'y', %s, %s, 'done')", (SEEN, SEEN))
        run("INSERT INTO observation VALUES (1, 'run-1', %s, 1, 1, 'null', 0, 0, 'd')", (SEEN,))
        run(
            "INSERT INTO job (job_id, sequence, first_seen, first_observation, last_seen, type, status, fingerprint) "
            "VALUES ('a', 1, %s, 1, %s, 'render', 'completed', %s)",
            (SEEN, SEEN, FINGERPRINT),
        )
        run("INSERT INTO entry VALUES (1, 'run-1', 1, 'a', 'begin', %s, %s, '')", (FINGERPRINT, SEEN))
        run("INSERT INTO plan_use VALUES ('plan', 'run-1', %s, NULL)", (SEEN,))
        run("INSERT INTO lease VALUES (1, 7, 'l', 'run-1', 'x', 'apply', 0, 0)")
    return database


def counts(database: PostgresDatabase) -> list[object]:
    with changing(database) as connection:
        return [connection.scalar(select(func.count()).select_from(table)) for table in COUNTED]


def open_once(database: PostgresDatabase) -> list[str]:
    said: list[str] = []
    ledger = SqlLedger(database, clock=HandMadeClock(), lease_s=60, who=Who.of("a test", "a test"), say=said.append)
    with ledger.open_run("refresh", "acme"):
        pass
    return said


def test_it_is_brought_up_to_date_once_and_nothing_is_lost(older: PostgresDatabase) -> None:  # I8
    before = counts(older)
    with pytest.raises(LedgerError, match="is of an older version"):
        reader_at(older).view()
    said = open_once(older)
    assert said == [f"The ledger {older.name} was of revision {FIRST} and is brought up to date"]
    assert counts(older) == [before[0], 2, *before[2:]], "a run more, and nothing less"
    known = reader_at(older).view().jobs[JobId("a")]
    assert (known.sequence, utc_text(known.first_seen)) == (1, SEEN)
    assert open_once(older) == []


def test_a_step_that_fails_leaves_it_as_it_was(older: PostgresDatabase) -> None:  # I8
    with changing(older) as connection:
        connection.exec_driver_sql("CREATE TABLE recorded_plan (theirs TEXT)")
    before = counts(older)
    with pytest.raises(LedgerError, match=f"could not be brought up to date from revision {FIRST}"):
        open_once(older)
    assert counts(older) == before
    with changing(older) as connection, pytest.raises(LedgerError, match=f"revision {FIRST}"):
        check_revision(connection, older.name, may_be_older=False)
