"""Read the whole list and see that it can be trusted: an inventory from here is complete, or there is none (I2)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from reconciler.core.canonical import digest, utc_text
from reconciler.core.inventory import Inventory, ListingProof
from reconciler.core.job import Job, JobId
from reconciler.core.memory import LedgerView
from reconciler.engine.ports import Clock, JobsReader
from reconciler.errors import InventoryIncomplete

CLOCKS_DIFFER_AT_MOST = timedelta(minutes=15)
"""Far below the shortest age that a file can ask for, far above what a clock that is kept right drifts."""


def observe(reader: JobsReader, memory: LedgerView, clock: Clock, *, takes_new_list: bool = False) -> Inventory:
    """Read the list to its end; each id once, newest first.

    The observation's time is the end of the reading: whatever is in it existed by then.  With `takes_new_list` it may
    show none of the jobs that the ledger expects.

    Raises:
        InventoryIncomplete: the list could not be read whole, or shares nothing with what the ledger remembers, or
            the service's clock is not ours.
    """
    listing = reader.list_jobs()
    if isinstance(listing, Inventory):  # observed before, at the time it says
        _same_account(listing.jobs, memory)
        return listing
    observed_at = clock.now()
    _same_time(observed_at, listing.told_at)
    jobs = _without_claimed_ids(_each_id_once(listing.jobs))
    if not takes_new_list:
        _same_account(jobs, memory)
    return Inventory(
        jobs=jobs,
        proof=ListingProof(
            pages=listing.pages,
            end_marker=listing.end_marker,
            repeats=len(listing.jobs) - len(jobs),
            unnamed=listing.unnamed,
            arrived=listing.arrived,
        ),
        observed_at=observed_at,
        digest=digest(sorted([job.id, job.fingerprint] for job in jobs)),
    )


def _same_time(ours: datetime, told: datetime | None) -> None:
    # Ages count from our own sightings; a clock that jumped ahead would make every job old at once (I14).
    if told is not None and abs(ours - told) > CLOCKS_DIFFER_AT_MOST:
        raise InventoryIncomplete(
            f"this machine's clock says {utc_text(ours)}, the service's answers say {utc_text(told)}: no age can be "
            "told while they differ",
            hint="Set this machine's clock (a time service such as NTP keeps it right), then try again.",
        )


def _each_id_once(listed: Iterable[Job]) -> tuple[Job, ...]:
    # A page boundary can move while it is read, so a repeat is normal; a repeat that says something else is not.
    kept: dict[JobId, Job] = {}
    for job in listed:
        first = kept.get(job.id)
        kept[job.id] = job if first is None else _with_repeat(first, job)
    return tuple(kept.values())


def _with_repeat(first: Job, again: Job) -> Job:
    """Give the first reading with whatever the second one adds that speaks against it."""
    differs = ("listed twice with different facts",) if first.fingerprint != again.fingerprint else ()
    return replace(
        first,
        contradictions=tuple(dict.fromkeys((*first.contradictions, *again.contradictions, *differs))),
        other_ids=tuple(dict.fromkeys((*first.other_ids, *again.other_ids))),
    )


def _without_claimed_ids(jobs: tuple[Job, ...]) -> tuple[Job, ...]:
    # An item whose id spellings disagree may be either job, so the other one is not certain either.
    claimed = {other for job in jobs for other in job.other_ids}
    return tuple(
        replace(job, contradictions=(*job.contradictions, "another item of the list also names this id"))
        if job.id in claimed
        else job
        for job in jobs
    )


def shares_nothing(jobs: tuple[Job, ...], memory: LedgerView) -> int:
    """Give how many jobs the ledger expects of a list that shows none of those it knows; 0 for any other list."""
    if any(job.id in memory.jobs for job in jobs):
        return 0
    return sum(not known.left for known in memory.jobs.values())


def _same_account(jobs: tuple[Job, ...], memory: LedgerView) -> None:
    expected = shares_nothing(jobs, memory)
    if expected:
        raise InventoryIncomplete(
            f"the list shows {len(jobs)} jobs and none of the {expected} that the ledger expects: "
            "this is another account's list, or a broken one",
            hint="Check PICTORY_API_KEY and PICTORY_API_BASE_URL, or name the ledger of that account with --state; if "
            "all of them did leave, take the list over once: reconciler refresh --accept-new-list.",
        )
