"""The calls that make jobs.  What they make is in progress for a while, by the emulator's clock, and then completed."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from reconciler.emulator import shapes
from reconciler.emulator.account import json_body, refused
from reconciler.emulator.drafts import UPLOADED, Draft
from reconciler.emulator.numbering import Numbering
from reconciler.emulator.shapes import Body, Facts, Maker
from reconciler.emulator.state import State
from reconciler.emulator.wire import STATE, WORD, Handler, took_effect
from reconciler.emulator.world import Phase, ms

LONGEST_WEBHOOK = 500


@dataclass(frozen=True, slots=True)
class Call:
    """One creating call: how it is made, what its body must hold, what it makes, how its answer names the job, and
    what kind of earlier job its path names."""

    method: str
    path: str
    needs: tuple[str, ...]
    shape: Maker
    answer: Callable[[str], Body]
    builds_on: str = ""


def _v2(job_id: str) -> Body:
    return {"success": True, "data": {"jobId": job_id}}


def _v1_storyboard(job_id: str) -> Body:
    return {"success": True, "jobId": job_id, "data": {"job_id": job_id}}


def _v1_render(job_id: str) -> Body:
    return {"success": True, "data": {"job_id": job_id}}


CALLS = (
    Call("POST", "/v2/video/storyboard", (), shapes.preview, _v2),
    Call("POST", "/v1/video/storyboard", (), shapes.preview_v1, _v1_storyboard),
    Call("POST", "/v2/video/storyboard/render", (), shapes.render, _v2),
    Call("POST", "/v2/video/render", (), shapes.render, _v2),
    Call("PUT", "/v2/video/render/{parent}", (), shapes.render, _v2, builds_on="preview"),
    Call("POST", "/v1/video/render", (), shapes.render_v1, _v1_render),
    Call("PUT", "/v1/video/render/{parent}", (), shapes.render_v1, _v1_render, builds_on="preview"),
    Call("POST", "/v1/video/from-template", ("templateId",), shapes.preview_v1, _v2),
    Call("POST", "/v2/projects/{project}/render", (), shapes.project_render, _v2),
    Call("POST", "/v2/transcription", ("fileUrl",), shapes.transcription, _v2),
    Call("POST", "/v1/transcription", ("fileUrl",), shapes.transcription, _v2),
    Call("POST", "/v2/transcription/highlights", ("transcript",), shapes.highlights, _v2),
    Call("POST", "/v2/transcription/{parent}/highlights", (), shapes.highlights, _v2, builds_on="transcription"),
    Call("POST", "/v1/aistudio/images", ("prompt",), shapes.ai_image, _v2),
    Call("POST", "/v1/aistudio/videos", ("prompt",), shapes.ai_video, _v2),
)


def add_creating_calls(app: web.Application, root: str) -> None:
    """Add these calls to the API's application."""
    for place, call in enumerate(CALLS):
        app.router.add_route(call.method, f"{root}{call.path}", _creating(call), name=f"create.n{place}")


def _creating(call: Call) -> Handler:
    async def create(request: web.Request) -> web.StreamResponse:
        state, body = request.app[STATE], await json_body(request)
        lacking = [name for name in call.needs if not (body or {}).get(name)]
        if body is None or lacking:
            return refused(*lacking)
        if not isinstance(body.get("webhook") or "", str) or len(body.get("webhook") or "") > LONGEST_WEBHOOK:
            return refused("webhook")
        if call.builds_on and not _stands(state, request.match_info["parent"], call.builds_on):
            return _no_parent(call.builds_on)
        draft = _drafted(state, call, body, fails=request[WORD] == "job-fails")
        state.world.put(draft)
        took_effect(request)
        return web.json_response(call.answer(draft.job_id))

    return create


def _stands(state: State, job_id: str, kind: str) -> bool:
    """Tell whether an earlier job is there to build on: completed, and not cleaned since."""
    parent = state.world.find(job_id)
    is_of_kind = parent is not None and parent.kind == kind and not parent.fails
    return parent is not None and is_of_kind and state.world.phase(parent, state.world.clock.now_ms()) is Phase.ENDED


def _no_parent(kind: str) -> web.Response:
    message = f"The {kind} job that this call builds on is not there, or not completed"
    return web.json_response({"code": "INVALID_REQUEST", "message": message}, status=400)


def _drafted(state: State, call: Call, body: dict[str, Any], *, fails: bool) -> Draft:
    world, number = state.world, state.world.next_number()
    subject = str(body.get("videoName") or shapes.SUBJECTS[number % len(shapes.SUBJECTS)])[:80]
    name = "".join(char if char.isalnum() else " " for char in subject).strip() or "a video"
    now_ms = world.clock.now_ms()
    data, files = call.shape(Facts(number, now_ms, name, words=state.switches.transcript_words))
    source = str(body.get("fileUrl") or "").removeprefix(state.asset_base)
    return Draft(
        job_id=Numbering(random.SystemRandom().getrandbits(60), "created").id_of(number),
        number=number,
        created_ms=now_ms,
        ends_ms=now_ms + ms(state.switches.job_takes_s),
        kind="preview" if call.shape is shapes.preview_v1 else shapes.KINDS[call.shape],
        data=data,
        files=files,
        inputs=(source,) if source.startswith(f"{UPLOADED}/") else (),
        fails=fails,
        webhook=str(body.get("webhook") or ""),
        webhook_input=body.get("webhookInput"),
    )
