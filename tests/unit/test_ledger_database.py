"""The ledger's file: made by migrations, read without a trace, and never taken for empty when it cannot be read."""

import errno
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from reconciler.core.job import JobId
from reconciler.core.memory import LedgerView
from reconciler.core.steps import Phase
from reconciler.errors import LedgerError
from reconciler.ledger import tables
from reconciler.ledger.sqlite_files import make_ledger
from tests.support.ledger_values import FINGERPRINT, ledger_at, reader_at


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ledger.db"


def make(path: Path) -> None:
    with ledger_at(path).open_run("refresh", "acme"):
        pass


def sql(path: Path, *statements: str) -> None:
    with sqlite3.connect(path) as database:
        for statement in statements:
            database.execute(statement)
    database.close()


def test_the_migrations_make_exactly_the_tables_that_the_code_uses(path: Path) -> None:
    make(path)
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, tables.metadata) == []
    engine.dispose()


def test_a_ledger_that_does_not_exist_is_empty_and_stays_so(path: Path) -> None:  # I6
    reader = reader_at(path)
    assert reader.view() == LedgerView()
    assert (list(reader.entries()), reader.receipts(), list(reader.audit_events())) == ([], (), [])
    assert not path.parent.exists()


def test_reading_leaves_no_trace(path: Path) -> None:  # I6
    make(path)
    before = path.read_bytes()
    assert reader_at(path).view().account == "acme"
    assert [each.name for each in path.parent.iterdir()] == ["ledger.db"]
    assert path.read_bytes() == before


BAD_FILES = {
    "garbage": b"not a database, and long enough to be none" * 50,
    "half a database": None,
    "text": b"hello",
}


@pytest.mark.parametrize("content", BAD_FILES.values(), ids=BAD_FILES.keys())
@pytest.mark.parametrize("verb", ["read", "write"])
def test_a_file_that_cannot_be_read_is_an_error_and_is_not_touched(
    path: Path, content: bytes | None, verb: str
) -> None:  # I4
    make(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if content is None else content)
    before = path.read_bytes()
    with pytest.raises(LedgerError, match="cannot be used"):
        reader_at(path).view() if verb == "read" else make(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("verb", ["read", "write"])
def test_another_program_s_database_is_refused(path: Path, verb: str) -> None:
    path.parent.mkdir()
    sql(path, "CREATE TABLE theirs (x)")
    with pytest.raises(LedgerError, match="is a database, but not a ledger"):
        reader_at(path).view() if verb == "read" else make(path)


@pytest.mark.parametrize("verb", ["read", "write"])
def test_a_newer_ledger_is_refused_with_what_to_do(path: Path, verb: str) -> None:
    make(path)
    sql(path, "UPDATE alembic_version SET version_num = 'v9999'")
    with pytest.raises(LedgerError, match="newer version of this program") as refused:
        reader_at(path).view() if verb == "read" else make(path)
    assert "Upgrade" in refused.value.hint


@pytest.mark.parametrize("verb", ["read", "write"])
def test_a_ledger_that_was_cut_to_nothing_is_never_filled_anew(path: Path, verb: str) -> None:  # I13
    make(path)
    path.write_bytes(b"")
    with pytest.raises(LedgerError, match="is empty, and no ledger begins so") as refused:
        reader_at(path).view() if verb == "read" else make(path)
    assert "Restore it from a backup" in refused.value.hint
    assert path.read_bytes() == b""


def test_a_new_ledger_stands_whole_or_not_at_all(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as full:
        full.setattr(os, "fsync", no_room)
        with pytest.raises(LedgerError, match="No space left on device"):
            make(path)
    assert list(path.parent.iterdir()) == []
    make(path)
    assert reader_at(path).view().account == "acme"


def test_of_two_first_runs_the_slower_one_takes_the_ledger_that_stands(path: Path) -> None:
    make(path)
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        make_ledger(path)
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_folder_in_its_place_is_told(path: Path) -> None:
    path.mkdir(parents=True)
    for attempt in (reader_at(path).view, lambda: make(path)):
        with pytest.raises(LedgerError, match="cannot be used"):
            attempt()


@pytest.mark.parametrize("name", ["with space.db", "q?mark.db", "ha#sh.db", "per%20cent.db", "ü.db"])
def test_any_name_of_a_file_will_do(tmp_path: Path, name: str) -> None:
    make(tmp_path / name)
    assert [each.name for each in tmp_path.iterdir()] == [name]
    assert reader_at(tmp_path / name).view().account == "acme"


def test_a_reader_sees_one_moment_while_a_run_goes_on(path: Path) -> None:
    with ledger_at(path).open_run("apply", "acme") as run:
        run.append(JobId("a"), Phase.BEGIN, FINGERPRINT)
        assert [entry.phase for entry in reader_at(path).entries()] == [Phase.BEGIN]
        run.append(JobId("b"), Phase.BEGIN, FINGERPRINT)
        assert len(list(reader_at(path).entries())) == 2


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.support.ledger_values import FINGERPRINT, ledger_at
from reconciler.core.steps import Phase
with ledger_at(Path(sys.argv[1])).open_run("apply", "acme") as run:
    run.append("a", Phase.BEGIN, FINGERPRINT)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_an_entry_is_durable_when_the_call_returns(path: Path) -> None:  # I8
    root = Path(__file__).parents[2]
    ended = subprocess.run([sys.executable, "-c", KILLED, str(path)], cwd=root, check=False, timeout=60)
    assert ended.returncode == -9
    assert path.with_name("ledger.db-wal").exists(), "the kill left what a clean end would have folded in"
    reader = reader_at(path)
    assert [(entry.job_id, entry.phase) for entry in reader.entries()] == [("a", Phase.BEGIN)]
    assert len(reader.unclosed_runs()) == 1
