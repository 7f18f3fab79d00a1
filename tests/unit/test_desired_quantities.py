"""Durations, shares, sizes and days for all inputs: what the schema lets through can be read, exactly."""

import re
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.desired.quantities import HOURS, LONGEST, SIZES, day, duration, share, size
from reconciler.published_schemas import schema

PARTS: dict[str, Any] = schema("desired-state.v1.json")["definitions"]
AGE, SHARE, SIZE = (PARTS[name]["pattern"] for name in ("duration_or_none", "share", "size_or_none"))
MORE_AGE, MORE_SIZE = PARTS["duration"]["pattern"], PARTS["size"]["pattern"]
DAY = PARTS["rule"]["properties"]["until"]["pattern"]
NEAR_AGES = st.text(alphabet="0129hdwHD m.+-\n", max_size=8)
NEAR_SHARES = st.text(alphabet="0123.,% -+e\n", max_size=9)


@given(st.integers(0, 999_999), st.sampled_from(sorted(HOURS)))
def test_every_whole_number_of_hours_days_or_weeks_is_that_long(number: int, unit: str) -> None:
    span = number * timedelta(hours={"h": 1, "d": 24, "w": 24 * 7}[unit])
    if span <= timedelta(days=36_500):
        assert duration(f"{number}{unit}") == span
    else:
        with pytest.raises(ValueError, match="write at most 36500d, a hundred years"):
            duration(f"{number}{unit}")


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("6mo", "180d"),
        ("1 month", "30d"),
        ("2y", "730d"),
        ("3 days", "3d"),
        ("12hours", "12h"),
        ("5m", "36h, 30d or 2w"),
        ("30 d", "30d"),
        ("2W", "2w"),
    ],
)
def test_a_span_in_another_unit_is_told_in_ours(text: str, instead: str) -> None:
    with pytest.raises(ValueError, match=f"h, d or w, such as {instead}"):
        duration(text)


@pytest.mark.parametrize(("one", "other"), [("24h", "1d"), ("7d", "1w"), ("168h", "1w"), ("0d", "0"), ("007d", "7d")])
def test_the_same_time_in_other_units_is_equal(one: str, other: str) -> None:
    assert duration(one) == duration(other)


@given(st.one_of(NEAR_AGES, st.from_regex(AGE), st.text(max_size=10)))
@example("1d\n")
@example("0\n")
def test_the_schema_and_the_reader_agree_on_durations(text: str) -> None:
    if is_read(duration, text):
        assert matches(AGE, text)
        assert matches(MORE_AGE, text) == (duration(text) > timedelta(0))
    elif matches(AGE, text):
        assert int(text[:-1]) * HOURS[text[-1]] > LONGEST / timedelta(hours=1)


@given(st.one_of(NEAR_SHARES, st.from_regex(SHARE), st.text(max_size=10)))
@example("10%\n")
@example("10\N{NO-BREAK SPACE}%")
def test_no_share_is_read_that_the_schema_refuses(text: str) -> None:
    if is_read(share, text):
        assert matches(SHARE, text)
        assert 0 <= share(text) <= 1


@given(st.integers(0, 100), st.integers(0, 999_999))
def test_a_share_is_exactly_what_is_written(whole: int, millionths: int) -> None:
    if whole < 100 or millionths == 0:
        assert share(f"{whole}.{millionths:06d}%") == (Fraction(whole) + Fraction(millionths, 10**6)) / 100


@pytest.mark.parametrize("text", ["100.000001%", "101%", "999%", "100.1 %"])
def test_more_than_the_whole_is_no_share(text: str) -> None:
    with pytest.raises(ValueError, match="from 0% to 100%"):
        share(text)


@pytest.mark.parametrize("text", ["100.000000%", "100 %", "0.000000%", "000%"])
def test_the_edges_are_shares(text: str) -> None:
    assert share(text) in {0, 1}


NEAR_SIZES = st.text(alphabet="0129kKMGTiB .-\n", max_size=8)


@given(st.one_of(NEAR_SIZES, st.from_regex(SIZE), st.text(max_size=10)))
@example("1GB\n")
@example("200 GB")
def test_the_schema_and_the_reader_agree_on_sizes(text: str) -> None:
    assert is_read(size, text) == matches(SIZE, text)
    if is_read(size, text):
        assert matches(MORE_SIZE, text) == (size(text) > 0)


@given(st.integers(0, 10**15 - 1), st.sampled_from(sorted(SIZES)))
def test_a_size_is_exact(number: int, unit: str) -> None:
    powers = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
    powers |= {"KiB": 1024, "MiB": 1024**2, "GiB": 1024**3, "TiB": 1024**4}
    assert size(f"{number}{unit}") == size(f"{number} {unit}") == number * powers[unit]


@given(st.dates(min_value=date(1970, 1, 1), max_value=date(9998, 12, 31)))
def test_every_day_of_the_calendar_is_read(when: date) -> None:
    assert day(when.isoformat()) == when
    assert matches(DAY, when.isoformat())


@given(st.one_of(st.from_regex(DAY), st.text(alphabet="0123-/. \n", max_size=11), st.text(max_size=10)))
@example("2027-01-31\n")
@example("9999-12-31")
@example("0000-01-01")
def test_no_day_is_read_that_the_schema_refuses(text: str) -> None:
    if is_read(day, text):
        assert matches(DAY, text)
        assert day(text).isoformat() == text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2027-02-30", "that month ends on day 28; write 2027-02-28"),
        ("2028-02-30", "that month ends on day 29; write 2028-02-29"),
        ("2027-12-32", "that month ends on day 31; write 2027-12-31"),
        ("2027-04-00", "that month ends on day 30; write 2027-04-30"),
        ("2027-13-01", "there is no month 13"),
        ("31/01/2027", "such as 2027-01-31"),
        ("31.1.2027", "such as 2027-01-31"),
        ("2027/1/5", "such as 2027-01-05"),
        ("02/28/2029", "such as 2029-02-28"),
        ("13/13/2027", "such as 2027-01-31"),
        ("01/02/2027", "year-month-day, such as 2027-01-31"),  # of two readings, neither is taken
        ("1969-12-31", "a year from 1970 to 9998"),
        ("9999-12-31", "a year from 1970 to 9998"),
    ],
)
def test_what_is_no_day_is_told_with_one_to_write(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        day(text)


def is_read(read: Any, text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True


def matches(pattern: str, text: str) -> bool:
    # As the standard of schemas means it: `$` is the very end, where Python's stands before a last line end too.
    return re.search(pattern.replace("$", r"\Z"), text) is not None
