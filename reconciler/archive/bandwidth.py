"""How fast downloads may be, all together: a rate, or a timetable of rates over the day."""

import datetime
import re
import threading
import time
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

from reconciler.errors import UsageRefused

TimeOfDay = datetime.time
Rate = float | None
"""Bytes a second; None is no limit."""

_RATE = re.compile(r"(?P<number>[0-9]{1,9}(\.[0-9]{1,3})?)(?P<unit>[kMG]?)")
_UNITS = {"": 1024, "k": 1024, "M": 1024**2, "G": 1024**3}
_ENTRY = re.compile(r"(?P<hour>[01]?[0-9]|2[0-3]):(?P<minute>[0-5][0-9]),(?P<rate>\S+)")
_FORM = "Write a rate such as 2M (MiB a second; k, M, G), off, or a timetable such as '08:00,2M 22:00,off'"


@dataclass(frozen=True, slots=True)
class Timetable:
    """Rates by the time of day at which each begins, in order; the last one of a day goes on into the next."""

    begins: tuple[TimeOfDay, ...]
    rates: tuple[Rate, ...]

    def rate_at(self, moment: TimeOfDay) -> Rate:
        """Give the rate at a time of day."""
        return self.rates[bisect_right(self.begins, moment) - 1]


def divided(limits: Timetable, shares: int) -> Timetable:
    """Give an equal part of the rates to each of so many."""
    if limits.rates == UNLIMITED.rates:
        return UNLIMITED
    return Timetable(limits.begins, tuple(None if rate is None else rate / shares for rate in limits.rates))


UNLIMITED = Timetable((TimeOfDay(0),), (None,))


def timetable(text: str) -> Timetable:
    """Read the value of --bwlimit: `2M`, `off`, or `08:00,2M 22:00,off`.

    Raises:
        UsageRefused: it is something else.
    """
    words = text.split()
    if len(words) == 1 and "," not in text:
        return Timetable((TimeOfDay(0),), (_rate(words[0], text),))
    entries: dict[TimeOfDay, Rate] = {}
    for word in words:
        read = _ENTRY.fullmatch(word)
        if read is None:
            raise UsageRefused(f"--bwlimit {text!r}: {word!r} is no entry of a timetable", hint=_FORM)
        begins = TimeOfDay(int(read["hour"]), int(read["minute"]))
        if begins in entries:
            raise UsageRefused(f"--bwlimit {text!r}: {begins:%H:%M} stands twice", hint=_FORM)
        entries[begins] = _rate(read["rate"], text)
    if not entries:
        raise UsageRefused("--bwlimit is empty", hint=_FORM)
    ordered = sorted(entries.items())
    return Timetable(tuple(begins for begins, _ in ordered), tuple(rate for _, rate in ordered))


def _rate(word: str, text: str) -> Rate:
    if word == "off":
        return None
    read = _RATE.fullmatch(word)
    rate = float(read["number"]) * _UNITS[read["unit"]] if read else 0.0
    if not rate:
        raise UsageRefused(f"--bwlimit {text!r}: {word!r} is no rate", hint=_FORM)
    return rate


class Bandwidth:
    """One bucket for all downloads of a run: bytes flow into it at the rate of the hour, a second's worth at most.

    `time_of_day` gives the time that the timetable is in.
    """

    def __init__(
        self,
        limits: Timetable = UNLIMITED,
        *,
        time_of_day: Callable[[], TimeOfDay] = lambda: TimeOfDay(0),
        monotonic: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._limits = limits
        self._time_of_day = time_of_day
        self._monotonic = monotonic
        self._pause = pause
        self._lock = threading.Lock()
        self._left = 0.0
        self._filled_at = monotonic()

    def take(self, count: int) -> None:
        """Wait until `count` more bytes may have been read."""
        if self._limits == UNLIMITED:
            return
        with self._lock:  # whoever waits keeps the others waiting too: the rate is for all of them together
            rate = self._limits.rate_at(self._time_of_day())
            now = self._monotonic()
            if rate is None:
                self._left = 0.0
            else:
                self._left = min(rate, self._left + (now - self._filled_at) * rate) - count
                if self._left < 0:
                    self._pause(-self._left / rate)
            self._filled_at = now
