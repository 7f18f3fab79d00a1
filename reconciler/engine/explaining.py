"""Explain jobs: the decision as a plan makes it, with all that it rests on.  Writes nothing (I6)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.core.desired import DesiredState, Otherwise
from reconciler.core.explanation import Explained, explain
from reconciler.core.job import JobId
from reconciler.core.losses import Loss, losses_by
from reconciler.core.memory import KnownJob, LedgerView
from reconciler.core.receipt import Receipt
from reconciler.core.what_if import seen_by
from reconciler.engine.account import Departure
from reconciler.engine.enquiry import Enquiry
from reconciler.engine.planning import Sight, read_for_a_decision
from reconciler.engine.ports import NOBODY, Clock, Evidence, JobsReader, LedgerHistory


@dataclass(frozen=True, slots=True)
class Copy:
    """A bag of a job.  `is_current` says that it holds the facts that the job shows now."""

    receipt: Receipt
    is_current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedJob:
    """A job that the list shows, explained.  `lost` is set where it was cleaned before it was archived as it was."""

    explained: Explained
    copies: tuple[Copy, ...]
    lost: Loss | None = None

    @property
    def job_id(self) -> JobId:
        """Its id."""
        return self.explained.job.id


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlistedJob:
    """A job that the decision does not see, and what is known of it all the same.

    `not_yet_seen` says that the list shows it, but that nobody had seen it at the time asked for.  `near` is the one
    listed id that differs only in case or goes on where this one ends, "" where there is none, or several.  `lost` is
    as for a listed job.
    """

    job_id: JobId
    known: KnownJob | None
    imported: datetime | None
    departure: Departure | None
    copies: tuple[Copy, ...]
    not_yet_seen: bool = False
    near: str = ""
    lost: Loss | None = None

    @property
    def is_known(self) -> bool:
        """Whether anything tells that there is, or was, such a job."""
        return bool(self.known or self.imported or self.copies or self.not_yet_seen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why jobs stand as they do, in the order asked for.  `as_of` differs from `observed_at` in a what-if."""

    account: str
    otherwise: Otherwise
    as_of: datetime
    observed_at: datetime
    what_if: bool
    jobs: tuple[ListedJob | UnlistedJob, ...]

    @property
    def unknown(self) -> tuple[JobId, ...]:
        """The ids of which nobody knows anything."""
        return tuple(job.job_id for job in self.jobs if isinstance(job, UnlistedJob) and not job.is_known)


def explain_jobs(
    desired: DesiredState,
    reader: JobsReader,
    ledger: LedgerHistory,
    clock: Clock,
    ids: Sequence[JobId],
    *,
    what_if: datetime | None = None,
    evidence: Evidence = NOBODY,
) -> Explanation:
    """Explain the jobs `ids`, each once, over the live list as it is now.

    Raises:
        InventoryIncomplete: the list is not whole.
        LedgerError: the ledger exists and cannot be read.
    """
    seen = read_for_a_decision(desired, reader, ledger, clock, Enquiry(desired, evidence))
    return explain_over(desired, seen, ledger, ids, what_if=what_if)


def explain_over(
    desired: DesiredState, seen: Sight, ledger: LedgerHistory, ids: Sequence[JobId], *, what_if: datetime | None = None
) -> Explanation:
    """Explain jobs over a list that was read already."""
    as_of = what_if or seen.inventory.observed_at
    there, memory = seen_by(seen.inventory, seen.memory, desired.trust, as_of)
    wanted = tuple(dict.fromkeys(ids))
    explained = explain(desired, there, memory, frozenset(wanted), as_of)
    copies = _copies(ledger, frozenset(wanted), seen)
    lost = {loss.job_id: loss for loss in losses_by(seen.inventory, seen.memory)}
    return Explanation(
        account=desired.account,
        otherwise=desired.otherwise,
        as_of=as_of,
        observed_at=seen.inventory.observed_at,
        what_if=what_if is not None,
        jobs=tuple(
            ListedJob(explained=explained[job_id], copies=copies[job_id], lost=lost.get(job_id))
            if job_id in explained
            else replace(_unlisted(job_id, seen, ledger, copies[job_id]), lost=lost.get(job_id))
            for job_id in wanted
        ),
    )


def _copies(ledger: LedgerHistory, ids: frozenset[JobId], seen: Sight) -> dict[JobId, tuple[Copy, ...]]:
    now = {job.id: job.fingerprint for job in seen.inventory.jobs if job.id in ids}
    bags: dict[JobId, dict[str, Copy]] = {job_id: {} for job_id in ids}
    for receipt in ledger.receipts():
        if receipt.job_id in ids:  # a bag that is proved again has a receipt each time: the newest tells
            is_current = now.get(receipt.job_id) == receipt.fingerprint
            bags[receipt.job_id][receipt.bag] = Copy(receipt, is_current)
    return {job_id: tuple(each.values()) for job_id, each in bags.items()}


def _unlisted(job_id: JobId, seen: Sight, ledger: LedgerHistory, copies: tuple[Copy, ...]) -> UnlistedJob:
    memory: LedgerView = seen.memory
    listed = [job.id for job in seen.inventory.jobs]
    folded = job_id.casefold()
    near = [each for each in listed if each != job_id and each.casefold().startswith(folded)]
    return UnlistedJob(
        job_id=job_id,
        known=memory.jobs.get(job_id),
        imported=memory.imported.get(job_id),
        departure=ledger.departure(job_id),
        copies=copies,
        not_yet_seen=job_id in listed,
        near=near[0] if len(near) == 1 else "",
    )
