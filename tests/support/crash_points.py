"""Every place where a run writes, syncs, names, commits or asks, as a numbered point; at one of them the run ends.

Put around the functions of the standard library and of SQLAlchemy before the program is imported; the program knows
nothing of it.  Nothing is counted until `begin`.  A point is told by its label and its turn ("the second `fsync` of
that file"), so it is the same one whatever threads do beside it.

The end is `os._exit`: no `finally`, no `atexit`, no buffer that is written on the way out.  By `Power` it is that of
the process alone, or of the machine: then what was not synced is gone from the disk, or half of it is.
"""

import builtins
import http.client
import io
import json
import os
import random
import re
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, cast

from tests.support.power_failure import Disk

ENDED_HERE = 137


class Power(Enum):
    """What of the disk outlives the run."""

    STAYS = "stays"  # the process alone ended: all that it wrote is there
    FAILS = "fails"  # what was not synced is gone
    FAILS_HALF = "fails half"  # of what was not synced, some is there: no order is promised


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """Where a run ends, and how: at the `turn`-th time that it comes to `label`, or to any point where that is "".

    The names in the folder `doubtful` are of a run that died before it had synced them.
    """

    label: str
    turn: int
    power: Power = Power.STAYS
    seed: int = 0
    doubtful: str = ""


@dataclass
class _Run:
    root: Path
    log: int
    end: End | None
    disk: Disk | None
    turns: Counter[str]


class _Now:
    run: _Run | None = None


_one_at_a_time = threading.RLock()
_written = threading.local()
_UNLINK, _EXIT, _WRITE = os.unlink, os._exit, os.write


def begin(root: Path, log: Path, end: End | None) -> None:
    """Count from here what happens below `root`, into `log`; end where `end` says."""
    disk = Disk(root, end.doubtful) if end and end.power is not Power.STAYS else None
    _Now.run = _Run(root.resolve(), os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), end, disk, Counter())


def point(label: str, half: Callable[[], object] | None = None) -> None:
    """Come to a point; where the run ends at the half of it, `half` is done first."""
    if _Now.run is None:
        return
    for name, do in ((label, None), *(((f"half of {label}", half),) if half else ())):
        with _one_at_a_time:
            _Now.run.turns[name] += 1
            _Now.run.turns[""] += 1
            end = _Now.run.end
            is_end = end is not None and end.label in {name, ""} and end.turn == _Now.run.turns[end.label]
            _WRITE(_Now.run.log, (json.dumps([name, _Now.run.turns[name]]) + "\n").encode())
            if is_end and end is not None:
                if do:
                    do()
                if _Now.run.disk is not None:
                    chance = random.Random(end.seed)  # noqa: S311 - a draw that can be repeated
                    _Now.run.disk.fail(chance if end.power is Power.FAILS_HALF else None)
                _EXIT(ENDED_HERE)


def shape(path: "str | bytes | os.PathLike[Any]", dir_fd: int | None = None) -> str:
    """Give a path below the root with what is made up anew in each run left out; "" for one that lies elsewhere."""
    if _Now.run is None or isinstance(path, int):
        return ""
    text = os.fsdecode(path)
    if dir_fd is not None:
        text = f"{Path(f'/proc/self/fd/{dir_fd}').readlink()}/{text}"
    absolute = Path(os.path.normpath(Path.cwd() / text))
    if not absolute.is_relative_to(_Now.run.root):
        return ""
    return plain(absolute.relative_to(_Now.run.root).as_posix() or ".")


def plain(text: str) -> str:
    """Leave out of a text what is made up anew in each run."""
    text = re.sub(r"0{8}-0{4}-4000-8000-0*([0-9]+)", r"job\1", text)
    text = re.sub(r"\brun-[0-9a-f]{12}", "run-N", text)
    text = re.sub(r"(?<=[/-])[0-9a-f]{12}\b", "FACTS", text)
    text = re.sub(r"(?<=[-.])[0-9a-f]{8}(?=[./]|$)", "N", text)
    return re.sub(r"\d{8}T\d{6}\w*", "T", text)


# -- files


class _Raw(io.FileIO):
    """A file whose writes are points.  Half a write is what a full disk or a crash leaves of one."""

    def write(self, block: Any, /) -> int:
        if _Now.run is not None:
            part = bytes(block)
            point(f"write {self._shape}", (lambda: super(_Raw, self).write(part[: len(part) // 2])) if part else None)
        return super().write(block)

    def truncate(self, size: int | None = None, /) -> int:
        point(f"truncate {self._shape}")
        return super().truncate(size)

    @property
    def _shape(self) -> str:
        return shape(self.name)


_OPEN = io.open


def _open(file: Any, mode: str = "r", buffering: int = -1, *more: Any, **named: Any) -> Any:
    if _Now.run is None or not set(mode) & set("wxa+") or not shape(file):
        return _OPEN(file, mode, buffering, *more, **named)
    path = Path(file)
    was_there = path.exists()
    point(f"open {shape(file)}")
    raw = _Raw(path, mode.replace("b", "").replace("t", ""))
    if _Now.run.disk is not None:
        _Now.run.disk.opened(path, was_there=was_there)
    if buffering == 0:
        return raw
    buffered = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
    return buffered if "b" in mode else io.TextIOWrapper(buffered, *more, **named)


def _around(name: str) -> None:
    """Make a function of `os` a point, before it is done."""
    done = getattr(os, name)

    def call(path: Any, *more: Any, **named: Any) -> Any:
        told = shape(path, named.get("dir_fd")) if _Now.run is not None else ""
        if told:
            point(f"{name} {told}" + (f" to {shape(more[0])}" if name in {"rename", "replace", "link"} else ""))
        result = done(path, *more, **named)
        if told and name == "mkdir" and _Now.run is not None and _Now.run.disk is not None:
            _Now.run.disk.made(Path(path))
        return result

    setattr(os, name, call)


def _around_sync(name: str) -> None:
    done = getattr(os, name)

    def sync(descriptor: int) -> None:
        if _Now.run is None:
            done(descriptor)
            return
        point(f"{name} {shape(Path(f'/proc/self/fd/{descriptor}').readlink())}")
        done(descriptor)
        if _Now.run.disk is not None:
            _Now.run.disk.synced(descriptor)

    setattr(os, name, sync)


# -- requests


def _around_requests() -> None:
    """Make two points of each request: before it is sent, and when its effect is there and its answer is not read."""
    connection = http.client.HTTPConnection
    put, send, take = connection.putrequest, connection.endheaders, connection.getresponse

    def putrequest(self: Any, method: str, url: str, *more: Any, **named: Any) -> None:
        self.asked = plain(f"{method} {url.partition('?')[0]}")
        put(self, method, url, *more, **named)

    def endheaders(self: Any, *more: Any, **named: Any) -> None:
        point(f"before {self.asked}")
        send(self, *more, **named)

    def getresponse(self: Any) -> Any:
        answer = take(self)
        point(f"after {self.asked}")
        return answer

    for each in (putrequest, endheaders, getresponse):
        setattr(connection, each.__name__, each)


# -- the database


def _around_commits() -> None:
    """Make two points of each commit, named by what it makes durable."""
    from sqlalchemy import Engine, event
    from sqlalchemy.engine.default import DefaultDialect

    def executed(_connection: Any, _cursor: Any, statement: str, _given: Any, context: Any, _many: bool) -> None:
        found = re.match(r"(INSERT INTO|UPDATE|DELETE FROM) \"?(\w+)", statement)
        if found is None or _Now.run is None or found[2] == "receipt":  # one of the same second is there already
            return
        given: dict[str, Any] = next(iter(getattr(context, "compiled_parameters", None) or ()), {})
        which = given.get("phase") or given.get("event") or ""
        _written.what = [*getattr(_written, "what", []), f"{found[2]}{f'({which})' if which else ''}"]

    commit = cast("Callable[[object, object], None]", DefaultDialect.do_commit)

    def do_commit(self: Any, connection: Any) -> None:
        what = " ".join(dict.fromkeys(getattr(_written, "what", []))) or "nothing"
        _written.what = []
        point(f"before commit of {what}")
        commit(self, connection)
        point(f"after commit of {what}")

    event.listen(Engine, "before_cursor_execute", executed)
    for each in (do_commit,):
        setattr(DefaultDialect, each.__name__, each)


def install() -> None:
    """Put the points around what writes; before the program is imported, which may take functions by their names."""
    io.open = _open
    builtins.open = _open
    for name in ("mkdir", "rename", "replace", "link", "symlink", "unlink", "remove", "rmdir", "truncate"):
        _around(name)
    for name in ("fsync", "fdatasync"):
        _around_sync(name)
    _around_requests()
    _around_commits()
