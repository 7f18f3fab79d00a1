"""A run of many jobs that is killed at random, again and again: each time the same plan carries on (I1, I8, I9).

Hundreds of jobs by day, ten thousand by night, by a seed that is printed.
"""

import hashlib
import os
import re
import signal
import struct
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.support.bodies import job_id
from tests.support.depth import IS_NIGHT
from tests.support.emulator import EmulatorProcess
from tests.support.promise import a_minute_passes, check_promise, deletes
from tests.support.telling import Tell
from tests.support.workplace import Workplace

JOBS = int(os.environ.get("MANY_JOBS", "10000" if IS_NIGHT else "200"))
KILLS = 5
SEED = int(os.environ.get("CRASH_SEED", "20261128"))
A_STEP_S = 0.03
"""About as long as a job takes: a kill comes anywhere in one."""
A_JOB_S = 0.5
"""What nothing that is done for one job takes longer than, on a machine that is busy."""
ENDED = re.compile(r"\[\d+/\d+\] ")


@pytest.fixture
def many_planned(workplace: Workplace, emulator: EmulatorProcess) -> Workplace:
    """A saved plan that would clean them all: each has one small film."""
    emulator.switch(page_size=100)
    film = {"status": "completed", "outputUrl": "asset:VIDEO/film.mp4"}
    for number in range(JOBS):
        emulator.put_job(job_id(number), film, newest=False, sizes={"VIDEO/film.mp4": 4096})
    place = replace(workplace, patience_s=120 + JOBS * A_JOB_S)
    place.write_desired("keep-me", max_jobs=JOBS)
    assert len(place.plan()["changes"]) == JOBS
    return place


def drawn(number: int) -> list[tuple[float, float]]:
    """Draw so many pairs of numbers from 0 to 1, the same for one seed."""
    words = struct.unpack(f">{2 * number}I", hashlib.shake_128(str(SEED).encode()).digest(8 * number))
    return [(share / 2**32, part / 2**32) for share, part in zip(words[::2], words[1::2], strict=True)]


def is_killed_after(place: Workplace, jobs: int, step_s: float) -> bool:
    """Kill a run when so many jobs have ended, and a part of the next one is done; False where it ended before."""
    started = place.start("apply", "plan.json")
    for _ in zip(range(jobs), ended_jobs(started), strict=False):
        pass
    time.sleep(step_s)
    is_running = started.poll() is None
    started.send_signal(signal.SIGKILL)
    started.communicate(timeout=60)
    return is_running


def ended_jobs(started: subprocess.Popen[str]) -> Iterator[str]:
    assert started.stderr is not None
    return (line for line in started.stderr if ENDED.match(line))


@pytest.mark.deep
def test_five_times_killed_a_run_of_many_jobs_ends_with_all_kept_and_all_cleaned(
    many_planned: Workplace, emulator: EmulatorProcess, tell: Tell
) -> None:  # I1, I8, I9
    ended: list[int] = []
    for share, part in drawn(KILLS):
        jobs = 1 + int(share * JOBS / (KILLS + 2))
        assert is_killed_after(many_planned, jobs, part * A_STEP_S), "it was to be killed on its way"
        check_promise(many_planned, emulator)
        a_minute_passes(many_planned)
        ended.append(len(emulator.cleaned()))
    many_planned.run("apply", "plan.json").expect(0)
    assert emulator.cleaned() == {job_id(number) for number in range(JOBS)}
    check_promise(many_planned, emulator)
    sent = len(deletes(emulator))
    many_planned.run("apply", "plan.json").expect(5)
    assert len(deletes(emulator)) == sent, "a plan that is spent sends nothing"
    tell(f"{JOBS} jobs, killed after {', '.join(map(str, ended))} were cleaned; {sent} cleans sent; seed {SEED}")
