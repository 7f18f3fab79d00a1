"""Every switch does what its name says, and no other position is taken."""

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from reconciler.emulator.switches import Switches, UnknownSwitch, table
from tests.support import bodies
from tests.support.account import Json, call, data_of, files_of, listed, pages
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess

ROOT = Path(__file__).parents[2]
A, B, C = job_id(1), job_id(2), job_id(3)
SHOWN: dict[str, Callable[[EmulatorProcess], object]] = {}
"""Per switch, the function that shows what it does."""

Show = Callable[[EmulatorProcess], None]


def shows(name: str) -> Callable[[Show], Show]:
    def keep(function: Show) -> Show:
        SHOWN[name] = function
        return function

    return keep


@pytest.mark.parametrize("name", [switch.name for switch in fields(Switches)])
def test_each_switch_does_what_its_name_says(emulator: EmulatorProcess, name: str) -> None:
    assert name in SHOWN, "a switch that nothing shows"
    SHOWN[name](emulator)


def status_of_clean(emulator: EmulatorProcess, job: str) -> tuple[int, object]:
    answer = call(emulator, f"/v1/jobs/{job}/clean", "DELETE")
    return answer.status_code, answer.json().get("success")


@shows("id_spelling")
def _id_spelling(emulator: EmulatorProcess) -> None:
    emulator.put_job(A, bodies.image())
    for spelling in ("job_id", "jobId", "data.job_id", "data.jobId"):
        emulator.switch(id_spelling=spelling)
        body = call(emulator, f"/v1/jobs/{A}").json()
        flat = {**body, **{f"data.{name}": value for name, value in body["data"].items()}}
        assert [name for name, value in flat.items() if value == A] == [spelling]


@shows("list_id_spelling")
def _list_id_spelling(emulator: EmulatorProcess) -> None:
    emulator.put_job(A, bodies.image())
    emulator.switch(list_id_spelling="job_id")
    (item,) = pages(emulator)[0]["items"]
    assert item["job_id"] == A
    assert "jobId" not in item["data"]


@shows("status_missing")
def _status_missing(emulator: EmulatorProcess) -> None:
    emulator.put_job(A, bodies.image())
    emulator.put_job(B, bodies.failed())
    emulator.switch(status_missing=True)
    assert "status" not in data_of(emulator, A)
    assert data_of(emulator, B)["status"] == "failed"
    assert status_of_clean(emulator, A) == (200, True)


@shows("video_field")
def _video_field(emulator: EmulatorProcess) -> None:
    emulator.put_job(A, bodies.render())
    emulator.switch(video_field="outputUrl")
    data = data_of(emulator, A)
    assert "videoURL" not in data
    assert requests.get(data["outputUrl"], timeout=10).headers["Content-Type"] == "video/mp4"


@shows("share_field")
def _share_field(emulator: EmulatorProcess) -> None:
    emulator.put_job(A, bodies.render())
    emulator.switch(share_field="shareVideoURL")
    assert {"shareVideoURL", "videoShareURL"} & set(data_of(emulator, A)) == {"shareVideoURL"}


@shows("preview_field")
def _preview_field(emulator: EmulatorProcess) -> None:
    emulator.put_job(A, bodies.preview())
    emulator.switch(preview_field="preview")
    assert {"preview", "previewUrl"} & set(data_of(emulator, A)) == {"preview"}


@shows("transcript_words")
def _transcript_words(emulator: EmulatorProcess) -> None:
    emulator.reset(jobs=60, transcript_words=500)
    transcripts = [data["transcript"] for data in all_data(emulator) if "transcript" in data]
    assert {sum(len(part["words"]) for part in transcript) for transcript in transcripts} == {500}


def all_data(emulator: EmulatorProcess) -> list[Json]:
    return [item["data"] for page in pages(emulator) for item in page["items"]]


@shows("page_size")
def _page_size(emulator: EmulatorProcess) -> None:
    emulator.reset(jobs=60)
    assert [len(page["items"]) for page in pages(emulator)] == [25, 25, 10]
    emulator.switch(page_size=30)
    assert [len(page["items"]) for page in pages(emulator)] == [30, 30]


@shows("list_end")
def _list_end(emulator: EmulatorProcess) -> None:
    ends = {}
    for end in ("null", "absent", "empty"):
        emulator.switch(list_end=end)
        ends[end] = pages(emulator)[-1]
    assert ends == {
        "null": {"items": [], "nextPageKey": None},
        "absent": {"items": []},
        "empty": {"items": [], "nextPageKey": ""},
    }


@shows("empty_pages")
def _empty_pages(emulator: EmulatorProcess) -> None:
    emulator.reset(jobs=60)
    all_of_them = listed(emulator)
    emulator.switch(empty_pages=2)
    read = pages(emulator)
    assert [len(page["items"]) for page in read] == [25, 0, 25, 0, 10]
    assert len({page["nextPageKey"] for page in read}) == len(read)
    assert listed(emulator) == all_of_them


@shows("page_overlap")
def _page_overlap(emulator: EmulatorProcess) -> None:
    emulator.reset(jobs=60)
    all_of_them = listed(emulator)
    emulator.switch(page_overlap=3)
    again = listed(emulator)
    assert len(again) == 66
    assert again[25:28] == again[22:25]
    assert list(dict.fromkeys(again)) == all_of_them
    emulator.switch(page_overlap=999, page_size=2)
    assert list(dict.fromkeys(listed(emulator))) == all_of_them, "every page goes on, whatever overlaps"


@shows("list_lag_s")
def _list_lag(emulator: EmulatorProcess) -> None:
    emulator.clock(stands=True)
    emulator.put_job(A, bodies.image())
    emulator.switch(list_lag_s=60)
    assert listed(emulator) == []
    assert data_of(emulator, A)["status"] == "completed"
    emulator.clock(advance_s=60)
    assert listed(emulator) == [A]
    status_of_clean(emulator, A)
    assert all_data(emulator)[0]["status"] == "completed"
    emulator.clock(advance_s=60)
    assert all_data(emulator)[0]["status"] == "cleaned"


@shows("list_is_thin")
def _list_is_thin(emulator: EmulatorProcess) -> None:
    emulator.put_job(A, bodies.render())
    emulator.switch(list_is_thin=True)
    assert all_data(emulator) == [{"status": "completed", "jobId": A}]
    assert "videoURL" in data_of(emulator, A)


@shows("cleaned_jobs")
def _cleaned_jobs(emulator: EmulatorProcess) -> None:
    for job in (A, B):
        emulator.put_job(job, bodies.image())
    status_of_clean(emulator, A)
    assert listed(emulator) == [B, A]
    emulator.switch(cleaned_jobs="hidden")
    assert listed(emulator) == [B]


@shows("cleaned_get")
def _cleaned_get(emulator: EmulatorProcess) -> None:
    emulator.put_job(A, bodies.image())
    status_of_clean(emulator, A)
    assert data_of(emulator, A) == {"status": "cleaned"}
    emulator.switch(cleaned_get="404")
    assert call(emulator, f"/v1/jobs/{A}").status_code == 404


@shows("unknown_job")
def _unknown_job(emulator: EmulatorProcess) -> None:
    for status in (200, 400, 404, 500):
        emulator.switch(unknown_job=f"5000-in-{status}")
        for method, path in (("GET", f"/v1/jobs/{A}"), ("DELETE", f"/v1/jobs/{A}/clean")):
            answer = call(emulator, path, method)
            assert (answer.status_code, answer.json()["error_code"]) == (status, "5000")
            assert answer.json()["error_message"] == "JOB_NOT_FOUND"


@shows("clean_in_progress")
def _clean_in_progress(emulator: EmulatorProcess) -> None:
    emulator.put_job(A, {"status": "in-progress"})
    seen = {}
    for position in (400, 409, "success-false"):
        emulator.switch(clean_in_progress=position)
        seen[position] = status_of_clean(emulator, A)
    assert seen == {400: (400, None), 409: (409, None), "success-false": (200, False)}
    assert emulator.cleaned() == set()


@shows("second_clean")
def _second_clean(emulator: EmulatorProcess) -> None:
    emulator.put_job(A, bodies.image())
    assert [status_of_clean(emulator, A) for _ in range(2)] == [(200, True), (200, True)]
    emulator.switch(second_clean="404")
    assert status_of_clean(emulator, A)[0] == 404


@shows("clean_takes_s")
def _clean_takes(emulator: EmulatorProcess) -> None:
    emulator.clock(stands=True)
    emulator.put_job(A, bodies.image())
    emulator.switch(clean_takes_s=30)
    assert status_of_clean(emulator, A) == (200, True)
    assert data_of(emulator, A)["status"] == "completed"
    emulator.clock(advance_s=30)
    assert data_of(emulator, A)["status"] == "cleaned"


@shows("cached_after_clean_s")
def _cached_after_clean(emulator: EmulatorProcess) -> None:
    emulator.clock(stands=True)
    emulator.put_job(A, bodies.image())
    emulator.switch(cached_after_clean_s=30)
    (address,) = files_of(data_of(emulator, A))
    status_of_clean(emulator, A)
    assert data_of(emulator, A) == {"status": "cleaned"}
    assert requests.get(address, timeout=10).status_code == 200
    emulator.clock(advance_s=30)
    assert requests.get(address, timeout=10).status_code == 403


@shows("retention_s")
def _retention(emulator: EmulatorProcess) -> None:
    emulator.clock(stands=True)
    emulator.put_job(A, bodies.image())
    emulator.put_job(B, {"status": "in-progress"})
    emulator.switch(retention_s=3600)
    (address,) = files_of(data_of(emulator, A))
    emulator.clock(advance_s=3600)
    assert data_of(emulator, A) == {"status": "cleaned"}
    assert requests.get(address, timeout=10).status_code == 403
    assert data_of(emulator, B) == {"status": "in-progress"}
    assert emulator.truth()[A]["clean_asked_at"] is None


@shows("shared_uploads")
def _shared_uploads(emulator: EmulatorProcess) -> None:
    def inputs(positions: dict[str, Any]) -> dict[str, list[str]]:
        emulator.reset(jobs=60, **positions)
        return {job: list(facts["inputs"]) for job, facts in emulator.truth().items() if facts["inputs"]}

    apart = inputs({})
    assert len({path for paths in apart.values() for path in paths}) == len(apart)
    shared = inputs({"shared_uploads": True})
    one, other = next(
        (one, other) for one in shared for other in shared if one < other and shared[one] == shared[other]
    )
    (path,) = shared[one]
    assert requests.get(f"{emulator.assets}{path}", timeout=10).status_code == 200
    status_of_clean(emulator, one)
    assert requests.get(f"{emulator.assets}{path}", timeout=10).status_code == 403
    assert emulator.truth()[other]["inputs"] == {path: False}, "the input of a job that nobody cleaned"


@shows("job_takes_s")
def _job_takes(emulator: EmulatorProcess) -> None:
    emulator.clock(stands=True)
    emulator.switch(job_takes_s=90)
    made = call(emulator, "/v2/video/storyboard", "POST", body={"videoName": "x"}).json()["data"]["jobId"]
    emulator.clock(advance_s=89)
    assert data_of(emulator, made)["status"] == "in-progress"
    emulator.clock(advance_s=1)
    assert data_of(emulator, made)["status"] == "completed"


@shows("signed_links_s")
def _signed_links(emulator: EmulatorProcess) -> None:
    emulator.clock(stands=True)
    emulator.put_job(A, bodies.image())
    emulator.switch(signed_links_s=600)
    (address,) = files_of(data_of(emulator, A))
    plain, _, query = address.partition("?")
    assert requests.get(address, timeout=10).status_code == 200
    assert requests.get(plain, timeout=10).status_code == 403
    assert requests.get(f"{plain}?{query.replace('Signature=', 'Signature=0')}", timeout=10).status_code == 403
    assert requests.get(f"{plain}?{query.replace('Expires=', 'Expires=9')}", timeout=10).status_code == 403
    emulator.clock(advance_s=601)
    assert requests.get(address, timeout=10).status_code == 403
    (fresh,) = files_of(data_of(emulator, A))
    assert requests.get(fresh, timeout=10).status_code == 200


@shows("etag")
def _etag(emulator: EmulatorProcess) -> None:
    emulator.put_job(A, bodies.image())
    (address,) = files_of(data_of(emulator, A))
    forms = {}
    for position in ("s3", "md5", "multipart", "weak", "none"):
        emulator.switch(etag=position)
        forms[position] = requests.get(address, timeout=10).headers.get("ETag", "")
    assert re.fullmatch(r'"[0-9a-f]{32}"', forms["md5"])
    assert forms["s3"] == forms["md5"]
    assert re.fullmatch(r'"[0-9a-f]{32}-1"', forms["multipart"])
    assert forms["weak"] == f"W/{forms['multipart']}"
    assert forms["none"] == ""


@shows("ranges")
def _ranges(emulator: EmulatorProcess) -> None:
    emulator.put_job(A, bodies.image())
    (address,) = files_of(data_of(emulator, A))
    emulator.switch(ranges=False)
    answer = requests.get(address, headers={"Range": "bytes=5-"}, timeout=10)
    assert answer.status_code == 200
    assert "Accept-Ranges" not in answer.headers


@shows("file_redirect")
def _file_redirect(emulator: EmulatorProcess) -> None:
    emulator.put_job(A, bodies.image())
    (address,) = files_of(data_of(emulator, A))
    emulator.switch(file_redirect="other-host")
    answer = requests.get(address, timeout=10, allow_redirects=False)
    assert answer.status_code == 302
    assert answer.headers["Location"] == address.replace("127.0.0.1", "localhost")
    assert requests.get(address, timeout=10).status_code == 200


@shows("file_bytes_per_s")
def _file_bytes_per_s(emulator: EmulatorProcess) -> None:
    emulator.put_job(A, bodies.render(), sizes={"VIDEO/film.mp4": 3_000_000})
    address = next(each for each in files_of(data_of(emulator, A)) if each.endswith("film.mp4"))
    emulator.switch(file_bytes_per_s=10_000_000)
    began = time.monotonic()
    with ThreadPoolExecutor(2) as both:  # they share it
        assert sum(both.map(lambda _: len(requests.get(address, timeout=10).content), range(2))) == 6_000_000
    assert time.monotonic() - began > 0.4


@shows("rate_limit")
def _rate_limit(emulator: EmulatorProcess) -> None:
    emulator.switch(rate_limit=2)
    statuses = [call(emulator, "/v1/jobs").status_code for _ in range(6)]
    assert {*statuses} == {200, 429}
    emulator.switch(rate_limit=0)
    assert {call(emulator, "/v1/jobs").status_code for _ in range(6)} == {200}


@shows("retry_after")
def _retry_after(emulator: EmulatorProcess) -> None:
    emulator.switch(rate_limit=0.001)
    forms = {}
    for position in ("none", "seconds", "date"):
        emulator.switch(retry_after=position)
        refused = [call(emulator, "/v1/jobs") for _ in range(3)][-1]
        assert refused.status_code == 429
        forms[position] = refused.headers.get("Retry-After", "")
    assert forms["none"] == ""
    assert int(forms["seconds"]) > 500
    assert parsedate_to_datetime(forms["date"]).timestamp() > time.time() + 500


def token(emulator: EmulatorProcess) -> str:
    pair = {"client_id": "emulator", "client_secret": "emulator-secret"}
    return str(call(emulator, "/v1/oauth2/token", "POST", key="", body=pair).json()["access_token"])


@shows("bearer")
def _bearer(emulator: EmulatorProcess) -> None:
    got = token(emulator)
    assert call(emulator, "/v1/jobs", key=f"Bearer {got}").status_code == 200
    emulator.switch(bearer="refused")
    assert call(emulator, "/v1/jobs", key=f"Bearer {got}").status_code == 401
    assert call(emulator, "/v1/jobs", key=got).status_code == 200


@shows("token_lasts_s")
def _token_lasts(emulator: EmulatorProcess) -> None:
    emulator.clock(stands=True)
    emulator.switch(token_lasts_s=100)
    got = token(emulator)
    emulator.clock(advance_s=99)
    assert call(emulator, "/v1/jobs", key=got).status_code == 200
    emulator.clock(advance_s=1)
    assert call(emulator, "/v1/jobs", key=got).status_code == 401


@shows("user_id_required")
def _user_id(emulator: EmulatorProcess) -> None:
    emulator.switch(user_id_required=True)
    got = token(emulator)
    assert call(emulator, "/v1/jobs", key=got).status_code == 401
    for name in ("X-Pictory-User-Id", "X-Pictory-Customer-Id"):
        assert call(emulator, "/v1/jobs", key=got, headers={name: "u1"}).status_code == 200
    assert call(emulator, "/v1/jobs").status_code == 200, "the key needs none"


@shows("urllib_refused")
def _urllib(emulator: EmulatorProcess) -> None:
    as_urllib = {"User-Agent": "Python-urllib/3.11"}
    answer = call(emulator, "/v1/jobs", headers=as_urllib)
    assert (answer.status_code, answer.text) == (403, "error code: 1010")
    emulator.switch(urllib_refused=False)
    assert call(emulator, "/v1/jobs", headers=as_urllib).status_code == 200


@shows("date_follows_clock")
def _date(emulator: EmulatorProcess) -> None:
    emulator.clock(at="2031-05-06T07:08:09Z", stands=True)
    assert "2031" not in call(emulator, "/v1/jobs").headers["Date"]
    emulator.switch(date_follows_clock=True)
    assert call(emulator, "/v1/jobs").headers["Date"] == "Tue, 06 May 2031 07:08:09 GMT"


# -- positions


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"page_sise": 1}, "no switch page_sise; there are id_spelling"),
        ({"page_size": 0}, "page_size: 0 is not between 1 and 1000"),
        ({"page_size": 2.5}, "page_size: 2.5 is no whole number"),
        ({"page_size": True}, "page_size: True is no whole number"),
        ({"list_lag_s": "long"}, "list_lag_s: 'long' is no number"),
        ({"list_end": "never"}, "list_end: 'never' is none of null, absent, empty"),
        ({"list_is_thin": "yes"}, "list_is_thin: 'yes' is neither true nor false"),
    ],
)
def test_what_is_no_position_is_refused_and_nothing_is_switched(
    emulator: EmulatorProcess, asked: Json, told: str
) -> None:
    answer = requests.post(f"{emulator.control}/_emulator/switches", json={**asked, "etag": "none"}, timeout=10)
    assert answer.status_code == 400
    assert told in answer.json()["message"]
    assert requests.get(f"{emulator.control}/_emulator/switches", timeout=10).json()["etag"] == "s3"
    with pytest.raises(UnknownSwitch):
        Switches().set(asked)


def test_yaml_s_null_is_the_position_of_that_name() -> None:
    assert Switches(list_end="absent").set({"list_end": None}).list_end == "null"
    assert Switches().set({"clean_in_progress": 409}).clean_in_progress == "409"


def test_the_docs_print_the_switches_as_they_are() -> None:
    assert table() in (ROOT / "docs" / "emulator.md").read_text(encoding="utf-8")
