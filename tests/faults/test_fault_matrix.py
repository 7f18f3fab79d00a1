"""The fault matrix: every kind of file, every bad download that is known, every kind of store; no silent loss (I15).

Each case is one job with one file.  Either the bag holds what the service's truth says, or the file is refused with
the evidence that the table names, and nothing stands in the archive under a final name.
"""

import re
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from bench.compare.bad_downloads import CHANGED, FAULTS, FILES, UNTOLD, Fault
from reconciler.archive.archiver import BagArchiver
from reconciler.archive.download import Downloader
from reconciler.archive.stores import BagStore
from reconciler.archive.stores.clouds import open_bucket
from reconciler.archive.stores.local import LocalStore
from reconciler.archive.stores.spool import Spool
from reconciler.core.desired import SecondRead, Store
from reconciler.core.job import AssetForm, JobId
from reconciler.core.secret import Secret
from reconciler.emulator.faults import WORDS
from reconciler.errors import ArchiveError
from reconciler.pictory.assets import AI_FILE, NARRATION, TABLE
from reconciler.pictory.calls import ApiCalls
from reconciler.pictory.credentials import RawKey
from reconciler.pictory.pacing import Pacer
from reconciler.pictory.reader import PictoryReader
from tests.support.bodies import job_id
from tests.support.emulator import EmulatedAccount, emulator_in_this_process
from tests.support.s3_server import KEY, S3Server
from tests.support.values import NOON

JOB = job_id(1)

NO_END = "nothing shows that it is whole"
TOLD_CUT = {
    "mp4": "reaches beyond the end",
    "mp3": "reaches beyond the end|its head counts|" + NO_END,
    "jpg": "no end marker",
    "png": "reaches beyond the end",
    "srt": NO_END + "|cut",
    "vtt": NO_END + "|cut",
    "txt": NO_END,
}
HAS_AN_END = {"mp4", "jpg", "png"}
"""Kinds whose own structure shows their end, so that they can be taken without a length."""


def expected(fault: Fault, extension: str) -> str:
    if fault.word == "cut-no-length":
        return TOLD_CUT[extension]
    if fault.word == "no-length":
        return "" if extension in HAS_AN_END else NO_END
    return fault.told


class AtNoon:
    def now(self) -> datetime:
        return NOON


@pytest.fixture(scope="module")
def account() -> Iterator[EmulatedAccount]:
    with emulator_in_this_process() as account:
        yield account


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with S3Server() as server:
        yield server


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BagStore:
    if request.param == "folder":
        return LocalStore("file:./archive", tmp_path / "archive")
    server: S3Server = request.getfixturevalue("server")
    bucket = f"bucket-{uuid.uuid4().hex[:12]}"
    server.make_bucket(bucket)
    for name, text in KEY.items():
        monkeypatch.setenv(name, text)
    asked = Store(address=f"s3://{bucket}/archive", endpoint=server.endpoint)
    return open_bucket(asked, Spool(tmp_path / "spool"), patience_s=5, user_agent="a test")


def refusal_of(account: EmulatedAccount, store: BagStore, data: dict[str, object], script: str) -> str:
    """Archive a job of this body while the script runs; give why it was refused, or make sure that its bag is true."""
    account.reset()
    account.put_job(JOB, {"status": "completed", **data})
    account.fault("asset", script)
    with (
        ApiCalls(account.api, RawKey(Secret(account.key)), Pacer(1000)) as calls,
        Downloader(user_agent="a test", patience_s=0.1, pause=lambda _seconds: None) as downloader,
    ):
        detail = PictoryReader(calls).get(JobId(JOB))
        assert detail is not None
        archiver = BagArchiver(
            (store,),
            copies=1,
            second_read=SecondRead.WHEN_NO_CHECKSUM,
            downloader=downloader,
            clock=AtNoon(),
            account="acme",
            tool="a test",
        )
        try:
            receipt = archiver.archive(detail).receipt
        except ArchiveError as refused:
            assert list(store.names("")) == [], "nothing under a final name"
            return refused.message
    truth = {file["sha256"] for file in account.truth()[JOB]["files"].values()}
    archived = {file.sha256 for file in store.read_back(receipt.bag) if "/assets/" in file.path}
    assert (archived, len(archived)) == (truth, 1), "a silent loss"
    return ""


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.word)
@pytest.mark.parametrize("file", FILES)
def test_a_bad_download_that_never_gets_better_is_refused_with_its_evidence(
    account: EmulatedAccount, store: BagStore, file: str, fault: Fault
) -> None:  # I15
    extension, data = FILES[file]
    told = refusal_of(account, store, data, f"{fault.word}*")
    pattern = expected(fault, extension)
    assert re.search(pattern, told) if pattern else told == "", told


@pytest.mark.parametrize("word", [*(fault.word for fault in FAULTS), *CHANGED])
@pytest.mark.parametrize("file", FILES)
def test_a_bad_download_that_comes_once_is_refused_or_made_good_and_never_lost(
    account: EmulatedAccount, store: BagStore, file: str, word: str
) -> None:  # I15
    told = refusal_of(account, store, FILES[file][1], word)
    if word in CHANGED:
        assert re.search("two readings of it differ|damaged|its first bytes|is not UTF-8|no mp3 frame", told), told


@pytest.mark.parametrize("word", ["flip", "flip-no-etag"])
@pytest.mark.parametrize("file", [file for file in FILES if file.endswith("png")])
def test_a_changed_picture_with_checksums_of_its_own_is_refused_though_every_reading_is_equal(
    account: EmulatedAccount, store: BagStore, file: str, word: str
) -> None:  # I15
    assert "checksum of the png chunk" in refusal_of(account, store, FILES[file][1], f"{word}*")


def test_every_word_of_the_asset_host_that_ends_soon_is_in_the_matrix() -> None:
    slow = {"stall", "stall-midway", "drip"}
    assert set(WORDS["asset"]) - slow - UNTOLD - {"ok"} == {
        *(fault.word for fault in FAULTS if not fault.word.isdigit()),
        *CHANGED,
    }


def test_every_file_of_the_table_of_assets_is_in_the_matrix() -> None:
    fields = {field.name for field in (*TABLE, *AI_FILE.values(), NARRATION) if field.form is AssetForm.FILE}
    named = {name if name != "renderParams" else NARRATION.name for _, data in FILES.values() for name in data}
    assert fields - named == {"outputUrl", "thumbnailImageUrl"}, "other spellings of a video and of a thumbnail"
