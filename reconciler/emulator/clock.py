"""The emulator's clock: the real time plus what was added, or standing still.  Milliseconds since 1970, UTC."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass
class Clock:
    """A clock that the control port can move on, set and stop."""

    ahead_ms: int = 0
    stands_at_ms: int | None = None
    real_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000

    def now_ms(self) -> int:
        """Tell the emulator's time."""
        return self.real_ms() + self.ahead_ms if self.stands_at_ms is None else self.stands_at_ms

    def advance(self, by_ms: int) -> None:
        """Move on; back is possible too, as for a clock that is set."""
        if self.stands_at_ms is None:
            self.ahead_ms += by_ms
        else:
            self.stands_at_ms += by_ms

    def set(self, at_ms: int) -> None:
        """Say what time it is; a clock that stands goes on standing."""
        self.advance(at_ms - self.now_ms())

    def stop(self) -> None:
        """Let it stand."""
        self.stands_at_ms = self.now_ms()

    def go(self) -> None:
        """Let it run on from where it stands."""
        if self.stands_at_ms is not None:
            self.ahead_ms, self.stands_at_ms = self.stands_at_ms - self.real_ms(), None


def utc_text(at_ms: int) -> str:
    """Write a time as the service does: `2026-03-01T09:15:00.000Z`."""
    second, rest = divmod(at_ms, 1000)
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"


def utc_ms(text: str) -> int:
    """Read what `utc_text` writes, and other ISO times with a zone.

    Raises:
        ValueError: it is no such time.
    """
    read = datetime.fromisoformat(text)
    if read.tzinfo is None:
        raise ValueError(f"{text} has no zone")
    return round(read.timestamp() * 1000)


def stamp(at_ms: int) -> str:
    """Write a time as it stands at the head of project and share ids: yyyyMMddHHmmssSSS, UTC."""
    second, rest = divmod(at_ms, 1000)
    return f"{datetime.fromtimestamp(second, UTC):%Y%m%d%H%M%S}{rest:03d}"
