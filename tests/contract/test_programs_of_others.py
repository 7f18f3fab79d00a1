"""Programs written for the service run against the emulator when their base address is changed, and nothing else.

These are the calls that the vendor's published examples make, in their order, and the fields that they read; told anew
here.  What such a program does not look at (statuses, lengths, errors) is not looked at here either.
"""

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.emulator import EmulatedAccount, EmulatorProcess

Json = dict[str, Any]


class Program:
    """What the examples share: a token from the client pair, raw in the header, beside a user id."""

    def __init__(self, account: EmulatedAccount) -> None:
        self._account = account
        # Their settings are the host and, apart from it, each route with the path's beginning.
        self.base = account.api.removesuffix("/pictoryapis")
        pair = json.dumps({"client_id": "emulator", "client_secret": "emulator-secret"})
        told = requests.post(self.base + "/pictoryapis/v1/oauth2/token", data=pair, timeout=10, headers=self._typed())
        self.token = told.json()["access_token"]

    @staticmethod
    def _typed() -> dict[str, str]:
        return {"Content-Type": "application/json"}

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": self.token, "X-Pictory-User-Id": "YOUR_USER_ID", **self._typed()}

    def send(self, method: str, route: str, body: object) -> Json:
        answer = requests.request(method, self.base + route, data=json.dumps(body), headers=self.headers, timeout=10)
        told: Json = answer.json()
        return told

    def wait(self, job_id: str) -> Json:
        """Ask until the whole answer, as text, says nowhere that it is in progress."""
        answer = self._job(job_id)
        assert "in-progress" in str(answer), "an example that reads its job at once finds it running"
        while "in-progress" in str(answer):
            self._account.clock(advance_s=5)
            answer = self._job(job_id)
        return answer

    def _job(self, job_id: str) -> Json:
        answer: Json = requests.get(
            self.base + "/pictoryapis/v1/jobs/" + str(job_id), headers=self.headers, timeout=10
        ).json()
        return answer


@pytest.fixture
def program(emulator: EmulatorProcess) -> Program:
    emulator.clock(stands=True)
    return Program(emulator)


def test_text_to_video_of_the_first_version(program: Program, tmp_path: Path) -> None:
    story = {"videoName": "Text_To_Video", "language": "en", "scenes": [{"text": "A harbour. It is quiet."}]}
    preview_id = program.send("POST", "/pictoryapis/v1/video/storyboard", story)["jobId"]
    params = program.wait(preview_id)["data"]["renderParams"]
    settings = {name: params[name] for name in ("audio", "output", "scenes")}
    render = {**settings, "next_generation_video": True, "containsTextToImage": True}
    render_id = program.send("POST", "/pictoryapis/v1/video/render", render)["data"]["job_id"]
    address = program.wait(render_id)["data"]["shareVideoURL"]
    (tmp_path / "texttovideo.mp4").write_bytes(requests.get(address, timeout=10).content)
    # The example keeps the share page under a film's name, as it does with the service.
    assert (tmp_path / "texttovideo.mp4").read_bytes().startswith(b"<!DOCTYPE html>")


def test_a_storyboard_is_rendered_by_its_id(program: Program) -> None:
    preview_id = program.send("POST", "/pictoryapis/v1/video/storyboard", {"videoName": "x", "scenes": []})["jobId"]
    assert program.wait(preview_id)["data"]["preview"]
    render_id = program.send("PUT", f"/pictoryapis/v1/video/render/{preview_id}", {})["data"]["job_id"]
    assert program.wait(render_id)["data"]["videoURL"]


def test_an_upload_its_transcription_and_its_highlights(program: Program) -> None:
    asked = {"contentType": "video/mp4", "fileName": "testvideo.mp4"}
    data = program.send("POST", "/pictoryapis/v1/media/generateUrl", asked)["data"]
    uploaded = requests.put(data["signedUrl"], headers={"Content-Type": "video/mp4"}, data=b"a film", timeout=10)
    uploaded.raise_for_status()
    body = {"fileUrl": data["url"], "mediaType": "video", "language": "en-US", "webhook": "WEBHOOK_URL"}
    transcription_id = program.send("POST", "/pictoryapis/v2/transcription", body)["data"]["jobId"]
    transcription = program.wait(transcription_id)["data"]
    assert transcription["txt"]
    assert all(word["start_time"] <= word["end_time"] for part in transcription["transcript"] for word in part["words"])
    wanted = {"transcript": transcription["transcript"], "highlight_duration": 60, "webhook": "WEBHOOK_URL"}
    highlights_id = program.send("POST", "/pictoryapis/v2/transcription/highlights", wanted)["data"]["jobId"]
    assert program.wait(highlights_id)["data"]["highlight"]


def test_a_template_its_preview_and_its_render(program: Program) -> None:
    file_headers = {**program.headers, "Content-Type": "application/octet-stream"}
    template = requests.post(
        program.base + "/pictoryapis/v1/templates", data=b"\x00\x01", headers=file_headers, timeout=10
    ).json()
    first, last = template["scenes"][0]["sceneId"], template["scenes"][-1]["sceneId"]
    scenes = [{"insertBeforeSceneId": first, "text": "Hi"}, {"insertAfterSceneId": last, "text": "Thanks"}]
    body = {"templateId": template["templateId"], "scenes": scenes}
    preview_id = program.send("POST", "/pictoryapis/v1/video/from-template", body)["data"]["jobId"]
    params = program.wait(preview_id)["data"]["renderParams"]
    assert {"audio", "output", "scenes"} <= set(params)
    render_id = program.send("PUT", f"/pictoryapis/v1/video/render/{preview_id}", params)["data"]["job_id"]
    assert program.wait(render_id)["data"]["shareVideoURL"]


def test_a_helper_of_the_standard_library_with_a_raw_key_and_a_name_of_its_own(emulator: EmulatorProcess) -> None:
    """Submit a render, poll it by `data.status`, read `videoURL`; its base address ends in /pictoryapis."""
    emulator.clock(stands=True)

    def ask(method: str, path: str, body: object = None, agent: str = "Mozilla/5.0") -> Json:
        headers = {"Authorization": emulator.key, "Content-Type": "application/json", "User-Agent": agent}
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(emulator.api + path, data=content, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            told: Json = json.loads(answer.read())
            return told

    with pytest.raises(urllib.error.HTTPError, match="403"):
        ask("GET", "/v1/jobs", agent="Python-urllib/3.11")
    job_id = ask("POST", "/v2/video/storyboard/render", {"videoName": "x"})["data"]["jobId"]
    assert ask("GET", f"/v1/jobs/{job_id}")["data"]["status"] == "in-progress"
    emulator.clock(advance_s=20)
    data = ask("GET", f"/v1/jobs/{job_id}")["data"]
    assert (data["status"], data["videoURL"].startswith("http")) == ("completed", True)
