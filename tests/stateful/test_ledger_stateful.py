"""The ledger against a model of it: whatever order runs, crashes and time come in (I3, I8, I10).

On SQLite, and on PostgreSQL with fewer examples.
"""

import tempfile
from contextlib import AbstractContextManager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from reconciler.core.job import JobId
from reconciler.core.steps import FOLLOWS, Phase, fold
from reconciler.errors import LedgerError, LockedByAnotherRun
from reconciler.ledger.audit_check import check_audit
from reconciler.ledger.opening import database_at
from reconciler.ledger.run import SqlRun
from tests.support.ledger_values import FINGERPRINT, HandMadeClock, ledger_at, proof, reader_at
from tests.support.postgres_server import PostgresServer
from tests.support.values import inventory, job

JOBS = [JobId(name) for name in "abc"]
LEASE = timedelta(seconds=60)


class LedgerMachine(RuleBasedStateMachine):
    """Two hands on one ledger: the one that holds the lease writes, the other is refused."""

    postgres: PostgresServer | None = None

    @initialize()
    def start(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        address = self.postgres.new_ledger() if self.postgres else str(Path(self.folder.name) / "ledger.db")
        self.database = database_at(address)
        self.clock = HandMadeClock()
        self.ledger = ledger_at(self.database, self.clock)
        self.runs: list[tuple[AbstractContextManager[SqlRun], SqlRun]] = []
        self.holder: SqlRun | None = None
        self.lease_ends = self.clock.now()
        self.phases: dict[JobId, list[Phase]] = {each: [] for each in JOBS}
        self.waiting: list[tuple[JobId, Phase]] = []
        self.too_late: list[SqlRun] = []
        self.seen: list[JobId] = []

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            for opened, _ in self.runs:
                with suppress(LockedByAnotherRun):
                    opened.__exit__(None, None, None)
            self.folder.cleanup()

    @property
    def is_held(self) -> bool:
        return self.holder is not None and self.clock.now() < self.lease_ends

    @rule()
    def open_a_run(self) -> None:
        opened = self.ledger.open_run("apply", "acme")
        if self.is_held:
            with pytest.raises(LockedByAnotherRun):
                opened.__enter__()
            return
        if self.waiting and self.holder is not None:
            self.too_late.append(self.holder)
            self.waiting.clear()
        self.holder = opened.__enter__()
        self.lease_ends = self.clock.now() + LEASE
        self.runs.append((opened, self.holder))

    @precondition(lambda self: self.runs)
    @rule(data=st.data())
    def end_a_run(self, data: st.DataObject) -> None:
        opened, run = self.runs.pop(data.draw(st.integers(0, len(self.runs) - 1)))
        if run in self.too_late or (run is self.holder and self.waiting and not self.is_held):
            with pytest.raises(LockedByAnotherRun):
                opened.__exit__(None, None, None)
            self.waiting.clear()
        else:
            opened.__exit__(None, None, None)
        if run is self.holder:
            self.all_is_written()
            self.holder = None

    @rule(seconds=st.sampled_from([1, 10, 59, 60, 61, 300]))
    def time_passes(self, seconds: int) -> None:
        self.clock.pass_by(timedelta(seconds=seconds))

    @precondition(lambda self: self.runs)
    @rule(data=st.data(), name=st.sampled_from(JOBS), phase=st.sampled_from(Phase))
    def write_a_step(self, data: st.DataObject, name: JobId, phase: Phase) -> None:
        _, run = data.draw(st.sampled_from(self.runs))
        before = self.last_of(name)
        if run is not self.holder or not self.is_held:
            with pytest.raises(LockedByAnotherRun):
                step(run, name, phase)
        elif phase not in FOLLOWS[before]:
            with pytest.raises(LedgerError, match="may not follow"):
                step(run, name, phase)
        else:
            step(run, name, phase)
            self.all_is_written()
            self.phases[name].append(phase)

    @precondition(lambda self: self.is_held)
    @rule(name=st.sampled_from(JOBS), phase=st.sampled_from([Phase.ARCHIVED, Phase.CLEANED]))
    def tell_a_step_that_waits(self, name: JobId, phase: Phase) -> None:
        if phase in FOLLOWS[self.last_of(name)]:
            assert self.holder is not None
            step(self.holder, name, phase, waits=True)
            self.waiting.append((name, phase))

    def last_of(self, name: JobId) -> Phase | None:
        told = [*self.phases[name], *(phase for each, phase in self.waiting if each == name)]
        return told[-1] if told else None

    def all_is_written(self) -> None:
        for name, phase in self.waiting:
            self.phases[name].append(phase)
        self.waiting.clear()

    @precondition(lambda self: self.is_held)
    @rule(listed=st.lists(st.sampled_from(JOBS), unique=True, min_size=1))
    def observe(self, listed: list[JobId]) -> None:
        assert self.holder is not None
        self.holder.record_observation(inventory(*(job(each) for each in listed), at=self.clock.now()))
        self.all_is_written()
        self.seen += [each for each in reversed(listed) if each not in self.seen]

    @invariant()
    def a_reader_sees_what_was_written_and_nothing_else(self) -> None:
        if not hasattr(self, "database"):
            return
        reader = reader_at(self.database)
        last = {name: phases[-1] for name, phases in self.phases.items() if phases}
        assert {name: entry.phase for name, entry in fold(reader.entries()).items()} == last
        known = reader.view().jobs
        assert sorted(known, key=lambda each: known[each].sequence) == self.seen
        archived = {each.job_id for each in reader.receipts()}
        assert archived == {name for name, phases in self.phases.items() if Phase.ARCHIVED in phases}

    @invariant()
    def the_audit_holds_and_covers_every_clean(self) -> None:
        if hasattr(self, "database"):
            cleans = sum(phases.count(Phase.CLEANED) for phases in self.phases.values())
            assert check_audit(reader_at(self.database)).cleans == cleans


def step(run: SqlRun, name: JobId, phase: Phase, *, waits: bool = False) -> None:
    match phase:
        case Phase.ARCHIVED:
            run.record_archived(proof(name), waits=waits)
        case Phase.CLEANED:
            run.record_cleaned(name, FINGERPRINT, "cleaned now", waits=waits)
        case _:
            run.append(name, phase, FINGERPRINT)


TestLedger = LedgerMachine.TestCase
# A step costs a hundred times what an example of a law does.
TestLedger.settings = settings(max_examples=max(5, settings().max_examples // 10), stateful_step_count=30)


@pytest.mark.deep
def test_the_same_in_postgresql(postgres: PostgresServer) -> None:
    class InPostgres(LedgerMachine):
        pass

    InPostgres.postgres = postgres
    # A step costs there several times what it does in a file.
    fewer = settings(max_examples=max(3, settings().max_examples // 50), stateful_step_count=20)
    run_state_machine_as_test(InPostgres, settings=fewer)
