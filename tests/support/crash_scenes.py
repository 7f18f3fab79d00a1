"""What is played when a run ends early: the stage, the runs, and what must be so after them and after the next ones.

The emulator, the archive and the ledger are real, and each command is a real process that ends at a point.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import requests

from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.crash_points import ENDED_HERE, End
from tests.support.emulator import EmulatorProcess
from tests.support.kept import check_bags, check_kept, cleans_recorded
from tests.support.preloaded import Preloaded
from tests.support.promise import a_minute_passes
from tests.support.workplace import Workplace

A, B, KEPT, LATE = job_id(1), job_id(2), "keep-me", job_id(9)
ONE_AT_A_TIME = {"RECONCILER_PARALLELISM": "1"}
APPLY = ("apply", "plan.json")


@dataclass
class Stage:
    """What the scenes are played on."""

    emulator: EmulatorProcess
    commands: Preloaded
    folder: Path
    environ: dict[str, str] = field(default_factory=lambda: dict(ONE_AT_A_TIME))

    def workplace(self, *stores: str) -> Workplace:
        """Two jobs to clean, one to keep; the plan is made, and then a third comes that nobody approved."""
        place = Workplace(self.folder, {**self.emulator.environ, **self.environ})
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
