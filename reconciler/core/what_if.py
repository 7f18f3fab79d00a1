"""The same decision at another time: what stays as it is, and what nobody had seen by then.

Everything but the time is as it is now: the file, the list, the facts of each job, the ledger's memory.  A later time
is taken as if nothing is recorded in between.  At an earlier time a job counts as there only where it is certain.
"""

from dataclasses import replace
from datetime import datetime

from reconciler.core.desired import Source
from reconciler.core.inventory import Inventory
from reconciler.core.memory import LedgerView
from reconciler.core.subjects import times_of


def seen_by(
    inventory: Inventory, memory: LedgerView, trust: frozenset[Source], as_of: datetime
) -> tuple[Inventory, LedgerView]:
    """Leave out what had not been seen at `as_of`: jobs first seen later, unless trusted evidence says otherwise.

    Such a job must take no slot of a `keep_*` and hold no relative: a plan made at that time would not have shown it.
    """
    if as_of >= inventory.observed_at:
        return inventory, memory
    early = {job_id: known for job_id, known in memory.jobs.items() if known.first_seen <= as_of}
    made = times_of(inventory, memory, trust)
    there = tuple(
        job
        for job, when in zip(inventory.jobs, made, strict=True)
        if job.id in early or (when.not_after and when.not_after <= as_of and not when.contradiction)
    )
    known = early | {job.id: memory.jobs[job.id] for job in there if job.id in memory.jobs}
    return replace(inventory, jobs=there), replace(memory, jobs=known)
