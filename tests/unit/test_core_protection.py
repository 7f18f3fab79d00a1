"""Holds of protect rules: deleting text lifts none before its time, and no clock that steps back does (I13, I14)."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from reconciler.core.desired import DesiredState, Keep, RetainRule
from reconciler.core.job import Job, JobId, JobStatus, JobType
from reconciler.core.memory import KnownJob, LedgerHold, LedgerView
from reconciler.core.protection import HoldStep, hold_changes
from reconciler.core.recording import ends_of, to_record
from reconciler.core.retention import decide
from reconciler.core.selectors import NameLike, TypeIn
from reconciler.core.verdicts import Held, HoldCode, Released
from tests.support.values import DAY, NOON, by_id, desired, inventory, job, rule

A = JobId("a")
DELAY = 7 * DAY
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def protecting(*ids: str, name: str = "legal", until: datetime | None = None, reason: str = "LEG-1") -> RetainRule:
    return replace(by_id(*ids, name=name), protect=True, owner="legal", reason=reason, lapses_at=until)


OTHER = by_id("zzz", name="other")


@dataclass
class World:
    """A ledger of values: each recorded run decides, and takes over what is to be recorded, as the real one does."""

    now: datetime = NOON
    view: LedgerView = field(default_factory=lambda: LedgerView(account="acme"))
    steps: list[tuple[str, HoldStep]] = field(default_factory=list)

    def run(self, state: DesiredState, *listed: Job, after: timedelta = timedelta(0)) -> list[HoldStep]:
        self.now += after
        memory = self._observed(listed)
        verdicts = decide(state, inventory(*listed, at=self.now), memory, self.now)
        record = to_record(state, verdicts, memory, self.now)
        known = dict(memory.jobs)
        for change in record.holds:
            holds = {hold.rule: hold for hold in known[change.job_id].holds}
            holds[change.hold.rule] = change.hold
            if change.step in {HoldStep.LIFTED, HoldStep.ENDED}:
                del holds[change.hold.rule]
            known[change.job_id] = structs.replace(known[change.job_id], holds=tuple(holds.values()))
        for wait in record.waits:
            known[wait.job_id] = structs.replace(known[wait.job_id], released_since=wait.since)
        for kept in record.kept:
            known[kept.job_id] = structs.replace(known[kept.job_id], kept_until=kept.until)
        newest = max(self.now, self.view.last_observed or self.now)
        self.view = replace(memory, jobs=known, last_observed=newest)
        self.steps += [(change.job_id, change.step) for change in record.holds]
        return [change.step for change in record.holds]

    def _observed(self, listed: tuple[Job, ...]) -> LedgerView:
        known = dict(self.view.jobs)
        seen = max(self.now, self.view.last_observed or self.now)
        for each in reversed(listed):
            if each.id not in known:
                number = len(known) + 1
                known[each.id] = KnownJob(sequence=number, first_seen=seen, last_seen=seen, left=False, type=each.type)
        return replace(self.view, jobs=known)

    @property
    def holds(self) -> tuple[LedgerHold, ...]:
        return self.view.jobs[A].holds

    @property
    def until(self) -> datetime | None:
        (hold,) = self.holds
        return hold.until

    def is_protected(self, state: DesiredState, *listed: Job) -> bool:
        (verdict, *_) = decide(state, inventory(*listed, at=self.now), self.view, self.now)
        return isinstance(verdict, Held) and HoldCode.PROTECTED in {hold.code for hold in verdict.holds}


def state(*rules: RetainRule, grace: timedelta = timedelta(0)) -> DesiredState:
    return replace(desired(*rules, min_age=timedelta(0)), grace=grace, release_delay=DELAY)


@pytest.fixture
def world() -> World:
    return World()


def test_a_recorded_run_writes_a_hold_for_each_job_and_rule_and_a_second_one_changes_nothing(world: World) -> None:
    both = state(protecting("a", "b"), protecting("a", name="press"))
    assert world.run(both, job("b"), job("a")) == [HoldStep.SET] * 3
    assert [(hold.rule, hold.owner, hold.reason, hold.set_at) for hold in world.holds] == [
        ("legal", "legal", "LEG-1", NOON),
        ("press", "legal", "LEG-1", NOON),
    ]
    assert world.run(both, job("b"), job("a"), after=DAY) == []


def test_a_deleted_rule_lifts_after_two_runs_a_delay_apart_to_the_second(world: World) -> None:  # I13
    world.run(state(protecting("a")), job())
    gone = state(OTHER)
    assert world.is_protected(gone, job())
    assert world.run(gone, job(), after=30 * DAY) == [HoldStep.UNKEPT], "one run lifts nothing, however late it comes"
    assert world.run(gone, job(), after=DELAY - SECOND) == []
    assert world.is_protected(gone, job())
    assert world.run(gone, job(), after=SECOND) == [HoldStep.LIFTED]
    assert not world.is_protected(gone, job())


def test_without_a_delay_two_runs_are_needed_all_the_same(world: World) -> None:  # I13
    world.run(state(protecting("a")), job())
    gone = replace(state(OTHER), release_delay=timedelta(0))
    assert world.run(gone, job()) == [HoldStep.UNKEPT]
    assert world.run(gone, job()) == [HoldStep.LIFTED]


def test_a_rule_that_comes_back_starts_the_delay_anew(world: World) -> None:  # I13
    world.run(state(protecting("a")), job())
    world.run(state(OTHER), job(), after=DAY)
    assert world.run(state(protecting("a")), job(), after=6 * DAY) == [HoldStep.CHANGED]
    assert world.holds[0].unkept_since is None
    assert world.run(state(OTHER), job(), after=DAY) == [HoldStep.UNKEPT]


def test_a_renamed_rule_keeps_the_earlier_hold_too(world: World) -> None:  # I13
    world.run(state(protecting("a")), job())
    assert world.run(state(protecting("a", name="renamed")), job(), after=DAY) == [HoldStep.SET]
    assert [hold.unkept_since for hold in world.holds] == [None, None]


def test_a_rule_that_protects_no_more_counts_as_deleted(world: World) -> None:  # I13
    world.run(state(protecting("a")), job())
    assert world.run(state(by_id("a", name="legal")), job(), after=DAY) == [HoldStep.UNKEPT]


def test_the_hold_of_another_rule_stays_while_any_rule_keeps_the_job_and_ends_with_its_own_until(world: World) -> None:
    world.run(state(protecting("a"), protecting("a", name="press", until=NOON + 3 * DAY)), job())
    only_legal = state(protecting("a"))
    assert world.run(only_legal, job(), after=2 * DAY) == []
    assert [hold.rule for hold in world.holds] == ["legal", "press"]
    world.steps.clear()
    assert world.run(only_legal, job(), after=DAY) == [HoldStep.ENDED]
    assert world.steps == [("a", HoldStep.ENDED)]
    assert [hold.rule for hold in world.holds] == ["legal"]


def test_a_hold_that_was_to_be_lifted_is_not_once_another_rule_keeps_the_job(world: World) -> None:  # I13
    world.run(state(protecting("a")), job())
    assert world.run(state(OTHER), job(), after=DAY) == [HoldStep.UNKEPT]
    assert world.run(state(protecting("a", name="press")), job(), after=DAY) == [HoldStep.SET, HoldStep.CHANGED]
    assert [(hold.rule, hold.unkept_since) for hold in world.holds] == [("legal", None), ("press", None)]


def test_one_run_tells_of_all_jobs_listed_or_not_and_of_protecting_rules_alone(world: World) -> None:
    world.run(state(protecting("a", until=NOON + DAY)), job("a"))
    world.steps.clear()
    plain = by_id("b", name="plain")
    world.run(state(protecting("b", name="press"), plain), job("b"), after=DAY)
    assert world.steps == [("b", HoldStep.SET), ("a", HoldStep.ENDED)]
    assert [hold.rule for hold in world.view.jobs[JobId("b")].holds] == ["press"]


def test_of_two_rules_of_one_name_the_end_is_that_of_the_longer() -> None:
    def ends(*until: datetime | None) -> datetime | None:
        found = ends_of([replace(by_id("a", name="same"), lapses_at=each) for each in until])
        assert set(found) == {"same"}
        return found["same"]

    assert ends(NOON) == NOON
    assert ends(NOON, NOON + DAY) == ends(NOON + DAY, NOON) == NOON + DAY
    assert ends(None, NOON) is ends(NOON, None) is ends(None) is None


def test_another_owner_or_reason_is_recorded(world: World) -> None:
    world.run(state(protecting("a")), job())
    moved = replace(protecting("a", reason="LEG-2"), owner="press")
    assert world.run(state(moved), job(), after=DAY) == [HoldStep.CHANGED]
    (hold,) = world.holds
    assert (hold.owner, hold.reason, hold.set_at) == ("press", "LEG-2", NOON)


def test_until_ends_a_hold_at_its_very_instant(world: World) -> None:
    lapse = NOON + 3 * DAY
    world.run(state(protecting("a", until=lapse)), job())
    assert world.holds[0].until == lapse
    gone = state(OTHER)
    assert world.run(gone, job(), after=3 * DAY - SECOND) == [HoldStep.UNKEPT]
    assert world.run(gone, job(), after=SECOND) == [HoldStep.ENDED]
    assert not world.holds


def test_until_ends_the_hold_of_a_job_that_is_not_listed(world: World) -> None:
    world.run(state(protecting("a", until=NOON + DAY)), job())
    assert world.run(state(OTHER), after=DAY) == [HoldStep.ENDED]


def test_a_later_until_counts_at_once_and_an_earlier_one_no_sooner_than_deleting_would(world: World) -> None:  # I13
    world.run(state(protecting("a", until=NOON + 100 * DAY)), job())
    world.run(state(protecting("a", until=NOON + 200 * DAY)), job())
    assert world.until == NOON + 200 * DAY
    world.run(state(protecting("a", until=NOON + DAY)), job())
    assert world.until == NOON + DELAY
    world.run(state(protecting("a", until=NOON + DAY)), job(), after=HOUR)
    assert world.until == NOON + DELAY, "and no later at each run"
    world.run(state(protecting("a")), job())
    assert [hold.until for hold in world.holds] == [None]
    world.run(state(protecting("a", until=NOON + DAY)), job())
    assert world.until == NOON + HOUR + DELAY


# -- what cannot be told counts as kept (I4)

NAMED = replace(rule(NameLike(("keep-*",)), "legal"), protect=True, owner="legal", reason="LEG-1")


def named(name: str = "keep-me") -> Job:
    return replace(job(), name=name)


def test_a_name_that_is_not_shown_lifts_nothing(world: World) -> None:  # I4, I13
    assert world.run(state(NAMED), named()) == [HoldStep.SET]
    for _ in range(3):
        assert world.run(state(NAMED), named(""), after=DELAY) == []


def test_nor_where_another_rule_keeps_the_job_for_certain(world: World) -> None:  # I4, I13
    world.run(state(NAMED), named())
    both = state(NAMED, by_id("a", name="also"))
    for _ in range(3):
        assert world.run(both, named(""), after=DELAY) == []


def test_a_name_that_is_another_one_does(world: World) -> None:
    world.run(state(NAMED), named())
    assert world.run(state(NAMED), named("other"), after=DAY) == [HoldStep.UNKEPT]


def test_out_of_scope_a_job_that_the_rule_still_names_stays_protected(world: World) -> None:  # I13
    world.run(state(protecting("a")), job())
    previews = replace(state(protecting("a")), scope=replace(desired().scope, types=frozenset({JobType.PREVIEW})))
    for _ in range(3):
        assert world.run(previews, job(), after=DELAY) == []
    assert world.run(replace(previews, retain=(OTHER,)), job(), after=DELAY) == [HoldStep.UNKEPT]


def test_a_body_that_contradicts_itself_begins_nothing_and_ends_nothing(world: World) -> None:  # I4, I13
    world.run(state(protecting("a")), job())
    odd = job(contradictions=("its ids disagree",))
    assert world.run(state(OTHER), odd, after=DAY) == []
    world.run(state(OTHER), job())
    assert world.run(state(OTHER), odd, after=30 * DAY) == []


def test_a_job_that_is_not_listed_is_neither_let_go_nor_forgotten(world: World) -> None:  # I13
    world.run(state(protecting("a")), job())
    assert world.run(state(OTHER), job(), after=DAY) == [HoldStep.UNKEPT]
    assert world.run(state(OTHER), after=30 * DAY) == []
    assert world.run(state(protecting("a")), after=DAY) == [HoldStep.CHANGED], "the rule is back, the job is not"
    assert world.run(state(OTHER), job(), after=DAY) == [HoldStep.UNKEPT]


def test_a_count_that_no_longer_keeps_a_job_is_a_certain_no(world: World) -> None:
    newest = replace(rule(TypeIn(frozenset({JobType.RENDER})), "newest"), protect=True, keep=Keep(last=1))
    assert world.run(state(newest), job()) == [HoldStep.SET]
    assert world.run(state(newest), job("b"), job(), after=DAY) == [HoldStep.SET, HoldStep.UNKEPT]


def test_two_rules_of_one_name_protect_as_long_as_the_longer() -> None:
    brief = protecting("a", until=NOON + DAY)
    for rules in ((brief, protecting("a")), (protecting("a"), brief)):
        fresh = World()
        fresh.run(state(*rules), job())
        assert [hold.until for hold in fresh.holds] == [None]


# -- clocks


def test_a_clock_set_back_lifts_nothing_and_shortens_no_delay(world: World) -> None:  # I14
    world.run(state(protecting("a")), job())
    gone = state(OTHER)
    # Seen first at a time yet to come, the job is contradictory: nothing begins, nothing ends.
    assert world.run(gone, job(), after=-400 * DAY) == []
    assert world.run(gone, job(), after=400 * DAY) == [HoldStep.UNKEPT]
    assert world.holds[0].unkept_since == NOON
    assert world.run(gone, job(), after=DELAY - SECOND) == []
    assert world.run(gone, job(), after=SECOND) == [HoldStep.LIFTED]


def test_a_clock_set_back_ends_no_until(world: World) -> None:  # I14
    world.run(state(protecting("a", until=NOON + DAY)), job())
    assert world.run(state(OTHER), job(), after=-400 * DAY) == []
    assert [hold.until for hold in world.holds] == [NOON + DAY]


def test_waiting_begins_at_the_newest_time_recorded(world: World) -> None:  # I14
    kept, free = state(by_id("a"), grace=3 * DAY), state(OTHER, grace=3 * DAY)
    world.run(kept, job())
    world.run(kept, job(), after=10 * DAY)
    world.run(free, job(), after=-5 * DAY)
    assert world.view.jobs[A].released_since == NOON + 10 * DAY, "or the wait would be over when the clock is right"


# -- waiting


def since(world: World) -> datetime | None:
    return world.view.jobs[A].released_since


def test_waiting_is_recorded_once_and_ends_with_its_cause(world: World) -> None:
    kept, free = state(by_id("a"), grace=3 * DAY), state(OTHER, grace=3 * DAY)
    world.run(kept, job())
    assert since(world) is None
    world.run(free, job(), after=DAY)
    world.run(free, job(), after=DAY)
    assert since(world) == NOON + DAY
    world.run(kept, job(), after=HOUR)
    assert since(world) is None
    world.run(free, job(), after=HOUR)
    assert since(world) == NOON + 2 * DAY + 2 * HOUR


def test_a_job_that_was_away_begins_to_wait_anew(world: World) -> None:
    free = state(OTHER, grace=3 * DAY)
    world.run(free, job())
    world.run(free, after=DAY)
    assert since(world) is None


def test_a_job_that_is_away_has_no_end_of_keeping_recorded_any_more(world: World) -> None:
    lapsing = state(replace(by_id("a", name="launch"), lapses_at=NOON + 9 * DAY))
    world.run(lapsing, job("b"), job("a"))
    assert {each: known.kept_until for each, known in world.view.jobs.items()} == {"a": NOON + 9 * DAY, "b": None}
    world.run(lapsing, job("b"), after=DAY)
    record = to_record(lapsing, (), world.view, world.now)
    assert {each: known.kept_until for each, known in world.view.jobs.items()} == {"a": None, "b": None}
    assert record.kept == ()


def test_what_is_recorded_bears_the_newest_time_known(world: World) -> None:  # I14
    empty = state(OTHER)
    assert to_record(empty, (), world.view, NOON).at == NOON
    world.run(empty)
    assert to_record(empty, (), world.view, NOON - DAY).at == NOON
    assert to_record(empty, (), world.view, NOON + DAY).at == NOON + DAY


def test_a_job_freed_by_a_lapse_between_two_runs_waits_from_the_lapse(world: World) -> None:
    lapse = NOON + DAY
    lapsing = state(replace(by_id("a"), lapses_at=lapse), OTHER, grace=3 * DAY)
    world.run(lapsing, job())
    world.run(lapsing, job(), after=2 * DAY)
    assert since(world) == lapse
    world.now += 2 * DAY
    (verdict,) = decide(lapsing, inventory(job(), at=world.now), world.view, world.now)
    assert isinstance(verdict, Released)


# -- laws

TIMES_PASSING = st.sampled_from([timedelta(0), SECOND, HOUR, DAY, 3 * DAY, DELAY - SECOND, DELAY, 30 * DAY])
STEPS_BACK = st.sampled_from([-SECOND, -HOUR, -DAY, -400 * DAY])
WITH, WITHOUT = state(protecting("a"), OTHER), state(OTHER)
UNSURE = st.sampled_from(
    [(job(),), (job(),), (job(),), (), (job(contradictions=("x",)),), (job(status=JobStatus.IN_PROGRESS),)]
)


@given(st.lists(st.tuples(TIMES_PASSING, st.sampled_from([WITH, WITHOUT, WITHOUT]), UNSURE), max_size=12))
def test_deleting_text_never_lifts_within_the_delay_nor_in_one_run(
    runs: list[tuple[timedelta, DesiredState, tuple[Job, ...]]],
) -> None:  # I13
    world = World()
    world.run(WITH, job())
    unkept_runs: list[datetime] = []
    for after, chosen, listed in runs:
        steps = world.run(chosen, *listed, after=after)
        if chosen is WITH:
            unkept_runs = []
        elif listed:
            unkept_runs.append(world.now)
        if HoldStep.LIFTED in steps:
            assert len(unkept_runs) >= 2
            assert unkept_runs[-1] - unkept_runs[0] >= DELAY
            break


@given(st.lists(st.tuples(TIMES_PASSING | STEPS_BACK, UNSURE), max_size=12))
def test_no_clock_that_steps_back_lifts_in_less_than_the_delay_of_true_time(
    runs: list[tuple[timedelta, tuple[Job, ...]]],
) -> None:  # I13, I14
    world, true = World(), NOON
    world.run(WITH, job())
    world.run(WITHOUT, job())
    for after, listed in runs:
        # The clock goes back and comes right again later; a step back is no time that passed.
        true += max(after, timedelta(0))
        world.now = true if after >= timedelta(0) else true + after
        steps = world.run(WITHOUT, *listed)
        if HoldStep.LIFTED in steps:
            assert true - NOON >= DELAY
            break


@given(st.lists(st.tuples(TIMES_PASSING | STEPS_BACK, st.booleans()), max_size=12))
def test_a_hold_that_is_kept_changes_in_nothing(runs: list[tuple[timedelta, bool]]) -> None:  # I13, I14
    world = World()
    world.run(WITH, job())
    for after, is_listed in runs:
        assert world.run(WITH, *((job(),) if is_listed else ()), after=after) == []


def test_changes_of_a_job_without_holds_are_none() -> None:
    verdicts = decide(WITHOUT, inventory(job()), LedgerView(), NOON)
    assert hold_changes(WITHOUT, verdicts, LedgerView(), NOON) == ()
