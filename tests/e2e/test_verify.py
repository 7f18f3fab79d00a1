"""Looking at the archive again, as a user does: samples, fast looks, receipts, and what the ledger remembers of it."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from reconciler.core.job import JobId
from reconciler.core.steps import Phase
from reconciler.engine.copies import BagState, CopyId, Reading, Verified
from reconciler.ledger.run_rows import Who
from reconciler.ledger.sqlite import SqliteDatabase
from reconciler.ledger.writer import SqlLedger
from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.ledger_values import HandMadeClock, reader_at
from tests.support.s3_server import S3Server
from tests.support.workplace import Workplace

A, B, C = job_id(1), job_id(2), job_id(3)


@pytest.fixture(scope="module")
def archived_once(emulator_process: EmulatorProcess, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which three jobs were archived, and cleaned."""
    emulator_process.reset()
    for job in (A, B, C):
        emulator_process.put_job(job, bodies.image())
    place = Workplace(tmp_path_factory.mktemp("archived"), dict(emulator_process.environ))
    place.write_desired("keep-me")
    place.plan()
    place.run("apply", "plan.json").expect(0)
    return place.folder


@pytest.fixture
def archived(archived_once: Path, tmp_path: Path) -> Workplace:
    """The same in a folder of the test's own; `verify` asks no service."""
    shutil.copytree(archived_once, tmp_path / "work")
    return Workplace(tmp_path / "work")


def remembered(place: Workplace) -> dict[CopyId, Verified]:
    return dict(reader_at(place.folder / "state" / "ledger.db").verifications())


def picture(place: Workplace, job: str = A) -> Path:
    (found,) = (place.folder / "archive" / "jobs" / job).rglob("image.png")
    return found


def receipt_file(place: Workplace, job: str = A) -> Path:
    (found,) = (place.folder / "archive" / "receipts" / job).iterdir()
    return found


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def a_day_passes(place: Workplace) -> None:
    """Let all that the ledger remembers of looks be of a day before."""
    with closing(sqlite3.connect(place.folder / "state" / "ledger.db")) as database:
        database.execute(
            "UPDATE verification SET checked_at = '2020-01-01T00:00:00Z', read_at = '2020-01-01T00:00:00Z'"
        )
        database.commit()


# -- samples


def test_samples_come_round_to_all_and_say_how_much_of_how_much(archived: Workplace) -> None:
    a_day_passes(archived)
    for number in range(1, 4):
        ended = archived.run("verify", "--sample", "5%").expect(0)
        assert ended.last_line == "Verify: 1 bag whole, 0 damaged, 0 missing; 1 of 3 copies looked at."
        looked = [each for each in remembered(archived).values() if each.checked_at.year > 2020]
        assert len(looked) == number
    assert archived.run("verify", "--all").expect(0).last_line == "Verify: 3 bags whole, 0 damaged, 0 missing."


@pytest.mark.parametrize("share", ["0%", "100.1%", "101%", "-5%", "5", "five", "1e1%", "", "%", "0.0%", "\u0665%"])
def test_what_is_no_share_is_refused_with_what_to_write(workplace: Workplace, share: str) -> None:
    ended = workplace.run("verify", f"--sample={share}").expect(64)
    assert "write a percentage above 0% and up to 100%, such as 5% or 0.5%" in ended.err


def test_of_three_ways_to_say_which_copies_one_is_taken(workplace: Workplace) -> None:
    for flags in (("--all", A), ("--sample", "5%", A), ("--all", "--sample", "5%")):
        assert "each say which copies to look at" in workplace.run("verify", *flags).expect(64).err


# -- fast


def test_a_fast_look_sees_lengths_alone_and_says_so(archived: Workplace) -> None:
    flip(picture(archived))
    ended = archived.run("verify", "--fast").expect(0)
    assert ended.last_line == "Verify: 3 bags there with all lengths, 0 damaged, 0 missing; no byte was read."
    with picture(archived).open("ab") as file:
        file.write(b"x")
    ended = archived.run("verify", "--fast").expect(8)
    assert f"! {A}  damaged: data/assets/image.png has another length" in ended.out
    assert "--fast reads no byte" in archived.run("verify", "--fast", "--repair").expect(64).err


def test_a_fast_look_is_no_proof_for_a_clean(workplace: Workplace, emulator: EmulatorProcess) -> None:  # I1
    emulator.put_job(A, bodies.image())
    workplace.write_desired("keep-me", otherwise="archive")
    workplace.plan()
    workplace.run("apply", "plan.json").expect(0)
    flip(picture(workplace))
    workplace.run("verify", "--fast").expect(0)
    workplace.write_desired("keep-me")
    workplace.plan()
    workplace.run("apply", "plan.json").expect(3)
    assert emulator.cleaned() == set()


# -- what is remembered


def test_damage_is_remembered_until_it_is_mended_or_read_whole_and_status_tells_it(archived: Workplace) -> None:
    flip(picture(archived))
    archived.run("verify").expect(8)
    archived.run("verify", "--fast").expect(0)
    (damaged,) = (each for each in remembered(archived).values() if each.state is BagState.DAMAGED)
    assert (damaged.how, damaged.problem) == (Reading.WHOLE, "data/assets/image.png is not what was archived")
    told = archived.run("status", "--offline").expect(0).out
    assert "Archive: 3 bags, 3 copies in 1 store\n" in told
    assert "! 1 damaged when last looked at; `reconciler verify --repair` mends" in told
    flip(picture(archived))
    archived.run("verify").expect(0)
    assert "when last looked at" not in archived.run("status", "--offline").expect(0).out


def test_status_tells_how_long_ago_the_oldest_copy_was_read_whole(archived: Workplace) -> None:
    with closing(sqlite3.connect(archived.folder / "state" / "ledger.db")) as database:
        database.execute("UPDATE verification SET whole_at = '2020-01-01T00:00:00Z' WHERE job_id = ?", (B,))
        database.commit()
    store = json.loads(archived.run("status", "--offline", "--json").expect(0).out)["ledger"]["stores"][0]
    assert (store["store"], store["copies"]) == ("file:./archive", 3)
    assert store["bytes"] == sum(path.stat().st_size for path in (archived.folder / "archive" / "jobs").rglob("*.*"))
    assert (store["oldest_whole_at"], store["never_whole"]) == ("2020-01-01T00:00:00Z", 0)
    assert "oldest verified whole: 2020-01-01, 2" in archived.run("status", "--offline").expect(0).out
    archived.run("verify", B).expect(0)
    assert "oldest verified whole: 20" in archived.run("status", "--offline").expect(0).out
    assert "2020-01-01" not in archived.run("status", "--offline").expect(0).out


def test_a_run_that_goes_on_meanwhile_does_not_keep_it_from_being_recorded(archived: Workplace) -> None:
    a_day_passes(archived)
    path = archived.folder / "state" / "ledger.db"
    busy = SqlLedger(SqliteDatabase(path), clock=HandMadeClock(), lease_s=60, who=Who.of("another", "a test"))
    with busy.open_run("apply", "acme") as run:
        ended = archived.run("verify").expect(0)
        run.append(JobId("d"), Phase.BEGIN, "f")
        archived.run("verify", "--repair").expect(7)
    assert "not recorded" not in ended.out
    assert {each.checked_at.year > 2020 for each in remembered(archived).values()} == {True}


def test_a_ledger_that_cannot_be_written_keeps_nothing_from_being_told(archived: Workplace) -> None:
    flip(picture(archived))
    before = remembered(archived)
    with closing(sqlite3.connect(archived.folder / "state" / "ledger.db")) as hog:
        hog.execute("BEGIN IMMEDIATE")
        ended = archived.run("verify").expect(8)
    assert f"! {A}  damaged: data/assets/image.png is not what was archived" in ended.out
    assert "Note: not recorded in the ledger (looks: 3): the ledger " in ended.out
    assert ended.last_line == "Verify: 2 bags whole, 1 damaged, 0 missing."
    assert remembered(archived) == before


def test_the_json_says_what_the_text_says(archived: Workplace) -> None:
    flip(picture(archived))
    receipt_file(archived, B).unlink()
    ended = archived.run("verify", "--json").expect(8)
    assert ended.out.count("\n") == 1
    told: dict[str, Any] = json.loads(ended.out)
    assert (told["format_version"], told["exit_code"], told["how"]) == ("1.0", 8, "whole")
    assert (told["copies"], told["looked_at"]) == (3, 3)
    assert told["bags"] == {"whole": 2, "damaged": 1, "missing": 0}
    assert told["receipts"] == {"damaged": 0, "missing": 1}
    assert sorted((each["job"], each["state"], each["receipt"]) for each in told["problems"]) == [
        (A, "damaged", "whole"),
        (B, "whole", "missing"),
    ]
    assert (told["repaired"], told["unrecorded"]) == ([], "")


# -- receipts


def test_a_receipt_that_is_missing_or_torn_is_told_and_written_anew_from_the_ledger(archived: Workplace) -> None:  # I10
    whole = {job: receipt_file(archived, job).read_bytes() for job in (A, B)}
    missing, torn = receipt_file(archived, A), receipt_file(archived, B)
    missing.unlink()
    torn.write_bytes(whole[B][:-20])
    ended = archived.run("verify").expect(8)
    assert f"! {A}  missing: its receipt receipts/{A}/{missing.name} is not there" in ended.out
    assert f"! {B}  damaged: its receipt receipts/{B}/{torn.name}: it cannot be read" in ended.out
    assert ended.last_line == "Verify: 3 bags whole, 0 damaged, 0 missing; of their receipts 1 damaged, 1 missing."
    assert not missing.exists(), "nothing is mended without the word"
    ended = archived.run("verify", "--repair").expect(0)
    assert f"~ {A}  mended: receipts/{A}/{missing.name} in file:./archive, from the ledger\n" in ended.out
    assert f"~ {B}  mended: receipts/{B}/{torn.name} in file:./archive, from the ledger; what was there" in ended.out
    assert {job: receipt_file(archived, job).read_bytes() for job in (A, B)} == whole
    (aside,) = (archived.folder / "archive" / "damaged").iterdir()
    assert aside.read_bytes() == whole[B][:-20]
    events = reader_at(archived.folder / "state" / "ledger.db").audit_events()
    told = [(event.job_id, dict(event.facts)["file"]) for event in events if event.event == "repaired"]
    assert sorted(told) == [(A, f"receipts/{A}/{missing.name}"), (B, f"receipts/{B}/{torn.name}")]
    archived.run("audit", "verify").expect(0)
    archived.run("verify").expect(0)


def test_a_receipt_in_a_bucket_is_mended_too(workplace: Workplace, emulator: EmulatorProcess) -> None:
    emulator.put_job(A, bodies.image())
    with S3Server() as server:
        server.make_bucket("copies")
        workplace.environ.update(server.environ)
        file = workplace.write_desired("keep-me")
        file.write_text(file.read_text(encoding="utf-8").replace("file:./archive", "s3://copies/a"), encoding="utf-8")
        workplace.plan()
        workplace.run("apply", "plan.json").expect(0)
        assert workplace.run("verify", "--fast").expect(0).last_line.startswith("Verify: 1 bag there")
        (key,) = (each for each in server.keys("copies") if "/receipts/" in each)
        whole = server.read("copies", key)
        server.write("copies", key, b"{}")
        assert "of their receipts 1 damaged" in workplace.run("verify").expect(8).last_line
        workplace.run("verify", "--repair").expect(0)
        assert server.read("copies", key) == whole
        picture = next(each for each in server.keys("copies") if each.endswith("image.png"))
        server.write("copies", picture, b"short")
        assert "has another length" in workplace.run("verify", "--fast").expect(8).out
