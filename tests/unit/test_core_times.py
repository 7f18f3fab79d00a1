"""When a job was made is an interval, and each question about it has a third answer (I4, I14)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from reconciler.core.desired import Source
from reconciler.core.selectors import Match
from reconciler.core.times import (
    Bound,
    Made,
    Period,
    first_out_of_order,
    is_within,
    least_age,
    made_within,
    ordered_within,
    period_of,
)
from tests.support.values import DAY, NOON

SECOND = timedelta(seconds=1)
EARLY, LATE = NOON - 9 * DAY, NOON - 5 * DAY
LEDGER, IMPORTED, SHARED, LISTED = Source.LEDGER, Source.IMPORTED, Source.SHARE_LINK, Source.LIST_ORDER


TOGETHER: dict[str, tuple[list[Bound], Made]] = {
    "no evidence": ([], Made()),
    "evidence without bounds": ([Bound(LEDGER, None, None)], Made()),
    "a start alone": ([Bound(LEDGER, EARLY, None)], Made(EARLY, None)),
    "an end alone": ([Bound(LEDGER, None, LATE)], Made(None, LATE)),
    "the later start and the earlier end": (
        [Bound(LEDGER, EARLY, NOON), Bound(SHARED, None, LATE), Bound(LISTED, EARLY + DAY, LATE + DAY)],
        Made(EARLY + DAY, LATE),
    ),
    "the narrower first": (
        [Bound(LISTED, EARLY + DAY, LATE), Bound(LEDGER, EARLY, LATE + DAY)],
        Made(EARLY + DAY, LATE),
    ),
    "one moment": ([Bound(LEDGER, EARLY, NOON), Bound(IMPORTED, LATE, LATE)], Made(LATE, LATE)),
    "bounds that meet": ([Bound(LEDGER, LATE, None), Bound(SHARED, None, LATE)], Made(LATE, LATE)),
    "now": ([Bound(IMPORTED, NOON, NOON)], Made(NOON, NOON)),
    "bounds that exclude each other": (
        [Bound(LEDGER, LATE, NOON), Bound(IMPORTED, EARLY, EARLY)],
        Made(
            contradiction="ledger says that it was made at 2026-02-24T12:00:00Z or later, "
            "imported says at 2026-02-20T12:00:00Z or earlier"
        ),
    ),
    "the narrowest bounds are named": (
        [Bound(IMPORTED, EARLY, NOON), Bound(SHARED, LATE, None), Bound(LISTED, None, LATE - SECOND)],
        Made(
            contradiction="share_link says that it was made at 2026-02-24T12:00:00Z or later, "
            "list_order says at 2026-02-24T11:59:59Z or earlier"
        ),
    ),
    "an end to come": (
        [Bound(LEDGER, EARLY, LATE), Bound(SHARED, None, NOON + SECOND)],
        Made(contradiction="share_link tells the time 2026-03-01T12:00:01Z, which is yet to come"),
    ),
    "a start to come": (
        [Bound(IMPORTED, NOON + DAY, None)],
        Made(contradiction="imported tells the time 2026-03-02T12:00:00Z, which is yet to come"),
    ),
    "a first sighting to come": (
        [Bound(LEDGER, EARLY, NOON + SECOND), Bound(SHARED, None, LATE)],
        Made(contradiction="first seen in the future: the clock was set back, or the ledger is wrong"),
    ),
}


@pytest.mark.parametrize(("bounds", "made"), TOGETHER.values(), ids=TOGETHER.keys())
def test_bounds_narrow_each_other_or_contradict(bounds: list[Bound], made: Made) -> None:  # I4, I14
    assert made_within(bounds, NOON) == made


ORDERED: dict[str, tuple[list[Made], list[tuple[datetime | None, datetime | None]]]] = {
    "no job": ([], []),
    "nobody knows": ([Made(), Made()], [(None, None), (None, None)]),
    "none was made after one above it": (
        [Made(), Made(None, LATE), Made(None, NOON), Made()],
        [(None, None), (None, LATE), (None, LATE), (None, LATE)],
    ),
    "the earliest end above counts": (
        [Made(None, NOON), Made(None, LATE), Made()],
        [(None, NOON), (None, LATE), (None, LATE)],
    ),
    "none was made before one below it": (
        [Made(), Made(EARLY, None), Made(LATE, None), Made()],
        [(LATE, None), (LATE, None), (LATE, None), (None, None)],
    ),
    "the latest start below counts": (
        [Made(), Made(LATE, None), Made(EARLY, None)],
        [(LATE, None), (LATE, None), (EARLY, None)],
    ),
    "between two": ([Made(None, LATE), Made(), Made(EARLY, None)], [(EARLY, LATE), (EARLY, LATE), (EARLY, LATE)]),
    "one that contradicts itself says nothing": (
        [Made(contradiction="no"), Made(EARLY, LATE), Made(contradiction="no")],
        [(EARLY, None), (EARLY, LATE), (None, LATE)],
    ),
}


@pytest.mark.parametrize(("newest_first", "bounds"), ORDERED.values(), ids=ORDERED.keys())
def test_the_order_of_a_list_bounds_those_without_evidence(
    newest_first: list[Made], bounds: list[tuple[datetime | None, datetime | None]]
) -> None:
    assert ordered_within(newest_first) == tuple(Bound(LISTED, start, end) for start, end in bounds)


@pytest.mark.parametrize(
    ("made", "answer"),
    [
        (Made(NOON - 3 * DAY, None), Match.YES),  # on the very edge
        (Made(NOON - 3 * DAY, NOON), Match.YES),
        (Made(NOON - 3 * DAY - SECOND, NOON), Match.UNKNOWN),
        (Made(None, NOON), Match.UNKNOWN),
        (Made(None, NOON - 3 * DAY), Match.UNKNOWN),
        (Made(None, NOON - 3 * DAY - SECOND), Match.NO),
        (Made(EARLY, LATE), Match.NO),
        (Made(EARLY, None), Match.UNKNOWN),
        (Made(), Match.UNKNOWN),
        (Made(contradiction="no"), Match.UNKNOWN),
    ],
)
def test_a_job_is_surely_that_young_surely_older_or_cannot_be_told(made: Made, answer: Match) -> None:  # I4
    assert is_within(made, 3 * DAY, NOON) is answer


def test_the_age_that_is_surely_reached_counts_from_the_latest_that_it_can_be() -> None:  # I14
    assert least_age(Made(EARLY, LATE), NOON) == 5 * DAY
    assert least_age(Made(None, NOON), NOON) == timedelta(0)
    assert least_age(Made(EARLY, None), NOON) is None


BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}Z")


@pytest.mark.parametrize(
    ("first", "last", "period", "name"),
    [
        (at("2026-02-28T23:00"), at("2026-03-01T22:59"), Period.DAY, (2026, 3, 1)),
        (at("2026-02-28T22:59"), at("2026-02-28T23:00"), Period.DAY, None),
        (at("2026-03-01T22:59"), at("2026-03-01T23:00"), Period.DAY, None),
        # The first ISO week of 2027 begins on a Monday, the 4th; before it are days of 2026's last.
        (at("2027-01-01T00:00"), at("2027-01-03T22:00"), Period.WEEK, (2026, 53)),
        (at("2027-01-03T22:00"), at("2027-01-03T23:00"), Period.WEEK, None),
        (at("2027-01-03T23:00"), at("2027-01-10T22:00"), Period.WEEK, (2027, 1)),
        (at("2026-02-28T23:00"), at("2026-03-31T21:00"), Period.MONTH, (2026, 3)),
        (at("2026-02-28T22:00"), at("2026-02-28T23:00"), Period.MONTH, None),
        (at("2025-03-01T00:00"), at("2026-03-01T00:00"), Period.MONTH, None),
        (at("2025-12-31T23:00"), at("2026-12-31T22:00"), Period.YEAR, (2026,)),
        (at("2025-12-31T22:00"), at("2025-12-31T23:00"), Period.YEAR, None),
    ],
)
def test_a_period_is_known_only_if_the_whole_interval_lies_in_it(
    first: datetime, last: datetime, period: Period, name: tuple[int, ...] | None
) -> None:  # I4
    assert period_of(Made(first, last), period, BERLIN) == name


@pytest.mark.parametrize("period", Period)
@pytest.mark.parametrize("made", [Made(), Made(NOON, None), Made(None, NOON)])
def test_an_open_interval_lies_in_no_period(made: Made, period: Period) -> None:  # I4
    assert period_of(made, period, UTC) is None


@pytest.mark.parametrize(
    ("newest_first", "place"),
    [
        ([], None),
        ([Made(LATE, LATE), Made(EARLY, EARLY)], None),
        ([Made(EARLY, LATE), Made(LATE, NOON)], None),  # both may have been made at one moment
        ([Made(EARLY, LATE), Made(LATE + SECOND, NOON)], 1),
        ([Made(), Made(EARLY, EARLY), Made(), Made(LATE, LATE)], 3),
        ([Made(EARLY, EARLY), Made(None, NOON), Made(LATE, None)], 2),
        ([Made(None, NOON), Made(EARLY, EARLY), Made(LATE, LATE)], 2),
        ([Made(LATE, None), Made(NOON, None)], None),
    ],
)
def test_a_job_surely_made_after_one_before_it_is_out_of_order(newest_first: list[Made], place: int | None) -> None:
    assert first_out_of_order(newest_first) == place
