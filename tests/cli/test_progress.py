"""How far copies have come: a line every so often, a display on a terminal, and never a word on stdout."""

import os
import pty
import re
import select
import subprocess
import sys
import time

import pytest

from reconciler.cli.progress import EVERY_S, CopyProgress
from reconciler.report.progress_text import Progressed, progress_line, seconds_text
from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
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


def test_a_dumb_terminal_gets_lines(workplace: Workplace, emulator: EmulatorProcess) -> None:
    emulator.put_job(job_id(1), bodies.render())
    workplace.write_desired("keep-me")
    workplace.plan()
    workplace.environ["TERM"] = "dumb"
    ended = workplace.run("apply", "plan.json").expect(0)
    assert ended.err == f"[1/1] {job_id(1)}: cleaned now\n"
