"""The emulated account: every type and state, the four spellings, paging, cleaning, and media that is whole."""

import hashlib
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from reconciler.archive.proof import Transfer, judge
from tests.support import bodies
from tests.support.account import call, files_of, pages
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess

Json = dict[str, Any]
A = job_id(1)


@pytest.fixture(scope="module")
def account() -> Iterator[EmulatorProcess]:
    with EmulatorProcess(jobs=60, media_mb=20) as process:
        yield process


def items_of(emulator: EmulatorProcess) -> list[Json]:
    return [item for page in pages(emulator) for item in page["items"]]


def test_sixty_jobs_show_every_state_and_every_kind_of_result(account: EmulatorProcess) -> None:
    items = [item["data"] for item in items_of(account)]
    assert len(items) == 60
    statuses = Counter(item.get("status", "(none)") for item in items)
    assert {"completed", "failed", "in-progress", "cleaned", "(none)"} <= set(statuses)
    fields = {name for item in items for name in item}
    assert {
        *("videoURL", "audioURL", "thumbnail", "srtFile", "vttFile", "txtFile", "videoShareURL", "shareVideoURL"),
        *("transcript", "srt", "vtt", "txt", "mediaInfo", "highlight", "renderParams", "storyboard", "previewUrl"),
        *("preview", "url", "lastFrameImageUrl", "previewImageUrl", "thumbnailImageUrl", "renderProgress"),
        *("error_code", "error_message", "soundscape"),
    } <= fields


def test_a_job_is_spelled_in_each_of_the_four_ways(account: EmulatorProcess) -> None:
    spellings = Counter[str]()
    ids = [item["data"]["jobId"] for item in items_of(account)]
    for each in ids:
        body = call(account, f"/v1/jobs/{each}").json()
        if "data" not in body:  # the one whose two ids disagree is listed under another id than it answers to
            continue
        spellings.update(name for name in ("job_id", "jobId") if name in body)
        spellings.update(f"data.{name}" for name in ("job_id", "jobId") if name in body["data"])
    assert set(spellings) == {"job_id", "jobId", "data.job_id", "data.jobId"}


def test_a_list_item_carries_its_id_inside_data_and_success_is_no_state(account: EmulatorProcess) -> None:
    items = items_of(account)
    assert all("jobId" in item["data"] for item in items)
    assert {item["success"] for item in items if item["data"].get("status") == "failed"} == {False}
    assert {item["success"] for item in items if item["data"].get("status") == "in-progress"} == {True}


def test_every_file_is_there_whole_by_our_own_proof_and_of_the_size_asked_for(
    account: EmulatorProcess, tmp_path: Path
) -> None:
    extensions = {"video/mp4": "mp4", "image/jpeg": "jpg", "image/png": "png", "audio/mpeg": "mp3"}
    total, kinds = 0, Counter[str]()
    for item in items_of(account):
        for address in files_of(item["data"]):
            answer = requests.get(address, timeout=30)
            assert answer.status_code == 200
            (tmp_path / "file").write_bytes(answer.content)
            extension = extensions.get(answer.headers["Content-Type"], urlsplit(address).path.rpartition(".")[2])
            transfer = Transfer(
                size=len(answer.content),
                sha256="",
                md5=hashlib.md5(answer.content, usedforsecurity=False).hexdigest(),
                declared=int(answer.headers["Content-Length"]),
                framed=False,
                content_type="",
                etag=answer.headers["ETag"],
            )
            judgement = judge(tmp_path / "file", extension, transfer)
            assert judgement.refusal == "", (address, judgement.refusal)
            kinds[extension] += 1
            total += len(answer.content)
    assert set(kinds) == {"mp4", "jpg", "png", "mp3", "srt", "vtt", "txt"}
    assert 18_000_000 < total < 24_000_000


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="ffprobe is not installed; CI installs it")
@pytest.mark.parametrize("name", ["VIDEO/film.mp4", "audio/film.mp3", "image/t.jpg", "images/i.png"])
def test_an_independent_program_plays_the_media(emulator: EmulatorProcess, tmp_path: Path, name: str) -> None:
    emulator.put_job(A, {"status": "completed", "file": f"asset:{name}"})
    address = files_of(call(emulator, f"/v1/jobs/{A}").json())[0]
    path = tmp_path / Path(name).name
    path.write_bytes(requests.get(address, timeout=10).content)
    probe = ["ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=codec_name,nb_read_frames", str(path)]
    ended = subprocess.run(probe, capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "nb_read_frames=0" not in ended.stdout


def test_the_same_seed_gives_the_same_account(account: EmulatorProcess) -> None:
    with EmulatorProcess(jobs=60, media_mb=20) as other:
        assert set(other.truth()) == set(account.truth())
        one, two = account.truth(), other.truth()
        assert {job: facts["files"] for job, facts in one.items()} == {
            job: facts["files"] for job, facts in two.items()
        }
    with EmulatorProcess(jobs=60, seed=2) as another:
        assert set(another.truth()).isdisjoint(account.truth())


def test_only_the_raw_key_is_accepted(emulator: EmulatorProcess) -> None:
    for key in ("", "Bearer " + emulator.key, emulator.key.upper(), "other"):
        assert call(emulator, "/v1/jobs", key=key).status_code == 401
    assert call(emulator, "/v1/jobs").status_code == 200


def test_a_client_without_a_name_of_its_own_is_refused_before_the_service(emulator: EmulatorProcess) -> None:
    headers = {"Authorization": emulator.key, "User-Agent": "Python-urllib/3.11"}
    answer = requests.get(f"{emulator.api}/v1/jobs", headers=headers, timeout=10)
    assert (answer.status_code, answer.text) == (403, "error code: 1010")


# -- cleaning


def test_a_clean_takes_the_files_away_for_good_and_may_be_repeated(emulator: EmulatorProcess) -> None:
    emulator.put_job(A, bodies.render())
    addresses = files_of(call(emulator, f"/v1/jobs/{A}").json())
    assert [requests.get(each, timeout=10).status_code for each in addresses] == [200] * 6
    for _ in range(2):
        answer = call(emulator, f"/v1/jobs/{A}/clean", "DELETE")
        assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert call(emulator, f"/v1/jobs/{A}").json()["data"] == {"status": "cleaned"}
    assert [requests.get(each, timeout=10).status_code for each in addresses] == [403] * 6
    assert emulator.cleaned() == {A}


def test_what_is_running_or_unknown_cannot_be_cleaned(emulator: EmulatorProcess) -> None:
    emulator.put_job(A, {"status": "in-progress"})
    assert call(emulator, f"/v1/jobs/{A}/clean", "DELETE").status_code == 400
    assert call(emulator, "/v1/jobs/unknown/clean", "DELETE").status_code == 404
    assert call(emulator, "/v1/jobs/unknown").status_code == 404
    assert emulator.cleaned() == set()


def test_a_page_key_that_is_none_is_refused(emulator: EmulatorProcess) -> None:
    assert call(emulator, "/v1/jobs", query={"nextPageKey": "nonsense"}).status_code == 400


# -- files


def test_a_part_of_a_file_is_that_part(emulator: EmulatorProcess) -> None:
    emulator.put_job(A, bodies.image())
    (address,) = files_of(call(emulator, f"/v1/jobs/{A}").json())
    whole = requests.get(address, timeout=10).content
    parts = {"bytes=10-19": (10, 20), "bytes=10-": (10, len(whole)), "bytes=0-9999999": (0, len(whole))}
    for asked, (start, stop) in parts.items():
        answer = requests.get(address, headers={"Range": asked}, timeout=10)
        assert answer.content == whole[start:stop]
        assert answer.status_code == 206
        assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(whole)}"
    assert requests.head(address, timeout=10).headers["Content-Length"] == str(len(whole))
    assert (
        requests.get(address, timeout=10).headers["ETag"].strip('"')
        == hashlib.md5(whole, usedforsecurity=False).hexdigest()
    )


# -- the log


def test_the_log_tells_every_request_in_order(emulator: EmulatorProcess) -> None:
    emulator.put_job(A, bodies.image())
    (address,) = files_of(call(emulator, f"/v1/jobs/{A}").json())
    requests.get(address, timeout=10)
    call(emulator, f"/v1/jobs/{A}/clean", "DELETE")
    log = emulator.requests()
    assert [(each["port"], each["route"], each["method"], each["key_sent"], each["status"]) for each in log] == [
        ("api", "get", "GET", True, 200),
        ("asset", "asset", "GET", False, 200),
        ("api", "clean", "DELETE", True, 200),
    ]
    assert [each["sequence"] for each in log] == sorted(each["sequence"] for each in log)


# -- the process


def test_it_listens_on_this_machine_alone_and_ends_with_whoever_started_it() -> None:
    with EmulatorProcess() as process:
        assert {urlsplit(each).hostname for each in (process.api, process.assets, process.control)} == {"127.0.0.1"}
        assert process.process.stdin is not None
        process.process.stdin.close()
        assert process.process.wait(timeout=15) == 0


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    from tests.support.workplace import Workplace

    with EmulatorProcess() as process:
        port = str(urlsplit(process.api).port)
        ended = Workplace(tmp_path).run("emulator", "--port", port, "--asset-port", "0", "--control-port", "0")
        assert ended.code == 64
        assert "a port cannot be opened" in ended.err
