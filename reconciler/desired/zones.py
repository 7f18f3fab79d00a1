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
    """Give the first instant from which on it is a later day in a zone, as UTC.

    Midnight may be there twice, and is the end of the day only where the day does not come back in between; or not at
    all, and the day ends when the clocks go forward.
    """
    midnight = datetime.combine(day + timedelta(days=1), time(0), tzinfo=zone)
    candidates = sorted({midnight.replace(fold=fold).astimezone(UTC) for fold in (0, 1)})
    ends = [each for each in candidates if _date(each - timedelta(seconds=1), zone) <= day < _date(each, zone)]
    return ends[-1] if ends else candidates[-1]


def _date(moment: datetime, zone: tzinfo) -> date:
    return moment.astimezone(zone).date()
