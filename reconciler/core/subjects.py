"""What is decided about: a listed job with all that is remembered and known of it."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from msgspec import Struct

from reconciler.core.desired import Source
from reconciler.core.inventory import Inventory
from reconciler.core.job import TERMINAL, Job, JobId, JobStatus, JobType
from reconciler.core.memory import KnownJob, LedgerHold, LedgerView
from reconciler.core.times import LISTS_LAG_AT_MOST, Bound, Made, made_within, ordered_within


class Subject(Struct, frozen=True, kw_only=True, gc=False):
    """One job as a decision sees it.

    `type`, `name` and `project` are the listed ones, or, where the listing shows none, those remembered.  `rank` orders
    jobs by recency: the larger, the newer.  `made` is what the trusted evidence says of its time, `size` is in bytes.
    `listed` is None for a job that the ledger expects and the list lacks: such a one is never decided on, but others
    may need it.
    """

    id: JobId
    type: JobType
    status: JobStatus
    name: str
    project: str
    rank: int
    made: Made
    contradictions: tuple[str, ...] = ()
    size: int | None = None
    first_seen: datetime | None = None
    released_since: datetime | None = None
    kept_until: datetime | None = None
    holds: tuple[LedgerHold, ...] = ()
    listed: Job | None = None

    @property
    def is_terminal(self) -> bool:
        """Whether the service says that it has ended, well or badly."""
        return self.status in TERMINAL


def subjects_of(inventory: Inventory, memory: LedgerView, trust: frozenset[Source]) -> tuple[Subject, ...]:
    """Give a subject per listed job, in the order of the listing."""
    ranks = _ranks(inventory, memory)
    made = times_of(inventory, memory, trust)
    return tuple(
        _subject(job, memory.jobs.get(job.id), rank, when, inventory.sizes.get(job.id))
        for job, rank, when in zip(inventory.jobs, ranks, made, strict=True)
    )


def _subject(job: Job, known: KnownJob | None, rank: int, made: Made, size: int | None) -> Subject:
    if known is None:
        return Subject(
            id=job.id,
            type=job.type,
            status=job.status,
            name=job.name,
            project=job.project,
            rank=rank,
            made=made,
            contradictions=_told(job.contradictions, made),
            size=size,
            listed=job,
        )
    return Subject(
        id=job.id,
        type=known.type if job.type is JobType.UNKNOWN else job.type,
        status=job.status,
        name=job.name or known.name,
        project=job.project or known.project,
        rank=rank,
        made=made,
        contradictions=_told((*job.contradictions, *_other_type(job, known)), made),
        size=size if known.size is None else known.size,
        first_seen=known.first_seen,
        released_since=known.released_since,
        kept_until=known.kept_until,
        holds=known.holds,
        listed=job,
    )


def _told(contradictions: tuple[str, ...], made: Made) -> tuple[str, ...]:
    return (*contradictions, made.contradiction) if made.contradiction else contradictions


def _other_type(job: Job, known: KnownJob) -> Iterator[str]:
    if JobType.UNKNOWN not in {job.type, known.type} and job.type is not known.type:
        yield f"it reads as {job.type.value} and was seen as {known.type.value} before"


def _ranks(inventory: Inventory, memory: LedgerView) -> Iterator[int]:
    """Give each job's recency: the ledger's sequence, and for new jobs the place in the list, above all of those."""
    newest = max((known.sequence for known in memory.jobs.values()), default=0)
    for place, job in enumerate(inventory.jobs):
        known = memory.jobs.get(job.id)
        yield known.sequence if known else newest + len(inventory.jobs) - place


# -- times


def times_of(inventory: Inventory, memory: LedgerView, trust: frozenset[Source]) -> tuple[Made, ...]:
    """Give the interval of each listed job, in the order of the listing, from the trusted evidence."""
    as_of = inventory.observed_at
    own = _own_times(inventory, memory, trust)
    if Source.LIST_ORDER not in trust:
        return tuple(own)
    # By recency, not by place: a list that comes shuffled one day must not age a job (the ledger keeps the order).
    ranks = list(_ranks(inventory, memory))
    newest_first = sorted(range(len(own)), key=lambda place: -ranks[place])
    ordered = dict(zip(newest_first, ordered_within([own[place] for place in newest_first]), strict=True))
    return tuple(
        made_within((*_bounds(job, memory, inventory, trust), ordered[place]), as_of)
        for place, job in enumerate(inventory.jobs)
    )


def _own_times(inventory: Inventory, memory: LedgerView, trust: frozenset[Source]) -> list[Made]:
    """Give what the evidence of each job by itself says, in the order of the listing.

    Jobs that were first seen together, and of which nobody knows more, share one interval: there are few of those.
    """
    shared: dict[tuple[datetime | None, ...], Made] = {}
    own: list[Made] = []
    for job in inventory.jobs:
        known = memory.jobs.get(job.id)
        first_seen, missing_until = (known.first_seen, known.missing_until) if known else (None, None)
        others = (memory.imported.get(job.id), job.shared_at, inventory.created_dates.get(job.id))
        made = shared.get((first_seen, missing_until, *others))
        if made is None:
            made = made_within(_bounds(job, memory, inventory, trust), inventory.observed_at)
            shared[first_seen, missing_until, *others] = made
        own.append(made)
    return own


def evidence_of(inventory: Inventory, memory: LedgerView, job: Job) -> tuple[Bound, ...]:
    """Give what each source, trusted or not, says of one listed job by itself."""
    return tuple(_bounds(job, memory, inventory, frozenset(Source)))


def _bounds(job: Job, memory: LedgerView, inventory: Inventory, trust: frozenset[Source]) -> Iterator[Bound]:
    yield from _remembered_bounds(job.id, memory, inventory.observed_at, trust)
    if job.shared_at and Source.SHARE_LINK in trust:
        yield Bound(Source.SHARE_LINK, None, job.shared_at)
    created = inventory.created_dates.get(job.id) if Source.CREATED_DATE in trust else None
    if created:
        yield Bound(Source.CREATED_DATE, created, created)


def _remembered_bounds(job_id: JobId, memory: LedgerView, as_of: datetime, trust: frozenset[Source]) -> Iterator[Bound]:
    if Source.LEDGER in trust:
        yield _ledger_bound(memory.jobs.get(job_id), memory, as_of)
    imported = memory.imported.get(job_id) if Source.IMPORTED in trust else None
    if imported:
        yield Bound(Source.IMPORTED, imported, imported)


def _ledger_bound(known: KnownJob | None, memory: LedgerView, as_of: datetime) -> Bound:
    missing_until = known.missing_until if known else memory.last_observed
    return Bound(
        Source.LEDGER,
        missing_until - LISTS_LAG_AT_MOST if missing_until else None,
        known.first_seen if known else as_of,
    )


# -- jobs that are not listed


def remembered(job_id: JobId, known: KnownJob, made: Made) -> Subject:
    """Give a job that the list lacks, as the ledger knows it: nothing is decided on it."""
    return Subject(
        id=job_id,
        type=known.type,
        status=known.status,
        name=known.name,
        project=known.project,
        rank=known.sequence,
        made=made,
        holds=known.holds,
    )


def absent_of(
    listed: Iterable[JobId], memory: LedgerView, trust: frozenset[Source], as_of: datetime
) -> tuple[Subject, ...]:
    """Give the jobs that the ledger expects and the list lacks: nothing is decided on them, others may need them."""
    there = frozenset(listed)
    away = (job_id for job_id, known in memory.jobs.items() if not known.left and job_id not in there)
    return remembered_of(away, memory, trust, as_of)


def remembered_of(
    ids: Iterable[JobId], memory: LedgerView, trust: frozenset[Source], as_of: datetime
) -> tuple[Subject, ...]:
    """Give known jobs as the ledger knows them."""
    return tuple(
        remembered(job_id, memory.jobs[job_id], made_within(_remembered_bounds(job_id, memory, as_of, trust), as_of))
        for job_id in ids
    )
