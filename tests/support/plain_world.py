"""What the plain evaluator knows of each job, by the specification alone: the listing filled up from the ledger."""

from dataclasses import dataclass
from datetime import datetime

from reconciler.core.desired import DesiredState
from reconciler.core.inventory import Inventory
from reconciler.core.job import Job, JobStatus, JobType
from reconciler.core.memory import LedgerHold, LedgerView
from tests.support.plain_matching import Seen
from tests.support.plain_times import ANY_TIME, Interval, intervals_of, order_of, remembered_interval


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
    kept_until: datetime | None = None
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
        before.kept_until,
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


def in_scope(world: World, job: Known) -> bool | None:
    """Known types by the file; a failed job without type by the default; else nobody can tell."""
    scope = world.desired.scope
    if job.seen.type is not JobType.UNKNOWN:
        return job.seen.type in scope.types
    return True if job.seen.status is JobStatus.FAILED and scope.untyped_failures else None
