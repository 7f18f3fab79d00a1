"""The emulated API: list, get, clean.  Parses and formats; the state is the world's."""

import asyncio
import base64
import json
import time
from email.utils import formatdate

from aiohttp import web

from reconciler.emulator.faults import STALL_S
from reconciler.emulator.state import State
from reconciler.emulator.wire import STATE, Handler, drop, entry_of, logged, next_word, raw, scripted
from reconciler.emulator.world import ASSET, Body, Record, served

NOT_FOUND: Body = {"message": "Job not found"}


def api(state: State) -> web.Application:
    """Make the API port's application."""
    app = web.Application(middlewares=[logged("api"), _authorized])
    app[STATE] = state
    app.router.add_get("/pictoryapis/v1/jobs", list_jobs, name="list")
    app.router.add_get("/pictoryapis/v1/jobs/{job_id}", get_job, name="get")
    app.router.add_delete("/pictoryapis/v1/jobs/{job_id}/clean", clean_job, name="clean")
    return app


@web.middleware
async def _authorized(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what the service refuses: urllib's own name (Cloudflare), and any key but the raw right one."""
    if request.headers.get("User-Agent", "").startswith("Python-urllib"):
        return web.Response(status=403, text="error code: 1010")
    if request.headers.get("Authorization") != request.app[STATE].key:
        return web.json_response({"message": "Unauthorized"}, status=401)
    return await handler(request)


# -- list


async def list_jobs(request: web.Request) -> web.StreamResponse:
    """Answer one page, newest first."""
    word = next_word(request)
    answer = scripted(word)
    if answer is not None:
        return answer
    state = request.app[STATE]
    start = _start(request.query.get("nextPageKey", ""))
    records = state.world.listing()
    page = records[start : start + state.page_size]
    end = start + len(page)
    body: Body = {
        "items": [served(record.listed, state.asset_base) for record in page],
        "nextPageKey": _key(end) if end < len(records) else None,
    }
    return await _list_fault(request, word, body, before=records[max(0, start - 2) : start], own_key=_key(start))


async def _list_fault(
    request: web.Request, word: str, body: Body, *, before: list[Record], own_key: str
) -> web.StreamResponse:
    items, is_last = body["items"], body["nextPageKey"] is None
    listed = items if isinstance(items, list) else []
    again = [served(record.listed, request.app[STATE].asset_base) for record in before]
    if word == "not-json":
        return web.Response(text="{'items': [", content_type="application/json")
    changed: dict[str, Body] = {
        "cursor-repeat": {**body, "nextPageKey": own_key},
        "no-items": {"nextPageKey": body["nextPageKey"]},
        "repeat-items": {**body, "items": again + listed},
        "no-id": {**body, "items": [_without_id(item) for item in listed]},
        "end-absent": {"items": items} if is_last else body,
        "end-empty": {**body, "nextPageKey": ""} if is_last else body,
    }
    if word == "clock-behind":
        return web.json_response(body, headers={"Date": formatdate(time.time() - 86_400, usegmt=True)})
    if word == "cut":
        return await _cut(request, json.dumps(body).encode())
    return web.json_response(changed.get(word, body))


async def _cut(request: web.Request, content: bytes) -> web.StreamResponse:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    return await raw(request, head.encode(), content[: len(content) // 2])


def _without_id(item: Body) -> Body:
    inner = item["data"]
    kept = {name: value for name, value in inner.items() if name != "jobId"} if isinstance(inner, dict) else {}
    return {"success": item["success"], "data": kept}


def _key(start: int) -> str:
    return base64.b64encode(json.dumps({"lastEvaluatedKey": {"at": start}}).encode()).decode()


def _start(key: str) -> int:
    if not key:
        return 0
    try:
        return int(json.loads(base64.b64decode(key))["lastEvaluatedKey"]["at"])
    except (ValueError, KeyError, TypeError):
        raise web.HTTPBadRequest(
            text=json.dumps({"code": "INVALID_REQUEST", "message": "nextPageKey is not valid"}),
            content_type="application/json",
        ) from None


# -- get


async def get_job(request: web.Request) -> web.StreamResponse:
    """Answer one job."""
    word = next_word(request)
    answer = scripted(word)
    if answer is not None:
        return answer
    state = request.app[STATE]
    record = state.world.records.get(request.match_info["job_id"])
    if record is None:
        return web.json_response(NOT_FOUND, status=404)
    body = served(record.got, state.asset_base)
    match word:
        case "changed":
            body = served(_moved(record.got), state.asset_base)
        case "other-id":
            body = {"job_id": "00000000-0000-4000-8000-000000000000", "success": True, "data": body["data"]}
        case "not-found-5000":
            body = {"success": False, "error_code": "5000", "error_message": "JOB_NOT_FOUND"}
        case "in-progress":
            body = {"job_id": record.job_id, "success": True, "data": {"status": "in-progress"}}
        case "not-json":
            return web.Response(text="<job/>", content_type="application/json")
        case _:
            pass
    return web.json_response(body)


def _moved(body: Body) -> Body:
    """Give the body of a job that was made anew: its files have other addresses."""
    return served(body, f"{ASSET}/moved")


# -- clean


async def clean_job(request: web.Request) -> web.StreamResponse:
    """Clean one job."""
    word = next_word(request)
    answer = scripted(word)
    if answer is None:
        answer = await _instead_of_cleaning(request, word)
    if answer is not None:
        return answer
    state = request.app[STATE]
    record = state.world.records.get(request.match_info["job_id"])
    if record is None:
        return web.json_response(NOT_FOUND, status=404)
    if not state.world.clean(record):
        return web.json_response({"message": "Job is still in progress"}, status=400)
    state.cleaned_by.setdefault(record.job_id, entry_of(request).sequence)
    if word == "stall-after":
        await asyncio.sleep(STALL_S)
    if word in {"reset-after", "stall-after"}:
        return drop(request)
    return web.json_response({"success": True})


async def _instead_of_cleaning(request: web.Request, word: str) -> web.Response | None:
    """Answer, or drop, without having done anything."""
    if word == "stall-before":
        await asyncio.sleep(STALL_S)
    if word in {"reset-before", "stall-before"}:
        return drop(request)
    if word == "refuse":
        return web.json_response({"success": False})
    return web.json_response(NOT_FOUND, status=404) if word == "gone" else None
