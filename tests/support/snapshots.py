"""Snapshots for tests: one with everything in it, any at all, and files of them that were changed with care."""

import hashlib
import io
import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from hypothesis import strategies as st
from msgspec import structs

from reconciler.core.inventory import Inventory, ListingProof
from reconciler.core.job import Asset, AssetForm, AssetKind, Job, JobId, JobStatus, JobType
from reconciler.core.memory import KnownJob, LedgerHold, LedgerView
from reconciler.core.snapshot import Snapshot
from reconciler.report.saved_snapshot import read_snapshot, write_snapshot
from tests.support.values import DAY, DIGESTS, JOB_IDS, NOON, NUMBERS, TEXTS, TIMES

Value = TypeVar("Value")
SIGNED = "https://files.invalid/a.mp4?Signature=do-not-keep"
SHA = "sha256:" + "7" * 64
LATER, EXACT = NOON + timedelta(seconds=9), NOON - DAY + timedelta(milliseconds=123)

FULL_JOB = Job(
    id=JobId("job-a"),
    type=JobType.RENDER,
    status=JobStatus.COMPLETED,
    status_word="completed",
    assets=(
        Asset(kind=AssetKind.VIDEO, form=AssetForm.FILE, field="videoURL", extension="mp4", address=SIGNED),
        Asset(kind=AssetKind.SHARE_PAGE, form=AssetForm.PAGE, field="videoShareURL", extension="", address=SIGNED),
        Asset(kind=AssetKind.TRANSCRIPT, form=AssetForm.INLINE, field="transcript", extension="json", content=SHA),
    ),
    lacks=(AssetKind.AUDIO, AssetKind.THUMBNAIL),
    name="product-ä",
    project="p1",
    shared_at=EXACT,
    unlisted_fields=("posterURL", "rawURL"),
    contradictions=("its ids disagree: job-a, job-x",),
    other_ids=(JobId("job-x"),),
    fingerprint="sha256:" + "a" * 64,
)
FULL_HOLD = LedgerHold(
    rule="court-case", owner="legal", reason="LEG-114", set_at=NOON - 9 * DAY, until=NOON + DAY, unkept_since=NOON - DAY
)
FULL_KNOWN = KnownJob(
    sequence=7,
    first_seen=NOON - 30 * DAY,
    last_seen=NOON - DAY,
    left=True,
    archived=frozenset({"sha256:" + "b" * 64, "sha256:" + "a" * 64}),
    missing_until=NOON - 31 * DAY,
    type=JobType.PREVIEW,
    status=JobStatus.FAILED,
    name="product-b",
    project="p2",
    size=5,
    released_since=NOON - 3 * DAY,
    kept_until=NOON - 4 * DAY,
    archived_at=NOON - 2 * DAY,
    unarchived=True,
    lost_at=NOON - DAY,
    left_at=NOON - DAY,
    left_how="gone",
    holds=(FULL_HOLD, replace(FULL_HOLD, rule="second", owner="", reason="", until=None, unkept_since=None)),
)
FULL = Snapshot(
    account="acme",
    tool_version="0.1.0",
    made_at=LATER,
    inventory=Inventory(
        jobs=(
            FULL_JOB,
            Job(
                id=JobId("job-b"),
                type=JobType.UNKNOWN,
                status=JobStatus.UNKNOWN,
                status_word="",
                assets=(),
                fingerprint="sha256:" + "c" * 64,
            ),
        ),
        proof=ListingProof(pages=2, end_marker="null", repeats=3, unnamed=4, arrived=5, asked_alone=6),
        observed_at=NOON,
        digest="sha256:" + "d" * 64,
        created_dates={JobId("job-a"): EXACT + timedelta(microseconds=1)},
        sizes={JobId("job-a"): 11, JobId("job-b"): 0},
    ),
    memory=LedgerView(
        account="acme",
        jobs={JobId("job-gone"): FULL_KNOWN, JobId("job-a"): structs.replace(FULL_KNOWN, sequence=8, left=False)},
        last_observed=NOON - DAY,
        imported={JobId("job-a"): NOON - 40 * DAY, JobId("job-to-come"): NOON - 50 * DAY},
    ),
    problems=("the list of AI images could not be read: HTTP 503",),
)
"""Each field says something that its default does not."""

EMPTY = Snapshot(
    account="acme",
    tool_version="0",
    made_at=NOON,
    inventory=Inventory(
        jobs=(),
        proof=ListingProof(pages=1, end_marker="absent", repeats=0, unnamed=0),
        observed_at=NOON,
        digest=SHA,
    ),
    memory=LedgerView(),
)


# -- any


MOMENTS = st.builds(lambda day, part: day + timedelta(microseconds=part), TIMES, st.sampled_from([0, 0, 1, 123_000]))
MAYBE = st.none() | MOMENTS
SOME_TEXTS = st.lists(TEXTS, max_size=2).map(tuple)
KINDS, TYPES, STATUSES = (st.sampled_from(each) for each in (AssetKind, JobType, JobStatus))
ASSETS = st.builds(
    Asset,
    kind=KINDS,
    form=st.sampled_from(AssetForm),
    field=TEXTS,
    extension=TEXTS,
    address=st.sampled_from(["", SIGNED]),
    content=TEXTS,
)
HOLDS = st.builds(LedgerHold, rule=TEXTS, owner=TEXTS, reason=TEXTS, set_at=MOMENTS, until=MAYBE, unkept_since=MAYBE)
KNOWN = st.builds(
    KnownJob,
    sequence=NUMBERS,
    first_seen=MOMENTS,
    last_seen=MOMENTS,
    left=st.booleans(),
    archived=st.frozensets(TEXTS, max_size=2),
    missing_until=MAYBE,
    type=TYPES,
    status=STATUSES,
    name=TEXTS,
    project=TEXTS,
    size=st.none() | NUMBERS,
    released_since=MAYBE,
    kept_until=MAYBE,
    holds=st.lists(HOLDS, max_size=1).map(tuple),
)
JOBS = st.builds(
    Job,
    id=JOB_IDS,
    type=TYPES,
    status=STATUSES,
    status_word=TEXTS,
    assets=st.lists(ASSETS, max_size=2).map(tuple),
    lacks=st.lists(KINDS, max_size=1).map(tuple),
    name=TEXTS,
    project=TEXTS,
    shared_at=MAYBE,
    unlisted_fields=SOME_TEXTS,
    contradictions=SOME_TEXTS,
    other_ids=st.lists(JOB_IDS, max_size=1).map(tuple),
    fingerprint=DIGESTS,
)
PROOFS = st.builds(
    ListingProof,
    pages=NUMBERS,
    end_marker=TEXTS,
    repeats=NUMBERS,
    unnamed=NUMBERS,
    arrived=NUMBERS,
    asked_alone=NUMBERS,
)


LISTS = st.lists(JOBS, max_size=3, unique_by=lambda job: job.id).map(tuple)
REMEMBERED = st.dictionaries(JOB_IDS, KNOWN, max_size=2)
IMPORTED = st.dictionaries(JOB_IDS, MOMENTS, max_size=1)


def some(ids: list[JobId], values: st.SearchStrategy[Value]) -> st.SearchStrategy[dict[JobId, Value]]:
    """Give values for some of the jobs."""
    return st.fixed_dictionaries({}, optional=dict.fromkeys(ids, values))


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    """Any snapshot, as no decision need lead to."""
    jobs = draw(LISTS)
    ids = [job.id for job in jobs]
    return Snapshot(
        account=draw(JOB_IDS),
        tool_version=draw(TEXTS),
        made_at=draw(MOMENTS),
        inventory=Inventory(
            jobs=jobs,
            proof=draw(PROOFS),
            observed_at=draw(MOMENTS),
            digest=draw(DIGESTS),
            created_dates=draw(some(ids, MOMENTS)),
            sizes=draw(some(ids, NUMBERS)),
        ),
        memory=LedgerView(
            account=draw(TEXTS),
            jobs={**draw(REMEMBERED), **draw(some(ids, KNOWN))},
            last_observed=draw(MAYBE),
            imported={**draw(IMPORTED), **draw(some(ids, MOMENTS))},
        ),
        problems=draw(SOME_TEXTS),
    )


# -- what becomes of them


def without_addresses(given: Snapshot) -> Snapshot:
    """Give the snapshot as it must read back: the same, but for the addresses of files."""
    jobs = tuple(
        replace(job, assets=tuple(replace(asset, address="") for asset in job.assets)) for job in given.inventory.jobs
    )
    return replace(given, inventory=replace(given.inventory, jobs=jobs))


def written(given: Snapshot) -> bytes:
    return "".join(write_snapshot(given)).encode("ascii")


def read(content: bytes) -> Snapshot:
    return read_snapshot(io.BytesIO(content), "inventory.jsonl")


def read_back(given: Snapshot) -> Snapshot:
    return read(written(given))


def lines_of(given: Snapshot) -> list[dict[str, Any]]:
    return [json.loads(line) for line in write_snapshot(given)]


def sealed(lines: Iterable[object]) -> bytes:
    """Write lines with an end that fits whatever stands in them, as one who edits with care would."""
    before = [json.dumps(line, sort_keys=True, separators=(",", ":")).encode() + b"\n" for line in lines]
    kinds = [line.get("kind") if isinstance(line, dict) else None for line in map(json.loads, before)]
    end = {
        "kind": "end",
        "jobs": kinds.count("job"),
        "remembered": kinds.count("remembered"),
        "digest": f"sha256:{hashlib.sha256(b''.join(before)).hexdigest()}",
    }
    return b"".join(before) + json.dumps(end).encode() + b"\n"


def at(moment: datetime) -> Snapshot:
    """The empty snapshot as of another time."""
    return replace(EMPTY, made_at=moment, inventory=replace(EMPTY.inventory, observed_at=moment))
