"""Ask for jobs alone where the list may show less of them than the service knows.

Nothing says that a list item is as full as the answer for its job alone; a plan made from less would name facts that no
apply ever meets again.  One job of each kind is asked for, and where that shows other facts, every job of the kind:
never one call per job of a list that tells all.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from reconciler.core.desired import DesiredState
from reconciler.core.drift_finding import changed_since_archived
from reconciler.core.inventory import Inventory
from reconciler.core.job import Job, JobId, JobStatus, JobType
from reconciler.core.memory import LedgerView
from reconciler.core.retention import decide
from reconciler.core.verdicts import Held, HoldCode, Released, Retained, Verdict
from reconciler.engine.departures import confirmed, unsure_departures
from reconciler.engine.ports import JobsReader
from reconciler.errors import ServiceAnswerUnreadable

MAY_BE_FOR_LACK_OF_FACTS = frozenset({HoldCode.TYPE_UNKNOWN, HoldCode.RULE_UNDECIDED, HoldCode.ASSET_MISSING})
"""Holds that a fuller answer could lift; a job with any other hold stays where it is, whatever it shows."""

_Kind = tuple[JobType, JobStatus]


def see_closer(
    desired: DesiredState,
    reader: JobsReader,
    inventory: Inventory,
    memory: LedgerView,
    *,
    first: frozenset[JobId] = frozenset(),
) -> Inventory:
    """Give the inventory as a decision needs it: with more of the jobs of which the list may show less than there is.

    Of each kind of job a `first` one is asked for before the others, and often that is enough.

    Raises:
        ServiceError: the service gave no usable answer at all.
        AuthenticationRefused: the key was refused.
    """
    decided = decide(desired, inventory, memory, inventory.observed_at)
    chosen = worth_a_look(decided, changed_since_archived(inventory, memory))
    seen = look_closer(reader, inventory, sorted(chosen, key=lambda job_id: job_id not in first))
    return confirmed(reader, seen, unsure_departures(decided, desired.links, memory))


def worth_a_look(verdicts: Iterable[Verdict], changed: Iterable[JobId] = ()) -> tuple[JobId, ...]:
    """Give the jobs whose verdict a fuller answer could change, or whose facts an apply will meet again.

    `changed` are jobs that look as if they had changed since they were archived: the list may only show less of them.
    """
    return tuple(dict.fromkeys((*(verdict.job.id for verdict in verdicts if _is_worth(verdict)), *changed)))


def _is_worth(verdict: Verdict) -> bool:
    if isinstance(verdict, Held):
        return verdict.job.is_terminal and all(hold.code in MAY_BE_FOR_LACK_OF_FACTS for hold in verdict.holds)
    return isinstance(verdict, Released) or (isinstance(verdict, Retained) and verdict.archive_now)


def look_closer(reader: JobsReader, inventory: Inventory, chosen: Sequence[JobId]) -> Inventory:
    """Give the inventory with the facts that `chosen` jobs show alone; the proof counts those that were more.

    Raises:
        ServiceError: the service gave no usable answer at all.
        AuthenticationRefused: the key was refused.
    """
    listed = {job.id: job for job in inventory.jobs}
    kinds: dict[_Kind, list[Job]] = {}
    for job_id in chosen:
        job = listed[job_id]
        kinds.setdefault((job.type, job.status), []).append(job)
    return inventory.as_told_alone({job.id: job for alike in kinds.values() for job in _fuller(reader, alike)})


def _fuller(reader: JobsReader, alike: Sequence[Job]) -> Iterator[Job]:
    differs = False
    for job in alike:
        alone = _alone(reader, job)
        if alone is None:
            continue  # gone since: the list says what there is to say, and the next job shows how its kind is listed
        if not differs and (alone.fingerprint, alone.contradictions) == (job.fingerprint, job.contradictions):
            return
        differs = True
        yield alone


def _alone(reader: JobsReader, job: Job) -> Job | None:
    try:
        detail = reader.get(job.id)
    except ServiceAnswerUnreadable as error:
        # One odd job must not keep the others from a plan, nor be decided on.
        return replace(
            job, contradictions=(*job.contradictions, f"asked for alone, it cannot be read: {error.message}")
        )
    if detail is None:
        return None
    told = dict.fromkeys((*job.contradictions, *detail.job.contradictions))
    return replace(detail.job, contradictions=tuple(told))
