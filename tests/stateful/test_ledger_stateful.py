"""The ledger against a model of it: whatever order runs, crashes and time come in (I3, I8, I10)."""

import tempfile
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from reconciler.core.job import JobId
from reconciler.core.steps import FOLLOWS, Phase, fold
from reconciler.errors import LedgerError, LockedByAnotherRun
from reconciler.ledger.audit_check import check_audit
from reconciler.ledger.run import SqlRun
from tests.support.ledger_values import FINGERPRINT, HandMadeClock, ledger_at, proof, reader_at
from tests.support.values import inventory, job

JOBS = [JobId(name) for name in "abc"]
LEASE = timedelta(seconds=60)


class LedgerMachine(RuleBasedStateMachine):
    """Two hands on one ledger: the one that holds the lease writes, the other is refused."""

    @initialize()
    def start(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "ledger.db"
        self.clock = HandMadeClock()
        self.ledger = ledger_at(self.path, self.clock)
        self.runs: list[tuple[AbstractContextManager[SqlRun], SqlRun]] = []
        self.holder: SqlRun | None = None
        self.lease_ends = self.clock.now()
        self.phases: dict[JobId, list[Phase]] = {each: [] for each in JOBS}
        self.seen: list[JobId] = []

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            for opened, _ in self.runs:
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
        self.holder = opened.__enter__()
        self.lease_ends = self.clock.now() + LEASE
        self.runs.append((opened, self.holder))

    @precondition(lambda self: self.runs)
    @rule(data=st.data())
    def end_a_run(self, data: st.DataObject) -> None:
        opened, run = self.runs.pop(data.draw(st.integers(0, len(self.runs) - 1)))
        opened.__exit__(None, None, None)
        if run is self.holder:
            self.holder = None

    @rule(seconds=st.sampled_from([1, 10, 59, 60, 61, 300]))
    def time_passes(self, seconds: int) -> None:
        self.clock.pass_by(timedelta(seconds=seconds))

    @precondition(lambda self: self.runs)
    @rule(data=st.data(), name=st.sampled_from(JOBS), phase=st.sampled_from(Phase))
    def write_a_step(self, data: st.DataObject, name: JobId, phase: Phase) -> None:
        _, run = data.draw(st.sampled_from(self.runs))
        before = self.phases[name][-1] if self.phases[name] else None
        if run is not self.holder or not self.is_held:
            with pytest.raises(LockedByAnotherRun):
                step(run, name, phase)
        elif phase not in FOLLOWS[before]:
            with pytest.raises(LedgerError, match="may not follow"):
                step(run, name, phase)
        else:
            step(run, name, phase)
            self.phases[name].append(phase)

    @precondition(lambda self: self.is_held)
    @rule(listed=st.lists(st.sampled_from(JOBS), unique=True, min_size=1))
    def observe(self, listed: list[JobId]) -> None:
        assert self.holder is not None
        self.holder.record_observation(inventory(*(job(each) for each in listed), at=self.clock.now()))
        self.seen += [each for each in reversed(listed) if each not in self.seen]

    @invariant()
    def a_reader_sees_what_was_written_and_nothing_else(self) -> None:
        if not hasattr(self, "path"):
            return
        reader = reader_at(self.path)
        last = {name: phases[-1] for name, phases in self.phases.items() if phases}
        assert {name: entry.phase for name, entry in fold(reader.entries()).items()} == last
        known = reader.view().jobs
        assert sorted(known, key=lambda each: known[each].sequence) == self.seen
        archived = {each.job_id for each in reader.receipts()}
        assert archived == {name for name, phases in self.phases.items() if Phase.ARCHIVED in phases}

    @invariant()
    def the_audit_holds_and_covers_every_clean(self) -> None:
        if hasattr(self, "path"):
            cleans = sum(phases.count(Phase.CLEANED) for phases in self.phases.values())
            assert check_audit(reader_at(self.path)).cleans == cleans


def step(run: SqlRun, name: JobId, phase: Phase) -> None:
    match phase:
        case Phase.ARCHIVED:
            run.record_archived(proof(name))
        case Phase.CLEANED:
            run.record_cleaned(name, FINGERPRINT, "cleaned now")
        case _:
            run.append(name, phase, FINGERPRINT)


TestLedger = LedgerMachine.TestCase
# A step costs a hundred times what an example of a law does.
TestLedger.settings = settings(max_examples=max(5, settings().max_examples // 10), stateful_step_count=30)
