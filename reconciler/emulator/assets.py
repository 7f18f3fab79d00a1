"""The asset host, as the CDN: files by path, ranges, ETag, no key."""

import asyncio
import json
import re
from collections.abc import Iterator
from email.utils import formatdate

from aiohttp import web

from reconciler.emulator import media
from reconciler.emulator.faults import STALL_S
from reconciler.emulator.media import Media
from reconciler.emulator.state import State
from reconciler.emulator.wire import PAGE, STATE, logged, next_word, raw

DENIED = '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>'
MADE_AT = 1_767_225_600  # 2026-01-01, for Last-Modified


def assets(state: State) -> web.Application:
    """Make the asset port's application."""
    app = web.Application(middlewares=[logged("asset")])
    app[STATE] = state
    app.router.add_get("/{path:.*}", get_asset, name="asset")
    return app


async def get_asset(request: web.Request) -> web.StreamResponse:
    """Answer one file; HEAD comes here too."""
    word = next_word(request)
    if word == "html":
        return web.Response(text=PAGE, content_type="text/html")
    if word.isdigit():
        return web.Response(status=int(word), text=DENIED, content_type="application/xml")
    file = request.app[STATE].world.file(request.path)
    if file is None:
        return web.Response(status=403, text=DENIED, content_type="application/xml")
    if word in {"cut", "cut-no-length", "no-length", "wrong-length"}:
        return await _raw(request, file, word)
    if word == "redirect":
        raise web.HTTPFound(request.path.replace("//", "/"))
    if word == "stall":
        await asyncio.sleep(STALL_S)
    return await _whole(request, _changed(file, word), word)


def _changed(file: Media, word: str) -> Media:
    match word:
        case "zero":
            return Media(file.content_type, b"")
        case "wrong-type":
            return media.jpeg(1) if file.content_type != "image/jpeg" else media.png(1)
        case _:
            return file


async def _whole(request: web.Request, file: Media, word: str) -> web.StreamResponse:
    start, stop = _range(request.headers.get("Range", ""), file.size)
    is_part = (start, stop) != (0, file.size)
    response = web.StreamResponse(status=206 if is_part else 200)
    response.content_type = file.content_type.partition(";")[0]
    response.content_length = stop - start
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Last-Modified"] = formatdate(MADE_AT, usegmt=True)
    if word != "no-etag":
        response.headers["ETag"] = f'"{file.digest("md5")}"'
    if is_part:
        response.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{file.size}"
    await response.prepare(request)
    if request.method != "HEAD":
        for block in _blocks(file, word, start, stop):
            await response.write(block)
            if word == "slow":
                await asyncio.sleep(0.2)
    await response.write_eof()
    return response


def _blocks(file: Media, word: str, start: int, stop: int) -> Iterator[bytes]:
    at = start
    for block in file.read(start, stop):
        middle = file.size // 2
        if word == "flip" and at <= middle < at + len(block):
            changed = bytearray(block)
            changed[middle - at] ^= 0x01
            yield bytes(changed)
        else:
            yield block
        at += len(block)


_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


def _range(header: str, size: int) -> tuple[int, int]:
    asked = _RANGE.fullmatch(header)
    if not asked or int(asked[1]) >= size:
        return 0, size
    return int(asked[1]), min(size, int(asked[2]) + 1 if asked[2] else size)


async def _raw(request: web.Request, file: Media, word: str) -> web.Response:
    """Answer in ways that no correct server does."""
    lengths = {"cut": file.size, "wrong-length": file.size + 100}
    sent = file.size // 2 if word.startswith("cut") else file.size
    head = [b"HTTP/1.1 200 OK", b"Content-Type: " + file.content_type.encode(), b"Connection: close"]
    if word in lengths:
        head.append(f"Content-Length: {lengths[word]}".encode())
    return await raw(request, b"\r\n".join([*head, b"", b""]), *file.read(0, sent))


def truth(state: State) -> dict[str, object]:
    """Tell what is so: per job its state, which request cleaned it, and its files with their sha256."""
    return {
        record.job_id: {
            "cleaned": record.cleaned,
            "cleaned_by": state.cleaned_by.get(record.job_id),
            "status": state.world.status(record),
            "files": {
                path: {"size": file.size, "sha256": file.digest("sha256")} for path, file in record.files.items()
            },
        }
        for record in state.world.listing()
    }


def truth_text(state: State) -> str:
    """The same as JSON text."""
    return json.dumps(truth(state))
