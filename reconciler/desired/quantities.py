"""Durations, shares, sizes and days as they are written in the file."""

import re
from datetime import date, timedelta
from fractions import Fraction

HOURS = {"h": 1, "d": 24, "w": 168}
LONGEST = timedelta(days=36_500)
SIZES = {
    **{"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12},
    **{"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40},
}
YEARS = (1970, 9998)
"""The years in which an `until` may lie; the day after the last one must still be a date."""

_DURATION = re.compile(r"([0-9]{1,7})([hdw])")
_OTHER_SPAN = re.compile(r"([0-9]{1,6}) ?([A-Za-z]{1,7})")
_SHARE = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,6}))? ?%")
_SIZE = re.compile(rf"([0-9]{{1,15}}) ?({'|'.join(SIZES)})")
_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_OTHER_DAY = re.compile(r"([0-9]{1,4})([-/. ])([0-9]{1,2})\2([0-9]{1,4})")


def duration(text: str) -> timedelta:
    """Read a span of elapsed time: `36h`, `30d`, `2w`, or `0`.  A day is 24 hours; a century is the longest.

    Raises:
        ValueError: with what to write instead.
    """
    if text == "0":
        return timedelta(0)
    read = _DURATION.fullmatch(text)
    if not read:
        raise ValueError(f"write a whole number and h, d or w, such as {_instead(text)} (or 0)")
    span = timedelta(hours=int(read[1]) * HOURS[read[2]])
    if span > LONGEST:
        raise ValueError(f"write at most {LONGEST.days}d, a hundred years")
    return span


def _instead(text: str) -> str:
    """Turn what looks like a span in another unit into one of ours."""
    read = _OTHER_SPAN.fullmatch(text)
    days = _DAYS.get(read[2].lower()) if read else None
    hours = _WORDS.get(read[2].lower()) if read else None
    if read and days:
        return f"{int(read[1]) * days}d"
    if read and hours:
        return f"{read[1]}{hours}"
    return "36h, 30d or 2w"


_DAYS = {"mo": 30, "month": 30, "months": 30, "q": 91, "y": 365, "yr": 365, "year": 365, "years": 365}
_WORDS = {
    **{"hour": "h", "hours": "h", "hr": "h", "hrs": "h", "day": "d", "days": "d", "week": "w", "weeks": "w"},
    **{"wk": "w", **{unit: unit for unit in HOURS}},
}


def share(text: str) -> Fraction:
    """Read a share such as `10%` or `2.5%`, exactly, as a part of one.

    Raises:
        ValueError: with what to write instead.
    """
    read = _SHARE.fullmatch(text)
    part = Fraction(f"{read[1]}.{read[2] or 0}") / 100 if read else None
    if part is None or part > 1:
        raise ValueError("write a percentage from 0% to 100%, such as 10% or 2.5%")
    return part


def size(text: str) -> int:
    """Read a size in bytes: `200GB` (powers of ten), `64GiB` (powers of two), or `0`.

    Raises:
        ValueError: with what to write instead.
    """
    if text == "0":
        return 0
    read = _SIZE.fullmatch(text)
    if not read:
        raise ValueError(
            "write a whole number and B, kB, MB, GB, TB (powers of ten), KiB, MiB, GiB or TiB (of two), such as 200GB"
        )
    return int(read[1]) * SIZES[read[2]]


def day(text: str) -> date:
    """Read a day of the calendar: `2027-01-31`.

    Raises:
        ValueError: with what to write instead.
    """
    read = _DAY.fullmatch(text)
    if not read:
        raise ValueError(f"write a date as year-month-day, such as {_in_order(text)}")
    year, month, number = int(read[1]), int(read[2]), int(read[3])
    if not YEARS[0] <= year <= YEARS[1]:
        raise ValueError(f"write a year from {YEARS[0]} to {YEARS[1]}")
    if not 1 <= month <= 12:
        raise ValueError(f"there is no month {month}; write a date as year-month-day, such as 2027-01-31")
    try:
        return date(year, month, number)
    except ValueError:
        first_of_next = date(year + month // 12, month % 12 + 1, 1)
        last = first_of_next - timedelta(days=1)
        raise ValueError(f"that month ends on day {last.day}; write {last} or another day of it") from None


def _in_order(text: str) -> str:
    """Turn a day that was surely meant into ours; a general example where it may be two."""
    read = _OTHER_DAY.fullmatch(text)
    if read and len(read[4]) == 4:
        least, most = sorted((int(read[1]), int(read[3])))
        if 0 < least <= 12 < most <= 31:  # else it may be the one or the other
            return f"{read[4]}-{least:02d}-{most:02d}"
    if read and len(read[1]) == 4:
        return f"{read[1]}-{int(read[3]):02d}-{int(read[4]):02d}"
    return "2027-01-31"
