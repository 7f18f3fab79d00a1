"""Stopping on request: the first signal lets the jobs in hand finish, the second stops at once.

A run that was stopped either way is carried on by the next one.  A terminal that hangs up asks to stop as well: who
closed it may have meant that, and nothing is lost by it.  Whoever wants a run to outlive its terminal says so (nohup).
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from reconciler.cli.output import talk_past_buffers
from reconciler.errors import Interrupted

SIGNALS = (signal.SIGINT, signal.SIGTERM)
HANGUP: signal.Signals | None = getattr(signal, "SIGHUP", None)  # unknown to Windows


class StopOnSignal:
    """Remembers the first signal; raises Interrupted on the second."""

    def __init__(self) -> None:
        self._first = 0

    def requested(self) -> int:
        """Give the number of the signal that asked to stop, 0 if none did."""
        return self._first

    def note(self, number: int, _frame: FrameType | None) -> None:
        """Take a signal."""
        if self._first and number == HANGUP:
            return  # it comes from the terminal and from the shell: nobody asked twice
        if self._first:
            raise Interrupted("stopped at once; the next apply settles what was left open", signal_number=number)
        self._first = number
        talk_past_buffers("Stopping after the jobs in hand; once more to stop now.")


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
