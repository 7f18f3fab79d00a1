"""When a day ends: in every zone, on every kind of night."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.desired.zones import end_of, zone, zone_names

DAYS = {
    "UTC": ("UTC", "2027-01-31", "2027-02-01T00:00:00+00:00"),
    "east": ("Asia/Tokyo", "2027-01-31", "2027-01-31T15:00:00+00:00"),
    "the night before summer time": ("Europe/Berlin", "2027-03-27", "2027-03-27T23:00:00+00:00"),
    "the day summer time begins": ("Europe/Berlin", "2027-03-28", "2027-03-28T22:00:00+00:00"),
    "the day summer time ends": ("Europe/Berlin", "2027-10-31", "2027-10-31T23:00:00+00:00"),
    "a midnight that does not exist": ("America/Santiago", "2024-09-07", "2024-09-08T04:00:00+00:00"),
    "a midnight that is there twice": ("America/Havana", "2024-11-02", "2024-11-03T04:00:00+00:00"),
    "a day that comes back after midnight": ("America/St_Johns", "2010-11-06", "2010-11-07T03:30:00+00:00"),
    "a day that ends an hour later": ("America/Santiago", "2024-04-06", "2024-04-07T04:00:00+00:00"),
    "a day that does not exist": ("Pacific/Apia", "2011-12-29", "2011-12-30T10:00:00+00:00"),
    "half hours": ("Asia/Kolkata", "2027-01-31", "2027-01-31T18:30:00+00:00"),
}


@pytest.mark.parametrize(("name", "day", "end"), DAYS.values(), ids=DAYS.keys())
def test_a_day_ends_at_the_first_instant_of_the_next(name: str, day: str, end: str) -> None:
    assert end_of(date.fromisoformat(day), zone(name)) == datetime.fromisoformat(end)


@example("America/Havana", date(2024, 11, 2))
@example("America/St_Johns", date(2010, 11, 6))
@example("America/Santiago", date(2024, 9, 7))
@given(st.sampled_from(sorted(zone_names())), st.dates(date(1990, 1, 1), date(2050, 1, 1)))
def test_before_its_end_it_is_that_day_and_from_then_on_never_again(name: str, day: date) -> None:
    end = end_of(day, zone(name))
    assert end.tzinfo is UTC
    local = [(end + timedelta(minutes=minutes)).astimezone(zone(name)).date() for minutes in (0, 1, 29, 61, 179)]
    assert all(each > day for each in local)
    assert (end - timedelta(seconds=1)).astimezone(zone(name)).date() <= day


def test_names_are_those_of_the_database_and_not_of_the_machine() -> None:
    assert {"UTC", "Europe/Berlin", "America/Argentina/Ushuaia"} <= zone_names()
    assert not {"localtime", "posixrules", "europe/berlin", "Factory", "../UTC"} & zone_names()
    assert isinstance(zone("Europe/Berlin"), ZoneInfo)
    assert zone("UTC") is UTC
