"""The emulator: three ports, as a process until a signal or the end of its standard input, or inside a program."""

import asyncio
import json
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from reconciler.emulator.api import ROOT, api
from reconciler.emulator.assets import assets
from reconciler.emulator.control import control, put_job
from reconciler.emulator.folder import Folder
from reconciler.emulator.scenario import Scenario, credentials_of, world_of
from reconciler.emulator.state import State
from reconciler.emulator.webhooks import call_back_for_ever

HERE = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to start.  A port of 0 takes a free one."""

    port: int = 0
    asset_port: int = 0
    control_port: int = 0
    host: str = HERE
    scenario: Scenario = field(default_factory=Scenario)
    folder: Path | None = None
    until_stdin_closes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Where a running emulator answers, and its key."""

    api: str
    assets: str
    control: str
    key: str


def serve(options: Options) -> None:
    """Serve until asked to stop.

    Raises:
        OSError: a port is taken.
        FolderRefused: the folder keeps another account.
    """
    asyncio.run(_serve(options))


async def _serve(options: Options) -> None:
    async with AsyncExitStack() as running:
        where = await _open(running, options)
        _say_where(where)
        await _until_stopped(until_stdin_closes=options.until_stdin_closes)


@contextmanager
def running(options: Options) -> Iterator[Where]:
    """Serve from a thread of this program, for as long as the context lasts."""
    loop, stopped = asyncio.new_event_loop(), asyncio.Event()
    opened: list[Where | BaseException] = []
    is_open = threading.Event()

    async def serve_here() -> None:
        try:
            async with AsyncExitStack() as stack:
                opened.append(await _open(stack, options))
                is_open.set()
                await stopped.wait()
        except (OSError, ValueError) as error:
            opened.append(error)
            is_open.set()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve_here(),), name="emulator")
    thread.start()
    is_open.wait()
    try:
        if isinstance(opened[0], BaseException):
            raise opened[0]
        yield opened[0]
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join()
        loop.close()


async def _open(stack: AsyncExitStack, options: Options) -> Where:
    scenario = options.scenario
    folder = Folder(options.folder) if options.folder else None
    state = State(
        world=world_of(scenario),
        credentials=credentials_of(scenario),
        may_call_anywhere=options.host != HERE,
        folder=folder,
    )
    for fault in scenario.faults:
        state.faults.add(**fault)
    if folder:
        folder.open(state.world)
    state.asset_base = await _start(stack, assets(state), options.host, options.asset_port)
    for job in scenario.put:
        if state.world.find(job["id"]) is None:  # a folder may know it already, and what became of it
            put_job(state, job)
    api_base = await _start(stack, api(state), options.host, options.port)
    control_base = await _start(stack, control(state), options.host, options.control_port)
    calling = asyncio.create_task(call_back_for_ever(state))
    stack.callback(calling.cancel)
    return Where(api=f"{api_base}{ROOT}", assets=state.asset_base, control=control_base, key=scenario.key)


async def _start(stack: AsyncExitStack, app: web.Application, host: str, port: int) -> str:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, host, port).start()
    return f"http://{host}:{runner.addresses[0][1]}"


def _say_where(where: Where) -> None:
    told = {"api": where.api, "assets": where.assets, "control": where.control, "key": where.key}
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    sys.stderr.write(
        "The emulated service answers. In another shell:\n"
        f"  export PICTORY_API_BASE_URL={where.api}\n"
        f"  export PICTORY_API_KEY={where.key}\n"
        f"Control: {where.control}/_emulator/requests, /truth, /clock, /switches, /faults (see docs/emulator.md).\n"
        "Ctrl-C stops it; without --folder its jobs are forgotten then.\n"
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
