"""Every request that came, in order: what tests and curious users look at afterwards."""

import time
from collections import deque
from dataclasses import asdict, dataclass, field

MOST = 200_000
"""Requests that are kept; older ones are forgotten."""


@dataclass
class Request:
    """One request.

    `key_sent` says that an Authorization header came with it, `asked_range` is its Range, `word` what a script made of
    it, `phase` what the control port had said is going on.  It came, took effect (writes alone) and ended at seconds
    since the start; None where it has not.  `status` is 0 until it was answered, and stays 0 when the connection was
    dropped instead.
    """

    sequence: int
    phase: str
    port: str
    route: str
    method: str
    path: str
    key_sent: bool
    asked_range: str
    came_s: float
    took_effect_s: float | None = None
    ended_s: float | None = None
    word: str = "ok"
    status: int = 0


@dataclass
class RequestsLog:
    """The log of all ports, with one numbering."""

    requests: deque[Request] = field(default_factory=lambda: deque(maxlen=MOST))
    count: int = 0
    phase: str = ""
    began_s: float = field(default_factory=time.monotonic)

    def add(self, *, port: str, route: str, method: str, path: str, key_sent: bool, asked_range: str) -> Request:
        """Note a request as it comes."""
        self.count += 1
        request = Request(
            sequence=self.count,
            phase=self.phase,
            port=port,
            route=route,
            method=method,
            path=path,
            key_sent=key_sent,
            asked_range=asked_range,
            came_s=self.now_s(),
        )
        self.requests.append(request)
        return request

    def now_s(self) -> float:
        """Tell the seconds since the start."""
        return round(time.monotonic() - self.began_s, 6)

    def clear(self) -> None:
        """Forget what came; the numbering goes on."""
        self.requests.clear()

    def as_json(self) -> list[dict[str, object]]:
        """Give the log in JSON form."""
        return [asdict(request) for request in self.requests]
