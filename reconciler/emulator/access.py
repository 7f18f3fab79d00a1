"""Who may call: the account's key, or a token got with the older client pair; and how often."""

from email.utils import formatdate

from aiohttp import web

from reconciler.emulator.state import State
from reconciler.emulator.wire import STATE, Handler, retry_after, route_of


@web.middleware
async def date_of_clock(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Date the answers by the emulator's clock, where the switch says so."""
    response = await handler(request)
    state = request.app[STATE]
    if state.switches.date_follows_clock and "Date" not in response.headers and not response.prepared:
        response.headers["Date"] = formatdate(state.world.clock.now_ms() / 1000, usegmt=True)
    return response


@web.middleware
async def identified(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what the service refuses: urllib's own name (Cloudflare), wrong keys, and too many calls."""
    state = request.app[STATE]
    if state.switches.urllib_refused and request.headers.get("User-Agent", "").startswith("Python-urllib"):
        return web.Response(status=403, text="error code: 1010")
    if not state.limit.takes(state.switches.rate_limit):
        wait_s = state.limit.wait_s(state.switches.rate_limit)
        headers = retry_after(state, wait_s)
        return web.json_response({"message": "Too Many Requests"}, status=429, headers=headers)
    if route_of(request) != "token" and not _is_known(request, state):
        return web.json_response({"message": "Unauthorized"}, status=401)
    return await handler(request)


def _is_known(request: web.Request, state: State) -> bool:
    sent = request.headers.get("Authorization", "")
    if sent == state.credentials.key:
        return True
    bearer = sent.removeprefix("Bearer ")
    token = bearer if state.switches.bearer == "accepted" else sent
    is_good = state.world.clock.now_ms() < state.tokens.get(token, 0)
    names = ("X-Pictory-User-Id", "X-Pictory-Customer-Id")
    return is_good and (not state.switches.user_id_required or any(request.headers.get(name) for name in names))
