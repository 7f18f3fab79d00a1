"""Would this plan still apply?  Told without doing it: reads alone, takes no lease and waits for none (I6)."""

from dataclasses import dataclass

from reconciler.core.desired import DesiredState
from reconciler.core.plan import Change, Plan, within_approval
from reconciler.core.steps import fold
from reconciler.engine.approval import check_approval
from reconciler.engine.enquiry import Enquiry
from reconciler.engine.outcome import JobResult
from reconciler.engine.planning import read_for_a_decision
from reconciler.engine.ports import NOBODY, Clock, Evidence, JobsReader, LedgerReader
from reconciler.engine.still_approved import decided_again, refuse_over_limits, work_left


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCheck:
    """What an apply of the plan would find now.

    `stands` are the changes that it would carry out, `done` those that an earlier run of the plan did, `set_aside`
    those that it would skip, each with the reason.
    """

    plan_id: str
    account: str
    stands: tuple[Change, ...]
    done: tuple[Change, ...]
    set_aside: tuple[JobResult, ...]

    @property
    def exit_code(self) -> int:
        """0 where all of the plan still stands, 3 where an apply would skip some of it."""
        return 3 if self.set_aside else 0


def check_plan(
    desired: DesiredState,
    reader: JobsReader,
    ledger: LedgerReader,
    clock: Clock,
    approved: Plan,
    *,
    evidence: Evidence = NOBODY,
) -> PlanCheck:
    """Read the list and decide again, as an apply of the plan would, and tell what it would do.

    Raises:
        PlanRefused, GuardRefused: it would be refused whole.
        DesiredStateInvalid, InventoryIncomplete, ServiceError, AuthenticationRefused: nothing can be decided now.
    """
    check_approval(
        approved,
        desired,
        ledger.plan_use(approved.plan_id),
        clock.now(),
        rebuilt_at=ledger.binding().rebuilt_at,
    )
    enquiry = Enquiry(approved.approvals.over_file(desired), evidence)
    seen = read_for_a_decision(desired, reader, ledger, clock, enquiry)
    inventory, memory = seen.inventory, seen.memory
    fresh = decided_again(desired, inventory, memory, tool_version=approved.tool_version)
    sized = enquiry.sized(inventory, within_approval(approved, fresh)[0])
    if sized is not inventory:
        fresh = decided_again(desired, sized, memory, tool_version=approved.tool_version)
    work = work_left(approved, fresh, memory, fold(ledger.entries()))
    refuse_over_limits(desired, memory, approved, work, fresh)
    return PlanCheck(
        plan_id=approved.plan_id,
        account=desired.account,
        stands=work.to_do,
        done=work.done,
        set_aside=work.set_aside,
    )
