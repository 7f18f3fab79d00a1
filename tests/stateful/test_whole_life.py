"""A whole life of an account: whatever comes in whatever order, what was cleaned lies in the archive, and was approved.

Jobs appear, change, are cleaned by others; the file is edited; time passes; plans are made and applied, two at once,
on days on which the service or an asset host fails, and any run ends anywhere, alone or with the power.  Every command
is the real one in a real process (tests.support.preloaded) against the emulator.
"""

import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
import requests
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.crash_points import ENDED_HERE, End, Power
from tests.support.depth import IS_NIGHT
from tests.support.emulator import EmulatorProcess
from tests.support.kept import check_kept, cleans_recorded
from tests.support.preloaded import Preloaded
from tests.support.promise import a_minute_passes
from tests.support.telling import Tell
from tests.support.workplace import Ended, Workplace

NUMBERS = st.integers(1, 12)
BAD_DAYS = (
    *(("clean", word) for word in ("reset", "reset-after-commit", "503", "503-after-commit", "refuse", "gone", "html")),
    *(("get", word) for word in ("reset", "changed", "other-id", "in-progress", "not-found-5000", "html")),
    *(("list", word) for word in ("cursor-repeat", "no-items", "repeat-items", "no-id", "cut")),
    *(("asset", word) for word in ("404", "cut", "flip", "html", "zero", "reset-midway")),
)


class WholeLife(RuleBasedStateMachine):
    """The model knows who cleaned what, and what the plan at hand approves."""

    emulator: ClassVar[EmulatorProcess]
    commands: ClassVar[Preloaded]
    beside: ClassVar[Preloaded]
    seen: ClassVar[Counter[str]]

    @initialize()
    def start(self) -> None:
        self.folder = tempfile.TemporaryDirectory(dir=memory())
        place = Path(self.folder.name) / "work"
        place.mkdir()
        self.emulator.reset(date_follows_clock=True)
        self.workplace = Workplace(place, {**self.emulator.environ, "RECONCILER_PATIENCE": "0"})
        self.ahead_s = 0
        self.version: Counter[int] = Counter()
        self.by_others: set[str] = set()
        self.ours: set[str] = set()
        self.kept: frozenset[int] = frozenset()
        self.approved: set[str] = set()
        self.workplace.write_desired("keep-me")
        for number in range(1, 5):
            self.a_job_appears_or_changes(number, is_failed=number == 4)
        self.a_plan_is_made_and_approved()

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.folder.cleanup()

    # -- the account

    @rule(number=NUMBERS, is_failed=st.booleans())
    def a_job_appears_or_changes(self, number: int, is_failed: bool) -> None:
        job = job_id(number)
        if job in self.ours | self.by_others:
            return
        self.version[number] += 1
        url = f"asset:images/{self.version[number]}.png"
        body = bodies.failed() if is_failed else {**bodies.image(), "url": url}
        self.emulator.put_job(job, body)

    @rule(number=NUMBERS)
    def somebody_else_cleans_a_job(self, number: int) -> None:
        job = job_id(number)
        if job in self.emulator.truth() and job not in self.ours:
            address = f"{self.emulator.api}/v1/jobs/{job}/clean"
            requests.delete(address, headers={"Authorization": self.emulator.key}, timeout=30).raise_for_status()
            self.by_others.add(job)

    @rule(seconds=st.sampled_from([1, 61, 3600, 5 * 86400]))
    def time_passes(self, seconds: int) -> None:
        self.ahead_s += seconds
        self.emulator.clock(advance_s=seconds)
        if seconds > 60:
            a_minute_passes(self.workplace)

    @rule(kept=st.frozensets(NUMBERS, max_size=3))
    def the_file_is_edited(self, kept: frozenset[int]) -> None:
        self.kept = kept
        self.workplace.write_desired("keep-me", *(job_id(number) for number in sorted(kept)))

    @rule(day=st.sampled_from(BAD_DAYS), times=st.integers(1, 2))
    def a_bad_day_begins(self, day: tuple[str, str], times: int) -> None:
        self.emulator.fault(day[0], f"{day[1]}*{times}")

    @rule()
    def a_bad_day_ends(self) -> None:
        self.emulator.clear_faults()

    # -- the commands

    @rule()
    def a_plan_is_made_and_approved(self) -> None:
        ended = self.commands.run(self.workplace, "plan", "--out", "plan.json", ahead_s=self.ahead_s)
        self.seen[f"plan {ended.code}"] += 1
        if ended.code == 0:
            changes = self.workplace.saved_plan()["changes"]
            self.approved = {change["job"] for change in changes if "clean" in change["action"]}

    @rule(number=NUMBERS, turn=st.integers(20, 140), power=st.sampled_from(Power), seed=st.integers(0, 9))
    def a_new_job_is_planned_and_its_apply_ends_early(self, number: int, turn: int, power: Power, seed: int) -> None:
        self.a_job_appears_or_changes(number, is_failed=False)
        self.a_plan_is_made_and_approved()
        self.it_is_applied_and_ends_early(turn, power, seed)

    @precondition(lambda self: (self.workplace.folder / "plan.json").exists())
    @rule()
    def it_is_applied(self) -> None:
        self._told("apply", self.commands.run(self.workplace, "apply", "plan.json", ahead_s=self.ahead_s))

    @precondition(lambda self: (self.workplace.folder / "plan.json").exists())
    @rule(turn=st.integers(1, 200), power=st.sampled_from(Power), seed=st.integers(0, 9))
    def it_is_applied_and_ends_early(self, turn: int, power: Power, seed: int) -> None:
        end = End(label="", turn=turn, power=power, seed=seed)
        ended = self.commands.run(self.workplace, "apply", "plan.json", end=end, ahead_s=self.ahead_s)
        self._told("apply", ended)
        if seed > 1:  # else the next run finds the lease of the dead one
            self.time_passes(61)

    @precondition(lambda self: (self.workplace.folder / "plan.json").exists())
    @rule()
    def it_is_applied_twice_at_once(self) -> None:
        self.beside.begin(self.workplace, "apply", "plan.json", ahead_s=self.ahead_s)
        ended = self.commands.run(self.workplace, "apply", "plan.json", ahead_s=self.ahead_s)
        self._told("apply at once", ended)
        self._told("apply at once", self.beside.ended())

    @rule(verb=st.sampled_from([("refresh",), ("archive", "--all"), ("verify", "--repair")]))
    def another_verb_is_run(self, verb: tuple[str, ...]) -> None:
        self._told(verb[0], self.commands.run(self.workplace, *verb, ahead_s=self.ahead_s))

    def _told(self, verb: str, ended: Ended) -> None:
        self.seen[f"{verb} {ended.code}"] += 1
        assert ended.code == ENDED_HERE or "Traceback" not in ended.err, ended.err
        sent = Counter(re.findall(r"/jobs/([^/]+)/clean", " ".join(each["path"] for each in self.emulator.writes())))
        assert all(count <= 2 for job, count in sent.items() if job not in self.by_others), "a third request (I8)"
        self.emulator.forget_requests()
        cleaned = self.emulator.cleaned() - self.by_others - self.ours
        assert cleaned <= self.approved, f"cleaned, and nobody approved it: {cleaned - self.approved} (I3)"
        assert not cleaned & {job_id(number) for number in self.kept}, "cleaned, and the file keeps it (I3)"
        self.seen["cleaned"] += len(cleaned)
        self.ours |= cleaned

    # -- what holds at all times

    @invariant()
    def what_was_cleaned_is_kept_and_told(self) -> None:
        if hasattr(self, "folder"):
            check_kept(self.workplace, self.emulator, approved=self.ours, others=self.by_others)

    @invariant()
    def the_audit_tells_no_clean_that_was_not(self) -> None:
        if hasattr(self, "folder") and (self.workplace.folder / "state" / "ledger.db").exists():
            assert cleans_recorded(self.workplace) <= len(self.ours | self.by_others)


def memory() -> Path | None:
    """Where a sync costs nothing."""
    place = Path("/", "dev", "shm")
    return place if place.is_dir() else None


@pytest.fixture
def two() -> Iterator[tuple[Preloaded, Preloaded]]:
    with Preloaded() as first, Preloaded() as second:
        yield first, second


@pytest.mark.deep
@pytest.mark.timeout(7200)
def test_a_whole_life(emulator: EmulatorProcess, two: tuple[Preloaded, Preloaded], tell: Tell) -> None:
    """I1, I3, I5, I8, I10."""
    WholeLife.emulator, (WholeLife.commands, WholeLife.beside), WholeLife.seen = emulator, two, Counter()
    runs, steps = (200, 50) if IS_NIGHT else (max(8, settings().max_examples // 20), 30)
    # Each step is a process or two: a life that shows a bug is not worth an hour of making it shorter.
    phases = (Phase.reuse, Phase.generate)
    lives = settings(max_examples=runs, stateful_step_count=steps, phases=phases)
    run_state_machine_as_test(WholeLife, settings=lives)
    tell(
        f"whole lives: {runs} of {steps} steps; "
        + ", ".join(f"{n} {what}" for what, n in sorted(WholeLife.seen.items()))
    )
