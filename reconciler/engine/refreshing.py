"""Record what is there now and what the file says of it: sightings are the only clock the service leaves us."""

from dataclasses import dataclass

from reconciler.core.desired import DesiredState
from reconciler.core.losses import Loss
from reconciler.engine.enquiry import Enquiry
from reconciler.engine.ports import NOBODY, Clock, Evidence, JobsReader, Ledger
from reconciler.engine.recording import observe_and_record


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """Jobs listed, how many of them were new to the ledger, and who was found gone and unarchived first by this run."""

    jobs: int
    new: int
    lost: tuple[Loss, ...] = ()


def refresh(
    desired: DesiredState, reader: JobsReader, ledger: Ledger, clock: Clock, evidence: Evidence = NOBODY
) -> Refreshed:
    """Read the list, record the observation with what `evidence` adds, and what is decided: waiting and protection."""
    with ledger.open_run("refresh", desired.account) as run:
        recorded = observe_and_record(desired, reader, ledger, run, clock, Enquiry(desired, evidence))
        jobs = recorded.inventory.jobs
        new = sum(job.id not in recorded.before.jobs for job in jobs)
        return Refreshed(jobs=len(jobs), new=new, lost=recorded.lost)
