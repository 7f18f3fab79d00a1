"""What a run records without a wait for the disk of its own: durable with what comes next, as a whole or not at all."""

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.core.job import Job, JobId
from reconciler.core.steps import Phase
from reconciler.errors import GuardRefused, LedgerError, LockedByAnotherRun
from reconciler.ledger.database import Database
from reconciler.ledger.lease import lock
from reconciler.ledger.run import SqlRun
from reconciler.ledger.run_rows import Who
from reconciler.ledger.writer import SqlLedger
from tests.support.ledger_values import FINGERPRINT, HandMadeClock, ledger_at, proof, reader_at
from tests.support.values import inventory, job

A, B = JobId("a"), JobId("b")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock() -> HandMadeClock:
    return HandMadeClock()


def phases(database: Database) -> list[Phase]:
    return [entry.phase for entry in reader_at(database).entries()]


def archived(run: SqlRun) -> None:
    """Begin a job; that it is archived is told and waits."""
    run.append(A, Phase.BEGIN, FINGERPRINT)
    run.record_archived(proof(), waits=True)


def cleaned(run: SqlRun) -> None:
    """Take a job out; that it is cleaned is told and waits."""
    run.append(A, Phase.BEGIN, FINGERPRINT)
    run.record_archived(proof())
    run.append(A, Phase.CLEANING, FINGERPRINT)
    run.record_cleaned(A, FINGERPRINT, "cleaned now", waits=True)


WITHOUT_THE_LAST = [Phase.BEGIN, Phase.ARCHIVED, Phase.CLEANING]


def test_it_is_durable_with_the_next_entry_in_the_order_in_which_it_was_told(
    database: Database, clock: HandMadeClock
) -> None:
    reader = reader_at(database)
    with ledger_at(database, clock).open_run("apply", "acme") as run:
        archived(run)
        assert phases(database) == [Phase.BEGIN]
        assert reader.receipts() == ()
        run.append(B, Phase.BEGIN, FINGERPRINT)
        assert [(entry.job_id, entry.phase) for entry in reader.entries()][1:] == [
            (A, Phase.ARCHIVED),
            (B, Phase.BEGIN),
        ]
        assert len(reader.receipts()) == 1
        run.append(B, Phase.ABANDONED, FINGERPRINT)
        assert phases(database)[3:] == [Phase.ABANDONED], "once, and not with each that comes"


@pytest.mark.parametrize("error", [None, KeyError("a bug"), GuardRefused(("no",)), KeyboardInterrupt()])
def test_at_the_end_of_a_run_it_is_durable_however_it_ends(
    database: Database, clock: HandMadeClock, error: BaseException | None
) -> None:
    with suppress(KeyError, GuardRefused, KeyboardInterrupt), ledger_at(database, clock).open_run("a", "acme") as run:
        cleaned(run)
        if error:
            raise error
    assert phases(database) == [*WITHOUT_THE_LAST, Phase.CLEANED]


def test_a_transaction_that_fails_records_nothing_of_it_and_the_next_one_does(
    database: Database, clock: HandMadeClock
) -> None:
    reader = reader_at(database)
    with ledger_at(database, clock).open_run("apply", "acme") as run:
        archived(run)
        with pytest.raises(LedgerError, match="may not follow nothing"):
            run.append(B, Phase.CLEANING, FINGERPRINT)
        assert phases(database) == [Phase.BEGIN]
        assert reader.receipts() == ()
        assert [event.event for event in reader.audit_events()] == ["run_started"]
        run.write_down()
        assert phases(database) == [Phase.BEGIN, Phase.ARCHIVED]


def test_a_run_that_slept_too_long_does_not_write_it_and_says_so(
    database: Database, clock: HandMadeClock
) -> None:  # I3, I8
    ledger = ledger_at(database, clock)
    slept = ledger.open_run("apply", "acme")
    cleaned(slept.__enter__())
    clock.pass_by(2 * MINUTE)
    with ledger.open_run("refresh", "acme"):
        pass
    with pytest.raises(LockedByAnotherRun, match="it stopped before writing"):
        slept.__exit__(None, None, None)
    assert phases(database) == WITHOUT_THE_LAST


def test_a_run_that_was_told_so_before_ends_without_being_told_again(
    database: Database, clock: HandMadeClock
) -> None:  # I3: its report would be lost
    with ledger_at(database, clock).open_run("apply", "acme") as sleeper:
        cleaned(sleeper)
        clock.pass_by(2 * MINUTE)
        with pytest.raises(LockedByAnotherRun):
            sleeper.write_down()
    assert phases(database) == WITHOUT_THE_LAST


# -- long transactions


class Slow(tuple[Job, ...]):
    """Jobs that take two minutes to record."""

    clock: HandMadeClock

    def __iter__(self) -> Iterator[Job]:
        self.clock.pass_by(2 * MINUTE)
        return super().__iter__()


def test_a_list_that_takes_longer_to_record_than_a_lease_lasts_costs_the_run_nothing(
    database: Database, clock: HandMadeClock
) -> None:  # I3
    slow = Slow((job("a"),))
    slow.clock = clock
    ledger = ledger_at(database, clock)
    with ledger.open_run("refresh", "acme") as run:
        run.record_observation(replace(inventory(job("a"), at=clock.now()), jobs=slow))
        run.check_lease(59.9)
        with pytest.raises(LockedByAnotherRun), ledger.open_run("apply", "acme"):
            pytest.fail("no run is opened")
        with pytest.raises(LockedByAnotherRun, match="60 s are needed"):
            run.check_lease(60)


# -- transactions of others


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a minute is what a run waits for another one's transaction; here it is not long."""
    for name in ("sqlite.BUSY_S", "sqlite.ADDING_BUSY_S", "postgres.LOCK_WAIT_S", "postgres.ADDING_WAIT_S"):
        monkeypatch.setattr(f"reconciler.ledger.{name}", 1)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("lasts", ["another run goes on", "none does"])
def test_who_waits_in_vain_for_a_transaction_is_told_who_holds_the_ledger(
    database: Database, clock: HandMadeClock, lasts: str
) -> None:  # I3
    ledger = ledger_at(database, clock)
    holder = ledger.open_run("apply", "acme")
    holder.__enter__()
    if lasts == "none does":
        holder.__exit__(None, None, None)
    with database.adding() as connection:
        lock(connection)
        with pytest.raises(LockedByAnotherRun) as refused, ledger.open_run("refresh", "acme"):
            pytest.fail("no run is opened")
    assert refused.value.exit_code == 7
    told = "another run holds the ledger: apply by a test" if lasts != "none does" else "no run holds it"
    assert told in refused.value.message
    if lasts != "none does":
        holder.__exit__(None, None, None)
    with ledger.open_run("refresh", "acme"):
        pass


@pytest.mark.usefixtures("impatient")
def test_who_may_wait_comes_in_when_the_transaction_is_over(database: Database, clock: HandMadeClock) -> None:
    ledger = ledger_at(database, clock)
    with ledger.open_run("apply", "acme"):
        pass
    transaction = ExitStack()
    lock(transaction.enter_context(database.adding()))
    patient = SqlLedger(
        database,
        clock=clock,
        lease_s=60,
        who=Who.of("a test", "a test"),
        wait_s=60,
        pause=lambda _seconds: transaction.close(),
        now_ms=clock.now_ms,
    )
    with patient.open_run("refresh", "acme"):
        pass
