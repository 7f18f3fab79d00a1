"""The calls beside jobs: the token of the older client pair, the quota, the AI Studio lists, uploads, templates."""

import base64
import json
import secrets
from typing import Any

from aiohttp import web

from reconciler.emulator.bodies import list_item
from reconciler.emulator.clock import stamp, utc_ms, utc_text
from reconciler.emulator.drafts import UPLOADED, Draft
from reconciler.emulator.numbering import Numbering
from reconciler.emulator.shapes import Body
from reconciler.emulator.state import State
from reconciler.emulator.wire import STATE, took_effect
from reconciler.emulator.world import Phase, ms

AI_PAGE = 100
UPLOAD_OPEN_S = 86_400


def add_account_calls(app: web.Application, root: str) -> None:
    """Add these calls to the API's application."""
    app.router.add_post(f"{root}/v1/oauth2/token", give_token, name="token")
    app.router.add_get(f"{root}/v1/quota", show_quota, name="quota")
    app.router.add_get(f"{root}/v1/aistudio/images", list_images, name="aistudio-images")
    app.router.add_get(f"{root}/v1/aistudio/videos", list_videos, name="aistudio-videos")
    for place, spelling in enumerate(("generateurl", "generateUrl")):
        app.router.add_post(f"{root}/v1/media/{spelling}", give_upload_address, name=f"upload-address.n{place}")
    app.router.add_post(f"{root}/v1/templates", make_template, name="templates")


def refused(*fields: str) -> web.Response:
    """Answer a body that lacks something, as the service words it."""
    named = [{"name": name, "errors": [f"{name} is required"]} for name in fields]
    body = {"code": "INVALID_REQUEST_BODY", "message": "The request body is not valid", "fields": named}
    return web.json_response(body, status=400)


async def json_body(request: web.Request) -> dict[str, Any] | None:
    """Read the request's JSON object, whatever its Content-Type says; None when it is none."""
    try:
        read = json.loads(await request.read())
    except ValueError:
        return None
    return read if isinstance(read, dict) else None


# -- token


async def give_token(request: web.Request) -> web.StreamResponse:
    """Give a token for the client pair."""
    state, body = request.app[STATE], await json_body(request)
    lacking = [name for name in ("client_id", "client_secret") if not (body or {}).get(name)]
    if body is None or lacking:
        return refused(*lacking)
    known = (state.credentials.client_id, state.credentials.client_secret)
    if (body["client_id"], body["client_secret"]) != known:
        return web.json_response({"message": "Unauthorized"}, status=401)
    token, lasts_s = secrets.token_urlsafe(48), state.switches.token_lasts_s
    state.tokens[token] = state.world.clock.now_ms() + ms(lasts_s)
    took_effect(request)
    return web.json_response({"access_token": token, "expires_in": int(lasts_s), "token_type": "Bearer"})


# -- quota


async def show_quota(request: web.Request) -> web.StreamResponse:
    """Tell what of the plan is used.  It has no figure for storage, as the service has none."""
    jobs = request.app[STATE].world.how_many()
    return web.json_response(
        {
            "videoMinutes": {"used": jobs, "limit": 100_000},
            "transcriptionMinutes": {"used": jobs // 11, "limit": 50_000},
            "elevenLabsVoiceOverMinutes": {"used": 0, "limit": 120},
            "aiCredits": {"used": jobs * 2, "limit": 1_000_000},
        }
    )


# -- AI Studio


async def list_images(request: web.Request) -> web.StreamResponse:
    """Answer a page of the images."""
    return await _ai_list(request, "image")


async def list_videos(request: web.Request) -> web.StreamResponse:
    """Answer a page of the videos."""
    return await _ai_list(request, "video")


async def _ai_list(request: web.Request, kind: str) -> web.StreamResponse:
    state = request.app[STATE]
    try:
        before_ms = _before(request.query.get("nextPageKey", ""))
    except ValueError:
        return web.json_response({"code": "INVALID_REQUEST", "message": "nextPageKey is not valid"}, status=400)
    items: list[str] = []
    following, last_ms = "", before_ms
    for draft in state.world.of_kind(kind, before_ms):
        if state.world.phase(draft, state.world.clock.now_ms()) is not Phase.ENDED:
            continue
        if len(items) == AI_PAGE:
            following = f', "nextPageKey": {json.dumps(_key(last_ms))}'
            break
        items.append(_ai_item(state, draft))
        last_ms = draft.created_ms
    text = f'{{"items": [{", ".join(items)}]{following}}}'
    return web.Response(body=text.encode(), content_type="application/json")


_SHOWN = ("url", "width", "height", "duration", "thumbnailImageUrl", "previewImageUrl", "lastFrameImageUrl")


def _ai_item(state: State, draft: Draft) -> str:
    data = list_item(state.world, draft, draft.ends_ms).get("data")
    shown: Body = {name: data[name] for name in _SHOWN if name in data} if isinstance(data, dict) else {}
    item = {"id": f"{stamp(draft.created_ms)}ai", "createdDate": utc_text(draft.created_ms), **shown}
    return state.addresses.text(item, draft.job_id)


def _key(before_ms: int) -> str:
    return base64.b64encode(utc_text(before_ms).encode()).decode()


def _before(key: str) -> int:
    return utc_ms(base64.b64decode(key, validate=True).decode()) if key else 1 << 60


# -- uploads and templates


async def give_upload_address(request: web.Request) -> web.StreamResponse:
    """Give an address to upload a file to, and the one under which it stays."""
    state, body = request.app[STATE], await json_body(request)
    if body is None or not isinstance(body.get("fileName"), str) or not body["fileName"]:
        return refused("fileName")
    name = "".join(char if char.isalnum() or char in ".-_" else "_" for char in body["fileName"])
    place = f"{Numbering(secrets.randbits(32), 'uploaded').id_of(0)}/{name}"
    until = state.world.clock.now_ms() // 1000 + UPLOAD_OPEN_S
    query = f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires={UPLOAD_OPEN_S}&X-Amz-Date={stamp(until * 1000)}"
    path = f"{UPLOADED}/{place}"
    data = {
        "signedUrl": f"{state.asset_base}/upload{path}?{query}",
        "url": f"{state.asset_base}{path}",
        "key": path.removeprefix("/"),
    }
    return web.json_response({"success": True, "data": data})


async def make_template(request: web.Request) -> web.StreamResponse:
    """Make a template out of a file: at once, and no job."""
    state, content = request.app[STATE], await request.read()
    if not content:
        return refused("body")
    took_effect(request)
    scenes = [{"sceneId": f"s{number}", "subtitles": [{"text": "Hello {{name}}"}]} for number in (1, 2)]
    made = {"templateId": f"{stamp(state.world.clock.now_ms())}abc", "name": "A template", "language": "en"}
    return web.json_response(
        {**made, "published": True, "deprecated": False, "scenes": scenes, "variables": {"name": "NAME"}}
    )
