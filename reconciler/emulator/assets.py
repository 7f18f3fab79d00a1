"""The asset host, as the CDN: files by path, ranges, ETag, redirects, signed links, and no key."""

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import formatdate
from urllib.parse import urlsplit

from aiohttp import web

from reconciler.emulator import media
from reconciler.emulator.drafts import BEGIN_MS, UPLOADED
from reconciler.emulator.faults import STALL_S
from reconciler.emulator.media import Media
from reconciler.emulator.ranges import Part, part_of
from reconciler.emulator.state import State
from reconciler.emulator.wire import PAGE, STATE, drop, logged, next_word, raw, retry_after, took_effect

DENIED = '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>'
SHARED = "<!DOCTYPE html><html><head><title>A shared video</title></head><body><video controls></video></body></html>"
PAGES = ("/v2/preview/", "/preview/", "/story/")
SIMPLE_ETAG_BYTES = 64 * 1024 * 1024
LARGEST_UPLOAD = 256 * 1024 * 1024
DRIP_S, DRIP_BYTES = 0.05, 8 * 1024


def assets(state: State) -> web.Application:
    """Make the asset port's application."""
    app = web.Application(middlewares=[logged("asset")], client_max_size=LARGEST_UPLOAD)
    app[STATE] = state
    app.router.add_put("/upload/{path:.*}", put_upload, name="upload")
    app.router.add_get("/{path:.*}", get_asset, name="asset")
    return app


@dataclass(frozen=True, slots=True)
class Shown:
    """A file as it is shown now: its bytes, its ETag ("" for none), and when it was made."""

    file: Media
    etag: str
    modified: str


def _denied(status: int = 403) -> web.Response:
    return web.Response(status=status, text=DENIED, content_type="application/xml")


async def get_asset(request: web.Request) -> web.StreamResponse:
    """Answer one file; HEAD comes here too."""
    state, word = request.app[STATE], next_word(request)
    instead = await _instead(request, word)
    if instead is not None:
        return instead
    if _is_page(request.path):
        return web.Response(text=SHARED, content_type="text/html")
    found = state.world.file(request.path)
    if found is None or not _is_open(request, state):
        return _denied()
    draft, path = found
    file = media.made(draft.files[path]) if draft else state.world.upload(path)
    if file is None:
        return _denied()
    other = _other(file, word, media.changed(draft.files[path]) if draft else file)
    created_ms = draft.created_ms if draft else BEGIN_MS
    shown = Shown(other, await _etag(state, word, file, other), formatdate(created_ms / 1000, usegmt=True))
    if word in _RAW:
        return await raw(request, *_RAW[word](shown.file))
    return await _answer(request, shown, word)


async def _instead(request: web.Request, word: str) -> web.StreamResponse | None:
    if word.isdigit():
        answer = _denied(int(word))
        answer.headers.update(retry_after(request.app[STATE], 1) if word in {"429", "503"} else {})
        return answer
    is_moved = request.app[STATE].switches.file_redirect == "other-host" and request.url.host != "localhost"
    match word:
        case "html":
            return web.Response(text=PAGE, content_type="text/html")
        case "reset":
            return drop(request)
        case "stall":
            await asyncio.sleep(STALL_S)
            return drop(request)
        case "redirect":
            raise web.HTTPFound(str(request.rel_url))
        case _ if is_moved or word == "redirect-host":
            raise web.HTTPFound(str(request.url.with_host("localhost")))
        case _:
            return None


def _is_page(path: str) -> bool:
    first = path.split("/")[1]
    return path.startswith(PAGES) or (len(first) > 17 and first[:17].isdigit() and path.count("/") == 2)


def _is_open(request: web.Request, state: State) -> bool:
    if not state.switches.signed_links_s or request.path.startswith(f"{UPLOADED}/"):
        return True
    query = request.query
    return state.addresses.opens(request.path, query.get("Expires", ""), query.get("Signature", ""))


def _other(file: Media, word: str, changed: Media) -> Media:
    """Give the file that a word puts in the place of the right one."""
    match word:
        case "zero":
            return Media(file.content_type, b"")
        case "wrong-type":
            return media.jpeg(1) if file.content_type != "image/jpeg" else media.png(1)
        case "changed" | "changed-quietly":
            return changed
        case _:
            return file


async def _etag(state: State, word: str, file: Media, shown: Media) -> str:
    # Naming a large file reads all of it, and other requests must not wait for that.
    if word == "wrong-etag":
        return f'"{hashlib.md5(b"of another file", usedforsecurity=False).hexdigest()}"'
    named = file if word == "changed-quietly" else shown
    form = state.switches.etag
    if form == "s3":
        form = "md5" if named.size <= SIMPLE_ETAG_BYTES else "multipart"
    match "none" if word in {"no-etag", "flip-no-etag"} else form:
        case "md5":
            return f'"{await asyncio.to_thread(named.digest, "md5")}"'
        case "weak":
            return f'W/"{await asyncio.to_thread(named.multipart_digest)}"'
        case "multipart":
            return f'"{await asyncio.to_thread(named.multipart_digest)}"'
        case _:
            return ""


def _asked(request: web.Request, shown: Shown, word: str) -> Part | None:
    """Give the part to send; None when it cannot be satisfied."""
    size = shown.file.size
    if word == "wrong-range":  # whatever was asked for, the beginning comes, and the header says so
        return Part(0, max(1, size // 2), is_part=True)
    condition = request.headers.get("If-Range", "")
    is_as_before = condition in {"", shown.modified} or (condition == shown.etag and not condition.startswith("W/"))
    if word == "range-ignored" or not request.app[STATE].switches.ranges or not is_as_before:
        return Part(0, size, is_part=False)
    return part_of(request.headers.get("Range", ""), size)


async def _answer(request: web.Request, shown: Shown, word: str) -> web.StreamResponse:
    if shown.etag and request.headers.get("If-None-Match", "") == shown.etag:
        return web.Response(status=304, headers={"ETag": shown.etag})
    part = _asked(request, shown, word)
    if part is None:
        return web.Response(status=416, headers={"Content-Range": f"bytes */{shown.file.size}"})
    response = web.StreamResponse(status=206 if part.is_part else 200)
    response.headers.update(_headers(request, shown, part))
    await response.prepare(request)
    if request.method != "HEAD":
        state = request.app[STATE]
        for block in _blocks(shown.file, word, part):
            await response.write(block)
            await state.line.send(len(block), state.switches.file_bytes_per_s)
            if word == "drip":
                await asyncio.sleep(DRIP_S)
        if word == "stall-midway":
            await asyncio.sleep(STALL_S)
        if word in {"reset-midway", "stall-midway"}:
            return drop(request)
    await response.write_eof()
    return response


def _headers(request: web.Request, shown: Shown, part: Part) -> dict[str, str]:
    headers = {
        "Content-Type": shown.file.content_type,
        "Content-Length": str(part.stop - part.start),
        "Last-Modified": shown.modified,
    }
    if request.app[STATE].switches.ranges:
        headers["Accept-Ranges"] = "bytes"
    if shown.etag:
        headers["ETag"] = shown.etag
    if part.is_part:
        headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{shown.file.size}"
    return headers


def _blocks(file: Media, word: str, part: Part) -> Iterator[bytes | memoryview]:
    middle = file.size // 2
    stop = (part.start + part.stop) // 2 if word.endswith("-midway") else part.stop
    at = part.start
    for block in file.read(part.start, stop):
        if word in {"flip", "flip-no-etag"} and at <= middle < at + len(block):
            changed = bytearray(block)
            changed[middle - at] ^= 0x01
            yield bytes(changed)
        elif word == "drip":
            yield from (block[start : start + DRIP_BYTES] for start in range(0, len(block), DRIP_BYTES))
        else:
            yield block
        at += len(block)


# -- answers that no correct server sends


def _raw(
    sent: Callable[[int], int], declared: Callable[[int], int | None]
) -> Callable[[Media], Iterator[bytes | memoryview]]:
    def answer(file: Media) -> Iterator[bytes | memoryview]:
        length = declared(file.size)
        yield b"\r\n".join(
            [
                b"HTTP/1.1 200 OK",
                b"Content-Type: " + file.content_type.encode(),
                b"Connection: close",
                *([] if length is None else [f"Content-Length: {length}".encode()]),
                b"\r\n",
            ]
        )
        yield from file.read(0, sent(file.size))

    return answer


_RAW: dict[str, Callable[[Media], Iterator[bytes | memoryview]]] = {
    "cut": _raw(lambda size: size // 2, lambda size: size),
    "cut-no-length": _raw(lambda size: size // 2, lambda _: None),
    "no-length": _raw(lambda size: size, lambda _: None),
    "wrong-length": _raw(lambda size: size, lambda size: size + 100),
}


# -- uploads


async def put_upload(request: web.Request) -> web.StreamResponse:
    """Take an upload in, under the path that its address was given for."""
    state, word = request.app[STATE], next_word(request)
    if word == "stall":
        await asyncio.sleep(STALL_S)
    if word in {"stall", "reset"}:
        return drop(request)
    path = urlsplit(f"/{request.match_info['path']}").path
    if not path.startswith(f"{UPLOADED}/") or "X-Amz-Expires" not in request.query:
        return _denied()
    content = await request.read()
    kind = request.headers.get("Content-Type", "application/octet-stream")
    state.world.take_upload(path, kind, content)
    took_effect(request)
    etag = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return web.Response(headers={"ETag": f'"{etag}"'})
