"""What a run did, job by job: the value that is reported, always, also after a refusal or a signal."""

from collections import Counter
from dataclasses import dataclass
from enum import Enum

from reconciler.core.job import JobId
from reconciler.core.losses import Loss


class Outcome(Enum):
    """How it ended for one job."""

    CLEANED = "cleaned"  # archived, proved, cleaned, confirmed
    ARCHIVED = "archived"  # archived and proved; the plan asked for no more
    SKIPPED = "skipped"  # approved, but the job is another now: left as it is
    FAILED = "failed"  # tried, not done; nothing was cleaned unarchived
    UNCONFIRMED = "unconfirmed"  # archived; the clean was sent and it cannot be told what became of it
    NOT_STARTED = "not started"  # the run stopped before


class How(Enum):
    """In which way a job is away.  The words are those of reports, run records and the audit."""

    NOW = "cleaned now"  # by a clean of this run, and it was seen so
    ALREADY = "already cleaned"  # it was seen so before a clean of this run, or by a later run
    GONE = "gone"  # the service knows no such job


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What the calls to the service came to.

    `calls` sent, `waited_s` seconds waited before them, `overloads` answers that said 408, 429 or 5xx, `lowest` and
    `rate` the lowest rate and the rate now, in calls a second.
    """

    calls: int
    waited_s: float
    overloads: int
    lowest: float
    rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResult:
    """One job's end.  `detail` says why; `bag` is its folder in the stores and `size` its bytes, when archived.

    `how` is None for a job that is not known to be away.  `still_cached` are the kinds of its files that answered once
    it was cleaned, None where nobody looked.
    """

    job_id: JobId
    outcome: Outcome
    detail: str
    bag: str = ""
    size: int = 0
    how: How | None = None
    still_cached: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainEnd:
    """Where the audit chain stood when the run ended: how many events, and the hash of the last.

    Noted elsewhere, it shows later whether the chain was cut or written anew.
    """

    events: int
    head: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """The whole run.

    `operation` is the verb, `plan_id` the plan that was applied, "" for a verb that needs none.
    `recovered` is what an earlier, interrupted run had left open.  `stopped` says why the run ended early, empty when
    it did not; `stop_code` is the exit code that goes with it.  `pace` is what the calls to the service came to.
    `lost` are the jobs that this run was the first to find gone and unarchived.
    `unrecorded` says, per store, why the run's record could not be written there; the ledger has it all the same.
    `chain` is the end of the audit chain, None where it could not be read.
    """

    run_id: str
    plan_id: str
    account: str
    pace: Pace
    results: tuple[JobResult, ...]
    recovered: tuple[JobResult, ...] = ()
    stopped: str = ""
    stop_code: int = 0
    operation: str = "apply"
    lost: tuple[Loss, ...] = ()
    unrecorded: tuple[str, ...] = ()
    chain: ChainEnd | None = None

    def count(self, outcome: Outcome) -> int:
        """How many jobs ended so."""
        return Counter(result.outcome for result in self.results)[outcome]

    @property
    def exit_code(self) -> int:
        """0 when all was done, the stop's own code when it stopped early, else 3.

        A record that could not be written changes nothing: the code tells what became of the jobs, whoever tries again
        because of it would find the plan used, and the next run's record has what this one lacks.
        """
        if self.stop_code:
            return self.stop_code
        undone = {Outcome.SKIPPED, Outcome.FAILED, Outcome.UNCONFIRMED, Outcome.NOT_STARTED}
        return 3 if any(result.outcome in undone for result in self.results) else 0
