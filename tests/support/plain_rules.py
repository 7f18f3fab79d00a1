"""What each rule keeps, by the specification alone.  Answers are True, False, and None for "cannot be told"."""

from datetime import datetime

from reconciler.core.desired import RetainRule
from tests.support.plain_matching import group_of, highest, owns
from tests.support.plain_times import period_name, surely_before, younger_or_exactly
from tests.support.plain_world import Known, World, in_scope

PERIODS = ("daily", "weekly", "monthly", "yearly")


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
    if not takes_part(world, job):
        # It is held for what it lacks, and is no newest of anything.
        return None if group_of(rule.group_by, job.seen) is None else False
    if lacks_what_the_key_asks(world, rule, key, job):
        return None
    members = group_members(world, rule, job)
    if job in chosen(world, rule, key, members):
        return True
    return None if is_disordered(world, rule, members, job) else False


def lacks_what_the_key_asks(world: World, rule: RetainRule, key: str, job: Known) -> bool:
    """A group, a period or a size that cannot be told."""
    return (
        group_of(rule.group_by, job.seen) is None
        or (key in PERIODS and period_name(job.made, key, world.desired.zone) is None)
        or (key == "size" and job.size is None)
    )


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
