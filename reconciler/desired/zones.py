"""Time zones by name, and when a day ends in one."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo


@cache
def zone_names() -> frozenset[str]:
    """Give the names of the IANA database.

    The list of the `tzdata` package is the one that counts: a machine's own may hold `localtime`, which means
    something else on each, and a file system that ignores case would take `europe/berlin`.
    """
    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()) - {"Factory"}


def zone(name: str) -> tzinfo:
    """Give a zone of `zone_names`."""
    return UTC if name == "UTC" else ZoneInfo(name)


def end_of(day: date, zone: tzinfo) -> datetime:
    """Give the first instant after a day in a zone, as UTC.

    Where clocks go back over midnight there are two; the later one counts, as nothing may lapse early.  Where they go
    forward over it, it does not exist, and the day ends when they do.
    """
    midnight = datetime.combine(day + timedelta(days=1), time(0), tzinfo=zone)
    return max(midnight.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
