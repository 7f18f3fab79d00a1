"""Out of the archive again: every type of job byte for byte, from whichever store has it whole."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import bagit
import pytest

from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.workplace import Workplace

A, B = job_id(1), job_id(2)


def hashes(folder: Path) -> set[str]:
    return {hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.fixture
def archived(workplace: Workplace, emulator: EmulatorProcess) -> Workplace:
    """Two renders that are archived in two stores, and cleaned."""
    for job in (A, B):
        emulator.put_job(job, bodies.render())
    file = workplace.write_desired("keep-me")
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('["file:./archive"]', '["file:./archive", "file:./second"]'), encoding="utf-8")
    workplace.plan()
    workplace.run("apply", "plan.json").expect(0)
    return workplace


def test_jobs_of_every_type_come_back_byte_for_byte(workplace: Workplace, emulator: EmulatorProcess) -> None:  # I1
    emulator.reset(jobs=34, seed=7)
    workplace.write_desired("keep-me", max_jobs=99)
    workplace.plan()
    workplace.run("apply", "plan.json").expect(0)
    cleaned, truth = sorted(emulator.cleaned()), emulator.truth()
    assert len(cleaned) > 20
    ended = workplace.run("restore", *cleaned, "--to", "back").expect(0)
    assert ended.last_line == f"Restore: {len(cleaned)} restored, 0 not."
    kinds = set()
    for job in cleaned:
        folder = workplace.folder / "back" / job
        assert {file["sha256"] for file in truth[job]["files"].values()} <= hashes(folder)
        body = json.loads((folder / "job.json").read_text(encoding="utf-8"))
        assert job in json.dumps(body)
        kinds |= {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {"assets/video.mp4", "assets/audio.mp3", "assets/image.png", "transcript.json", "job.json"} <= kinds
    assert sorted(path.name for path in (workplace.folder / "back").iterdir()) == cleaned, "and nothing else"


def test_a_file_that_is_damaged_in_one_store_is_taken_from_the_other(
    archived: Workplace, emulator: EmulatorProcess
) -> None:
    for name in ("archive", "second"):
        (bag,) = (archived.folder / name / "jobs" / A).iterdir()
        flip(bag / "data" / "assets" / ("video.mp4" if name == "archive" else "audio.mp3"))
    ended = archived.run("restore", A, "--to", "back").expect(0)
    assert "passed over: file:./archive: data/assets/video.mp4 is not what was archived" in ended.out
    assert {file["sha256"] for file in emulator.truth()[A]["files"].values()} <= hashes(archived.folder / "back" / A)


def test_a_store_that_is_gone_is_passed_over(archived: Workplace, emulator: EmulatorProcess) -> None:
    shutil.rmtree(archived.folder / "archive")
    archived.run("restore", A, B, "--to", "back").expect(0)
    for job in (A, B):
        held = {file["sha256"] for file in emulator.truth()[job]["files"].values()}
        assert held <= hashes(archived.folder / "back" / job)


def test_what_is_whole_nowhere_is_not_restored_and_the_others_are(archived: Workplace) -> None:  # I15
    for name in ("archive", "second"):
        (bag,) = (archived.folder / name / "jobs" / A).iterdir()
        flip(bag / "data" / "job.json")
    ended = archived.run("restore", A, B, "--to", "back").expect(8)
    assert f"! {A}  not restored: data/job.json is whole in no store: file:./archive: data/job.json is not" in ended.out
    assert ended.last_line == "Restore: 1 restored, 1 not."
    assert [path.name for path in (archived.folder / "back").iterdir()] == [B]


def test_what_is_there_already_is_not_overwritten(archived: Workplace) -> None:
    mine = archived.folder / "back" / A
    mine.mkdir(parents=True)
    (mine / "video.mp4").write_text("mine")
    ended = archived.run("restore", A, "--to", "back").expect(8)
    assert f"back/{A} is there already, and is not overwritten" in ended.out
    assert [path.read_text() for path in mine.rglob("*")] == ["mine"]


def test_a_whole_bag_comes_back_as_one(archived: Workplace) -> None:
    archived.run("restore", A, "--to", "back", "--bag").expect(0)
    assert bagit.Bag(str(archived.folder / "back" / A)).is_valid()


def test_a_job_that_was_never_archived_is_refused_before_anything_is_restored(archived: Workplace) -> None:
    ended = archived.run("restore", A, "no-such-job", "--to", "back").expect(64)
    assert "the ledger has no receipt of a job no-such-job" in ended.err
    assert not (archived.folder / "back").exists()
    told = archived.run("restore", A[:-1], "--to", "back").expect(64).err
    assert "An id is compared exactly" in told, "two ids begin so"


def test_single_jobs_can_be_verified(archived: Workplace) -> None:
    (bag,) = (archived.folder / "second" / "jobs" / A).iterdir()
    flip(bag / "data" / "job.json")
    assert archived.run("verify", B).expect(0).last_line == "Verify: 2 bags whole, 0 damaged, 0 missing."
    assert archived.run("verify", A, B).expect(8).last_line == "Verify: 3 bags whole, 1 damaged, 0 missing."
    assert "no receipt of a job nonsense" in archived.run("verify", "nonsense").expect(64).err


def test_restoring_writes_nothing_but_what_it_was_asked_for(
    archived: Workplace, emulator: EmulatorProcess
) -> None:  # I6
    def others() -> dict[str, bytes]:
        return {name: (archived.folder / name).read_bytes() for name in archived.files(".") if "back/" not in name}

    before = others()
    emulator.forget_requests()
    archived.run("restore", A, "--to", "back", extra={"PICTORY_API_KEY": ""}).expect(0)
    assert others() == before
    assert emulator.requests() == []


def test_a_stranger_finds_how_to_read_and_check_the_archive_with_standard_tools(archived: Workplace) -> None:
    guide = (archived.folder / "archive" / "README.txt").read_text(encoding="utf-8")
    assert guide == (archived.folder / "second" / "README.txt").read_text(encoding="utf-8")
    (bag,) = (archived.folder / "archive" / "jobs" / A).iterdir()
    commands = re.findall(r"^  (cd .*|sha256sum .*|bagit\.py .*)$", guide, flags=re.MULTILINE)
    assert len(commands) == 4
    receipt = re.search(r"^  (python3 -c '\n.*?intoto\.json)$", guide, flags=re.MULTILINE | re.DOTALL)
    assert receipt is not None
    python = re.sub(r"^  ", "", receipt[1], flags=re.MULTILINE)
    for damaged in (False, True):
        if damaged:
            flip(bag / "data" / "assets" / "video.mp4")
        in_bag = "\n".join(commands[:3]).replace("ID", A).replace("NUMBER", bag.name)
        assert (shell(archived, f"set -e\n{in_bag}").returncode != 0) == damaged
        by_bagit = commands[3].replace("bagit.py", f"{sys.executable} -m bagit").replace("ID", A)
        assert (shell(archived, by_bagit.replace("NUMBER", bag.name)).returncode != 0) == damaged
        told = shell(archived, python.replace("ID", A).replace("NUMBER", bag.name)).stdout
        assert told.count("whole") == 12 - damaged
        assert told.count("DAMAGED") == damaged


def shell(archived: Workplace, commands: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["sh", "-c", commands], cwd=archived.folder / "archive", capture_output=True, text=True, check=False, timeout=60
    )
