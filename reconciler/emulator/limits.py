"""How many calls a second the account takes before it says 429.  In real time: it is there to slow real clients."""

import time
from dataclasses import dataclass


@dataclass
class Limit:
    """A bucket of a second's worth of calls, at least one."""

    tokens: float = 1.0
    at_s: float = 0.0

    def takes(self, per_second: float) -> bool:
        """Take a call, or say that it is one too many; 0 takes all."""
        if not per_second:
            return True
        now_s = time.monotonic()
        self.tokens = min(max(1.0, per_second), self.tokens + (now_s - self.at_s) * per_second)
        self.at_s = now_s
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True

    def wait_s(self, per_second: float) -> int:
        """Give whole seconds after which a call would be taken."""
        return max(1, round((1 - self.tokens) / per_second + 0.5))
