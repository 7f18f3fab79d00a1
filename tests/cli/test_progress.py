"""How far copies have come: a line every so often, a display on a terminal, and never a word on stdout."""

import io
import os
import pty
import re
import select
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from reconciler.cli.progress import EVERY_S, CopyProgress, LiveProgress, copy_progress
from reconciler.report.progress_text import Progressed, progress_line, seconds_text
from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.promise import check_promise
from tests.support.workplace import COMMAND, Workplace

LINES = {
    "Copying: 3 of 40 jobs, 1.2 GB of 3.4 GB, 10.0 MB/s, 4 min left": Progressed(
        jobs=40, ended=3, size=3_400_000_000, came=1_000_000_000, there=200_000_000, seconds=100.0
    ),
    "Copying: 0 of 1 job, 5 B, 5 B/s": Progressed(jobs=1, ended=0, size=None, came=5, there=0, seconds=1.0),
    "Copying: 0 of 2 jobs, 0 B of 9 B": Progressed(jobs=2, ended=0, size=9, came=0, there=0, seconds=3.0),
    "Copying: 1 of 2 jobs, 12 B of 9 B, 4 B/s": Progressed(jobs=2, ended=1, size=9, came=12, there=0, seconds=3.0),
}


@pytest.mark.parametrize(("line", "far"), LINES.items(), ids=str)
def test_a_line_tells_jobs_bytes_rate_and_time_left_as_far_as_they_are_known(line: str, far: Progressed) -> None:
    assert progress_line(far) == line


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "1 s"), (59, "59 s"), (60, "1 min"), (61, "2 min"), (3600, "1 h 0 min"), (7801, "2 h 11 min")],
)
def test_spans_are_rounded_up(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text


def test_without_a_terminal_a_line_comes_every_so_often_and_no_sooner(capsys: pytest.CaptureFixture[str]) -> None:
    now = 100.0
    progress = CopyProgress(monotonic=lambda: now)
    progress.expect(2, 4000)
    with progress.coming("film.mp4", 4000, 1000) as count:
        now += EVERY_S - 1
        count(1000)
        assert capsys.readouterr().err == ""
        now += 1
        count(500)
        count(500)
    progress.ended()
    told = capsys.readouterr()
    assert told.err == "Copying: 0 of 2 jobs, 2.5 kB of 4.0 kB, 100 B/s, 15 s left\n"
    assert told.out == ""


def on_a_terminal(workplace: Workplace, *arguments: str) -> tuple[int, str, str]:
    """Run with a terminal of 100 columns as stderr; give exit code, stdout, and what the terminal was sent."""
    ours, theirs = pty.openpty()
    environment = workplace.environment({"TERM": "xterm-256color", "COLUMNS": "100"})
    with subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=workplace.folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
    ) as started:
        os.close(theirs)
        sent, deadline = b"", time.monotonic() + 60
        while time.monotonic() < deadline:
            ready, _, _ = select.select([ours], [], [], 0.1)
            if ready:
                try:
                    sent += os.read(ours, 65536)
                except OSError:  # the other end is closed
                    break
        assert started.stdout is not None
        out = started.stdout.read().decode()
    os.close(ours)
    return started.returncode, out, sent.decode(errors="replace")


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo terminals there")
def test_on_a_terminal_files_and_the_whole_are_shown_while_they_come(
    workplace: Workplace, emulator: EmulatorProcess
) -> None:  # I12
    for number in (1, 2):
        emulator.put_job(job_id(number), bodies.render(), sizes={"VIDEO/film.mp4": 200_000})
    emulator.fault("asset", "drip*", "/VIDEO/")
    workplace.write_desired("keep-me")
    workplace.plan()
    code, out, sent = on_a_terminal(workplace, "apply", "plan.json")
    assert code == 0
    assert "Apply: 2 cleaned" in out
    assert "\x1b" not in out
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", sent)
    assert re.search(r"film\.mp4 .*kB.*/s", plain), plain
    assert "1 of 2 jobs" in plain
    assert f"[2/2] {job_id(2)}: cleaned now" in plain
    assert "Traceback" not in plain


WITH_ITS_TERMINAL = """
import fcntl, os, signal, sys, termios
signal.signal(signal.SIGHUP, signal.SIG_DFL)
fcntl.ioctl(2, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Makes the terminal on stderr the one whose end hangs up (SIGHUP) on the program, also in tests run by nohup."""


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo terminals there")
@pytest.mark.parametrize("begins", [(), (sys.executable, "-c", WITH_ITS_TERMINAL)], ids=["EIO", "EIO and SIGHUP"])
@pytest.mark.parametrize("when", ["at the first file", "after the first job"])
def test_a_terminal_that_is_closed_stops_a_run_of_its_own_cleanly_and_no_other(
    workplace: Workplace, emulator: EmulatorProcess, begins: tuple[str, ...], when: str
) -> None:  # I8
    jobs = {emulator.put_job(job_id(number), bodies.render(), sizes={"VIDEO/film.mp4": 200_000}) for number in range(4)}
    emulator.fault("asset", "drip*", "/VIDEO/")
    workplace.write_desired("keep-me")
    workplace.plan()
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*begins, *COMMAND, "apply", "plan.json"],
        cwd=workplace.folder,
        env=workplace.environment({"TERM": "xterm-256color", "COLUMNS": "100"}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
        start_new_session=True,
    ) as started:
        os.close(theirs)
        sent, awaited = b"", b"film.mp4" if when == "at the first file" else b"[1/4]"
        while awaited not in sent:
            sent += os.read(ours, 65536)
        os.close(ours)
        out, _ = started.communicate(timeout=60)
    if begins:
        assert started.returncode == 129, out
        assert b"Stopped early: stopped by signal 1; the jobs in hand were finished" in out
        assert 1 <= len(emulator.cleaned()) < 4 if when == "at the first file" else emulator.cleaned()
        emulator.clear_faults()
        workplace.run("apply", "plan.json").expect(0)
    else:
        assert started.returncode == 0, out
        assert b"Apply: 4 cleaned" in out
    assert emulator.cleaned() == jobs
    check_promise(workplace, emulator)


class Failing(io.TextIOWrapper):
    """A terminal that fails whatever is written to it, as one does that hangs up at this moment."""

    def isatty(self) -> bool:
        return True


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full there")
def test_what_cannot_be_shown_is_no_trouble_of_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:  # I8
    monkeypatch.setenv("TERM", "xterm-256color")
    with Path("/dev/full").open("wb", buffering=0) as full, Failing(full, write_through=True) as failing:
        monkeypatch.setattr(sys, "stderr", failing)
        with copy_progress(no_color=False) as progress:
            assert isinstance(progress, LiveProgress)
            progress.expect(1, 1000)
            with progress.coming("film.mp4", 1000, 0) as count:
                count(1000)
            progress.say("done")
            progress.ended()
        with pytest.raises(OSError, match="No space"):
            failing.write("x")


NAMES = ["[red]film[/red].mp4", "\x1b[2Jfilm.mp4", "\u202e4pm.mlif", "[/]", "x" * 3000, "a\nb"]


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo terminals there")
@pytest.mark.parametrize("columns", [100, 20])
def test_names_of_files_are_shown_as_text_and_not_at_the_cost_of_the_numbers(
    monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:  # I12
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("LINES", "50")
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as screen:
        monkeypatch.setattr(sys, "stderr", screen)
        with copy_progress(no_color=True) as progress, ExitStack() as files:
            progress.expect(1, None)
            for name in (*NAMES, *(f"{number}.mp4" for number in range(26))):
                files.enter_context(progress.coming(name, 1000, 10))
                os.set_blocking(ours, False)
                sent = b""
                with suppress(BlockingIOError):
                    while part := os.read(ours, 65536):
                        sent += part
            last = sent.decode()
    os.close(ours)
    assert "\x1b[2J" not in last
    assert "\u202e" not in last
    assert "[red]film[/red]" in last
    assert ("0.0/1.0 kB" in last) == (columns == 100)


def test_a_dumb_terminal_gets_lines(workplace: Workplace, emulator: EmulatorProcess) -> None:
    emulator.put_job(job_id(1), bodies.render())
    workplace.write_desired("keep-me")
    workplace.plan()
    workplace.environ["TERM"] = "dumb"
    ended = workplace.run("apply", "plan.json").expect(0)
    assert ended.err == f"[1/1] {job_id(1)}: cleaned now\n"
