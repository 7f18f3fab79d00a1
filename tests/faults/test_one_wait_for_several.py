"""What of an apply shares a transaction, and what never does (docs/adr/0028): read off the points of a real run."""

import re
from collections.abc import Iterator

import pytest

from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.kept import cleans_recorded
from tests.support.preloaded import Preloaded
from tests.support.waiting import until
from tests.support.workplace import Workplace, kill_hard

JOBS = 12
CLEAN = re.compile(r"before DELETE .*/jobs/job\d+/clean")


@pytest.fixture(scope="module")
def commands() -> Iterator[Preloaded]:
    with Preloaded() as preloaded:
        yield preloaded


def commits(points: list[str]) -> list[tuple[int, set[str]]]:
    """Give each commit by its place in the points, with the phases that it makes durable."""
    kept = [(at, re.findall(r"entry\((\w+)\)", told)) for at, told in enumerate(points) if told.startswith("after c")]
    return [(at, set(phases)) for at, phases in kept if phases]


@pytest.mark.parametrize("at_once", [1, 8])
def test_no_clean_leaves_before_its_intent_is_durable_and_no_intent_before_its_receipt(
    workplace: Workplace, emulator: EmulatorProcess, commands: Preloaded, at_once: int
) -> None:  # I1, I8
    for number in range(1, JOBS + 1):
        emulator.put_job(job_id(number), bodies.image())
    workplace.write_desired("keep-me")
    workplace.environ["RECONCILER_PARALLELISM"] = str(at_once)
    commands.run(workplace, "plan", "--out", "plan.json").expect(0)
    commands.run(workplace, "apply", "plan.json").expect(0)
    points = [label for label, _ in commands.points()]
    recorded = commits(points)
    cleans = [at for at, label in enumerate(points) if CLEAN.match(label)]
    assert len(cleans) == JOBS
    for number, clean in enumerate(cleans, start=1):
        before = [phases for at, phases in recorded if at < clean]
        assert before[-1] == {"cleaning"}, "the last that became durable is this job's intent, in a commit of its own"
        assert sum("archived" in phases for phases in before) >= number
        assert sum("cleaning" in phases for phases in before) == number
    assert any(len(phases) > 1 for _, phases in recorded), "several jobs share one"
    assert len(recorded) <= 3 * JOBS + 1, "four steps of a job wait three times at most"


def test_what_waits_is_durable_before_a_long_wait_for_a_copy(workplace: Workplace, emulator: EmulatorProcess) -> None:
    slow, quick = job_id(2), job_id(3)
    for job in (job_id(1), slow, quick):
        emulator.put_job(job, bodies.render())
    workplace.write_desired("keep-me")
    workplace.environ["RECONCILER_PARALLELISM"] = "2"
    workplace.plan()
    emulator.fault("asset", "stall", f"/{slow}/")
    started = workplace.start("apply", "plan.json", extra={"RECONCILER_PATIENCE": "60"})
    try:
        until(lambda: cleans_recorded(workplace) == 2, "the records of the other two")
        assert emulator.cleaned() == {job_id(1), quick}
    finally:
        kill_hard(started)
