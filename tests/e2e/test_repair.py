"""A copy that is not whole is made anew from one that is: never silently, never from one that is damaged itself."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.ledger_values import reader_at
from tests.support.s3_server import S3Server
from tests.support.workplace import Workplace

A, B = job_id(1), job_id(2)


@pytest.fixture
def archived(workplace: Workplace, emulator: EmulatorProcess) -> Workplace:
    """Two renders that are archived in two stores, and cleaned."""
    for job in (A, B):
        emulator.put_job(job, bodies.render())
    write(workplace, '["file:./archive", "file:./second"]')
    workplace.plan()
    workplace.run("apply", "plan.json").expect(0)
    return workplace


def write(place: Workplace, stores: str) -> None:
    file = place.write_desired("keep-me")
    file.write_text(file.read_text(encoding="utf-8").replace('["file:./archive"]', stores), encoding="utf-8")


def bag(place: Workplace, store: str, job: str = A) -> Path:
    (found,) = (place.folder / store / "jobs" / job).iterdir()
    return found


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def told_in_audit(place: Workplace) -> list[dict[str, str]]:
    events = reader_at(place.folder / "state" / "ledger.db").audit_events()
    return [{"job": event.job_id, **dict(event.facts)} for event in events if event.event == "repaired"]


DAMAGES: dict[str, tuple[Callable[[Path], object], bool]] = {
    "a flipped byte": (lambda found: flip(found / "data" / "assets" / "video.mp4"), True),
    "a file less": (lambda found: (found / "data" / "job.json").unlink(), True),
    "a file more": (lambda found: (found / "data" / "extra").write_text("x"), True),
    "nothing there": (shutil.rmtree, False),
}


@pytest.mark.parametrize(("damage", "leaves_some"), DAMAGES.values(), ids=DAMAGES.keys())
@pytest.mark.parametrize(("damaged", "whole"), [("archive", "second"), ("second", "archive")])
def test_damage_in_one_store_is_mended_from_the_other_and_told(
    archived: Workplace, damage: Callable[[Path], object], leaves_some: bool, damaged: str, whole: str
) -> None:  # I10, I15
    good = contents(archived.folder / whole)
    damage(bag(archived, damaged))
    left = contents(bag(archived, damaged)) if leaves_some else {}
    archived.run("verify").expect(8)
    ended = archived.run("verify", "--repair").expect(0)
    assert f"~ {A}  mended: jobs/{A}/" in ended.out
    assert f" in file:./{damaged}, from file:./{whole}" in ended.out
    assert ended.last_line == "Verify: 4 bags whole, 0 damaged, 0 missing."
    aside = {name: content for name, content in contents(archived.folder / damaged).items() if "damaged/" in name}
    assert sorted(aside.values()) == sorted(left.values()), "what was there is kept, to be looked at"
    now = {name: each for name, each in contents(archived.folder / damaged).items() if name not in aside}
    assert now == good
    (event,) = told_in_audit(archived)
    assert (event["job"], event["store"], event["source"]) == (A, f"file:./{damaged}", f"file:./{whole}")
    assert ended.out.count("; what was there lies in damaged/") == bool(event["aside"]) == leaves_some
    archived.run("audit", "verify").expect(0)
    assert archived.run("verify", "--repair").expect(0).out.count("mended") == 0
    assert len(told_in_audit(archived)) == 1


def test_without_the_word_nothing_is_mended(archived: Workplace) -> None:
    flip(bag(archived, "second") / "data" / "job.json")
    before = [contents(archived.folder / store) for store in ("archive", "second")]
    archived.run("verify").expect(8)
    assert [contents(archived.folder / store) for store in ("archive", "second")] == before


def test_what_is_whole_nowhere_is_left_as_it_is_and_the_rest_is_mended(archived: Workplace) -> None:  # I15
    flip(bag(archived, "archive") / "data" / "job.json")
    flip(bag(archived, "second") / "data" / "assets" / "video.mp4")
    flip(bag(archived, "second", B) / "data" / "job.json")
    before = {name: contents(archived.folder / name / "jobs" / A) for name in ("archive", "second")}
    ended = archived.run("verify", "--repair").expect(8)
    assert ended.last_line == "Verify: 2 bags whole, 2 damaged, 0 missing."
    assert [event["job"] for event in told_in_audit(archived)] == [B]
    assert {name: contents(archived.folder / name / "jobs" / A) for name in ("archive", "second")} == before


def test_single_jobs_are_mended_alone(archived: Workplace) -> None:
    for job in (A, B):
        flip(bag(archived, "second", job) / "data" / "job.json")
    archived.run("verify", "--repair", B).expect(0)
    assert [event["job"] for event in told_in_audit(archived)] == [B]
    assert archived.run("verify").expect(8).last_line == "Verify: 3 bags whole, 1 damaged, 0 missing."
    archived.run("verify", "--repair", "nonsense").expect(64)


def test_a_store_that_takes_nothing_is_told_and_mended_later(archived: Workplace) -> None:
    shutil.rmtree(archived.folder / "second")
    (archived.folder / "second").write_text("in the way")
    ended = archived.run("verify", "--repair").expect(8)
    assert "the store file:./second cannot be asked for its free space: Not a directory" in ended.err
    (archived.folder / "second").unlink()
    assert "it is another folder" in archived.run("verify", "--repair").expect(8).err, "perhaps its disk is not there"
    (archived.folder / "second").mkdir()
    (archived.folder / "second" / "README.txt").touch()
    archived.run("verify", "--repair").expect(0)
    archived.run("verify").expect(0)


def test_a_store_that_the_file_names_no_longer_is_told_and_left(archived: Workplace) -> None:
    write(archived, '["file:./archive"]')
    ended = archived.run("verify", "--repair").expect(8)
    assert ended.out.count("missing: the file names this store no longer") == 2
    assert told_in_audit(archived) == []


def test_a_folder_and_a_bucket_mend_each_other(workplace: Workplace, emulator: EmulatorProcess) -> None:
    emulator.put_job(A, bodies.render())
    with S3Server() as server:
        server.make_bucket("second-copies")
        workplace.environ.update(server.environ)
        write(workplace, '["file:./archive", "s3://second-copies/a"]')
        workplace.plan()
        workplace.run("apply", "plan.json").expect(0)
        whole = {key: server.read("second-copies", key) for key in server.keys("second-copies")}
        key = next(key for key in whole if key.endswith("video.mp4"))
        server.write("second-copies", key, b"something else")
        workplace.run("verify", "--repair").expect(0)
        assert {each: server.read("second-copies", each) for each in whole} == whole
        (aside,) = (each for each in server.keys("second-copies") if "/damaged/" in each and each.endswith("video.mp4"))
        assert server.read("second-copies", aside) == b"something else"
        flip(bag(workplace, "archive") / "data" / "assets" / "video.mp4")
        workplace.run("verify", "--repair").expect(0)
        assert (bag(workplace, "archive") / "data" / "assets" / "video.mp4").read_bytes() == whole[key]
