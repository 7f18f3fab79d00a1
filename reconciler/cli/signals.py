"""Stopping on request: the first signal lets the jobs in hand finish, the second stops at once.

Where no job is in hand, as while the list is read, the first one ends the wait or the call that it comes into.

A run that was stopped either way is carried on by the next one.  A terminal that hangs up asks to stop as well: who
closed it may have meant that, and nothing is lost by it.  Whoever wants a run to outlive its terminal says so (nohup).
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from reconciler.cli.output import talk_past_buffers
from reconciler.errors import Interrupted, StoppedWhileIdle

SIGNALS = (signal.SIGINT, signal.SIGTERM)
HANGUP: signal.Signals | None = getattr(signal, "SIGHUP", None)  # unknown to Windows


class StopOnSignal:
    """Remembers the first signal; raises Interrupted on the second, and on the first where nothing is in hand."""

    def __init__(self) -> None:
        self._first = 0
        self._is_idle = False

    def requested(self) -> int:
        """Give the number of the signal that asked to stop, 0 if none did."""
        return self._first

    @contextmanager
    def while_idle(self) -> Iterator[None]:
        """End this block with StoppedWhileIdle as soon as a signal asks to stop."""
        try:
            self._is_idle = True
            if self._first:
                raise _while_idle(self._first)
            yield
        finally:
            self._is_idle = False

    def note(self, number: int, _frame: FrameType | None) -> None:
        """Take a signal."""
        if self._first and number == HANGUP:
            return  # it comes from the terminal and from the shell: nobody asked twice
        if self._first:
            raise Interrupted("stopped at once; the next apply settles what was left open", signal_number=number)
        self._first = number
        if self._is_idle:
            raise _while_idle(number)
        talk_past_buffers("Stopping after the jobs in hand; once more to stop now.")


def _while_idle(number: int) -> StoppedWhileIdle:
    return StoppedWhileIdle(f"stopped by signal {number} before any job was begun", signal_number=number)


@contextmanager
def stop_on_signals() -> Iterator[StopOnSignal]:
    """Listen for SIGINT, SIGTERM and SIGHUP while a run writes; put back what was there before."""
    stop = StopOnSignal()
    before = {number: signal.signal(number, stop.note) for number in SIGNALS}
    if HANGUP is not None and signal.getsignal(HANGUP) is not signal.SIG_IGN:
        before[HANGUP] = signal.signal(HANGUP, stop.note)
    try:
        yield stop
    finally:
        for number, listener in before.items():
            signal.signal(number, listener)
