"""The demo, as `make demo` and `reconciler demo` run it, held against what the emulated service saw."""

import hashlib
import json
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import bagit
import pytest

from reconciler.core.steps import Phase
from tests.support.ledger_values import reader_at
from tests.support.workplace import COMMAND


@dataclass(frozen=True)
class Demo:
    folder: Path
    out: str
    seen: dict[str, Any]

    @property
    def deletes(self) -> list[dict[str, Any]]:
        return [request for request in self.seen["requests"] if request["method"] == "DELETE"]


@pytest.fixture(scope="module", params=["alone", "distributed"])
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    more = ["--distributed"] if request.param == "distributed" else []
    folder = tmp_path_factory.mktemp("demo") / "demo"
    ended = subprocess.run(
        [*COMMAND, "demo", "--dir", str(folder), *more], capture_output=True, text=True, check=False, timeout=240
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ("copies by 2 workers" in ended.stderr) == bool(more)
    return Demo(folder, ended.stdout, json.loads((folder / "emulator.json").read_text("utf-8")))


def test_each_step_is_shown_as_a_command_line_before_its_output(demo: Demo) -> None:
    steps = [line.removeprefix("$ reconciler ") for line in demo.out.splitlines() if line.startswith("$ reconciler ")]
    assert steps == [
        "validate",
        "plan --out plan.json",
        "show plan.json",
        "apply plan.json",
        "verify",
        "audit verify",
        "plan --detailed-exitcode",
    ]


def test_the_second_plan_says_that_there_is_nothing_to_do(demo: Demo) -> None:
    assert [line for line in demo.out.splitlines() if line.startswith("Plan: ")][-1].startswith("Plan: no changes.")


def test_every_delete_has_an_earlier_receipt_and_the_exact_bytes_in_the_archive(demo: Demo) -> None:  # I1, I10
    """The central promise, read from outside: the wire, the ledger's order, and the files themselves."""
    reader = reader_at(demo.folder / "state" / "ledger.db")
    receipts = {receipt.job_id: receipt for receipt in reader.receipts()}
    entries = list(reader.entries())
    assert len(demo.deletes) > 20
    for delete in demo.deletes:
        job_id = delete["path"].split("/")[-2]
        phases = {entry.phase: entry.sequence for entry in entries if entry.job_id == job_id}
        assert phases[Phase.BEGIN] < phases[Phase.ARCHIVED] < phases[Phase.CLEANING] < phases[Phase.CLEANED]
        bag = demo.folder / "archive" / receipts[job_id].bag
        archived = {hashlib.sha256(path.read_bytes()).hexdigest() for path in bag.rglob("*") if path.is_file()}
        held = {file["sha256"] for file in demo.seen["truth"][job_id]["files"].values()}
        assert held <= archived, f"{job_id}: a file of the service is not in the archive"
        assert {file.sha256 for file in receipts[job_id].files} == archived


def test_each_bag_passes_the_bagit_library(demo: Demo) -> None:
    bags = [path.parent for path in (demo.folder / "archive" / "jobs").rglob("bagit.txt")]
    assert len(bags) == len(demo.deletes)
    for bag in bags:
        assert bagit.Bag(str(bag)).validate()


def test_the_key_never_goes_to_the_asset_host(demo: Demo) -> None:  # I11
    to_assets = [request for request in demo.seen["requests"] if request["port"] == "asset"]
    assert to_assets
    assert not any(request["key_sent"] for request in to_assets)


def test_each_clean_is_preceded_by_two_readings_of_its_job(demo: Demo) -> None:  # I5
    requests = [request for request in demo.seen["requests"] if request["port"] == "api"]  # copies are made meanwhile
    for delete in demo.deletes:
        job_path = delete["path"].removesuffix("/clean")
        before = [r for r in requests if r["path"] == job_path and r["sequence"] < delete["sequence"]]
        assert len(before) >= 2
        assert requests[requests.index(delete) - 1] == before[-1], "the last thing before a clean is a look at the job"


def test_a_demo_never_removes_a_folder_that_no_demo_made(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("mine")
    ended = subprocess.run(
        [*COMMAND, "demo", "--dir", str(tmp_path)], capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == 64
    assert (tmp_path / "precious.txt").read_text() == "mine"


def test_what_the_demo_started_is_gone_when_the_demo_is(demo: Demo) -> None:
    exported = dict(line[9:].split("=") for line in demo.out.splitlines() if line.startswith("$ export "))
    for name in {"PICTORY_API_BASE_URL", "RECONCILER_WORKERS"} & exported.keys():
        where = urlsplit(exported[name])
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((where.hostname or "", where.port or 0), timeout=2)
