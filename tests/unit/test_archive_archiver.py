"""From a job to a proved bag, against real downloads; and every way in which an older bag is not taken (I1, I15)."""

import dataclasses
import hashlib
import json
import os
import resource
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import bagit
import pytest
from jsonschema import Draft7Validator

from reconciler.archive.archiver import BagArchiver
from reconciler.archive.bag import close_bag
from reconciler.archive.download import Downloader
from reconciler.archive.names import bag_name
from reconciler.archive.stores.local import LocalStore
from reconciler.archive.verifier import StoreVerifier
from reconciler.core.desired import SecondRead
from reconciler.core.job import JobId
from reconciler.core.receipt import Receipt, VerifiedReceipt
from reconciler.core.secret import Secret
from reconciler.engine.copies import BagState, Reading
from reconciler.engine.ports import JobDetail
from reconciler.engine.talk import Say, silent
from reconciler.errors import ArchiveError, StoreNotWritable
from reconciler.pictory.calls import ApiCalls
from reconciler.pictory.credentials import RawKey
from reconciler.pictory.pacing import Pacer
from reconciler.pictory.reader import PictoryReader
from reconciler.published_schemas import schema
from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.values import NOON

A, B = job_id(1), job_id(2)


class AtNoon:
    def now(self) -> datetime:
        return NOON


@dataclass
class Place:
    """An account, an archive, and an archiver between them."""

    emulator: EmulatorProcess
    root: Path
    reader: PictoryReader
    downloader: Downloader

    @property
    def store(self) -> LocalStore:
        return LocalStore("file:./archive", self.root)

    def archiver(
        self,
        *stores: LocalStore,
        copies: int = 1,
        second_read: SecondRead = SecondRead.WHEN_NO_CHECKSUM,
        say: Say = silent,
    ) -> BagArchiver:
        return BagArchiver(
            stores or (self.store,),
            copies=copies,
            second_read=second_read,
            downloader=self.downloader,
            clock=AtNoon(),
            account="acme",
            tool="a test",
            say=say,
        )

    def detail(self, job: str = A) -> JobDetail:
        read = self.reader.get(JobId(job))
        assert read is not None
        return read

    def archive(self, job: str = A) -> VerifiedReceipt:
        return self.archiver().archive(self.detail(job))

    def bag(self, proof: VerifiedReceipt) -> Path:
        return self.root / proof.receipt.bag

    def downloads(self) -> int:
        return sum(request["port"] == "asset" for request in self.emulator.requests())


@pytest.fixture
def place(emulator: EmulatorProcess, tmp_path: Path) -> Iterator[Place]:
    emulator.put_job(A, bodies.render())
    with (
        ApiCalls(emulator.api, RawKey(Secret(emulator.key)), Pacer(1000)) as calls,
        Downloader(user_agent="a test", patience_s=1, pause=lambda _seconds: None) as downloader,
    ):
        yield Place(emulator, tmp_path / "archive", PictoryReader(calls), downloader)


# -- a new bag


def test_a_bag_holds_every_asset_the_body_and_the_pages(place: Place) -> None:  # I1
    proof = place.archive()
    bag = place.bag(proof)
    assert {path.relative_to(bag).as_posix() for path in bag.rglob("*") if path.is_file()} == {
        *("bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt"),
        *("data/job.json", "data/pages.json"),
        *("data/assets/video.mp4", "data/assets/audio.mp3", "data/assets/thumbnail.jpg"),
        *("data/assets/subtitles-srt.srt", "data/assets/subtitles-vtt.vtt", "data/assets/subtitles-txt.txt"),
    }
    held = {file["sha256"] for file in place.emulator.truth()[A]["files"].values()}
    assert held <= {hashlib.sha256(path.read_bytes()).hexdigest() for path in bag.rglob("*") if path.is_file()}
    assert (bag / "data" / "job.json").read_bytes() == place.detail().body
    assert json.loads((bag / "data" / "pages.json").read_text())[0]["kind"] == "share-page"


def test_inline_content_becomes_files_of_its_own(place: Place) -> None:  # I1
    place.emulator.put_job(B, bodies.transcription("Grüße."))
    bag = place.bag(place.archive(B))
    assert (bag / "data" / "subtitles-txt.txt").read_text("utf-8") == "Grüße."
    assert (bag / "data" / "subtitles-vtt.vtt").read_text("utf-8").startswith("WEBVTT")
    assert json.loads((bag / "data" / "transcript.json").read_text())[0]["words"][0]["word"] == "Grüße."


def test_two_assets_of_one_kind_have_a_file_each(place: Place) -> None:  # I1
    place.emulator.put_job(B, bodies.render(outputUrl="asset:VIDEO/other.mp4", srt="1\n00:00:00,0 --> 00:00:01,0\nx\n"))
    names = {path.name for path in place.bag(place.archive(B)).rglob("*")}
    assert {"video.mp4", "video-2.mp4", "subtitles-srt.srt"} <= names


HOSTILE_IDS = ["../../x", "line\nExternal-Identifier: other", "\x1b[31m", "ü", "x" * 3000, " "]


@pytest.mark.parametrize("job", HOSTILE_IDS, ids=range(len(HOSTILE_IDS)))
def test_a_bag_of_a_hostile_id_passes_the_bagit_library(place: Place, job: str) -> None:  # I12
    place.emulator.put_job(job, bodies.transcription())
    bag = bagit.Bag(str(place.bag(place.archive(job))))
    assert bag.validate()
    assert isinstance(bag.info["External-Identifier"], str), "one id, not two"
    assert bag.info["Source-Organization"] == "acme"


def test_the_receipt_file_is_an_in_toto_statement_over_every_file(place: Place) -> None:
    proof = place.archive()
    (path,) = (place.root / "receipts").rglob("*.json")
    statement = json.loads(path.read_bytes())
    assert list(Draft7Validator(schema("receipt.v1.json")).iter_errors(statement)) == []
    assert {subject["name"]: subject["digest"]["sha256"] for subject in statement["subject"]} == {
        f"{proof.receipt.bag}/{file.path}": file.sha256 for file in proof.receipt.files
    }
    for subject in statement["subject"]:
        content = (place.root / subject["name"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == subject["digest"]["sha256"]
    evidence = {told["file"]: told["told"] for told in statement["predicate"]["evidence"]}
    assert "as declared; begins as mp4; ETag is its MD5; mp4 boxes end at byte" in evidence["data/assets/video.mp4"]


@pytest.mark.parametrize("word", ["403*", "html*", "cut*", "zero*"])
def test_a_bag_that_could_not_be_filled_leaves_nothing(place: Place, word: str) -> None:  # I15
    place.emulator.fault("asset", word, "/image/")
    with pytest.raises(ArchiveError, match=r"^the thumbnail|could not be fetched"):
        place.archive()
    assert [path for path in place.root.rglob("*") if path.is_file()] == []


def large(place: Place) -> None:
    """Make the video worth going on with, and all that comes after it."""
    place.emulator.put_job(B, bodies.render(), sizes={"VIDEO/film.mp4": 3_000_000})


def statuses(place: Place, of: str) -> list[int]:
    return [
        request["status"] for request in place.emulator.requests() if of in request["path"] and B in request["path"]
    ]


def test_the_next_attempt_goes_on_with_what_came_before_another_file_failed(place: Place) -> None:
    large(place)
    place.emulator.fault("asset", "503*", "/image/")
    with pytest.raises(ArchiveError, match="could not be fetched"):
        place.archive(B)
    assert not (place.root / "jobs").exists()
    place.emulator.clear_faults()
    proof = place.archive(B)
    assert statuses(place, "/VIDEO/") == [200, 304]
    assert list((place.root / ".partial").iterdir()) == []
    bagit.Bag(str(place.bag(proof))).validate()


class EndsAtThePicture:
    """A watch that fails as all does in a thread whose process ends."""

    def expect(self, _jobs: int, _size: int | None) -> None: ...

    def ended(self) -> None: ...

    @contextmanager
    def coming(self, name: str, _size: int | None, _there: int) -> Iterator[Callable[[int], None]]:
        if name.endswith(".jpg"):
            raise RuntimeError("cannot schedule new futures after shutdown")
        yield lambda _count: None


def test_what_came_before_a_process_that_ends_is_gone_on_with(place: Place) -> None:  # I8
    large(place)
    with Downloader(user_agent="a test", watch=EndsAtThePicture()) as downloader:
        ending = dataclasses.replace(place, downloader=downloader)
        with pytest.raises(RuntimeError, match="after shutdown"):
            ending.archive(B)
    place.archive(B)
    assert statuses(place, "/VIDEO/") == [200, 304]


def test_what_was_refused_is_not_gone_on_with(place: Place) -> None:  # I15
    large(place)
    place.emulator.fault("asset", "flip", "/VIDEO/")
    with pytest.raises(ArchiveError, match="is refused"):
        place.archive(B)
    assert [path for path in place.root.rglob("*") if path.is_file()] == []
    place.archive(B)
    assert statuses(place, "/VIDEO/")[-1] == 200


def test_what_another_run_is_at_is_left_alone(place: Place) -> None:  # I8
    large(place)
    store = place.store
    name = bag_name(B, place.detail(B).job.fingerprint).replace("/", "-")
    others = store.workplace(name)
    (others / "bag").mkdir()
    (others / "bag" / "theirs").write_text("at work")
    place.archive(B)
    assert (others / "bag" / "theirs").read_text() == "at work"


def test_half_made_files_that_a_crash_left_are_no_part_of_the_bag(place: Place) -> None:  # I8
    store = place.store
    left = store.workplace(bag_name(A, place.detail(A).job.fingerprint).replace("/", "-"))
    for path in ("data/assets/video.mp4", "data/assets/other.bin", "data/job.json", "manifest-sha256.txt"):
        (left / "bag" / path).parent.mkdir(parents=True, exist_ok=True)
        (left / "bag" / path).write_text("half")
    store.leave(left)
    proof = place.archive(A)
    assert all("other.bin" not in file.path for file in proof.receipt.files)
    bagit.Bag(str(place.bag(proof))).validate()


# -- what others put into unfinished work


@dataclass
class Left:
    """What a run left of B, whose video is there; and a folder of somebody else's."""

    folder: Path
    elsewhere: Path

    @property
    def video(self) -> Path:
        return self.folder / "bag" / "data" / "assets" / "video.mp4"

    @property
    def notes(self) -> Path:
        return self.folder / "notes" / "video.mp4.json"

    def led_elsewhere(self, path: Path) -> None:
        """Put a link in the place of something, which is elsewhere now."""
        path.rename(self.elsewhere / path.name)
        path.symlink_to(self.elsewhere / path.name)

    def content_elsewhere(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.elsewhere.rglob("*") if path.is_file()}


@pytest.fixture
def left(place: Place, tmp_path: Path) -> Left:
    large(place)
    place.emulator.fault("asset", "503*", "/image/")
    with pytest.raises(ArchiveError, match="could not be fetched"):
        place.archive(B)
    place.emulator.clear_faults()
    (folder,) = (place.root / ".partial").iterdir()
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "sub").mkdir(parents=True)
    (elsewhere / "sub" / "theirs").write_text("theirs")
    return Left(folder, elsewhere)


def _a_link_for_new_notes(left: Left) -> None:
    (left.elsewhere / "passwords").write_text("theirs")
    left.video.write_bytes(b"cut off")
    left.notes.with_suffix(".new").symlink_to(left.elsewhere / "passwords")


def _a_second_name(left: Left) -> None:
    half = left.video.read_bytes()[:1_500_000]
    left.video.write_bytes(half)
    noted = json.loads(left.notes.read_bytes())
    left.notes.write_text(json.dumps({**noted, "size": len(half), "sha256": hashlib.sha256(half).hexdigest()}))
    os.link(left.video, left.elsewhere / "theirs.mp4")


def _a_file_that_is_not_wanted(left: Left) -> None:
    shutil.copy(left.notes, left.notes.with_name("other.mp4.json"))
    shutil.copy(left.video, left.video.with_name("other.mp4"))


def _in_place_of(path: Path) -> Path:
    """Remove what is at a path."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    return path


PLANTED: dict[str, Callable[[Left], object]] = {
    "the folder is a link": lambda left: left.led_elsewhere(left.folder),
    "the bag is a link": lambda left: left.led_elsewhere(left.folder / "bag"),
    "the notes are below a link": lambda left: left.led_elsewhere(left.folder / "notes"),
    "a folder of the bag is a link": lambda left: left.led_elsewhere(left.folder / "bag" / "data"),
    "the file is a link": lambda left: left.led_elsewhere(left.video),
    "its notes are a link": lambda left: left.led_elsewhere(left.notes),
    "new notes are a link": _a_link_for_new_notes,
    "the file has a second name": _a_second_name,
    "a link to a folder": lambda left: (left.folder / "bag" / "other").symlink_to(left.elsewhere),
    "a link to nowhere": lambda left: (left.folder / "bag" / "other").symlink_to("nowhere"),
    "a fifo in the bag": lambda left: os.mkfifo(left.folder / "bag" / "other"),
    "a fifo for the file": lambda left: os.mkfifo(_in_place_of(left.video)),
    "a fifo for its notes": lambda left: os.mkfifo(_in_place_of(left.notes)),
    "a folder for the file": lambda left: _in_place_of(left.video).mkdir(),
    "a folder for its notes": lambda left: _in_place_of(left.notes).mkdir(),
    "an empty folder": lambda left: (left.folder / "bag" / "data" / "empty").mkdir(),
    "a noted file that the job has not": _a_file_that_is_not_wanted,
    "a file for the notes": lambda left: _in_place_of(left.folder / "notes").touch(),
    "a file for the bag": lambda left: _in_place_of(left.folder / "bag").touch(),
    "a name with a line break": lambda left: (left.folder / "bag" / "data" / "a\nb  c").write_text("x"),
}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no fifos on this system")
@pytest.mark.parametrize("plant", PLANTED.values(), ids=PLANTED.keys())
def test_nothing_that_others_put_into_unfinished_work_leads_out_of_it_or_into_the_bag(
    place: Place, left: Left, plant: Callable[[Left], object]
) -> None:  # I12, I15
    plant(left)
    before = left.content_elsewhere()
    proof = place.archive(B)
    assert left.content_elsewhere() == before
    bag = place.bag(proof)
    assert all(stat.S_ISREG(path.lstat().st_mode) or path.is_dir() for path in bag.rglob("*"))
    assert not any(path.is_symlink() for path in [bag, *bag.rglob("*")])
    assert {path.relative_to(bag).as_posix() for path in bag.rglob("*") if path.is_file()} == {
        *("bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt", "data/job.json"),
        *("data/pages.json", *(f"data/assets/{name}" for name in FILES_OF_A_RENDER)),
    }
    bagit.Bag(str(bag)).validate()


FILES_OF_A_RENDER = (
    *("video.mp4", "audio.mp3", "thumbnail.jpg"),
    *("subtitles-srt.srt", "subtitles-vtt.vtt", "subtitles-txt.txt"),
)


@pytest.mark.skipif(sys.platform == "win32", reason="no owners of files there")
def test_what_another_user_left_stays_theirs_and_stops_nobody(place: Place, left: Left) -> None:
    with tempfile.TemporaryDirectory() as folder:  # which any user may pass through, unlike pytest's
        place.root = Path(folder)
        theirs = shutil.copytree(left.folder, place.root / ".partial" / left.folder.name)
        before = {path: path.read_bytes() for path in theirs.rglob("*") if path.is_file()}
        place.detail(B)
        with as_one_who_may_not_write(theirs):
            proof = place.archive(B)
            assert len(proof.receipt.files) == 12
        assert {path: path.read_bytes() for path in theirs.rglob("*") if path.is_file()} == before


@contextmanager
def as_one_who_may_not_write(folder: Path) -> Iterator[None]:
    """Be somebody to whom the folders around this one belong, but not this one."""
    is_root = os.geteuid() == 0
    nobody = 65534 if is_root else os.geteuid()
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    for path in (folder.parent, folder.parent.parent):
        os.chown(path, nobody, -1)
    if is_root:
        os.seteuid(nobody)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        for path in (folder, *(each for each in folder.rglob("*") if each.is_dir())):
            path.chmod(0o755)


# -- a second reading


def told_of_video(proof: VerifiedReceipt) -> str:
    return dict(proof.receipt.evidence)["data/assets/video.mp4"]


def readings_of_video(place: Place) -> list[dict[str, str]]:
    return [request for request in place.emulator.requests() if "VIDEO" in request["path"] and "mp4" in request["path"]]


@pytest.mark.parametrize(
    ("setting", "word", "readings"),
    [
        (SecondRead.WHEN_NO_CHECKSUM, "ok", 1),
        (SecondRead.WHEN_NO_CHECKSUM, "no-etag*", 2),
        (SecondRead.WHEN_NO_CHECKSUM, "wrong-etag*", 2),
        (SecondRead.ALWAYS, "ok", 2),
        (SecondRead.NEVER, "no-etag*", 1),
        (SecondRead.NEVER, "wrong-etag*", 2),
    ],
    ids=str,
)
def test_a_file_is_read_a_second_time_where_that_is_asked_for_or_nothing_else_tells(
    place: Place, setting: SecondRead, word: str, readings: int
) -> None:  # I15
    place.emulator.fault("asset", word, "/VIDEO/")
    proof = place.archiver(second_read=setting).archive(place.detail())
    assert told_of_video(proof).endswith("; a second reading is equal") == (readings == 2)
    assert len(readings_of_video(place)) == readings


@pytest.mark.parametrize("script", ["flip-no-etag ok", "ok flip-no-etag", "no-etag flip-no-etag", "flip ok"])
def test_a_byte_that_was_changed_in_one_of_two_readings_refuses_the_file(place: Place, script: str) -> None:  # I15
    always = place.archiver(second_read=SecondRead.ALWAYS)
    place.emulator.fault("asset", script, "/VIDEO/")
    with pytest.raises(ArchiveError, match=r"the video from http.* is refused: two readings of it differ"):
        always.archive(place.detail())
    assert [path for path in place.root.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("path", ["data/assets/video.mp4", "data/job.json", "bag-info.txt"])
def test_what_lies_on_the_disk_otherwise_than_it_came_is_not_taken_now_or_later(
    place: Place, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:  # I1, I15
    def changed(workplace: Path, *arguments: Any, **more: Any) -> Any:
        closed = close_bag(workplace, *arguments, **more)
        flip(workplace / path)
        return closed

    monkeypatch.setattr("reconciler.archive.archiver.close_bag", changed)
    with pytest.raises(ArchiveError, match=f"could not be proved: {path} in file:./archive is not what was written"):
        place.archive()
    assert not list(place.root.rglob("*.intoto.json"))
    monkeypatch.undo()
    with pytest.raises(ArchiveError, match=f"is there already and is not whole: {path} is not what the manifest says"):
        place.archive()
    assert not list(place.root.rglob("*.intoto.json"))


# -- a bag that is there already


def test_the_same_facts_are_not_fetched_again(place: Place) -> None:
    first = place.archive()
    before = place.downloads()
    again = place.archive()
    assert place.downloads() == before
    assert again.receipt.files == first.receipt.files
    assert again.receipt.evidence == first.receipt.evidence


def test_other_facts_have_a_bag_of_their_own(place: Place) -> None:
    first = place.archive()
    place.emulator.put_job(A, bodies.render(txtFile=None))
    second = place.archive()
    assert first.receipt.bag != second.receipt.bag
    assert place.bag(first).exists()


def test_a_crash_between_bag_and_receipt_heals(place: Place) -> None:  # I8
    proof = place.archive()
    shutil.rmtree(place.root / "receipts")
    again = place.archive()
    assert again.receipt.files == proof.receipt.files
    assert len(list((place.root / "receipts").rglob("*.json"))) == 1


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def edit_receipt(bag: Path, **changes: object) -> None:
    (path,) = (bag.parents[2] / "receipts").rglob("*.json")
    read = json.loads(path.read_bytes())
    read["predicate"].update(changes)
    path.write_text(json.dumps(read))


def drop_from_both(bag: Path) -> None:
    """Take a file away together with its line in the manifest, and make the tag manifest fit again."""
    (bag / "data" / "assets" / "video.mp4").unlink()
    manifest = bag / "manifest-sha256.txt"
    manifest.write_text("".join(line for line in manifest.read_text().splitlines(True) if "video.mp4" not in line))
    tags = bag / "tagmanifest-sha256.txt"
    fresh = hashlib.sha256(manifest.read_bytes()).hexdigest()
    others = [line for line in tags.read_text().splitlines(keepends=True) if "manifest-sha256" not in line]
    tags.write_text("".join([*others, f"{fresh}  manifest-sha256.txt\n"]))


def empty(bag: Path) -> None:
    shutil.rmtree(bag)
    bag.mkdir()


def no_receipt(bag: Path) -> None:
    next((bag.parents[2] / "receipts").rglob("*.json")).write_text("{}")


def endless_receipt(bag: Path) -> None:
    next((bag.parents[2] / "receipts").rglob("*.json")).write_text("[" * 100_000)


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a changed bit": (
        lambda bag: flip(bag / "data/assets/video.mp4"),
        "data/assets/video.mp4 is not what the manifest",
    ),
    "a changed bit of the body": (lambda bag: flip(bag / "data/job.json"), "data/job.json is not what the manifest"),
    "a changed bit of the facts": (lambda bag: flip(bag / "bag-info.txt"), "bag-info.txt is not what the manifest"),
    "a file less": (lambda bag: (bag / "data/assets/video.mp4").unlink(), "data/assets/video.mp4 is missing"),
    "a file less, and no trace of it": (drop_from_both, "data/assets/video.mp4 is missing"),
    "a file more": (lambda bag: (bag / "data/extra").write_text("x"), "data/extra is in no manifest"),
    "no manifest": (lambda bag: (bag / "manifest-sha256.txt").unlink(), "manifest-sha256.txt is missing"),
    "no declaration": (lambda bag: (bag / "bagit.txt").unlink(), "bagit.txt is missing"),
    "an emptied manifest": (lambda bag: (bag / "manifest-sha256.txt").write_text(""), "manifest"),
    "an empty folder": (empty, "bag-info.txt is missing"),
    "a receipt of another job": (lambda bag: edit_receipt(bag, job=B), "is of another job"),
    "a receipt of other facts": (lambda bag: edit_receipt(bag, fingerprint="sha256:" + "0" * 64), "is of another job"),
    "a receipt of other sizes": (lambda bag: edit_receipt(bag, sizes=[1] * 12), "names other files"),
    "a receipt that is none": (no_receipt, "cannot be read"),
    "a receipt that nests without end": (endless_receipt, "cannot be read"),
}


@pytest.mark.parametrize(("damage", "told"), DAMAGES.values(), ids=DAMAGES.keys())
def test_a_bag_that_is_there_and_not_whole_is_no_proof(
    place: Place, damage: Callable[[Path], object], told: str
) -> None:  # I1, I15
    damage(place.bag(place.archive()))
    with pytest.raises(ArchiveError) as refused:
        place.archive()
    assert told in refused.value.message
    assert "is not whole" in refused.value.message
    assert "a bag is never overwritten" in refused.value.hint


# -- two stores


@pytest.fixture
def second(tmp_path: Path) -> LocalStore:
    return LocalStore("file:./second", tmp_path / "second")


@pytest.fixture(params=["file/archive", "file"])
def broken(request: pytest.FixtureRequest, tmp_path: Path) -> LocalStore:
    """A store whose folder cannot be made."""
    (tmp_path / "file").write_text("in the way")
    return LocalStore("file:./broken", tmp_path / str(request.param))


def files_below(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_store_gets_the_same_bag_and_receipt_from_one_download(
    place: Place, tmp_path: Path, second: LocalStore
) -> None:  # I1
    proof = place.archiver(place.store, second, copies=2).archive(place.detail())
    assert place.downloads() == len([file for file in proof.receipt.files if "/assets/" in file.path])
    assert files_below(tmp_path / "second") == files_below(place.root)
    assert proof.receipt.stores == ("file:./archive", "file:./second")
    verifier = StoreVerifier((place.store, second))
    assert all(verifier.look(proof.receipt, store, Reading.WHOLE).is_whole for store in proof.receipt.stores)


def test_a_bag_that_one_store_holds_is_copied_from_there_whichever_that_is(
    place: Place, tmp_path: Path, second: LocalStore
) -> None:  # I8
    first = place.archive()
    before = place.downloads()
    third = LocalStore("file:./third", tmp_path / "third")
    for stores in ((second, place.store), (place.store, third, second)):
        proof = place.archiver(*stores, copies=len(stores)).archive(place.detail())
        assert proof.receipt.files == first.receipt.files
        assert proof.receipt.stores == tuple(store.address for store in stores)
    assert place.downloads() == before
    shutil.rmtree(place.root)
    assert place.archiver(place.store, second, copies=2).archive(place.detail()).receipt.files == first.receipt.files
    assert place.downloads() == before


def test_a_store_that_takes_no_more_is_gone_without_and_said_where_enough_others_hold_the_bag(
    place: Place, second: LocalStore, broken: LocalStore
) -> None:  # I1
    for stores in ((place.store, broken), (broken, second), (place.store, broken, second)):
        lines: list[str] = []
        archiver = place.archiver(*stores, copies=len(stores) - 1, say=lines.append)
        proof = archiver.archive(place.detail())
        assert proof.receipt.stores == tuple(store.address for store in stores if store is not broken)
        (line,) = lines
        assert line.startswith("the store file:./broken cannot be ")
        assert line.endswith("; jobs go without a copy there, as archive.copies allows")


@pytest.mark.parametrize("order", [("good", "broken"), ("broken", "good")])
def test_a_store_that_takes_no_more_ends_the_run_where_its_copy_is_needed(
    place: Place, second: LocalStore, broken: LocalStore, order: tuple[str, str]
) -> None:  # I1
    stores = {"good": second, "broken": broken}
    with pytest.raises(StoreNotWritable, match=r"file:\./broken"):
        place.archiver(*(stores[each] for each in order), copies=2).archive(place.detail())


def test_two_stores_that_take_no_more_are_one_too_many(place: Place, tmp_path: Path, broken: LocalStore) -> None:  # I1
    other = LocalStore("file:./other", tmp_path / "file" / "other")
    with pytest.raises(StoreNotWritable, match=r"file:\./other"):
        place.archiver(place.store, broken, other, copies=2).archive(place.detail())


def test_a_copy_that_fails_midway_leaves_no_bag_behind(place: Place, tmp_path: Path, second: LocalStore) -> None:  # I8
    bag = place.bag(place.archive())
    allowed = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = (bag / "data" / "assets" / "video.mp4").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size - 1, allowed[1]))
    try:
        with pytest.raises(StoreNotWritable, match="File too large"):
            place.archiver(place.store, second, copies=2).archive(place.detail())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, allowed)
    assert files_below(tmp_path / "second") == {}
    assert place.archiver(place.store, second, copies=2).archive(place.detail()).receipt.stores[1] == second.address


def test_each_of_two_stores_is_read_back(place: Place, tmp_path: Path) -> None:  # I1
    bag = place.archive().receipt.bag
    shutil.copytree(place.root, tmp_path / "second")
    both = (place.store, LocalStore("file:./second", tmp_path / "second"))
    proof = place.archiver(*both, copies=2).archive(place.detail())
    assert [each.store for each in proof.read_backs] == ["file:./archive", "file:./second"]
    flip(tmp_path / "second" / bag / "data" / "assets" / "video.mp4")
    with pytest.raises(ArchiveError, match=r"video\.mp4 in file:\./second is not what was written"):
        place.archiver(*both, copies=2).archive(place.detail())


def test_more_copies_than_stores_are_never_proved(place: Place) -> None:  # I1
    with pytest.raises(ArchiveError, match="1 of 2 copies"):
        place.archiver(copies=2).archive(place.detail())


# -- reading it again


@pytest.fixture
def archived(place: Place) -> tuple[Place, Receipt]:
    return place, place.archive().receipt


def state(place: Place, receipt: Receipt) -> tuple[BagState, str]:
    check = StoreVerifier((place.store,)).look(receipt, receipt.stores[0], Reading.WHOLE)
    return check.state, check.problem


def test_an_untouched_bag_is_whole(archived: tuple[Place, Receipt]) -> None:
    assert state(*archived) == (BagState.WHOLE, "")


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda bag: flip(bag / "data/assets/video.mp4"), "data/assets/video.mp4 is not what was archived"),
        (lambda bag: flip(bag / "tagmanifest-sha256.txt"), "tagmanifest-sha256.txt is not what was archived"),
        (lambda bag: (bag / "data/job.json").unlink(), "data/job.json is missing"),
        (lambda bag: (bag / "data/extra").write_text("x"), "data/extra was put in"),
        (drop_from_both, "data/assets/video.mp4 is missing"),
    ],
)
def test_any_change_of_a_bag_is_damage(
    archived: tuple[Place, Receipt], damage: Callable[[Path], object], told: str
) -> None:  # I15
    place, receipt = archived
    damage(place.root / receipt.bag)
    assert state(place, receipt) == (BagState.DAMAGED, told)


def test_a_bag_or_store_that_is_not_there_is_missing(archived: tuple[Place, Receipt]) -> None:
    place, receipt = archived
    assert state(place, dataclasses.replace(receipt, stores=("file:./other",))) == (
        BagState.MISSING,
        "the file names this store no longer",
    )
    shutil.rmtree(place.root / receipt.bag)
    assert state(place, receipt) == (BagState.MISSING, "the bag is not there")
