"""How much the account holds, as far as sizes are known.  It refuses nothing: an apply is what frees space."""

from collections.abc import Iterable

from reconciler.core.amounts import bytes_text
from reconciler.core.desired import DesiredState
from reconciler.core.inventory import Inventory
from reconciler.core.job import JobId, JobStatus
from reconciler.core.memory import LedgerView
from reconciler.core.plan import Change, PlanNotice


def storage_notices(
    desired: DesiredState, inventory: Inventory, memory: LedgerView, changes: Iterable[Change]
) -> tuple[PlanNotice, ...]:
    """Say how `storage` stands where the budget is reached, nearly reached, or cannot be told to be kept."""
    storage = desired.storage
    if storage is None:
        return ()
    sizes = [_size(inventory, memory, job.id) for job in inventory.jobs if job.status is not JobStatus.CLEANED]
    known = [size for size in sizes if size is not None]
    held, is_whole = sum(known), len(known) == len(sizes)
    if held > storage.budget:
        level = f"over storage.budget ({bytes_text(storage.budget)})"
    elif held >= storage.budget * storage.warn_at:
        level = f"at storage.warn_at of storage.budget ({bytes_text(storage.budget)})"
    elif not is_whole:
        level = f"and whether storage.budget ({bytes_text(storage.budget)}) is kept cannot be told"
    else:
        return ()
    freed = sum(change.size or 0 for change in changes if change.cleans)
    frees = f"; this plan frees {bytes_text(freed)} of it" if freed else ""
    least = "" if is_whole else "at least "
    return (
        PlanNotice(
            "storage",
            f"the account holds {least}{bytes_text(held)}, {level}; the size of {len(known)} of {len(sizes)} jobs is "
            f"known{frees} ({desired.place('storage.budget')})",
        ),
    )


def _size(inventory: Inventory, memory: LedgerView, job_id: JobId) -> int | None:
    known = memory.jobs.get(job_id)
    return known.size if known and known.size is not None else inventory.sizes.get(job_id)
