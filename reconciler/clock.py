"""The one adapter that reads the machine's clock."""

from datetime import UTC, datetime


class SystemClock:
    """The machine's wall clock, to the second as all our files keep time."""

    def now(self) -> datetime:
        """Give the current time, UTC, whole seconds."""
        return datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - the Clock adapter itself
