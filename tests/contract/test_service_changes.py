"""What our client takes the service to do where it writes, and in the other forms of its answers.  Emulators only."""

from dataclasses import replace

import pytest

from reconciler.core.created_dates import created_dates
from reconciler.core.job import AssetKind, JobId, JobStatus, JobType
from reconciler.engine.ports import CleanAnswer
from reconciler.errors import InventoryIncomplete, ServiceError
from reconciler.pictory.studio import StudioLists
from tests.contract.conftest import Emulated, calls_of
from tests.support import bodies
from tests.support.account import call
from tests.support.bodies import job_id
from tests.support.ledger_values import proof

A, B = JobId(job_id(1)), JobId(job_id(2))


# -- the list


@pytest.mark.parametrize("end", ["null", "absent", "empty"])
def test_each_form_of_the_end_is_the_end(emulated: Emulated, end: str) -> None:
    emulated.account.reset(jobs=60, list_end=end)
    listing = emulated.reader.list_jobs()
    assert (len(listing.jobs), listing.pages, listing.end_marker) == (60, 3, end)


def test_an_empty_page_with_a_key_is_no_end(emulated: Emulated) -> None:
    emulated.account.reset(jobs=60, empty_pages=2)
    assert len({job.id for job in emulated.reader.list_jobs().jobs}) == 60


def test_jobs_that_a_page_repeats_are_the_same_jobs(emulated: Emulated) -> None:
    emulated.account.reset(jobs=60, page_overlap=5)
    listing = emulated.reader.list_jobs()
    assert len(listing.jobs) > 60
    assert len({(job.id, job.fingerprint) for job in listing.jobs}) == 60


@pytest.mark.parametrize("size", [1, 25, 100])
def test_the_size_of_pages_changes_nothing(emulated: Emulated, size: int) -> None:
    emulated.account.reset(jobs=40, page_size=size)
    assert len(emulated.reader.list_jobs().jobs) == 40


@pytest.mark.parametrize("spelling", ["job_id", "jobId", "data.job_id", "data.jobId"])
def test_each_spelling_of_an_id_is_read_in_both_calls(emulated: Emulated, spelling: str) -> None:
    emulated.account.put_job(A, bodies.image())
    emulated.account.switch(id_spelling=spelling, list_id_spelling=spelling)
    (job,) = emulated.reader.list_jobs().jobs
    detail = emulated.reader.get(A)
    assert detail is not None
    assert (job.id, detail.job.fingerprint) == (A, job.fingerprint)


def test_two_ids_that_disagree_are_told(emulated: Emulated) -> None:
    emulated.account.put_job(A, {}, body={"job_id": A, "data": {**bodies.image(), "jobId": B}})
    (job,) = emulated.reader.list_jobs().jobs
    assert job.other_ids == (B,)
    assert job.contradictions


@pytest.mark.parametrize("word", ["cursor-repeat", "no-items", "not-json", "cut", "html", "404", "400"])
def test_a_page_that_is_none_makes_the_list_no_list(emulated: Emulated, word: str) -> None:
    emulated.account.reset(jobs=60)
    emulated.account.fault("list", f"ok {word}*")
    with calls_of(emulated.account.api, emulated.account.key, 1000, 0.1) as calls, pytest.raises(InventoryIncomplete):
        replace(emulated, calls=calls).reader.list_jobs()


# -- one job


def test_a_job_without_a_status_is_inferred_and_never_terminal(emulated: Emulated) -> None:
    emulated.account.put_job(A, bodies.image())
    emulated.account.switch(status_missing=True)
    (job,) = emulated.reader.list_jobs().jobs
    assert (job.status, job.is_terminal) == (JobStatus.UNSTATED, False)


@pytest.mark.parametrize("name", ["videoURL", "outputUrl"])
def test_each_name_of_the_video_is_the_video(emulated: Emulated, name: str) -> None:
    emulated.account.put_job(A, bodies.render())
    emulated.account.switch(video_field=name)
    (job,) = emulated.reader.list_jobs().jobs
    (video,) = [asset for asset in job.assets if asset.kind is AssetKind.VIDEO]
    assert (video.field, job.type) == (name, JobType.RENDER)


@pytest.mark.parametrize("name", ["videoShareURL", "shareVideoURL"])
def test_each_name_of_the_share_page_is_the_share_page(emulated: Emulated, name: str) -> None:
    emulated.account.put_job(A, bodies.render())
    emulated.account.switch(share_field=name)
    (job,) = emulated.reader.list_jobs().jobs
    assert [asset.field for asset in job.assets if asset.kind is AssetKind.SHARE_PAGE] == [name]


@pytest.mark.parametrize("name", ["previewUrl", "preview"])
def test_each_name_of_the_preview_page_is_the_preview_page(emulated: Emulated, name: str) -> None:
    emulated.account.put_job(A, bodies.preview())
    emulated.account.switch(preview_field=name)
    (job,) = emulated.reader.list_jobs().jobs
    assert [asset.field for asset in job.assets if asset.kind is AssetKind.PREVIEW_PAGE] == [name]


def test_a_failed_job_is_a_good_answer_about_a_job_that_ended(emulated: Emulated) -> None:
    emulated.account.put_job(A, bodies.failed())
    detail = emulated.reader.get(A)
    assert detail is not None
    assert (detail.job.status, detail.job.is_terminal) == (JobStatus.FAILED, True)


def test_a_job_that_was_made_goes_from_in_progress_to_completed(emulated: Emulated) -> None:
    emulated.account.clock(stands=True)
    answer = call(emulated.account, "/v2/video/render", "POST", body={})
    made = JobId(answer.json()["data"]["jobId"])
    states = []
    for _ in range(2):
        detail = emulated.reader.get(made)
        assert detail is not None
        states.append((detail.job.status, detail.job.is_terminal))
        emulated.account.clock(advance_s=20)
    assert states == [(JobStatus.IN_PROGRESS, False), (JobStatus.COMPLETED, True)]


UNKNOWN = ["404", "5000-in-200", "5000-in-400", "5000-in-404", "5000-in-500"]


@pytest.mark.parametrize("form", UNKNOWN)
def test_an_unknown_job_is_none_in_every_form(emulated: Emulated, form: str) -> None:
    emulated.account.switch(unknown_job=form)
    assert emulated.reader.get(A) is None


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_wait_that_is_asked_for_is_kept_and_the_call_succeeds(emulated: Emulated, form: str) -> None:
    emulated.account.switch(retry_after=form)
    emulated.account.put_job(A, bodies.image())
    emulated.account.fault("get", "429")
    assert emulated.reader.get(A) is not None
    assert [request["status"] for request in emulated.account.requests()] == [429, 200]


@pytest.mark.parametrize("word", ["429", "500", "502", "503", "reset", "cut"])
def test_a_read_goes_on_after_passing_trouble(emulated: Emulated, word: str) -> None:
    emulated.account.put_job(A, bodies.image())
    emulated.account.fault("get", word)
    assert emulated.reader.get(A) is not None


# -- clean


def test_a_clean_is_done_and_the_job_says_so(emulated: Emulated) -> None:
    emulated.account.put_job(A, bodies.image())
    assert emulated.cleaner.clean(proof(A)) is CleanAnswer.DONE
    detail = emulated.reader.get(A)
    assert detail is not None
    assert detail.job.status is JobStatus.CLEANED
    assert emulated.account.cleaned() == {A}


def test_a_failed_job_may_be_cleaned(emulated: Emulated) -> None:
    emulated.account.put_job(A, bodies.failed())
    assert emulated.cleaner.clean(proof(A)) is CleanAnswer.DONE


@pytest.mark.parametrize(("form", "answer"), [("success", CleanAnswer.DONE), ("404", CleanAnswer.GONE)])
def test_a_second_clean_is_harmless_in_both_forms(emulated: Emulated, form: str, answer: CleanAnswer) -> None:
    emulated.account.put_job(A, bodies.image())
    emulated.account.switch(second_clean=form)
    assert [emulated.cleaner.clean(proof(A)) for _ in range(2)] == [CleanAnswer.DONE, answer]


@pytest.mark.parametrize("form", ["400", "409", "success-false"])
def test_the_clean_of_a_running_job_is_refused_in_every_form(emulated: Emulated, form: str) -> None:
    emulated.account.put_job(A, {"status": "in-progress"})
    emulated.account.switch(clean_in_progress=form)
    assert emulated.cleaner.clean(proof(A)) is CleanAnswer.REFUSED
    assert emulated.account.cleaned() == set()


@pytest.mark.parametrize("form", UNKNOWN)
def test_the_clean_of_an_unknown_job_finds_nothing_in_every_form(emulated: Emulated, form: str) -> None:
    emulated.account.switch(unknown_job=form)
    assert emulated.cleaner.clean(proof(A)) is CleanAnswer.GONE


@pytest.mark.parametrize("form", ["cleaned", "404"])
def test_a_cleaned_job_is_cleaned_or_gone(emulated: Emulated, form: str) -> None:
    emulated.account.put_job(A, bodies.image())
    emulated.account.switch(cleaned_get=form)
    emulated.cleaner.clean(proof(A))
    detail = emulated.reader.get(A)
    assert (detail is None) == (form == "404")


@pytest.mark.parametrize(("form", "listed"), [("listed", 1), ("hidden", 0)])
def test_cleaned_jobs_are_listed_or_not(emulated: Emulated, form: str, listed: int) -> None:
    emulated.account.put_job(A, bodies.image())
    emulated.account.switch(cleaned_jobs=form)
    emulated.cleaner.clean(proof(A))
    assert len(emulated.reader.list_jobs().jobs) == listed


@pytest.mark.parametrize(
    ("word", "is_cleaned"),
    [("503", False), ("reset", False), ("429", False), ("reset-after-commit", True), ("500-after-commit", True)],
)
def test_a_clean_without_an_answer_is_sent_once_and_left_to_be_looked_up(
    emulated: Emulated, word: str, is_cleaned: bool
) -> None:
    emulated.account.put_job(A, bodies.image())
    emulated.account.fault("clean", word)
    with pytest.raises(ServiceError):
        emulated.cleaner.clean(proof(A))
    assert len(emulated.account.writes()) == 1
    assert emulated.account.cleaned() == ({A} if is_cleaned else set())


def test_the_service_may_clean_by_itself(emulated: Emulated) -> None:
    emulated.account.clock(stands=True)
    emulated.account.put_job(A, bodies.image())
    emulated.account.switch(retention_s=86_400)
    emulated.account.clock(advance_s=86_400)
    (job,) = emulated.reader.list_jobs().jobs
    assert job.status is JobStatus.CLEANED
    assert emulated.account.writes() == []


def test_results_join_to_jobs_even_where_each_reading_signs_its_links_anew(emulated: Emulated) -> None:
    emulated.account.reset(jobs=60)
    plain = created_dates(emulated.reader.list_jobs().jobs, StudioLists(emulated.calls).result_dates().dates)
    assert plain
    emulated.account.reset(jobs=60, signed_links_s=600)
    jobs = emulated.reader.list_jobs().jobs
    emulated.account.clock(advance_s=60)
    dates = StudioLists(emulated.calls).result_dates().dates
    shown = {asset.address for job in jobs for asset in job.assets}
    assert dates
    assert not shown & set(dates)
    assert created_dates(jobs, dates) == plain


def test_the_dates_of_two_jobs_with_one_address_are_nobody_s(emulated: Emulated) -> None:  # I4
    one = {**bodies.image(), "url": "https://files.invalid/one.png"}
    emulated.account.put_job(A, one, kind="image")
    emulated.account.put_job(B, bodies.image(), kind="image")
    dates = StudioLists(emulated.calls).result_dates().dates
    assert set(created_dates(emulated.reader.list_jobs().jobs, dates)) == {A, B}
    emulated.account.put_job(B, one, kind="image")
    dates = StudioLists(emulated.calls).result_dates().dates
    assert created_dates(emulated.reader.list_jobs().jobs, dates) == {}
