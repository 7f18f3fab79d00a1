"""Values of the core for tests: short to write, and what is not said is harmless."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from hypothesis import strategies as st

from reconciler.core.approvals import NO_APPROVALS, Approvals
from reconciler.core.desired import DesiredState, Limits, Otherwise, RetainRule, Scope, Store
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
from reconciler.core.plan import Action, Change, Counts, HeldJob, Plan, PlanNotice, Reason, RetainedBy, Violation
from reconciler.core.plan_making import compute_plan
from reconciler.core.rule_loss import Lost, RuleLoss, RuleRenamed, RulesCompared
from reconciler.core.selectors import AllOf, EveryJob, IdIn, Selector, StatusIn, TypeIn
from reconciler.core.subjects import Subject
from reconciler.core.times import Made
from reconciler.core.verdicts import Hold, HoldCode, RuleTried

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
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


def subject(given: Job | None = None, *, rank: int = 1, known_as: KnownJob | None = None) -> Subject:
    """The job as a decision sees it, made at a time that nobody knows."""
    listed = given or job()
    return Subject(
        id=listed.id,
        type=listed.type,
        status=listed.status,
        name=listed.name,
        project=listed.project,
        rank=rank,
        made=Made(),
        contradictions=listed.contradictions,
        first_seen=known_as.first_seen if known_as else None,
        listed=listed,
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
    max_bytes: int | None = None,
) -> DesiredState:
    return DesiredState(
        account=account,
        scope=scope,
        otherwise=otherwise,
        retain=rules or (by_id("keep-me", name="keep-me"),),
        stores=(Store(address="file:./archive"),),
        copies=1,
        min_age=min_age,
        limits=Limits(max_jobs=max_jobs, max_share=max_share, max_bytes=max_bytes),
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


# -- plans of any content, as a saved one may carry; no decision need lead to them

TEXTS = st.text(st.characters(), max_size=12)  # half characters and controls too: a service may send them
DIGESTS = st.binary(min_size=32, max_size=32).map(lambda content: "sha256:" + content.hex())
TIMES = st.integers(0, 2 * 10**11).map(lambda seconds: EPOCH + timedelta(seconds=seconds))
NUMBERS = st.integers(0, 10**12)
JOB_IDS = TEXTS.filter(bool).map(JobId)
TRIED = st.lists(st.builds(RuleTried, TEXTS, TEXTS), max_size=2).map(tuple)
SOME_CHANGES = st.builds(
    Change,
    job_id=JOB_IDS,
    type=st.sampled_from(JobType),
    status=st.sampled_from(JobStatus),
    actions=st.sampled_from([(Action.REPORT,), (Action.ARCHIVE,), (Action.ARCHIVE, Action.CLEAN)]),
    tried=TRIED,
    fingerprint=DIGESTS,
    first_seen=st.none() | TIMES,
    not_archived=st.lists(TEXTS, max_size=2).map(tuple),
    reason=st.sampled_from(Reason),
    size=st.none() | NUMBERS,
)
SOME_HELD = st.builds(
    HeldJob,
    job_id=JOB_IDS,
    type=st.sampled_from(JobType),
    status=st.sampled_from(JobStatus),
    holds=st.lists(st.builds(Hold, st.sampled_from(HoldCode), TEXTS), min_size=1, max_size=2).map(tuple),
)
SOME_VIOLATIONS = st.builds(Violation, guard=TEXTS, limit=TEXTS, actual=TEXTS, message=TEXTS)
SOME_PROOFS = st.builds(
    ListingProof,
    pages=NUMBERS,
    end_marker=st.sampled_from(["null", "absent", "empty"]),
    repeats=NUMBERS,
    unnamed=NUMBERS,
)
COUNTS = st.builds(
    Counts, retained=NUMBERS, held=NUMBERS, out_of_scope=NUMBERS, gone=NUMBERS, settled=NUMBERS, counted=NUMBERS
)
SOME_LOSSES = st.builds(
    RuleLoss,
    rule=TEXTS,
    how=st.sampled_from(Lost),
    kept=NUMBERS,
    freed=NUMBERS,
    released=NUMBERS,
    unnamed=NUMBERS,
    was=DIGESTS,
    now=DIGESTS | st.just(""),
)
SOME_RULES = st.builds(
    RulesCompared,
    digest=DIGESTS,
    applied_at=TIMES,
    lost=st.lists(SOME_LOSSES, max_size=2).map(tuple),
    renamed=st.lists(st.builds(RuleRenamed, TEXTS, TEXTS), max_size=2).map(tuple),
)
SOME_APPROVALS = st.just(NO_APPROVALS) | st.builds(
    Approvals,
    max_jobs=st.none() | NUMBERS,
    max_share=st.none() | st.fractions(0, 1),
    max_bytes=st.none() | NUMBERS,
    rules_lost=st.sampled_from(["", "0123456789ab"]),
)
PLANS = st.builds(
    Plan,
    account=TEXTS,
    desired_digest=DIGESTS,
    tool_version=TEXTS,
    created_at=TIMES,
    as_of=TIMES,
    expires_at=TIMES,
    inventory_digest=DIGESTS,
    inventory_jobs=NUMBERS,
    proof=SOME_PROOFS,
    changes=st.lists(SOME_CHANGES, max_size=4, unique_by=lambda change: change.job_id).map(tuple),
    held=st.lists(SOME_HELD, max_size=2).map(tuple),
    retained_by=st.lists(st.builds(RetainedBy, TEXTS, NUMBERS), max_size=2).map(tuple),
    retained_digest=DIGESTS,
    counts=COUNTS,
    violations=st.lists(SOME_VIOLATIONS, max_size=2).map(tuple),
    notices=st.lists(st.builds(PlanNotice, TEXTS, TEXTS), max_size=2).map(tuple),
    rules=st.none() | SOME_RULES,
    approvals=SOME_APPROVALS,
)
