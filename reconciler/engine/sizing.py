"""Which jobs need a size that nobody knows: those that a rule weighs, and what a limit counts; never the whole list."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from reconciler.core.desired import DesiredState
from reconciler.core.inventory import Inventory
from reconciler.core.job import AssetForm, Job, JobId, JobStatus
from reconciler.core.memory import LedgerView
from reconciler.core.plan import Change
from reconciler.core.retention import is_counted
from reconciler.core.rules import is_live
from reconciler.core.selectors import Match, ready
from reconciler.core.subjects import subjects_of
from reconciler.engine.ports import AssetSizes


def weighed(desired: DesiredState, inventory: Inventory, memory: LedgerView, as_of: datetime) -> tuple[Job, ...]:
    """Give the jobs of unknown size that a live rule with `keep_bytes` weighs.

    A job of which it cannot be told whether the rule owns it takes no slot, and no size would let it go.
    """
    tests = [ready(rule.selector) for rule in desired.retain if rule.keep.size is not None and is_live(rule, as_of)]
    if not tests:
        return ()
    return tuple(
        subject.listed
        for subject in subjects_of(inventory, memory, desired.trust)
        if subject.listed is not None
        and subject.size is None
        and is_counted(desired.scope, subject)
        and not subject.contradictions
        and any(test(subject) is Match.YES for test in tests)
    )


def counted_by_limit(desired: DesiredState, changes: Iterable[Change]) -> frozenset[JobId]:
    """Give the jobs of unknown size that `clean.max_bytes` counts."""
    if desired.limits.max_bytes is None:
        return frozenset()
    return frozenset(change.job_id for change in changes if change.size is None and (change.archives or change.cleans))


def measured(inventory: Inventory, jobs: Iterable[Job], sizes: AssetSizes | None) -> Inventory:
    """Give the inventory with the sizes of `jobs` that could be told: the sum of a job's files, or nothing of it."""
    files = {job.id: addresses for job in jobs if (addresses := files_of(job)) is not None}
    if not files:
        return inventory
    wanted = [address for addresses in files.values() for address in addresses]
    lengths = sizes.sizes(wanted) if sizes and wanted else {}
    told = {
        job_id: sum(lengths[address] for address in addresses)
        for job_id, addresses in files.items()
        if all(address in lengths for address in addresses)
    }
    return replace(inventory, sizes={**inventory.sizes, **told})


def files_of(job: Job) -> tuple[str, ...] | None:
    """Give the addresses of a job's files, each once; None where it does not show all that it must have.

    What stands in the body itself weighs nothing.  A failed job may have nothing at all; of a completed one that shows
    nothing it cannot be told what it holds (I4).
    """
    if job.lacks or not (job.needs_copies or job.status is JobStatus.FAILED):
        return None
    return tuple(dict.fromkeys(asset.address for asset in job.assets if asset.form is AssetForm.FILE))
