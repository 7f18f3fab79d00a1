"""The control port, beside the emulated ones: what came, what is so, the clock, switches, bad days, a new start."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from reconciler.emulator.clock import utc_ms, utc_text
from reconciler.emulator.drafts import Draft
from reconciler.emulator.faults import UnknownWord
from reconciler.emulator.media import MAKERS, Spec
from reconciler.emulator.scenario import ScenarioRefused, begin, scenario_of
from reconciler.emulator.shapes import Body
from reconciler.emulator.state import State
from reconciler.emulator.switches import UnknownSwitch
from reconciler.emulator.truth import TooMany, truth
from reconciler.emulator.wire import STATE, Handler
from reconciler.emulator.world import ms


def control(state: State) -> web.Application:
    """Make the control port's application."""
    app = web.Application(middlewares=[_explained], client_max_size=256 * 1024 * 1024)
    app[STATE] = state
    for method, path, answer in _ROUTES:
        app.router.add_route(method, f"/_emulator/{path}", _answered(answer))
    return app


@web.middleware
async def _explained(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Say what is wrong with what was asked."""
    try:
        return await handler(request)
    except (UnknownWord, UnknownSwitch, ScenarioRefused, TooMany) as error:
        return web.json_response({"message": str(error)}, status=400)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        return web.json_response({"message": f"not understood: {type(error).__name__}: {error}"}, status=400)


Answer = Callable[[State, Any, web.Request], object]


def _answered(answer: Answer) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def respond(request: web.Request) -> web.StreamResponse:
        asked = await request.json() if request.can_read_body else {}
        told = answer(request.app[STATE], asked, request)
        return web.json_response(await told if asyncio.iscoroutine(told) else told)

    return respond


def _requests(state: State, _asked: Any, _request: web.Request) -> object:
    return state.log.as_json()


def _forget_requests(state: State, _asked: Any, _request: web.Request) -> object:
    state.log.clear()
    return {}


def _name_phase(state: State, asked: Any, _request: web.Request) -> object:
    state.log.phase = str(asked["name"])
    return {}


async def _truth(state: State, _asked: Any, request: web.Request) -> object:
    # Hashing large files takes a while, and the other ports must answer meanwhile.
    return await asyncio.to_thread(truth, state, request.query.getall("job", []))


def _faults(state: State, _asked: Any, _request: web.Request) -> object:
    return state.faults.as_json()


def _add_fault(state: State, asked: Any, _request: web.Request) -> object:
    state.faults.add(asked["route"], asked["script"], asked.get("match", ""))
    return {}


def _forget_faults(state: State, _asked: Any, _request: web.Request) -> object:
    state.faults.clear()
    return {}


def _switches(state: State, _asked: Any, _request: web.Request) -> object:
    return {name: getattr(state.switches, name) for name in state.switches.__dataclass_fields__}


def _set_switches(state: State, asked: Any, request: web.Request) -> object:
    state.switches.set(asked)
    state.world.change({"do": "switch", "switches": asked})
    return _switches(state, asked, request)


def _clock(state: State, _asked: Any, _request: web.Request) -> object:
    clock = state.world.clock
    return {"now": utc_text(clock.now_ms()), "stands": clock.stands_at_ms is not None}


def _set_clock(state: State, asked: Any, request: web.Request) -> object:
    """Set it (`at`), move it on (`advance_s`), let it stand or go (`stands`); in this order."""
    clock = state.world.clock
    unknown = set(asked) - {"at", "advance_s", "stands"}
    if unknown:
        raise ValueError(f"no {', '.join(sorted(unknown))}; there are at, advance_s, stands")
    if "at" in asked:
        clock.set(utc_ms(asked["at"]))
    if "advance_s" in asked:
        clock.advance(ms(asked["advance_s"]))
    if "stands" in asked:
        (clock.stop if asked["stands"] else clock.go)()
    state.world.change({"do": "clock", "ahead_ms": clock.ahead_ms, "stands_at_ms": clock.stands_at_ms})
    return _clock(state, asked, request)


def _webhooks(state: State, _asked: Any, _request: web.Request) -> object:
    return state.webhooks


def _put_job(state: State, asked: Any, _request: web.Request) -> object:
    """Add or replace a job; see `put_job`."""
    return put_job(state, asked)


def _remove_job(state: State, _asked: Any, request: web.Request) -> object:
    state.world.remove(request.match_info["job_id"])
    return {}


def _reset(state: State, asked: Any, _request: web.Request) -> object:
    """Begin anew with a scenario, and with the jobs that it puts."""
    scenario = scenario_of({"key": state.credentials.key, **asked})
    begin(state, scenario)
    for job in scenario.put:
        put_job(state, job)
    return {}


_ROUTES: tuple[tuple[str, str, Answer], ...] = (
    ("GET", "requests", _requests),
    ("DELETE", "requests", _forget_requests),
    ("POST", "phase", _name_phase),
    ("GET", "truth", _truth),
    ("GET", "faults", _faults),
    ("POST", "faults", _add_fault),
    ("DELETE", "faults", _forget_faults),
    ("GET", "switches", _switches),
    ("POST", "switches", _set_switches),
    ("GET", "clock", _clock),
    ("POST", "clock", _set_clock),
    ("GET", "webhooks", _webhooks),
    ("POST", "jobs", _put_job),
    ("DELETE", "jobs/{job_id}", _remove_job),
    ("POST", "reset", _reset),
)


# -- jobs by their bodies


def put_job(state: State, asked: dict[str, Any]) -> Body:
    """Add or replace a job by its `data`, or by whole answers (`body`, and `listed` for the list).

    `asset:NAME.EXT` in it becomes the address of a file made for it, of `bytes` bytes where that is said of a video.
    """
    data, body = asked.get("data", {}), asked.get("body")
    names = sorted(_asset_names([data, body, asked.get("listed")]))
    sizes = asked.get("bytes", {})
    files = {name: _spec(name, number, sizes.get(name, 60_000)) for number, name in enumerate(names)}
    now_ms = state.world.clock.now_ms()
    draft = Draft(
        job_id=asked["id"],
        number=state.world.next_number(),
        created_ms=now_ms,
        ends_ms=now_ms,
        kind=asked.get("kind", ""),
        data=data,
        got=body,
        listed=asked.get("listed", body),
        files=files,
        inputs=tuple(asked.get("inputs", ())),
    )
    state.world.put(draft, newest=bool(asked.get("newest", True)))
    return {"files": names}


def _asset_names(value: object) -> set[str]:
    if isinstance(value, dict):
        return {name for inner in value.values() for name in _asset_names(inner)}
    if isinstance(value, list):
        return {name for inner in value for name in _asset_names(inner)}
    return {value.removeprefix("asset:")} if isinstance(value, str) and value.startswith("asset:") else set()


def _spec(name: str, number: int, size: int) -> Spec:
    """Choose what a file is made of by its name."""
    kind = name.rpartition(".")[2]
    text = f"Subtitle {number}. It ends" if kind in {"srt", "vtt"} else name
    return Spec(kind if kind in MAKERS else "txt", number, size, text)
