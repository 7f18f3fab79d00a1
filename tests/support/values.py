"""Values of the core for tests: short to write, and what is not said is harmless."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from hypothesis import strategies as st

from reconciler.core.desired import DesiredState, Limits, Otherwise, RetainRule, Scope
from reconciler.core.inventory import Inventory, ListingProof
from reconciler.core.job import (
    KNOWN_TYPES,
    Asset,
    AssetForm,
    AssetKind,
    Job,
    JobId,
    JobStatus,
    JobType,
    fingerprint,
)
from reconciler.core.memory import KnownJob, LedgerView
from reconciler.core.plan import Plan, compute_plan
from reconciler.core.selectors import AllOf, EveryJob, IdIn, Selector, StatusIn, TypeIn

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
VIDEO = Asset(
    kind=AssetKind.VIDEO, form=AssetForm.FILE, field="videoURL", extension="mp4", address="https://files.invalid/a.mp4"
)
DEFAULT_SCOPE = Scope(types=KNOWN_TYPES, untyped_failures=True)


def job(
    job_id: str = "a",
    job_type: JobType = JobType.RENDER,
    status: JobStatus = JobStatus.COMPLETED,
    *,
    assets: tuple[Asset, ...] = (VIDEO,),
    lacks: tuple[AssetKind, ...] = (),
    contradictions: tuple[str, ...] = (),
    other_ids: tuple[str, ...] = (),
    unlisted: tuple[str, ...] = (),
) -> Job:
    word = "" if status in {JobStatus.UNKNOWN, JobStatus.UNSTATED} else status.value
    return Job(
        id=JobId(job_id),
        type=job_type,
        status=status,
        status_word=word,
        assets=assets,
        lacks=lacks,
        unlisted_fields=unlisted,
        contradictions=contradictions,
        other_ids=tuple(JobId(other) for other in other_ids),
        fingerprint=fingerprint(job_type, status, word, assets, unlisted),
    )


def inventory(*jobs: Job, at: datetime = NOON) -> Inventory:
    proof = ListingProof(pages=1, end_marker="null", repeats=0, unnamed=0)
    return Inventory(jobs=jobs, proof=proof, observed_at=at, digest="sha256:" + "1" * 64)


def known(sequence: int = 1, *, seen: datetime = NOON - 30 * DAY, left: bool = False, archived: str = "") -> KnownJob:
    marks = frozenset({archived} if archived else ())
    return KnownJob(sequence=sequence, first_seen=seen, last_seen=seen, left=left, archived=marks)


def memory(*ids: str, seen: datetime = NOON - 30 * DAY) -> LedgerView:
    """Remember these ids, the first as the oldest."""
    return LedgerView(
        account="acme", jobs={JobId(each): known(number, seen=seen) for number, each in enumerate(ids, start=1)}
    )


def rule(selector: Selector, name: str = "kept") -> RetainRule:
    return RetainRule(name=name, selector=selector)


def by_id(*ids: str, name: str = "by-id") -> RetainRule:
    return rule(IdIn(frozenset(JobId(each) for each in ids)), name)


def desired(
    *rules: RetainRule,
    otherwise: Otherwise = Otherwise.CLEAN,
    scope: Scope = DEFAULT_SCOPE,
    min_age: timedelta = DAY,
    max_jobs: int = 1000,
    max_share: Fraction = Fraction(1),
    account: str = "acme",
) -> DesiredState:
    return DesiredState(
        account=account,
        scope=scope,
        otherwise=otherwise,
        retain=rules or (by_id("keep-me", name="keep-me"),),
        stores=("file:./archive",),
        copies=1,
        min_age=min_age,
        limits=Limits(max_jobs=max_jobs, max_share=max_share),
        digest="sha256:" + "2" * 64,
        places={"": "retention.yaml", "clean.max_jobs": "retention.yaml:9:3"},
    )


def plan_of(
    state: DesiredState, *jobs: Job, remembered: LedgerView | None = None, expires_at: datetime = NOON + 7 * DAY
) -> Plan:
    view = memory(*(each.id for each in reversed(jobs))) if remembered is None else remembered
    return compute_plan(state, inventory(*jobs), view, created_at=NOON, expires_at=expires_at, tool_version="0.0.0")


# -- for laws

# Plain values far more often than odd ones, or hardly any world would have something to release.
ENDED = [JobStatus.COMPLETED] * 6 + [JobStatus.FAILED] * 3
TYPES = st.sampled_from([*sorted(KNOWN_TYPES, key=lambda each: each.value) * 2, JobType.UNKNOWN])
STATUSES = st.sampled_from([*ENDED, *JobStatus])
SOME_TYPES = st.frozensets(st.sampled_from(sorted(KNOWN_TYPES, key=lambda each: each.value)), min_size=1, max_size=2)


@st.composite
def jobs(draw: st.DrawFn, job_id: str = "a") -> Job:
    """Any job a service could show: with and without type, status, assets; now and then contradictory."""
    job_type, status = draw(TYPES), draw(STATUSES)
    assets = draw(st.sampled_from([(VIDEO,), (VIDEO,), (VIDEO,), ()]))
    lacks = (AssetKind.VIDEO,) if status is JobStatus.COMPLETED and not assets and job_type is JobType.RENDER else ()
    contradictions = draw(st.sampled_from([()] * 9 + [("listed twice with different facts",)]))
    return job(job_id, job_type, status, assets=assets, lacks=lacks, contradictions=contradictions)


@st.composite
def listings(draw: st.DrawFn, most: int = 8) -> tuple[Job, ...]:
    """Up to `most` jobs with different ids."""
    return tuple(draw(jobs(f"job-{number}")) for number in range(draw(st.integers(0, most))))


@st.composite
def selectors(draw: st.DrawFn) -> Selector:
    part = st.one_of(
        st.builds(TypeIn, SOME_TYPES),
        st.builds(IdIn, st.frozensets(st.sampled_from([JobId(f"job-{n}") for n in range(8)]), min_size=1, max_size=3)),
        st.builds(StatusIn, st.sampled_from([frozenset({each}) for each in (JobStatus.COMPLETED, JobStatus.FAILED)])),
        st.builds(TypeIn, SOME_TYPES),
        st.just(EveryJob()),
    )
    return draw(st.one_of(part, st.lists(part, min_size=1, max_size=3).map(lambda parts: AllOf(tuple(parts)))))


@st.composite
def desired_states(draw: st.DrawFn) -> DesiredState:
    chosen = draw(st.lists(selectors(), min_size=1, max_size=3))
    rules = tuple(rule(each, f"rule-{number}") for number, each in enumerate(chosen))
    types = draw(st.frozensets(st.sampled_from(sorted(KNOWN_TYPES, key=lambda t: t.value)), min_size=1))
    scope = draw(st.sampled_from([DEFAULT_SCOPE, DEFAULT_SCOPE, Scope(types=types, untyped_failures=False)]))
    return desired(*rules, otherwise=draw(st.sampled_from(Otherwise)), scope=scope, min_age=draw(AGES))


AGES = st.sampled_from([timedelta(0), timedelta(hours=1), DAY, 7 * DAY])


@st.composite
def memories(draw: st.DrawFn, listed: tuple[Job, ...]) -> LedgerView:
    """Remember some of the listed jobs, seen at any time around the edges that matter."""
    kept = {}
    for number, each in enumerate(listed, start=1):
        if draw(st.sampled_from([True, True, True, True, False])):
            back = draw(st.sampled_from([30 * DAY, 7 * DAY, 30 * DAY, DAY, timedelta(hours=1), timedelta(0), -DAY]))
            kept[each.id] = known(number, seen=NOON - back)
    return LedgerView(account="acme", jobs=kept)


def without_type(given: Job) -> Job:
    return replace(given, type=JobType.UNKNOWN)
