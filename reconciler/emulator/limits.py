"""How many calls a second the account takes before it says 429, and how fast files leave it.

In real time: they are there to slow real clients.
"""

import asyncio
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


BEHIND_S = 0.05
"""What a line that was not used may give at once: a sleep takes longer than it was asked to."""


@dataclass
class Line:
    """What all files leave by, one block after the other."""

    free_at_s: float = 0.0

    async def send(self, count: int, per_second: float) -> None:
        """Wait until so many bytes are on their way; 0 a second is no limit."""
        if not per_second:
            return
        now_s = time.monotonic()
        self.free_at_s = max(self.free_at_s, now_s - BEHIND_S) + count / per_second
        if self.free_at_s > now_s:
            await asyncio.sleep(self.free_at_s - now_s)
