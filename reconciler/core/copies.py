"""What a run that only copies would copy: of the jobs that were asked for, those that can be copied and are not yet.

Nothing is decided here about what goes: a copy takes nothing away, so also what is held or out of scope may have one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from reconciler.core.desired import DesiredState, Otherwise
from reconciler.core.job import Job, JobId, JobStatus
from reconciler.core.plan import Action, Change, Reason
from reconciler.core.receipt import Receipt
from reconciler.core.verdicts import Released, Retained, Verdict

Place = tuple[JobId, str]
"""A job and the fingerprint of its facts."""


class Which(Enum):
    """Jobs that can be asked for together."""

    ASKED = "asked"  # those that the file has copied: `archive: now`, and what goes
    RETAINED = "retained"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyPlan:
    """What would be copied, how many jobs have all their copies, and why any other that was asked for cannot be."""

    changes: tuple[Change, ...]
    done: int
    left_out: tuple[tuple[JobId, str], ...]


def asked_for(desired: DesiredState, which: Which) -> Callable[[Verdict], bool]:
    """Give what tells whether a job is among those that were asked for together."""
    match which:
        case Which.ALL:
            return lambda _verdict: True
        case Which.RETAINED:
            return lambda verdict: isinstance(verdict, Retained)
        case Which.ASKED:
            goes = desired.otherwise is not Otherwise.REPORT
            return lambda verdict: (
                verdict.archive_now if isinstance(verdict, Retained) else goes and isinstance(verdict, Released)
            )


def copies_held(receipts: Iterable[Receipt]) -> dict[Place, frozenset[str]]:
    """Give the stores that hold a copy, by job and facts."""
    held: dict[Place, frozenset[str]] = {}
    for receipt in receipts:
        place = (receipt.job_id, receipt.fingerprint)
        held[place] = held.get(place, frozenset()) | frozenset(receipt.stores)
    return held


def copy_plan(chosen: Sequence[Job], held: Mapping[Place, frozenset[str]], stores: Sequence[str]) -> CopyPlan:
    """Sort out the chosen jobs: to be copied, copied into every store already, or not to be copied now."""
    changes: list[Change] = []
    left_out: list[tuple[JobId, str]] = []
    done = 0
    for job in chosen:
        why = why_not(job)
        if why:
            left_out.append((job.id, why))
        elif held.get((job.id, job.fingerprint), frozenset()).issuperset(stores):
            done += 1
        else:
            changes.append(_change(job))
    return CopyPlan(changes=tuple(changes), done=done, left_out=tuple(left_out))


def why_not(job: Job) -> str:
    """Say why a job cannot be copied now; "" for one that can."""
    if job.contradictions:
        return f"contradictory: {job.contradictions[0]}"
    if job.status is JobStatus.CLEANED:
        return "the service has cleaned it"
    if not job.is_terminal:
        return f"it is {job.status.value}"
    if job.lacks:
        return f"it has no {job.lacks[0].value}, which a whole job of its type has"
    return "" if job.needs_copies else "it has nothing to copy"


def _change(job: Job) -> Change:
    return Change(
        job_id=job.id,
        type=job.type,
        status=job.status,
        actions=(Action.ARCHIVE,),
        tried=(),
        fingerprint=job.fingerprint,
        first_seen=None,
        not_archived=job.unlisted_fields,
        reason=Reason.ARCHIVE_NOW,
    )
