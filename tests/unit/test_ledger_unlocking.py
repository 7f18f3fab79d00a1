"""Waiting for another run's end, and taking the lease from a dead one, on each kind of database (I3, I8, I10)."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import timedelta

import pytest

from reconciler.core.job import JobId
from reconciler.core.steps import Phase
from reconciler.engine.account import Unlocked
from reconciler.errors import LedgerError, LockedByAnotherRun, ReconcilerError
from reconciler.ledger.audit_check import check_audit
from reconciler.ledger.database import Database
from reconciler.ledger.run import SqlRun
from reconciler.ledger.run_rows import Who
from reconciler.ledger.unlocking import unlock
from reconciler.ledger.writer import SqlLedger
from tests.support.ledger_values import FINGERPRINT, HandMadeClock, ledger_at, proof, reader_at

A = JobId("a")
SECOND = timedelta(seconds=1)


class Held:
    """A ledger that a run holds, and whoever else comes."""

    def __init__(self, database: Database) -> None:
        self.database, self.clock = database, HandMadeClock()
        self.runs = ExitStack()
        self.holder: SqlRun = self.runs.enter_context(ledger_at(database, self.clock).open_run("apply", "acme"))

    @property
    def lease_id(self) -> str:
        with self.database.reading() as connection:
            assert connection is not None
            return str(connection.exec_driver_sql("SELECT lease_id FROM lease").scalar())

    def unlock(self, lease_id: str = "") -> Unlocked | None:
        who = Who.of("ann@desk", "a test")
        now_ms = self.clock.now_ms
        return unlock(self.database, lease_id or self.lease_id, clock=self.clock, who=who, now_ms=now_ms)

    def cleaning(self) -> None:
        self.holder.append(A, Phase.BEGIN, FINGERPRINT)
        self.holder.record_archived(proof())
        self.holder.append(A, Phase.CLEANING, FINGERPRINT)

    def another_comes_in(self) -> bool:
        try:
            with ledger_at(self.database, self.clock).open_run("apply", "acme"):
                return True
        except LockedByAnotherRun:
            return False


@pytest.fixture
def held(database: Database) -> Iterator[Held]:
    held = Held(database)
    yield held
    with suppress(ReconcilerError):  # it may be fenced out by now
        held.runs.close()


def test_an_unlocked_ledger_is_free_at_once_and_its_holder_is_fenced_out(held: Held) -> None:  # I8
    assert not held.another_comes_in()
    freed = held.unlock()
    assert freed is not None
    assert (freed.operation, freed.owner, freed.run_id, freed.wait_s) == ("apply", "a test", held.holder.run_id, 0)
    with pytest.raises(LockedByAnotherRun, match="taken over by unlock of ann@desk; it stopped before writing"):
        held.holder.append(A, Phase.BEGIN, FINGERPRINT)
    assert held.another_comes_in()
    held.runs.close()
    assert held.another_comes_in(), "its late end does not take the lease again"


def test_while_a_clean_may_be_on_its_way_the_next_run_waits_for_it(held: Held) -> None:  # I8
    held.cleaning()
    freed = held.unlock()
    assert freed is not None
    assert freed.wait_s == 30
    with pytest.raises(LockedByAnotherRun):
        held.holder.check_lease(0)
    held.clock.pass_by(29 * SECOND)
    assert not held.another_comes_in()
    held.clock.pass_by(SECOND)
    assert held.another_comes_in()


def test_the_wait_is_never_longer_than_the_lease_would_have_been(held: Held) -> None:
    held.cleaning()
    held.clock.pass_by(50 * SECOND)
    held.unlock()
    held.clock.pass_by(10 * SECOND)
    assert held.another_comes_in()


def test_an_unlock_is_a_run_of_its_own_in_the_audit(held: Held) -> None:  # I10
    lease_id = held.lease_id
    held.unlock()
    reader = reader_at(held.database)
    told = [event for event in reader.audit_events() if event.actor == "ann@desk"]
    assert [event.event for event in told] == ["run_started", "unlocked", "run_finished"]
    assert dict(told[1].facts) == {
        "lease": lease_id,
        "run": held.holder.run_id,
        "owner": "a test",
        "operation": "apply",
    }
    check_audit(reader)
    assert reader.unclosed_runs() == {held.holder.run_id}


def test_another_id_unlocks_nothing_and_names_the_holder(held: Held) -> None:  # I3
    with pytest.raises(LockedByAnotherRun, match=f"apply by a test, for 0 s now; its lease .{held.lease_id}"):
        held.unlock("lease-other")
    held.holder.append(A, Phase.BEGIN, FINGERPRINT)


@pytest.mark.parametrize("since", ["it ran out", "it was given back"])
def test_where_nobody_holds_there_is_nothing_to_unlock(held: Held, since: str) -> None:
    lease_id = held.lease_id
    if since == "it ran out":
        held.clock.pass_by(61 * SECOND)
    else:
        held.runs.close()
    before = list(reader_at(held.database).audit_events())
    assert held.unlock(lease_id) is None
    assert list(reader_at(held.database).audit_events()) == before


def test_an_unlock_makes_no_ledger(database: Database) -> None:  # I13
    with pytest.raises(LedgerError, match="is gone"):
        unlock(database, "lease-x", clock=HandMadeClock(), who=Who.of("ann", "a test"))
    assert not database.is_there()


# -- waiting


def waiting(held: Held, pause: Callable[[float], None], said: list[str], wait_s: float = 60) -> SqlLedger:
    return SqlLedger(
        held.database,
        clock=held.clock,
        lease_s=60,
        who=Who.of("ben@laptop", "a test"),
        now_ms=held.clock.now_ms,
        wait_s=wait_s,
        pause=pause,
        say=said.append,
    )


def test_a_run_that_may_wait_comes_in_when_the_other_one_ends_and_says_once_for_whom(held: Held) -> None:
    said: list[str] = []
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            held.runs.close()

    with waiting(held, pause, said).open_run("apply", "acme") as run:
        run.append(A, Phase.BEGIN, FINGERPRINT)
    (line,) = said
    assert line.startswith("Waiting for 60 s at most: another run holds the ledger: apply by a test, for 0 s now")
    assert pauses == [1.0, 1.0, 1.0]


def test_a_run_that_waited_in_vain_is_refused_and_told_once(held: Held) -> None:
    said: list[str] = []
    ledger = waiting(held, lambda _seconds: None, said, wait_s=0.2)
    with pytest.raises(LockedByAnotherRun, match="apply by a test"), ledger.open_run("apply", "acme"):
        pytest.fail("no run is opened")
    assert len(said) == 1
    assert [each.event for each in ledger.audit_events()] == ["run_started", "refused"]
