"""`reconciler archive`: copies without cleaning, and none twice."""

import json
from typing import Any

import pytest

from reconciler.core.receipt import Receipt
from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.ledger_values import reader_at
from tests.support.promise import receipts
from tests.support.workplace import Workplace

KEPT, KEPT_NOW, GOES, RUNNING, FAILED, CLEANED = (job_id(number) for number in range(1, 7))


@pytest.fixture
def account(workplace: Workplace, emulator: EmulatorProcess) -> Workplace:
    """A job of every kind that matters to a copy."""
    for job in (KEPT, KEPT_NOW, GOES):
        emulator.put_job(job, bodies.render(videoShareURL=None))  # of no project: each goes or stays alone
    emulator.put_job(RUNNING, {"status": "in-progress"})
    emulator.put_job(FAILED, bodies.failed())
    emulator.put_job(CLEANED, {"status": "cleaned"})
    now = f"{{name: now, owner: a team, reason: shown, ids: [{KEPT_NOW}], archive: now}}"
    workplace.write_desired(KEPT, now, otherwise="report")
    return workplace


def archived(ended: str) -> dict[str, str]:
    report: dict[str, Any] = json.loads(ended)
    return {result["job"]: result["outcome"] for result in report["results"]}


def downloads(emulator: EmulatorProcess) -> int:
    return sum(request["port"] == "asset" for request in emulator.requests())


SELECTIONS = {"": {KEPT_NOW}, "--retained": {KEPT, KEPT_NOW}, "--all": {KEPT, KEPT_NOW, GOES}}


@pytest.mark.parametrize(("flag", "copied"), SELECTIONS.items(), ids=["no flag", "--retained", "--all"])
def test_what_was_asked_for_is_copied_and_nothing_is_cleaned(
    account: Workplace, emulator: EmulatorProcess, flag: str, copied: set[str]
) -> None:  # I1
    ended = account.run("archive", *([flag] if flag else []), "--json").expect(0)
    assert archived(ended.out) == dict.fromkeys(copied, "archived")
    assert set(receipts(account)) == copied
    assert emulator.writes() == []
    account.run("verify").expect(0)
    account.run("audit", "verify").expect(0)


def test_what_goes_is_copied_ahead_of_its_apply(account: Workplace, emulator: EmulatorProcess) -> None:
    account.write_desired(KEPT, KEPT_NOW, otherwise="clean")
    ended = account.run("archive", "--json").expect(0)
    assert set(archived(ended.out)) == {GOES}, ended.err
    fetched = downloads(emulator)
    account.plan()
    account.run("apply", "plan.json").expect(0)
    assert GOES in emulator.cleaned()
    assert downloads(emulator) == fetched, "the copy is used"


def test_a_job_that_has_its_copies_costs_no_download_and_is_told(account: Workplace, emulator: EmulatorProcess) -> None:
    account.run("archive", "--all").expect(0)
    fetched = downloads(emulator)
    again = account.run("archive", "--all").expect(0)
    assert "3 jobs are in every store already." in again.err
    assert "1 job is not copied: it is in-progress." in again.err
    assert again.out.endswith(
        "Archive: 0 cleaned, 0 archived only, 0 skipped, 0 failed, 0 unconfirmed, 0 not started.\n"
    )
    named = account.run("archive", KEPT, "--json").expect(0)
    assert archived(named.out) == {KEPT: "archived"}
    assert downloads(emulator) == fetched


def test_a_job_that_changed_is_copied_again(account: Workplace, emulator: EmulatorProcess) -> None:
    account.run("archive", KEPT).expect(0)
    emulator.remove_job(KEPT)
    emulator.put_job(KEPT, bodies.render(videoURL="asset:VIDEO/made-anew.mp4"))
    assert archived(account.run("archive", "--retained", "--json").expect(0).out)[KEPT] == "archived"
    assert len([name for name in account.files() if name.startswith(f"receipts/{KEPT}/")]) == 2


def test_a_store_that_was_added_later_gets_its_copy_without_a_download(
    account: Workplace, emulator: EmulatorProcess
) -> None:
    account.run("archive", "--all").expect(0)
    fetched = downloads(emulator)
    path = account.folder / "retention.yaml"
    path.write_text(path.read_text().replace('["file:./archive"]', "[file:./archive, file:./second]"))
    account.run("archive", "--all").expect(0)
    assert {name for name in account.files("second") if name.startswith("jobs/")} == {
        name for name in account.files() if name.startswith("jobs/")
    }
    assert downloads(emulator) == fetched
    account.run("verify").expect(0)


def test_by_name_what_cannot_be_copied_is_told_and_is_no_success(account: Workplace, emulator: EmulatorProcess) -> None:
    ended = account.run("archive", KEPT, RUNNING, CLEANED, FAILED).expect(3)
    for job, why in {
        RUNNING: "it is in-progress",
        CLEANED: "the service has cleaned it",
        FAILED: "it has nothing to copy",
    }.items():
        assert f"{job}  skipped: not copied: {why}" in ended.out
    assert set(receipts(account)) == {KEPT}
    assert emulator.writes() == []


def test_an_id_that_the_list_does_not_have_stops_before_the_first_copy(
    account: Workplace, emulator: EmulatorProcess
) -> None:
    ended = account.run("archive", KEPT, "no-such-job").expect(64)
    assert "the list has no job no-such-job" in ended.err
    assert downloads(emulator) == 0


@pytest.mark.parametrize("given", [("--all", "--retained"), ("--all", KEPT), ("--retained", KEPT)], ids=str)
def test_two_ways_to_say_which_jobs_are_one_too_many(workplace: Workplace, given: tuple[str, ...]) -> None:
    assert "Give one of them." in workplace.run("archive", *given).expect(64).err


def test_more_bytes_than_the_file_allows_are_refused_before_the_first(
    account: Workplace, emulator: EmulatorProcess
) -> None:
    path = account.folder / "retention.yaml"
    path.write_text(path.read_text() + "  max_bytes: 10kB\n")
    before = downloads(emulator)
    ended = account.run("archive", "--all").expect(4)
    assert "clean.max_bytes allows 10.0 kB" in ended.err
    asked = [request for request in emulator.requests() if request["port"] == "asset" and request["method"] == "GET"]
    assert asked == []
    assert before == 0


def test_a_list_that_shows_less_than_the_jobs_themselves_costs_no_copy(
    account: Workplace, emulator: EmulatorProcess
) -> None:
    emulator.switch(list_is_thin=True)
    assert archived(account.run("archive", "--all", "--json").expect(0).out)[KEPT] == "archived"
    fetched = downloads(emulator)
    account.run("archive", "--all").expect(0)
    assert downloads(emulator) == fetched
    account.plan()
    told = account.run("plan").expect(0).out
    assert told.endswith("Plan: 2 released, nothing to do (otherwise: report), 2 retained, 1 held.\n")


# -- copies in a store that was added later, of jobs that are no more


def add_second(place: Workplace) -> None:
    path = place.folder / "retention.yaml"
    path.write_text(path.read_text().replace('["file:./archive"]', "[file:./archive, file:./second]"))


@pytest.fixture
def cleaned(account: Workplace, emulator: EmulatorProcess) -> Workplace:
    """The job that goes is archived in one store and cleaned; then a second store is added."""
    account.write_desired(KEPT, KEPT_NOW, otherwise="clean")
    account.plan()
    account.run("apply", "plan.json").expect(0)
    assert emulator.cleaned() == {GOES, FAILED}
    add_second(account)
    return account


def all_receipts(place: Workplace) -> tuple[Receipt, ...]:
    return reader_at(place.folder / "state" / "ledger.db").receipts()


def bags_in(place: Workplace, store: str) -> dict[str, bytes]:
    names = (name for name in place.files(store) if name.startswith("jobs/"))
    return {name: (place.folder / store / name).read_bytes() for name in names}


def test_what_is_cleaned_is_copied_from_store_to_store(cleaned: Workplace, emulator: EmulatorProcess) -> None:
    fetched = downloads(emulator)
    ended = cleaned.run("archive").expect(0)
    assert f"{GOES}  archived: copied to file:./second from file:./archive" in ended.out
    assert bags_in(cleaned, "second") == bags_in(cleaned, "archive") != {}
    assert downloads(emulator) == fetched
    assert set(receipts(cleaned)[GOES].stores) == {"file:./archive", "file:./second"}
    assert cleaned.run("verify").expect(0).out == "Verify: 4 bags whole, 0 damaged, 0 missing.\n"
    cleaned.run("audit", "verify").expect(0)
    first, second = sorted(each.verified_at for each in all_receipts(cleaned) if each.job_id == GOES)
    assert second > first, "of two receipts the later counts, so they must not be of one second"
    assert GOES not in cleaned.run("archive").expect(0).out, "once is enough"


def test_a_copy_that_was_cut_off_before_it_was_recorded_is_used(cleaned: Workplace) -> None:  # I8
    before = (cleaned.folder / "state" / "ledger.db").read_bytes()
    cleaned.run("archive").expect(0)
    (cleaned.folder / "state" / "ledger.db").write_bytes(before)
    cleaned.run("archive").expect(0)
    assert not (cleaned.folder / "second" / "damaged").exists()
    assert set(receipts(cleaned)[GOES].stores) == {"file:./archive", "file:./second"}


def test_a_copy_is_made_of_none_that_is_damaged(cleaned: Workplace) -> None:  # I15
    (film,) = (cleaned.folder / "archive" / "jobs" / GOES).glob("*/data/assets/video.mp4")
    content = bytearray(film.read_bytes())
    content[100] ^= 1
    film.write_bytes(content)
    ended = cleaned.run("archive").expect(3)
    assert f"{GOES}  failed: none of its copies is whole" in ended.out
    assert [name for name in bags_in(cleaned, "second") if GOES in name] == []


def test_a_store_that_takes_no_more_is_told_and_no_copy_is_claimed(cleaned: Workplace) -> None:
    (cleaned.folder / "second").write_text("no folder")
    ended = cleaned.run("archive").expect(3)
    assert f"{GOES}  failed: no copy made: " in ended.out
    assert ended.out.count("no copy made: the store file:./second cannot be") == 1, "whichever job comes first"
    assert set(receipts(cleaned)[GOES].stores) == {"file:./archive"}


def test_apply_copies_what_is_asked_for_now_also_where_the_list_shows_less(
    account: Workplace, emulator: EmulatorProcess
) -> None:
    emulator.switch(list_is_thin=True)
    account.plan()
    ended = account.run("apply", "plan.json", "--json").expect(0)
    assert archived(ended.out) == {KEPT_NOW: "archived"}
