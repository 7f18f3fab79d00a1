"""A store whose disk is not mounted: its folder is not made anew on the disk below, whoever would write there (I1)."""

import json
from pathlib import Path

import pytest

from reconciler.archive.stores.local import LocalStore
from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.promise import check_promise
from tests.support.workplace import Workplace

A, B = job_id(1), job_id(2)
ANOTHER = "has copies, by the ledger, and no README.txt any more: it is another folder"


@pytest.fixture
def place(workplace: Workplace, emulator: EmulatorProcess) -> Workplace:
    """A is archived and cleaned, B is planned to be; then the disk of the archive is gone."""
    emulator.put_job(A, bodies.image())
    workplace.write_desired("keep-me")
    workplace.plan()
    workplace.run("apply", "plan.json").expect(0)
    emulator.put_job(B, bodies.render())
    workplace.plan()
    unmount(workplace.folder / "archive")
    return workplace


def unmount(folder: Path) -> None:
    folder.rename(folder.with_name("disk"))


def mount(folder: Path) -> None:
    if folder.exists():
        folder.rmdir()
    folder.with_name("disk").rename(folder)


@pytest.mark.parametrize("point_is_there", [False, True])
def test_nothing_is_archived_there_and_nothing_cleaned(
    place: Workplace, emulator: EmulatorProcess, *, point_is_there: bool
) -> None:
    archive = place.folder / "archive"
    if point_is_there:
        archive.mkdir()
    ended = place.run("apply", "plan.json", "--json").expect(8)
    assert ANOTHER in json.loads(ended.out)["stopped"]
    assert "Mount its disk, or correct the address." in json.loads(ended.out)["stopped"]
    assert emulator.cleaned() == {A}
    assert not archive.exists() or list(archive.iterdir()) == []
    mount(archive)
    place.run("apply", "plan.json").expect(0)
    assert emulator.cleaned() == {A, B}
    check_promise(place, emulator)


def test_a_repair_makes_no_copies_there(place: Workplace) -> None:
    place.run("verify", "--repair").expect(8)
    assert not (place.folder / "archive").exists()


def test_a_store_that_is_lost_for_good_is_begun_anew_where_its_owner_says_so(
    place: Workplace, emulator: EmulatorProcess
) -> None:
    (place.folder / "archive").mkdir()
    (place.folder / "archive" / "README.txt").touch()
    place.run("apply", "plan.json").expect(0)
    assert emulator.cleaned() == {A, B}


def test_a_second_store_that_may_be_missing_is_gone_without(workplace: Workplace, emulator: EmulatorProcess) -> None:
    for job in (A, B):
        emulator.put_job(job, bodies.render())
    file = workplace.write_desired(A, B)
    text = file.read_text().replace('["file:./archive"]', "[file:./first, file:./archive]\n  copies: 1")
    file.write_text(text)
    workplace.run("archive", A).expect(0)
    unmount(workplace.folder / "archive")
    ended = workplace.run("archive", "--all").expect(0)
    assert ANOTHER in ended.err
    assert not (workplace.folder / "archive").exists()
    mount(workplace.folder / "archive")
    workplace.run("archive", "--all").expect(0)
    assert workplace.files("first") >= workplace.files("archive")
    workplace.run("verify").expect(0)


def test_a_store_that_was_added_later_has_its_mark_with_its_first_copy(
    workplace: Workplace, emulator: EmulatorProcess
) -> None:
    emulator.put_job(A, bodies.image())
    emulator.put_job(B, bodies.image())
    workplace.write_desired(B)
    workplace.plan()
    workplace.run("apply", "plan.json").expect(0)
    file = workplace.write_desired(B)
    file.write_text(file.read_text().replace('["file:./archive"]', "[file:./archive, file:./second]"))
    told = json.loads(workplace.run("archive", A, "--json").expect(0).out)
    assert [(each["job"], each["outcome"]) for each in told["results"]] == [(A, "archived")], "cleaned, and told once"
    assert (workplace.folder / "second" / "README.txt").exists()
    workplace.run("archive", "--all").expect(0)
    assert emulator.cleaned() == {A}


def test_the_first_copies_of_all_may_be_recorded_while_another_thread_looks(tmp_path: Path) -> None:
    """Between its look for the guide and its look at the ledger, the first bag's thread does both."""

    def recorded_meanwhile() -> bool:
        (tmp_path / "README.txt").touch()
        return True

    store = LocalStore("file:./archive", tmp_path, holds_copies=recorded_meanwhile)
    store.publish_file(b"{}", "runs/a.json")
    assert store.has("runs/a.json")
