"""Progress of copies: a live display on a terminal, a line every so often elsewhere.  Always on stderr.

Both are told by several threads: the one that cleans, and those that copy.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import IO, TYPE_CHECKING, cast

from reconciler.cli.output import PlainProgress

if TYPE_CHECKING:
    from rich.progress import Progress as Display
    from rich.progress import TaskID

    from reconciler.report.progress_text import Progressed

EVERY_S = 15.0
"""Between two lines about how far the copies have come, where there is no terminal."""
LONGEST_NAME = 40
"""Of a file, in characters: one long name must not push everybody's numbers out of sight."""


class CopyProgress(PlainProgress):
    """Implements engine.ports.CopyProgress by plain lines."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._monotonic = monotonic
        self._counting = threading.Lock()
        self._jobs = self._ended = self._came = self._there = 0
        self._size: int | None = None
        self._began_at = self._told_at = monotonic()

    def expect(self, jobs: int, size: int | None) -> None:
        """Begin: so many jobs, of so many bytes all together."""
        with self._counting:
            self._jobs, self._size = jobs, size
            self._began_at = self._told_at = self._monotonic()

    def ended(self) -> None:
        """One more job has come to its end."""
        with self._counting:
            self._ended += 1

    @contextmanager
    def coming(self, name: str, size: int | None, there: int) -> Iterator[Callable[[int], None]]:
        """Count a file's bytes while it comes."""
        del name, size  # a line is about all files
        with self._counting:
            self._there += there
        yield self._count

    def _count(self, count: int) -> None:
        from reconciler.report.progress_text import progress_line

        with self._counting:
            self._came += count
            now = self._monotonic()
            if now - self._told_at < EVERY_S:
                return
            self._told_at = now
            far = self._far(now)
        self.say(progress_line(far))

    def _far(self, now: float) -> "Progressed":
        from reconciler.report.progress_text import Progressed

        return Progressed(
            jobs=self._jobs,
            ended=self._ended,
            size=self._size,
            came=self._came,
            there=self._there,
            seconds=now - self._began_at,
        )


class LiveProgress(PlainProgress):
    """Implements engine.ports.CopyProgress by a display that stays at the foot of a terminal."""

    def __init__(self, display: "Display") -> None:
        super().__init__()
        self._display = display
        self._all: TaskID | None = None
        self._jobs = self._done = self._came = 0
        self._is_guessed = False

    def say(self, line: str) -> None:
        """Tell one line, above the display."""
        from rich.text import Text

        from reconciler.report.untrusted import harmless

        with self._telling:
            self._display.console.print(Text(harmless(line)))

    def expect(self, jobs: int, size: int | None) -> None:
        """Begin to show how far all jobs have come."""
        self._jobs, self._is_guessed = jobs, size is None
        self._all = self._display.add_task(self._of_all(), total=size)
        self._display.start()

    def ended(self) -> None:
        """One more job has come to its end."""
        self._done += 1
        if self._all is None:
            return
        self._display.update(self._all, description=self._of_all())
        if self._is_guessed:  # as if the others were as large as those that came
            self._display.update(self._all, total=self._came * self._jobs // self._done)

    def _of_all(self) -> str:
        guessed = ", size guessed" if self._is_guessed else ""
        return f"{self._done} of {self._jobs} job{'' if self._jobs == 1 else 's'}{guessed}"

    @contextmanager
    def coming(self, name: str, size: int | None, there: int) -> Iterator[Callable[[int], None]]:
        """Show a file while it comes."""
        from rich.markup import escape

        from reconciler.report.untrusted import harmless

        told = escape(harmless(name, longest=LONGEST_NAME))
        task = self._display.add_task(told, total=size, completed=there)

        def count(came: int) -> None:
            self._display.advance(task, came)
            self._count(came)

        self._count(there)
        try:
            yield count
        finally:
            self._display.remove_task(task)

    def _count(self, came: int) -> None:
        with self._telling:
            self._came += came
        if self._all is not None:
            self._display.advance(self._all, came)


@contextmanager
def copy_progress(*, no_color: bool) -> Iterator[CopyProgress | LiveProgress]:
    """Give what tells of copies, in the way that stderr is fit for."""
    display = _display(no_color=no_color) if _is_screen() else None
    with nullcontext() if display is None else _stopping(display):
        yield CopyProgress() if display is None else LiveProgress(display)


def _is_screen() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"


@contextmanager
def _stopping(display: "Display") -> Iterator[None]:
    try:
        yield
    finally:
        display.stop()


class _Screen:
    """Stderr without its errors: what cannot be shown (nobody is there any more, it takes no more now) is lost.

    They would come up wherever the display is told something: in a copy, as if its store had failed.
    """

    @property
    def encoding(self) -> str:
        """Of stderr."""
        return sys.stderr.encoding

    def isatty(self) -> bool:
        """Tell whether it is still a terminal."""
        return sys.stderr.isatty()

    def fileno(self) -> int:
        """Of stderr."""
        return sys.stderr.fileno()

    def write(self, text: str) -> int:
        """Show a text, as far as that can be done."""
        with suppress(OSError):
            sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        """Show what is waiting, as far as that can be done."""
        with suppress(OSError):
            sys.stderr.flush()


def _display(*, no_color: bool) -> "Display":
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(compact=True),
        console=Console(file=cast("IO[str]", _Screen()), no_color=no_color or None, highlight=False),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
