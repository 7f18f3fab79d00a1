"""At every point at which a run writes, syncs, names, commits or asks, it ends; the next one carries on (I1 to I10).

A run is recorded first; then it is begun anew for each point that it came to, and ends there: its process alone, or the
machine, with what was not synced gone from the disk or half gone (tests.support.crash_points).  All points of all
scenes by night; otherwise of each scene some kinds and one point of each, drawn by a seed that is printed with the
number of points.

That is on SQLite with one worker, where each point is the same one in each run.  A sample of the points is visited with
a ledger in PostgreSQL as well; and with two workers the run ends at the k-th point, whichever that is then.
"""

import os
import random
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.crash_points import ENDED_HERE, End, Power
from tests.support.crash_scenes import SCENES, Scene, Stage
from tests.support.depth import IS_NIGHT
from tests.support.emulator import EmulatorProcess
from tests.support.postgres_server import PostgresServer
from tests.support.preloaded import Point, Preloaded
from tests.support.promise import a_minute_passes
from tests.support.telling import Tell
from tests.support.workplace import Workplace

SEED = int(os.environ.get("CRASH_SEED", "20261128"))
KINDS_BY_DAY = int(os.environ.get("CRASH_KINDS", "24"))
"""So many kinds of points a scene visits but by night; each costs a second or so, and a scene has up to 140 of them."""

SAMPLE = 100 if IS_NIGHT else int(os.environ.get("CRASH_SAMPLE", "3"))
"""So many points of a scene are visited on a PostgreSQL ledger, and so many with two workers."""


def kind(point: Point) -> str:
    """What a point is of, whichever job and file: of each kind, a sample has one."""
    label = re.sub(r"job\d|keep-me", "job", point[0])
    label = re.sub(r"\b(archive|second)(?=[/ ]|$)", "store", label)
    label = re.sub(r"/(bag|notes)/[^ ]*", r"/\1/...", label)
    return re.sub(r"/Plan-Name/[^ ]*", "a file", label)


# -- the matrix


@pytest.fixture(scope="module")
def commands() -> Iterator[Preloaded]:
    with Preloaded() as preloaded:
        yield preloaded


@pytest.fixture
def stage(emulator: EmulatorProcess, commands: Preloaded) -> Iterator[Stage]:
    memory = Path("/", "dev", "shm")  # where a sync costs nothing; what outlives the power is told by Disk
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        (Path(folder) / "work").mkdir()
        yield Stage(emulator, commands, Path(folder) / "work")


def drawn_by(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - a draw that can be repeated


def ends(points: list[Point]) -> list[End]:
    """Every point, each way to end there; or one of each of some kinds, one way each."""
    if IS_NIGHT:
        return [End(label=label, turn=turn, power=power, seed=SEED) for label, turn in points for power in Power]
    chance = drawn_by(SEED)
    by_kind: dict[str, list[Point]] = {}
    for each in points:
        by_kind.setdefault(kind(each), []).append(each)
    kinds = sorted(by_kind)
    chosen = chance.sample(kinds, min(KINDS_BY_DAY, len(kinds)))
    drawn = [chance.choice(by_kind[each]) for each in chosen]
    return [End(label=label, turn=turn, power=chance.choice(tuple(Power)), seed=SEED) for label, turn in drawn]


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
@pytest.mark.deep
@pytest.mark.timeout(5400)
def test_wherever_a_run_ends_nothing_is_lost_and_the_next_one_carries_on(
    stage: Stage, scene: Scene, tell: Tell
) -> None:  # I1, I3, I7, I8, I9, I10
    template = scene.prepare(stage)
    scene.renew(stage)
    whole = copy_of(stage, template)
    assert stage.commands.run(whole, *scene.verb).code in scene.codes
    points = stage.commands.points()
    chosen, began, visited = ends(points), time.monotonic(), set()
    for chosen_end in chosen:
        scene.renew(stage)
        place = copy_of(stage, template)
        end = replace(chosen_end, doubtful=scene.doubtful)
        ended = stage.commands.run(place, *scene.verb, end=end)
        assert ended.code == ENDED_HERE, f"{end}: exit {ended.code}\n{ended.out}{ended.err}"
        visited.add((end.label, end.turn))
        goes_on(stage, scene, place, f"{scene.name}, {end}")
    spent = time.monotonic() - began
    tell(
        f"{scene.name}: {len(visited)} of {len(points)} points visited, {len({kind(each) for each in points})} kinds, "
        f"{len(chosen)} ends, seed {SEED}, {spent:.0f} s"
    )
    kinds = {kind(each) for each in points}
    assert len({kind(each) for each in visited}) == (len(kinds) if IS_NIGHT else min(KINDS_BY_DAY, len(kinds)))


def goes_on(stage: Stage, scene: Scene, place: Workplace, where: str) -> None:
    """After the end of a run: all is kept; after the next run all is done."""
    try:
        a_minute_passes(place)
        scene.between(stage, place)
        again = stage.commands.run(place, *scene.verb)
        assert again.code in scene.codes, f"exit {again.code}\n{again.out}{again.err}"
        scene.settled(stage, place)
    except Exception as error:
        error.add_note(f"after an end at: {where}")
        raise


def copy_of(stage: Stage, template: Workplace) -> Workplace:
    folder = stage.folder.with_name("copy")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(template.folder, folder)
    return Workplace(folder, template.environ)


# -- a sample elsewhere


ELSEWHERE = ("apply, the first of all", "apply", "apply after a clean that never left")
SAMPLED = [scene for scene in SCENES if scene.name in ELSEWHERE]


def played_anew(stage: Stage, scene: Scene) -> Workplace:
    """Set the stage from the beginning: nothing of a run before is there."""
    shutil.rmtree(stage.folder)
    stage.folder.mkdir()
    place = scene.prepare(stage)
    scene.renew(stage)
    return place


@pytest.mark.parametrize("scene", SAMPLED, ids=lambda scene: scene.name)
@pytest.mark.deep
@pytest.mark.timeout(5400)
def test_a_ledger_on_a_server_is_carried_on_with_too(
    stage: Stage, scene: Scene, postgres: PostgresServer, tell: Tell
) -> None:  # I1, I3, I7, I8, I9, I10
    def set_anew() -> Workplace:
        stage.environ["RECONCILER_STATE"] = postgres.new_ledger()
        return played_anew(stage, scene)

    assert stage.commands.run(set_anew(), *scene.verb).code in scene.codes
    points = stage.commands.points()
    assert any("commit" in label for label, _ in points)
    chance = drawn_by(SEED)
    for label, turn in chance.sample(points, min(SAMPLE, len(points))):
        place = set_anew()
        end = End(label=label, turn=turn, power=chance.choice(tuple(Power)), seed=SEED)
        ended = stage.commands.run(place, *scene.verb, end=end)
        assert ended.code == ENDED_HERE, f"{end}: exit {ended.code}\n{ended.out}{ended.err}"
        goes_on(stage, scene, place, f"{scene.name} on PostgreSQL, {end}")
    tell(f"{scene.name} on PostgreSQL: {min(SAMPLE, len(points))} of {len(points)} points visited, seed {SEED}")


@pytest.mark.parametrize("scene", SAMPLED, ids=lambda scene: scene.name)
@pytest.mark.deep
@pytest.mark.timeout(5400)
def test_two_workers_may_end_anywhere_too(stage: Stage, scene: Scene, tell: Tell) -> None:  # I1, I3, I7, I8, I9, I10
    stage.environ["RECONCILER_PARALLELISM"] = "2"
    assert stage.commands.run(played_anew(stage, scene), *scene.verb).code in scene.codes
    count = len(stage.commands.points())
    chance, visited = drawn_by(SEED), set()
    for turn in chance.sample(range(1, count + 1), min(SAMPLE, count)):
        place = played_anew(stage, scene)
        end = End(label="", turn=turn, power=chance.choice(tuple(Power)), seed=SEED)
        ended = stage.commands.run(place, *scene.verb, end=end)
        # A run of two workers may come to a few points less than the one that was recorded.
        assert ended.code in {ENDED_HERE, *scene.codes}, f"{end}: exit {ended.code}\n{ended.out}{ended.err}"
        came_to = stage.commands.points()[:turn][-1]  # behind it is what fails with the power
        visited.add(came_to)
        goes_on(stage, scene, place, f"{scene.name} with two workers, {end}, at {came_to}")
    tell(f"{scene.name} with two workers: {len(visited)} of about {count} points visited, seed {SEED}")
