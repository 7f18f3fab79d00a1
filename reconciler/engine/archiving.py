"""Copy jobs and clean nothing: what the file asks for, all that is kept, all there is, or some by their ids."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from reconciler.core.approvals import NO_APPROVALS, Approvals
from reconciler.core.copies import CopyPlan, Which, asked_for, copies_held, copy_plan
from reconciler.core.desired import DesiredState
from reconciler.core.guards import check, sizes_of
from reconciler.core.inventory import Inventory
from reconciler.core.job import JobId
from reconciler.core.memory import LedgerView
from reconciler.core.plan import Change
from reconciler.engine.carrying_out import carry_out, not_started
from reconciler.engine.completing import Completion
from reconciler.engine.enquiry import Enquiry
from reconciler.engine.job_steps import CopySteps
from reconciler.engine.looking_closer import look_closer
from reconciler.engine.notices import note_unlisted_fields
from reconciler.engine.outcome import JobResult, Outcome, RunReport
from reconciler.engine.ports import (
    NOBODY,
    Approved,
    BagVerifier,
    Clock,
    CopyProgress,
    Evidence,
    JobsReader,
    KeyMark,
    Ledger,
    Paced,
    Progress,
    Run,
)
from reconciler.engine.recording import Recorded, observe_and_record
from reconciler.engine.repairing import BagMender
from reconciler.engine.right_account import refuse_other_key, remember_key
from reconciler.engine.run_record import RunRecords, keep_record
from reconciler.engine.stopping import MAY_NOT_WRITE, NO_LIMITS, Limits, StopAtOnce, Stopped, unclosed
from reconciler.engine.verifying import bags_of
from reconciler.engine.workers import Workers
from reconciler.errors import GuardRefused, LedgerError, UsageRefused

Chosen = Which | tuple[JobId, ...]
"""A kind of jobs, or jobs by their ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyMeans:
    """What a run that only copies works with: nothing here can clean."""

    reader: JobsReader
    workers: Workers
    verifier: BagVerifier
    mender: BagMender
    records: RunRecords
    ledger: Ledger
    key: KeyMark
    clock: Clock
    pacing: Paced
    progress: CopyProgress
    stop: StopAtOnce
    limits: Limits = NO_LIMITS
    evidence: Evidence = NOBODY


def archive_jobs(
    means: CopyMeans, desired: DesiredState, chosen: Chosen, approvals: Approvals = NO_APPROVALS
) -> RunReport:
    """Record what is there now, and copy the chosen jobs into every store; report each that was not copied before;
    keep the record in the stores.  Of `approvals`, `max_bytes` stands in place of the file's.

    Raises:
        UsageRefused: the list does not have one of the ids; nothing was copied.
        GuardRefused: the copies would be more than `clean.max_bytes` allows, or the ledger, or the
            key, is another account's.
        InventoryIncomplete, ServiceError, AuthenticationRefused: the list could not be read; nothing was copied.
        LockedByAnotherRun, LedgerError: the ledger cannot be had; nothing was copied.
        StoppedWhileIdle: somebody asked to stop before a job was begun.
    """
    changes: tuple[Change, ...] = ()
    report: RunReport | None = None
    try:
        with means.ledger.open_run("archive", desired.account) as run:
            recorded, changes, left_out = _asked(means, run, desired, chosen, approvals)
            report = _carried_out(means, run, desired, changes, left_out)
            if not report.stopped:
                report = _completed(means, run, desired, chosen, report)
            report = replace(report, lost=recorded.lost)
    except LedgerError as error:
        if report is None:
            raise
        report = unclosed(report, error)
    return keep_record(means.records, means.ledger.newest_events(), changes, report)


def _asked(
    means: CopyMeans, run: Run, desired: DesiredState, chosen: Chosen, approvals: Approvals
) -> tuple[Recorded, tuple[Change, ...], Sequence[tuple[JobId, str]]]:
    """Record what is there; give it with what is to be copied, and those that were named and cannot be."""
    refuse_other_key(means.ledger.binding(), means.key)
    enquiry = Enquiry(approvals.over_file(desired), means.evidence)
    recorded = observe_and_record(desired, means.reader, means.ledger, run, means.clock, enquiry, stop=means.stop)
    remember_key(means.ledger, run, means.key)
    note_unlisted_fields(recorded.inventory, means.progress)
    with means.stop.while_idle():
        inventory, plan = _planned(means, desired, recorded, chosen)
        sized = enquiry.sized(inventory, plan.changes)
    changes = tuple(replace(change, size=_size(change, sized, recorded.memory)) for change in plan.changes)
    _guard(desired, recorded.memory, changes, approvals)
    if approvals.named:
        run.record_approved(Approved(file=None, rules=None, approvals=approvals, limits=desired.limits))
    _tell(means.progress, plan, chosen)
    return recorded, changes, () if isinstance(chosen, Which) else plan.left_out


def _completed(means: CopyMeans, run: Run, desired: DesiredState, chosen: Chosen, report: RunReport) -> RunReport:
    """Copy bags into stores that were added later: of all jobs, also of those that are cleaned since."""
    completion = Completion(
        verifier=means.verifier,
        mender=means.mender,
        run=run,
        clock=means.clock,
        stores=[store.address for store in desired.stores],
        copies=desired.copies,
        note=means.progress.note,
    )
    bags = bags_of(means.ledger.receipts())
    left = completion.lacking(each for each in bags if isinstance(chosen, Which) or each.job_id in chosen)
    ends, results, stopped = completion.of(left), list(report.results), Stopped()
    for at, receipt in enumerate(left):
        number = means.stop.requested()
        if number or means.limits.time_is_up():
            stopped = Stopped.by_signal(number) if number else Stopped.by_time()
            results += (not_started(each.job_id) for each in left[at:])
            break
        try:
            result = next(ends)
        except MAY_NOT_WRITE as error:
            stopped = Stopped.by(error)
            results.append(JobResult(job_id=receipt.job_id, outcome=Outcome.FAILED, detail=error.message))
            results += (not_started(each.job_id) for each in left[at + 1 :])
            break
        if result is not None:
            results.append(result)
            means.progress.say(f"{result.job_id}: {result.detail}")
    return replace(report, results=_told_once(results), stopped=stopped.why, stop_code=stopped.exit_code)


def _told_once(results: Sequence[JobResult]) -> tuple[JobResult, ...]:
    """Leave out that a job was not copied from the service where a copy of it was made from another store."""
    copied = {result.job_id for result in results if result.outcome is Outcome.ARCHIVED}
    return tuple(each for each in results if each.outcome is not Outcome.SKIPPED or each.job_id not in copied)


def _planned(means: CopyMeans, desired: DesiredState, recorded: Recorded, chosen: Chosen) -> tuple[Inventory, CopyPlan]:
    ids = _ids(desired, recorded, chosen)
    inventory = look_closer(means.reader, recorded.inventory, ids)
    wanted = frozenset(ids)
    jobs = [job for job in reversed(inventory.jobs) if job.id in wanted]  # the oldest first: they may go first
    held = copies_held(means.ledger.receipts()) if isinstance(chosen, Which) else {}
    return inventory, copy_plan(jobs, held, [store.address for store in desired.stores])


def _ids(desired: DesiredState, recorded: Recorded, chosen: Chosen) -> Sequence[JobId]:
    if isinstance(chosen, Which):
        is_asked_for = asked_for(desired, chosen)
        return [verdict.job.id for verdict in recorded.verdicts if is_asked_for(verdict) and verdict.job.listed]
    listed = {job.id for job in recorded.inventory.jobs}
    for job_id in chosen:
        if job_id not in listed:
            raise UsageRefused(
                f"the list has no job {job_id}", hint="An id is compared exactly, as the service spells it."
            )
    return chosen


def _size(change: Change, inventory: Inventory, memory: LedgerView) -> int | None:
    known = memory.jobs.get(change.job_id)
    return known.size if known and known.size is not None else inventory.sizes.get(change.job_id)


def _guard(desired: DesiredState, memory: LedgerView, changes: Sequence[Change], approvals: Approvals) -> None:
    violations = check(desired, memory, cleans=0, counted=0, sizes=sizes_of(changes), approvals=approvals)
    of_copies = tuple(each.message for each in violations if each.guard in {"account", "clean.max_bytes"})
    if of_copies:
        raise GuardRefused(of_copies)


def _tell(progress: Progress, plan: CopyPlan, chosen: Chosen) -> None:
    if plan.done:
        progress.say(f"{_jobs(plan.done)} in every store already.")
    if isinstance(chosen, Which):  # nobody asked for one of these by name, and most can be copied another day
        for why, count in Counter(why for _, why in plan.left_out).most_common():
            progress.say(f"{_jobs(count)} not copied: {why}.")


def _jobs(count: int) -> str:
    return "1 job is" if count == 1 else f"{count} jobs are"


def _carried_out(
    means: CopyMeans,
    run: Run,
    desired: DesiredState,
    changes: Sequence[Change],
    left_out: Sequence[tuple[JobId, str]],
) -> RunReport:
    steps = CopySteps(reader=means.reader, run=run)
    results, stopped = carry_out(
        changes, steps=steps, workers=means.workers, stop=means.stop, progress=means.progress, limits=means.limits
    )
    skipped = (
        JobResult(job_id=job_id, outcome=Outcome.SKIPPED, detail=f"not copied: {why}") for job_id, why in left_out
    )
    return RunReport(
        operation="archive",
        run_id=run.run_id,
        plan_id="",
        account=desired.account,
        pace=means.pacing.pace(),
        results=(*skipped, *results),
        stopped=stopped.why,
        stop_code=stopped.exit_code,
    )
