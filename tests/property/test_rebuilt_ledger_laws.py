"""The law of a ledger made anew: it never lets go what the lost one would have kept (I13).

Two ledgers see the same lists at the same times under the same files: one that was never lost, and one that was made
from the stores half way.  The list keeps the order that the service documents, newest first.
"""

import tempfile
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from reconciler.core.desired import DesiredState, Keep, RetainRule
from reconciler.core.imports import ImportedRow, Judged
from reconciler.core.job import JobId
from reconciler.core.recording import to_record
from reconciler.core.retention import decide
from reconciler.core.selectors import EveryJob
from reconciler.core.verdicts import Released
from reconciler.engine.ports import Run
from tests.support.ledger_values import HandMadeClock, Place, ledger_at
from tests.support.lost_ledgers import Archived
from tests.support.values import DAY, by_id, desired, inventory, job

JOBS = [JobId(name) for name in "abcde"]
DELAY = 3 * DAY
SPANS = st.sampled_from([timedelta(hours=1), DAY, DELAY - timedelta(seconds=1), DELAY, 20 * DAY])
SOME = st.frozensets(st.sampled_from(JOBS), max_size=2)


@dataclass(frozen=True)
class Step:
    """So much later, a list of so many jobs (the oldest ones) is recorded under a file."""

    span: timedelta
    listed: int
    protected: frozenset[JobId]
    keep_last: int
    min_age: timedelta
    grace: timedelta
    is_recorded_in_stores: bool


STEPS = st.builds(
    Step,
    span=SPANS,
    listed=st.integers(2, 5),
    protected=SOME,
    keep_last=st.integers(0, 2),
    min_age=st.sampled_from([timedelta(0), DAY]),
    grace=st.sampled_from([timedelta(0), DAY]),
    is_recorded_in_stores=st.booleans(),
)


def file_of(step: Step) -> DesiredState:
    rules: list[RetainRule] = [by_id("none")]
    if step.protected:
        rules.append(replace(by_id(*sorted(step.protected), name="legal"), protect=True))
    if step.keep_last:
        rules.append(RetainRule(name="newest", selector=EveryJob(), keep=Keep(last=step.keep_last)))
    return replace(desired(*rules, min_age=step.min_age), release_delay=DELAY, grace=step.grace)


@dataclass
class World:
    folder: Path
    clock: HandMadeClock = field(default_factory=HandMadeClock)

    @property
    def archived(self) -> Archived:
        return Archived(self.folder / "intact.db", self.folder, self.clock, addresses=("file:./one",))

    def recorded(self, place: Place, step: Step, listed: int) -> frozenset[JobId]:
        """Record the list of the step; give what the decision of this run lets go."""
        ledger, state, now = ledger_at(place, self.clock), file_of(step), self.clock.now()
        before = ledger.view()
        free: frozenset[JobId] = frozenset()

        def refresh(run: Run) -> None:
            nonlocal free
            seen = inventory(*(job(each) for each in reversed(JOBS[:listed])), at=now)
            run.record_observation(seen)
            memory = replace(ledger.view(), last_observed=before.last_observed)
            verdicts = decide(state, seen, memory, now)
            run.record_decision(to_record(state, verdicts, memory, now))
            free = frozenset(verdict.job.id for verdict in verdicts if isinstance(verdict, Released))

        archived = replace(self.archived, place=place)
        archived.run("refresh", refresh, is_recorded=step.is_recorded_in_stores and place == self.archived.place)
        return free


def step(span: timedelta, *protected: JobId, keep_last: int = 0, is_recorded_in_stores: bool = False) -> Step:
    return Step(
        span=span,
        listed=5,
        protected=frozenset(protected),
        keep_last=keep_last,
        min_age=timedelta(0),
        grace=timedelta(0),
        is_recorded_in_stores=is_recorded_in_stores,
    )


# A hold that no store knows of, its rule deleted: times that were imported would let the job go at once.
LOST_HOLD = [step(DAY, is_recorded_in_stores=True), step(DAY, *JOBS[:2])]
LONG_AFTER = [step(DAY), step(DELAY - timedelta(seconds=1)), step(DELAY), step(DAY)]


@example(LOST_HOLD, LONG_AFTER, False)
@example(LOST_HOLD, [step(20 * DAY, keep_last=1), *LONG_AFTER], True)
@given(st.lists(STEPS, min_size=1, max_size=4), st.lists(STEPS, min_size=1, max_size=5), st.booleans())
@settings(max_examples=max(12, settings().max_examples // 5))
def test_a_rebuilt_ledger_lets_nothing_go_that_the_lost_one_would_keep(
    before: list[Step], after: list[Step], with_times: bool
) -> None:
    before[0] = replace(before[0], is_recorded_in_stores=True)
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        intact, rebuilt = world.archived.place, world.folder / "rebuilt.db"
        listed = 0
        for step in before:
            world.clock.pass_by(step.span)
            listed = max(listed, step.listed)  # no job is gone: what left, no ledger lets go
            world.recorded(intact, step, listed)
        if with_times:
            imported(world, JOBS[: before[0].listed])
        world.archived.made_anew(rebuilt)
        for step in after:
            world.clock.pass_by(step.span)
            listed = max(listed, step.listed)
            kept_free = world.recorded(intact, step, listed)
            made_free = world.recorded(rebuilt, step, listed)
            assert made_free <= kept_free, f"{sorted(made_free - kept_free)} would go"
            event(f"lets go: intact {bool(kept_free)}, rebuilt {bool(made_free)}")


def test_a_rebuilt_ledger_lets_go_in_the_end(tmp_path: Path) -> None:
    """Or the law above would hold of one that lets nothing go at all."""
    world = World(tmp_path)
    world.recorded(world.archived.place, step(DAY, is_recorded_in_stores=True), 5)
    world.archived.made_anew(tmp_path / "rebuilt.db")
    free = []
    for each in LONG_AFTER:
        world.clock.pass_by(each.span)
        free.append(len(world.recorded(tmp_path / "rebuilt.db", each, 5)))
    assert free == [0, 0, 0, 5]


def imported(world: World, listed_first: list[JobId]) -> None:
    """The user's own times, which no store has: the oldest job was made first.

    Of jobs that came after the first list they would contradict it, and hold these jobs, by what no store can know.
    """
    times = tuple(
        ImportedRow(line=place, job_id=each, made_at=world.clock.now() - (1000 - place) * DAY)
        for place, each in enumerate(listed_first, start=2)
    )
    judged = Judged(new=times, moved=(), same=0, not_seen=0, refused=())
    with ledger_at(world.archived.place, world.clock).open_run("import-times", "acme") as run:
        run.record_times(judged, "times.csv", "sha256:" + "1" * 64)
