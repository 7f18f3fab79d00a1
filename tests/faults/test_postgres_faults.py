"""What a PostgreSQL server may do to a ledger's user: clear errors, no password shown, nothing lost (I8, I11)."""

from urllib.parse import quote

import pytest
from sqlalchemy.exc import SQLAlchemyError

from reconciler.errors import LedgerError, UsageRefused
from reconciler.ledger import postgres as adapter
from reconciler.ledger.opening import database_at
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.ledger_values import changing, ledger_at, reader_at
from tests.support.postgres_server import GUARDED_BY, PostgresServer
from tests.support.promise import check_promise
from tests.support.waiting import until
from tests.support.workplace import Workplace

JOBS = [job_id(number) for number in (1, 2, 3)]


@pytest.fixture
def team(three_planned: Workplace, postgres: PostgresServer) -> Workplace:
    three_planned.environ["RECONCILER_STATE"] = postgres.new_ledger()
    return three_planned


def test_an_apply_with_all_around_it_leaves_no_file_for_a_ledger(
    team: Workplace, emulator: EmulatorProcess
) -> None:  # I10
    assert "3 jobs listed, 3 of them new" in team.run("refresh").expect(0).out
    team.run("plan", "--out", "plan.json").expect(0)
    team.run("apply", "plan.json").expect(0)
    assert emulator.cleaned() == set(JOBS)
    check_promise(team, emulator)
    team.run("status", "--offline").expect(0)
    team.run("explain", JOBS[0]).expect(0)
    team.run("restore", JOBS[0], "--to", "restored").expect(0)
    assert "used" in team.run("apply", "plan.json").expect(5).err
    assert not list(team.folder.rglob("*.db"))


def test_a_reader_makes_nothing(team: Workplace) -> None:  # I6
    team.run("plan").expect(0)
    team.run("audit", "verify").expect(0)
    assert not database_at(team.environ["RECONCILER_STATE"]).is_there()


def test_a_connection_that_is_lost_in_the_middle_ends_the_run_and_the_next_one_carries_on(
    team: Workplace, emulator: EmulatorProcess, postgres: PostgresServer
) -> None:  # I8
    emulator.fault("asset", "stall", f"/{JOBS[1]}/")
    started = team.start("apply", "plan.json", extra={"RECONCILER_PATIENCE": "60"})
    until(lambda: any(JOBS[1] in r["path"] and r["port"] == "asset" for r in emulator.requests()), "the download")
    cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'reconciler'"
    assert postgres.run(cut) != [(0,)]
    emulator.clear_faults()
    out, err = started.communicate(timeout=90)
    assert started.returncode == 1, f"{out}\n{err}"
    assert "What was recorded is kept; run the command again, and it carries on." in out + err
    assert "Traceback" not in err
    assert emulator.cleaned() < set(JOBS)
    team.run("apply", "plan.json", "--lock-timeout", "2m").expect(0)
    assert emulator.cleaned() == set(JOBS)
    check_promise(team, emulator)


BAD: dict[str, tuple[str, str, str]] = {
    "no server": (
        "postgresql://ann@/ledger?host=/nowhere",
        "connection to server on socket",
        "Check that the server runs",
    ),
    "no database": ("{server}postgres@/none?host={socket}", 'database "none" does not exist', "createdb"),
    "no such user": ("{server}nobody@/postgres?host={socket}", 'role "nobody" does not exist', "Check the address"),
    "wrong password": (
        "{server}guarded:wr0ng-secret@/postgres?host={socket}",
        'password authentication failed for user "guarded"',
        "Check user and password: PGPASSWORD",
    ),
    "no password": ("{server}guarded@/postgres?host={socket}", "no password supplied", "PGPASSWORD or ~/.pgpass"),
}


@pytest.mark.parametrize("verb", ["plan", "refresh"])
@pytest.mark.parametrize(("address", "said", "hint"), BAD.values(), ids=BAD.keys())
def test_what_the_server_says_is_told_with_what_to_do(
    team: Workplace, postgres: PostgresServer, verb: str, address: str, said: str, hint: str
) -> None:  # I11
    team.environ["RECONCILER_STATE"] = address.format(server="postgresql://", socket=postgres.endpoint)
    ended = team.run(verb).expect(1)
    assert said in ended.err
    assert hint in ended.err
    assert "wr0ng-secret" not in ended.out + ended.err
    assert "Traceback" not in ended.err


def test_a_password_is_taken_as_libpq_takes_it_and_shown_nowhere(
    team: Workplace, postgres: PostgresServer
) -> None:  # I11
    postgres.run("CREATE SCHEMA IF NOT EXISTS guarded AUTHORIZATION guarded")
    at = f"/postgres?host={postgres.endpoint}&options=-csearch_path%3Dguarded"
    passed = team.folder / "pgpass"
    passed.write_text(f"*:*:*:guarded:{GUARDED_BY.replace(':', chr(92) + ':')}\n")
    passed.chmod(0o600)
    ways = [
        (f"postgresql://guarded:{quote(GUARDED_BY, safe='')}@{at}", {}),
        (f"postgresql://guarded@{at}&password={quote(GUARDED_BY, safe='')}", {}),
        (f"postgresql://guarded@{at}", {"PGPASSWORD": GUARDED_BY}),
        (f"postgresql://guarded@{at}", {"PGPASSFILE": str(passed)}),
    ]
    for state, environ in ways:
        ended = team.run("refresh", "-v", extra={"RECONCILER_STATE": state, **environ}).expect(0)
        status = team.run("status", "--offline", extra={"RECONCILER_STATE": state, **environ}).expect(0)
        for text in (ended.out, ended.err, status.out, status.err):
            assert GUARDED_BY not in text
            assert quote(GUARDED_BY, safe="") not in text
    recorded = " ".join(str(event) for event in reader_at(database_at(f"postgresql://postgres@{at}")).audit_events())
    assert GUARDED_BY not in recorded
    for path in (team.folder / "archive", team.folder / "state"):
        assert not [each for each in path.rglob("*") if each.is_file() and GUARDED_BY.encode() in each.read_bytes()]


def test_an_error_shows_no_password_whoever_says_it(postgres: PostgresServer) -> None:  # I11
    secret = "hunter2%zz"  # noqa: S105 - a canary of this test alone
    database = database_at(f"postgresql://ann:{quote(secret)}@/x?host={postgres.endpoint}&sslpassword=other-secret")
    assert secret not in database.name + repr(database)
    with pytest.raises(LedgerError) as told, database.told():
        raise SQLAlchemyError(f"dsn {secret} {quote(secret)} other-secret")
    shown = f"{told.value.message} {told.value.hint} {told.value.__cause__!r}"
    assert "hunter2" not in shown
    assert "other-secret" not in shown


def test_without_the_rights_to_make_tables_it_is_told_and_nothing_is_left(
    team: Workplace, postgres: PostgresServer
) -> None:
    postgres.run("CREATE ROLE bare LOGIN")
    state = f"postgresql://bare@/postgres?host={postgres.endpoint}"
    ended = team.run("refresh", extra={"RECONCILER_STATE": state}).expect(1)
    assert "permission denied for schema public" in ended.err
    assert "rights of an owner" in ended.err
    assert postgres.run("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]


def test_another_program_s_tables_are_no_ledger(postgres: PostgresServer) -> None:
    address = postgres.new_ledger()
    schema = address.rpartition("%3D")[2]
    postgres.run(f"CREATE TABLE {schema}.theirs (x int)")
    for attempt in (reader_at(database_at(address)).view, lambda: changing(database_at(address)).__enter__()):
        with pytest.raises(LedgerError, match="is a database, but not a ledger"):
            attempt()


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("postgresql://ann:p@ss@host/db", "has more than one @"),
        ("postgresql://ann:secret@host:port/db", "cannot be read"),
        ("mysql://ann:secret@host/db", "in a file or in PostgreSQL, not at mysql://"),
    ],
)
def test_an_address_that_cannot_be_read_is_not_repeated(address: str, why: str) -> None:  # I11
    with pytest.raises(UsageRefused, match=why) as refused:
        database_at(address)
    assert "secret" not in refused.value.message + refused.value.hint
    assert "p@ss" not in refused.value.message + refused.value.hint


def test_without_the_driver_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(UsageRefused, match="needs psycopg") as refused, database_at("postgresql://h/d").reading():
        pytest.fail("nothing is opened")
    assert "pip install 'pictory-reconciler[postgres]'" in refused.value.hint


def test_a_commit_is_on_the_disk_also_where_the_server_would_not_wait(postgres: PostgresServer) -> None:  # I8
    address = postgres.new_ledger()
    engine = database_at(f"{address.replace('options=-c', 'options=-csynchronous_commit%3Doff%20-c')}").writing(
        at="", say=print
    )
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
    engine.dispose()


def test_a_program_that_sleeps_inside_a_transaction_is_cut_off(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:  # I8
    monkeypatch.setattr(adapter, "IDLE_S", 1)
    database = database_at(postgres.new_ledger())
    with ledger_at(database).open_run("refresh", "acme"):
        pass  # now there is a row to wait for
    engine = database.writing(at="", say=print)
    with engine.connect() as sleeper:
        sleeper.exec_driver_sql("SELECT 1 FROM lease FOR UPDATE")
        with ledger_at(database).open_run("refresh", "acme"):  # waits for the row, not for the sleeper's end
            pass
        with pytest.raises(LedgerError, match="terminating connection"), database.told():
            sleeper.exec_driver_sql("SELECT 1")
        sleeper.invalidate()
    engine.dispose()


def test_two_first_runs_make_one_ledger(postgres: PostgresServer) -> None:
    import threading

    address = postgres.new_ledger()
    failed: list[BaseException] = []

    def make() -> None:
        try:
            database_at(address).writing(at="", say=print).dispose()
        except BaseException as error:  # noqa: BLE001 - told to the test's own thread
            failed.append(error)

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert reader_at(database_at(address)).view().account == ""
