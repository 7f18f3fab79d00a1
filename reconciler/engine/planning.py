"""Make a plan: read the list, read the ledger, decide, weigh against the limits.  Writes nothing (I6)."""

from dataclasses import replace
from datetime import datetime, timedelta

from reconciler.core.desired import DesiredState
from reconciler.core.guards import guarded
from reconciler.core.inventory import Inventory
from reconciler.core.lint import errors_of, lint, warnings_of
from reconciler.core.lint_live import lint_against
from reconciler.core.memory import LedgerView
from reconciler.core.plan import Plan, expiry
from reconciler.core.plan_making import plan_from
from reconciler.core.retention import decide
from reconciler.engine.looking_closer import look_closer, worth_a_look
from reconciler.engine.notices import note_unlisted_fields
from reconciler.engine.observe import observe
from reconciler.engine.ports import Clock, JobsReader, LedgerReader, Progress
from reconciler.errors import DesiredStateInvalid


def make_plan(
    desired: DesiredState,
    reader: JobsReader,
    ledger: LedgerReader,
    clock: Clock,
    progress: Progress,
    *,
    valid_for: timedelta,
    tool_version: str,
) -> Plan:
    """Decide over the live list as it is now; the plan is valid until about `valid_for` from now.

    Raises:
        DesiredStateInvalid: lint finds an error in the file.
        InventoryIncomplete: no plan is made from a list that is not whole.
    """
    refuse_lint_errors(desired, clock.now())
    memory = ledger.view()
    inventory = observe(reader, memory, clock)
    note_unlisted_fields(inventory, progress)
    chosen = worth_a_look(decide(desired, inventory, memory, inventory.observed_at))
    inventory = look_closer(reader, inventory, chosen)
    return plan_over(desired, inventory, memory, valid_for=valid_for, tool_version=tool_version)


def plan_over(
    desired: DesiredState, inventory: Inventory, memory: LedgerView, *, valid_for: timedelta, tool_version: str
) -> Plan:
    """Decide over an inventory that was read already."""
    made_at = inventory.observed_at
    verdicts = decide(desired, inventory, memory, made_at)
    plan = plan_from(
        verdicts,
        desired,
        inventory,
        memory,
        created_at=made_at,
        expires_at=expiry(made_at, valid_for),
        tool_version=tool_version,
    )
    found = (*lint(desired, made_at), *lint_against(desired, verdicts, made_at))
    return guarded(replace(plan, warnings=warnings_of(found)), desired, memory)


def refuse_lint_errors(desired: DesiredState, as_of: datetime) -> None:
    """Refuse a file that is valid and cannot be meant so.

    Raises:
        DesiredStateInvalid: with every error that lint finds.
    """
    errors = errors_of(lint(desired, as_of))
    if errors:
        raise DesiredStateInvalid(tuple(error.line for error in errors))
