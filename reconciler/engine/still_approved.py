"""What is left to do of an approved plan now, and do its limits still hold?  Alike for `apply` and `verify-plan`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.core.desired import DesiredState
from reconciler.core.guards import check, sizes_of
from reconciler.core.inventory import Inventory
from reconciler.core.job import JobId
from reconciler.core.memory import LedgerView
from reconciler.core.plan import Change, Plan, within_approval
from reconciler.core.plan_making import plan_from
from reconciler.core.retention import decide
from reconciler.core.rule_loss import compare_rules
from reconciler.core.steps import Entry, Phase
from reconciler.core.verdicts import Verdict
from reconciler.engine.outcome import How, JobResult, Outcome
from reconciler.errors import GuardRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """`done` are changes that an interrupted run of the same plan had finished, `done_before` tells how they ended."""

    to_do: tuple[Change, ...]
    done: tuple[Change, ...]
    done_before: tuple[JobResult, ...]
    set_aside: tuple[JobResult, ...]


def decided_again(
    desired: DesiredState,
    inventory: Inventory,
    memory: LedgerView,
    *,
    tool_version: str,
    verdicts: Sequence[Verdict] | None = None,
) -> Plan:
    """Give what the file decides now, to be held against what was approved: it is valid for this moment alone.

    `verdicts` are those over the inventory, where somebody has them already.
    """
    now = inventory.observed_at
    verdicts = decide(desired, inventory, memory, now) if verdicts is None else verdicts
    fresh = plan_from(verdicts, desired, inventory, memory, created_at=now, expires_at=now, tool_version=tool_version)
    return replace(fresh, rules=compare_rules(desired, verdicts, memory, now))


def work_left(approved: Plan, fresh: Plan, memory: LedgerView, journal: Mapping[JobId, Entry]) -> Work:
    """Give what is approved and decided again, what was done already, and what is set aside, with the reason."""
    to_do, aside = within_approval(approved, fresh)
    actionable = [item for item in aside if item.change.archives or item.change.cleans]
    done = [item.change for item in actionable if _was_done(item.change, memory, journal)]
    return Work(
        to_do=tuple(change for change in to_do if change.archives or change.cleans),
        done=tuple(_with_size(change, memory) for change in done),
        done_before=tuple(_done_before(change, journal) for change in done),
        set_aside=tuple(
            JobResult(job_id=item.change.job_id, outcome=Outcome.SKIPPED, detail=item.why)
            for item in actionable
            if item.change not in done
        ),
    )


def refuse_over_limits(desired: DesiredState, memory: LedgerView, approved: Plan, work: Work, fresh: Plan) -> None:
    """Weigh what is left, with what was done before, against the limits that were approved.

    Raises:
        GuardRefused: with every guard that fails.
    """
    # What an interrupted run of this plan did counts too, so that resuming cannot stretch a limit (I7).
    before = sum(change.cleans for change in work.done)
    violations = check(
        desired,
        memory,
        cleans=before + sum(change.cleans for change in work.to_do),
        counted=before + fresh.counts.counted,
        sizes=sizes_of((*work.done, *work.to_do)),
        approvals=approved.approvals,
        rules=fresh.rules,
    )
    if violations:
        raise GuardRefused(tuple(violation.message for violation in violations))


def _was_done(change: Change, memory: LedgerView, journal: Mapping[JobId, Entry]) -> bool:
    if change.cleans:
        entry = journal.get(change.job_id)
        return entry is not None and entry.phase is Phase.CLEANED and entry.fingerprint == change.fingerprint
    known = memory.jobs.get(change.job_id)
    return known is not None and change.fingerprint in known.archived


def _with_size(done: Change, memory: LedgerView) -> Change:
    known = memory.jobs.get(done.job_id)
    return replace(done, size=known.size) if done.size is None and known else done


def _done_before(done: Change, journal: Mapping[JobId, Entry]) -> JobResult:
    if not done.cleans:
        return JobResult(job_id=done.job_id, outcome=Outcome.ARCHIVED, detail="done by an earlier run")
    told = journal[done.job_id].detail  # how it went, in the word that it was recorded with
    how = next((each for each in How if each.value == told), None)
    return JobResult(job_id=done.job_id, outcome=Outcome.CLEANED, detail=f"{told}, by an earlier run", how=how)
