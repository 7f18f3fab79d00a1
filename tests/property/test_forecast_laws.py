"""A forecast is nothing but the decision made every day, recorded every day; it only takes a shorter way there."""

from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from msgspec import structs

from reconciler.core.desired import DesiredState, GroupKey, Keep, Link, RetainRule, Source
from reconciler.core.forecast import CauseKind, day_starts, forecast
from reconciler.core.inventory import Inventory
from reconciler.core.job import JobId
from reconciler.core.memory import KnownJob, LedgerHold, LedgerView
from reconciler.core.protection import HoldStep
from reconciler.core.recording import to_record
from reconciler.core.retention import decide
from reconciler.core.verdicts import Released, Verdict, verdict_word
from tests.support.values import DAY, NOON, desired_states, inventory, known, listings

HOUR = timedelta(hours=1)
SPANS = st.sampled_from([timedelta(0), DAY, 2 * DAY + HOUR, 5 * DAY, 12 * DAY])
COUNTS = st.sampled_from([None, None, 1, 2])
KEEPS = st.builds(Keep, last=COUNTS, within=st.none() | SPANS, daily=COUNTS, weekly=COUNTS, size=COUNTS)
ZONES: st.SearchStrategy[tzinfo] = st.sampled_from(
    [ZoneInfo("UTC"), ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata")]
)
AROUND_NOW = st.integers(-8 * 24, 12 * 24).map(lambda hours: NOON + hours * HOUR)
BEFORE = st.integers(0, 20 * 24).map(lambda hours: NOON - hours * HOUR)


@st.composite
def states(draw: st.DrawFn) -> DesiredState:
    state = draw(desired_states())
    retain: tuple[RetainRule, ...] = tuple(
        replace(
            each,
            keep=draw(KEEPS),
            group_by=draw(st.sampled_from([(), (), (GroupKey.TYPE,), (GroupKey.PROJECT,)])),
            lapses_at=draw(st.none() | AROUND_NOW),
            protect=draw(st.booleans()),
        )
        for each in state.retain
    )
    ids = st.integers(0, 8).map(lambda number: JobId(f"job-{number}"))
    return replace(
        state,
        retain=retain,
        min_age=draw(SPANS),
        grace=draw(SPANS),
        release_delay=draw(SPANS),
        zone=draw(ZONES),
        trust=draw(st.sampled_from([frozenset({Source.LEDGER, Source.IMPORTED}), frozenset(Source)])),
        links=draw(st.lists(st.builds(Link, job=ids, needs=st.tuples(ids)), max_size=2).map(tuple)),
    )


HOLDS = st.builds(
    LedgerHold,
    rule=st.sampled_from(["rule-0", "dropped"]),
    owner=st.just(""),
    reason=st.just(""),
    set_at=st.just(NOON - 30 * DAY),
    until=st.none() | AROUND_NOW,
    unkept_since=st.none() | BEFORE,
)
SOME_HOLDS = st.lists(HOLDS, max_size=2, unique_by=lambda hold: hold.rule).map(tuple)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[DesiredState, Inventory, LedgerView]:
    listed = tuple(replace(each, project=draw(st.sampled_from(["", "", "p", "q"]))) for each in draw(listings(most=6)))
    last = NOON - draw(st.sampled_from([HOUR, DAY, 3 * DAY, -2 * DAY]))
    jobs = {each.id: draw(remembered(number)) for number, each in enumerate(reversed(listed), start=1)}
    kept = {job_id: one for job_id, one in jobs.items() if draw(st.integers(0, 4))}
    imported = {each.id: draw(BEFORE) for each in listed if not draw(st.integers(0, 4))}
    sizes = {each.id: 1 for each in listed if draw(st.booleans())}
    view = LedgerView(account="acme", jobs=kept, last_observed=last, imported=imported)
    shown = tuple(each for each in listed if each.id not in kept or draw(st.integers(0, 9)))
    return draw(states()), replace(inventory(*shown), sizes=sizes), view


@st.composite
def remembered(draw: st.DrawFn, sequence: int) -> KnownJob:
    seen = draw(BEFORE)
    return structs.replace(
        known(sequence, seen=seen),
        missing_until=draw(st.sampled_from([None, seen - HOUR, seen - 5 * DAY])),
        released_since=draw(st.sampled_from([None, None, NOON - DAY, NOON - 4 * DAY])),
        kept_until=draw(st.sampled_from([None, None, NOON - HOUR, NOON + DAY])),
        holds=draw(SOME_HOLDS) if not draw(st.integers(0, 3)) else (),
    )


def as_recorded(seen: Inventory, view: LedgerView) -> LedgerView:
    """What the ledger holds once this list is recorded: new jobs come above all others, newest last."""
    new = [each for each in reversed(seen.jobs) if each.id not in view.jobs]
    newest = max((each.sequence for each in view.jobs.values()), default=0)
    first = {
        each.id: structs.replace(known(newest + number, seen=NOON), missing_until=view.last_observed)
        for number, each in enumerate(new, start=1)
    }
    return replace(view, jobs={**view.jobs, **first})


def after(state: DesiredState, view: LedgerView, verdicts: tuple[Verdict, ...], at: datetime) -> LedgerView:
    recorded = to_record(state, verdicts, view, at)
    jobs = dict(view.jobs)
    for wait in recorded.waits:
        jobs[wait.job_id] = structs.replace(jobs[wait.job_id], released_since=wait.since)
    for kept in recorded.kept:
        jobs[kept.job_id] = structs.replace(jobs[kept.job_id], kept_until=kept.until)
    for change in recorded.holds:
        others = tuple(hold for hold in jobs[change.job_id].holds if hold.rule != change.hold.rule)
        is_over = change.step in {HoldStep.LIFTED, HoldStep.ENDED}
        left = others if is_over else (*others, change.hold)
        jobs[change.job_id] = structs.replace(jobs[change.job_id], holds=left)
    return replace(view, jobs=jobs, last_observed=recorded.at)


@given(worlds(), st.integers(1, 15))
def test_a_forecast_is_the_decision_of_every_day(world: tuple[DesiredState, Inventory, LedgerView], days: int) -> None:
    state, seen, view = world
    made = forecast(state, seen, view, days)
    view = as_recorded(seen, view)
    free: set[JobId] = set()
    for told, at in zip(
        [made.free_now, *(day.let_go for day in made.days)], [NOON, *day_starts(NOON, days, state.zone)], strict=True
    ):
        verdicts = decide(state, seen, view, at)
        released = {verdict.job.id for verdict in verdicts if isinstance(verdict, Released)}
        assert {each.job_id for each in told} == released - free
        free |= released
        view = after(state, view, verdicts, at)
        words = sorted(verdict_word(verdict) for verdict in verdicts)
    assert sorted(word for word, count in made.at_the_end for _ in range(count)) == words


@given(worlds())
def test_what_goes_later_was_kept_by_something_that_is_named(
    world: tuple[DesiredState, Inventory, LedgerView],
) -> None:
    state, seen, view = world
    names = {rule.name for rule in state.retain}
    for day in forecast(state, seen, view, 15).days:
        for gone in day.let_go:
            assert gone.causes
            assert all(cause.kind is CauseKind.HOLD or cause.name in names for cause in gone.causes)


def test_the_strategy_has_jobs_that_go_later() -> None:
    first = settings(max_examples=2_000, phases=[Phase.generate])  # any will do: to find the smallest takes its time
    find(
        worlds(),
        lambda world: any(day.let_go for day in forecast(world[0], world[1], world[2], 15).days),
        settings=first,
    )
