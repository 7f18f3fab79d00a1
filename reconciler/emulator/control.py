"""The control port, beside the emulated ones: what came, what is so, bad days, a new start."""

from collections.abc import Callable

from aiohttp import web

from reconciler.emulator import media
from reconciler.emulator.assets import truth_text
from reconciler.emulator.faults import UnknownWord
from reconciler.emulator.media import Media
from reconciler.emulator.seeding import Draft
from reconciler.emulator.state import State
from reconciler.emulator.wire import STATE
from reconciler.emulator.world import ASSET, World


def control(state: State) -> web.Application:
    """Make the control port's application."""
    app = web.Application()
    app[STATE] = state
    app.router.add_get("/_emulator/requests", _requests)
    app.router.add_delete("/_emulator/requests", _forget_requests)
    app.router.add_get("/_emulator/truth", _truth)
    app.router.add_post("/_emulator/faults", _add_fault)
    app.router.add_delete("/_emulator/faults", _forget_faults)
    app.router.add_post("/_emulator/jobs", _put_job)
    app.router.add_delete("/_emulator/jobs/{job_id}", _remove_job)
    app.router.add_post("/_emulator/reset", _reset)
    return app


async def _requests(request: web.Request) -> web.Response:
    return web.json_response(request.app[STATE].log.as_json())


async def _forget_requests(request: web.Request) -> web.Response:
    request.app[STATE].log.clear()
    return web.json_response({})


async def _truth(request: web.Request) -> web.Response:
    return web.Response(text=truth_text(request.app[STATE]), content_type="application/json")


async def _add_fault(request: web.Request) -> web.Response:
    asked = await request.json()
    try:
        request.app[STATE].faults.add(asked["route"], asked["script"], asked.get("match", ""))
    except UnknownWord as error:
        return web.json_response({"message": str(error)}, status=400)
    return web.json_response({})


async def _forget_faults(request: web.Request) -> web.Response:
    request.app[STATE].faults.clear()
    return web.json_response({})


async def _put_job(request: web.Request) -> web.Response:
    """Add or replace a job by its body; `asset:NAME.EXT` in it becomes the address of a file made for it."""
    asked = await request.json()
    body, listed = asked["body"], asked.get("listed", asked["body"])
    files = {name: _file(name, number) for number, name in enumerate(sorted(_asset_names([body, listed])))}
    draft = Draft(job_id=asked["id"], got=body, listed=listed, files=files)
    request.app[STATE].world.put(draft, newest=bool(asked.get("newest", True)))
    return web.json_response({"files": sorted(files)})


async def _remove_job(request: web.Request) -> web.Response:
    """Take a job away as if it had never been."""
    request.app[STATE].world.records.pop(request.match_info["job_id"], None)
    return web.json_response({})


async def _reset(request: web.Request) -> web.Response:
    asked, state = await request.json(), request.app[STATE]
    state.world = World(jobs=int(asked.get("jobs", 60)), seed=int(asked.get("seed", 1)), media_mb=state.media_mb)
    state.page_size = int(asked.get("page_size", state.page_size))
    state.cleaned_by.clear()
    state.faults.clear()
    state.log.clear()
    return web.json_response({})


def _asset_names(value: object) -> set[str]:
    if isinstance(value, dict):
        return {name for inner in value.values() for name in _asset_names(inner)}
    if isinstance(value, list):
        return {name for inner in value for name in _asset_names(inner)}
    return {value.removeprefix(ASSET)} if isinstance(value, str) and value.startswith(ASSET) else set()


_MAKERS: dict[str, Callable[[int], Media]] = {
    "mp4": lambda number: media.video(number, 60_000),
    "mp3": media.mp3,
    "jpg": media.jpeg,
    "png": media.png,
    "srt": lambda number: media.srt(f"Subtitle {number}. It ends"),
    "vtt": lambda number: media.vtt(f"Subtitle {number}. It ends"),
}


def _file(name: str, number: int) -> Media:
    """Make a file that fits its name."""
    make = _MAKERS.get(name.rpartition(".")[2])
    return make(number) if make else media.txt(name)
