"""The command that asks the live service, pointed at an emulator: it works end to end, and sends GET alone."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.emulator import EmulatorProcess

ROOT = Path(__file__).parents[2]
READING = "tests/contract/test_service_reading.py"
JOBS = 60


def ask_live(environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the documented command; what this machine may have set for a live run is not passed on."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("PICTORY_", "PYTEST_"))}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", READING, "-k", "live"],
        cwd=ROOT,
        env={**kept, "PICTORY_LIVE_RATE": "1000", **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


@pytest.mark.slow
def test_the_live_mode_passes_and_sends_nothing_but_get() -> None:  # I6
    tests = len(re.findall(r"^def test_", (ROOT / READING).read_text(encoding="utf-8"), flags=re.MULTILINE))
    with EmulatorProcess(jobs=JOBS) as emulator:
        ended = ask_live({**emulator.environ, "PICTORY_LIVE_TEST": "1"})
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert re.search(rf"\b{tests} passed", ended.stdout), ended.stdout
        came = emulator.requests()
    assert {request["method"] for request in came} == {"GET"}
    assert {request["route"] for request in came} >= {"list", "get", "quota", "aistudio-images", "aistudio-videos"}
    assert not any(request["key_sent"] for request in came if request["port"] == "asset")


def test_without_being_asked_for_nothing_live_is_run() -> None:
    with EmulatorProcess(jobs=1) as emulator:
        ended = ask_live(emulator.environ)
        assert ended.returncode == 5, ended.stdout  # pytest's own: no test was chosen
        assert emulator.requests() == []
