"""What is told about an account beside its jobs: allowances, dates of results, what the ledger saw last."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from reconciler.core.job import JobId


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What of one allowance is used; minutes or credits, neither negative."""

    used: Decimal
    limit: Decimal

    @property
    def share(self) -> Fraction | None:
        """The share used; None where nothing is allowed, of which no share can be told."""
        return Fraction(self.used) / Fraction(self.limit) if self.limit else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What of the plan is used; None for a pair of figures that the service did not give.  None is about storage."""

    video_minutes: Allowance | None
    transcription_minutes: Allowance | None
    voice_over_minutes: Allowance | None
    ai_credits: Allowance | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultDates:
    """When AI Studio results were made: an address to its time, aware, UTC.

    `of_jobs` has the times of jobs whose addresses were compared before: a snapshot has no address.  Results left out
    are counted: `undated` ones (no date, or none with a zone), `unaddressed` ones, addresses with two different dates
    as `contradictory`.  `problems` has a sentence for each list that could not be read to its end and so gave nothing.
    """

    dates: Mapping[str, datetime]
    of_jobs: Mapping[JobId, datetime] = field(default_factory=dict)
    undated: int = 0
    unaddressed: int = 0
    contradictory: int = 0
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSeen:
    """A run as recorded.  `ended_at` is None and `outcome` empty while it goes on, or when it was cut off."""

    run_id: str
    operation: str
    actor: str
    started_at: datetime
    ended_at: datetime | None = None
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Departure:
    """When a job was found to have left, and how: `cleaned` or `gone`."""

    at: datetime
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LastSeen:
    """The newest observation's time and the newest run; None where there is none yet."""

    observed_at: datetime | None = None
    run: RunSeen | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlocked:
    """A lease that was taken from its holder.  The next run may come in `wait_s` seconds, 0 for at once."""

    operation: str
    owner: str
    run_id: str
    wait_s: float
