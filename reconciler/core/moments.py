"""Moments as people write them: RFC 3339 with a zone, or a date, which means the start of that day."""

import re
from datetime import UTC, datetime, tzinfo

FORM = "write a date such as 2027-01-31, or a time with its zone such as 2027-01-31T09:00:00Z"

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?([Zz]|[-+][0-9]{2}:[0-9]{2})"
)


def moment(text: str, zone: tzinfo) -> datetime:
    """Read a moment as UTC, to the second; a date is the first instant of that day in `zone`.

    Raises:
        ValueError: with what to write instead.
    """
    is_date = _DATE.fullmatch(text) is not None
    if not is_date and not _TIME.fullmatch(text):
        raise ValueError(FORM)
    try:
        read = datetime.fromisoformat(text.upper()).replace(microsecond=0)
    except ValueError:
        raise ValueError(f"there is no such day or time; {FORM}") from None
    if not 1970 <= read.year < 3000:  # beyond these, spans of the language leave what a calendar can name
        raise ValueError("write a time between 1970 and 2999")
    return (read.replace(tzinfo=zone) if is_date else read).astimezone(UTC)
