"""Record what is there now and what the file says of it: sightings are the only clock the service leaves us."""

from dataclasses import dataclass

from reconciler.core.desired import DesiredState
from reconciler.core.losses import Loss
from reconciler.engine.enquiry import Enquiry
from reconciler.engine.ports import NOBODY, Clock, Evidence, JobsReader, Ledger
from reconciler.engine.recording import observe_and_record
from reconciler.engine.stopping import UNSTOPPABLE, StopAtOnce


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """Jobs listed, how many of them were new to the ledger, and who was found gone and unarchived first by this run."""

    jobs: int
    new: int
    lost: tuple[Loss, ...] = ()


def refresh(
    desired: DesiredState,
    reader: JobsReader,
    ledger: Ledger,
    clock: Clock,
    evidence: Evidence = NOBODY,
    stop: StopAtOnce = UNSTOPPABLE,
) -> Refreshed:
    """Read the list, record the observation with what `evidence` adds, and what is decided: waiting and protection.

    Raises:
        InventoryIncomplete, ServiceError, AuthenticationRefused: the list could not be read; nothing was recorded.
        LockedByAnotherRun, LedgerError: the ledger cannot be had; nothing was recorded.
        StoppedWhileIdle: somebody asked to stop before anything was recorded.
    """
    with ledger.open_run("refresh", desired.account) as run:
        recorded = observe_and_record(desired, reader, ledger, run, clock, Enquiry(desired, evidence), stop=stop)
        jobs = recorded.inventory.jobs
        new = sum(job.id not in recorded.before.jobs for job in jobs)
        return Refreshed(jobs=len(jobs), new=new, lost=recorded.lost)
