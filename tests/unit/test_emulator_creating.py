"""The calls that make jobs: what they answer, how what they make goes on, and the calls back."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import requests

from reconciler.emulator.creating import CALLS, Call
from tests.support import bodies
from tests.support.account import Json, call, data_of, files_of, listed, pages
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.waiting import until

A, B = job_id(1), job_id(2)
BODIES: dict[str, object] = {
    "templateId": "20260301101010555abc",
    "fileUrl": "https://cdn.example.test/a.mp4",
    "transcript": [{"words": []}],
    "prompt": "a harbour",
}


def body_for(of: Call) -> Json:
    return {name: BODIES[name] for name in of.needs}


def made_id(answer: Json) -> str:
    """Read the new job's id where the vendor's examples look for it."""
    inner = answer.get("data", {})
    return str(answer.get("jobId") or inner.get("jobId") or inner.get("job_id"))


def path_of(emulator: EmulatorProcess, of: Call) -> str:
    parents = {"preview": bodies.preview(), "transcription": bodies.transcription()}
    if of.builds_on:
        emulator.put_job(B, parents[of.builds_on], kind=of.builds_on)
    return of.path.format(parent=B, project="20260301091500123c0ffee")


RESULTS = {
    "storyboard": "renderParams",
    "from-template": "renderParams",
    "transcription": "transcript",
    "highlights": "highlight",
    "images": "url",
    "videos": "url",
}


@pytest.mark.parametrize("of", CALLS, ids=lambda of: f"{of.method} {of.path}")
def test_each_call_makes_a_job_that_runs_and_then_is_completed(emulator: EmulatorProcess, of: Call) -> None:
    emulator.clock(stands=True)
    made = made_id(call(emulator, path_of(emulator, of), of.method, body=body_for(of)).json())
    assert listed(emulator)[0] == made, "the newest comes first"
    assert data_of(emulator, made)["status"] == "in-progress"
    emulator.clock(advance_s=20)
    data = data_of(emulator, made)
    assert data.get("status", "completed") == "completed"
    assert RESULTS.get(of.path.rpartition("/")[2], "videoURL") in data
    assert all(requests.get(address, timeout=10).status_code == 200 for address in files_of(data))


@pytest.mark.parametrize("of", [of for of in CALLS if of.needs], ids=lambda of: f"{of.method} {of.path}")
def test_a_body_that_lacks_something_is_refused_by_name(emulator: EmulatorProcess, of: Call) -> None:
    for body in ({}, {of.needs[0]: ""}):
        answer = call(emulator, of.path, of.method, body=body)
        assert answer.status_code == 400
        assert answer.json()["code"] == "INVALID_REQUEST_BODY"
        assert [field["name"] for field in answer.json()["fields"]] == list(of.needs)
    assert listed(emulator) == []


@pytest.mark.parametrize("of", [of for of in CALLS if of.builds_on], ids=lambda of: f"{of.method} {of.path}")
def test_what_builds_on_a_job_needs_it_completed_of_its_kind_and_not_cleaned(
    emulator: EmulatorProcess, of: Call
) -> None:
    path = path_of(emulator, of)
    call(emulator, f"/v1/jobs/{B}/clean", "DELETE")
    assert call(emulator, path, of.method, body={}).status_code == 400
    emulator.put_job(B, bodies.image(), kind="image")
    assert call(emulator, path, of.method, body={}).status_code == 400
    emulator.remove_job(B)
    assert call(emulator, path, of.method, body={}).status_code == 400


def test_the_two_versions_name_the_job_and_its_pages_differently(emulator: EmulatorProcess) -> None:
    emulator.switch(job_takes_s=0)
    first = call(emulator, "/v1/video/storyboard", "POST", body={}).json()
    assert first["jobId"] == first["data"]["job_id"]
    older = data_of(emulator, first["jobId"])
    assert "status" not in older
    assert {"preview", "renderParams"} <= set(older)
    render = call(emulator, "/v1/video/render", "POST", body=older["renderParams"]).json()
    assert "shareVideoURL" in data_of(emulator, render["data"]["job_id"])
    newer = call(emulator, "/v2/video/storyboard/render", "POST", body={"videoName": "x"}).json()
    assert "videoShareURL" in data_of(emulator, newer["data"]["jobId"])


def test_progress_is_told_only_once_the_rendering_has_started(emulator: EmulatorProcess) -> None:
    emulator.clock(stands=True)
    emulator.switch(job_takes_s=100)
    made = made_id(call(emulator, "/v2/video/render", "POST", body={}).json())
    assert data_of(emulator, made) == {"status": "in-progress"}
    emulator.clock(advance_s=50)
    data = data_of(emulator, made)
    assert (data["renderProgress"], data["renderState"]) == (50, "RUNNING")


def test_a_share_page_is_a_web_page_and_no_video(emulator: EmulatorProcess) -> None:
    emulator.reset(jobs=60)
    items = [item["data"] for page in pages(emulator) for item in page["items"]]
    share = next(data["videoShareURL"] for data in items if "videoShareURL" in data)
    preview = next(data["previewUrl"] for data in items if "previewUrl" in data)
    for address in (share, preview):
        assert requests.get(address, timeout=10).headers["Content-Type"].startswith("text/html")
        assert address.startswith(emulator.assets), "nothing points away from this machine"


# -- uploads


def uploaded(emulator: EmulatorProcess, content: bytes, route: str = "generateUrl") -> Json:
    asked = {"fileName": "our film.mp4", "contentType": "video/mp4"}
    data: Json = call(emulator, f"/v1/media/{route}", "POST", body=asked).json()["data"]
    put = requests.put(data["signedUrl"], data=content, headers={"Content-Type": "video/mp4"}, timeout=10)
    assert put.status_code == 200
    return data


@pytest.mark.parametrize("route", ["generateUrl", "generateurl"])
def test_an_upload_stays_under_its_permanent_address(emulator: EmulatorProcess, route: str) -> None:
    data = uploaded(emulator, b"a film", route)
    answer = requests.get(data["url"], timeout=10)
    assert (answer.content, answer.headers["Content-Type"]) == (b"a film", "video/mp4")
    assert data["url"].endswith(data["key"])


def test_a_clean_takes_the_input_of_another_job_with_it(emulator: EmulatorProcess) -> None:
    emulator.switch(job_takes_s=0)
    url = uploaded(emulator, b"a film")["url"]
    one, other = (made_id(call(emulator, "/v2/transcription", "POST", body={"fileUrl": url}).json()) for _ in range(2))
    call(emulator, f"/v1/jobs/{one}/clean", "DELETE")
    assert requests.get(url, timeout=10).status_code == 403
    assert data_of(emulator, other)["status"] == "completed"
    assert list(emulator.truth()[other]["inputs"].values()) == [False]


def test_an_upload_elsewhere_or_without_a_signature_is_refused(emulator: EmulatorProcess) -> None:
    data = uploaded(emulator, b"a film")
    unsigned = data["signedUrl"].partition("?")[0]
    assert requests.put(unsigned, data=b"other", timeout=10).status_code == 403
    elsewhere = f"{emulator.assets}/upload/Plan-Name/x?X-Amz-Expires=1"
    assert requests.put(elsewhere, data=b"other", timeout=10).status_code == 403
    assert requests.get(data["url"], timeout=10).content == b"a film"


# -- the account


def test_a_wrong_pair_gets_no_token_and_half_a_pair_is_told(emulator: EmulatorProcess) -> None:
    path = "/v1/oauth2/token"
    wrong = {"client_id": "emulator", "client_secret": "guessed"}
    assert call(emulator, path, "POST", body=wrong).status_code == 401
    half = call(emulator, path, "POST", body={"client_id": "emulator"})
    assert (half.status_code, half.json()["fields"][0]["name"]) == (400, "client_secret")
    assert call(emulator, "/v1/jobs", key="guessed").status_code == 401


def test_a_token_opens_what_the_key_opens(emulator: EmulatorProcess) -> None:
    pair = {"client_id": "emulator", "client_secret": "emulator-secret"}
    answer = call(emulator, "/v1/oauth2/token", "POST", key="", body=pair).json()
    assert (answer["expires_in"], answer["token_type"]) == (3600, "Bearer")
    assert call(emulator, "/v1/jobs", key=answer["access_token"]).status_code == 200


def test_the_quota_counts_and_has_no_figure_for_storage(emulator: EmulatorProcess) -> None:
    quota = call(emulator, "/v1/quota").json()
    assert set(quota) == {"videoMinutes", "transcriptionMinutes", "elevenLabsVoiceOverMinutes", "aiCredits"}
    assert all(set(figures) == {"used", "limit"} for figures in quota.values())


@pytest.mark.parametrize("kind", ["images", "videos"])
def test_the_ai_lists_join_jobs_by_address_newest_first_and_end_without_a_key(
    emulator: EmulatorProcess, kind: str
) -> None:
    emulator.reset(jobs=2500)
    read = pages(emulator, f"/v1/aistudio/{kind}")
    assert [len(page["items"]) for page in read[:-1]] == [100] * (len(read) - 1)
    assert len(read) > 2
    assert "nextPageKey" not in read[-1]
    items = [item for page in read for item in page["items"]]
    assert [item["createdDate"] for item in items] == sorted((item["createdDate"] for item in items), reverse=True)
    jobs = {data.get("url") for page in pages(emulator) for data in [item["data"] for item in page["items"]]}
    assert {item["url"] for item in items} <= jobs
    assert call(emulator, f"/v1/aistudio/{kind}", query={"nextPageKey": "nonsense"}).status_code == 400


def test_a_template_is_made_at_once_and_is_no_job(emulator: EmulatorProcess) -> None:
    made = call(emulator, "/v1/templates", "POST", body={"any": "file"}).json()
    assert made["scenes"][0]["sceneId"]
    assert listed(emulator) == []
    preview = call(emulator, "/v1/video/from-template", "POST", body={"templateId": made["templateId"]}).json()
    assert listed(emulator) == [preview["data"]["jobId"]]


# -- calls back


@contextmanager
def called_back() -> Iterator[tuple[str, list[Json]]]:
    """Listen on this machine; give the address and what comes."""
    came: list[Json] = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Listener)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/done", came
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_whoever_made_a_job_is_called_back_once_with_what_it_gave_along(emulator: EmulatorProcess) -> None:
    emulator.clock(stands=True)
    with called_back() as (address, came):
        body = {"webhook": address, "webhookInput": {"order": 7}}
        made = made_id(call(emulator, "/v2/video/render", "POST", body=body).json())
        assert emulator.webhooks() == []
        emulator.clock(advance_s=20)
        until(emulator.webhooks, "it was called back")
        emulator.clock(advance_s=20)
        (told,) = came
        assert (told["job_id"], told["data"]["status"], told["webhookInput"]) == (made, "completed", {"order": 7})
        assert "videoURL" in told["data"]
        (sent,) = emulator.webhooks()
        assert (sent["status"], sent["sent"]) == (204, told)


def test_nobody_beyond_this_machine_is_called(emulator: EmulatorProcess) -> None:
    emulator.switch(job_takes_s=0)
    for address in ("https://hooks.example.test/x", "http://10.1.2.3/x", "http://[bad/x", "no address"):
        call(emulator, "/v2/video/render", "POST", body={"webhook": address})
    until(lambda: len(emulator.webhooks()) == 4, "all four are settled")
    assert {hook["not_sent"] for hook in emulator.webhooks()} == {"it is not on this machine"}


def test_a_webhook_that_is_lost_or_that_nobody_answers_is_told(emulator: EmulatorProcess) -> None:
    emulator.switch(job_takes_s=0)
    emulator.fault("webhook", "lost")
    with called_back() as (address, came):
        call(emulator, "/v2/video/render", "POST", body={"webhook": address})
        until(emulator.webhooks, "it is settled")
        assert came == []
    call(emulator, "/v2/video/render", "POST", body={"webhook": address})
    until(lambda: len(emulator.webhooks()) == 2, "the second too")
    assert [hook["not_sent"] for hook in emulator.webhooks()] == ["a script lost it", "ClientConnectorError"]


def test_a_webhook_of_more_than_500_characters_is_refused(emulator: EmulatorProcess) -> None:
    for webhook in ("http://127.0.0.1/" + "x" * 500, 7):
        assert call(emulator, "/v2/video/render", "POST", body={"webhook": webhook}).status_code == 400
    assert listed(emulator) == []
