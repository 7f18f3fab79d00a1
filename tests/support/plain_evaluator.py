"""The decision once more, written from the specification alone: plain, slow, one function per paragraph.

It shares the value classes with `reconciler.core` and no line of its code, so one mistake is not made twice.  Answers
of three values are True, False, and None for "cannot be told".  Nothing is compiled or indexed; a whole account is
decided by asking every question of every job, as an auditor would.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.core.desired import DesiredState, RetainRule
from reconciler.core.inventory import Inventory
from reconciler.core.job import AssetForm, Job, JobId, JobStatus, JobType
from reconciler.core.memory import LedgerHold, LedgerView
from reconciler.core.selectors import IdIn
from reconciler.core.verdicts import HoldCode
from tests.support.plain_matching import Seen, group_of, highest, owns
from tests.support.plain_times import (
    ANY_TIME,
    Interval,
    intervals_of,
    order_of,
    period_name,
    remembered_interval,
    surely_before,
    younger_or_exactly,
)

PERIODS = ("daily", "weekly", "monthly", "yearly")


@dataclass(frozen=True, slots=True)
class Finding:
    """What the evaluator says of one job; what does not belong to its `kind` is empty."""

    kind: str
    kept: frozenset[tuple[str, frozenset[str]]] = frozenset()
    holds: frozenset[HoldCode] = frozenset()
    undecided: frozenset[str] = frozenset()
    waits_since: datetime | None = None
    tried: frozenset[str] = frozenset()
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """All that is known of one job: the listing's facts, filled up from the ledger's.  `order`: larger is newer."""

    seen: Seen
    order: int
    made: Interval = ANY_TIME
    contradictory: bool = False
    size: int | None = None
    holds: tuple[LedgerHold, ...] = ()
    released_since: datetime | None = None
    listed: Job | None = None

    @property
    def ended(self) -> bool:
        return self.seen.status in {JobStatus.COMPLETED, JobStatus.FAILED}


@dataclass(frozen=True, slots=True)
class World:
    """Everything that one decision looks at."""

    desired: DesiredState
    memory: LedgerView
    as_of: datetime
    jobs: tuple[Known, ...]
    absent: tuple[Known, ...]


def evaluate(
    desired: DesiredState, inventory: Inventory, memory: LedgerView, as_of: datetime
) -> Mapping[JobId, Finding]:
    """Give the finding of every listed job."""
    world = World(
        desired,
        memory,
        as_of,
        known_jobs(desired, inventory, memory, as_of),
        absent_jobs(desired, inventory, memory, as_of),
    )
    findings = {job.seen.id: found_alone(world, job) for job in world.jobs}
    firm = related(world, {each for each, found in findings.items() if stays_firmly(found)}, findings, outside=True)
    findings |= {each: with_related(findings[each]) for each in firm}
    for job in world.jobs:
        if findings[job.seen.id].kind == "open":
            findings[job.seen.id] = waiting(world, job)
    waits = {each for each, found in findings.items() if found.waits_since is not None}
    soft = related(world, waits, findings, outside=False)
    findings |= {each: with_related(findings[each], waits=True) for each in soft}
    return findings


# -- the jobs


def known_jobs(desired: DesiredState, inventory: Inventory, memory: LedgerView, as_of: datetime) -> tuple[Known, ...]:
    """What was once seen of a job is remembered and fills what a later body lacks."""
    made = intervals_of(inventory, memory, desired.trust, as_of)
    known = [
        known_job(job, order_of(job.id, place, inventory, memory), memory, made[place])
        for place, job in enumerate(inventory.jobs)
    ]
    return tuple(known)


def known_job(job: Job, order: int, memory: LedgerView, made: Interval) -> Known:
    """A body whose type differs from the remembered one contradicts; so does evidence that cannot all be true."""
    before = memory.jobs.get(job.id)
    if before is None:
        seen = Seen(job.id, job.type, job.status, job.name, job.project)
        return Known(seen, order, made, bool(job.contradictions) or not made.possible, listed=job)
    changed = JobType.UNKNOWN not in {job.type, before.type} and job.type is not before.type
    return Known(
        Seen(
            job.id,
            before.type if job.type is JobType.UNKNOWN else job.type,
            job.status,
            job.name or before.name,
            job.project or before.project,
        ),
        order,
        made,
        bool(job.contradictions) or not made.possible or changed,
        before.size,
        before.holds,
        before.released_since,
        job,
    )


def absent_jobs(desired: DesiredState, inventory: Inventory, memory: LedgerView, as_of: datetime) -> tuple[Known, ...]:
    """Jobs that the ledger expects and the list lacks."""
    listed = {job.id for job in inventory.jobs}
    return tuple(
        Known(
            Seen(job_id, each.type, each.status, each.name, each.project),
            each.sequence,
            remembered_interval(job_id, memory, desired.trust, as_of),
        )
        for job_id, each in memory.jobs.items()
        if job_id not in listed and not each.left
    )


# -- one job alone


def found_alone(world: World, job: Known) -> Finding:
    """§5.1 to §5.5 for one job, without its relatives and without waits; "open" is what nothing firm holds."""
    if job.seen.status is JobStatus.CLEANED and not job.contradictory:
        return Finding("gone")
    if in_scope(world, job) is False and not job.contradictory:
        return Finding("out_of_scope")
    kept = [(rule.name, keys_that_keep(world, rule, job)) for rule in live_rules(world)]
    if any(keys is not None for _, keys in kept):
        return Finding("retained", kept=frozenset((name, keys) for name, keys in kept if keys is not None))
    undecided = frozenset(rule.name for rule in live_rules(world) if keeps(world, rule, job) is None)
    codes = own_holds(world, job, undecided)
    if codes:
        return Finding("held", holds=codes, undecided=undecided if HoldCode.RULE_UNDECIDED in codes else frozenset())
    return Finding("open")


def in_scope(world: World, job: Known) -> bool | None:
    """Known types by the file; a failed job without type by the default; else nobody can tell."""
    scope = world.desired.scope
    if job.seen.type is not JobType.UNKNOWN:
        return job.seen.type in scope.types
    return True if job.seen.status is JobStatus.FAILED and scope.untyped_failures else None


def own_holds(world: World, job: Known, undecided: frozenset[str]) -> frozenset[HoldCode]:
    """§5.5, all but relatives and waits; of a job in progress nothing is said that only its end can tell."""
    always = {
        HoldCode.CONTRADICTORY: job.contradictory,
        HoldCode.PROTECTED: any(hold.until is None or world.as_of < hold.until for hold in job.holds),
        HoldCode.NOT_FINISHED: job.seen.status is JobStatus.IN_PROGRESS,
    }
    ended = {
        HoldCode.TYPE_UNKNOWN: in_scope(world, job) is None or (in_scope(world, job) is True and shape_is_unknown(job)),
        HoldCode.STATUS_UNKNOWN: job.seen.status in {JobStatus.UNKNOWN, JobStatus.UNSTATED},
        HoldCode.RULE_UNDECIDED: bool(undecided),
        HoldCode.ASSET_MISSING: asset_is_missing(job),
        HoldCode.AGE_UNKNOWN: job.made.possible and job.made.latest is None and world.desired.min_age > timedelta(0),
        HoldCode.TOO_YOUNG: job.made.latest is not None and world.as_of - job.made.latest < world.desired.min_age,
    }
    asks = always if always[HoldCode.NOT_FINISHED] else always | ended
    return frozenset(code for code, holds in asks.items() if holds)


def shape_is_unknown(job: Known) -> bool:
    """A completed job whose body shows no known type, also where the ledger remembers its type.

    Where it shows nothing at all, that is what is said.
    """
    if job.listed is None or job.seen.status is not JobStatus.COMPLETED:
        return False
    return job.listed.type is JobType.UNKNOWN and not shows_nothing(job.listed)


def asset_is_missing(job: Known) -> bool:
    """A completed job must have what its type requires, and something that can be kept at all."""
    if job.listed is None or job.seen.status is not JobStatus.COMPLETED:
        return False
    return bool(job.listed.lacks) or shows_nothing(job.listed)


def shows_nothing(job: Job) -> bool:
    """A page is recorded, not fetched: it is nothing that could be archived."""
    return all(asset.form is AssetForm.PAGE for asset in job.assets)


# -- rules


def live_rules(world: World) -> list[RetainRule]:
    """A rule is live until the end of the day `until`."""
    return [rule for rule in world.desired.retain if rule.lapses_at is None or world.as_of < rule.lapses_at]


def lapses_of(world: World, job: Known) -> list[datetime]:
    """When each rule lapsed that owns the job, or may."""
    return [
        rule.lapses_at
        for rule in world.desired.retain
        if rule.lapses_at is not None and rule.lapses_at <= world.as_of and owns(rule.selector, job.seen) is not False
    ]


def keeps(world: World, rule: RetainRule, job: Known) -> bool | None:
    """§5.3: no `keep_*` keeps all matches, else their union; what may be owned only is held."""
    owned = owns(rule.selector, job.seen)
    if owned is not True or not keys_of(rule):
        return owned
    return highest(key_keeps(world, rule, key, job) for key in keys_of(rule))


def keys_that_keep(world: World, rule: RetainRule, job: Known) -> frozenset[str] | None:
    """The keys for which a rule keeps a job: none where it keeps all that it owns, None where it does not keep it."""
    if keeps(world, rule, job) is not True:
        return None
    return frozenset(f"keep_{name(key)}" for key in keys_of(rule) if key_keeps(world, rule, key, job) is True)


def name(key: str) -> str:
    return "bytes" if key == "size" else key


def keys_of(rule: RetainRule) -> list[str]:
    return [key for key in ("last", "within", *PERIODS, "size") if getattr(rule.keep, key) is not None]


def key_keeps(world: World, rule: RetainRule, key: str, job: Known) -> bool | None:
    """Whether one `keep_*` keeps a job that the rule owns for certain."""
    if key == "within":
        assert rule.keep.within is not None
        return younger_or_exactly(job.made, rule.keep.within, world.as_of)
    if group_of(rule.group_by, job.seen) is None:
        return None
    if not takes_part(world, job):
        return False  # it is held for what it lacks, and is no newest of anything
    if key in PERIODS and period_name(job.made, key, world.desired.zone) is None:
        return None
    if key == "size" and job.size is None:
        return None
    members = group_members(world, rule, job)
    if job in chosen(world, rule, key, members):
        return True
    return None if is_disordered(world, rule, members, job) else False


def takes_part(world: World, job: Known) -> bool:
    """What takes a slot: in scope, terminal, not contradictory."""
    return in_scope(world, job) is True and job.ended and not job.contradictory


def group_members(world: World, rule: RetainRule, job: Known) -> list[Known]:
    """The jobs of its group that take a slot, newest first."""
    group = group_of(rule.group_by, job.seen)
    members = [
        each
        for each in world.jobs
        if takes_part(world, each)
        and owns(rule.selector, each.seen) is True
        and group_of(rule.group_by, each.seen) == group
    ]
    return sorted(members, key=lambda each: each.order, reverse=True)


def chosen(world: World, rule: RetainRule, key: str, newest_first: list[Known]) -> list[Known]:
    """The jobs of one group that one key keeps."""
    most = getattr(rule.keep, key)
    if key == "last":
        return newest_first[:most]
    if key == "size":
        return newest_up_to(newest_first, most)
    return newest_of_each(world, key, newest_first)[:most]


def newest_up_to(newest_first: list[Known], most: int) -> list[Known]:
    """`keep_bytes`: the job that reaches or crosses the sum is kept, older ones are not; unknown sizes add nothing."""
    kept, total = [], 0
    for job in newest_first:
        if job.size is not None and total < most:
            kept.append(job)
            total += job.size
    return kept


def newest_of_each(world: World, key: str, newest_first: list[Known]) -> list[Known]:
    """The newest job of each period in which the rule owns something, newest period first."""
    named = [(period_name(job.made, key, world.desired.zone), job) for job in newest_first]
    periods = [period for period, _ in named]
    return [job for place, (period, job) in enumerate(named) if period is not None and period not in periods[:place]]


def is_disordered(world: World, rule: RetainRule, members: list[Known], job: Known) -> bool:
    """Trusted intervals prove that a newer one by sequence was made before an older one.

    Jobs that the ledger expects and the list lacks take no slot, and still count as proof.
    """
    group = group_of(rule.group_by, job.seen)
    beside = [
        each
        for each in world.absent
        if owns(rule.selector, each.seen) is not False and group_of(rule.group_by, each.seen) in {group, None}
    ]
    return any(
        surely_before(one.made, other.made)
        for one in (*members, *beside)
        for other in (*members, *beside)
        if one.order > other.order
    )


# -- relatives


def stays_firmly(found: Finding) -> bool:
    return found.kind in {"retained", "held"}


def related(world: World, staying: set[JobId], findings: Mapping[JobId, Finding], *, outside: bool) -> set[JobId]:
    """§5.5: jobs that a staying one needs, or that share its project, and what those need in turn.

    With `outside`, jobs that nobody decides on count as well: absent ones, and links of those out of scope.
    """
    found: set[JobId] = set()
    while True:
        more = {
            job.seen.id
            for job in world.jobs
            if job.seen.id not in found
            and findings[job.seen.id].kind in {"open", "released"}
            and is_needed(world, job, staying | found, findings, outside=outside)
        }
        if not more:
            return found
        found |= more


def is_needed(
    world: World, job: Known, staying: set[JobId], findings: Mapping[JobId, Finding], *, outside: bool
) -> bool:
    """Whether one other job that stays shares its project, or is linked to it."""
    project = job.seen.project
    beside = [each for each in world.jobs if each.seen.id in staying] + (list(world.absent) if outside else [])
    if project and any(each.seen.project == project and each.seen.id != job.seen.id for each in beside):
        return True
    needing = {link.job for link in world.desired.links if job.seen.id in link.needs and link.job != job.seen.id}
    return bool(needing & staying) or (outside and any(link_holds(world, each, findings) for each in needing))


def link_holds(world: World, needing: JobId, findings: Mapping[JobId, Finding]) -> bool:
    """A link whose job is out of scope or absent holds, unless the ledger knows that job as cleaned or gone."""
    if needing in findings:
        return findings[needing].kind == "out_of_scope"
    return needing not in world.memory.jobs or not world.memory.jobs[needing].left


def with_related(found: Finding, *, waits: bool = False) -> Finding:
    return Finding(
        "held",
        holds=found.holds | {HoldCode.RELATED},
        undecided=found.undecided,
        waits_since=(found.waits_since or found.since) if waits else None,
    )


# -- waits


def lapse_holds(world: World, job: Known) -> set[HoldCode]:
    """A rule past `until`: all its matches are held for `grace`; on the very edge that is over."""
    over = [lapse for lapse in lapses_of(world, job) if world.as_of - lapse < world.desired.grace]
    return {HoldCode.LAPSED} if over else set()


def waiting(world: World, job: Known) -> Finding:
    """A job that nothing firm holds: its lapses and its grace, or its release."""
    since = released_since(world, job)
    codes = lapse_holds(world, job)
    if world.as_of - since < world.desired.grace:
        codes |= {HoldCode.GRACE}
    if codes:
        return Finding("held", holds=frozenset(codes), waits_since=since)
    return Finding("released", tried=frozenset(tried(world)), since=since)


def tried(world: World) -> set[str]:
    """Every rule, also one that lapsed; live ones that keep all of certain ids count as one."""
    live = live_rules(world)
    by_id = [rule for rule in live if isinstance(rule.selector, IdIn) and not keys_of(rule)]
    others = [rule.name for rule in world.desired.retain if rule not in by_id]
    return {*others, *(["ids"] if by_id else [])}


def released_since(world: World, job: Known) -> datetime:
    """The recorded observation in which nothing but waiting held it; a lapse since the last one; else now."""
    if job.released_since is not None:
        return job.released_since
    last = world.memory.last_observed
    lapses = [lapse for lapse in lapses_of(world, job) if last is not None and lapse > last]
    return max(lapses, default=world.as_of)
