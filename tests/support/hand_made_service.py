"""An account's jobs and a run's journal in memory: both behave, write one log, and can be told what to meet.

For tests of the engine that need thousands of tries in a second.  What the real service and the real ledger do in the
same places is shown by the tests over HTTP and by those of the ledger.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import cast

from reconciler.core.job import Asset, Job, JobId, JobStatus
from reconciler.core.receipt import VerifiedReceipt
from reconciler.core.steps import Entry, Phase, check_step
from reconciler.engine.ports import CleanAnswer, JobDetail, Listing, Run

Event = Callable[[], object]
"""What happens as a call is made: it changes the world, raises, or gives what is answered in place of the truth."""


@dataclass
class HandMadeService:
    """Implements ports.JobsReader and ports.JobsCleaner.

    `meets` has what a call meets, by its name and turn: "GET a 2" is the second look at the job a.
    """

    jobs: dict[JobId, Job]
    log: list[str] = field(default_factory=list)
    meets: dict[str, Event] = field(default_factory=dict)
    leaves: JobStatus | None = None
    """How a cleaned job reads; None where it is gone."""
    sent: list[VerifiedReceipt] = field(default_factory=list)

    @classmethod
    def of(cls, *jobs: Job) -> "HandMadeService":
        """These jobs, newest first."""
        return cls({each.id: each for each in jobs})

    def list_jobs(self) -> Listing:
        """Give what is there now."""
        self._met("LIST")
        return Listing(jobs=tuple(self.jobs.values()), pages=1, end_marker="null", unnamed=0)

    def get(self, job_id: JobId) -> JobDetail | None:
        """Give the job as it is now."""
        self._met(f"GET {job_id}")
        found = self.jobs.get(job_id)
        return JobDetail(job=found, body=b"{}", inline=()) if found else None

    def clean(self, receipt: VerifiedReceipt) -> CleanAnswer:
        """Clean the job, or do what the call meets."""
        self.sent.append(receipt)
        job_id = receipt.receipt.job_id
        answer = self._met(f"CLEAN {job_id}")
        return answer if isinstance(answer, CleanAnswer) else self.take_away(job_id)

    def take_away(self, job_id: JobId) -> CleanAnswer:
        """Clean the job, whoever does it."""
        found = self.jobs.pop(job_id, None)
        if found is None:
            return CleanAnswer.GONE
        if self.leaves:
            self.jobs[job_id] = replace(found, status=self.leaves)
        return CleanAnswer.DONE

    def _met(self, call: str) -> object:
        self.log.append(call)
        event = self.meets.get(f"{call} {self.log.count(call)}")
        return event() if event else None


def fails(error: Exception) -> Event:
    """A call that fails without any effect."""

    def failing() -> object:
        raise error

    return failing


def after(effect: Event, error: Exception) -> Event:
    """A call whose effect is there and whose answer is lost."""

    def lost() -> object:
        effect()
        raise error

    return lost


@dataclass
class HandMadeRun:
    """Does, of ports.Run, what is done for one job; refuses a phase that may not follow, as the ledger does."""

    log: list[str]
    meets: dict[str, Event] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    receipts: list[VerifiedReceipt] = field(default_factory=list)
    run_id: str = "run-1"

    def check_lease(self, seconds: float) -> None:
        """Note for how long."""
        self._met(f"LEASE {seconds:g}")

    def append(
        self, job_id: JobId, phase: Phase, fingerprint: str, detail: str = "", *, outlasting_s: float = 0.0
    ) -> None:
        """Add an entry that may follow; the log has for how long the lease must last."""
        self._met(phase.name + (f" for {outlasting_s:g}" if outlasting_s else ""))
        self._add(job_id, phase, fingerprint, detail)

    def write_down(self) -> None:
        """Note it."""
        self._met("WRITE DOWN")

    def record_archived(self, receipt: VerifiedReceipt, *, waits: bool = False) -> None:
        """Keep the receipt, and add its entry; the log has whether it waits."""
        self._met("ARCHIVED" + (" waits" if waits else ""))
        self._add(receipt.receipt.job_id, Phase.ARCHIVED, receipt.receipt.fingerprint, "")
        self.receipts.append(receipt)

    def record_cleaned(self, job_id: JobId, fingerprint: str, how: str, *, waits: bool = False) -> None:
        """Add the entry; the log has whether it waits."""
        self._met("CLEANED" + (" waits" if waits else ""))
        self._add(job_id, Phase.CLEANED, fingerprint, how)

    @property
    def as_run(self) -> Run:
        """The same, for whoever asks for a whole run and uses no more of it."""
        return cast("Run", self)

    @property
    def told(self) -> list[tuple[Phase, str]]:
        """Each entry's phase and words."""
        return [(entry.phase, entry.detail) for entry in self.entries]

    def _add(self, job_id: JobId, phase: Phase, fingerprint: str, detail: str) -> None:
        before = next((entry.phase for entry in reversed(self.entries) if entry.job_id == job_id), None)
        check_step(before, phase)
        number = len(self.entries) + 1
        self.entries.append(
            Entry(
                sequence=number,
                run_id=self.run_id,
                job_id=job_id,
                phase=phase,
                fingerprint=fingerprint,
                detail=detail,
            )
        )

    def _met(self, step: str) -> None:
        self.log.append(step)
        event = self.meets.get(f"{step} {self.log.count(step)}")
        if event:
            event()


@dataclass
class HandMadeCache:
    """Implements still_cached.CacheLooks: remembers what was looked for, and finds what it is told to."""

    looked: list[tuple[JobId, tuple[Asset, ...]]] = field(default_factory=list)
    answers: dict[JobId, tuple[str, ...]] = field(default_factory=dict)

    def begin(self, job_id: JobId, assets: object) -> None:
        """Remember it."""
        assert isinstance(assets, tuple)
        self.looked.append((job_id, assets))

    def found(self) -> dict[JobId, tuple[str, ...]]:
        """Give what was to be found."""
        return self.answers
