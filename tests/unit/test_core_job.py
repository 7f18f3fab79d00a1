"""The fingerprint names a job's facts, whatever call they were read on."""

from dataclasses import replace

import pytest

from reconciler.core.job import Asset, AssetForm, AssetKind, JobStatus, JobType, fingerprint
from tests.support.values import VIDEO

PAGE = Asset(
    kind=AssetKind.SHARE_PAGE,
    form=AssetForm.PAGE,
    field="videoShareURL",
    extension="",
    address="https://video.invalid/1/2",
)
TEXT = Asset(kind=AssetKind.TXT, form=AssetForm.INLINE, field="txt", extension="txt", content="sha256:" + "7" * 64)


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


SAME = {
    "the order of assets": name(assets=(TEXT, PAGE, VIDEO)),
    "the order of unlisted fields": name(unlisted=("b", "a")),
    "a signature in an address": name(assets=(moved(VIDEO, VIDEO.address + "?X-Sig=1&e=2"), PAGE, TEXT)),
    "a fragment": name(assets=(moved(VIDEO, VIDEO.address + "#t=3"), PAGE, TEXT)),
}
OTHER = {
    "the type": name(job_type=JobType.VIDEO),
    "the status": name(status=JobStatus.FAILED),
    "the status word": name(word="Completed"),
    "an asset less": name(assets=(VIDEO, PAGE)),
    "another path": name(assets=(moved(VIDEO, "https://files.invalid/b.mp4"), PAGE, TEXT)),
    "another host": name(assets=(moved(VIDEO, "https://other.invalid/a.mp4"), PAGE, TEXT)),
    "another scheme": name(assets=(moved(VIDEO, "http://files.invalid/a.mp4"), PAGE, TEXT)),
    "another page": name(assets=(VIDEO, moved(PAGE, "https://video.invalid/1/3"), TEXT)),
    "other content": name(assets=(VIDEO, PAGE, replace(TEXT, content="sha256:" + "8" * 64))),
    "another kind": name(assets=(replace(VIDEO, kind=AssetKind.AUDIO), PAGE, TEXT)),
    "another field": name(assets=(replace(VIDEO, field="outputUrl"), PAGE, TEXT)),
    "an unlisted field more": name(unlisted=("a", "b", "c")),
    "an asset twice": name(assets=(VIDEO, VIDEO, PAGE, TEXT)),
}


@pytest.mark.parametrize("other", SAME.values(), ids=SAME.keys())
def test_what_differs_at_every_reading_is_not_in_the_name(other: str) -> None:
    assert other == name()


@pytest.mark.parametrize("other", OTHER.values(), ids=OTHER.keys())
def test_every_fact_is_in_the_name(other: str) -> None:  # I5
    assert other != name()


def test_an_address_that_no_parser_takes_still_names_itself() -> None:
    broken = moved(VIDEO, "http://[half")
    assert name(assets=(broken,)) == name(assets=(broken,)) != name(assets=(moved(VIDEO, "http://[other"),))
