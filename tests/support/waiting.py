"""Waiting for something outside this process to become true."""

import time
from collections.abc import Callable


def until(condition: Callable[[], object], what: str, *, at_most_s: float = 60.0) -> None:
    """Look again and again; fail loudly when it does not come true in time."""
    deadline = time.monotonic() + at_most_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {at_most_s:.0f} s in vain: {what}"
        time.sleep(0.02)
