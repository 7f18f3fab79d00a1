"""`clean.max_bytes` from the list to the last clean: over the run and over resumed ones, and never guessed (I7)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler import wiring
from reconciler.core.desired import DesiredState, Keep, RetainRule
from reconciler.core.plan import Plan
from reconciler.core.selectors import EveryJob
from reconciler.desired.reader import parse_desired
from reconciler.engine.applying import apply_plan
from reconciler.engine.outcome import Outcome, RunReport
from reconciler.engine.planning import make_plan
from reconciler.engine.refreshing import refresh
from reconciler.engine.stopping import UNSTOPPABLE
from reconciler.errors import GuardRefused
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.listening import Listening
from tests.support.workplace import Workplace

A, B = job_id(1), job_id(2)
LARGE = 200_000


class Limited:
    """A user whose file allows so many bytes a run."""

    def __init__(self, workplace: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, text in workplace.environ.items():
            monkeypatch.setenv(name, text)
        self.rules: tuple[RetainRule, ...] = ()
        self.file = workplace.write_desired("keep-me")
        self.settings = wiring.Settings(file=self.file, calls_per_second=1000, patience_s=0)

    def desired(self, max_bytes: int | None) -> DesiredState:
        state = parse_desired(self.file.read_bytes(), str(self.file))
        limited = replace(state, limits=replace(state.limits, max_bytes=max_bytes))
        return replace(limited, retain=self.rules) if self.rules else limited

    def plan(self, max_bytes: int | None) -> Plan:
        with wiring.read_parts(self.settings) as parts:
            return make_plan(
                self.desired(max_bytes),
                parts.reader,
                parts.ledger,
                parts.clock,
                Listening(),
                valid_for=timedelta(days=1),
                tool_version="0",
                evidence=parts.evidence,
            )

    def apply(self, plan: Plan, max_bytes: int | None) -> RunReport:
        desired = self.desired(max_bytes)
        with wiring.apply_means(self.settings, desired, Listening(), UNSTOPPABLE) as means:
            return apply_plan(means, desired, plan, tool_version="0")


@pytest.fixture
def limited(workplace: Workplace, monkeypatch: pytest.MonkeyPatch) -> Limited:
    return Limited(workplace, monkeypatch)


def put(emulator: EmulatorProcess, job: str, size: int = LARGE) -> None:
    data = {"status": "completed", "videoURL": f"asset:VIDEO/{job}.mp4"}
    emulator.put_job(job, data, sizes={f"VIDEO/{job}.mp4": size})


def total(emulator: EmulatorProcess) -> int:
    return sum(file["size"] for job in emulator.truth().values() for file in job["files"].values())


def test_what_fits_the_limit_exactly_is_cleaned(limited: Limited, emulator: EmulatorProcess) -> None:
    for job in (A, B):
        put(emulator, job)
    plan = limited.plan(total(emulator))
    assert [change.size for change in plan.changes] == [total(emulator) // 2] * 2
    assert plan.applyable
    assert not limited.plan(total(emulator) - 1).applyable
    assert limited.apply(plan, total(emulator)).exit_code == 0
    assert emulator.cleaned() == {A, B}


def test_a_plan_measures_with_head_alone(limited: Limited, emulator: EmulatorProcess) -> None:  # I6
    put(emulator, A)
    emulator.forget_requests()
    assert limited.plan(LARGE * 9).changes[0].size
    assert [each["method"] for each in emulator.requests() if each["route"] == "asset"] == ["HEAD"]
    assert emulator.writes() == []


def test_a_resumed_run_counts_what_the_first_one_did(limited: Limited, emulator: EmulatorProcess) -> None:  # I7
    for job in (A, B):
        put(emulator, job)
    limit = total(emulator)
    plan = limited.plan(limit)
    emulator.fault("asset", "ok 404*2", match=B)  # measured, and not to be had
    report = limited.apply(plan, limit)
    assert [result.outcome for result in report.results] == [Outcome.CLEANED, Outcome.FAILED]
    emulator.clear_faults()
    put(emulator, B, LARGE + 1_000)
    with pytest.raises(GuardRefused) as refused:
        limited.apply(plan, limit)
    assert "clean.max_bytes allows" in refused.value.message
    assert emulator.cleaned() == {A}


def test_an_apply_that_cannot_measure_is_refused_whole(limited: Limited, emulator: EmulatorProcess) -> None:  # I4
    for job in (A, B):
        put(emulator, job)
    limit = total(emulator)
    plan = limited.plan(limit)
    emulator.fault("asset", "503*", match=A)
    with pytest.raises(GuardRefused, match="1 of the 2 jobs that would be archived or cleaned have no known size"):
        limited.apply(plan, limit)
    assert emulator.writes() == []


@pytest.mark.parametrize("word", ["html", "reset", "no-length", "404"])
def test_a_plan_over_what_cannot_be_measured_is_shown_and_refused(
    limited: Limited, emulator: EmulatorProcess, word: str
) -> None:  # I4
    put(emulator, A)
    emulator.fault("asset", f"{word}*")
    plan = limited.plan(10**15)
    assert [each.guard for each in plan.violations] == ["clean.max_bytes"]
    assert [(change.job_id, change.size) for change in plan.changes] == [(A, None)]


# -- a rule that keeps so many bytes


@pytest.mark.parametrize("is_thin", [False, True])
def test_the_newest_bytes_stay_and_the_others_go(limited: Limited, emulator: EmulatorProcess, is_thin: bool) -> None:
    for job in (A, B):
        put(emulator, job)
    emulator.switch(list_is_thin=is_thin)
    limited.rules = (RetainRule(name="newest", selector=EveryJob(), keep=Keep(size=LARGE // 2)),)
    plan = limited.plan(None)
    assert [change.job_id for change in plan.changes] == [A]
    report = limited.apply(plan, None)
    assert [(result.job_id, result.outcome) for result in report.results] == [(A, Outcome.CLEANED)]
    assert emulator.cleaned() == {A}


def test_a_host_that_tells_nothing_lets_nothing_go(limited: Limited, emulator: EmulatorProcess) -> None:  # I4
    for job in (A, B):
        put(emulator, job)
    limited.rules = (RetainRule(name="newest", selector=EveryJob(), keep=Keep(size=LARGE // 2)),)
    plan = limited.plan(None)
    emulator.fault("asset", "403*", match=A)
    (result,) = limited.apply(plan, None).results
    assert result.outcome is Outcome.SKIPPED
    assert "its size" in result.detail
    assert emulator.writes() == []


def test_a_refresh_measures_what_a_rule_weighs_as_a_plan_does(limited: Limited, emulator: EmulatorProcess) -> None:
    put(emulator, A)
    limited.rules = (RetainRule(name="newest", selector=EveryJob(), keep=Keep(size=1)),)
    with wiring.write_parts(limited.settings, Listening(), UNSTOPPABLE) as parts:
        refresh(limited.desired(None), parts.reader, parts.ledger, parts.clock, parts.key, parts.evidence)
    assert [each["method"] for each in emulator.requests() if each["route"] == "asset"] == ["HEAD"]
