"""How fast the service is called: one token bucket for all threads."""

import threading
import time
from collections.abc import Callable


class Pacer:
    """Lets `per_second` calls through on average, and one second's worth at once.

    The service states no rate limit (reference: 429 is possible, no number is given), so the default is low.
    """

    def __init__(
        self,
        per_second: float,
        *,
        now: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._per_second = per_second
        self._burst = max(1.0, per_second)
        self._tokens = self._burst
        self._now = now
        self._pause = pause
        self._at = now()
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Wait for a place and take it."""
        with self._lock:
            moment = self._now()
            self._tokens = min(self._burst, self._tokens + (moment - self._at) * self._per_second)
            self._at = moment
            # Taken before the wait: a later caller queues behind this one instead of racing it.
            self._tokens -= 1
            owed = -self._tokens / self._per_second
        if owed > 0:
            self._pause(owed)
