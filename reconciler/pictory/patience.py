"""How long one read is tried.  A wait that would outlive the patience is never begun; the first try always runs.

Between tries the wait grows, at random so that callers that failed together come back apart, or is as long as the
service asks (Retry-After).  Who asks for more than is left has answered: nobody sleeps for an end that is known.
"""

from collections.abc import Callable

import tenacity

from reconciler.errors import ServiceUnreachable
from reconciler.pictory.pacing import LONGEST_REST_S

LONGEST_BACK_OFF_S = 30.0

_BACK_OFF = tenacity.wait_random_exponential(multiplier=0.5, max=LONGEST_BACK_OFF_S)


class Again(Exception):
    """A try that may be repeated: what happened, and how long the service asked to wait."""

    def __init__(self, what: str, wait_s: float | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.wait_s = wait_s


class NoPlace(Again):
    """A try that was not made: its place among the calls of all would come too late."""


class Patience:
    """The patience of one read of `seconds`, counted from now; what tenacity asks before it goes on."""

    def __init__(self, seconds: float, now: Callable[[], float]) -> None:
        self._seconds = seconds
        self._now = now
        self._began = now()
        self._tries = 0
        self._trouble = Again("no answer")
        self._has_place = True

    @property
    def trouble(self) -> str:
        """What happened at the last try."""
        return self._trouble.what

    def place_s(self) -> float:
        """Give how long the next try may wait for its place among the calls of all; the first one may for ever."""
        return self._left() if self._tries else float("inf")

    def note(self, state: tenacity.RetryCallState) -> None:
        """Take in what became of a try."""
        trouble = _trouble(state)
        self._has_place = not isinstance(trouble, NoPlace)
        if self._has_place:
            self._tries += 1
            self._trouble = trouble

    def pause_s(self, state: tenacity.RetryCallState) -> float:
        """Give the wait before the next try, in seconds: as asked, else a back-off that ends with the patience."""
        asked = self._trouble.wait_s
        if asked is not None:
            return min(asked, LONGEST_REST_S)
        return min(float(_BACK_OFF(state)), max(0.0, self._left()))

    def is_over(self, _state: tenacity.RetryCallState) -> bool:
        """Tell whether no other try is to be made."""
        return not self._has_place or self._left() <= 0 or self._asks_too_much()

    def end(self) -> str:
        """Say how it ended."""
        spent = self._now() - self._began
        tried = f"no usable answer after {self._tries} tries in {spent:.0f} s ({self._trouble.what})"
        if self._asks_too_much():
            left = max(0.0, self._left())
            return f"{tried}; the service asks to wait {self._trouble.wait_s:.0f} s, {left:.0f} s of patience are left"
        return tried if self._has_place else f"{tried}; the calls of all leave no place for another one in time"

    def _asks_too_much(self) -> bool:
        return (self._trouble.wait_s or 0.0) > max(0.0, self._left())

    def _left(self) -> float:
        return self._seconds - (self._now() - self._began)


def not_sent(left_s: float) -> ServiceUnreachable:
    """Give the error of a call that was not sent, as the run is to stop."""
    return ServiceUnreachable(f"not sent: the run is to stop, and {left_s:.0f} s were left to wait for the call")


def _trouble(state: tenacity.RetryCallState) -> Again:
    error = state.outcome.exception() if state.outcome else None
    return error if isinstance(error, Again) else Again("no answer")
