"""Durations and shares for all inputs: what the schema lets through can be read, exactly."""

import re
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.desired.quantities import HOURS, duration, share
from reconciler.published_schemas import schema

CLEAN: dict[str, Any] = schema("desired-state.v1.json")["properties"]["clean"]["properties"]
AGE, SHARE = CLEAN["min_age"]["pattern"], CLEAN["max_share"]["pattern"]
NEAR_AGES = st.text(alphabet="0129hdwHD m.+-\n", max_size=8)
NEAR_SHARES = st.text(alphabet="0123.,% -+e\n", max_size=9)


@given(st.integers(0, 999_999), st.sampled_from(sorted(HOURS)))
def test_every_whole_number_of_hours_days_or_weeks_is_that_long(number: int, unit: str) -> None:
    assert duration(f"{number}{unit}") == number * timedelta(hours={"h": 1, "d": 24, "w": 24 * 7}[unit])


@pytest.mark.parametrize(("one", "other"), [("24h", "1d"), ("7d", "1w"), ("168h", "1w"), ("0d", "0"), ("007d", "7d")])
def test_the_same_time_in_other_units_is_equal(one: str, other: str) -> None:
    assert duration(one) == duration(other)


@given(st.one_of(NEAR_AGES, st.from_regex(AGE), st.text(max_size=10)))
@example("1d\n")
@example("0\n")
def test_the_schema_and_the_reader_agree_on_durations(text: str) -> None:
    assert is_read(duration, text) == matches(AGE, text)


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


def is_read(read: Any, text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True


def matches(pattern: str, text: str) -> bool:
    # As the standard of schemas means it: `$` is the very end, where Python's stands before a last line end too.
    return re.search(pattern.replace("$", r"\Z"), text) is not None
