"""A list that is lost in part, repeated, out of order, stale or half written never adds a clean (I2, I4).

The list is disturbed at the pages that the service answers; a plan over it is held against the plan over the list as it
is, at once and after the disturbed list was recorded and time has passed.  The ledger knows the jobs already.
"""

import copy
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from reconciler.core.desired import DesiredState
from reconciler.desired.reader import parse_desired
from reconciler.engine.planning import make_plan
from reconciler.engine.refreshing import refresh
from reconciler.errors import ReconcilerError
from reconciler.ledger.writer import SqlLedger
from reconciler.pictory.answers import Kind, read_answer
from reconciler.pictory.calls import ApiCalls, Got
from reconciler.pictory.reader import PictoryReader
from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.ledger_values import HandMadeClock, ledger_at
from tests.support.listening import Listening
from tests.support.values import DAY, NOON
from tests.support.wire import sent

Json = dict[str, Any]
JOBS = tuple(job_id(number) for number in range(1, 10))
PAGE = 3

DESIRED = f"""\
version: 1
account: acme
otherwise: clean
labels: {{dear: [{JOBS[1]}]}}
links: [{{job: {JOBS[1]}, needs: [{JOBS[2]}]}}]
retain:
  - name: dear
    match: {{label: dear}}
  - name: newest
    match: {{type: render, status: completed}}
    group_by: [name]
    keep_last: 1
  - name: failures
    match: {{status: failed}}
    keep_within: 20d
  - name: held
    ids: [{JOBS[7]}]
    protect: true
    owner: legal
    reason: a case
clean: {{min_age: 1d, grace: GRACE, max_jobs: 1000, max_share: 100%}}
"""


def film(name: str) -> Json:
    return {**bodies.render(), "videoURL": f"https://files.invalid/{name}.mp4"}


def truth() -> list[Json]:
    """What the service has, newest first: two groups of renders, a preview and its render, a failure, the others."""
    data = [
        film("a"),
        {**bodies.image(), "url": "https://files.invalid/i.png"},
        bodies.transcription(),
        film("a"),
        bodies.preview(),
        film("b"),
        bodies.failed(),
        bodies.transcription("Held."),
        film("b"),
    ]
    return [{"job_id": each, "data": body} for each, body in zip(JOBS, data, strict=True)]


# -- the list, disturbed


@dataclass
class Page:
    """One page: its items, whether it is cut in half, and what stands for its next page (None: as it should be)."""

    items: list[Json]
    is_cut: bool = False
    end: object = None


def pages_of(items: list[Json]) -> list[Page]:
    return [Page(items[at : at + PAGE]) for at in range(0, len(items), PAGE)]


Draw = Callable[[int], int]
"""Gives a place below a number."""


def item_lost(items: list[Json], draw: Draw) -> None:
    del items[draw(len(items))]


def item_again(items: list[Json], draw: Draw) -> None:
    items.insert(draw(len(items)), copy.deepcopy(items[draw(len(items))]))


def item_moved(items: list[Json], draw: Draw) -> None:
    items.insert(draw(len(items)), items.pop(draw(len(items))))


def item_stale(items: list[Json], draw: Draw) -> None:
    items[draw(len(items))]["data"] = {"status": ("in-progress", "queued", "", "cleaned")[draw(4)]}


def item_half(items: list[Json], draw: Draw) -> None:
    data = items[draw(len(items))]["data"]
    for name in sorted(data):
        if draw(2):
            del data[name]


def item_another(items: list[Json], draw: Draw) -> None:
    items[draw(len(items))]["data"] = copy.deepcopy(items[draw(len(items))]["data"])


def page_lost(pages: list[Page], draw: Draw) -> None:
    del pages[draw(len(pages))]


def page_again(pages: list[Page], draw: Draw) -> None:
    pages.insert(draw(len(pages)), copy.deepcopy(pages[draw(len(pages))]))


def page_moved(pages: list[Page], draw: Draw) -> None:
    pages.insert(draw(len(pages)), pages.pop(draw(len(pages))))


def page_cut(pages: list[Page], draw: Draw) -> None:
    pages[draw(len(pages))].is_cut = True


def page_end(pages: list[Page], draw: Draw) -> None:
    at = draw(len(pages))
    pages[at].end = ("", "absent", "null", 7, "0", str(at))[draw(6)]


def page_nameless(pages: list[Page], draw: Draw) -> None:
    for item in pages[draw(len(pages))].items:
        item.pop("job_id", None)


OF_ITEMS = (item_lost, item_again, item_moved, item_stale, item_half, item_another)
OF_PAGES = (page_lost, page_again, page_moved, page_cut, page_end, page_nameless)


@st.composite
def disturbed(draw: st.DrawFn) -> list[Page]:
    """Intermediate, stale and unobserved: up to four disturbances of what the service has."""

    def below(number: int) -> int:
        return draw(st.integers(0, number - 1))

    items = truth()
    for disturb in draw(st.lists(st.sampled_from(OF_ITEMS), max_size=3)):
        disturb(items, below)
    pages = pages_of(items)
    for disturb_pages in draw(st.lists(st.sampled_from(OF_PAGES), max_size=1)):
        disturb_pages(pages, below)
    return pages


def body_of(pages: list[Page], at: int) -> bytes:
    if not pages:
        return sent({"items": []})
    page = pages[at]
    body: Json = {"items": page.items, "nextPageKey": str(at + 1) if at + 1 < len(pages) else None}
    if page.end == "absent":
        del body["nextPageKey"]
    elif page.end is not None:
        body["nextPageKey"] = None if page.end == "null" else page.end
    raw = sent(body)
    return raw[: len(raw) // 2] if page.is_cut else raw


@dataclass
class Service:
    """What PictoryReader asks of ApiCalls, answered from pages; a job asked for alone is as it is."""

    pages: list[Page]
    now: datetime

    def get(self, path: str, *, what: str, query: dict[str, str] | None = None) -> Got | None:
        del what
        if path == "/v1/jobs":
            at = int((query or {}).get("nextPageKey", "0")) % max(len(self.pages), 1)
            raw = body_of(self.pages, at)
        else:
            raw = sent(next(item for item in truth() if item["job_id"] == path.rpartition("/")[2]))
        answer = read_answer(200, raw)
        return None if answer.kind is Kind.NOT_FOUND else Got(answer, raw, self.now)


class OneKey:
    """Implements KeyMark: all is read with the same key."""

    def mark(self, lineage: str) -> str:
        return f"the key, for {lineage}"


def reader_of(pages: list[Page], now: datetime) -> PictoryReader:
    return PictoryReader(cast("ApiCalls", Service(pages, now)))


# -- the law


@dataclass
class World:
    """One account with a ledger, at some time."""

    desired: DesiredState
    ledger: SqlLedger
    clock: HandMadeClock

    @classmethod
    def begun(cls, folder: Path, grace: str) -> "World":
        (folder / "ledger.db").write_bytes(ledger_of(grace))
        world = cls.new(folder, grace)
        world.clock.pass_by(40 * DAY)
        return world

    @classmethod
    def new(cls, folder: Path, grace: str) -> "World":
        clock = HandMadeClock(NOON)
        desired = parse_desired(DESIRED.replace("GRACE", grace).encode(), "retention.yaml")
        return cls(desired, ledger_at(folder / "ledger.db", clock), clock)

    def record(self, pages: list[Page]) -> None:
        refresh(self.desired, reader_of(pages, self.clock.now()), self.ledger, self.clock, OneKey())

    def cleans(self, pages: list[Page]) -> set[str]:
        plan = make_plan(
            self.desired,
            reader_of(pages, self.clock.now()),
            self.ledger,
            self.clock,
            Listening(),
            valid_for=DAY,
            tool_version="0",
        )
        return {str(change.job_id) for change in plan.changes if change.cleans}


@cache
def ledger_of(grace: str) -> bytes:
    """A ledger that has seen the list as it is, once."""
    with tempfile.TemporaryDirectory() as folder:
        World.new(Path(folder), grace).record(pages_of(truth()))
        return (Path(folder) / "ledger.db").read_bytes()


# A case has two ledgers, each of which is durable at every step.
FEW = settings(max_examples=max(40, settings().max_examples // 4))


@pytest.mark.timeout(3600)
@FEW
@given(pages=disturbed(), grace=st.sampled_from(["0", "3d"]))
def test_a_disturbed_list_adds_no_clean_now_nor_later(pages: list[Page], grace: str) -> None:  # I2, I4
    event(how_read(pages, grace))


@pytest.mark.parametrize("at", range(len(JOBS)))
@pytest.mark.parametrize("grace", ["0", "3d"])
def test_a_job_that_is_said_to_be_cleaned_and_is_there_adds_no_clean(at: int, grace: str) -> None:  # I2, I4
    items = truth()
    items[at]["data"] = {"status": "cleaned"}
    assert how_read(pages_of(items), grace) == "read"


def how_read(pages: list[Page], grace: str) -> str:
    """Tell whether the list was read or refused; fails where it adds a clean."""
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        plain, other = World.begun(Path(first), grace), World.begun(Path(second), grace)
        expected = plain.cleans(pages_of(truth()))
        try:
            found = other.cleans(pages)
            other.record(pages)
        except ReconcilerError as error:
            return type(error).__name__
        assert found <= expected, f"added: {found - expected}"
        plain.record(pages_of(truth()))
        for pause in (timedelta(hours=1), 2 * DAY, 5 * DAY):
            plain.clock.pass_by(pause)
            other.clock.pass_by(pause)
            later, expected = other.cleans(pages_of(truth())), plain.cleans(pages_of(truth()))
            assert later <= expected, f"added later: {later - expected}"
    return "read"


def test_there_is_something_that_a_disturbance_could_add() -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World.begun(Path(folder), "0")
        cleans = world.cleans(pages_of(truth()))
    assert cleans
    assert set(JOBS) - cleans >= {JOBS[0], JOBS[1], JOBS[2], JOBS[5], JOBS[7]}
