"""The emulator as a process: three ports on 127.0.0.1, until a signal, or until its standard input ends."""

import asyncio
import json
import signal
import sys
import threading
from contextlib import AsyncExitStack
from dataclasses import dataclass

from aiohttp import web

from reconciler.emulator.api import api
from reconciler.emulator.assets import assets
from reconciler.emulator.control import control
from reconciler.emulator.state import State
from reconciler.emulator.world import World

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to start.  A port of 0 takes a free one."""

    port: int
    asset_port: int
    control_port: int
    jobs: int
    seed: int
    media_mb: int
    page_size: int
    key: str
    until_stdin_closes: bool


def serve(options: Options) -> None:
    """Serve until asked to stop.

    Raises:
        OSError: a port is taken.
    """
    asyncio.run(_serve(options))


async def _serve(options: Options) -> None:
    state = State(
        world=World(jobs=options.jobs, seed=options.seed, media_mb=options.media_mb),
        key=options.key,
        page_size=options.page_size,
        media_mb=options.media_mb,
    )
    async with AsyncExitStack() as running:
        state.asset_base = await _start(running, assets(state), options.asset_port)
        api_base = await _start(running, api(state), options.port)
        control_base = await _start(running, control(state), options.control_port)
        _say_where(f"{api_base}/pictoryapis", state.asset_base, control_base, options.key)
        await _until_stopped(until_stdin_closes=options.until_stdin_closes)


async def _start(running: AsyncExitStack, app: web.Application, port: int) -> str:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    running.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, HOST, port).start()
    return f"http://{HOST}:{runner.addresses[0][1]}"


def _say_where(api_base: str, asset_base: str, control_base: str, key: str) -> None:
    where = {"api": api_base, "assets": asset_base, "control": control_base, "key": key}
    sys.stdout.write(json.dumps(where) + "\n")
    sys.stdout.flush()
    sys.stderr.write(
        "The emulated service answers. In another shell:\n"
        f"  export PICTORY_API_BASE_URL={api_base}\n"
        f"  export PICTORY_API_KEY={key}\n"
        "Ctrl-C stops it; its jobs are forgotten then.\n"
    )


async def _until_stopped(*, until_stdin_closes: bool) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    if until_stdin_closes:
        threading.Thread(target=_wait_for_stdin, args=(loop, stopped), daemon=True).start()
    await stopped.wait()


def _wait_for_stdin(loop: asyncio.AbstractEventLoop, stopped: asyncio.Event) -> None:
    # Whoever started us holds the other end; when that process ends, however it ends, so do we.
    while sys.stdin.buffer.read(4096):
        pass
    loop.call_soon_threadsafe(stopped.set)
