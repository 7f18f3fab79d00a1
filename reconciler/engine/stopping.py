"""What ends a run before its jobs are done: somebody asks, its time is up, failures in a row, what no job survives."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Protocol, Self

from reconciler.engine.outcome import JobResult, Outcome, RunReport
from reconciler.engine.ports import Stop
from reconciler.errors import TIME_IS_UP, LedgerError, LockedByAnotherRun, ReconcilerError

MAY_NOT_WRITE = (LedgerError, LockedByAnotherRun)
"""Nothing more can be recorded: what is on its way is given up where it is."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """Why the run ended early; empty and 0 when it did not."""

    why: str = ""
    exit_code: int = 0

    @classmethod
    def by_signal(cls, number: int) -> Self:
        """Somebody asked for it."""
        return cls(f"stopped by signal {number}; the jobs in hand were finished or given up", 128 + number)

    @classmethod
    def before_any(cls, number: int) -> Self:
        """Somebody asked for it before a job was begun."""
        return cls(f"stopped by signal {number} before any job was begun", 128 + number)

    @classmethod
    def by_time(cls) -> Self:
        """The time that the run may take is up."""
        return cls("the time that --max-duration allows is up; the jobs in hand were finished", TIME_IS_UP)

    @classmethod
    def by_failures(cls, count: int) -> Self:
        """One job after the other failed."""
        failed = "a job failed" if count == 1 else f"{count} jobs in a row failed"
        return cls(f"{failed}, as many as --max-failures allows: nothing more was cleaned", 3)

    @classmethod
    def by(cls, error: ReconcilerError) -> Self:
        """No further job could survive this."""
        return cls(f"{error.message} {error.hint}".strip(), error.exit_code)

    @classmethod
    def by_unforeseen(cls, error: Exception) -> Self:
        """Nobody knows what else is wrong."""
        return cls(f"{unforeseen(error)}; nothing more was begun", ReconcilerError.exit_code)


class StopAtOnce(Stop, Protocol):
    """A stop that also ends what the run waits for, where nothing is lost by that."""

    def while_idle(self) -> AbstractContextManager[None]:
        """In this block nothing is in hand, and nothing is written: whoever asks to stop ends it at once.

        Raises:
            StoppedWhileIdle: somebody asked, now or before the block.
        """


class Unstoppable:
    """Implements StopAtOnce for a run that nobody asks."""

    def requested(self) -> int:
        """Give 0."""
        return 0

    @contextmanager
    def while_idle(self) -> Iterator[None]:
        """Do nothing."""
        yield


UNSTOPPABLE = Unstoppable()


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How far a run goes: until its time is up, and until so many jobs failed one after the other, None for no end."""

    time_is_up: Callable[[], bool] = _never
    most_failures: int | None = None

    def are_too_many(self, failures: int) -> bool:
        """Tell whether so many failures in a row end the run."""
        return self.most_failures is not None and failures >= self.most_failures


NO_LIMITS = Limits()


class Streak:
    """Counts failures that follow one another.  A job that was done ends them; one that was left out says nothing."""

    def __init__(self) -> None:
        self.failures = 0

    def count(self, result: JobResult) -> int:
        """Take in how a job ended; give how many failures there were since the last one that was done."""
        if result.outcome in {Outcome.CLEANED, Outcome.ARCHIVED}:
            self.failures = 0
        elif result.outcome in {Outcome.FAILED, Outcome.UNCONFIRMED}:
            self.failures += 1
        return self.failures


def unclosed(report: RunReport, error: LedgerError) -> RunReport:
    """Give the report of a run whose end the ledger did not take; a reason to stop from before stands."""
    if report.stopped:
        return report
    stopped = Stopped.by(error)
    return replace(report, stopped=f"the end of the run is not recorded: {stopped.why}", stop_code=stopped.exit_code)


def unforeseen(error: BaseException) -> str:
    """Tell an error that is none of ours: its class and its place.  Its own words may hold addresses (I11)."""
    trace, place = error.__traceback__, ""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename.replace("\\", "/").rpartition("/")[2]
        place = f" at {file}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"an unforeseen {type(error).__name__}{place}, which is a bug or a machine in trouble"
