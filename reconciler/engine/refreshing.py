"""Record what is there now and what the file says of it: sightings are the only clock the service leaves us."""

from dataclasses import dataclass
from datetime import datetime

from reconciler.core.desired import DesiredState
from reconciler.core.drift import Drift
from reconciler.core.losses import Loss
from reconciler.engine.enquiry import Enquiry
from reconciler.engine.ports import NOBODY, Clock, Evidence, JobsReader, KeyMark, Ledger
from reconciler.engine.recording import observe_and_record
from reconciler.engine.right_account import refuse_other_key, remember_key
from reconciler.engine.stopping import UNSTOPPABLE, StopAtOnce


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """Jobs listed, how many of them were new to the ledger; and what this run found first: `drift`, and those of
    it that were `lost`."""

    observed_at: datetime
    jobs: int
    new: int
    lost: tuple[Loss, ...] = ()
    drift: tuple[Drift, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What a refresh takes over, once, that every run refuses: another key, a list without any job of before."""

    new_key: bool = False
    new_list: bool = False


NOTHING_NEW = Accepted()


def refresh(
    desired: DesiredState,
    reader: JobsReader,
    ledger: Ledger,
    clock: Clock,
    key: KeyMark,
    evidence: Evidence = NOBODY,
    stop: StopAtOnce = UNSTOPPABLE,
    *,
    accepted: Accepted = NOTHING_NEW,
) -> Refreshed:
    """Read the list, record the observation with what `evidence` adds, and what is decided: waiting and protection.

    Raises:
        GuardRefused: the key was never seen with the account of the ledger, and is not `accepted`.
        InventoryIncomplete, ServiceError, AuthenticationRefused: the list could not be read, or shows no job of before,
            which is not `accepted`; nothing was recorded.
        LockedByAnotherRun, LedgerError: the ledger cannot be had; nothing was recorded.
        StoppedWhileIdle: somebody asked to stop before anything was recorded.
    """
    with ledger.open_run("refresh", desired.account) as run:
        if not accepted.new_key:
            refuse_other_key(ledger.binding(), key)
        recorded = observe_and_record(
            desired,
            reader,
            ledger,
            run,
            clock,
            Enquiry(desired, evidence),
            stop=stop,
            takes_new_list=accepted.new_list,
        )
        remember_key(ledger, run, key)
        jobs = recorded.inventory.jobs
        new = sum(job.id not in recorded.before.jobs for job in jobs)
        return Refreshed(
            observed_at=recorded.inventory.observed_at,
            jobs=len(jobs),
            new=new,
            lost=recorded.lost,
            drift=recorded.drift,
        )
