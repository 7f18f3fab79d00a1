"""The decision once more, written from the specification alone: plain, slow, one function per paragraph.

It shares the value classes with `reconciler.core` and no line of its code, so one mistake is not made twice.  Answers
of three values are True, False, and None for "cannot be told".  Nothing is compiled or indexed; a whole account is
decided by asking every question of every job, as an auditor would.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.core.desired import DesiredState
from reconciler.core.inventory import Inventory
from reconciler.core.job import AssetForm, Job, JobId, JobStatus, JobType
from reconciler.core.memory import LedgerView
from reconciler.core.selectors import IdIn
from reconciler.core.verdicts import HoldCode
from tests.support.plain_rules import keeps, keys_of, keys_that_keep, lapses_of, live_rules
from tests.support.plain_world import Known, World, absent_jobs, in_scope, known_jobs


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
    """The recorded observation in which nothing but waiting held it; the end of what last kept it; else now."""
    if job.released_since is not None:
        return job.released_since
    if job.kept_until is not None and job.kept_until <= world.as_of:
        return job.kept_until
    return world.as_of
