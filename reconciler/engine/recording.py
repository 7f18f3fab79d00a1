"""Observe, record, decide, record the decision: what `refresh` is, and what every `apply` begins with.

What is recorded is what a plan of this moment would say, so it looks as closely as a plan does.
"""

from dataclasses import dataclass, replace

from reconciler.core.desired import DesiredState
from reconciler.core.drift import Drift
from reconciler.core.drift_finding import drift_of, newly_found
from reconciler.core.inventory import Inventory
from reconciler.core.job import JobId
from reconciler.core.losses import Loss, newly_lost
from reconciler.core.memory import LedgerView
from reconciler.core.recording import to_record
from reconciler.core.retention import decide
from reconciler.core.verdicts import Verdict
from reconciler.engine.enquiry import Enquiry
from reconciler.engine.looking_closer import see_closer
from reconciler.engine.observe import observe, shares_nothing
from reconciler.engine.ports import Clock, JobsReader, LedgerReader, Run
from reconciler.engine.stopping import UNSTOPPABLE, StopAtOnce


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The list as it was recorded, what was remembered before, and the verdicts over both, with their memory.

    `lost` are the jobs that this observation found to have left unarchived, and no earlier one; so with `drift`.
    """

    inventory: Inventory
    before: LedgerView
    memory: LedgerView
    verdicts: tuple[Verdict, ...]
    lost: tuple[Loss, ...] = ()
    drift: tuple[Drift, ...] = ()


def observe_and_record(
    desired: DesiredState,
    reader: JobsReader,
    ledger: LedgerReader,
    run: Run,
    clock: Clock,
    enquiry: Enquiry,
    *,
    approved: frozenset[JobId] = frozenset(),
    stop: StopAtOnce = UNSTOPPABLE,
    takes_new_list: bool = False,
) -> Recorded:
    """Read the list, record it, decide with the memory of it, and record what the decision says.

    Of each kind of job that must be looked at closer, an `approved` one is asked for first, and often that is enough.
    With `takes_new_list` the list may show none of the jobs that the ledger expects: they count as gone.

    Raises:
        InventoryIncomplete: nothing is recorded of a list that is not whole.
        ServiceError, AuthenticationRefused: a job that had to be asked for alone could not be.
        StoppedWhileIdle: somebody asked to stop before anything was recorded.
    """
    before = ledger.view()
    with stop.while_idle():
        inventory = enquiry.filled(observe(reader, before, clock, takes_new_list=takes_new_list), before)
        inventory = enquiry.filled(see_closer(desired, reader, inventory, before, first=approved), before)
    as_of = inventory.observed_at
    expected = shares_nothing(inventory.jobs, before)
    if expected:
        run.record_new_list(expected)
    run.record_observation(inventory)
    # With the time of the observation before: no wait is recorded as begun before it,
    # and this one is not before itself.
    memory = replace(ledger.view(), last_observed=before.last_observed)
    verdicts = decide(desired, inventory, memory, as_of)
    run.record_decision(to_record(desired, verdicts, memory, as_of))
    return Recorded(
        inventory=inventory,
        before=before,
        memory=memory,
        verdicts=verdicts,
        lost=newly_lost(before, memory),
        drift=newly_found(drift_of(desired, inventory, before), before),
    )
