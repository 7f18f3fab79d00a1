"""One fixed population of forty jobs and a table of policies over it, for golden files."""

from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from reconciler.core.desired import DesiredState, GroupKey, Keep, Link, RetainRule, Scope, Source
from reconciler.core.inventory import Inventory
from reconciler.core.job import AssetKind, Job, JobId, JobStatus, JobType
from reconciler.core.memory import KnownJob, LedgerHold, LedgerView
from reconciler.core.selectors import (
    AllOf,
    AnyOf,
    EveryJob,
    IdIn,
    NameLike,
    NotOf,
    ProjectLike,
    Selector,
    StatusIn,
    TypeIn,
)
from tests.support.values import DAY, NOON, desired, inventory, job

HOUR = timedelta(hours=1)
AS_OF = NOON

# id, days old, type, status, name, project, size
ROWS: list[tuple[str, float, JobType, JobStatus, str, str, int | None]] = [
    ("r01", 0.01, JobType.RENDER, JobStatus.IN_PROGRESS, "product-a", "p1", None),
    ("r02", 0.5, JobType.RENDER, JobStatus.COMPLETED, "product-a", "p1", 100),
    ("v01", 0.6, JobType.PREVIEW, JobStatus.COMPLETED, "product-a", "p1", 5),
    ("r03", 1, JobType.RENDER, JobStatus.COMPLETED, "product-b", "p2", 200),
    ("r04", 1.5, JobType.RENDER, JobStatus.FAILED, "", "", None),
    ("t01", 2, JobType.TRANSCRIPTION, JobStatus.COMPLETED, "", "", 1),
    ("r05", 2.5, JobType.RENDER, JobStatus.COMPLETED, "product-a", "p3", 300),
    ("u01", 3, JobType.UNKNOWN, JobStatus.FAILED, "", "", None),
    ("v02", 4, JobType.PREVIEW, JobStatus.COMPLETED, "product-a", "p3", 5),
    ("h01", 5, JobType.HIGHLIGHTS, JobStatus.COMPLETED, "", "", 2),
    ("r06", 6.5, JobType.RENDER, JobStatus.COMPLETED, "product-a", "p4", 100),
    ("r07", 7, JobType.RENDER, JobStatus.COMPLETED, "product-b", "p5", 100),
    ("r08", 7.01, JobType.RENDER, JobStatus.COMPLETED, "", "p6", 100),
    ("i01", 8, JobType.IMAGE, JobStatus.COMPLETED, "", "", 1),
    ("d01", 9, JobType.VIDEO, JobStatus.COMPLETED, "", "", 50),
    ("u02", 10, JobType.UNKNOWN, JobStatus.COMPLETED, "", "", 10),
    ("r09", 12, JobType.RENDER, JobStatus.CLEANED, "product-a", "p7", None),
    ("r10", 14, JobType.RENDER, JobStatus.COMPLETED, "launch", "p8", 400),
    ("v03", 15, JobType.PREVIEW, JobStatus.COMPLETED, "launch", "p8", 5),
    ("r11", 20, JobType.RENDER, JobStatus.UNSTATED, "product-c", "p9", 100),
    ("r12", 25, JobType.RENDER, JobStatus.UNKNOWN, "product-c", "p9", 100),
    ("t02", 28, JobType.TRANSCRIPTION, JobStatus.COMPLETED, "", "", 1),
    ("r13", 29.9, JobType.RENDER, JobStatus.COMPLETED, "product-c", "p10", 100),
    ("r14", 30, JobType.RENDER, JobStatus.COMPLETED, "product-c", "p11", None),
    ("r15", 31, JobType.RENDER, JobStatus.COMPLETED, "product-c", "p12", 100),
    ("t03", 45, JobType.TRANSCRIPTION, JobStatus.FAILED, "", "", None),
    ("r16", 59, JobType.RENDER, JobStatus.COMPLETED, "product-a", "p13", 100),
    ("r17", 60, JobType.RENDER, JobStatus.COMPLETED, "product-b", "p14", 100),
    ("v04", 75, JobType.PREVIEW, JobStatus.FAILED, "product-b", "p14", None),
    ("r18", 89, JobType.RENDER, JobStatus.COMPLETED, "product-a", "p15", 100),
    ("r19", 90, JobType.RENDER, JobStatus.COMPLETED, "product-b", "p16", 100),
    ("h02", 100, JobType.HIGHLIGHTS, JobStatus.COMPLETED, "", "", 2),
    ("r20", 120, JobType.RENDER, JobStatus.COMPLETED, "product-a", "p17", 100),
    ("r21", 180, JobType.RENDER, JobStatus.COMPLETED, "product-a", "p18", 100),
    ("r22", 240, JobType.RENDER, JobStatus.COMPLETED, "product-b", "p19", 100),
    ("r23", 365, JobType.RENDER, JobStatus.COMPLETED, "product-a", "p20", 100),
    ("r24", 366, JobType.RENDER, JobStatus.COMPLETED, "product-a", "p21", 100),
    ("t04", 400, JobType.TRANSCRIPTION, JobStatus.COMPLETED, "", "", 1),
    ("r25", 500, JobType.RENDER, JobStatus.COMPLETED, "product-a", "p22", 100),
    ("r26", 730, JobType.RENDER, JobStatus.COMPLETED, "product-b", "p23", 100),
]
BROKEN = {"r17"}  # contradicts itself
WITHOUT_VIDEO = {"r19"}
SINCE_THE_FIRST_LIST = {"r24", "t04", "r25", "r26"}  # nobody knows how old these are
PROTECTED = {"r20"}
RELEASED_SINCE = {"r15": 10 * DAY, "r16": 2 * DAY, "t02": 3 * DAY}


def population() -> tuple[Inventory, LedgerView]:
    """Give the listing, newest first, and what the ledger knows of it."""
    listed = [listed_job(row) for row in ROWS]
    known = {JobId(row[0]): known_job(row, len(ROWS) - place) for place, row in enumerate(ROWS) if row[0] != "r02"}
    return inventory(*listed, at=AS_OF), LedgerView(account="acme", jobs=known, last_observed=AS_OF - DAY)


def listed_job(row: tuple[str, float, JobType, JobStatus, str, str, int | None]) -> Job:
    job_id, _, job_type, status, name, project, _ = row
    lacks = (AssetKind.VIDEO,) if job_id in WITHOUT_VIDEO else ()
    odd = ("its ids disagree",) if job_id in BROKEN else ()
    return replace(job(job_id, job_type, status, lacks=lacks, contradictions=odd), name=name, project=project)


def known_job(row: tuple[str, float, JobType, JobStatus, str, str, int | None], sequence: int) -> KnownJob:
    job_id, age, job_type, status, name, project, size = row
    made = AS_OF - age * DAY
    hold = LedgerHold(rule="old-case", owner="legal", reason="LEG-1", set_at=made)
    return KnownJob(
        sequence=sequence,
        first_seen=AS_OF - DAY if job_id in SINCE_THE_FIRST_LIST else made,
        last_seen=AS_OF - DAY,
        left=False,
        missing_until=None if job_id in SINCE_THE_FIRST_LIST else made + HOUR,
        type=job_type,
        status=status,
        name=name,
        project=project,
        size=size,
        released_since=AS_OF - RELEASED_SINCE[job_id] if job_id in RELEASED_SINCE else None,
        holds=(hold,) if job_id in PROTECTED else (),
    )


# -- the policies

RENDERS = TypeIn(frozenset({JobType.RENDER}))
COMPLETED = StatusIn(frozenset({JobStatus.COMPLETED}))
DONE_RENDERS = AllOf((RENDERS, COMPLETED))
PRODUCTS = NameLike(("product-*",))
NONE = IdIn(frozenset({JobId("no-such-job")}))


def keeping(
    selector: Selector, *group_by: GroupKey, name: str = "rule", until: datetime | None = None, **keep: Any
) -> RetainRule:
    return RetainRule(name=name, selector=selector, keep=replace(Keep(), **keep), group_by=group_by, lapses_at=until)


def ids(*named: str) -> IdIn:
    return IdIn(frozenset(JobId(each) for each in named))


def state(*rules: RetainRule, **more: Any) -> DesiredState:
    return replace(desired(*rules, min_age=timedelta(0)), **more)


ALL = EveryJob()
BERLIN = ZoneInfo("Europe/Berlin")
POLICIES: dict[str, DesiredState] = {
    "keeps nothing": state(keeping(NONE)),
    "keeps all": state(keeping(ALL)),
    "by id": state(keeping(ids("r26", "r24"))),
    "last 1": state(keeping(DONE_RENDERS, last=1)),
    "last 3": state(keeping(DONE_RENDERS, last=3)),
    "last 3 of all": state(keeping(ALL, last=3)),
    "last 2 by name": state(keeping(DONE_RENDERS, GroupKey.NAME, last=2)),
    "last 1 by type": state(keeping(ALL, GroupKey.TYPE, last=1)),
    "last 1 by project": state(keeping(DONE_RENDERS, GroupKey.PROJECT, last=1)),
    "last 1 by type and name": state(keeping(COMPLETED, GroupKey.TYPE, GroupKey.NAME, last=1)),
    "within 7 days": state(keeping(ALL, within=7 * DAY)),
    "within 30 days": state(keeping(ALL, within=30 * DAY)),
    "within a year": state(keeping(RENDERS, within=365 * DAY)),
    "daily 7": state(keeping(DONE_RENDERS, daily=7)),
    "weekly 4": state(keeping(DONE_RENDERS, weekly=4)),
    "monthly 12": state(keeping(DONE_RENDERS, monthly=12)),
    "yearly 2": state(keeping(DONE_RENDERS, yearly=2)),
    "monthly 3 by name": state(keeping(AllOf((DONE_RENDERS, PRODUCTS)), GroupKey.NAME, monthly=3)),
    "daily 7, weekly 4 and monthly 6": state(keeping(DONE_RENDERS, daily=7, weekly=4, monthly=6)),
    "daily 7 in Berlin": state(keeping(DONE_RENDERS, daily=7), zone=BERLIN),
    "monthly 4 in Auckland": state(keeping(DONE_RENDERS, monthly=4), zone=ZoneInfo("Pacific/Auckland")),
    "bytes 500": state(keeping(DONE_RENDERS, size=500)),
    "bytes 300 by name": state(keeping(DONE_RENDERS, GroupKey.NAME, size=300)),
    "last 1 and bytes 700": state(keeping(DONE_RENDERS, last=1, size=700)),
    "last 3 and within 30 days": state(keeping(DONE_RENDERS, last=3, within=30 * DAY)),
    "by name": state(keeping(PRODUCTS)),
    "not by name": state(keeping(NotOf(PRODUCTS))),
    "by project": state(keeping(ProjectLike(("p1?", "p2")))),
    "failed but no preview": state(
        keeping(AllOf((StatusIn(frozenset({JobStatus.FAILED})), NotOf(TypeIn(frozenset({JobType.PREVIEW}))))))
    ),
    "renders or launch": state(keeping(AnyOf((AllOf((RENDERS, NameLike(("*-b",)))), NameLike(("launch",)))))),
    "two rules": state(keeping(ids("r26"), name="court"), keeping(ALL, name="fresh", within=30 * DAY)),
    "a rule lapses in an hour": state(keeping(PRODUCTS, until=AS_OF + HOUR)),
    "a rule lapsed just now": state(keeping(PRODUCTS, until=AS_OF), grace=3 * DAY),
    "a rule lapsed 3 days ago": state(keeping(PRODUCTS, until=AS_OF - 3 * DAY), grace=3 * DAY),
    "grace of 3 days": state(keeping(NONE), grace=3 * DAY),
    "min_age of 7 days": replace(state(keeping(NONE)), min_age=7 * DAY),
    "renders in scope": state(
        keeping(DONE_RENDERS, last=3), scope=Scope(types=frozenset({JobType.RENDER}), untyped_failures=False)
    ),
    "links": state(
        keeping(ids("h01"), name="summary"),
        links=(
            Link(job=JobId("h01"), needs=(JobId("t01"),)),
            Link(job=JobId("nowhere"), needs=(JobId("t02"),)),
            Link(job=JobId("r09"), needs=(JobId("t03"),)),
        ),
    ),
    "trust in imports alone": replace(
        state(keeping(ALL, within=30 * DAY)), trust=frozenset({Source.IMPORTED}), min_age=DAY
    ),
    "trust in list order": state(keeping(ALL, within=300 * DAY), trust=frozenset({Source.LEDGER, Source.LIST_ORDER})),
    "a full file": replace(
        state(
            keeping(ids("r18"), name="court-case-114"),
            keeping(NameLike(("launch",)), name="launch", until=datetime(2026, 2, 28, tzinfo=UTC)),
            keeping(AllOf((DONE_RENDERS, PRODUCTS)), GroupKey.NAME, name="newest", last=3, monthly=12),
            keeping(ALL, name="fresh", within=30 * DAY),
            keeping(StatusIn(frozenset({JobStatus.FAILED})), name="failures", within=90 * DAY),
            grace=3 * DAY,
        ),
        min_age=7 * DAY,
    ),
}


# -- the words


def policy_text(given: DesiredState) -> Iterator[str]:
    """Write a policy, a line for each rule and each setting that is not the plain one."""
    for rule in given.retain:
        kept = [f"keep_{each.name} {value}" for each in fields(Keep) if (value := getattr(rule.keep, each.name))]
        until = [f"until before {rule.lapses_at:%Y-%m-%dT%H:%MZ}"] if rule.lapses_at else []
        groups = [f"by {', '.join(key.value for key in rule.group_by)}"] if rule.group_by else []
        yield f"{rule.name}: " + "; ".join([selector_text(rule.selector), *kept, *groups, *until])
    plain = state(keeping(NONE))
    for name in ("min_age", "grace", "zone"):
        if getattr(given, name) != getattr(plain, name):
            yield f"{name} {getattr(given, name)}"
    if given.trust != plain.trust:
        yield f"trust {', '.join(sorted(each.value for each in given.trust))}"
    if given.scope != plain.scope:
        yield f"scope {', '.join(sorted(each.value for each in given.scope.types))}"
    yield from (f"link {link.job} needs {', '.join(link.needs)}" for link in given.links)


def selector_text(selector: Selector) -> str:
    match selector:
        case AllOf(parts):
            return f"all({', '.join(map(selector_text, parts))})"
        case AnyOf(parts):
            return f"any({', '.join(map(selector_text, parts))})"
        case NotOf(part):
            return f"not({selector_text(part)})"
        case _:
            return leaf_text(selector)


def leaf_text(selector: Selector) -> str:
    match selector:
        case IdIn(named):
            return f"ids {', '.join(sorted(named))}"
        case TypeIn(types):
            return f"type {', '.join(sorted(each.value for each in types))}"
        case StatusIn(statuses):
            return f"status {', '.join(sorted(each.value for each in statuses))}"
        case NameLike(globs):
            return f"name {', '.join(globs)}"
        case ProjectLike(globs):
            return f"project {', '.join(globs)}"
        case _:
            return "every job"
