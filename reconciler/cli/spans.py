"""Spans of time on the command line: a whole number and one letter."""

from collections.abc import Callable
from datetime import timedelta

import click

UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
Read = Callable[[click.Context, click.Parameter, str], timedelta | None]


def span_in(units: str, *, such_as: str, may_be_off: bool = False, at_least: timedelta = timedelta(seconds=1)) -> Read:
    """Give what reads a flag's span in one of these units; None for `off`, where that is allowed."""
    named = f"{', '.join(units[:-1])} or {units[-1]}"

    def read(_ctx: click.Context, _param: click.Parameter, text: str) -> timedelta | None:
        if may_be_off and text == "off":
            return None
        count, unit = text[:-1], text[-1:]
        least = 1 if at_least else 0  # no time at all is no span, unless it may be waited for
        is_count = count.isascii() and count.isdigit() and len(count) <= 6 and least <= int(count) <= 100_000
        if not is_count or unit not in UNITS or unit not in units:
            raise click.BadParameter(f"{text!r} is not a span; write a whole number and {named}, such as {such_as}")
        span = int(count) * UNITS[unit]
        if span < at_least:
            raise click.BadParameter(f"{text} is too short; write {at_least.total_seconds():.0f}s or more")
        return span

    return read
