"""Quota and AI Studio lists against a scripted server: what is missing is told as missing, and nothing is fatal."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.secret import Secret
from reconciler.engine.account import Allowance, Quota, ResultDates
from reconciler.errors import AuthenticationRefused, ServiceAnswerUnreadable, ServiceUnreachable
from reconciler.pictory.calls import ApiCalls
from reconciler.pictory.credentials import RawKey
from reconciler.pictory.pacing import Pacer
from reconciler.pictory.quota import PictoryQuota, read_quota
from reconciler.pictory.studio import StudioLists, created_date
from tests.support.scripted_server import RESET, Reply, Scripted, scripted

PAIR = {"used": 1, "limit": 4}
TOLD = Allowance(used=Decimal(1), limit=Decimal(4))
NOTHING = Quota(video_minutes=None, transcription_minutes=None, voice_over_minutes=None, ai_credits=None)
FULL = {"videoMinutes": PAIR, "transcriptionMinutes": PAIR, "elevenLabsVoiceOverMinutes": PAIR, "aiCredits": PAIR}


def calling(server: Scripted) -> ApiCalls:
    return ApiCalls(
        server.address,
        RawKey(Secret("pictai_a")),
        Pacer(1000),
        patience_s=0.0,
        connect_s=1.0,
        read_s=5.0,
        pause=lambda _: None,
    )


def reply(body: object, status: int = 200) -> Reply:
    return Reply(status, json.dumps(body).encode())


# -- quota


def quota_of(*replies: Reply) -> Quota:
    with scripted(*replies) as server, calling(server) as calls:
        read = PictoryQuota(calls).quota()
    assert [(came.method, came.path) for came in server.came] == [("GET", "/v1/quota")]
    return read


def test_the_four_pairs_are_read() -> None:
    quota = quota_of(reply({**FULL, "aiCredits": {"used": "0", "limit": 8.5}, "new": {"used": 1, "limit": 2}}))
    assert quota.video_minutes == quota.transcription_minutes == quota.voice_over_minutes == TOLD
    assert quota.ai_credits == Allowance(used=Decimal(0), limit=Decimal("8.5"))


FIGURES: dict[str, tuple[object, Decimal | None]] = {
    "zero": (0, Decimal(0)),
    "a float": (0.1, Decimal("0.1")),
    "a text": ("12.50", Decimal("12.50")),
    "a text with spaces": (" 7 ", Decimal(7)),
    "null": (None, None),
    "a truth": (True, None),
    "a list": ([1], None),
    "an empty text": ("", None),
    "words": ("many", None),
    "a text without end": ("Infinity", None),
    "a text that is no number": ("nan", None),
    "a grouped text": ("1_000", None),
    "another script": ("١٢", None),
    "below zero": (-1, None),
    "a text below zero": ("-1", None),
    "beyond all bounds": (10**400, None),
    "a text beyond all bounds": ("9" * 400, None),
}


@pytest.mark.parametrize("place", ["used", "limit"])
@pytest.mark.parametrize(("figure", "expected"), FIGURES.values(), ids=FIGURES.keys())
def test_a_figure_is_a_number_or_missing_and_never_zero_instead(
    figure: object, expected: Decimal | None, place: str
) -> None:
    read = quota_of(reply({"videoMinutes": {**PAIR, place: figure}})).video_minutes
    assert (getattr(read, place) if read else None) == expected


@pytest.mark.parametrize("pair", [None, 7, "7", [1, 4], {}, {"used": 1}, {"limit": 4}, {"Used": 1, "Limit": 4}])
def test_a_pair_of_another_shape_is_missing(pair: object) -> None:
    quota = quota_of(reply({**FULL, "aiCredits": pair}))
    assert quota.ai_credits is None
    assert quota.video_minutes == TOLD


def test_a_pair_that_stands_twice_is_missing() -> None:
    pair = json.dumps(PAIR)
    twice = f'{{"aiCredits": {pair}, "videoMinutes": {pair}, "aiCredits": {{"used": 0, "limit": 4}}}}'
    quota = quota_of(Reply(body=twice.encode()))
    assert (quota.ai_credits, quota.video_minutes) == (None, TOLD)


def test_an_empty_answer_has_no_figures() -> None:
    assert quota_of(Reply(body=b"{}")) == NOTHING


BAD_ANSWERS: dict[str, tuple[Reply, type[Exception]]] = {
    "not found": (Reply(404), ServiceAnswerUnreadable),
    "refused": (Reply(400, b'{"message": "no"}'), ServiceAnswerUnreadable),
    "a list": (Reply(body=b"[]"), ServiceAnswerUnreadable),
    "HTML": (Reply(body=b"<html>"), ServiceAnswerUnreadable),
    "trouble for good": (Reply(503), ServiceUnreachable),
    "no answer": (RESET, ServiceUnreachable),
    "a refused key": (Reply(401), AuthenticationRefused),
}


@pytest.mark.parametrize(("answer", "error"), BAD_ANSWERS.values(), ids=BAD_ANSWERS.keys())
def test_no_usable_answer_is_an_error(answer: Reply, error: type[Exception]) -> None:
    with pytest.raises(error, match="GET /v1/quota"):
        quota_of(answer)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["used", "limit", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted(FULL)), ANYTHING))
def test_whatever_comes_a_quota_is_read_and_no_figure_is_below_zero(body: dict[str, object]) -> None:
    quota = read_quota(body)
    for pair in (quota.video_minutes, quota.transcription_minutes, quota.voice_over_minutes, quota.ai_credits):
        assert pair is None or (pair.used >= 0 and pair.limit >= 0)
        assert pair is None or pair.share is None or pair.share >= 0


# -- AI Studio


def item(address: object = "https://a.invalid/1.png", date: object = "2026-03-01T09:15:00.000Z") -> dict[str, object]:
    return {"id": "1", "url": address, "createdDate": date}


def page(*items: object, **key: object) -> Reply:
    return reply({"items": list(items), **key})


EMPTY = page()
QUARTER = datetime(2026, 3, 1, 9, 15, tzinfo=UTC)


def dates_of(*replies: Reply) -> tuple[ResultDates, list[str]]:
    with scripted(*replies) as server, calling(server) as calls:
        read = StudioLists(calls).result_dates()
    assert set(server.methods) == {"GET"}
    return read, [came.path for came in server.came]


@pytest.mark.parametrize("end", [{}, {"nextPageKey": None}, {"nextPageKey": ""}], ids=["absent", "null", "empty"])
def test_both_lists_are_read_to_their_ends(end: dict[str, object]) -> None:
    first, second = "https://a.invalid/1.png", "https://a.invalid/2.png"
    third = "https://a.invalid/3.mp4"
    read, paths = dates_of(page(item(first), nextPageKey="K="), page(item(second), **end), page(item(third), **end))
    images, videos = "/v1/aistudio/images", "/v1/aistudio/videos"
    assert paths == [images, f"{images}?nextPageKey=K%3D", videos]
    assert read == ResultDates(dates=dict.fromkeys((first, second, third), QUARTER))


MOMENTS: dict[str, tuple[object, datetime | None]] = {
    "zulu": ("2026-03-01T09:15:00Z", QUARTER),
    "another zone": ("2026-03-01T10:15:00+01:00", QUARTER),
    "without a zone": ("2026-03-01T09:15:00", None),
    "a day": ("2026-03-01", None),
    "words": ("yesterday", None),
    "empty": ("", None),
    "null": (None, None),
    "milliseconds": (1772356500000, None),
    "before all years": ("0001-01-01T00:00:00+23:59", None),
    "a date that is none": ("2026-02-30T00:00:00Z", None),
}


@pytest.mark.parametrize(("date", "expected"), MOMENTS.values(), ids=MOMENTS.keys())
def test_a_date_has_a_zone_or_is_left_out_and_counted(date: object, expected: datetime | None) -> None:
    read, _ = dates_of(page(item(date=date)), EMPTY)
    assert (list(read.dates.values()), read.undated) == (([expected], 0) if expected else ([], 1))
    assert created_date(date) == expected


@pytest.mark.parametrize("address", [None, "", 7, ["https://a.invalid/1.png"]])
def test_a_result_without_an_address_is_left_out_and_counted(address: object) -> None:
    read, _ = dates_of(page(item(address), {}), EMPTY)
    assert (read.dates, read.unaddressed) == ({}, 2)


def test_an_address_with_two_dates_is_left_out_and_counted_once() -> None:
    other, last = item(date="2026-03-02T00:00:00Z"), item(date="2026-03-03T00:00:00Z")
    read, _ = dates_of(page(item(), item("https://a.invalid/2.png")), page(other, last, item()))
    assert (list(read.dates), read.contradictory) == (["https://a.invalid/2.png"], 1)


def test_a_result_that_two_pages_show_is_one_even_under_another_signature() -> None:
    signed = ("https://a.invalid/1.png?Signature=a", "https://a.invalid/1.png?Signature=b")
    read, _ = dates_of(page(item(signed[0]), nextPageKey="K"), page(item(signed[1])), EMPTY)
    assert (list(read.dates), read.contradictory) == ([signed[0]], 0)
    read, _ = dates_of(page(item(signed[0])), page(item(signed[1], "2026-03-02T00:00:00Z")))
    assert (list(read.dates), read.contradictory) == ([], 1)


BAD_LISTS: dict[str, tuple[list[Reply], str]] = {
    "a key that comes back": (
        [page(item(), nextPageKey="K"), page(nextPageKey="K")],
        "page 2 of the list of AI images",
    ),
    "no items": ([page(item(), nextPageKey="K"), Reply(body=b"{}")], "page 2 of the list of AI images has no `items`"),
    "trouble for good": ([page(item(), nextPageKey="K"), Reply(503)], "could not be read to its end"),
    "not found": ([Reply(404)], "the list of AI images could not be read: GET /v1/aistudio/images page 1: not found"),
    "items that are none": ([page(item(), 7)], "1 items that are no objects"),
    "a key that is a number": ([page(item(), nextPageKey=7)], "gives a int as the next page's key"),
    "a list": ([Reply(body=b"[]")], "could not be read to its end"),
}


@pytest.mark.parametrize(("replies", "told"), BAD_LISTS.values(), ids=BAD_LISTS.keys())
def test_a_list_that_fails_gives_nothing_and_says_why_and_the_other_is_read(replies: list[Reply], told: str) -> None:
    read, paths = dates_of(*replies, page(item("https://a.invalid/9.mp4")))
    assert list(read.dates) == ["https://a.invalid/9.mp4"]
    assert paths[-1] == "/v1/aistudio/videos"
    (problem,) = read.problems
    assert told in problem


def test_a_refused_key_is_an_error() -> None:
    with pytest.raises(AuthenticationRefused, match="GET /v1/aistudio/videos page 1"):
        dates_of(page(item()), Reply(401))
