"""What the API says about a job, in the spellings that the switches choose."""

import hashlib
import hmac
import json
import re
from dataclasses import dataclass

from reconciler.emulator.clock import Clock
from reconciler.emulator.drafts import Draft
from reconciler.emulator.shapes import Body
from reconciler.emulator.switches import Switches
from reconciler.emulator.world import Phase, World, folder, ms

SIGNING_KEY = b"signs links of an emulated account"


def job_body(world: World, draft: Draft, at_ms: int) -> Body:
    """Give the answer to a GET of a job as it was at a time."""
    phase = world.phase(draft, at_ms)
    if phase is Phase.ENDED and draft.got is not None:
        return draft.got
    spelling = draft.spelling if world.switches.id_spelling == "mixed" else world.switches.id_spelling
    return _spelled(_data(world, draft, phase, at_ms), draft.job_id, spelling)


def list_item(world: World, draft: Draft, at_ms: int) -> Body:
    """Give the item of a job in the list as it was at a time."""
    phase = world.phase(draft, at_ms)
    if phase is Phase.ENDED and draft.listed is not None:
        return draft.listed
    data = _data(world, draft, phase, at_ms)
    if world.switches.list_is_thin:
        data = {name: value for name, value in data.items() if name == "status"}
    return _spelled(data, draft.job_id, world.switches.list_id_spelling)


def _data(world: World, draft: Draft, phase: Phase, at_ms: int) -> Body:
    match phase:
        case Phase.CLEANED:
            return {"status": "cleaned"}
        case Phase.RUNNING:
            return _running(draft, at_ms)
        case Phase.ENDED if draft.fails:
            return {"status": "failed", "error_code": "TEXT_TO_VIDEO_FAILED", "error_message": "It was told to fail."}
        case Phase.ENDED:
            return _respelled(draft.data, world.switches)


def _running(draft: Draft, at_ms: int) -> Body:
    share = (at_ms - draft.created_ms) * 100 // max(1, draft.ends_ms - draft.created_ms)
    if draft.kind != "render" or share < 20:  # progress is told only once the rendering has started
        return {"status": "in-progress"}
    return {
        "status": "in-progress",
        "renderProgress": max(0, min(99, share)),
        "renderProgressMessage": "Generating video",
        "renderState": "RUNNING",
    }


SHARES, PREVIEWS = ("videoShareURL", "shareVideoURL"), ("previewUrl", "preview")


def _respelled(data: Body, switches: Switches) -> Body:
    """Name the fields as the switches say."""
    names = {"videoURL": switches.video_field}
    if switches.share_field != "as-made":
        names |= dict.fromkeys(SHARES, switches.share_field)
    if switches.preview_field != "as-made":
        names |= dict.fromkeys(PREVIEWS, switches.preview_field)
    left_out = {"status"} if switches.status_missing and data.get("status") == "completed" else set()
    return {names.get(name, name): value for name, value in data.items() if name not in left_out}


def _spelled(data: Body, job_id: str, spelling: str) -> Body:
    success = data.get("status") != "failed"
    place, _, name = spelling.rpartition(".")
    if place:
        return {"success": success, "data": {**data, name: job_id}}
    return {name: job_id, "success": success, "data": data}


# -- addresses

_MARK = re.compile(r'(?<!\\)"(asset|page):([^"\\]*)')


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the asset host answers, and how long a link to it is good; 0: for ever, and without a signature."""

    base: str
    signed_s: float
    clock: Clock

    def text(self, body: object, job_id: str, *, moved: bool = False) -> str:
        """Give a job's body as JSON text, with addresses in place of the marks; `moved`: as if it were made anew."""
        files = f"/moved{folder(job_id)}" if moved else folder(job_id)

        def address(found: re.Match[str]) -> str:
            if found[1] == "page":
                return f'"{self.base}/{found[2]}'
            path = f"{files}/{found[2]}"
            return f'"{self.base}{self.signed(path) if self.signed_s else path}'

        return _MARK.sub(address, json.dumps(body))

    def signed(self, path: str) -> str:
        """Give a path with the query that opens it for a while."""
        until = (self.clock.now_ms() + ms(self.signed_s)) // 1000
        return f"{path}?Expires={until}&Signature={signature(path, until)}&Key-Pair-Id=EMULATOR"

    def opens(self, path: str, expires: str, signature_sent: str) -> bool:
        """Tell whether the query of a signed path opens it now."""
        if not expires.isascii() or not expires.isdigit() or len(expires) > 12:
            return False
        is_ours = hmac.compare_digest(signature(path, int(expires)).encode(), signature_sent.encode())
        return is_ours and self.clock.now_ms() < int(expires) * 1000


def signature(path: str, until: int) -> str:
    """Sign a path and the time until which it is open."""
    return hmac.new(SIGNING_KEY, f"{path}\n{until}".encode(), hashlib.sha256).hexdigest()
