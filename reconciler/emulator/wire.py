"""What all ports do on the wire: the log, statuses and pages out of scripts, connections that drop."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

from reconciler.emulator.requests_log import Request
from reconciler.emulator.state import State

STATE: web.AppKey[State] = web.AppKey("state", State)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

PAGE = "<!DOCTYPE html><html><head><title>Oops</title></head><body><h1>Something went wrong</h1></body></html>"


def logged(port: str) -> Middleware:
    """Give the middleware that notes every request of a port."""

    @web.middleware
    async def note(request: web.Request, handler: Handler) -> web.StreamResponse:
        entry = request.app[STATE].log.add(
            port=port,
            route=route_of(request),
            method=request.method,
            path=request.path,
            key_sent="Authorization" in request.headers,
        )
        request["entry"] = entry
        try:
            response = await handler(request)
        except web.HTTPException as answered:
            entry.status = answered.status
            raise
        if not is_dropped(request):
            entry.status = response.status
        return response

    return note


def entry_of(request: web.Request) -> Request:
    """Give the log's entry of this request."""
    entry = request["entry"]
    if not isinstance(entry, Request):
        raise TypeError("every request is logged first")
    return entry


def route_of(request: web.Request) -> str:
    """Give the name by which scripts and the log call this kind of request."""
    return request.match_info.route.name or "other"


def next_word(request: web.Request) -> str:
    """Take the script's word for this request."""
    return request.app[STATE].faults.next(route_of(request), request.path)


def scripted(word: str) -> web.Response | None:
    """Answer the words that every API route knows: a status, or a web page."""
    if word == "html":
        return web.Response(text=PAGE, content_type="text/html")
    if word.isdigit():
        if word == "502":
            return web.Response(status=502, text=PAGE, content_type="text/html")
        return web.json_response({"message": f"scripted {word}"}, status=int(word))
    return None


def drop(request: web.Request) -> web.Response:
    """Drop the connection as it stands."""
    if request.transport is not None:
        request.transport.abort()
    request["dropped"] = True
    return web.Response()


def is_dropped(request: web.Request) -> bool:
    """Tell whether the connection was dropped."""
    return bool(request.get("dropped"))


async def raw(request: web.Request, *parts: bytes) -> web.Response:
    """Write bytes past the library, then close: for answers that no correct server sends."""
    transport = request.transport
    if transport is not None:
        for part in parts:
            transport.write(part)
            await asyncio.sleep(0)
        transport.close()
    request["dropped"] = True
    return web.Response()
