"""Make a plan: read the list, read the ledger, decide, weigh against the limits.  Writes nothing (I6)."""

from dataclasses import replace
from datetime import timedelta

from reconciler.core.desired import DesiredState
from reconciler.core.guards import guarded
from reconciler.core.inventory import Inventory
from reconciler.core.memory import LedgerView
from reconciler.core.plan import Plan, expiry
from reconciler.core.plan_making import compute_plan
from reconciler.core.retention import decide
from reconciler.core.storage import storage_notices
from reconciler.engine.enquiry import Enquiry
from reconciler.engine.looking_closer import look_closer, worth_a_look
from reconciler.engine.observe import observe
from reconciler.engine.ports import NOBODY, Clock, Evidence, JobsReader, LedgerReader


def make_plan(
    desired: DesiredState,
    reader: JobsReader,
    ledger: LedgerReader,
    clock: Clock,
    *,
    valid_for: timedelta,
    tool_version: str,
    evidence: Evidence = NOBODY,
) -> Plan:
    """Decide over the live list as it is now; the plan is valid until about `valid_for` from now.

    Raises:
        InventoryIncomplete: no plan is made from a list that is not whole.
    """
    memory = ledger.view()
    enquiry = Enquiry(desired, evidence)
    inventory = enquiry.filled(observe(reader, memory, clock), memory)
    chosen = worth_a_look(decide(desired, inventory, memory, inventory.observed_at))
    inventory = enquiry.filled(look_closer(reader, inventory, chosen), memory)
    plan = plan_over(desired, inventory, memory, valid_for=valid_for, tool_version=tool_version)
    sized = enquiry.sized(inventory, plan.changes)
    if sized is not inventory:
        plan = plan_over(desired, sized, memory, valid_for=valid_for, tool_version=tool_version)
    return replace(plan, notices=(*enquiry.notices(), *plan.notices))


def plan_over(
    desired: DesiredState, inventory: Inventory, memory: LedgerView, *, valid_for: timedelta, tool_version: str
) -> Plan:
    """Decide over an inventory that was read already."""
    made_at = inventory.observed_at
    plan = compute_plan(
        desired,
        inventory,
        memory,
        created_at=made_at,
        expires_at=expiry(made_at, valid_for),
        tool_version=tool_version,
    )
    plan = replace(plan, notices=storage_notices(desired, inventory, memory, plan.changes))
    return guarded(plan, desired, memory)
