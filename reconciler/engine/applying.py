"""Carry out an approved plan: at most what it says (reconciler.engine.carrying_out).

One job's own failure does not stop the rest; what no further job can survive stops the run, and the report says so.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from reconciler.core.desired import DesiredState
from reconciler.core.guards import check, sizes_of
from reconciler.core.job import JobId
from reconciler.core.losses import Loss
from reconciler.core.memory import LedgerView
from reconciler.core.plan import Change, Plan, within_approval
from reconciler.core.plan_making import compute_plan, plan_from
from reconciler.core.steps import Entry, Phase, fold
from reconciler.engine.approval import check_approval
from reconciler.engine.carrying_out import NO_LIMITS, carry_out, not_started
from reconciler.engine.enquiry import Enquiry
from reconciler.engine.job_steps import CopySteps, JobSteps
from reconciler.engine.notices import note_unlisted_fields
from reconciler.engine.outcome import JobResult, Outcome, RunReport
from reconciler.engine.ports import (
    NOBODY,
    Clock,
    CopyProgress,
    Evidence,
    JobsCleaner,
    JobsReader,
    Ledger,
    Paced,
    Run,
)
from reconciler.engine.recording import observe_and_record
from reconciler.engine.recovery import recover
from reconciler.engine.run_record import RunRecords, keep_record
from reconciler.engine.stopping import Limits, StopAtOnce, Stopped, unclosed
from reconciler.engine.workers import Workers
from reconciler.errors import GuardRefused, LedgerError, StoppedWhileIdle


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What an apply works with.  `pause` waits that many seconds."""

    reader: JobsReader
    cleaner: JobsCleaner
    workers: Workers
    records: RunRecords
    ledger: Ledger
    clock: Clock
    pacing: Paced
    progress: CopyProgress
    stop: StopAtOnce
    pause: Callable[[float], None]
    limits: Limits = NO_LIMITS
    evidence: Evidence = NOBODY


def apply_plan(means: Means, desired: DesiredState, approved: Plan, *, tool_version: str) -> RunReport:
    """Do what was approved and is decided again now; report every approved job; keep the record in the stores.

    Raises:
        PlanRefused, GuardRefused: the run is refused whole; nothing was archived or cleaned.
        InventoryIncomplete, ServiceError, AuthenticationRefused: the list could not be read; nothing was done.
        LockedByAnotherRun, LedgerError: the ledger cannot be had; nothing was done.
    """
    report: RunReport | None = None
    try:
        with means.ledger.open_run("apply", desired.account, approved.plan_id) as run:
            report = _reported(means, run, desired, approved, tool_version)
            if approved.has_work and _is_spent(report):
                run.spend_plan(approved.plan_id)
    except LedgerError as error:
        if report is None:
            raise
        report = unclosed(report, error)
    return keep_record(means.records, means.ledger.newest_events(), approved.changes, report)


def _reported(means: Means, run: Run, desired: DesiredState, approved: Plan, tool_version: str) -> RunReport:
    check_approval(approved, desired, means.ledger.plan_use(approved.plan_id), means.clock.now())
    recovered: list[JobResult] = []
    try:
        for settled in recover(means.reader, means.ledger, run, means.stop):
            recovered.append(settled)
        fresh, memory, lost = _observe_and_decide(means, run, desired, approved, tool_version)
    except StoppedWhileIdle as error:
        results, stopped, lost = _none_begun(approved), Stopped.before_any(error.signal_number), ()
    else:
        work = _work(approved, fresh, memory, fold(means.ledger.entries()))
        _guard(desired, memory, work, fresh)
        results, stopped = _carried_out(means, run, approved, work)
    return RunReport(
        run_id=run.run_id,
        plan_id=approved.plan_id,
        account=desired.account,
        pace=means.pacing.pace(),
        results=results,
        recovered=tuple(recovered),
        stopped=stopped.why,
        stop_code=stopped.exit_code,
        lost=lost,
    )


def _none_begun(approved: Plan) -> tuple[JobResult, ...]:
    return tuple(not_started(change.job_id) for change in approved.changes if change.archives or change.cleans)


def _carried_out(means: Means, run: Run, approved: Plan, work: "_Work") -> tuple[tuple[JobResult, ...], Stopped]:
    if approved.has_work:
        run.use_plan(approved.plan_id)
    steps = JobSteps(copies=CopySteps(reader=means.reader, run=run), cleaner=means.cleaner, pause=means.pause)
    results, stopped = carry_out(
        work.to_do, steps=steps, workers=means.workers, stop=means.stop, progress=means.progress, limits=means.limits
    )
    return (*work.done_before, *work.set_aside, *results), stopped


def _observe_and_decide(
    means: Means, run: Run, desired: DesiredState, approved: Plan, tool_version: str
) -> tuple[Plan, LedgerView, tuple[Loss, ...]]:
    enquiry = Enquiry(desired, means.evidence)
    may_go = frozenset(change.job_id for change in approved.changes)
    recorded = observe_and_record(
        desired, means.reader, means.ledger, run, means.clock, enquiry, approved=may_go, stop=means.stop
    )
    inventory, memory = recorded.inventory, recorded.memory
    note_unlisted_fields(inventory, means.progress)
    now = inventory.observed_at
    fresh = plan_from(
        recorded.verdicts, desired, inventory, memory, created_at=now, expires_at=now, tool_version=tool_version
    )
    with means.stop.while_idle():
        sized = enquiry.sized(inventory, within_approval(approved, fresh)[0])
    if sized is not inventory:
        fresh = compute_plan(desired, sized, memory, created_at=now, expires_at=now, tool_version=tool_version)
    for notice in enquiry.notices():
        means.progress.note(f"Note {notice.about}: {notice.message}")
    return fresh, memory, recorded.lost


# -- what is left of the approved plan


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """`done` are changes that an interrupted run of the same plan had finished."""

    to_do: tuple[Change, ...]
    done: tuple[Change, ...]
    set_aside: tuple[JobResult, ...]

    @property
    def done_before(self) -> tuple[JobResult, ...]:
        return tuple(_done_before(change) for change in self.done)


def _work(approved: Plan, fresh: Plan, memory: LedgerView, journal: Mapping[JobId, Entry]) -> _Work:
    to_do, aside = within_approval(approved, fresh)
    actionable = [item for item in aside if item.change.archives or item.change.cleans]
    done = [item.change for item in actionable if _was_done(item.change, memory, journal)]
    return _Work(
        to_do=tuple(change for change in to_do if change.archives or change.cleans),
        done=tuple(_with_size(change, memory) for change in done),
        set_aside=tuple(
            JobResult(job_id=item.change.job_id, outcome=Outcome.SKIPPED, detail=item.why)
            for item in actionable
            if item.change not in done
        ),
    )


def _was_done(change: Change, memory: LedgerView, journal: Mapping[JobId, Entry]) -> bool:
    if change.cleans:
        entry = journal.get(change.job_id)
        return entry is not None and entry.phase is Phase.CLEANED and entry.fingerprint == change.fingerprint
    known = memory.jobs.get(change.job_id)
    return known is not None and change.fingerprint in known.archived


def _with_size(done: Change, memory: LedgerView) -> Change:
    known = memory.jobs.get(done.job_id)
    return replace(done, size=known.size) if done.size is None and known else done


def _done_before(done: Change) -> JobResult:
    outcome = Outcome.CLEANED if done.cleans else Outcome.ARCHIVED
    return JobResult(job_id=done.job_id, outcome=outcome, detail="done by an earlier run")


def _guard(desired: DesiredState, memory: LedgerView, work: _Work, fresh: Plan) -> None:
    # What an interrupted run of this plan did counts too, so that resuming cannot stretch a limit (I7).
    before = sum(change.cleans for change in work.done)
    cleans = before + sum(change.cleans for change in work.to_do)
    sizes = sizes_of((*work.done, *work.to_do))
    violations = check(desired, memory, cleans=cleans, counted=before + fresh.counts.counted, sizes=sizes)
    if violations:
        raise GuardRefused(tuple(violation.message for violation in violations))


def _is_spent(report: RunReport) -> bool:
    """A plan that did all it names is used up; one that left a job may be applied again until it expires.

    Also one that skipped a job: what had changed may change back, and the same decision made again has the same name.
    """
    return all(result.outcome in {Outcome.CLEANED, Outcome.ARCHIVED} for result in report.results)
