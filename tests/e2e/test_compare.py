"""The comparison with what people use now (docs/compare.md), measured again, and the counting itself."""

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from bench.compare import losses
from bench.compare.account import Job, Json, account
from bench.compare.bad_downloads import FILES
from bench.compare.counting import Tally, tally
from bench.compare.matrix import OURS, ROWS, Fate, Matrix
from bench.compare.page import page, table
from bench.compare.programs import PROGRAMS
from tests.support.workplace import Ended

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "bench" / "compare"
SAMPLES = {
    "download_then_clean.py": ("out", "a-job"),
    "clean_old_jobs.py": ("90",),
    "clean_with_confirmation.py": ("a-job",),
}
SAFELY_CLEANED_BY_OURS = {
    "a usual day": 8,
    "the CDN refuses": 6,
    "a film is cut": 6,
    "several pages": 8,
    "the service stumbles": 8,
}

Measured = dict[str, dict[str, Tally]]


@pytest.fixture(scope="module")
def measured() -> Measured:
    return losses.measure()


# -- what was measured


@pytest.mark.slow
def test_ours_loses_nothing_on_any_day_and_still_cleans_what_can_be_kept(measured: Measured) -> None:  # I1
    assert {day: cells["reconciler"].lost for day, cells in measured.items()} == dict.fromkeys(measured, ())
    assert {day: len(cells["reconciler"].safe) for day, cells in measured.items()} == SAFELY_CLEANED_BY_OURS


@pytest.mark.slow
def test_each_sample_program_loses_jobs_and_the_second_even_retained_ones(measured: Measured) -> None:
    lost = {name: [job for cells in measured.values() for job in cells[name].lost] for name in SAMPLES}
    assert all(lost.values()), {name: len(jobs) for name, jobs in lost.items()}
    assert {name for name, jobs in lost.items() if any(job.is_retained for job in jobs)} == {"clean_old_jobs.py"}


@pytest.mark.slow
def test_the_page_says_what_was_measured(measured: Measured) -> None:
    written = (ROOT / "docs" / "compare.md").read_text(encoding="utf-8")
    assert table(measured, PROGRAMS) in written, "`make compare` writes it again"
    assert written.startswith(page(measured, losses.DAYS, PROGRAMS)), "`make compare` writes it again"


@pytest.mark.slow
def test_every_job_is_in_one_of_the_three_counts_and_the_running_one_is_left_alone(measured: Measured) -> None:
    everyone = {job.name for job in account(as_the_samples_expect=True)}
    for cells in measured.values():
        for counted in cells.values():
            names = [job.name for job in (*counted.lost, *counted.safe, *counted.left)]
            assert sorted(names) == sorted(everyone)
            assert "running" in {job.name for job in counted.left}


@pytest.mark.parametrize("as_the_samples_expect", [True, False])
def test_the_account_is_the_one_that_the_page_describes(as_the_samples_expect: bool) -> None:
    jobs = account(as_the_samples_expect=as_the_samples_expect)
    assert len({job.job_id for job in jobs}) == len(jobs) == 12
    to_go = Counter(job.kind for job in jobs if job.is_to_go)
    assert to_go == {"render": 5, "transcription": 2, "failed job": 1}
    assert Counter(job.kind for job in jobs if job.is_retained) == {"render": 2, "transcription": 1}


# -- the command


def outcome(*, lost_by_ours: tuple[Job, ...]) -> Measured:
    ours = Tally(lost_by_ours, (), ())
    return {day.name: {program.name: ours for program in PROGRAMS} for day in losses.DAYS}


def faced(fate: Fate) -> Matrix:
    return {OURS: {row: Counter({fate: len(FILES)}) for row in ROWS}}


def test_the_command_fails_and_names_what_was_lost_if_ours_lost_a_job_or_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    film = account(as_the_samples_expect=True)[4]
    monkeypatch.setattr(losses, "measure", lambda: outcome(lost_by_ours=(film,)))
    monkeypatch.setattr(sys, "argv", ["losses", "--write", str(tmp_path / "page.md")])
    monkeypatch.setattr(losses, "measure_matrix", lambda: faced(Fate.WHOLE))
    assert losses.main() == 1
    assert "a usual day: 1 render" in capsys.readouterr().err
    assert "1 / 0 / 0" in (tmp_path / "page.md").read_text(encoding="utf-8")
    monkeypatch.setattr(losses, "measure", lambda: outcome(lost_by_ours=()))
    assert losses.main() == 0
    monkeypatch.setattr(losses, "measure_matrix", lambda: faced(Fate.LOST))
    assert losses.main() == 1
    assert "cut*: 10 files" in capsys.readouterr().err


# -- the counting

FILM = b"a whole film"
SHA256 = hashlib.sha256(FILM).hexdigest()
INTERVIEW: Json = {
    "status": "completed",
    "transcript": [{"words": [{"word": "tide\n"}]}],
    "srt": "1\ntide\n",
    "txt": "tide",
}


def counted(folder: Path, *jobs: Job, cleaned: bool = True) -> tuple[int, int, int]:
    files = {"/film.mp4": {"size": len(FILM), "sha256": SHA256}}
    truth = {
        job.job_id: {"cleaned_by": 7 if cleaned else None, "files": files if job.kind == "render" else {}}
        for job in jobs
    }
    found = tally(jobs, truth, folder)
    return len(found.lost), len(found.safe), len(found.left)


def render(name: str = "film", *, is_retained: bool = False) -> Job:
    return Job(name, "render", {"status": "completed"}, is_retained=is_retained)


def test_a_cleaned_job_is_safe_only_with_its_exact_bytes_wherever_they_lie(tmp_path: Path) -> None:
    assert counted(tmp_path, render()) == (1, 0, 0)
    (tmp_path / "film.mp4").write_bytes(FILM[:-1])
    assert counted(tmp_path, render()) == (1, 0, 0), "a part of the film is no film"
    (tmp_path / "deep" / "down").mkdir(parents=True)
    (tmp_path / "deep" / "down" / "any-name").write_bytes(FILM)
    assert counted(tmp_path, render()) == (0, 1, 0)


def test_one_copy_does_not_pass_for_two_jobs(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(FILM)
    assert counted(tmp_path, render("a"), render("b")) == (1, 1, 0)


def test_a_retained_job_that_was_cleaned_is_lost_even_with_a_copy(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(FILM)
    assert counted(tmp_path, render(is_retained=True)) == (1, 0, 0)


def test_what_was_not_cleaned_was_left_alone(tmp_path: Path) -> None:
    assert counted(tmp_path, render(), cleaned=False) == (0, 0, 1)


@pytest.mark.parametrize(
    ("kept", "is_safe"),
    [
        ("nothing of it", False),
        (INTERVIEW["txt"], False),
        (INTERVIEW["srt"], True),
        (json.dumps(INTERVIEW["transcript"]), True),
        (json.dumps({"data": {"srt": INTERVIEW["srt"]}}), True),
    ],
)
def test_a_transcription_is_kept_by_its_subtitles_or_its_transcript(tmp_path: Path, kept: str, is_safe: bool) -> None:
    (tmp_path / "kept").write_text(kept, encoding="utf-8")
    job = Job("talk", "transcription", INTERVIEW)
    assert counted(tmp_path, job) == ((0, 1, 0) if is_safe else (1, 0, 0))


def test_a_job_with_nothing_to_keep_cannot_be_lost(tmp_path: Path) -> None:
    assert counted(tmp_path, Job("broken", "failed job", {"status": "failed"})) == (0, 1, 0)


# -- the sample programs stay away from any real account

NO_NETWORK = """
import os, runpy, sys

def trap(event, arguments):
    if event in {"socket.connect", "socket.getaddrinfo"}:
        os._exit(99)

sys.addaudithook(trap)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""Runs a program, and ends with 99 as soon as it turns to the network."""

FOREIGN = (
    *("", "https://api.pictory.ai/pictoryapis", "http://localhost:8085/pictoryapis", "http://127.0.0.2:8085"),
    *("http://127.0.0.1.example.com", "http://127.0.0.1@example.com/", "http://127.0.0.1:80@example.com/"),
    *("http://example.com\\@127.0.0.1/", "http://example.com/?http://127.0.0.1", "127.0.0.1:8085"),
    *("http://example.com#@127.0.0.1/", "http://127.0.0.1\n.example.com/"),
)


def run_trapped(program: str, base: str) -> Ended:
    ended = subprocess.run(
        [sys.executable, "-c", NO_NETWORK, str(FOLDER / program), *SAMPLES[program]],
        env={**os.environ, "PICTORY_API_BASE_URL": base, "PICTORY_API_KEY": "pictai_test"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


@pytest.mark.parametrize("base", FOREIGN)
@pytest.mark.parametrize("program", SAMPLES)
def test_a_sample_program_refuses_a_foreign_address_before_it_turns_to_the_network(program: str, base: str) -> None:
    ended = run_trapped(program, base).expect(64)
    assert "loses data on purpose" in ended.err
    assert "127.0.0.1" in ended.err


@pytest.mark.parametrize("program", SAMPLES)
def test_the_trap_of_these_tests_would_notice_the_network(program: str) -> None:
    run_trapped(program, "http://127.0.0.1:9/pictoryapis").expect(99)
