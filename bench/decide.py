"""The decision beside a plain evaluator of the same rules, and over a million jobs read from a ledger.

Ours and the plain evaluator run in turn on the same jobs; the million is read from SQLite, row by row, in a process of
its own, so that its peak of memory is its own.
"""

import os
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

from reconciler.core.canonical import utc_text, utc_time
from reconciler.core.desired import DesiredState, GroupKey, Keep, Limits, Otherwise, RetainRule, Scope, Store
from reconciler.core.job import KNOWN_TYPES, Asset, AssetForm, AssetKind, Job, JobId, JobStatus, JobType
from reconciler.core.memory import KnownJob, LedgerView
from reconciler.core.retention import decide, decide_over
from reconciler.core.selectors import AllOf, IdIn, NameLike, NotOf, StatusIn, TypeIn
from reconciler.core.subjects import Subject
from reconciler.core.times import LISTS_LAG_AT_MOST, Made
from reconciler.core.verdicts import Released

RUNS = 5
DAY = timedelta(days=1)
AS_OF = datetime(2026, 3, 1, 12, tzinfo=UTC)
TYPES = [JobType.RENDER] * 6 + [JobType.PREVIEW] * 3 + [JobType.TRANSCRIPTION]
STATUSES = [JobStatus.COMPLETED] * 9 + [JobStatus.FAILED]
ROW = tuple[int, str, str, str, str, str, str, str, int]

VIDEO = Asset(kind=AssetKind.VIDEO, form=AssetForm.FILE, field="videoURL", extension="mp4", address="https://f/a.mp4")


def ruled() -> DesiredState:
    """Twenty rules of every kind: names, types, groups, counts, periods, spans, ids."""
    renders, completed = TypeIn(frozenset({JobType.RENDER})), StatusIn(frozenset({JobStatus.COMPLETED}))
    rules = [
        RetainRule(
            name=f"newest-{number}",
            selector=AllOf((renders, completed, NameLike((f"product-{number}-*",)))),
            keep=Keep(last=3, monthly=6),
            group_by=(GroupKey.NAME,),
        )
        for number in range(12)
    ]
    rules += [
        RetainRule(name=f"launch-{number}", selector=IdIn(frozenset({JobId(f"job-{number}")}))) for number in range(4)
    ]
    rules += [
        RetainRule(name="fresh", selector=renders, keep=Keep(within=30 * DAY)),
        RetainRule(name="failures", selector=StatusIn(frozenset({JobStatus.FAILED})), keep=Keep(within=90 * DAY)),
        RetainRule(name="named", selector=AllOf((renders, NotOf(NameLike(("product-*",)))))),
        RetainRule(name="days", selector=TypeIn(frozenset({JobType.TRANSCRIPTION})), keep=Keep(daily=7, weekly=4)),
    ]
    return DesiredState(
        account="acme",
        scope=Scope(types=KNOWN_TYPES, untyped_failures=True),
        otherwise=Otherwise.CLEAN,
        retain=tuple(rules),
        stores=(Store(address="file:./archive"),),
        copies=1,
        min_age=7 * DAY,
        limits=Limits(max_jobs=1000, max_share=Fraction(1)),
        digest="",
        grace=3 * DAY,
    )


def row(number: int, count: int) -> ROW:
    """One job as the ledger has it: sequence, id, first seen, missing until, type, status, name, project, size."""
    # Lists are read by the hour, so jobs share their times.
    seen = AS_OF - int((count - number) * 730 * 24 / count) * timedelta(hours=1)
    kind = TYPES[number % len(TYPES)]
    named = kind is not JobType.TRANSCRIPTION
    return (
        number + 1,
        f"job-{number}",
        utc_text(seen),
        utc_text(seen - timedelta(minutes=5)),
        kind.value,
        STATUSES[number // 7 % len(STATUSES)].value,
        f"product-{number % 40}-{number % 400}" if named else "",
        f"project-{number // 3}" if named and number % 3 else "",
        1000 + number % 977,
    )


# -- ten thousand, beside the plain evaluator


def given(count: int) -> tuple[tuple[Job, ...], LedgerView]:
    rows = [row(number, count) for number in range(count)]
    known = {
        JobId(each[1]): KnownJob(
            sequence=each[0],
            first_seen=utc_time(each[2]),
            last_seen=AS_OF - DAY,
            left=False,
            missing_until=utc_time(each[3]),
            type=JobType(each[4]),
            status=JobStatus(each[5]),
            name=each[6],
            project=each[7],
            size=each[8],
            released_since=utc_time(each[2]),
        )
        for each in rows
    }
    return tuple(listed(each) for each in reversed(rows)), LedgerView(
        account="acme", jobs=known, last_observed=AS_OF - DAY
    )


def listed(each: ROW) -> Job:
    return Job(
        id=JobId(each[1]),
        type=JobType(each[4]),
        status=JobStatus(each[5]),
        status_word=each[5],
        assets=(VIDEO,),
        name=each[6],
        project=each[7],
        fingerprint="",
    )


def beside(count: int, *, plain: bool) -> None:
    # Here, as the process that reads a million is not to carry what tests import.
    from tests.support.plain_evaluator import evaluate  # noqa: PLC0415
    from tests.support.values import inventory  # noqa: PLC0415

    state, (jobs, view) = ruled(), given(count)
    listing = inventory(*jobs, at=AS_OF)
    ours: list[float] = []
    theirs: list[float] = []
    released = 0
    for _ in range(RUNS):
        began = time.perf_counter()
        verdicts = decide(state, listing, view, AS_OF)
        ours.append(time.perf_counter() - began)
        released = sum(isinstance(each, Released) for each in verdicts)
        if plain:
            began = time.perf_counter()
            found = evaluate(state, listing, view, AS_OF)
            theirs.append(time.perf_counter() - began)
            if sum(each.kind == "released" for each in found.values()) != released:
                raise SystemExit("the two do not agree; the times mean nothing")
    median = statistics.median(ours)
    print(f"{count:>9,} jobs x {len(state.retain)} rules: {median:.3f} s, {released:,} released, median of {RUNS}")
    if theirs:
        slower = statistics.median(theirs)
        print(f"{'':>9} plain evaluator: {slower:.3f} s, {slower / median:.0f} x ours")


# -- a million, from the ledger


def fill(path: Path, count: int) -> None:
    """Write a ledger's table of jobs."""
    # Here, as the process that reads a million is not to carry what writes them.
    from sqlalchemy import create_engine  # noqa: PLC0415
    from sqlalchemy.schema import CreateTable  # noqa: PLC0415

    from reconciler.ledger import tables  # noqa: PLC0415

    statement = str(CreateTable(tables.job).compile(create_engine("sqlite://")))
    with sqlite3.connect(path) as connection:
        connection.execute(statement)
        connection.execute("PRAGMA synchronous=OFF")
        connection.executemany(
            "INSERT INTO job (sequence, job_id, first_seen, missing_until, type, status, name, project, size,"
            " first_observation, last_seen, fingerprint, released_since)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1, '', '', ?)",
            ((*each, each[2]) for each in (row(number, count) for number in range(count))),
        )


class Times(dict[str, datetime]):
    """Times by their text: jobs of one observation share theirs."""

    def __missing__(self, text: str) -> datetime:
        moment = self[text] = utc_time(text)
        return moment


def subjects(path: Path) -> Iterator[Subject]:
    """Give the jobs newest first, straight from the rows."""
    statuses = {each.value: each for each in JobStatus}
    body = listed(row(0, 1))
    bodies = {each.value: (each, replace(body, type=each)) for each in JobType}
    seen = Times()
    before = ("", "")
    texts: dict[str, str] = {}
    with sqlite3.connect(path) as connection:
        rows = connection.execute(
            "SELECT sequence, job_id, first_seen, missing_until, type, status, name, project, size FROM job"
            " ORDER BY sequence DESC"
        )
        for sequence, job_id, first_seen, missing_until, kind, status, name, project, size in rows:
            if before != (first_seen, missing_until):  # jobs first seen together stand together
                before = (first_seen, missing_until)
                first = seen[first_seen]
                when = Made(seen[missing_until] - LISTS_LAG_AT_MOST, first)
            job_type, shown = bodies[kind]
            yield Subject(
                id=job_id,
                type=job_type,
                status=statuses[status],
                name=texts.setdefault(name, name),
                project=texts.setdefault(project, project),
                rank=sequence,
                made=when,
                size=size,
                first_seen=first,
                released_since=first,
                listed=shown,
            )


def million(path: Path) -> None:
    began = time.perf_counter()
    given = list(subjects(path))
    read = time.perf_counter() - began
    verdicts = decide_over(ruled(), given, (), frozenset(), AS_OF)
    took, worked = time.perf_counter() - began, time.process_time()
    released = sum(isinstance(each, Released) for each in verdicts)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{took:.2f} {read:.2f} {peak:.0f} {released} {len(verdicts)} {worked:.2f}")


def from_ledger(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        fill(path, count)
        answers = []
        for _ in range(RUNS):
            done = subprocess.run(
                [sys.executable, __file__, "--ledger", str(path)],
                check=True,
                capture_output=True,
                text=True,
                env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
            )
            answers.append([float(each) for each in done.stdout.split()])
    took, read, peak, released, jobs, worked = (statistics.median(each) for each in zip(*answers, strict=True))
    print(
        f"{int(jobs):>9,} jobs from the ledger: {took:.2f} s ({read:.2f} s to read them; {worked:.2f} s of "
        f"processor time), {peak:.0f} MiB at its peak, "
        f"{int(released):,} released, medians of {RUNS}"
    )


def main() -> None:
    if sys.argv[1:2] == ["--ledger"]:
        million(Path(sys.argv[2]))
        return
    beside(500, plain=True)
    beside(10_000, plain=False)
    from_ledger(1_000_000)


if __name__ == "__main__":
    main()
