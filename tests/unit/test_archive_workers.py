"""What the coordinator makes of a worker's words: receipts that hold and receipts that do not (I1, I15)."""

import dataclasses
import json
import os
import pickle
import shutil
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from threading import Event
from time import sleep as time_passes
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.archive.bandwidth import UNLIMITED, divided, timetable
from reconciler.archive.stores.local import LocalStore
from reconciler.archive.workers import answers
from reconciler.archive.workers.answers import Answer, Crashed
from reconciler.archive.workers.checking import ReceiptCheck
from reconciler.archive.workers.dask import DaskWorkers
from reconciler.archive.workers.errands import Errand, done
from reconciler.archive.workers.making import Making, stores_there
from reconciler.archive.workers.tokens import tokens_in, unseen
from reconciler.core.desired import SecondRead, Store
from reconciler.core.job import JobId
from reconciler.core.receipt import VerifiedReceipt
from reconciler.core.secret import Secret
from reconciler.engine.ports import JobDetail
from reconciler.engine.talk import silent
from reconciler.errors import ArchiveError, LinkRefused, StoreNotWritable, WorkersLost
from reconciler.pictory.calls import ApiCalls
from reconciler.pictory.credentials import RawKey
from reconciler.pictory.pacing import Pacer
from reconciler.pictory.reader import PictoryReader
from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.values import NOON

A, B, C, D = JOBS = [job_id(number) for number in range(1, 5)]
STORES = (Store(address="file:./archive"), Store(address="file:./second"))
Tampering = Callable[["Copied"], None]


@dataclass(frozen=True)
class AtNoon:
    def now(self) -> datetime:
        return NOON


@dataclass
class Place:
    """An account, and workers' errands done in this process."""

    folder: Path
    details: dict[str, JobDetail]
    emulator: EmulatorProcess

    @property
    def making(self) -> Making:
        return Making(
            stores=STORES,
            beside=str(self.folder),
            copies=2,
            second_read=SecondRead.WHEN_NO_CHECKSUM,
            account="acme",
            tool="a test",
            user_agent="a test",
            patience_s=1.0,
            clock=AtNoon(),
        )

    def check(self) -> ReceiptCheck:
        stores = tuple(LocalStore(store.address, self.folder / store.address[5:]) for store in STORES)
        return ReceiptCheck(stores, copies=2, tool="a test", pause=lambda _seconds: None)

    def answer(self, *jobs: str) -> bytes:
        errand = Errand(making=self.making, details=tuple(self.details[job] for job in jobs))
        return done(errand, self.folder / "scratch", "tcp://there:1")

    def workers(self, answer: Callable[[Errand], object], threads_there: int = 1) -> DaskWorkers:
        return DaskWorkers(Told(answer), self.making, self.check(), threads_there=threads_there, note=silent)


@dataclass
class Told:
    """A cluster whose workers do what a test says."""

    tell: Callable[[Errand], object]

    def answer(self, errand: Errand) -> object:
        return self.tell(errand)


@dataclass
class Copied:
    """A job that a worker has copied: its receipt's text, and its bag in the first store."""

    statement: dict[str, Any]
    bag: Path
    receipt: Path


@pytest.fixture
def place(emulator: EmulatorProcess, tmp_path: Path) -> Place:
    for job in JOBS:
        emulator.put_job(job, bodies.render())
    with ApiCalls(emulator.api, RawKey(Secret(emulator.key)), Pacer(1000)) as calls:
        read = {job: PictoryReader(calls).get(JobId(job)) for job in JOBS}
    return Place(tmp_path, {job: detail for job, detail in read.items() if detail}, emulator)


def test_a_receipt_that_holds_is_the_proof_of_both_copies(place: Place) -> None:
    (statement,) = answers.read(place.answer(A), most=1).jobs
    assert isinstance(statement, bytes)
    proof = place.check().proof(statement, place.details[A])
    assert (proof.receipt.job_id, proof.copies, len(proof.read_backs)) == (A, 2, 2)
    assert proof.receipt.verified_at == NOON


def test_a_job_that_was_copied_by_an_earlier_run_is_found_and_its_receipt_holds(place: Place) -> None:
    place.answer(A)
    downloads = len(place.emulator.requests())
    later = dataclasses.replace(place.making, clock=Later())
    answer = done(Errand(making=later, details=(place.details[A],)), place.folder / "another", "tcp://there:1")
    (statement,) = answers.read(answer, most=1).jobs
    assert isinstance(statement, bytes)
    place.check().proof(statement, place.details[A])
    assert len(place.emulator.requests()) == downloads


@dataclass(frozen=True)
class Later:
    def now(self) -> datetime:
        return datetime(2026, 4, 1, tzinfo=UTC)


def without_the_video(copied: Copied) -> None:
    at = [item["name"].endswith("video.mp4") for item in copied.statement["subject"]].index(True)
    del copied.statement["subject"][at], copied.statement["predicate"]["sizes"][at]


def with_another_hash(copied: Copied) -> None:
    at = [item["name"].endswith("video.mp4") for item in copied.statement["subject"]].index(True)
    copied.statement["subject"][at]["digest"]["sha256"] = "0" * 64


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def rewrite(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def told(**changes: object) -> Tampering:
    def change(copied: Copied) -> None:
        copied.statement["predicate"].update(changes)

    return change


FORGERIES: dict[str, tuple[Tampering, str]] = {
    "of other facts": (told(fingerprint="sha256:" + "0" * 64), "it is of another job"),
    "of another job": (told(job=B), "it is of another job"),
    "of a job that is a number": (told(job=1), "int for a text"),
    "without the video": (without_the_video, "data/assets/video.mp4 is missing in it"),
    "with another hash": (with_another_hash, "video.mp4 is not what the manifest says"),
    "for one store of two": (told(stores=["file:./archive"]), "1 of 2 copies"),
    "for one store twice": (told(stores=["file:./archive"] * 2), "it names other stores"),
    "for no store": (told(stores=[]), "0 of 2 copies"),
    "for a store nobody named": (told(stores=["file:./archive", "file:/tmp"]), "it names other stores"),
    "with lengths in words": (lambda copied: told(sizes=["1"] * len(copied.statement["subject"]))(copied), "a length"),
    "with evidence in numbers": (told(evidence=[{"file": 1, "told": 2}]), "int for a text"),
    "at no time": (told(verified_at="yesterday"), "does not hold"),
    "of a bag that is not there": (lambda copied: shutil.rmtree(copied.bag), "the bag is not there"),
    "of a video that is cut": (
        lambda copied: os.truncate(copied.bag / "data/assets/video.mp4", 100),
        "data/assets/video.mp4 is not what was archived",
    ),
    "of a video that is gone": (lambda copied: (copied.bag / "data/assets/video.mp4").unlink(), "files and not"),
    "of one file too many": (lambda copied: (copied.bag / "more").touch(), "files and not"),
    "of a manifest with other words": (
        lambda copied: flip(copied.bag / "manifest-sha256.txt"),
        "manifest-sha256.txt is not what the receipt says",
    ),
    "that nobody wrote down": (lambda copied: copied.receipt.unlink(), "its receipt is not there"),
    "that was written down otherwise": (
        lambda copied: rewrite(copied.receipt, copied.receipt.read_text().replace('"sizes":[', '"sizes":[1')),
        "its receipt there: it names other files",
    ),
    "that cannot be read where it is": (
        lambda copied: rewrite(copied.receipt, "x"),
        "its receipt there: it cannot be read",
    ),
    "of a first bag with a flipped byte": (
        lambda copied: flip(copied.bag / "data/assets/video.mp4"),
        "copied by a worker, is not whole: data/assets/video.mp4",
    ),
}


@pytest.mark.parametrize(("tamper", "why"), FORGERIES.values(), ids=FORGERIES)
def test_a_receipt_that_does_not_hold_is_no_proof(place: Place, tamper: Tampering, why: str) -> None:
    (statement,) = answers.read(place.answer(A), most=1).jobs
    assert isinstance(statement, bytes)
    read = json.loads(statement)
    archive = place.folder / "archive"
    receipt = next((archive / "receipts" / A).iterdir())
    tamper(copied := Copied(read, archive / read["predicate"]["bag"], receipt))
    with pytest.raises(ArchiveError, match=why):
        place.check().proof(json.dumps(copied.statement).encode(), place.details[A])


def test_bags_are_read_whole_until_one_was_whole(place: Place) -> None:
    statements = answers.read(place.answer(A, B, C), most=3).jobs
    archive, check = place.folder / "archive", place.check()
    for job in (A, B):
        for video in (archive / "jobs" / job).rglob("video.mp4"):
            flip(video)

    def proof(number: int, job: str) -> VerifiedReceipt:
        statement = statements[number]
        assert isinstance(statement, bytes)
        return check.proof(statement, place.details[job])

    for number, job in ((0, A), (1, B)):
        with pytest.raises(ArchiveError, match="is not whole"):
            proof(number, job)
    assert proof(2, C).receipt.job_id == C
    assert proof(1, B).receipt.job_id == B, (
        "what the worker read is believed from then on: verify finds what rots later"
    )


# -- who meets whom


def test_a_bag_that_another_worker_put_there_meanwhile_is_used(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that was given up for dead may still publish, just before the one that was asked in its place."""
    publish, late = LocalStore.publish, [True]

    def after_another(store: LocalStore, workplace: Path, name: str) -> None:
        if late and late.pop():
            publish_of_another(store, workplace, name)
        publish(store, workplace, name)

    def publish_of_another(store: LocalStore, workplace: Path, name: str) -> None:
        copy = store.workplace("another")
        shutil.copytree(workplace, copy, dirs_exist_ok=True)
        publish(store, copy, name)

    monkeypatch.setattr(LocalStore, "publish", after_another)
    (statement,) = answers.read(place.answer(A), most=1).jobs
    assert isinstance(statement, bytes), statement
    place.check().proof(statement, place.details[A])


def test_a_folder_is_the_same_only_where_the_token_is_seen(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    with tokens_in(STORES, here) as tokens:
        assert unseen(tokens, here, lambda _seconds: None) == ""
        assert "file:./archive is another folder there" in unseen(tokens, there, lambda _seconds: None)
        shutil.copytree(here / "archive", there / "archive")
        assert "file:./second is another folder there" in unseen(tokens, there, lambda _seconds: None)
    assert not [path for path in here.rglob("*") if path.is_file()]


def test_a_worker_that_sees_another_folder_answers_so_and_writes_nothing(place: Place, tmp_path: Path) -> None:
    with tokens_in(STORES, tmp_path / "elsewhere") as tokens:
        making = dataclasses.replace(place.making, tokens=tokens)
        answer = done(Errand(making=making, details=(place.details[A],)), tmp_path / "scratch", "tcp://there:1")
    (error,) = answers.read(answer, most=1).jobs
    assert isinstance(error, WorkersLost)
    assert "the worker tcp://there:1 may not copy: the store file:./archive is another folder there" in error.message
    assert not (place.folder / "archive").exists()


def test_no_secret_of_this_process_travels(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:  # I11
    from reconciler.core.desired import DesiredState
    from reconciler.desired.reader import parse_desired
    from reconciler.wiring import Settings, copying_there

    for name in ("PICTORY_API_KEY", "PICTORY_CLIENT_SECRET", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "the-canary")
    text = b"version: 1\naccount: acme\notherwise: clean\nretain: [a]\narchive: {stores: ['s3://acme']}\n"
    desired: DesiredState = parse_desired(text, "retention.yaml")
    making = copying_there(Settings(file=tmp_path / "retention.yaml"), desired)
    travels = pickle.dumps(Errand(making=making, details=tuple(place.details.values())))
    assert b"the-canary" not in travels
    assert place.emulator.key.encode() not in travels
    assert A.encode() in travels


def test_what_one_worker_left_unfinished_no_other_takes_up(place: Place) -> None:
    """A worker given up for dead, on another machine, may still write there, whatever a lock says here."""
    (one, _), (other, _) = (stores_there(place.making, place.folder / "spool") for _ in range(2))
    workplace = one.workplace("a")
    (workplace / "film").touch()
    one.leave(workplace)
    assert other.take_up("a") is None
    assert one.take_up("a") == workplace


# -- batches


def results(workers: DaskWorkers, place: Place, jobs: list[str]) -> list["Future[VerifiedReceipt]"]:
    copies = [workers.begin(place.details[job]) for job in jobs]
    for copy in copies:
        copy.exception(timeout=60)
    return copies


def test_how_many_may_be_asked_for_follows_from_how_small_they_are(place: Place) -> None:
    took = iter([1] * 8 + [60_000])

    def answer(errand: Errand) -> bytes:
        told = json.loads(done(errand, place.folder / "scratch", "there"))
        return json.dumps({**told, "milliseconds": next(took)}).encode()

    with place.workers(answer, threads_there=3) as workers:
        assert workers.at_once == 3
        for _ in range(8):
            results(workers, place, [A])
        assert workers.at_once >= 3 * 2 * 8
        results(workers, place, [A])
        assert workers.at_once == 3, "a large film shows at once"


def batched(place: Place, answer: Callable[[Errand], object]) -> list["Future[VerifiedReceipt]"]:
    """Have A and B copied, and C and D as one batch meanwhile, once it is known that jobs are small."""
    begun, sizes = Event(), []

    def learnt(errand: Errand) -> object:
        sizes.append(len(errand.details))
        if len(sizes) > 10:
            return answer(errand)
        begun.wait(timeout=60 if len(sizes) > 8 else 0)
        answered = json.loads(done(errand, place.folder / "scratch", "there"))
        return json.dumps({**answered, "milliseconds": 1}).encode()

    with place.workers(learnt) as workers:
        for _ in range(8):
            results(workers, place, [A])
        copies = []
        for number, job in enumerate((A, B), start=9):
            copies.append(workers.begin(place.details[job]))
            while len(sizes) < number:
                time_passes(0.01)
        copies += [workers.begin(place.details[job]) for job in (C, D)]
        begun.set()
        for copy in copies:
            copy.exception(timeout=60)
    assert sizes[10] == 2
    return copies


def test_a_task_that_crashes_is_asked_for_job_by_job(place: Place) -> None:
    def answer(errand: Errand) -> object:
        if C in [detail.job.id for detail in errand.details]:
            raise Crashed("KilledWorker")
        return done(errand, place.folder / "scratch", "there")

    a, b, c, d = batched(place, answer)
    assert [a.exception(), b.exception(), d.exception()] == [None] * 3
    assert isinstance(c.exception(), ArchiveError)
    assert "no worker could copy" in str(c.exception())


def test_what_a_worker_gives_back_is_asked_for_again(place: Place) -> None:
    asked: list[int] = []

    def answer(errand: Errand) -> object:
        asked.append(len(errand.details))
        return done(dataclasses.replace(errand, details=errand.details[:1]), place.folder / "scratch", "there")

    assert [copy.exception() for copy in batched(place, answer)] == [None] * 4
    assert asked == [2, 1]


def test_a_cluster_that_is_lost_fails_all_that_are_asked_of_it(place: Place) -> None:
    def answer(_errand: Errand) -> object:
        raise WorkersLost("the connection is lost")

    with place.workers(answer, threads_there=2) as workers:
        errors = [copy.exception() for copy in results(workers, place, JOBS)]
    assert all(isinstance(error, StoreNotWritable) for error in errors)


def test_a_mistake_of_ours_reaches_whoever_waits(place: Place) -> None:
    def answer(_errand: Errand) -> object:
        raise AssertionError("a mistake")

    with place.workers(answer) as workers:
        (copy,) = results(workers, place, [A])
    assert isinstance(copy.exception(), AssertionError)


# -- answers

TEXTS = st.text(max_size=20)
ERRORS = st.sampled_from([ArchiveError, StoreNotWritable, LinkRefused, WorkersLost])
TOLD = st.binary(max_size=20).map(lambda content: content.hex().encode()) | st.builds(
    lambda kind, message, hint: kind(message, hint=hint), ERRORS, TEXTS, TEXTS
)


@given(st.lists(TOLD, min_size=1, max_size=4), st.lists(TEXTS, max_size=2))
def test_an_answer_is_read_as_it_was_written(jobs: list[bytes | ArchiveError], notes: list[str]) -> None:
    read = answers.read(answers.written(Answer(jobs=tuple(jobs), notes=tuple(notes), seconds=1.5)), most=4)
    assert (read.notes, read.seconds) == (tuple(notes), 1.5)
    for came, was in zip(read.jobs, jobs, strict=True):
        if isinstance(was, ArchiveError):
            assert isinstance(came, ArchiveError)
            assert (type(came), came.message, came.hint) == (type(was), was.message, was.hint)
        else:
            assert came == was


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["jobs", "notes", "milliseconds", "statement", "kind", "x"]), inner, max_size=4
        )
    ),
)


@given(JSON)
def test_what_is_no_answer_is_refused_and_nothing_else_happens(content: object) -> None:
    try:
        answers.read(json.dumps(content).encode(), most=2)
    except ValueError:
        return


@pytest.mark.parametrize(
    "content", [None, "text", {"jobs": []}, b"", b"{}", b'{"jobs":[],"notes":[],"milliseconds":0}']
)
def test_no_answer_is_none(content: object) -> None:
    with pytest.raises(ValueError, match=r"answer|Expecting|jobs"):
        answers.read(content, most=1)


def test_a_limit_is_divided_among_the_processes() -> None:
    assert divided(timetable("off"), 3) is UNLIMITED
    limits = divided(timetable("08:00,2M 22:00,off"), 4)
    assert limits.rate_at(time(9)) == 2 * 1024**2 / 4
    assert limits.rate_at(time(23)) is None
