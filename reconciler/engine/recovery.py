"""What an interrupted run left open: cleans that may or may not have arrived.

The service is asked; the clean is never sent again from here.
"""

from collections.abc import Callable, Iterator

from reconciler.core.job import JobId, JobStatus
from reconciler.core.steps import Entry, Phase, dangling
from reconciler.engine.job_steps import CONFIRM_PAUSES_S
from reconciler.engine.outcome import How, JobResult, Outcome
from reconciler.engine.ports import JobDetail, JobsReader, LedgerReader, Run
from reconciler.engine.stopping import StopAtOnce


def recover(
    reader: JobsReader,
    ledger: LedgerReader,
    run: Run,
    stop: StopAtOnce,
    pause: Callable[[float], None],
    *,
    cleaned: Callable[[Entry], None],
) -> Iterator[JobResult]:
    """Settle every dangling clean by asking for its job, durably; give each once it is.

    `cleaned` takes those that took effect.

    Raises:
        ServiceError: the service cannot be asked; the entries stay as they are for the next run.
        StoppedWhileIdle: somebody asked to stop; the same holds for those that are left.
    """
    for entry in dangling(ledger.entries()):
        with stop.while_idle():
            detail = _looked(reader, entry.job_id, pause)
        settled = _settle(run, entry, detail)
        if settled.outcome is Outcome.CLEANED:
            cleaned(entry)
        yield settled


def _looked(reader: JobsReader, job_id: JobId, pause: Callable[[float], None]) -> JobDetail | None:
    """Ask until the job is away, or the looks are used up: the run before may have died a moment ago."""
    detail: JobDetail | None = None
    for seconds in CONFIRM_PAUSES_S:
        pause(seconds)
        detail = reader.get(job_id)
        if _is_away(detail):
            break
    return detail


def _is_away(detail: JobDetail | None) -> bool:
    return detail is None or detail.job.status is JobStatus.CLEANED


def _settle(run: Run, entry: Entry, detail: JobDetail | None) -> JobResult:
    if detail is None or detail.job.status is JobStatus.CLEANED:
        how = How.GONE if detail is None else How.ALREADY
        run.record_cleaned(entry.job_id, entry.fingerprint, how.value)
        return JobResult(
            job_id=entry.job_id,
            outcome=Outcome.CLEANED,
            detail=f"{how.value}: run {entry.run_id} had sent the clean and did not hear the answer",
            how=how,
        )
    word = detail.job.status.value
    run.append(entry.job_id, Phase.NOT_CLEANED, entry.fingerprint, f"found {word} by a later run")
    return JobResult(
        job_id=entry.job_id,
        outcome=Outcome.FAILED,
        detail=f"still {word}: the clean of run {entry.run_id} did not take effect",
    )
