"""What all ports do on the wire: the log, words out of scripts, connections that drop."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from email.utils import formatdate

from aiohttp import web
from aiohttp.typedefs import Middleware

from reconciler.emulator.faults import STALL_S
from reconciler.emulator.requests_log import Request
from reconciler.emulator.state import State

STATE: web.AppKey[State] = web.AppKey("state", State)

ENTRY: web.RequestKey[Request] = web.RequestKey("entry", Request)
WORD: web.RequestKey[str] = web.RequestKey("word", str)
DROPPED: web.RequestKey[bool] = web.RequestKey("dropped", bool)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

PAGE = "<!DOCTYPE html><html><head><title>Oops</title></head><body><h1>Something went wrong</h1></body></html>"
DROPS, DROP_EVERY_S = 10, 0.1
DAY_S = 86_400


def logged(port: str) -> Middleware:
    """Give the middleware that notes every request of a port."""

    @web.middleware
    async def note(request: web.Request, handler: Handler) -> web.StreamResponse:
        log = request.app[STATE].log
        entry = log.add(
            port=port,
            route=route_of(request),
            method=request.method,
            path=request.path,
            key_sent="Authorization" in request.headers,
            asked_range=request.headers.get("Range", ""),
        )
        request[ENTRY] = entry
        try:
            response = await handler(request)
        except web.HTTPException as answered:
            entry.status, entry.ended_s = answered.status, log.now_s()
            raise
        entry.ended_s = log.now_s()
        if not is_dropped(request):
            entry.status = response.status
        return response

    return note


def entry_of(request: web.Request) -> Request:
    """Give the log's entry of this request."""
    return request[ENTRY]


def took_effect(request: web.Request) -> None:
    """Note that what the request asked for is done."""
    entry_of(request).took_effect_s = request.app[STATE].log.now_s()


def route_of(request: web.Request) -> str:
    """Give the name by which scripts and the log call this kind of request: several paths may share one."""
    return (request.match_info.route.name or "other").partition(".")[0]


def next_word(request: web.Request) -> str:
    """Take the script's word for this request."""
    word = request.app[STATE].faults.next(route_of(request), request.path)
    entry_of(request).word = word
    return word


# -- the API's words


@web.middleware
async def scripted(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Play the words that every API route knows, before its handler and after it; others it finds under WORD."""
    word = request[WORD] = next_word(request)
    before = await _instead(request, word)
    if before is not None:
        return before
    return await _changed(request, word, await handler(request))


async def _instead(request: web.Request, word: str) -> web.StreamResponse | None:
    """Answer, or drop, before anything was done."""
    if word.isdigit():
        return status_answer(request, int(word))
    match word:
        case "html":
            return web.Response(text=PAGE, content_type="text/html")
        case "not-json":
            return web.Response(text="{'items': [", content_type="application/json")
        case "stall":
            await asyncio.sleep(STALL_S)
            return drop(request)
        case "reset":
            return drop(request)
        case _:
            return None


async def _changed(request: web.Request, word: str, response: web.StreamResponse) -> web.StreamResponse:
    """Change an answer, or withhold it, now that everything is done."""
    content = response.body if isinstance(response, web.Response) else None
    if not isinstance(content, bytes):
        return response
    if word.endswith("-after-commit"):
        return await _withheld(request, word.removesuffix("-after-commit"))
    match word:
        case "cut":
            return await raw(request, _head(f"Content-Length: {len(content)}"), content[: len(content) // 2])
        case "cut-no-length":
            return await raw(request, _head(), content[: len(content) // 2])
        case "drip":
            return await _drip(request, response, content)
        case "clock-behind":
            response.headers["Date"] = formatdate(time.time() - DAY_S, usegmt=True)
        case _:
            pass
    return response


async def _withheld(request: web.Request, instead: str) -> web.Response:
    if instead.isdigit():
        return status_answer(request, int(instead))
    if instead == "stall":
        await asyncio.sleep(STALL_S)
    return drop(request)


async def _drip(request: web.Request, response: web.StreamResponse, content: bytes) -> web.StreamResponse:
    dripping = web.StreamResponse(status=response.status, headers={"Content-Type": response.headers["Content-Type"]})
    dripping.content_length = len(content)
    await dripping.prepare(request)
    step = len(content) // DROPS + 1
    for start in range(0, len(content), step):
        await dripping.write(content[start : start + step])
        await asyncio.sleep(DROP_EVERY_S)
    await dripping.write_eof()
    return dripping


def status_answer(request: web.Request, status: int) -> web.Response:
    """Answer an error as the service words it: a page from what stands before it, or a message in JSON."""
    answer = (
        web.Response(status=status, text=PAGE, content_type="text/html")
        if status == 502
        else web.json_response({"message": f"scripted {status}"}, status=status)
    )
    if status in {429, 503}:
        answer.headers.update(retry_after(request.app[STATE], 1))
    return answer


def retry_after(state: State, wait_s: int) -> dict[str, str]:
    """Give the header that asks to wait, in the form that the switch chooses."""
    match state.switches.retry_after:
        case "seconds":
            return {"Retry-After": str(wait_s)}
        case "date":
            return {"Retry-After": formatdate(time.time() + wait_s, usegmt=True)}
        case _:
            return {}


# -- below HTTP


def _head(*lines: str) -> bytes:
    return "\r\n".join(
        ["HTTP/1.1 200 OK", "Content-Type: application/json", "Connection: close", *lines, "", ""]
    ).encode()


def drop(request: web.Request) -> web.Response:
    """Drop the connection as it stands."""
    if request.transport is not None:
        request.transport.abort()
    request[DROPPED] = True
    return web.Response()


def is_dropped(request: web.Request) -> bool:
    """Tell whether the connection was dropped."""
    return DROPPED in request


async def raw(request: web.Request, *parts: bytes | memoryview) -> web.Response:
    """Write bytes past the library, then close: for answers that no correct server sends."""
    transport = request.transport
    if transport is not None:
        for part in parts:
            transport.write(part)
            await asyncio.sleep(0)
        transport.close()
    request[DROPPED] = True
    return web.Response()
