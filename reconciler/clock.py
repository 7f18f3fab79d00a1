"""The one adapter that reads the machine's clock, and the waits of jobs in hand, which somebody may end."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

STILL_WAITED_FOR_S = 5.0
"""What is left of a wait is waited for though somebody asked to stop, so that jobs in hand are finished; not more."""
LOOKS_EVERY_S = 0.1
"""How often a wait looks whether it is to end: a signal comes to one thread, and the waits are in many."""


class SystemClock:
    """The machine's wall clock, to the second as all our files keep time."""

    def now(self) -> datetime:
        """Give the current time, UTC, whole seconds."""
        return datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - the Clock adapter itself


def pause_unless(stopping: Callable[[], int], instead: Callable[[float], Exception]) -> Callable[[float], None]:
    """Give what waits so many seconds, and gives up a long wait once somebody asked to stop (`stopping` is not 0).

    That raises what `instead` gives for the seconds that were left.
    """

    def pause(seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if left > STILL_WAITED_FOR_S and stopping():
                raise instead(left)
            time.sleep(min(left, LOOKS_EVERY_S))

    return pause
