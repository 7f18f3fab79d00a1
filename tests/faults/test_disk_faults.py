"""Every write, sync, rename and link of an apply fails once, or is the last that the process does.

The faults are the kernel's own: strace makes the k-th call of a kind fail, or kills the process at it.  Archive and
ledger are both hit, for both lie on disks.
"""

import json
import random
import shutil
import signal
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.depth import IS_NIGHT
from tests.support.emulator import EmulatorProcess
from tests.support.promise import a_minute_passes, check_promise
from tests.support.signing_keys import ed25519_files
from tests.support.workplace import COMMAND, Ended, Workplace


def can_trace() -> bool:
    """Whether strace is there and may look at other processes, which some containers forbid."""
    if shutil.which("strace") is None:
        return False
    return (
        subprocess.run(["strace", "-qq", "-e", "trace=none", "true"], check=False, capture_output=True).returncode == 0
    )


A, B = job_id(1), job_id(2)
FAULTS = {
    "a write finds no space": ("write", "error=ENOSPC"),
    "a write fails": ("write", "error=EIO"),
    "a write of the ledger finds no space": ("pwrite64", "error=ENOSPC"),
    "a write of the ledger fails": ("pwrite64", "error=EIO"),
    "a sync fails": ("fsync", "error=EIO"),
    "a sync of the ledger fails": ("fdatasync", "error=EIO"),
    "a rename fails": ("rename", "error=EIO"),
    "a link fails": ("link,linkat", "error=EIO"),
    "a folder cannot be made": ("mkdir", "error=ENOSPC"),
    "the power fails at a write": ("write", "signal=SIGKILL"),
    "the power fails at a write of the ledger": ("pwrite64", "signal=SIGKILL"),
    "the power fails at a sync": ("fsync", "signal=SIGKILL"),
    "the power fails at a sync of the ledger": ("fdatasync", "signal=SIGKILL"),
    "the power fails at a rename": ("rename", "signal=SIGKILL"),
    "the power fails at a link": ("link,linkat", "signal=SIGKILL"),
    "the power fails at a removal": ("unlink,unlinkat,rmdir", "signal=SIGKILL"),
}
POINTS = 40 if IS_NIGHT else 3
"""Of each fault, how many of the places where it can strike are tried, drawn by chance; more of them by night."""

pytestmark = pytest.mark.skipif(
    not can_trace(), reason="strace is not installed or may not trace: apt-get install strace"
)


def traced(workplace: Workplace, log: Path, *how: str, verb: tuple[str, ...] = ("apply", "plan.json")) -> Ended:
    """Run a verb under strace, which passes its exit code on."""
    ended = subprocess.run(
        ["strace", "-f", "-qq", "-e", "signal=none", "-o", str(log), *how, "--", *COMMAND, *verb],
        cwd=workplace.folder,
        # One copy at a time: with several, which thread makes the k-th call would be a matter of chance.
        env=workplace.environment({"PYTHONDONTWRITEBYTECODE": "1", "RECONCILER_PARALLELISM": "1"}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


@pytest.fixture
def planned(workplace: Workplace, emulator: EmulatorProcess) -> Workplace:
    workplace.write_desired("keep-me")
    put_jobs(emulator)
    workplace.plan()
    return workplace


def put_jobs(emulator: EmulatorProcess) -> None:
    emulator.reset()
    emulator.put_job(A, bodies.image())
    emulator.put_job(B, bodies.render())


@pytest.mark.parametrize(("calls", "fault"), FAULTS.values(), ids=FAULTS.keys())
@pytest.mark.deep
@pytest.mark.timeout(3600)
def test_wherever_a_disk_fails_nothing_is_cleaned_unarchived_and_the_next_run_carries_on(
    planned: Workplace, emulator: EmulatorProcess, tmp_path_factory: pytest.TempPathFactory, calls: str, fault: str
) -> None:  # I1, I8
    log = tmp_path_factory.mktemp("strace") / "calls"
    whole = copy_of(planned, tmp_path_factory)
    traced(whole, log, "-e", f"trace={calls}").expect(0)
    total = calls_of_the_busiest_thread(log)
    assert total, "the apply makes no such call: the row tests nothing"
    points = sorted(random.Random(20261127).sample(range(1, total + 1), min(POINTS, total)))  # noqa: S311 - a draw that can be repeated
    for point in points:
        put_jobs(emulator)
        workplace = copy_of(planned, tmp_path_factory)
        ended = traced(workplace, log, "-e", f"trace={calls}", "-e", f"inject={calls}:{fault}:when={point}")
        where = f"call {point} of {total}: exit {ended.code}\n{ended.out}\n{ended.err}"
        assert ended.code == -signal.SIGKILL if "KILL" in fault else "(INJECTED)" in log.read_text(), where
        assert "Traceback" not in ended.err, where
        a_minute_passes(workplace)
        check_promise(workplace, emulator)
        again = workplace.run("apply", "plan.json")
        assert again.code in {0, 5}, f"{where}\nand then {again.err}"
        assert emulator.cleaned() == {A, B}, where
        check_promise(workplace, emulator)


def test_a_disk_without_hard_links_takes_an_archive(
    planned: Workplace, emulator: EmulatorProcess, tmp_path_factory: pytest.TempPathFactory
) -> None:
    planned.run("refresh").expect(0)  # the ledger stands on another disk, as it may
    log = tmp_path_factory.mktemp("strace") / "calls"
    calls = "link,linkat"
    traced(planned, log, "-e", f"trace={calls}", "-e", f"inject={calls}:error=EPERM").expect(0)
    assert log.read_text().count("(INJECTED)") >= 4, "two receipts, the guide, the record"
    assert emulator.cleaned() == {A, B}
    check_promise(planned, emulator)


def calls_of_the_busiest_thread(log: Path) -> int:
    """Count the calls in a log; strace counts those of each thread apart, and a thread's begin with its id."""
    lines = [line.split(maxsplit=1) for line in log.read_text().splitlines()]
    counts = Counter(thread for thread, call in lines if not call.startswith(("<...", "+++")))
    return max(counts.values(), default=0)


@pytest.mark.parametrize("point", [1, 2])
def test_killed_at_each_rename_of_a_repair_the_next_one_finishes_it(
    planned: Workplace, tmp_path: Path, point: int
) -> None:  # I8
    file = planned.folder / "retention.yaml"
    file.write_text(file.read_text().replace('["file:./archive"]', '["file:./archive", "file:./second"]'))
    planned.plan()
    planned.run("apply", "plan.json").expect(0)
    (video,) = (planned.folder / "second" / "jobs" / B).rglob("video.mp4")
    video.write_bytes(b"damaged")
    kill = ("-e", "trace=rename", "-e", f"inject=rename:signal=SIGKILL:when={point}")
    assert traced(planned, tmp_path / "calls", *kill, verb=("verify", "--repair")).code == -signal.SIGKILL
    assert [path for path in (planned.folder / "second").rglob("video.mp4") if path.read_bytes() == b"damaged"]
    a_minute_passes(planned)
    planned.run("verify", "--repair").expect(0)
    assert planned.run("verify").expect(0).last_line == "Verify: 4 bags whole, 0 damaged, 0 missing."
    planned.run("audit", "verify").expect(0)


@pytest.mark.parametrize("point", range(1, 6), ids=["guide", "signature", "receipt", "signature 2", "receipt 2"])
def test_killed_at_each_file_of_a_signed_archive_the_next_run_leaves_every_receipt_with_a_good_signature(
    planned: Workplace, emulator: EmulatorProcess, tmp_path: Path, point: int
) -> None:  # I1, I8
    keys = ed25519_files(planned.folder)
    planned.environ["RECONCILER_SIGNING_KEY_FILE"] = str(keys.signing)
    kill = ("-e", "trace=link,linkat", "-e", f"inject=link,linkat:signal=SIGKILL:when={point}")
    assert traced(planned, tmp_path / "calls", *kill).code == -signal.SIGKILL
    names = planned.files()
    receipts = {name.split("/")[1] for name in names if name.endswith(".intoto.json")}
    signed = {name.split("/")[1] for name in names if name.startswith("receipts/") and name.endswith(".dsse.json")}
    assert (len(signed), len(receipts)) == ((point - 1) // 2, max(0, point - 2) // 2)
    assert signed >= receipts
    a_minute_passes(planned)
    planned.environ["RECONCILER_VERIFY_KEY_FILE"] = str(keys.verify)
    planned.run("apply", "plan.json", extra={"RECONCILER_VERIFY_KEY_FILE": ""}).expect(0)
    assert emulator.cleaned() == {A, B}
    assert planned.run("verify").expect(0).last_line == "Verify: 2 bags whole, 0 damaged, 0 missing."
    check_promise(planned, emulator)


@pytest.mark.parametrize("point", [1, 2], ids=["its signature", "the record"])
def test_killed_at_its_record_a_run_is_told_by_the_record_of_the_next(
    planned: Workplace, tmp_path: Path, point: int
) -> None:  # I8, I10
    planned.environ["RECONCILER_SIGNING_KEY_FILE"] = str(ed25519_files(planned.folder).signing)
    planned.run("apply", "plan.json").expect(0)
    planned.plan()  # nothing is left to copy, so the only files that are linked are those of the record
    kill = ("-e", "trace=link,linkat", "-e", f"inject=link,linkat:signal=SIGKILL:when={point}")
    assert traced(planned, tmp_path / "calls", *kill).code == -signal.SIGKILL
    runs = planned.folder / "archive" / "runs"
    assert len(list(runs.glob("run-????????????.json"))) == 1
    planned.plan()
    planned.run("apply", "plan.json").expect(0)
    records = [json.loads(path.read_bytes()) for path in runs.glob("run-????????????.json")]
    first, last = sorted(records, key=lambda record: int(record["audit"][0]["sequence"]))
    assert last["audit"][0]["previous"] == first["audit"][-1]["hash"]
    assert len({event["run"] for event in last["audit"]}) == 2
    assert len(list(runs.glob("*.dsse.json"))) == 2 + (point == 2)


def copy_of(planned: Workplace, made: pytest.TempPathFactory) -> Workplace:
    folder = made.mktemp("copy") / "work"
    shutil.copytree(planned.folder, folder)
    return Workplace(folder, planned.environ)
