"""Durations and shares as they are written in the file."""

import re
from datetime import timedelta
from fractions import Fraction

HOURS = {"h": 1, "d": 24, "w": 168}

_DURATION = re.compile(r"([0-9]{1,6})([hdw])")
_SHARE = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,6}))? ?%")


def duration(text: str) -> timedelta:
    """Read a span of elapsed time: `36h`, `30d`, `2w`, or `0`.  A day is 24 hours.

    Raises:
        ValueError: with what to write instead.
    """
    if text == "0":
        return timedelta(0)
    read = _DURATION.fullmatch(text)
    if not read:
        raise ValueError("write a whole number and h, d or w, such as 36h, 30d or 2w (or 0)")
    return timedelta(hours=int(read[1]) * HOURS[read[2]])


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
