"""A signal may come at any instant, also in the middle of a line that is being written."""

import io
import os
import signal
import sys

import pytest

from reconciler.cli.output import talk
from reconciler.cli.signals import stop_on_signals
from reconciler.errors import Interrupted


class InterruptedWrite(io.RawIOBase):
    """The end of a pipe; a signal comes while the first bytes are written."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.is_first = True

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self.descriptor

    def write(self, content: object) -> int:
        if self.is_first:
            self.is_first = False
            os.kill(os.getpid(), signal.SIGTERM)
        assert isinstance(content, memoryview)
        return os.write(self.descriptor, content)


def test_a_signal_in_the_middle_of_a_line_does_not_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:  # I8
    reading, writing = os.pipe()
    with monkeypatch.context() as patched, stop_on_signals() as stop:
        patched.setattr(sys, "stderr", io.TextIOWrapper(io.BufferedWriter(InterruptedWrite(writing))))
        talk("the first job is done")
        sys.stderr.flush()
    os.close(writing)
    with os.fdopen(reading) as told:
        assert sorted(told.read().splitlines()) == [
            "Stopping after the jobs in hand; once more to stop now.",
            "the first job is done",
        ]
    assert stop.requested() == signal.SIGTERM


def test_a_signal_is_noted_when_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with monkeypatch.context() as patched, stop_on_signals() as stop:
        patched.setattr(sys, "stderr", io.TextIOWrapper(io.FileIO(writing, "w", closefd=False)))
        os.kill(os.getpid(), signal.SIGINT)
    os.close(writing)
    assert stop.requested() == signal.SIGINT


def test_the_second_signal_stops_at_once_and_the_old_listeners_come_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with stop_on_signals() as stop:
        stop.note(signal.SIGTERM, None)
        with pytest.raises(Interrupted) as raised:
            stop.note(signal.SIGTERM, None)
    assert raised.value.signal_number == signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is before
