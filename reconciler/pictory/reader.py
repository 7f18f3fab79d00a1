"""The service behind the engine's ports: the whole list, one job, one clean."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from reconciler.core.job import Job, JobId
from reconciler.core.receipt import VerifiedReceipt
from reconciler.engine.ports import CleanAnswer, JobDetail, Listing
from reconciler.engine.talk import Say, silent
from reconciler.errors import InventoryIncomplete, ServiceAnswerUnreadable
from reconciler.pictory.answers import Answer, Kind
from reconciler.pictory.calls import ApiCalls
from reconciler.pictory.pages import NOTHING_DECIDED, read_page, to_raise, walk
from reconciler.pictory.wire import NOT_IN_A_PATH, is_text, read_detail, read_job

JOB_LIST = "the job list"


class PictoryReader:
    """Reads the service; sends GET only (and what its calls need to be let in: a token).

    A list longer than `most_pages` or `most_jobs` is taken for one that never ends.  `say` is told each page.
    """

    def __init__(
        self,
        calls: ApiCalls,
        *,
        most_pages: int = 100_000,
        most_jobs: int = 5_000_000,
        now: Callable[[], float] = time.monotonic,
        say: Say = silent,
    ) -> None:
        self._calls = calls
        self._most_pages = most_pages
        self._most_jobs = most_jobs
        self._now = now
        self._say = say

    def list_jobs(self) -> Listing:
        """Read every page until the service says that none follows.

        Raises:
            InventoryIncomplete: a page failed for good or is not what a page is, or the list is longer than it may be.
            AuthenticationRefused: the credentials were refused.
        """
        first: _Page | None = None
        last: _Page | None = None
        jobs: list[Job] = []
        unnamed = pages = 0
        began = self._now()
        for page in self._pages():
            first, last = first or page, page
            pages += 1
            jobs += page.named
            unnamed += len(page.jobs) - len(page.named)
            self._say(f"page {pages} of the job list: {len(jobs) + unnamed} jobs in {self._now() - began:.1f} s")
            self._check_length(len(jobs) + unnamed)
        if first is None or last is None:  # `_pages` gives one page or raises
            raise InventoryIncomplete("the job list has no page", hint=NOTHING_DECIDED)
        arrived: tuple[Job, ...] = ()
        told_at = last.told_at
        if pages > 1:  # one page is one answer: nothing can have moved while it was read
            again = self._page(1, "")
            told_at = again.told_at
            arrived = _newer(again, jobs, was_empty=not first.named)
            self._say(f"page 1 of the job list again: {len(arrived)} came in, {self._now() - began:.1f} s in all")
            self._check_length(len(arrived) + len(jobs) + unnamed)
        return Listing(
            jobs=(*arrived, *jobs),
            pages=pages,
            end_marker=last.end_marker,
            unnamed=unnamed,
            arrived=len(arrived),
            told_at=told_at,
        )

    def get(self, job_id: JobId) -> JobDetail | None:
        """Read one job; None when the service knows no such job."""
        got = self._calls.get(_path(job_id), what=f"GET /v1/jobs/{job_id}")
        if got is None:
            return None
        if got.answer.kind is not Kind.FINE:
            raise ServiceAnswerUnreadable(f"GET /v1/jobs/{job_id}: HTTP {got.answer.status}: {got.answer.words}")
        return read_detail(got.raw, job_id)

    def _pages(self) -> Iterator["_Page"]:
        return walk(self._page, named=JOB_LIST, most=self._most_pages)

    def _check_length(self, listed: int) -> None:
        if listed > self._most_jobs:
            raise InventoryIncomplete(
                f"the job list has {listed} jobs so far, and --max-listed-jobs allows {self._most_jobs}",
                hint=to_raise("--max-listed-jobs", self._most_jobs),
            )

    def _page(self, number: int, key: str) -> "_Page":
        page = read_page(self._calls, "/v1/jobs", number, key, named=JOB_LIST)
        return _Page(tuple(read_job(item) for item in page.items), page.next_key, page.end_marker, page.told_at)


@dataclass(frozen=True, slots=True)
class _Page:
    """One page: its items (None for one without a usable id), the next page's key or "", how the end was marked, and
    the service's time."""

    jobs: tuple[Job | None, ...]
    next_key: str
    end_marker: str
    told_at: datetime | None

    @property
    def named(self) -> tuple[Job, ...]:
        """The jobs with a usable id."""
        return tuple(job for job in self.jobs if job is not None)


def _newer(again: _Page, listed: Sequence[Job], *, was_empty: bool) -> tuple[Job, ...]:
    """Give the jobs that stand before the newest one of before, now that the first page was read a second time.

    Pages are read by position in a list that lives.  Jobs that came in push others towards the pages still to be read,
    where they repeat; anything else that happened to the order may have moved a job past the reader unseen.

    Raises:
        InventoryIncomplete: something else happened to the order.
    """
    newest = listed[0].id if listed else None
    known = {job.id for job in listed}
    newer: list[Job] = []
    for job in again.named:
        if job.id == newest:
            return tuple(newer)
        if job.id in known:
            raise InventoryIncomplete(
                f"the job list moved while it was read: {job.id} now stands before {newest}, which was the newest",
                hint="Nothing was decided from it. Try again when nobody else cleans jobs of this account.",
            )
        newer.append(job)
    if newest is not None and not was_empty:
        raise InventoryIncomplete(
            f"the job list moved while it was read: {newest}, which was the newest job, is not on its first page now",
            hint="Nothing was decided from it. Try again when fewer jobs are made or cleaned.",
        )
    return tuple(newer)


class PictoryCleaner:
    """Sends cleans, each once."""

    def __init__(self, calls: ApiCalls) -> None:
        self._calls = calls

    def clean(self, receipt: VerifiedReceipt) -> CleanAnswer:
        """Send the clean of the receipt's job.

        Raises:
            ServiceError: it cannot be told whether it took effect.
            AuthenticationRefused: the credentials were refused; nothing was cleaned.
        """
        job_id = receipt.receipt.job_id
        what = f"DELETE /v1/jobs/{job_id}/clean"
        return _clean_answer(self._calls.delete_once(f"{_path(job_id)}/clean", what=what), what)


def _path(job_id: JobId) -> str:
    if job_id in NOT_IN_A_PATH or not is_text(job_id):
        raise ServiceAnswerUnreadable(f"no call can name the job {job_id!a}", hint="Clean it by other means.")
    return f"/v1/jobs/{quote(job_id, safe='')}"


def _clean_answer(answer: Answer, what: str) -> CleanAnswer:
    if answer.kind is Kind.NOT_FOUND:
        return CleanAnswer.GONE
    if answer.kind is Kind.REFUSED:
        return CleanAnswer.REFUSED
    match answer.body.get("success"):
        case True:
            return CleanAnswer.DONE
        case False:
            return CleanAnswer.REFUSED
        case _:
            raise ServiceAnswerUnreadable(f"{what}: HTTP {answer.status}: {answer.words}, without a `success`")
