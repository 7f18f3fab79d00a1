"""Scenarios, the folder that keeps an account, the command line, and accounts of any size."""

import json
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from reconciler.emulator.media import PART_BYTES, Spec, made
from reconciler.emulator.numbering import Numbering
from reconciler.emulator.ranges import Part, part_of
from reconciler.emulator.scenario import ScenarioRefused, read_scenario
from reconciler.emulator.server import Options, running
from tests.support import bodies
from tests.support.account import call, data_of, files_of, listed, pages
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.workplace import Workplace

A, B = job_id(1), job_id(2)
PORTS = ("--port", "0", "--asset-port", "0", "--control-port", "0")

SCENARIO = f"""\
version: 1
jobs: 3
seed: 9
key: pictai_scenario
clock: {{at: 2026-06-01T00:00:00Z, stands: true}}
switches: {{page_size: 2, list_end: absent, clean_in_progress: 409}}
faults:
  - {{route: quota, script: "503 ok"}}
put:
  - id: {A}
    data: {{status: completed, videoURL: "asset:VIDEO/film.mp4"}}
    bytes: {{VIDEO/film.mp4: 1000000}}
"""


def test_a_scenario_says_all_about_an_account_and_flags_win_over_it(tmp_path: Path) -> None:
    file = tmp_path / "day.yaml"
    file.write_text(SCENARIO, encoding="utf-8")
    with EmulatorProcess("--scenario", str(file), "--switch", "page_size=3", jobs=4, seed=9, key="k") as emulator:
        read = pages(emulator)
        assert [len(page["items"]) for page in read] == [3, 2]
        assert "nextPageKey" not in read[-1]
        assert [call(emulator, "/v1/quota").status_code for _ in range(2)] == [503, 200]
        clock = requests.get(f"{emulator.control}/_emulator/clock", timeout=10).json()
        assert clock == {"now": "2026-06-01T00:00:00.000Z", "stands": True}
        (film,) = emulator.truth()[A]["files"].values()
        assert film["size"] == 1_000_000


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("jobs: many", "jobs: 'many' is not of type 'integer'"),
        ("jbos: 7", "'jbos' was unexpected"),
        ("switches: {page_sise: 3}", "no switch page_sise; there are"),
        ("switches: {page_size: 0}", "page_size: 0 is not between 1 and 1000"),
        ("faults: [{route: list}]", "faults.0: 'script' is a required property"),
        ("faults: [{route: list, script: nonsense}]", "list knows no 'nonsense'; it knows"),
        ("clock: {at: yesterday}", "yesterday"),
        ("clock: {at: '2026-06-01T00:00:00'}", "has no zone"),
        ("put: [{data: {}}]", "put.0: 'id' is a required property"),
        ("version: 2", "version: 1 was expected"),
        ("- a list", "is not of type 'object'"),
        ("a: [", "is not YAML"),
    ],
)
def test_what_a_scenario_says_wrong_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "day.yaml"
    file.write_text(text, encoding="utf-8")
    ended = Workplace(tmp_path).run("emulator", *PORTS, "--scenario", "day.yaml").expect(64)
    assert told in ended.err
    assert "day.yaml" in ended.err
    assert "Traceback" not in ended.err


def test_a_scenario_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ScenarioRefused, match="cannot be read: No such file"):
        read_scenario(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--host", "127.0.0.2"), "add --expose if that is meant"),
        (("--switch", "page_size"), "write NAME=POSITION"),
        (("--switch", "page_size=none"), "page_size: 'none' is no whole number"),
    ],
)
def test_a_flag_that_cannot_be_is_told(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    assert told in Workplace(tmp_path).run("emulator", *PORTS, *arguments).expect(64).err


def test_the_lines_to_paste_are_shown(tmp_path: Path) -> None:
    ended = Workplace(tmp_path).run("emulator", *PORTS, "--until-stdin-closes").expect(0)
    where = json.loads(ended.out)
    assert f"  export PICTORY_API_BASE_URL={where['api']}\n  export PICTORY_API_KEY=pictai_demo\n" in ended.err


# -- a folder that keeps an account


def test_a_folder_keeps_what_happened_over_a_new_start(tmp_path: Path) -> None:
    folder = ("--folder", str(tmp_path / "account"))
    with EmulatorProcess(*folder, jobs=30) as emulator:
        before = listed(emulator)
        emulator.put_job(A, bodies.image())
        emulator.put_job(B, bodies.image(), newest=False)
        cleaned = next(job for job, facts in emulator.truth().items() if facts["status"] == "completed" and job != A)
        call(emulator, f"/v1/jobs/{cleaned}/clean", "DELETE")
        emulator.remove_job(before[3])
        emulator.switch(etag="none", job_takes_s=0)
        emulator.clock(at="2030-01-01T00:00:00Z", stands=True)
        upload = call(emulator, "/v1/media/generateUrl", "POST", body={"fileName": "a.mp4"}).json()["data"]
        requests.put(upload["signedUrl"], data=b"a film", timeout=10)
        made = call(emulator, "/v2/transcription", "POST", body={"fileUrl": upload["url"]}).json()["data"]["jobId"]
        known = (listed(emulator), {job: facts["status"] for job, facts in emulator.truth().items()})
    with EmulatorProcess(*folder, jobs=30) as emulator:
        assert (listed(emulator), {job: facts["status"] for job, facts in emulator.truth().items()}) == known
        assert listed(emulator)[:2] == [made, A]
        assert listed(emulator)[-1] == B
        assert data_of(emulator, cleaned) == {"status": "cleaned"}
        assert before[3] not in listed(emulator)
        answer = requests.get(f"{emulator.assets}/{upload['key']}", timeout=10)
        assert (answer.content, "ETag" in answer.headers) == (b"a film", False)
        assert emulator.clock()["now"].startswith("2030-01-01")
        emulator.reset(jobs=30)
    with EmulatorProcess(*folder, jobs=30) as emulator:
        assert listed(emulator) == before, "a new beginning is kept too"


def test_a_change_that_was_being_written_is_not_half_taken(tmp_path: Path) -> None:
    folder = tmp_path / "account"
    with EmulatorProcess("--folder", str(folder), jobs=5) as emulator:
        emulator.put_job(A, bodies.image())
        emulator.put_job(B, bodies.image())
    file = folder / "changes.jsonl"
    file.write_bytes(file.read_bytes()[:-20])
    with EmulatorProcess("--folder", str(folder), jobs=5) as emulator:
        assert A in listed(emulator)
        assert B not in listed(emulator)
        emulator.put_job(B, bodies.image())
    with EmulatorProcess("--folder", str(folder), jobs=5) as emulator:
        assert B in listed(emulator)


@pytest.mark.parametrize("content", ['{"emulator": 1, "jobs": 7, "seed": 1, "media_mb": 0}\n', "no json\n"])
def test_a_folder_of_something_else_is_refused_and_left_as_it_is(tmp_path: Path, content: str) -> None:
    folder = tmp_path / "account"
    folder.mkdir()
    (folder / "changes.jsonl").write_text(content, encoding="utf-8")
    ended = Workplace(tmp_path).run("emulator", *PORTS, "--folder", "account", "--until-stdin-closes").expect(64)
    assert "another folder" in ended.err
    assert (folder / "changes.jsonl").read_text(encoding="utf-8") == content


# -- inside a program


def test_it_serves_from_a_thread_of_a_program_and_stops_with_it() -> None:
    with running(Options()) as where:
        answer = requests.get(f"{where.api}/v1/jobs", headers={"Authorization": where.key}, timeout=10)
        assert len(answer.json()["items"]) == 25
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{where.api}/v1/jobs", timeout=2)


def test_a_port_that_is_taken_is_told_to_the_program() -> None:
    with running(Options()) as where:
        taken = int(where.control.rpartition(":")[2])
        with pytest.raises(OSError, match="address already in use"), running(Options(port=taken)):
            pass


# -- any size


@given(seed=st.integers(), number=st.integers(0, 2**122 - 1))
def test_a_number_becomes_an_id_and_again_the_number(seed: int, number: int) -> None:
    numbering = Numbering(seed, "job")
    assert numbering.number_of(numbering.id_of(number)) == number


@pytest.mark.parametrize(
    "text", ["", "x", "6C1F0B52-7A34-4D0E-9F6B-2A51C8E7D910", f"{{{A}}}", "6c1f0b52-7a34-1d0e-9f6b-2a51c8e7d910"]
)
def test_what_is_no_id_has_no_number(text: str) -> None:
    assert Numbering(1, "job").number_of(text) is None


@given(size=st.integers(0, 50), header=st.from_regex(r"(bytes=)?[0-9]{0,2}-[0-9]{0,2}", fullmatch=True))
def test_a_part_lies_within_the_file(size: int, header: str) -> None:
    part = part_of(header, size)
    assert part is None or 0 <= part.start <= part.stop <= size
    assert part != Part(0, 0, is_part=True)


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("", Part(0, 10, is_part=False)),
        ("bytes=2-4", Part(2, 5, is_part=True)),
        ("bytes=2-", Part(2, 10, is_part=True)),
        ("bytes=-3", Part(7, 10, is_part=True)),
        ("bytes=-99", Part(0, 10, is_part=True)),
        ("bytes=0-99", Part(0, 10, is_part=True)),
        ("bytes=10-", None),
        ("bytes=-0", None),
        ("bytes=4-2", Part(0, 10, is_part=False)),
        ("bytes=1-2,4-5", Part(0, 10, is_part=False)),
        ("lines=1-2", Part(0, 10, is_part=False)),
    ],
)
def test_a_range_is_read_as_the_standard_says(header: str, part: Part | None) -> None:
    assert part_of(header, 10) == part


def test_a_million_jobs_are_listed_without_being_held() -> None:
    with EmulatorProcess("--switch", "page_size=1000", jobs=1_000_000) as emulator:
        page = call(emulator, "/v1/jobs").json()
        for _ in range(5):
            page = call(emulator, "/v1/jobs", query={"nextPageKey": page["nextPageKey"]}).json()
        last = page["items"][-1]["data"]["jobId"]
        assert data_of(emulator, last) is not None
        peak = Path(f"/proc/{emulator.process.pid}/status").read_text(encoding="utf-8").partition("VmHWM:")[2]
        assert int(peak.split()[0]) < 150_000, "kB; a million bodies would be gigabytes"
        answer = requests.get(f"{emulator.control}/_emulator/truth", timeout=10)
        assert "?job=ID" in answer.json()["message"]
        some = requests.get(f"{emulator.control}/_emulator/truth", params={"job": [last, A]}, timeout=10).json()
        assert list(some) == [last]


@pytest.mark.parametrize("size", [100, PART_BYTES, PART_BYTES + 1, 5 * PART_BYTES + 12_345])
def test_the_short_way_to_a_multipart_name_gives_what_hashing_every_part_gives(size: int) -> None:
    import hashlib

    file = made(Spec("mp4", 3, size))
    content = b"".join(file.read())
    parts = [content[start : start + PART_BYTES] for start in range(0, len(content), PART_BYTES)]
    digests = b"".join(hashlib.md5(part, usedforsecurity=False).digest() for part in parts)
    assert file.multipart_digest() == f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}"
    assert len(content) == file.size


def test_a_large_file_is_named_in_parts_and_its_tail_comes_alone(emulator: EmulatorProcess) -> None:
    size = 1 << 30
    emulator.put_job(A, {"status": "completed", "videoURL": "asset:VIDEO/film.mp4"}, sizes={"VIDEO/film.mp4": size})
    (address,) = files_of(data_of(emulator, A))
    head = requests.head(address, timeout=30)
    assert (head.headers["Content-Length"], head.headers["ETag"].endswith('-128"')) == (str(size), True)
    tail = requests.get(address, headers={"Range": "bytes=-1000"}, timeout=30)
    assert (tail.status_code, len(tail.content)) == (206, 1000)
    before = requests.get(address, headers={"Range": f"bytes={size - 1500}-{size - 501}"}, timeout=30)
    assert before.content[500:] == tail.content[:500]


def test_a_part_is_sent_only_of_the_file_that_was_begun(emulator: EmulatorProcess) -> None:
    emulator.put_job(A, bodies.image())
    (address,) = files_of(data_of(emulator, A))
    whole = requests.get(address, timeout=10)

    def status(**condition: str) -> int:
        return requests.get(address, headers={"Range": "bytes=5-", **condition}, timeout=10).status_code

    assert status(**{"If-Range": whole.headers["ETag"]}) == 206
    assert status(**{"If-Range": whole.headers["Last-Modified"]}) == 206
    assert status(**{"If-Range": '"another"'}) == 200
    emulator.fault("asset", "changed")
    assert status(**{"If-Range": whole.headers["ETag"]}) == 200
    beyond: Any = requests.get(address, headers={"Range": f"bytes={len(whole.content)}-"}, timeout=10)
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{len(whole.content)}")
