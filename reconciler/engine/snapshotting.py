"""Take a snapshot: what a decision needs, read as a plan would read it.  Writes nothing (I6)."""

from reconciler.core.desired import DesiredState
from reconciler.core.inventory import Inventory
from reconciler.core.memory import LedgerView
from reconciler.core.plan_making import compute_plan
from reconciler.core.snapshot import Snapshot
from reconciler.engine.account import ResultDates
from reconciler.engine.enquiry import Enquiry, dated
from reconciler.engine.notices import note_unlisted_fields
from reconciler.engine.observe import observe
from reconciler.engine.planning import sight_of
from reconciler.engine.ports import Clock, Evidence, JobsReader, Progress
from reconciler.errors import GuardRefused


def take_snapshot(
    account: str,
    desired: DesiredState | None,
    reader: JobsReader,
    memory: LedgerView,
    clock: Clock,
    progress: Progress,
    *,
    tool_version: str,
    evidence: Evidence,
) -> Snapshot:
    """Read the list and the dates; where there is a file, ask closer and for sizes as a plan of it would.

    Raises:
        GuardRefused: the ledger belongs to another account.
        InventoryIncomplete: the list is not whole.
        AuthenticationRefused: the key was refused.
    """
    if memory.account and memory.account != account:
        raise GuardRefused((f"the ledger belongs to account {memory.account}, the snapshot would be of {account}",))
    if desired is None:
        inventory, problems = _plainly(reader, memory, clock, evidence)
    else:
        inventory, problems = _as_a_plan(desired, reader, memory, clock, evidence)
    note_unlisted_fields(inventory, progress)
    for problem in problems:
        progress.note(f"{problem}; it dates no job of the snapshot")
    return Snapshot(
        account=account,
        tool_version=tool_version,
        made_at=clock.now(),
        inventory=inventory,
        memory=memory,
        problems=problems,
    )


def _plainly(
    reader: JobsReader, memory: LedgerView, clock: Clock, evidence: Evidence
) -> tuple[Inventory, tuple[str, ...]]:
    inventory = observe(reader, memory, clock)
    told = evidence.times.result_dates() if evidence.times else ResultDates(dates={})
    return dated(inventory, told), told.problems


def _as_a_plan(
    desired: DesiredState, reader: JobsReader, memory: LedgerView, clock: Clock, evidence: Evidence
) -> tuple[Inventory, tuple[str, ...]]:
    enquiry = Enquiry(desired, evidence, every_date=True)
    seen = sight_of(desired, reader, memory, clock, enquiry).inventory
    at = seen.observed_at
    plan = compute_plan(desired, seen, memory, created_at=at, expires_at=at, tool_version="")
    return enquiry.sized(seen, plan.changes), enquiry.problems
