"""Holds against a model of them: rules that come and go, clocks that step, jobs that are listed or not (I13, I14)."""

import tempfile
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from reconciler.core.job import JobId
from reconciler.core.recording import to_record
from reconciler.core.retention import decide
from reconciler.engine.observe import CLOCKS_DIFFER_AT_MOST
from reconciler.ledger.audit_check import check_audit
from tests.support.ledger_values import HandMadeClock, ledger_at, reader_at
from tests.support.values import by_id, desired, inventory, job

JOBS = [JobId(name) for name in "ab"]
DAY = timedelta(days=1)
DELAY = 3 * DAY
SOME = st.frozensets(st.sampled_from(JOBS))


class ProtectionMachine(RuleBasedStateMachine):
    """Recorded runs, each with the rules and the list of the day.

    The model knows true time: per held job, the moments of the runs that found it listed and by no rule kept.  The
    service tells it as well, so a run whose clock is further off than that allows is refused before it records anything
    (engine.observe; tests/faults/test_clock.py): a clock that stood still for three days looks like no time at all.
    """

    @initialize()
    def start(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "ledger.db"
        self.true_time = HandMadeClock()
        self.clock = HandMadeClock()
        self.has_stepped = False
        self.unkept: dict[JobId, list[datetime]] = {}
        self.seen: set[JobId] = set()
        self._record(frozenset(JOBS), frozenset(JOBS))

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.folder.cleanup()

    @rule(span=st.sampled_from([timedelta(hours=1), DAY, DELAY - timedelta(seconds=1), DELAY, 30 * DAY]))
    def time_passes(self, span: timedelta) -> None:
        self.true_time.pass_by(span)
        self.clock.pass_by(span)

    @rule(back=st.sampled_from([timedelta(seconds=1), timedelta(minutes=7), DAY, DELAY, 400 * DAY]))
    def the_clock_is_set_back(self, back: timedelta) -> None:
        self.clock.pass_by(-back)
        self.has_stepped = True

    @rule()
    def the_clock_is_set_right(self) -> None:
        self.clock.moment = self.true_time.now()

    @rule(protected=SOME, listed=SOME | st.just(frozenset(JOBS)))
    def a_run_is_recorded(self, protected: frozenset[JobId], listed: frozenset[JobId]) -> None:
        self._record(protected, listed)

    @rule()
    def a_run_is_recorded_without_the_rule(self) -> None:
        self._record(frozenset(), frozenset(JOBS))

    def _record(self, protected: frozenset[JobId], listed: frozenset[JobId]) -> None:
        rules = (replace(by_id(*protected, name="legal"), protect=True),) if protected else (by_id("none"),)
        state = replace(desired(*rules, min_age=timedelta(0)), release_delay=DELAY)
        ledger = ledger_at(self.path, self.clock)
        before = ledger.view()
        now = self.clock.now()
        if abs(now - self.true_time.now()) > CLOCKS_DIFFER_AT_MOST:
            return
        with ledger.open_run("refresh", "acme") as run:
            seen = inventory(*(job(each) for each in sorted(listed)), at=now)
            run.record_observation(seen)
            memory = replace(ledger.view(), last_observed=before.last_observed)
            run.record_decision(to_record(state, decide(state, seen, memory, now), memory, now))
        self.seen |= listed
        self._expect(protected, listed)

    def _expect(self, protected: frozenset[JobId], listed: frozenset[JobId]) -> None:
        for each in self.seen:
            if each in protected and (each in listed or each in self.unkept):
                self.unkept[each] = []
            elif each in listed and each in self.unkept:
                self.unkept[each].append(self.true_time.now())
        held = self._held()
        for each in set(self.unkept) - held:
            runs = self.unkept.pop(each)
            assert len(runs) >= 2, "lifted in one run"
            assert runs[-1] - runs[0] >= DELAY - CLOCKS_DIFFER_AT_MOST, "lifted before the delay was over"
        if not self.has_stepped:
            for runs in self.unkept.values():
                assert not runs or runs[-1] - runs[0] < DELAY, "not lifted when the delay was over"

    def _held(self) -> set[JobId]:
        return {each for each, known in reader_at(self.path).view().jobs.items() if known.holds}

    @invariant()
    def what_is_held_is_what_the_model_holds(self) -> None:
        if hasattr(self, "path"):
            assert self._held() == set(self.unkept)
            check_audit(reader_at(self.path))


TestProtection = ProtectionMachine.TestCase
# A step costs a hundred times what an example of a law does.
TestProtection.settings = settings(max_examples=max(8, settings().max_examples // 20), stateful_step_count=25)
