"""Two stores: both hold and prove a copy before a clean, or as many as the file asks for (I1)."""

import json
import shutil
from pathlib import Path

import pytest

from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.workplace import Workplace

GOING, STAYS = job_id(1), job_id(2)


@pytest.fixture
def place(workplace: Workplace, emulator: EmulatorProcess) -> Workplace:
    for each in (GOING, STAYS):
        emulator.put_job(each, bodies.render(videoShareURL=None))
    return workplace


def write(place: Workplace, stores: str, copies: str = "") -> Path:
    file = place.write_desired(STAYS)
    text = file.read_text(encoding="utf-8").replace('["file:./archive"]', stores)
    file.write_text(text.replace("clean:\n", f"{copies}clean:\n", 1), encoding="utf-8")
    return file


def test_both_stores_hold_the_bag_and_its_receipt_before_the_clean(place: Workplace, emulator: EmulatorProcess) -> None:
    write(place, '["file:./archive", "file:./second"]')
    place.plan()
    place.run("apply", "plan.json").expect(0)
    assert emulator.cleaned() == {GOING}
    assert place.files("second") == place.files("archive") != set()
    assert "Verify: 2 bags whole, 0 damaged, 0 missing." in place.run("verify").expect(0).out
    (video,) = (place.folder / "second").rglob("video.mp4")
    video.write_bytes(b"\1" + video.read_bytes()[1:])
    shutil.rmtree(place.folder / "archive" / "jobs")
    told = place.run("verify").expect(8).out
    assert "Verify: 0 bags whole, 1 damaged, 1 missing." in told
    assert "data/assets/video.mp4 is not what was archived (jobs/" in told


def test_without_the_second_copy_nothing_is_cleaned(place: Workplace, emulator: EmulatorProcess) -> None:
    (place.folder / "full").write_text("in the way")
    write(place, '["file:./archive", "file:./full/archive"]')
    place.plan()
    ended = place.run("apply", "plan.json").expect(8)
    assert "the store file:./full/archive cannot be" in ended.err + ended.out
    assert emulator.cleaned() == set()
    (place.folder / "full").unlink()
    place.run("apply", "plan.json").expect(0)
    assert emulator.cleaned() == {GOING}
    first, second = (place.files(each) for each in ("archive", "full/archive"))
    (of_the_first_run,) = first - second
    assert second < first
    assert of_the_first_run.startswith("runs/"), "its record could not be written there, and the next one has it all"


def test_one_copy_is_enough_where_the_file_says_so_and_the_lack_is_told(
    place: Workplace, emulator: EmulatorProcess
) -> None:
    (place.folder / "full").write_text("in the way")
    write(place, '["file:./full/archive", "file:./archive"]', "  copies: 1\n")
    place.plan()
    ended = place.run("apply", "plan.json").expect(0)
    assert "jobs go without a copy there, as archive.copies allows" in ended.err
    assert emulator.cleaned() == {GOING}
    assert "Verify: 1 bag whole, 0 damaged, 0 missing." in place.run("verify").expect(0).out


def test_two_ways_to_one_folder_are_one_copy(place: Workplace, emulator: EmulatorProcess) -> None:
    (place.folder / "real").mkdir()
    (place.folder / "link").symlink_to("real")
    write(place, '["file:./real", "file:./link"]')
    place.plan()
    ended = place.run("apply", "plan.json").expect(64)
    assert "archive.stores: file:./real and file:./link are one folder, and hold one copy, not two" in ended.err
    assert emulator.cleaned() == set()


def test_an_archive_without_the_store_that_may_be_missing_is_done_and_tells_each_job_once(
    place: Workplace, emulator: EmulatorProcess
) -> None:
    (place.folder / "full").write_text("in the way")
    write(place, '["file:./archive", "file:./full/archive"]', "  copies: 1\n")
    for _ in range(2):  # what is there from before lacks nothing either
        ended = place.run("archive", "--all", "--json").expect(0)
        assert "the store file:./full/archive cannot be" in ended.err
        told = [(each["job"], each["outcome"]) for each in json.loads(ended.out)["results"]]
        assert told == [(GOING, "archived"), (STAYS, "archived")]
    (place.folder / "full").unlink()
    again = json.loads(place.run("archive", "--all", "--json").expect(0).out)
    assert [each["job"] for each in again["results"]] == [GOING, STAYS], "and gets its copy once the store is there"
    assert emulator.writes() == []


def test_a_bag_of_a_job_that_is_away_lacks_no_copy_in_a_store_that_may_be_missing(
    place: Workplace, emulator: EmulatorProcess
) -> None:
    write(place, '["file:./archive"]')
    place.plan()
    place.run("apply", "plan.json").expect(0)
    assert emulator.cleaned() == {GOING}
    (place.folder / "full").write_text("in the way")
    write(place, '["file:./archive", "file:./full/archive"]', "  copies: 1\n")
    ended = place.run("archive", "--all", "--json").expect(0)
    assert GOING not in {each["job"] for each in json.loads(ended.out)["results"]}
