"""The fault matrix: every file of a job, every bad download, every program that fetches, on one faulty server.

Each bad download comes at every request for the file, and in a row of its own at the first request alone.  What the
service has is taken from the emulator's truth; what a program says, from its exit code or its report.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from bench.compare.account import Job, Json
from bench.compare.bad_downloads import CHANGED, FAULTS, FILES
from bench.compare.emulated import Emulated
from bench.compare.fetching import FETCHERS, Fetcher
from bench.compare.programs import HERE, Place, write_retention

AT_ONCE = 16
"""Files that a peer fetches at a time: most of their time is waiting before another try."""
OUR_FLAGS = ("--patience", "2", "--parallelism", "8", "--max-failures", "1000")
"""Without them ours tries each file that never gets better for a minute."""
NO_JOB = "00000000-0000-4000-8000-000000000000"
"""A job to retain, since a file that retains none is refused; the account has none of this id."""
OF_AI_VIDEO = {"previewImageUrl", "lastFrameImageUrl"}
OF_OTHERS = {"url", "renderParams"}
"""Fields of jobs that are no render: a picture's, a preview's."""
SAMPLE, OURS = "download_then_clean.py", "reconciler"


class Fate(Enum):
    """What became of one file."""

    WHOLE = "got whole"
    FAILED = "said that it failed"
    LOST = "silent loss"


@dataclass(frozen=True, slots=True)
class Row:
    """A bad download, and whether it comes at every request or at the first alone."""

    word: str
    is_lasting: bool

    @property
    def script(self) -> str:
        """Give it in the emulator's words."""
        return f"{self.word}*" if self.is_lasting else self.word

    def subjects(self) -> tuple["Subject", ...]:
        """Give a job for each kind of file."""
        return tuple(_subject(f"{self.script} {file}", data) for file, (_, data) in FILES.items())


@dataclass(frozen=True, slots=True)
class Subject:
    """A job and its file that comes badly, by the end of the file's address.  Whatever else it has comes well."""

    job: Job
    ending: str

    @property
    def job_id(self) -> str:
        """Give the job's id."""
        return self.job.job_id


def _subject(name: str, data: Json) -> Subject:
    """Make a job of one file, and of a film beside it where a job without one would be none that the service makes.

    The film of a render stands where the sample programs look for it.
    """
    (ending,) = re.findall(r'"asset:([^"]+)"', json.dumps(data))
    others = {field: told for field, told in data.items() if field != "videoURL"}
    if not OF_AI_VIDEO.isdisjoint(data):
        others |= {"url": "asset:videos/film.mp4", "duration": "8s"}
    elif OF_OTHERS.isdisjoint(data):
        others |= {"outputUrl": data.get("videoURL", "asset:VIDEO/film.mp4")}
    return Subject(Job(name, "job", {"status": "completed", **others}), ending)


ROWS = (
    *(Row(fault.word, is_lasting=True) for fault in FAULTS),
    *(Row(word, is_lasting=False) for word in (*(fault.word for fault in FAULTS), *CHANGED)),
)

Cell = Counter[Fate]
"""How many files of a row met which fate."""
Column = dict[Row, Cell]
Matrix = dict[str, Column]
"""By the program's name."""
Fates = Mapping[str, Fate]
"""By the job's id."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What a program meets: the jobs of all rows, where each one's file that comes badly is, and a place to run in."""

    service: Emulated
    place: Place
    addresses: Mapping[str, str]
    """By the job's id."""


Run = Callable[[Scene], Fates]


def measure(service: Emulated, fetchers: Sequence[Fetcher] = FETCHERS, rows: Sequence[Row] = ROWS) -> Matrix:
    """Run every program that this machine has over every row."""
    runs: dict[str, Run] = {each.name: _by(each) for each in fetchers if each.is_here}
    runs |= {SAMPLE: _by_sample, OURS: _by_ours}
    return {name: _column(service, run, rows) for name, run in runs.items()}


def _column(service: Emulated, run: Run, rows: Sequence[Row]) -> Column:
    made = {row: row.subjects() for row in rows}
    service.fresh([subject.job for each in made.values() for subject in each], (), page_size=100)
    addresses = {}
    for row, subjects in made.items():
        for subject in subjects:
            addresses[subject.job_id] = service.address_of(subject.job, subject.ending)
            service.fault("asset", row.script, urlsplit(addresses[subject.job_id]).path)
    with TemporaryDirectory(prefix="matrix-") as folder:
        place = Place(Path(folder), service)
        place.out.mkdir()
        fates = run(Scene(service, place, addresses))
    return {row: Counter(fates[subject.job_id] for subject in subjects) for row, subjects in made.items()}


# -- a program that is given the address of the one file


def _by(fetcher: Fetcher) -> Run:
    def run(scene: Scene) -> Fates:
        truth = scene.service.truth()

        def one(job_id: str) -> Fate:
            address, path = scene.addresses[job_id], scene.place.out / job_id
            if not fetcher.fetch(address, path):
                return Fate.FAILED
            wanted = truth[job_id]["files"][urlsplit(address).path]["sha256"]
            return Fate.WHOLE if path.is_file() and _sha256(path) == wanted else Fate.LOST

        with ThreadPoolExecutor(AT_ONCE) as pool:
            return dict(zip(scene.addresses, pool.map(one, scene.addresses), strict=True))

    return run


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# -- programs that are given jobs, fetch and clean


def _by_sample(scene: Scene) -> Fates:
    """Run it over all jobs; where one ends it, run it again from the next one on."""
    left, refused = list(scene.addresses), set()
    while left:
        code = scene.place.run(str(HERE / SAMPLE), str(scene.place.out), *left).returncode
        truth = scene.service.truth()
        left = [job_id for job_id in left if truth[job_id]["cleaned_by"] is None]
        if code == 0 and left:
            raise SystemExit(f"{SAMPLE} left {left[0]} and said nothing of it")
        refused.update(left[:1])
        left = left[1:]
    return _fates(scene, refused)


def _by_ours(scene: Scene) -> Fates:
    write_retention(scene.place, (NO_JOB,), max_jobs=len(scene.addresses))
    scene.place.run("-m", "reconciler", "plan", "--out", "plan.json", fine=[0])
    apply = ("-m", "reconciler", "apply", "plan.json", "--json", *OUR_FLAGS)
    told = scene.place.run(*apply, fine=[0, 3])
    report: dict[str, Any] = json.loads(told.stdout)
    failed = {result["job"] for result in report["results"] if result["outcome"] == "failed"}
    return _fates(scene, failed if told.returncode == 3 else set())


def _fates(scene: Scene, refused: set[str]) -> Fates:
    """A job that was cleaned, or of which nothing was said, must have all its files in the output folder."""
    truth = scene.service.truth()
    copies: dict[str, set[str]] = {job_id: set() for job_id in scene.addresses}
    for path in scene.place.out.rglob("*"):
        for part in path.relative_to(scene.place.out).parts if path.is_file() else ():
            copies.get(part.removesuffix(".mp4"), set()).add(_sha256(path))

    def one(job_id: str) -> Fate:
        if job_id in refused and truth[job_id]["cleaned_by"] is None:
            return Fate.FAILED
        needed = {file["sha256"] for file in truth[job_id]["files"].values()}
        return Fate.WHOLE if needed <= copies[job_id] else Fate.LOST

    return {job_id: one(job_id) for job_id in scene.addresses}
