"""What our client takes the service to do when it is read.  GET alone: the live service may be asked the same."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

import pytest
import requests

from reconciler.core.created_dates import created_dates
from reconciler.core.job import AssetForm, Job, JobId, JobStatus, JobType
from reconciler.core.secret import Secret
from reconciler.engine.ports import Listing
from reconciler.errors import AuthenticationRefused
from reconciler.pictory.assets import REQUIRED
from reconciler.pictory.calls import ApiCalls
from reconciler.pictory.credentials import RawKey
from reconciler.pictory.pacing import Pacer
from reconciler.pictory.reader import PictoryReader
from tests.contract.conftest import Service

LOOKED_AT = 40
"""Jobs that are asked for one by one; the live service is not to be asked for all."""

NOBODY = JobId("00000000-0000-4000-8000-000000000000")


@dataclass(frozen=True)
class Read:
    service: Service
    listing: Listing

    @property
    def some(self) -> list[Job]:
        """The first jobs whose facts do not move."""
        settled = [job for job in self.listing.jobs if job.status is not JobStatus.IN_PROGRESS]
        return [job for job in settled if not job.contradictions][:LOOKED_AT]


@pytest.fixture(scope="module")
def read(any_service: Service) -> Read:
    return Read(any_service, any_service.reader.list_jobs())


def test_the_list_ends_with_a_mark_that_is_known(read: Read) -> None:
    assert read.listing.end_marker in {"null", "absent", "empty"}
    assert read.listing.pages >= 1


def test_every_item_of_the_list_has_an_id(read: Read) -> None:
    assert read.listing.unnamed == 0
    assert read.listing.jobs


def test_no_job_is_listed_twice(read: Read) -> None:
    ids = [job.id for job in read.listing.jobs]
    assert len(ids) == len(set(ids))


def test_the_list_is_newest_first_as_far_as_the_jobs_tell(read: Read) -> None:
    """Share ids begin with their time; a job further down may not have been shared later than a day after one above."""
    heads = [share_time(job) for job in read.listing.jobs]
    told = [head for head in heads if head]
    days = [head[:8] for head in told]
    assert days == sorted(days, reverse=True)


def share_time(job: Job) -> str:
    for asset in job.assets:
        head = asset.address.rstrip("/").rpartition("/")[2][:17]
        if asset.form is AssetForm.PAGE and "hare" in asset.field and len(head) == 17 and head.isdigit():
            return head
    return ""


def test_an_answer_tells_the_service_s_time(read: Read) -> None:
    assert read.listing.told_at is not None


def test_a_job_asked_for_alone_is_the_one_that_was_listed(read: Read) -> None:
    """The same facts on both calls, or no plan made from the list could ever be applied."""
    for job in read.some:
        detail = read.service.reader.get(job.id)
        assert detail is not None, job.id
        assert (detail.job.id, detail.job.status, detail.job.fingerprint) == (job.id, job.status, job.fingerprint)


def test_every_status_is_one_of_the_documented_words_or_is_held(read: Read) -> None:
    for job in read.listing.jobs:
        is_known = job.status_word in {"in-progress", "completed", "failed", "cleaned"}
        assert is_known or job.status in {JobStatus.UNKNOWN, JobStatus.UNSTATED}, job.status_word
        assert job.is_terminal == (job.status_word in {"completed", "failed"})


def test_a_completed_job_of_a_known_type_has_what_its_type_needs_or_says_what_it_lacks(read: Read) -> None:
    for job in read.listing.jobs:
        if job.status is JobStatus.COMPLETED and job.type is not JobType.UNKNOWN:
            shown = {asset.kind for asset in job.assets if asset.form is not AssetForm.PAGE}
            assert REQUIRED[job.type] - shown == set(job.lacks) & REQUIRED[job.type]


def test_a_file_is_served_without_a_key_and_as_what_its_name_says(read: Read) -> None:
    kinds = {"mp4": "video/", "mp3": "audio/", "jpg": "image/", "png": "image/"}
    files = [asset for job in read.some for asset in job.assets if asset.form is AssetForm.FILE]
    for asset in files[:LOOKED_AT]:
        answer = requests.get(asset.address, headers={"Range": "bytes=0-99"}, timeout=30)
        assert answer.status_code in {200, 206}, asset.field
        assert answer.headers["Content-Type"].startswith(kinds.get(asset.extension, "")), asset.field


def test_a_share_page_is_a_web_page(read: Read) -> None:
    pages = [
        asset for job in read.some for asset in job.assets if asset.form is AssetForm.PAGE and "hare" in asset.field
    ]
    for asset in pages[:3]:
        answer = requests.get(asset.address, timeout=30, stream=True)
        answer.close()
        assert answer.headers["Content-Type"].startswith("text/html")


def test_an_unknown_job_is_told_as_none(read: Read) -> None:
    assert read.service.reader.get(NOBODY) is None


def test_the_quota_has_its_four_pairs(read: Read) -> None:
    quota = read.service.quota.quota()
    pairs = [quota.video_minutes, quota.transcription_minutes, quota.voice_over_minutes, quota.ai_credits]
    assert None not in pairs, quota


def test_the_ai_lists_are_read_to_their_ends_and_date_their_results(read: Read) -> None:
    results = read.service.studio.result_dates()
    assert (results.problems, results.undated, results.contradictory) == ((), 0, 0)
    told_at = read.listing.told_at
    assert told_at is not None
    assert all(date <= told_at + timedelta(hours=1) for date in results.dates.values())


def test_dates_join_to_jobs_by_their_address_in_the_order_of_the_list(read: Read) -> None:
    """Newest first here too, give or take a day: a result may be dated by its end, the list goes by the beginning."""
    results = read.service.studio.result_dates()
    dates = created_dates(read.listing.jobs, results.dates)
    if results.dates and any(job.type in {JobType.IMAGE, JobType.VIDEO} for job in read.some):
        assert dates
    listed = [dates[job.id] for job in read.listing.jobs if job.id in dates]
    assert all(above >= below - timedelta(days=1) for above, below in pairwise(listed))


def test_a_wrong_key_is_refused(read: Read) -> None:
    base_url = read.service.base_url
    for wrong in ("pictai_not-a-key", "Bearer"):
        with (
            ApiCalls(base_url, RawKey(Secret(wrong)), Pacer(2), patience_s=10) as calls,
            pytest.raises(AuthenticationRefused),
        ):
            PictoryReader(calls).list_jobs()
