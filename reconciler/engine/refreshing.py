"""Record what is there now, and nothing else: sightings are the only clock the service leaves us."""

from dataclasses import dataclass

from reconciler.core.desired import DesiredState
from reconciler.engine.enquiry import Enquiry
from reconciler.engine.observe import observe
from reconciler.engine.ports import NOBODY, Clock, Evidence, JobsReader, Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """Jobs listed, and how many of them were new to the ledger."""

    jobs: int
    new: int


def refresh(
    desired: DesiredState, reader: JobsReader, ledger: Ledger, clock: Clock, evidence: Evidence = NOBODY
) -> Refreshed:
    """Read the list and record the observation, with what `evidence` adds to it."""
    with ledger.open_run("refresh", desired.account) as run:
        memory = ledger.view()
        inventory = Enquiry(desired, evidence).filled(observe(reader, memory, clock), memory)
        run.record_observation(inventory)
        new = sum(job.id not in memory.jobs for job in inventory.jobs)
        return Refreshed(jobs=len(inventory.jobs), new=new)
