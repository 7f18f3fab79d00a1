"""Calls back to whoever made a job, once it has ended by the emulator's clock.

They go to this machine alone, unless the emulator was exposed: an address in a request is no reason to call strangers.
"""

import asyncio
import json
from urllib.parse import urlsplit

import aiohttp

from reconciler.emulator.bodies import job_body
from reconciler.emulator.drafts import Draft
from reconciler.emulator.state import State
from reconciler.emulator.world import Phase

LOOK_EVERY_S = 0.1
CALL_TAKES_AT_MOST_S = 5.0
HERE = frozenset({"127.0.0.1", "localhost", "::1"})


async def call_back_for_ever(state: State) -> None:
    """Send each webhook once when its job has ended; none is sent twice, and none again after a failure."""
    timeout = aiohttp.ClientTimeout(total=CALL_TAKES_AT_MOST_S)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        while True:
            for draft in _due(state):
                state.world.change({"do": "told", "job_id": draft.job_id})
                state.webhooks.append(await _call_back(state, session, draft))
            await asyncio.sleep(LOOK_EVERY_S)


def _due(state: State) -> list[Draft]:
    now_ms = state.world.clock.now_ms()
    return [
        draft
        for draft in state.world.added()
        if draft.webhook
        and draft.job_id not in state.world.told
        and state.world.phase(draft, now_ms) is not Phase.RUNNING
    ]


async def _call_back(state: State, session: aiohttp.ClientSession, draft: Draft) -> dict[str, object]:
    told: dict[str, object] = {"job_id": draft.job_id, "webhook": draft.webhook, "status": 0}
    if state.faults.next("webhook", draft.webhook) == "lost":
        return {**told, "not_sent": "a script lost it"}
    if not state.may_call_anywhere and _host(draft.webhook) not in HERE:
        return {**told, "not_sent": "it is not on this machine"}
    body = job_body(state.world, draft, state.world.clock.now_ms())
    if draft.webhook_input is not None:
        body = {**body, "webhookInput": draft.webhook_input}
    content = state.addresses.text(body, draft.job_id).encode()
    try:
        async with session.post(
            draft.webhook, data=content, headers={"Content-Type": "application/json"}, allow_redirects=False
        ) as answer:
            return {**told, "status": answer.status, "sent": json.loads(content)}
    except (aiohttp.ClientError, TimeoutError, ValueError, OSError) as error:
        return {**told, "not_sent": type(error).__name__}


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
