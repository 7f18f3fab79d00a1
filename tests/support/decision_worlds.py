"""Strategies over all that a decision looks at, so that equal instants and exact edges come often.

All times are the moment of decision plus or minus spans that rules, `min_age` and `grace` also use; most worlds are
orderly (times and order agree), some are not.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from hypothesis import settings
from hypothesis import strategies as st

from reconciler.core.desired import (
    KEEP_EVERYTHING,
    DesiredState,
    GroupKey,
    Keep,
    Link,
    RetainRule,
    Scope,
    Source,
)
from reconciler.core.inventory import Inventory
from reconciler.core.job import KNOWN_TYPES, AssetKind, Job, JobId, JobStatus, JobType
from reconciler.core.memory import KnownJob, LedgerHold, LedgerView
from reconciler.core.selectors import (
    AllOf,
    AnyOf,
    EveryJob,
    IdIn,
    IdLike,
    NameLike,
    NotOf,
    ProjectLike,
    Selector,
    StatusIn,
    TypeIn,
)
from tests.support.values import DAY, DEFAULT_SCOPE, NOON, VIDEO, desired, inventory, job

LAW = settings(max_examples={"nightly": 20_000, "mutants": 100}.get(os.environ.get("HYPOTHESIS_PROFILE", ""), 500))
"""How often a law of the decision is tried: more than other tests, since a wrong release cannot be undone.

Beside planted bugs fewer do: what 100 worlds do not see, a test by hand is to show.
"""

HOUR, SECOND, NOTHING = timedelta(hours=1), timedelta(seconds=1), timedelta(0)

MOMENTS: list[tuple[datetime, tzinfo]] = [
    (NOON, UTC),
    (NOON, ZoneInfo("Europe/Berlin")),
    (datetime(2026, 3, 29, 12, tzinfo=UTC), ZoneInfo("Europe/Berlin")),  # a day of 23 hours
    (datetime(2026, 10, 25, 23, tzinfo=UTC), ZoneInfo("Europe/Berlin")),  # the midnight after a day of 25
    (datetime(2018, 11, 4, 3, tzinfo=UTC), ZoneInfo("America/Sao_Paulo")),  # a day without its first hour
    (datetime(2027, 1, 1, tzinfo=UTC), UTC),  # in ISO week 53 of 2026
    (datetime(2024, 3, 1, tzinfo=UTC), UTC),  # after a leap day
]
SPANS = [NOTHING, HOUR, DAY, 3 * DAY, 7 * DAY, 30 * DAY]
BACK = [*SPANS, SECOND, DAY + SECOND, DAY - SECOND, 7 * DAY + SECOND, 12 * HOUR, 2 * DAY, 8 * DAY, 365 * DAY, 31 * DAY]
IDS = [JobId(each) for each in "abcdefgh"]
ELSEWHERE = JobId("never-listed")
NAMES = ["product-a", "product-b", "Zoe\u0308", "Product-a"]
NAME_GLOBS = ["product-*", "product-?", "*", "Zo\u00eb", "product\\-a", "?roduct-a", "*-*-*"]
PROJECTS = ["p1", "p2", "p2"]
TYPES_OFTEN = [JobType.RENDER] * 4 + [JobType.PREVIEW] * 3 + [JobType.TRANSCRIPTION, JobType.UNKNOWN]
STATUSES_OFTEN = [JobStatus.COMPLETED] * 10 + [JobStatus.FAILED] * 4 + list(JobStatus)
SIZES = [None, 0, 1, 5, 5, 10, 10]
TRUSTED = [
    frozenset({Source.LEDGER, Source.IMPORTED}),
    frozenset({Source.LEDGER, Source.IMPORTED}),
    frozenset({Source.LEDGER}),
    frozenset({Source.LEDGER, Source.LIST_ORDER}),
    frozenset(Source),
    frozenset({Source.IMPORTED, Source.SHARE_LINK}),
    frozenset({Source.CREATED_DATE}),
]
LEDGER_ALONE = [frozenset({Source.LEDGER, Source.IMPORTED}), frozenset({Source.LEDGER})]
"""What the ledger itself remembers, also of a job that is not listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One decision's whole input."""

    desired: DesiredState
    inventory: Inventory
    memory: LedgerView
    as_of: datetime

    def listing(self, listed: Iterable[Job]) -> "Case":
        return replace(self, inventory=replace(self.inventory, jobs=tuple(listed)))

    def ruled(self, rules: Iterable[RetainRule]) -> "Case":
        return replace(self, desired=replace(self.desired, retain=tuple(rules)))

    def remembering(self, known: dict[JobId, KnownJob]) -> "Case":
        return replace(self, memory=replace(self.memory, jobs=known))


# -- rules


# Strategies are made once: making them anew in each example costs more than the decision.
SOME_TYPES = st.frozensets(st.sampled_from([JobType.RENDER, JobType.PREVIEW, JobType.TRANSCRIPTION]), min_size=1)
STATED = st.sampled_from([JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.IN_PROGRESS])
LEAVES: st.SearchStrategy[Selector] = st.one_of(
    st.just(EveryJob()),
    st.builds(TypeIn, SOME_TYPES),
    st.builds(StatusIn, st.frozensets(STATED, min_size=1)),
    st.builds(NameLike, st.lists(st.sampled_from(NAME_GLOBS), min_size=1, max_size=2).map(tuple)),
    st.builds(ProjectLike, st.sampled_from([("p1",), ("p?",), ("q*", "p2")])),
    st.builds(IdIn, st.frozensets(st.sampled_from(IDS), min_size=1, max_size=2), st.sampled_from(["", "launch"])),
    st.builds(IdLike, st.sampled_from([("a",), ("?",), ("[ab]",), ("b", "c*")])),
)


def nested(part: st.SearchStrategy[Selector]) -> st.SearchStrategy[Selector]:
    """Give selectors one level deeper."""
    parts = st.lists(part, min_size=1, max_size=3).map(tuple)
    return st.one_of(LEAVES, st.builds(AllOf, parts), st.builds(AnyOf, parts), st.builds(NotOf, part))


SELECTORS = st.one_of(LEAVES, nested(LEAVES), nested(nested(LEAVES)))
KEEP_KEYS = st.sets(
    st.sampled_from(["last", "within", "daily", "weekly", "monthly", "yearly", "size"]), min_size=1, max_size=2
)
FEW = st.integers(1, 3)
CHANCE = st.integers(0, 23)


def one_in(draw: st.DrawFn, number: int) -> bool:
    """Tell whether something odd happens: 0 (what failing examples shrink to) is the plain case."""
    return draw(CHANCE) % number == number - 1


@st.composite
def keeps(draw: st.DrawFn) -> Keep:
    keys = draw(KEEP_KEYS)
    return Keep(
        last=draw(FEW) if "last" in keys else None,
        within=draw(st.sampled_from(SPANS[1:])) if "within" in keys else None,
        daily=draw(FEW) if "daily" in keys else None,
        weekly=draw(FEW) if "weekly" in keys else None,
        monthly=draw(FEW) if "monthly" in keys else None,
        yearly=draw(FEW) if "yearly" in keys else None,
        size=draw(st.sampled_from([1, 5, 10, 15])) if "size" in keys else None,
    )


KEEPS = keeps()
GROUPS = st.lists(st.sampled_from(GroupKey), max_size=2, unique=True)


@st.composite
def rules(draw: st.DrawFn, as_of: datetime, name: str, *, may_lapse: bool = True) -> RetainRule:
    keep = KEEP_EVERYTHING if one_in(draw, 3) else draw(KEEPS)
    counted = replace(keep, within=None) != KEEP_EVERYTHING
    group_by = draw(GROUPS) if counted else []
    lapse = as_of + draw(st.sampled_from([NOTHING, SECOND, DAY, -SECOND, -DAY, -3 * DAY, -7 * DAY, -7 * DAY + SECOND]))
    return RetainRule(
        name=name,
        selector=draw(SELECTORS),
        keep=keep,
        group_by=tuple(group_by),
        lapses_at=lapse if may_lapse and one_in(draw, 4) else None,
        protect=draw(st.booleans()),
    )


WRITTEN_SCOPES = st.builds(
    Scope,
    types=st.frozensets(st.sampled_from(sorted(KNOWN_TYPES, key=lambda each: each.value)), min_size=3),
    untyped_failures=st.just(False),
)
LINK_ENDS = st.sampled_from([*IDS, ELSEWHERE])
LINKS = st.lists(
    st.builds(Link, job=LINK_ENDS, needs=st.lists(LINK_ENDS, min_size=1, max_size=2).map(tuple)), max_size=2
)


@st.composite
def desired_states(draw: st.DrawFn, as_of: datetime, zone: tzinfo, trusts: list[frozenset[Source]]) -> DesiredState:
    chosen = [draw(rules(as_of, f"rule-{number}")) for number in range(draw(st.integers(1, 3)))]
    scope = draw(WRITTEN_SCOPES) if one_in(draw, 4) else DEFAULT_SCOPE
    return replace(
        desired(*chosen, scope=scope, min_age=draw(st.sampled_from([NOTHING, NOTHING, HOUR, DAY, 7 * DAY]))),
        grace=draw(st.sampled_from([NOTHING, NOTHING, HOUR, 3 * DAY, 7 * DAY])),
        zone=zone,
        trust=draw(st.sampled_from(trusts)),
        links=tuple(draw(LINKS)) if one_in(draw, 2) else (),
    )


# -- jobs and what the ledger knows of them


SHARED = st.sampled_from([None] * 10 + [-SECOND, *BACK])
SINCE = st.sampled_from([None] * 8 + BACK)


@st.composite
def jobs(draw: st.DrawFn, job_id: JobId, as_of: datetime) -> Job:
    job_type, status = draw(st.sampled_from(TYPES_OFTEN)), draw(st.sampled_from(STATUSES_OFTEN))
    named = job_type in {JobType.RENDER, JobType.PREVIEW}
    shows = not one_in(draw, 8)
    lacks = (AssetKind.VIDEO,) if not shows and job_type is JobType.RENDER and status is JobStatus.COMPLETED else ()
    odd = ("listed twice with different facts",) if one_in(draw, 24) else ()
    shared = draw(SHARED)
    made = job(job_id, job_type, status, assets=(VIDEO,) if shows else (), lacks=lacks, contradictions=odd)
    return replace(
        made,
        name=draw(st.sampled_from(["", *NAMES])) if named else "",
        project=draw(st.sampled_from(["", "", "", *PROJECTS])) if named else "",
        shared_at=None if shared is None else as_of - shared,
    )


@st.composite
def spans_of_making(draw: st.DrawFn, as_of: datetime) -> tuple[datetime | None, datetime]:
    """Give the bounds that a ledger could know of a job."""
    latest = draw(st.sampled_from([*BACK, *BACK, -HOUR]))
    wider = draw(st.sampled_from([None, NOTHING, NOTHING, SECOND, HOUR, DAY, 30 * DAY]))
    end = as_of - latest
    return (None if wider is None else end - wider), end


@st.composite
def holds(draw: st.DrawFn, as_of: datetime) -> tuple[LedgerHold, ...]:
    until = draw(st.sampled_from([None, NOTHING, SECOND, -SECOND, DAY]))
    return (
        LedgerHold(
            rule="legal",
            owner="legal",
            reason="",
            set_at=as_of - 30 * DAY,
            until=None if until is None else as_of + until,
            unkept_since=draw(st.sampled_from([None, as_of - 10 * DAY])),
        ),
    )


ENDS_OF_KEEPING = (-DAY, NOTHING, HOUR, 3 * DAY, 7 * DAY)


@st.composite
def known_jobs(
    draw: st.DrawFn,
    job_id: JobId,
    given: Job | None,
    sequence: int,
    made: tuple[datetime | None, datetime],
    as_of: datetime,
) -> KnownJob:
    """Remember a job as listed, or less of it, or, now and then, otherwise."""
    other = draw(jobs(job_id, as_of)) if given is None or one_in(draw, 12) else given
    start, end = made
    since = draw(SINCE)
    return KnownJob(
        sequence=sequence,
        first_seen=end,
        last_seen=max(end, as_of - DAY),
        left=one_in(draw, 4) if given is None else one_in(draw, 24),
        missing_until=None if start is None else start + HOUR,
        type=draw(st.sampled_from([other.type, other.type, JobType.UNKNOWN])),
        status=other.status,
        name=draw(st.sampled_from([other.name, other.name, ""])),
        project=draw(st.sampled_from([other.project, other.project, ""])),
        size=draw(st.sampled_from(SIZES)),
        released_since=None if since is None else as_of - since,
        kept_until=draw(st.sampled_from([None, None, *(as_of - each for each in ENDS_OF_KEEPING)])),
        holds=draw(holds(as_of)) if one_in(draw, 8) else (),
    )


LAST_OBSERVED = st.sampled_from([None, NOTHING, HOUR, DAY, 3 * DAY, 7 * DAY, 30 * DAY])


@st.composite
def memories(draw: st.DrawFn, listed: tuple[Job, ...], as_of: datetime, *, complete: bool) -> LedgerView:
    """Remember most of the listed jobs, and some that are not listed; sequence and times mostly agree."""
    absent = draw(st.sampled_from([0, 0, 1, 2]))
    expected = [None] * absent + [each for each in listed if complete or not one_in(draw, 6)]
    made = [draw(spans_of_making(as_of)) for _ in expected]
    if not one_in(draw, 4):
        made.sort(key=lambda span: (span[1], span[0] or datetime.min.replace(tzinfo=UTC)))
    places = list(range(len(expected)))
    oldest_first = [*places[:absent], *reversed(places[absent:])]
    if one_in(draw, 4):
        oldest_first = draw(st.permutations(oldest_first))
    known: dict[JobId, KnownJob] = {}
    imported: dict[JobId, datetime] = {}
    for sequence, (place, span) in enumerate(zip(oldest_first, made, strict=True), start=1):
        given = expected[place]
        job_id = given.id if given else IDS[-1 - place]
        known[job_id] = draw(known_jobs(job_id, given, sequence, span, as_of))
        if one_in(draw, 3):
            imported[job_id] = draw(st.sampled_from([span[1], span[0] or span[1], span[1], as_of - DAY]))
    last = draw(LAST_OBSERVED)
    return LedgerView(
        account="acme", jobs=known, last_observed=None if last is None else as_of - last, imported=imported
    )


@st.composite
def cases(draw: st.DrawFn, *, complete: bool = False, trusts: list[frozenset[Source]] = TRUSTED, most: int = 6) -> Case:
    """Any decision; `complete` says that the ledger knows every listed job."""
    as_of, zone = draw(st.sampled_from(MOMENTS))
    listed = tuple(draw(jobs(each, as_of)) for each in IDS[: draw(st.integers(1, most))])
    view = draw(memories(listed, as_of, complete=complete))
    created = {
        each.id: as_of - draw(st.sampled_from(BACK))
        for each in listed
        if each.type is JobType.RENDER and draw(st.booleans())
    }
    return Case(
        desired=draw(desired_states(as_of, zone, trusts)),
        inventory=replace(inventory(*listed, at=as_of), created_dates=created),
        memory=view,
        as_of=as_of,
    )
