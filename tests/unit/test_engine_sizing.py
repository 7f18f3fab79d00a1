"""Whose size is asked for: what a rule weighs and what a limit counts, once, and nobody else's."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import cast

import pytest
from msgspec import structs

from reconciler.core.desired import DesiredState, Keep, Otherwise, RetainRule, Source
from reconciler.core.job import Asset, AssetForm, AssetKind, Job, JobId, JobStatus, JobType
from reconciler.core.memory import LedgerView
from reconciler.core.plan import Plan
from reconciler.core.selectors import NameLike, Selector, TypeIn
from reconciler.engine.account import ResultDates
from reconciler.engine.enquiry import Enquiry
from reconciler.engine.planning import make_plan
from reconciler.engine.ports import Evidence, JobDetail, LedgerReader, Listing
from reconciler.engine.sizing import files_of, measured
from tests.support.listening import Listening
from tests.support.values import DAY, NOON, VIDEO, desired, inventory, job, known, memory

RENDERS = TypeIn(frozenset({JobType.RENDER}))
TRANSCRIPT = Asset(kind=AssetKind.TRANSCRIPT, form=AssetForm.INLINE, field="transcript", extension="json", content="x")


def address(job_id: str, name: str = "a.mp4") -> str:
    return f"https://files.invalid/{job_id}/{name}"


def sized(
    job_id: str,
    *names: str,
    job_type: JobType = JobType.RENDER,
    status: JobStatus = JobStatus.COMPLETED,
    contradictions: tuple[str, ...] = (),
    name: str = "",
) -> Job:
    """A job whose files are its own, a render unless said."""
    files = tuple(replace(VIDEO, address=address(job_id, name)) for name in names or ("a.mp4",))
    return replace(job(job_id, job_type, status, assets=files, contradictions=contradictions), name=name)


def by_bytes(selector: Selector = RENDERS, size: int = 100, lapses_at: datetime | None = None) -> RetainRule:
    return RetainRule(name="newest-bytes", selector=selector, keep=Keep(size=size), lapses_at=lapses_at)


@dataclass
class Hosts:
    """Tells the lengths it has; remembers who was asked for."""

    lengths: dict[str, int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def sizes(self, addresses: Iterable[str]) -> Mapping[str, int]:
        wanted = list(addresses)
        self.asked += wanted
        return {each: self.lengths[each] for each in wanted if each in self.lengths}


@dataclass
class Dates:
    """Tells these dates; remembers how often it was asked."""

    told: ResultDates
    asked: int = 0

    def result_dates(self) -> ResultDates:
        self.asked += 1
        return self.told


@dataclass
class Account:
    """A list, a ledger and a clock."""

    jobs: tuple[Job, ...]
    alone: dict[str, Job] = field(default_factory=dict)
    remembered: LedgerView | None = None

    def list_jobs(self) -> Listing:
        return Listing(jobs=self.jobs, pages=1, end_marker="null", unnamed=0)

    def get(self, job_id: JobId) -> JobDetail | None:
        listed = {each.id: each for each in self.jobs}
        return JobDetail(job=self.alone.get(job_id, listed[job_id]), body=b"", inline=())

    def now(self) -> datetime:
        return NOON

    def view(self) -> LedgerView:
        return self.remembered or memory(*(each.id for each in reversed(self.jobs)))

    def plan(self, state: DesiredState, hosts: Hosts | None = None, dates: Dates | None = None) -> Plan:
        evidence = Evidence(times=dates, sizes=hosts)
        ledger = cast("LedgerReader", _ReadOnly(self.view()))
        return make_plan(state, self, ledger, self, Listening(), valid_for=DAY, tool_version="0", evidence=evidence)


class _ReadOnly:
    def __init__(self, view: LedgerView) -> None:
        self._view = view

    def view(self) -> LedgerView:
        return self._view

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"a plan asks the ledger for no {name}")


def asked(state: DesiredState, *jobs: Job, remembered: LedgerView | None = None) -> list[str]:
    hosts = Hosts()
    view = remembered or memory(*(each.id for each in jobs))
    Enquiry(state, Evidence(sizes=hosts)).filled(inventory(*jobs), view)
    return hosts.asked


# -- whose


def test_nobody_is_asked_where_no_rule_weighs() -> None:
    assert asked(desired(), sized("a"), sized("b")) == []
    assert asked(desired(RetainRule(name="last", selector=RENDERS, keep=Keep(last=1))), sized("a")) == []


def test_only_what_a_rule_weighs_is_asked_for() -> None:
    jobs = (
        sized("a", "1.mp4", "2.mp4"),
        sized("image", job_type=JobType.IMAGE),
        sized("running", status=JobStatus.IN_PROGRESS),
        sized("twice", contradictions=("its ids disagree",)),
        sized("shapeless", job_type=JobType.UNKNOWN),
        sized("b"),
    )
    assert asked(desired(by_bytes()), *jobs) == [address("a", "1.mp4"), address("a", "2.mp4"), address("b")]


def test_a_job_whose_size_the_ledger_knows_is_not_asked_for() -> None:
    view = LedgerView(account="acme", jobs={JobId("a"): structs.replace(known(1), size=7), JobId("b"): known(2)})
    assert asked(desired(by_bytes()), sized("a"), sized("b"), remembered=view) == [address("b")]


def test_a_rule_past_its_day_weighs_nothing() -> None:
    assert asked(desired(by_bytes(lapses_at=NOON)), sized("a")) == []
    assert asked(desired(by_bytes(lapses_at=NOON + DAY)), sized("a")) == [address("a")]


def test_what_a_rule_may_own_takes_no_slot_and_is_not_asked_for() -> None:
    assert asked(desired(by_bytes(NameLike(("x-*",)))), sized("nameless"), sized("named", name="x-1")) == [
        address("named")
    ]


def test_a_job_is_asked_for_once_a_run_unless_it_shows_more() -> None:
    hosts = Hosts()
    enquiry = Enquiry(desired(by_bytes()), Evidence(sizes=hosts))
    view = memory("a", "b")
    enquiry.filled(inventory(sized("a"), sized("b")), view)
    enquiry.filled(inventory(sized("a"), sized("b", "a.mp4", "new.mp3")), view)
    assert hosts.asked == [address("a"), address("b"), address("b"), address("b", "new.mp3")]


# -- how much


SUMS: dict[str, tuple[Job, int | None]] = {
    "one file": (sized("a"), 10),
    "two files": (sized("a", "a.mp4", "b.mp3"), 15),
    "one file shown twice": (sized("a", "a.mp4", "a.mp4"), 10),
    "one of which nobody knows": (sized("a", "a.mp4", "x.mp4"), None),
    "content in the body beside a file": (replace(sized("a"), assets=(*sized("a").assets, TRANSCRIPT)), 10),
    "content in the body alone": (job("a", JobType.TRANSCRIPTION, assets=(TRANSCRIPT,)), 0),
    "a failure without files": (job("a", JobType.UNKNOWN, JobStatus.FAILED, assets=()), 0),
    "completed and empty": (job("a", assets=()), None),
    "without what it must have": (replace(sized("a"), lacks=(AssetKind.AUDIO,)), None),
}


@pytest.mark.parametrize(("given", "size"), SUMS.values(), ids=SUMS.keys())
def test_a_job_is_as_large_as_its_files_together_or_of_unknown_size(given: Job, size: int | None) -> None:  # I4
    hosts = Hosts({address("a"): 10, address("a", "b.mp3"): 5})
    assert measured(inventory(given), [given], hosts).sizes == ({} if size is None else {"a": size})


def test_sizes_that_were_there_stay() -> None:
    before = replace(inventory(sized("a"), sized("b")), sizes={JobId("b"): 3})
    assert measured(before, [sized("a")], Hosts({address("a"): 10})).sizes == {"a": 10, "b": 3}


def test_a_page_is_no_file() -> None:
    page = replace(VIDEO, form=AssetForm.PAGE, kind=AssetKind.SHARE_PAGE, address="https://page.invalid")
    assert files_of(replace(sized("a"), assets=(*sized("a").assets, page))) == (address("a"),)


# -- what comes of it


def test_sizes_decide_what_keep_bytes_keeps() -> None:
    hosts = Hosts({address(each): 60 for each in "abc"})
    plan = Account((sized("c"), sized("b"), sized("a"))).plan(desired(by_bytes()), hosts)
    assert [(change.job_id, change.size) for change in plan.changes] == [("a", 60)]
    assert plan.counts.retained == 2


@pytest.mark.parametrize("hosts", [None, Hosts()], ids=["nobody to ask", "nobody who tells"])
def test_jobs_of_unknown_size_are_held_by_keep_bytes(hosts: Hosts | None) -> None:  # I4
    plan = Account((sized("b"), sized("a"))).plan(desired(by_bytes()), hosts)
    assert plan.changes == ()
    assert {each.job_id for each in plan.held} == {"a", "b"}
    assert "its size" in plan.held[0].holds[0].detail


def test_a_job_of_a_thin_list_is_measured_by_what_it_shows_alone() -> None:
    thin = [job(each, JobType.UNKNOWN, assets=()) for each in ("b", "a")]
    hosts = Hosts({address("b"): 100, address("a"): 100})
    account = Account(tuple(thin), {"b": sized("b"), "a": sized("a")})
    plan = account.plan(desired(by_bytes()), hosts)
    assert [(change.job_id, change.size) for change in plan.changes] == [("a", 100)]


# -- the limit


def test_a_limit_of_bytes_measures_the_changes_alone() -> None:
    hosts = Hosts({address("a"): 70, address("b"): 50})
    jobs = (sized("keep-me"), sized("b"), sized("a"))
    plan = Account(jobs).plan(desired(max_bytes=120), hosts)
    assert hosts.asked == [address("b"), address("a")]
    assert [change.size for change in plan.changes] == [70, 50]
    assert plan.applyable
    (violation,) = Account(jobs).plan(desired(max_bytes=119), hosts).violations
    assert (violation.guard, violation.limit, violation.actual) == ("clean.max_bytes", "119B", "120B")


def test_a_limit_that_cannot_be_checked_refuses() -> None:  # I4, I7
    jobs = (sized("b"), sized("a"))
    for hosts in (None, Hosts(), Hosts({address("a"): 1})):
        plan = Account(jobs).plan(desired(max_bytes=10**15), hosts)
        assert [each.guard for each in plan.violations] == ["clean.max_bytes"]


def test_what_is_only_reported_is_not_measured() -> None:
    hosts = Hosts()
    plan = Account((sized("a"),)).plan(desired(otherwise=Otherwise.REPORT, max_bytes=0), hosts)
    assert (hosts.asked, plan.violations) == ([], ())


# -- dates


IMAGE = replace(VIDEO, kind=AssetKind.IMAGE, field="url", extension="png", address="https://files.invalid/i.png")
OLD = NOON - 30 * DAY


def dated(state: DesiredState, dates: Dates, *jobs: Job) -> Plan:
    view = LedgerView(account="acme", jobs={JobId("other"): structs.replace(known(1), left=True)})
    return Account(jobs, remembered=view).plan(state, dates=dates)


def trusting(*sources: Source) -> DesiredState:
    return replace(desired(), trust=frozenset(sources))


def test_dates_are_asked_for_where_they_count_and_only_there() -> None:
    dates = Dates(ResultDates(dates={IMAGE.address: OLD}))
    image = job("image", JobType.IMAGE, assets=(IMAGE,))
    assert dated(trusting(Source.LEDGER), dates, image).changes == ()
    assert dates.asked == 0
    plan = dated(trusting(Source.CREATED_DATE), dates, image)
    assert [change.job_id for change in plan.changes] == ["image"]
    assert dates.asked == 1, "once a run, though jobs are looked at closer"


def test_a_list_of_dates_that_failed_is_told_and_its_lack_holds() -> None:  # I4
    dates = Dates(ResultDates(dates={}, problems=("the list of AI images could not be read: HTTP 503",)))
    plan = dated(trusting(Source.CREATED_DATE), dates, job("image", JobType.IMAGE, assets=(IMAGE,)))
    assert plan.changes == ()
    assert [(each.about, each.message) for each in plan.notices] == [
        (
            "clock.trust",
            "the list of AI images could not be read: HTTP 503; it dates no job, and what only a date would let go is "
            "held",
        )
    ]
    assert plan.applyable, "a date that is not had refuses nothing"
