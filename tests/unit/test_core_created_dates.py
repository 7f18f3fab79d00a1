"""Joining results to jobs by their addresses: what could be about two jobs, or says two times, tells nothing (I4)."""

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.created_dates import created_dates, is_signed
from reconciler.core.job import Asset, AssetForm, AssetKind, Job, JobId, JobType
from tests.support.values import DAY, NOON, VIDEO, job

PLAIN = "https://files.invalid/images/i.png"
SIGNED = f"{PLAIN}?Expires=17&Signature=one&Key-Pair-Id=K"
SIGNED_AGAIN = f"{PLAIN}?Expires=18&Signature=two&Key-Pair-Id=K#top"
OLD = NOON - 9 * DAY


def image(job_id: str, address: str, field: str = "url") -> Job:
    asset = Asset(kind=AssetKind.IMAGE, form=AssetForm.FILE, field=field, extension="png", address=address)
    return job(job_id, JobType.IMAGE, assets=(asset,))


JOINS: dict[str, tuple[list[Job], dict[str, datetime], dict[str, datetime]]] = {
    "equal": ([image("a", PLAIN)], {PLAIN: OLD}, {"a": OLD}),
    "each its own": (
        [image("a", PLAIN), image("b", PLAIN + "2")],
        {PLAIN: OLD, PLAIN + "2": NOON},
        {"a": OLD, "b": NOON},
    ),
    "not dated": ([image("a", PLAIN)], {PLAIN + "x": OLD}, {}),
    "no such job": ([], {PLAIN: OLD}, {}),
    "another case": ([image("a", PLAIN)], {PLAIN.upper(): OLD}, {}),
    "another scheme": ([image("a", PLAIN)], {PLAIN.replace("https", "http"): OLD}, {}),
    "a query tells two results apart": (
        [image("a", f"{PLAIN}?id=1"), image("b", f"{PLAIN}?id=2")],
        {f"{PLAIN}?id=1": OLD, f"{PLAIN}?id=2": NOON},
        {"a": OLD, "b": NOON},
    ),
    "a query that the list has not": ([image("a", f"{PLAIN}?id=1")], {PLAIN: OLD}, {}),
    "signed on both sides, differently": ([image("a", SIGNED)], {SIGNED_AGAIN: OLD}, {"a": OLD}),
    "the job signed": ([image("a", SIGNED)], {PLAIN: OLD}, {"a": OLD}),
    "the list signed": ([image("a", PLAIN)], {SIGNED: OLD}, {"a": OLD}),
    "signed, two dates": ([image("a", PLAIN)], {SIGNED: OLD, SIGNED_AGAIN: NOON}, {}),
    "signed, twice one date": ([image("a", PLAIN)], {SIGNED: OLD, SIGNED_AGAIN: OLD}, {"a": OLD}),
    "one address, two jobs": ([image("a", PLAIN), image("b", PLAIN)], {PLAIN: OLD}, {}),
    "one address but for a signature, two jobs": ([image("a", PLAIN), image("b", SIGNED)], {PLAIN: OLD}, {}),
    "two ids of a signed path": ([image("a", f"{PLAIN}?id=1"), image("b", f"{PLAIN}?id=2")], {SIGNED: OLD}, {}),
    "the same job twice": ([image("a", PLAIN), image("a", PLAIN)], {PLAIN: OLD}, {"a": OLD}),
    "another field": ([image("a", PLAIN, "thumbnailImageUrl")], {PLAIN: OLD}, {}),
    "no address a parser takes": ([image("a", "http://[x")], {"http://[x": OLD}, {"a": OLD}),
}


@pytest.mark.parametrize(("jobs", "dates", "expected"), JOINS.values(), ids=JOINS.keys())
def test_a_date_is_a_job_s_only_when_it_can_be_told(
    jobs: list[Job], dates: dict[str, datetime], expected: dict[str, datetime]
) -> None:  # I4
    assert created_dates(jobs, dates) == expected


def test_a_job_of_which_another_result_is_shared_gets_no_date() -> None:  # I4
    two = image("a", PLAIN)
    two = replace(two, assets=(*two.assets, *image("a", PLAIN + "2").assets))
    assert created_dates([two, image("b", PLAIN + "2")], {PLAIN: OLD, PLAIN + "2": NOON}) == {}
    assert created_dates([two], {PLAIN: OLD, PLAIN + "2": NOON}) == {}
    assert created_dates([two], {PLAIN: OLD, PLAIN + "2": OLD}) == {"a": OLD}


def test_a_render_is_not_dated_by_an_equal_address() -> None:
    assert created_dates([job("a", assets=(VIDEO,))], {VIDEO.address: OLD}) == {}


ADDRESSES = st.sampled_from([PLAIN, SIGNED, SIGNED_AGAIN, f"{PLAIN}?id=1", f"{PLAIN}?id=2", f"{PLAIN}2"])
JOBS = st.lists(st.builds(image, st.sampled_from("abcd"), ADDRESSES), max_size=5)
DATES = st.dictionaries(ADDRESSES, st.sampled_from([OLD, NOON]), max_size=4)


@given(JOBS.flatmap(lambda jobs: st.tuples(st.just(jobs), st.permutations(jobs))), DATES)
def test_the_order_of_jobs_and_dates_changes_nothing(
    orders: tuple[list[Job], list[Job]], dates: dict[str, datetime]
) -> None:
    jobs, others = orders
    assert created_dates(jobs, dates) == created_dates(others, dict(reversed(dates.items())))


@given(JOBS, DATES, st.sampled_from([PLAIN, SIGNED]))
def test_another_job_never_gives_a_job_a_date(jobs: list[Job], dates: dict[str, datetime], address: str) -> None:
    before = created_dates(jobs, dates)
    after = created_dates([*jobs, image("new", address)], dates)
    assert {job_id: date for job_id, date in after.items() if job_id != JobId("new")}.items() <= before.items()


@pytest.mark.parametrize(
    "name", ["Signature", "X-Amz-Signature", "X-Goog-Signature", "sig", "Policy", "Key-Pair-Id", "token"]
)
def test_each_way_to_sign_a_link_is_known(name: str) -> None:
    assert is_signed(f"{PLAIN}?id=1&{name}=x")
    assert not is_signed(f"{PLAIN}?id=1&{name}s=x")


@pytest.mark.parametrize(
    ("address", "signed"),
    [
        (PLAIN, False),
        (SIGNED, True),
        (f"{PLAIN}?X-Amz-Signature=", True),
        (f"{PLAIN}?id=1", False),
        ("http://[?sig=1", False),
    ],
)
def test_a_signature_is_known_by_its_name(address: str, signed: bool) -> None:
    assert is_signed(address) is signed
