"""Carry out an approved plan: at most what it says (reconciler.engine.carrying_out).

One job's own failure does not stop the rest; what no further job can survive stops the run, and the report says so.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from reconciler.core.applied import AppliedFile, AppliedRule
from reconciler.core.desired import DesiredState
from reconciler.core.losses import Loss
from reconciler.core.memory import LedgerView
from reconciler.core.plan import Plan, within_approval
from reconciler.core.steps import Entry, fold
from reconciler.engine.approval import check_approval
from reconciler.engine.carrying_out import carry_out, not_started
from reconciler.engine.enquiry import Enquiry
from reconciler.engine.job_steps import CopySteps, JobSteps
from reconciler.engine.notices import note_unlisted_fields
from reconciler.engine.outcome import JobResult, Outcome, RunReport
from reconciler.engine.ports import (
    NOBODY,
    Approved,
    Clock,
    CopyProgress,
    Evidence,
    JobsCleaner,
    JobsReader,
    KeyMark,
    Ledger,
    Paced,
    Run,
)
from reconciler.engine.recording import observe_and_record
from reconciler.engine.recovery import recover
from reconciler.engine.right_account import refuse_other_key, remember_key
from reconciler.engine.run_record import RunRecords, keep_record
from reconciler.engine.still_approved import Work, decided_again, refuse_over_limits, work_left
from reconciler.engine.still_cached import ArchivedFiles, CacheLooks, with_looks
from reconciler.engine.stopping import NO_LIMITS, Limits, StopAtOnce, Stopped, unclosed
from reconciler.engine.workers import Workers
from reconciler.errors import LedgerError, StoppedWhileIdle


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What an apply works with.  `pause` waits that many seconds."""

    reader: JobsReader
    cleaner: JobsCleaner
    cached: CacheLooks
    archived: ArchivedFiles
    workers: Workers
    records: RunRecords
    ledger: Ledger
    key: KeyMark
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
    binding, use = means.ledger.binding(), means.ledger.plan_use(approved.plan_id)
    check_approval(approved, desired, use, means.clock.now(), rebuilt_at=binding.rebuilt_at)
    refuse_other_key(binding, means.key)
    recovered: list[JobResult] = []
    try:
        settling = recover(
            means.reader, means.ledger, run, means.stop, means.pause, cleaned=partial(_look_for_files, means)
        )
        for settled in settling:
            recovered.append(settled)
        work, lost = _agreed(means, run, desired, approved, tool_version)
    except StoppedWhileIdle as error:
        results, stopped, lost = _none_begun(approved), Stopped.before_any(error.signal_number), ()
    else:
        results, stopped = _carried_out(means, run, approved, work)
    return RunReport(
        run_id=run.run_id,
        plan_id=approved.plan_id,
        account=desired.account,
        pace=means.pacing.pace(),
        results=results,
        recovered=with_looks(recovered, means.cached),
        stopped=stopped.why,
        stop_code=stopped.exit_code,
        lost=lost,
    )


def _look_for_files(means: Means, entry: Entry) -> None:
    means.cached.begin(entry.job_id, means.archived.files(entry.job_id, entry.fingerprint))


def _none_begun(approved: Plan) -> tuple[JobResult, ...]:
    return tuple(not_started(change.job_id) for change in approved.changes if change.archives or change.cleans)


def _carried_out(means: Means, run: Run, approved: Plan, work: Work) -> tuple[tuple[JobResult, ...], Stopped]:
    if approved.has_work:
        run.use_plan(approved.plan_id)
    copies = CopySteps(reader=means.reader, run=run)
    steps = JobSteps(copies=copies, cleaner=means.cleaner, cached=means.cached, pause=means.pause)
    results, stopped = carry_out(
        work.to_do, steps=steps, workers=means.workers, stop=means.stop, progress=means.progress, limits=means.limits
    )
    return (*work.done_before, *work.set_aside, *with_looks(results, means.cached)), stopped


def _agreed(
    means: Means, run: Run, desired: DesiredState, approved: Plan, tool_version: str
) -> tuple[Work, tuple[Loss, ...]]:
    """Give what is left to do of what was approved.  The list and the decision end here: a long run keeps neither."""
    fresh, memory, lost = _observe_and_decide(means, run, desired, approved, tool_version)
    remember_key(means.ledger, run, means.key)
    work = work_left(approved, fresh, memory, fold(means.ledger.entries()))
    refuse_over_limits(desired, memory, approved, work, fresh)
    run.record_approved(_taken_over(desired, approved, fresh, means.clock.now()))
    return work, lost


def _observe_and_decide(
    means: Means, run: Run, desired: DesiredState, approved: Plan, tool_version: str
) -> tuple[Plan, LedgerView, tuple[Loss, ...]]:
    enquiry = Enquiry(approved.approvals.over_file(desired), means.evidence)
    may_go = frozenset(change.job_id for change in approved.changes)
    recorded = observe_and_record(
        desired, means.reader, means.ledger, run, means.clock, enquiry, approved=may_go, stop=means.stop
    )
    inventory, memory = recorded.inventory, recorded.memory
    note_unlisted_fields(inventory, means.progress)
    fresh = decided_again(desired, inventory, memory, tool_version=tool_version, verdicts=recorded.verdicts)
    with means.stop.while_idle():
        sized = enquiry.sized(inventory, within_approval(approved, fresh)[0])
    if sized is not inventory:
        fresh = decided_again(desired, sized, memory, tool_version=tool_version)
    for notice in enquiry.notices():
        means.progress.note(f"Note {notice.about}: {notice.message}")
    return fresh, memory, recorded.lost


def _taken_over(desired: DesiredState, approved: Plan, fresh: Plan, now: datetime) -> Approved:
    """Tell what this apply goes by; a file that lost rules is taken over only with an approval of just that."""
    lost = fresh.rules.name if fresh.rules else ""
    kept = {each.rule: each.jobs for each in fresh.retained_by}
    file = AppliedFile(
        digest=desired.digest,
        applied_at=now,
        rules=tuple(AppliedRule(rule, kept.get(rule.name, 0)) for rule in desired.retain),
    )
    return Approved(
        file=file if not lost or lost == approved.approvals.rules_lost else None,
        rules=fresh.rules,
        approvals=approved.approvals,
        limits=desired.limits,
    )


def _is_spent(report: RunReport) -> bool:
    """A plan that did all it names is used up; one that left a job may be applied again until it expires.

    Also one that skipped a job: what had changed may change back, and the same decision made again has the same name.
    """
    return all(result.outcome in {Outcome.CLEANED, Outcome.ARCHIVED} for result in report.results)
