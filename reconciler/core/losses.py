"""Jobs that are lost: gone, by the service's own retention or another hand, before they were archived as last seen.

Lost is what was there when it was seen last, had something an archive would hold, and was not archived as just that.
Nobody can get it back; what can be done is to archive sooner what the same will happen to.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.core.canonical import utc_text
from reconciler.core.inventory import Inventory
from reconciler.core.job import JobId, JobStatus
from reconciler.core.memory import LedgerView
from reconciler.core.plan import PlanNotice

TOLD_IN_PLANS_FOR = timedelta(days=30)
"""How long a plan tells of a loss: long enough for whoever reviews once a month, not for ever; `status` tells all."""
NAMED_IN_A_NOTICE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """One job that left unarchived.

    `found_at` is the observation that first missed it; `archived_at` when it was archived as it was before, None for
    never.
    """

    job_id: JobId
    found_at: datetime
    archived_at: datetime | None = None

    @property
    def why(self) -> str:
        """What was lost: all of it, or what it became since its archive."""
        if self.archived_at is None:
            return "never archived"
        return f"archived only as it was on {utc_text(self.archived_at)[:10]}"


def recorded_losses(memory: LedgerView) -> tuple[Loss, ...]:
    """Give the losses that recorded observations found, in the order in which they were found."""
    return _in_order(
        Loss(job_id=job_id, found_at=known.lost_at, archived_at=known.archived_at)
        for job_id, known in memory.jobs.items()
        if known.lost_at is not None
    )


def newly_lost(before: LedgerView, after: LedgerView) -> tuple[Loss, ...]:
    """Give the losses that the ledger learned of between two views."""
    told = {loss.job_id for loss in recorded_losses(before)}
    return tuple(loss for loss in recorded_losses(after) if loss.job_id not in told)


def losses_by(inventory: Inventory, memory: LedgerView) -> tuple[Loss, ...]:
    """Give the losses as of an observation that may not be recorded yet: what recording it would find, it finds."""
    there = {job.id for job in inventory.jobs if job.status is not JobStatus.CLEANED}
    return _in_order(
        Loss(job_id=job_id, found_at=known.lost_at or inventory.observed_at, archived_at=known.archived_at)
        for job_id, known in memory.jobs.items()
        if known.unarchived and job_id not in there
    )


def _in_order(losses: Iterator[Loss]) -> tuple[Loss, ...]:
    return tuple(sorted(losses, key=lambda loss: loss.found_at))


def loss_notices(inventory: Inventory, memory: LedgerView) -> tuple[PlanNotice, ...]:
    """Tell a plan's reviewer of what was lost lately, that just found first."""
    since = inventory.observed_at - TOLD_IN_PLANS_FOR
    lately = [loss for loss in losses_by(inventory, memory) if loss.found_at >= since]
    if not lately:
        return ()
    jobs = "1 job was" if len(lately) == 1 else f"{len(lately)} jobs were"
    return (
        PlanNotice(
            "archive",
            f"{jobs} lost before archive in the last {TOLD_IN_PLANS_FOR.days} days: {_named(lately[::-1])}. They left "
            "the service without a clean of ours; a rule with `archive: now` copies what stays while it is there",
        ),
    )


def _named(newest_first: Sequence[Loss]) -> str:
    named = ", ".join(f"{loss.job_id} ({loss.why})" for loss in newest_first[:NAMED_IN_A_NOTICE])
    more = len(newest_first) - NAMED_IN_A_NOTICE
    return f"{named} and {more} more (`reconciler status` names all)" if more > 0 else named
