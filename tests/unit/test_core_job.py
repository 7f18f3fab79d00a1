"""The fingerprint names a job's facts, whatever call they were read on."""

from dataclasses import replace
from typing import TypedDict

import pytest

from reconciler.core.job import Asset, AssetForm, AssetKind, JobStatus, JobType, fingerprint
from tests.support.values import VIDEO, job

PAGE = Asset(
    kind=AssetKind.SHARE_PAGE,
    form=AssetForm.PAGE,
    field="videoShareURL",
    extension="",
    address="https://video.invalid/1/2",
)
TEXT = Asset(kind=AssetKind.TXT, form=AssetForm.INLINE, field="txt", extension="txt", content="sha256:" + "7" * 64)


class Facts(TypedDict, total=False):
    """What the name is of, as far as it differs from a finished render with a video, a page and a text."""

    job_type: JobType
    status: JobStatus
    word: str
    assets: tuple[Asset, ...]
    unlisted: tuple[str, ...]


def name(
    job_type: JobType = JobType.RENDER,
    status: JobStatus = JobStatus.COMPLETED,
    word: str = "completed",
    assets: tuple[Asset, ...] = (VIDEO, PAGE, TEXT),
    unlisted: tuple[str, ...] = ("a", "b"),
) -> str:
    return fingerprint(job_type, status, word, assets, unlisted)


def moved(asset: Asset, address: str) -> Asset:
    return replace(asset, address=address)


SAME: dict[str, Facts] = {
    "the order of assets": {"assets": (TEXT, PAGE, VIDEO)},
    "the order of unlisted fields": {"unlisted": ("b", "a")},
    "a signature in an address": {"assets": (moved(VIDEO, VIDEO.address + "?X-Sig=1&e=2"), PAGE, TEXT)},
    "a fragment": {"assets": (moved(VIDEO, VIDEO.address + "#t=3"), PAGE, TEXT)},
}
OTHER: dict[str, Facts] = {
    "the type": {"job_type": JobType.VIDEO},
    "the status": {"status": JobStatus.FAILED},
    "the status word": {"word": "Completed"},
    "an asset less": {"assets": (VIDEO, PAGE)},
    "another path": {"assets": (moved(VIDEO, "https://files.invalid/b.mp4"), PAGE, TEXT)},
    "another host": {"assets": (moved(VIDEO, "https://other.invalid/a.mp4"), PAGE, TEXT)},
    "another scheme": {"assets": (moved(VIDEO, "http://files.invalid/a.mp4"), PAGE, TEXT)},
    "another page": {"assets": (VIDEO, moved(PAGE, "https://video.invalid/1/3"), TEXT)},
    "other content": {"assets": (VIDEO, PAGE, replace(TEXT, content="sha256:" + "8" * 64))},
    "another kind": {"assets": (replace(VIDEO, kind=AssetKind.AUDIO), PAGE, TEXT)},
    "another form": {"assets": (VIDEO, replace(PAGE, form=AssetForm.FILE), TEXT)},
    "another field": {"assets": (replace(VIDEO, field="outputUrl"), PAGE, TEXT)},
    "an unlisted field more": {"unlisted": ("a", "b", "c")},
    "an asset twice": {"assets": (VIDEO, VIDEO, PAGE, TEXT)},
}


@pytest.mark.parametrize("facts", SAME.values(), ids=SAME.keys())
def test_what_differs_at_every_reading_is_not_in_the_name(facts: Facts) -> None:
    assert name(**facts) == name()


@pytest.mark.parametrize("facts", OTHER.values(), ids=OTHER.keys())
def test_every_fact_is_in_the_name(facts: Facts) -> None:  # I5
    assert name(**facts) != name()


def test_the_name_is_what_it_always_was() -> None:
    """An archive made before an upgrade must still be found after it."""
    assert name() == "sha256:65449afaf3379949f59f5c596e25ffb2cdfb98ec6372d197600601936050ac80"


def test_an_address_that_no_parser_takes_still_names_itself() -> None:
    broken = moved(VIDEO, "http://[half")
    assert name(assets=(broken,)) == name(assets=(broken,)) != name(assets=(moved(VIDEO, "http://[other"),))


def test_a_job_has_ended_when_it_is_done_or_has_failed() -> None:
    assert [status for status in JobStatus if job(status=status).is_terminal] == [
        JobStatus.COMPLETED,
        JobStatus.FAILED,
    ]


def test_an_archive_holds_files_and_inline_content_and_no_pages() -> None:
    assert job(assets=(VIDEO, PAGE, TEXT)).copies_needed == (VIDEO, TEXT)
    assert [job(assets=held).needs_copies for held in ((), (PAGE,), (PAGE, VIDEO), (TEXT,))] == [
        False,
        False,
        True,
        True,
    ]
