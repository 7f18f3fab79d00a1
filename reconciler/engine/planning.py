"""Make a plan: read the list, read the ledger, decide, weigh against the limits.  Writes nothing (I6)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reconciler.core.approvals import NO_APPROVALS, Approvals
from reconciler.core.desired import DesiredState
from reconciler.core.drift_finding import drift_of
from reconciler.core.guards import guarded
from reconciler.core.inventory import Inventory
from reconciler.core.lint import errors_of, lint, warnings_of
from reconciler.core.lint_live import lint_against
from reconciler.core.losses import loss_notices
from reconciler.core.memory import LedgerView
from reconciler.core.plan import Plan, expiry
from reconciler.core.plan_making import compute_plan, plan_from
from reconciler.core.retention import decide
from reconciler.core.rule_loss import compare_rules
from reconciler.core.storage import storage_notices
from reconciler.engine.enquiry import Enquiry
from reconciler.engine.looking_closer import see_closer
from reconciler.engine.notices import note_unlisted_fields
from reconciler.engine.observe import observe
from reconciler.engine.ports import NOBODY, Clock, Evidence, JobsReader, MemoryReader, Progress
from reconciler.errors import DesiredStateInvalid


@dataclass(frozen=True, slots=True)
class Sight:
    """What a decision is made over: the list as it was read, and what the ledger remembers."""

    inventory: Inventory
    memory: LedgerView


def make_plan(
    desired: DesiredState,
    reader: JobsReader,
    ledger: MemoryReader,
    clock: Clock,
    progress: Progress,
    *,
    valid_for: timedelta,
    tool_version: str,
    what_if: datetime | None = None,
    evidence: Evidence = NOBODY,
    approvals: Approvals = NO_APPROVALS,
) -> Plan:
    """Decide over the live list as it is now; the plan is valid until about `valid_for` from now.

    With `what_if` it decides as if it were that time, and the plan is an answer that no apply takes.  `approvals` are
    what it allows beyond the file.

    Raises:
        DesiredStateInvalid: lint finds an error in the file.
        InventoryIncomplete: no plan is made from a list that is not whole.
    """
    enquiry = Enquiry(approvals.over_file(desired), evidence)
    seen = read_for_a_decision(desired, reader, ledger, clock, enquiry)
    note_unlisted_fields(seen.inventory, progress)

    def over(inventory: Inventory) -> Plan:
        return plan_over(
            desired,
            inventory,
            seen.memory,
            valid_for=valid_for,
            tool_version=tool_version,
            what_if=what_if,
            approvals=approvals,
        )

    plan = over(seen.inventory)
    sized = enquiry.sized(seen.inventory, plan.changes)
    if sized is not seen.inventory:
        plan = over(sized)
    return replace(plan, notices=(*enquiry.notices(), *plan.notices))


def read_for_a_decision(
    desired: DesiredState, reader: JobsReader, ledger: MemoryReader, clock: Clock, enquiry: Enquiry
) -> Sight:
    """Read the list and the ledger, and ask closer where the list may show less than there is.

    Raises:
        DesiredStateInvalid: lint finds an error in the file.
        InventoryIncomplete: the list is not whole.
    """
    refuse_lint_errors(desired, clock.now())
    return sight_of(desired, reader, ledger.view(), clock, enquiry)


def sight_of(desired: DesiredState, reader: JobsReader, memory: LedgerView, clock: Clock, enquiry: Enquiry) -> Sight:
    """Read the list, and ask closer where it may show less than there is, whatever lint finds about the file.

    Raises:
        InventoryIncomplete: the list is not whole.
    """
    inventory = enquiry.filled(observe(reader, memory, clock), memory)
    return Sight(enquiry.filled(see_closer(desired, reader, inventory, memory), memory), memory)


def plan_over(
    desired: DesiredState,
    inventory: Inventory,
    memory: LedgerView,
    *,
    valid_for: timedelta,
    tool_version: str,
    what_if: datetime | None = None,
    approvals: Approvals = NO_APPROVALS,
) -> Plan:
    """Decide over an inventory that was read already; with `what_if`, as if it were that time."""
    made_at = inventory.observed_at
    expires_at = expiry(made_at, valid_for)
    if what_if is not None:
        answer = compute_plan(
            desired,
            inventory,
            memory,
            created_at=made_at,
            expires_at=expires_at,
            tool_version=tool_version,
            what_if=what_if,
        )
        warnings = warnings_of(lint(desired, what_if))
        return guarded(replace(answer, warnings=warnings, approvals=approvals), desired, memory)
    verdicts = decide(desired, inventory, memory, made_at)
    plan = plan_from(
        verdicts,
        desired,
        inventory,
        memory,
        created_at=made_at,
        expires_at=expires_at,
        tool_version=tool_version,
    )
    notices = (*loss_notices(inventory, memory), *storage_notices(desired, inventory, memory, plan.changes))
    found = (*lint(desired, made_at), *lint_against(desired, verdicts, made_at))
    told = replace(
        plan,
        warnings=warnings_of(found),
        notices=notices,
        rules=compare_rules(desired, verdicts, memory, made_at),
        approvals=approvals,
        drift=drift_of(desired, inventory, memory),
    )
    return guarded(told, desired, memory)


def refuse_lint_errors(desired: DesiredState, as_of: datetime) -> None:
    """Refuse a file that is valid and cannot be meant so.

    Raises:
        DesiredStateInvalid: with every error that lint finds.
    """
    errors = errors_of(lint(desired, as_of))
    if errors:
        raise DesiredStateInvalid(tuple(error.line for error in errors))
