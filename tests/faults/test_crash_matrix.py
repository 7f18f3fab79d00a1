"""At every point at which a run writes, syncs, names, commits or asks, it ends; the next one carries on (I1 to I10).

A run is recorded first; then it is begun anew for each point that it came to, and ends there: its process alone, or the
machine, with what was not synced gone from the disk or half gone (tests.support.crash_points).  All points of all
scenes by night; otherwise of each scene some kinds and one point of each, drawn by a seed that is printed with the
number of points.
"""

import os
import random
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import requests

from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.crash_points import ENDED_HERE, End, Power
from tests.support.depth import IS_NIGHT
from tests.support.emulator import EmulatorProcess
from tests.support.kept import check_bags, check_kept, cleans_recorded
from tests.support.preloaded import Point, Preloaded
from tests.support.promise import a_minute_passes
from tests.support.telling import Tell
from tests.support.workplace import Workplace

SEED = int(os.environ.get("CRASH_SEED", "20261128"))
KINDS_BY_DAY = int(os.environ.get("CRASH_KINDS", "24"))
"""So many kinds of points a scene visits but by night; each costs a second or so, and a scene has up to 140 of them."""

A, B, KEPT, LATE = job_id(1), job_id(2), "keep-me", job_id(9)
ONE_AT_A_TIME = {"RECONCILER_PARALLELISM": "1"}
APPLY = ("apply", "plan.json")


def kind(point: Point) -> str:
    """What a point is of, whichever job and file: of each kind, a sample has one."""
    label = re.sub(r"job\d|keep-me", "job", point[0])
    label = re.sub(r"\b(archive|second)(?=[/ ]|$)", "store", label)
    label = re.sub(r"/(bag|notes)/[^ ]*", r"/\1/...", label)
    return re.sub(r"/Plan-Name/[^ ]*", "a file", label)


# -- scenes


@dataclass
class Stage:
    """What the scenes are played on."""

    emulator: EmulatorProcess
    commands: Preloaded
    folder: Path

    def workplace(self, *stores: str) -> Workplace:
        """Two jobs to clean, one to keep; the plan is made, and then a third comes that nobody approved."""
        place = Workplace(self.folder, {**self.emulator.environ, **ONE_AT_A_TIME})
        file = place.write_desired(KEPT, max_jobs=2)
        listed = ", ".join(f'"file:./{store}"' for store in stores)
        file.write_text(file.read_text(encoding="utf-8").replace('"file:./archive"', listed), encoding="utf-8")
        self.jobs()
        self.commands.run(place, "plan", "--out", "plan.json").expect(0)
        self.late()
        return place

    def jobs(self) -> None:
        self.emulator.reset()
        self.emulator.put_job(KEPT, bodies.image())
        self.emulator.put_job(A, bodies.image())
        self.emulator.put_job(B, bodies.render())

    def late(self) -> None:
        self.emulator.put_job(LATE, bodies.image())

    def begin_anew(self) -> None:
        self.jobs()
        self.late()

    def clean(self, job: str) -> None:
        """What a run that is over had sent."""
        address = f"{self.emulator.api}/v1/jobs/{job}/clean"
        requests.delete(address, headers={"Authorization": self.emulator.key}, timeout=30).raise_for_status()


@dataclass(frozen=True)
class Scene:
    """A run that will end early, and what must be so after it and after the next one.

    `prepare` sets the stage once, `renew` the service before each run; `verb` ends at a point, and then goes on.
    """

    name: str
    verb: tuple[str, ...]
    prepare: Callable[[Stage], Workplace]
    renew: Callable[[Stage], None]
    between: Callable[[Stage, Workplace], None]
    settled: Callable[[Stage, Workplace], None]
    codes: frozenset[int] = field(default=frozenset({0}))
    doubtful: str = ""


def ended_at(stage: Stage, place: Workplace, label: str, turn: int = 1, *verb: str) -> None:
    ended = stage.commands.run(place, *(verb or APPLY), end=End(label=label, turn=turn))
    assert ended.code == ENDED_HERE, ended
    a_minute_passes(place)


def nothing_is_lost(stage: Stage, place: Workplace) -> None:
    check_kept(place, stage.emulator, approved={A, B})


def two_are_gone(stage: Stage, place: Workplace) -> None:
    nothing_is_lost(stage, place)
    assert stage.emulator.cleaned() == {A, B}
    assert cleans_recorded(place) == 2
    stage.commands.run(place, "audit", "verify").expect(0)
    stage.commands.run(place, "verify").expect(0)
    writes = len(stage.emulator.writes())
    stage.commands.run(place, *APPLY).expect(5)  # I9
    assert len(stage.emulator.writes()) == writes


def apply_scene(name: str, prepare: Callable[[Stage], Workplace], renew: Callable[[Stage], None]) -> Scene:
    return Scene(
        name=name,
        verb=APPLY,
        prepare=prepare,
        renew=renew,
        between=nothing_is_lost,
        settled=two_are_gone,
        codes=frozenset({0, 5}),  # 5: the run had come to its end, and the plan is spent
    )


def fresh(stage: Stage) -> Workplace:
    return stage.workplace("archive")


def with_a_ledger(stage: Stage) -> Workplace:
    place = stage.workplace("archive")
    stage.commands.run(place, "refresh").expect(0)
    return place


CLEAN_OF_A = "DELETE /pictoryapis/v1/jobs/job1/clean"


def left_open_done(stage: Stage) -> Workplace:
    place = stage.workplace("archive")
    ended_at(stage, place, f"after {CLEAN_OF_A}")
    return place


def left_open_not_done(stage: Stage) -> Workplace:
    place = stage.workplace("archive")
    ended_at(stage, place, f"before {CLEAN_OF_A}")
    return place


BAG_OF_A = f"archive/jobs/{A}"


def bag_without_a_sync(stage: Stage) -> Workplace:
    place = stage.workplace("archive")
    ended_at(stage, place, "fsync archive/jobs/job1")
    return place


def cleaned_before(stage: Stage) -> None:
    stage.begin_anew()
    stage.clean(A)


# -- copies


def two_stores(stage: Stage) -> Workplace:
    return stage.workplace("archive", "second")


def no_copy_is_half(stage: Stage, place: Workplace) -> None:
    check_kept(place, stage.emulator, approved=(), stores=("archive", "second"))
    assert stage.emulator.writes() == []


def all_are_in_both(stage: Stage, place: Workplace) -> None:
    no_copy_is_half(stage, place)
    names = [{path.name for path in (place.folder / store / "jobs").iterdir()} for store in ("archive", "second")]
    assert names == [{KEPT, A, B, LATE}] * 2
    stage.commands.run(place, "verify").expect(0)


def damaged(stage: Stage) -> Workplace:
    place = two_stores(stage)
    stage.commands.run(place, *APPLY).expect(0)
    for job, file in ((A, "image.png"), (B, "video.mp4")):
        (found,) = (place.folder / "second" / "jobs" / job).rglob(file)
        found.write_bytes(b"damaged")
    return place


def the_good_copy_stays(stage: Stage, place: Workplace) -> None:
    check_bags(place.folder / "archive")
    for job in (A, B):
        assert list((place.folder / "archive" / "jobs" / job).iterdir())
    stage.commands.run(place, "audit", "verify").expect(0)


def both_are_whole(stage: Stage, place: Workplace) -> None:
    check_kept(place, stage.emulator, approved={A, B}, stores=("archive", "second"))
    assert stage.commands.run(place, "verify").expect(0).last_line == "Verify: 4 bags whole, 0 damaged, 0 missing."
    aside = [path for path in (place.folder / "second" / "damaged").rglob("*") if path.is_file()]
    assert [path.read_bytes() for path in aside].count(b"damaged") == 2, "what was damaged is kept beside"


# -- observations


def all_is_remembered(stage: Stage, place: Workplace) -> None:
    nothing_is_lost(stage, place)
    stage.commands.run(place, *APPLY).expect(0)  # the plan of before holds
    two_are_gone(stage, place)


SCENES = (
    apply_scene("apply, the first of all", fresh, Stage.begin_anew),
    apply_scene("apply", with_a_ledger, Stage.begin_anew),
    apply_scene("apply after a clean that was heard of by nobody", left_open_done, cleaned_before),
    replace(
        apply_scene("apply after a bag whose name was not synced", bag_without_a_sync, Stage.begin_anew),
        doubtful=BAG_OF_A,
    ),
    apply_scene("apply after a clean that never left", left_open_not_done, Stage.begin_anew),
    Scene(
        name="archive",
        verb=("archive", "--all"),
        prepare=two_stores,
        renew=Stage.begin_anew,
        between=no_copy_is_half,
        settled=all_are_in_both,
    ),
    Scene(
        name="verify --repair",
        verb=("verify", "--repair"),
        prepare=damaged,
        renew=lambda _stage: None,
        between=the_good_copy_stays,
        settled=both_are_whole,
    ),
    Scene(
        name="refresh",
        verb=("refresh",),
        prepare=fresh,
        renew=Stage.begin_anew,
        between=nothing_is_lost,
        settled=all_is_remembered,
    ),
)


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


def ends(points: list[Point]) -> list[End]:
    """Every point, each way to end there; or one of each of some kinds, one way each."""
    if IS_NIGHT:
        return [End(label=label, turn=turn, power=power, seed=SEED) for label, turn in points for power in Power]
    chance = random.Random(SEED)  # noqa: S311 - a draw that can be repeated
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
