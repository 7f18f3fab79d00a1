"""A list that says `cleaned` of a job lets go what it needed; so the job is asked for alone before that is believed.

Lists are trusted less than the answer for one job.  Asked are only those of which the ledger does not know it yet, and
only where another job, not kept by a rule itself, would have stayed for it.
"""

from collections.abc import Sequence
from dataclasses import replace

from reconciler.core.desired import Link
from reconciler.core.inventory import Inventory
from reconciler.core.job import Job, JobId, JobStatus
from reconciler.core.memory import LedgerView
from reconciler.core.verdicts import Gone, Held, Released, Verdict
from reconciler.engine.ports import JobsReader
from reconciler.errors import ServiceAnswerUnreadable


def unsure_departures(verdicts: Sequence[Verdict], links: Sequence[Link], memory: LedgerView) -> tuple[JobId, ...]:
    """Give the jobs whose leaving only the list tells, and which others would have stayed for."""
    gone = [verdict.job for verdict in verdicts if isinstance(verdict, Gone) and not _is_known(verdict, memory)]
    if not gone:
        return ()
    unkept = [verdict.job for verdict in verdicts if isinstance(verdict, Released | Held)]
    projects = {subject.project for subject in unkept if subject.project}
    ids = {subject.id for subject in unkept}
    needing = {link.job for link in links if not ids.isdisjoint(link.needs)}
    return tuple(subject.id for subject in gone if subject.id in needing or subject.project in projects)


def _is_known(verdict: Gone, memory: LedgerView) -> bool:
    known = memory.jobs.get(verdict.job.id)
    return known is not None and known.left


def confirmed(reader: JobsReader, inventory: Inventory, unsure: Sequence[JobId]) -> Inventory:
    """Give the inventory with what the `unsure` jobs say alone: one that is there contradicts the list, and is held.

    Raises:
        ServiceError: the service gave no usable answer at all.
        AuthenticationRefused: the key was refused.
    """
    listed = {job.id: job for job in inventory.jobs}
    asked = (_still_there(reader, listed[job_id]) for job_id in unsure)
    return inventory.as_told_alone({job.id: job for job in asked if job})


def _still_there(reader: JobsReader, listed: Job) -> Job | None:
    try:
        detail = reader.get(listed.id)
    except ServiceAnswerUnreadable as error:
        why = f"listed as cleaned; asked for alone, it cannot be read: {error.message}"
        # Not as cleaned any more: nobody can tell what it is.
        return replace(listed, status=JobStatus.UNKNOWN, contradictions=(*listed.contradictions, why))
    if detail is None or detail.job.status is JobStatus.CLEANED:
        return None
    why = f"listed as cleaned; asked for alone, it is {detail.job.status.value}"
    told = dict.fromkeys((*listed.contradictions, *detail.job.contradictions, why))
    return replace(detail.job, contradictions=tuple(told))
