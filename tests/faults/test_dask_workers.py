"""Copies by the workers of a Dask cluster: what they may do, and what the coordinator makes of it (I1, I8, I11)."""

import base64
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.dask_cluster import DaskCluster
from tests.support.emulator import EmulatorProcess
from tests.support.promise import a_minute_passes, check_promise, deletes, receipts
from tests.support.s3_server import S3Server
from tests.support.waiting import until
from tests.support.workplace import Ended, Workplace, kill_hard

A, B, C, D, E, F = JOBS = [job_id(number) for number in range(1, 7)]
A_WHILE = 400_000
"""Bytes that take a file of "drip" some two seconds and a half."""

TAMPERED = """
import json
from reconciler.archive.workers import cluster
from reconciler.archive.workers.errands import done as honest
def told(answer):
    return json.loads(answer)
def written(answer):
    return json.dumps(answer).encode()
def done(errand, scratch, worker):
    JOB = {job!r}
    if JOB not in [str(detail.job.id) for detail in errand.details]:
        return honest(errand, scratch, worker)
    {what}
cluster.done = done
"""


@dataclass
class Place:
    """A plan that would clean six renders, A first."""

    workplace: Workplace
    emulator: EmulatorProcess
    cluster: DaskCluster

    def apply(self, *more: str) -> Ended:
        return self.workplace.run("apply", "plan.json", "--workers", self.cluster.address, *more)

    def start(self) -> "subprocess.Popen[str]":
        return self.workplace.start("apply", "plan.json", "--json", "--workers", self.cluster.address)

    def until_asked_for(self, job: str) -> None:
        until(lambda: self.downloads(job), f"the video of {job} is on its way")

    def downloads(self, job: str) -> int:
        return sum(f"/{job}/VIDEO/" in each["path"] for each in self.emulator.requests() if each["port"] == "asset")

    def carries_on(self) -> None:
        """The next run, by threads, cleans whatever is left, and nothing was lost."""
        self.emulator.clear_faults()
        self.workplace.run("apply", "plan.json").expect(0)
        assert self.emulator.cleaned() == set(JOBS)
        assert [len(deletes(self.emulator, job)) for job in JOBS] == [1] * len(JOBS)
        check_promise(self.workplace, self.emulator)


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    with DaskCluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture
def cluster(scheduler: DaskCluster) -> Iterator[DaskCluster]:
    yield scheduler
    scheduler.end_workers()


@pytest.fixture
def place(workplace: Workplace, emulator: EmulatorProcess, cluster: DaskCluster) -> Place:
    for job in JOBS:
        emulator.put_job(job, bodies.render(), sizes={"VIDEO/film.mp4": A_WHILE})
    workplace.write_desired("keep-me")
    workplace.plan()
    return Place(workplace, emulator, cluster)


def outcomes(out: str) -> dict[str, tuple[str, str]]:
    return {result["job"]: (result["outcome"], result["detail"]) for result in json.loads(out)["results"]}


def write_stores(workplace: Workplace, *stores: str) -> None:
    file = workplace.folder / "retention.yaml"
    written = file.read_text(encoding="utf-8").replace('["file:./archive"]', json.dumps(stores))
    file.write_text(written, encoding="utf-8")


# -- good days


RECORDING = """
import os, pickle, uuid
from reconciler.archive.workers import cluster
from reconciler.archive.workers.errands import done as honest
def done(errand, scratch, worker):
    answer = honest(errand, scratch, worker)
    seen = pickle.dumps(errand) + answer + repr(sorted(os.environ.items())).encode()
    open({folder!r} + "/" + uuid.uuid4().hex, "wb").write(seen)
    return answer
cluster.done = done
"""


def test_two_workers_copy_into_a_folder_and_a_bucket_and_get_no_secret(place: Place, tmp_path: Path) -> None:
    """I1, I11: what travels holds neither the key of the service nor the credentials of the bucket."""
    seen = tmp_path / "seen"
    seen.mkdir()
    with S3Server() as server:
        server.make_bucket("acme")
        for _ in range(2):
            place.cluster.add_worker(preload=RECORDING.format(folder=str(seen)), environ=server.environ)
        own = {**server.environ, "AWS_SECRET_ACCESS_KEY": "another-half-than-theirs"}
        place.workplace.environ.update(own)
        write_stores(place.workplace, "file:./archive", "s3://acme")
        place.workplace.plan()
        ended = place.apply().expect(0)
        assert "copies by 2 workers with 2 threads" in ended.err
        assert place.emulator.cleaned() == set(JOBS)
        check_promise(place.workplace, place.emulator)
        local = {name: (place.workplace.folder / "archive" / name).read_bytes() for name in place.workplace.files()}
        assert local == {name: server.read("acme", name) for name in server.keys("acme")}
    travelled = b"".join(path.read_bytes() for path in seen.iterdir())
    assert all(job.encode() in travelled for job in JOBS), "the workers made the copies"
    assert place.emulator.key.encode() not in travelled
    assert b"another-half-than-theirs" not in travelled


def test_what_workers_copied_is_signed_here_and_the_key_does_not_travel(place: Place, tmp_path: Path) -> None:  # I11
    seen = tmp_path / "seen"
    seen.mkdir()
    place.cluster.add_worker(preload=RECORDING.format(folder=str(seen)))
    key = tmp_path / "key"
    secret = base64.b64encode(b"a key of acme that nobody else may have").decode()
    key.write_text(f"hmac-sha256:{secret}\n", encoding="ascii")
    key.chmod(0o600)
    arguments = ("archive", "--workers", place.cluster.address, "--signing-key", str(key), A, B)
    place.workplace.run(*arguments).expect(0)
    ended = place.workplace.run("verify", "--verify-key", str(key)).expect(0)
    assert "2 bags whole" in ended.out
    travelled = b"".join(path.read_bytes() for path in seen.iterdir())
    assert A.encode() in travelled
    assert b"a key of acme" not in travelled
    assert secret[:20].encode() not in travelled


def test_a_job_that_cannot_be_had_whole_stops_no_other(place: Place) -> None:  # I15
    place.cluster.add_worker()
    place.cluster.add_worker()
    place.emulator.fault("asset", "html*", f"/{C}/VIDEO/")
    results = outcomes(place.apply("--json").expect(3).out)
    assert [outcome for outcome, _ in results.values()] == ["cleaned", "cleaned", "failed"] + ["cleaned"] * 3
    assert "is refused" in results[C][1]
    place.carries_on()


def test_a_link_that_expired_is_asked_for_again(place: Place) -> None:
    place.cluster.add_worker()
    place.emulator.fault("asset", "403", f"/{B}/VIDEO/")
    place.apply().expect(0)
    assert place.emulator.cleaned() == set(JOBS)


# -- workers and schedulers that die


def test_a_worker_that_is_killed_midway_costs_a_second_download_and_no_more(place: Place) -> None:  # I1, I8
    first = place.cluster.add_worker()
    place.emulator.fault("asset", "drip", f"/{A}/VIDEO/")
    started = place.start()
    place.until_asked_for(A)
    place.cluster.add_worker()
    place.cluster.end(first)
    out, err = started.communicate(timeout=90)
    assert started.returncode == 0, f"{out}\n{err}"
    assert place.downloads(A) == 2
    assert [len(deletes(place.emulator, job)) for job in JOBS] == [1] * len(JOBS)
    check_promise(place.workplace, place.emulator)


def test_a_job_whose_workers_die_too_often_fails_alone(
    workplace: Workplace, emulator: EmulatorProcess, tmp_path_factory: pytest.TempPathFactory
) -> None:  # I1
    with DaskCluster(tmp_path_factory.mktemp("cluster"), allowed_failures=0) as cluster:
        for job in (A, B, C):
            emulator.put_job(job, bodies.render(), sizes={"VIDEO/film.mp4": A_WHILE})
        # Slow jobs go one by one: Dask also counts the death against a task that waits at the same worker.
        emulator.fault("asset", "drip*", f"/{A}/VIDEO/")
        workplace.write_desired("keep-me")
        workplace.plan()
        dies = "import os, signal\n    os.kill(os.getpid(), signal.SIGKILL)"
        cluster.add_worker(preload=TAMPERED.format(job=B, what=dies))
        started = workplace.start("apply", "plan.json", "--json", "--workers", cluster.address)
        until(lambda: A in emulator.cleaned(), "the canary is cleaned")
        cluster.add_worker()
        out, err = started.communicate(timeout=90)
        assert started.returncode == 3, f"{out}\n{err}"
        assert {job: outcome for job, (outcome, _) in outcomes(out).items()} == {
            A: "cleaned",
            B: "failed",
            C: "cleaned",
        }
        assert "no worker could copy" in outcomes(out)[B][1]
        assert "KilledWorker" in outcomes(out)[B][1]
    assert emulator.cleaned() == {A, C}
    check_promise(workplace, emulator)


def test_a_scheduler_that_is_lost_stops_the_run_and_the_next_carries_on(
    place: Place, tmp_path_factory: pytest.TempPathFactory
) -> None:  # I8
    with DaskCluster(tmp_path_factory.mktemp("lost")) as place.cluster:
        place.cluster.add_worker()
        place.emulator.fault("asset", "stall*", f"/{B}/VIDEO/")
        started = place.start()
        place.until_asked_for(B)
        place.cluster.end(place.cluster.scheduler)
        out, err = started.communicate(timeout=60)
    assert started.returncode == 8, f"{out}\n{err}"
    assert "Traceback" not in err
    assert "the connection to the Dask scheduler at" in outcomes(out)[B][1]
    assert place.emulator.cleaned() == {A}
    place.carries_on()


def test_when_the_last_worker_is_gone_the_run_ends(place: Place) -> None:
    worker = place.cluster.add_worker()
    place.emulator.fault("asset", "stall*", f"/{B}/VIDEO/")
    started = place.start()
    place.until_asked_for(B)
    place.cluster.end(worker)
    out, err = started.communicate(timeout=60)
    assert started.returncode == 8, f"{out}\n{err}"
    assert "has no workers any more" in outcomes(out)[B][1]
    place.carries_on()


def test_the_second_signal_waits_for_no_worker(place: Place) -> None:  # I8
    place.cluster.add_worker()
    place.emulator.fault("asset", "stall*", f"/{B}/VIDEO/")
    started = place.start()
    place.until_asked_for(B)
    started.send_signal(signal.SIGINT)
    assert started.stderr is not None
    until(lambda: "once more" in (started.stderr.readline() if started.stderr else ""), "the first signal is taken")
    started.send_signal(signal.SIGINT)
    _, err = started.communicate(timeout=15)
    assert started.returncode == 130, err
    assert "Traceback" not in err
    assert place.emulator.cleaned() == {A}
    place.carries_on()


def test_a_coordinator_that_is_killed_leaves_what_the_next_run_settles(place: Place) -> None:  # I8
    place.cluster.add_worker()
    place.emulator.fault("asset", "drip*", f"/{B}/VIDEO/")
    started = place.start()
    place.until_asked_for(B)
    kill_hard(started)
    assert place.emulator.cleaned() == {A}
    a_minute_passes(place.workplace)
    place.carries_on()


# -- workers that may not copy

HIDING = """
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "reconciler":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Hidden())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="one path that is another folder for each process needs /proc")
def test_a_worker_that_sees_another_folder_is_refused_by_name(place: Place, tmp_path: Path) -> None:
    write_stores(place.workplace, "file:/proc/self/cwd/archive")
    place.workplace.plan()
    place.cluster.add_worker(cwd=place.workplace.folder)
    place.apply("--help").expect(0)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    place.cluster.add_worker(cwd=elsewhere)
    ended = place.apply().expect(8)
    assert "the worker tcp://127.0.0.1:" in ended.err
    assert "may not copy: the store file:/proc/self/cwd/archive is another folder there" in ended.err
    assert place.emulator.cleaned() == set()
    assert list(elsewhere.iterdir()) == []
    assert place.workplace.files() == set(), "the token is gone"


@pytest.mark.skipif(sys.platform != "linux", reason="one path that is another folder for each process needs /proc")
def test_a_worker_that_comes_later_and_sees_another_folder_stops_the_run(place: Place, tmp_path: Path) -> None:  # I1
    write_stores(place.workplace, "file:/proc/self/cwd/archive")
    place.workplace.plan()
    first = place.cluster.add_worker(cwd=place.workplace.folder)
    place.emulator.fault("asset", "stall*", f"/{B}/VIDEO/")
    started = place.start()
    place.until_asked_for(B)
    place.cluster.add_worker(cwd=tmp_path.parent)
    place.cluster.end(first)
    out, err = started.communicate(timeout=60)
    assert started.returncode == 8, f"{out}\n{err}"
    assert "is another folder there" in outcomes(out)[B][1]
    assert place.emulator.cleaned() == {A}


@pytest.mark.parametrize(
    ("preload", "told"),
    [
        (HIDING, "it has no module reconciler"),
        ("import reconciler\nreconciler.__version__ = '0.0.1'\n", "it has pictory-reconciler 0.0.1, this is"),
    ],
    ids=["missing", "another version"],
)
def test_a_worker_without_this_program_is_refused_by_name(place: Place, preload: str, told: str) -> None:
    place.cluster.add_worker()
    place.cluster.add_worker(preload=preload)
    ended = place.apply().expect(8)
    assert f"may not copy: {told}" in ended.err
    assert "Traceback" not in ended.err
    assert place.emulator.cleaned() == set()


def test_a_worker_that_cannot_open_a_bucket_is_refused(place: Place) -> None:
    write_stores(place.workplace, "s3://acme")
    place.workplace.plan()
    place.cluster.add_worker(preload="import sys\nsys.modules['obstore'] = None\n")
    ended = place.apply().expect(8)
    assert "may not copy: archive.stores: s3://acme needs obstore, which is not installed" in ended.err


# -- receipts that do not hold


FORGERIES = {
    "of another job": (
        """answer = told(honest(errand, scratch, worker))
    for each in answer["jobs"]:
        each["statement"] = each["statement"].replace(JOB, JOB[:-1] + "9")
    return written(answer)""",
        "it is of another job",
    ),
    "of a video that is cut": (
        """import glob
    answer = honest(errand, scratch, worker)
    for path in glob.glob(errand.making.beside + "/archive/jobs/" + JOB + "/*/data/assets/video.mp4"):
        open(path, "r+b").truncate(100)
    return answer""",
        "data/assets/video.mp4 is not what was archived",
    ),
    "as an object": ("return {'jobs': ['all well']}", "no worker could copy"),
}


@pytest.mark.parametrize(("what", "told"), FORGERIES.values(), ids=FORGERIES)
def test_a_receipt_that_does_not_hold_cleans_nothing(place: Place, what: str, told: str) -> None:  # I1, I15
    place.cluster.add_worker(preload=TAMPERED.format(job=B, what=what))
    results = outcomes(place.apply("--json").expect(3).out)
    assert results[B][0] == "failed"
    assert told in results[B][1]
    assert place.emulator.cleaned() == set(JOBS) - {B}
    assert set(receipts(place.workplace)) == set(JOBS) - {B}


def test_the_first_bag_is_read_whole_by_the_coordinator(place: Place) -> None:  # I15
    flips = """import glob
    answer = honest(errand, scratch, worker)
    for path in glob.glob(errand.making.beside + "/archive/jobs/" + JOB + "/*/data/assets/video.mp4"):
        with open(path, "r+b") as file:
            file.seek(1000)
            file.write(b"!")
    return answer"""
    place.cluster.add_worker(preload=TAMPERED.format(job=A, what=flips))
    results = outcomes(place.apply("--json").expect(3).out)
    assert "copied by a worker, is not whole: data/assets/video.mp4" in results[A][1]
    assert place.emulator.cleaned() == set(JOBS) - {A}


def test_a_worker_that_meets_a_mistake_fails_that_job_alone(place: Place) -> None:
    place.cluster.add_worker(preload=TAMPERED.format(job=D, what="raise RuntimeError('secret words')"))
    ended = place.apply("--json").expect(3)
    results = outcomes(ended.out)
    assert results[D] == ("failed", f"no worker could copy {D}: RuntimeError")
    assert "secret words" not in ended.out + ended.err
    assert place.emulator.cleaned() == set(JOBS) - {D}


# -- what cannot be used


@pytest.mark.parametrize("address", ["dask://", "tcp://127.0.0.1:8786", "dask://host", "dask://me@host:1", "lots"])
def test_an_address_that_is_none_is_refused(workplace: Workplace, address: str) -> None:
    workplace.write_desired("keep-me")
    workplace.plan()
    ended = workplace.run("apply", "plan.json", extra={"RECONCILER_WORKERS": address}).expect(64)
    assert f"--workers '{address}' is neither threads nor dask://HOST:PORT" in ended.err


def test_a_scheduler_that_is_not_there_is_told_before_anything_is_asked(
    workplace: Workplace, emulator: EmulatorProcess
) -> None:
    emulator.put_job(A, bodies.render())
    workplace.write_desired("keep-me")
    workplace.plan()
    emulator.forget_requests()
    ended = workplace.run("apply", "plan.json", "--workers", "dask://127.0.0.1:9").expect(8)
    assert "the Dask scheduler at 127.0.0.1:9 cannot be reached" in ended.err
    assert "Traceback" not in ended.err
    assert [each for each in emulator.requests() if each["port"] != "control"] == []


def test_a_scheduler_without_workers_is_told(place: Place) -> None:
    ended = place.apply().expect(8)
    assert "has no workers" in ended.err


def test_without_the_extra_it_says_what_to_install(workplace: Workplace) -> None:
    workplace.write_desired("keep-me")
    workplace.plan()
    (workplace.folder / "distributed.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'distributed'\", name='distributed')\n"
    )
    environ = {"PYTHONPATH": str(workplace.folder)}
    ended = workplace.run("apply", "plan.json", "--workers", "dask://127.0.0.1:9", extra=environ).expect(64)
    assert "needs dask and distributed, and distributed is not installed" in ended.err
    assert "pip install 'pictory-reconciler[dask]'" in ended.err
