"""How fast the service is called: one token bucket for all threads, whose rate gives way when the service asks for it.

The service states no rate limit (429 is possible, no number is given), so the rate is found: it halves when the
service is overloaded and grows again, little by little, as answers come (additive increase, multiplicative decrease).
A time that the service asks to be left alone for is kept by every thread, whichever of them was told.
"""

import threading
import time
from collections.abc import Callable
from math import inf

from reconciler.engine.outcome import Pace
from reconciler.engine.talk import Say, silent

FLOOR_PER_SECOND = 0.25
"""So that a clean waits for its place no longer than an apply keeps of its lease beside the call's own timeouts."""
FLOOR_SHARE, STEP_SHARE = 1 / 20, 1 / 20
"""Parts of the ceiling: below which the rate never falls, and by which it grows with each good answer."""
ONE_CAUSE_S = 1.0
"""Overloads within this time have one cause and slow the calls down once."""
LONGEST_REST_S = 60.0
"""The longest time that the calls of all rest for one answer, whatever it asked for."""


def _not_told(_seconds: float) -> None:
    """Tell nobody."""


class Pacer:
    """Lets at most `per_second` calls through on average, and one second's worth at once.

    `say` is told each change of the rate and each rest.
    """

    def __init__(
        self,
        per_second: float,
        *,
        now: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
        say: Say = silent,
    ) -> None:
        self._ceiling = per_second
        self._floor = min(per_second, max(FLOOR_PER_SECOND, per_second * FLOOR_SHARE))
        self._rate = self._lowest = per_second
        self._tokens = max(1.0, per_second)
        self._now = now
        self._pause = pause
        self._say = say
        self._at = now()
        self._rested_s = 0.0
        self._slowed_at: float | None = None
        self._calls = self._overloads = 0
        self._waited_s = 0.0
        self._lock = threading.Lock()

    def wait(self, *, at_most_s: float = inf, told: Callable[[float], None] = _not_told) -> bool:
        """Wait for a place and take it; False, and no wait is begun, where it would take longer than `at_most_s`.

        A rest that is asked for meanwhile (`rest`) makes the wait longer by as much.  `told` is called before each
        part of the wait with its seconds.
        """
        with self._lock:
            moment = self._refill()
            # Taken before the wait: a later caller queues behind this one instead of racing it.
            left = self._tokens - 1
            owed = max(0.0, self._at - moment) + max(0.0, -left / self._rate)
            if owed > at_most_s:
                return False
            self._tokens = left
            rested_s = self._rested_s
        while 0 < owed <= at_most_s:
            told(owed)
            self._pause(owed)
            with self._lock:
                self._waited_s += owed
                at_most_s -= owed
                owed, rested_s = self._rested_s - rested_s, self._rested_s
        with self._lock:
            # A place that is given up is left empty: whoever queues behind it has the next ones already.
            self._calls += owed <= 0
        return owed <= 0

    def rest(self, seconds: float) -> None:
        """Let no call of any thread leave for `seconds` from now, or LONGEST_REST_S if that is less."""
        bounded = min(seconds, LONGEST_REST_S)
        with self._lock:
            moment = self._refill()
            more = moment + bounded - max(self._at, moment)
            if more > 0:
                # The bucket stands still, so whoever waits leaves that much later and as far apart as before; where
                # nobody waits, the first call after the rest has its place already.
                if self._tokens >= 0:
                    self._tokens = min(max(1.0, self._tokens), self._tokens + more * self._rate)
                self._at = max(self._at, moment) + more
                self._rested_s += more
        if more > 0:
            self._say(f"no call leaves for {bounded:.1f} s: the service asks to wait {seconds:.0f} s")

    def waited(self, seconds: float) -> None:
        """Count a wait that a caller made by itself."""
        with self._lock:
            self._waited_s += seconds

    def overloaded(self, *, rest_s: float | None = None) -> None:
        """Halve the rate: the service said that there are too many calls, or failed; and rest as long as it asked."""
        with self._lock:
            moment = self._refill()
            self._overloads += 1
            before = self._rate
            if self._slowed_at is None or moment - self._slowed_at >= ONE_CAUSE_S:
                self._slowed_at = moment
                self._rate = max(self._floor, self._rate / 2)
                self._lowest = min(self._lowest, self._rate)
                # What was saved up at the higher rate is not spent at the lower one.
                self._tokens = min(self._tokens, 0.0)
            after = self._rate
        self._say_rate(before, after, "the service is overloaded")
        if rest_s is not None:
            self.rest(rest_s)

    def answered(self) -> None:
        """Grow the rate by a step: the service answered as it should."""
        with self._lock:
            before = self._rate
            if self._rate < self._ceiling:
                self._refill()
                self._rate = min(self._ceiling, self._rate + self._ceiling * STEP_SHARE)
            after = self._rate
        self._say_rate(before, after, "the service answers")

    def pace(self) -> Pace:
        """Tell what the pacing came to."""
        with self._lock:
            return Pace(
                calls=self._calls,
                waited_s=self._waited_s,
                overloads=self._overloads,
                lowest=self._lowest,
                rate=self._rate,
            )

    def _say_rate(self, before: float, after: float, why: str) -> None:
        # Outside the lock: whoever listens may be slow, and nobody else should wait for that.
        if before != after:
            self._say(f"from {round(before, 2):g} to {round(after, 2):g} calls a second: {why}")

    def _refill(self) -> float:
        """Add what came in since the last look, at the rate of since then, nothing during a rest; give now."""
        moment = self._now()
        if moment > self._at:
            self._tokens = min(max(1.0, self._rate), self._tokens + (moment - self._at) * self._rate)
            self._at = moment
        return moment
