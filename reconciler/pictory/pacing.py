"""How fast the service is called: one token bucket for all threads, whose rate gives way when the service asks for it.

The service states no rate limit (429 is possible, no number is given), so the rate is found: it halves when the
service is overloaded and grows again, little by little, as answers come (additive increase, multiplicative decrease).
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

FLOOR_PER_SECOND = 0.25
"""So that a clean waits for its place no longer than an apply keeps of its lease beside the call's own timeouts."""
FLOOR_SHARE, STEP_SHARE = 1 / 20, 1 / 20
"""Parts of the ceiling: below which the rate never falls, and by which it grows with each good answer."""
ONE_CAUSE_S = 1.0
"""Overloads within this time have one cause and slow the calls down once."""


@dataclass(frozen=True, slots=True)
class Pace:
    """What the pacing came to: calls sent, seconds they waited for their place, how often the service was overloaded,
    the lowest rate and the rate now, in calls a second."""

    calls: int
    waited_s: float
    overloads: int
    lowest: float
    rate: float


class Pacer:
    """Lets at most `per_second` calls through on average, and one second's worth at once."""

    def __init__(
        self,
        per_second: float,
        *,
        now: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._ceiling = per_second
        self._floor = min(per_second, max(FLOOR_PER_SECOND, per_second * FLOOR_SHARE))
        self._rate = self._lowest = per_second
        self._tokens = max(1.0, per_second)
        self._now = now
        self._pause = pause
        self._at = now()
        self._slowed_at: float | None = None
        self._calls = self._overloads = 0
        self._waited_s = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Wait for a place and take it."""
        with self._lock:
            self._refill()
            # Taken before the wait: a later caller queues behind this one instead of racing it.
            self._tokens -= 1
            owed = max(0.0, -self._tokens / self._rate)
            self._calls += 1
            self._waited_s += owed
        if owed > 0:
            self._pause(owed)

    def overloaded(self) -> None:
        """Halve the rate: the service said that there are too many calls, or failed."""
        with self._lock:
            self._refill()
            self._overloads += 1
            if self._slowed_at is not None and self._at - self._slowed_at < ONE_CAUSE_S:
                return
            self._slowed_at = self._at
            self._rate = max(self._floor, self._rate / 2)
            self._lowest = min(self._lowest, self._rate)
            # What was saved up at the higher rate is not spent at the lower one.
            self._tokens = min(self._tokens, 0.0)

    def answered(self) -> None:
        """Grow the rate by a step: the service answered as it should."""
        with self._lock:
            if self._rate < self._ceiling:
                self._refill()
                self._rate = min(self._ceiling, self._rate + self._ceiling * STEP_SHARE)

    def pace(self) -> Pace:
        """Tell what the pacing came to."""
        with self._lock:
            return Pace(self._calls, self._waited_s, self._overloads, self._lowest, self._rate)

    def _refill(self) -> None:
        """Add what came in since the last look, at the rate that held since then."""
        moment = self._now()
        self._tokens = min(max(1.0, self._rate), self._tokens + (moment - self._at) * self._rate)
        self._at = moment
