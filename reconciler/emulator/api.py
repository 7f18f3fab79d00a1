"""The emulated API: list, get, clean.  Parses and formats; the state is the world's."""

import base64
import json
from dataclasses import dataclass

from aiohttp import web

from reconciler.emulator.access import date_of_clock, identified
from reconciler.emulator.account import add_account_calls
from reconciler.emulator.bodies import job_body, list_item
from reconciler.emulator.clock import utc_ms, utc_text
from reconciler.emulator.creating import add_creating_calls
from reconciler.emulator.drafts import Draft
from reconciler.emulator.shapes import Body
from reconciler.emulator.state import State
from reconciler.emulator.wire import STATE, WORD, entry_of, logged, scripted, took_effect
from reconciler.emulator.world import Phase, ms, stated

ROOT = "/pictoryapis"


def api(state: State) -> web.Application:
    """Make the API port's application."""
    app = web.Application(middlewares=[date_of_clock, logged("api"), identified, scripted])
    app[STATE] = state
    app.router.add_get(f"{ROOT}/v1/jobs", list_jobs, name="list")
    app.router.add_get(f"{ROOT}/v1/jobs/{{job_id}}", get_job, name="get")
    app.router.add_delete(f"{ROOT}/v1/jobs/{{job_id}}/clean", clean_job, name="clean")
    add_account_calls(app, ROOT)
    add_creating_calls(app, ROOT)
    return app


def json_text(text: str, status: int = 200) -> web.Response:
    """Answer with JSON that is text already."""
    return web.Response(body=text.encode(), status=status, content_type="application/json")


# -- list


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins: after everything made at `before_ms` or later.  `page` counts from 1."""

    before_ms: int
    page: int

    def key(self) -> str:
        """Write it as the service's opaque key looks."""
        place = {"created_at": utc_text(self.before_ms), "page": self.page}
        return base64.b64encode(json.dumps({"lastEvaluatedKey": place}).encode()).decode()


START_MS = 4_102_444_800_000  # 2100: before the newest job of any clock
START = Cursor(START_MS, 1)


def _cursor(key: str) -> Cursor:
    if not key:
        return START
    try:
        place = json.loads(base64.b64decode(key, validate=True))["lastEvaluatedKey"]
        return Cursor(utc_ms(place["created_at"]), int(place["page"]))
    except (ValueError, KeyError, TypeError):
        raise web.HTTPBadRequest(
            text=json.dumps({"code": "INVALID_REQUEST", "message": "nextPageKey is not valid"}),
            content_type="application/json",
        ) from None


async def list_jobs(request: web.Request) -> web.StreamResponse:
    """Answer one page, newest first."""
    state = request.app[STATE]
    cursor = _cursor(request.query.get("nextPageKey", ""))
    drafts, following = _page(state, cursor)
    at_ms = state.world.clock.now_ms() - ms(state.switches.list_lag_s)
    items = [
        state.addresses.text(_worded(request[WORD], list_item(state.world, each, at_ms)), each.job_id)
        for each in drafts
    ]
    return json_text(_page_text(request[WORD], state, items, cursor, following))


def _page(state: State, cursor: Cursor) -> tuple[list[Draft], Cursor | None]:
    """Give the jobs of a page and where the next one begins, None after the last."""
    switches, world = state.switches, state.world
    if switches.empty_pages and cursor.page % switches.empty_pages == 0:
        return [], Cursor(cursor.before_ms, cursor.page + 1)
    now_ms = world.clock.now_ms()
    seen_ms = now_ms - ms(switches.list_lag_s)
    drafts: list[Draft] = []
    for draft in world.before(min(cursor.before_ms, seen_ms + 1) if switches.list_lag_s else cursor.before_ms):
        if switches.cleaned_jobs == "hidden" and world.phase(draft, seen_ms) is Phase.CLEANED:
            continue
        if len(drafts) == switches.page_size:
            shown_again = min(switches.page_overlap, len(drafts) - 1)
            return drafts, Cursor(drafts[-1 - shown_again].created_ms, cursor.page + 1)
        drafts.append(draft)
    return drafts, None


def _worded(word: str, item: Body) -> Body:
    if word != "no-id":
        return item
    inner = item.get("data")
    kept = (
        {name: value for name, value in inner.items() if name not in {"jobId", "job_id"}}
        if isinstance(inner, dict)
        else {}
    )
    return {"success": item.get("success"), "data": kept}


def _page_text(word: str, state: State, items: list[str], cursor: Cursor, following: Cursor | None) -> str:
    shown = [*items[-2:], *items] if word == "repeat-items" else items
    parts = [] if word == "no-items" else [f'"items": [{", ".join(shown)}]']
    if word == "cursor-repeat":
        parts.append(f'"nextPageKey": {json.dumps(cursor.key())}')
    elif following:
        parts.append(f'"nextPageKey": {json.dumps(following.key())}')
    else:
        end = {"end-absent": "absent", "end-empty": "empty"}.get(word, state.switches.list_end)
        parts += {"null": ['"nextPageKey": null'], "empty": ['"nextPageKey": ""'], "absent": []}[end]
    return f"{{{', '.join(parts)}}}"


# -- get


def unknown_job(state: State) -> web.Response:
    """Answer for a job that is not there."""
    if state.switches.unknown_job == "404":
        return web.json_response({"message": "Job not found"}, status=404)
    status = int(state.switches.unknown_job.rpartition("-")[2])
    body = {"success": False, "error_code": "5000", "error_message": "JOB_NOT_FOUND"}
    return web.json_response(body, status=status)


async def get_job(request: web.Request) -> web.StreamResponse:
    """Answer one job."""
    state, word = request.app[STATE], request[WORD]
    draft = state.world.find(request.match_info["job_id"])
    now_ms = state.world.clock.now_ms()
    if draft is None:
        return unknown_job(state)
    if state.switches.cleaned_get == "404" and state.world.phase(draft, now_ms) is Phase.CLEANED:
        return unknown_job(state)
    body = job_body(state.world, draft, now_ms)
    match word:
        case "other-id":
            body = {"job_id": "00000000-0000-4000-8000-000000000000", "success": True, "data": body.get("data")}
        case "not-found-5000":
            body = {"success": False, "error_code": "5000", "error_message": "JOB_NOT_FOUND"}
        case "in-progress":
            body = {"job_id": draft.job_id, "success": True, "data": {"status": "in-progress"}}
        case _:
            pass
    return json_text(state.addresses.text(body, draft.job_id, moved=word == "changed"))


# -- clean


async def clean_job(request: web.Request) -> web.StreamResponse:
    """Clean one job."""
    state, word = request.app[STATE], request[WORD]
    if word == "refuse":
        return web.json_response({"success": False})
    draft = state.world.find(request.match_info["job_id"])
    if draft is None or word == "gone":
        return unknown_job(state)
    phase = state.world.phase(draft, state.world.clock.now_ms())
    if phase is Phase.RUNNING or stated(draft) not in {"completed", "failed", "cleaned", ""}:
        return _still_running(state)
    if phase is Phase.CLEANED and state.switches.second_clean == "404":
        return unknown_job(state)
    state.world.clean(draft)
    state.cleaned_by.setdefault(draft.job_id, entry_of(request).sequence)
    took_effect(request)
    return web.json_response({"success": True})


def _still_running(state: State) -> web.Response:
    if state.switches.clean_in_progress == "success-false":
        return web.json_response({"success": False})
    status = int(state.switches.clean_in_progress)
    return web.json_response({"message": "Job is still in progress"}, status=status)
