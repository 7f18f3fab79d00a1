"""A whole apply in one process: the engine and the real ledger, between a hand-made service and copies that succeed.

A try takes hundredths of a second, so that each check of the engine can be taken out and missed.
"""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from reconciler.core.approvals import NO_APPROVALS, Approvals
from reconciler.core.desired import DesiredState
from reconciler.core.job import Asset, Job, JobId
from reconciler.core.plan import Plan
from reconciler.core.receipt import VerifiedReceipt
from reconciler.core.steps import Entry, Phase
from reconciler.engine.applying import Means, apply_plan
from reconciler.engine.outcome import Pace, RunReport
from reconciler.engine.planning import make_plan
from reconciler.engine.ports import NOBODY, Binding, Evidence, JobDetail, KeyMark
from reconciler.engine.run_record import RunRecord
from reconciler.engine.stopping import NO_LIMITS, UNSTOPPABLE, Limits, StopAtOnce
from reconciler.errors import ArchiveError, StoppedWhileIdle
from reconciler.ledger.writer import SqlLedger
from tests.support.hand_made_service import HandMadeCache, HandMadeService
from tests.support.ledger_values import HandMadeClock, OneKey, ledger_at, proof
from tests.support.listening import Listening
from tests.support.values import DAY, NOON, VIDEO, desired, inventory

PACE = Pace(calls=7, waited_s=1.5, overloads=2, lowest=0.5, rate=3.0)


@dataclass
class Copying:
    """Implements engine.workers.Workers: each copy is there at once, or fails as `fails` says."""

    log: list[str]
    at_once: int = 2
    fails: Mapping[str, Exception] = field(default_factory=dict)

    def begin(self, detail: JobDetail) -> "Future[VerifiedReceipt]":
        """Make the copy."""
        self.log.append(f"COPY {detail.job.id}")
        copy: Future[VerifiedReceipt] = Future()
        error = self.fails.get(detail.job.id)
        if error:
            copy.set_exception(error)
        else:
            copy.set_result(proof(detail.job.id, detail.job.fingerprint))
        return copy


@dataclass
class HandMadeRecords:
    """Implements run_record.RunRecords in memory."""

    stores: tuple[str, ...] = ("file:./archive",)
    kept: list[RunRecord] = field(default_factory=list)
    error: ArchiveError | None = None

    def recorded(self, store: str) -> frozenset[str]:
        """Give the runs that were kept."""
        assert store in self.stores
        return frozenset(each.report.run_id for each in self.kept)

    def keep(self, store: str, record: RunRecord) -> None:
        """Keep it, or fail."""
        assert store in self.stores
        if self.error:
            raise self.error
        self.kept.append(record)


@dataclass
class Scales:
    """Implements ports.AssetSizes: each file weighs so much."""

    weight: int

    def sizes(self, addresses: Iterable[str]) -> dict[str, int]:
        """Weigh each."""
        return dict.fromkeys(addresses, self.weight)


@dataclass
class OneFile:
    """Implements still_cached.ArchivedFiles: each job has one file, and is remembered with the facts asked for."""

    asked: list[tuple[JobId, str]] = field(default_factory=list)

    def files(self, job_id: JobId, fingerprint: str) -> tuple[Asset, ...]:
        """Give one."""
        self.asked.append((job_id, fingerprint))
        return (VIDEO,)


class OnePace:
    """Implements ports.Paced."""

    def pace(self) -> Pace:
        """Give one that nobody else gives."""
        return PACE


@dataclass
class Asking:
    """Implements stopping.StopAtOnce: somebody asks with signal 15, at the `idle`-th wait, or at any look at a job."""

    idle: int = 0
    signal: int = 0
    waits: int = 0

    def requested(self) -> int:
        """Give the signal."""
        return self.signal

    @contextmanager
    def while_idle(self) -> Iterator[None]:
        """End the wait that it is to end."""
        self.waits += 1
        if self.waits == self.idle:
            raise StoppedWhileIdle("stopped", signal_number=15)
        yield


class MadeAnew(SqlLedger):
    """A ledger that was made anew at NOON, which is when `Apply` makes its plans."""

    def binding(self) -> Binding:
        """Say so."""
        return replace(super().binding(), rebuilt_at=NOON)


@dataclass
class Apply:
    """An account with its ledger: plans are made and applied."""

    folder: Path
    service: HandMadeService
    clock: HandMadeClock = field(default_factory=HandMadeClock)
    file: DesiredState = field(default_factory=desired)
    key: KeyMark = field(default_factory=OneKey)
    evidence: Evidence = NOBODY
    stop: StopAtOnce = UNSTOPPABLE
    limits: Limits = NO_LIMITS
    cached: HandMadeCache = field(default_factory=HandMadeCache)
    archived: OneFile = field(default_factory=OneFile)
    records: HandMadeRecords = field(default_factory=HandMadeRecords)
    progress: Listening = field(default_factory=Listening)
    pauses: list[float] = field(default_factory=list)
    copying: Copying = field(init=False)
    ledger: SqlLedger = field(init=False)

    def __post_init__(self) -> None:
        self.copying = Copying(self.service.log)
        self.ledger = ledger_at(self.folder / "ledger.db", self.clock)

    @classmethod
    def of(cls, folder: Path, *jobs: Job) -> "Apply":
        """An account with these jobs, newest first, all of them seen a month ago."""
        made = cls(folder, HandMadeService.of(*jobs), HandMadeClock(NOON - 30 * DAY))
        with made.ledger.open_run("refresh", "acme") as run:
            run.record_observation(inventory(*jobs, at=made.clock.now()))
        made.clock.pass_by(30 * DAY)
        return made

    def plan(self, approvals: Approvals = NO_APPROVALS) -> Plan:
        """Make a plan of now."""
        plan = make_plan(
            self.file,
            self.service,
            self.ledger,
            self.clock,
            Listening(),
            valid_for=timedelta(days=7),
            tool_version="1",
            evidence=self.evidence,
            approvals=approvals,
        )
        self.service.log.clear()
        return plan

    def apply(self, plan: Plan) -> RunReport:
        """Apply it; the log is that of this apply."""
        self.service.log.clear()
        return apply_plan(self.means, self.file, plan, tool_version="2")

    def is_made_anew(self) -> None:
        """Have the ledger lost and made anew from the stores, now."""
        self.ledger.__class__ = MadeAnew

    @property
    def means(self) -> Means:
        """What an apply works with."""
        return Means(
            reader=self.service,
            cleaner=self.service,
            cached=self.cached,
            archived=self.archived,
            workers=self.copying,
            records=self.records,
            ledger=self.ledger,
            key=self.key,
            clock=self.clock,
            pacing=OnePace(),
            progress=self.progress,
            stop=self.stop,
            pause=self.pauses.append,
            limits=self.limits,
            evidence=self.evidence,
        )

    # -- what came of it

    @property
    def events(self) -> list[str]:
        """The audit events, by their names."""
        return [event.event for event in self.ledger.audit_events()]

    def last(self, job_id: str) -> Entry | None:
        """Give the newest entry of a job."""
        return next((entry for entry in reversed(tuple(self.ledger.entries())) if entry.job_id == job_id), None)

    def leave_open(self, job_id: str, fingerprint: str) -> str:
        """Have an earlier run end after it announced a clean; give its name."""
        with self.ledger.open_run("apply", "acme", "sha256:earlier") as run:
            run.append(JobId(job_id), Phase.BEGIN, fingerprint)
            run.record_archived(proof(job_id, fingerprint))
            run.append(JobId(job_id), Phase.CLEANING, fingerprint)
            return run.run_id
