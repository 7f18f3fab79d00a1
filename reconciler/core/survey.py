"""What a list shows at a glance: how many jobs of which type and state, which names recur, from which months."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.core.inventory import Inventory
from reconciler.core.job import Job, JobStatus, JobType

MOST_NAMES = 12
"""Groups of names that are told, the largest first."""

_STEM = re.compile(r"(\D{3,})\d.*", re.DOTALL)
_MEANS_MORE = re.compile(r"[\\*?]")


@dataclass(frozen=True, slots=True)
class KindSeen:
    """Jobs of one type, with how many there are in each state."""

    type: JobType
    statuses: tuple[tuple[JobStatus, int], ...]

    @property
    def jobs(self) -> int:
        """How many there are."""
        return sum(count for _, count in self.statuses)


@dataclass(frozen=True, slots=True)
class NameSeen:
    """A glob that at least two jobs of one type fit by their names."""

    type: JobType
    glob: str
    jobs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """A whole list at a glance.  `months` are such as `2026-01`; `undated` jobs show no time at all."""

    jobs: int
    kinds: tuple[KindSeen, ...]
    names: tuple[NameSeen, ...]
    months: tuple[tuple[str, int], ...]
    undated: int


def survey(inventory: Inventory) -> Survey:
    """Sum up a list."""
    months = Counter(_month(inventory, job) for job in inventory.jobs)
    undated = months.pop("", 0)
    return Survey(
        jobs=len(inventory.jobs),
        kinds=_kinds(inventory.jobs),
        names=_names(inventory.jobs),
        months=tuple(sorted(months.items())),
        undated=undated,
    )


def _kinds(jobs: Iterable[Job]) -> tuple[KindSeen, ...]:
    counts = Counter((job.type, job.status) for job in jobs)
    kinds = (
        KindSeen(kind, tuple((status, counts[kind, status]) for status in JobStatus if counts[kind, status]))
        for kind in JobType
    )
    return tuple(kind for kind in kinds if kind.statuses)


def _names(jobs: Iterable[Job]) -> tuple[NameSeen, ...]:
    counts = Counter((job.type, name_glob(job.name)) for job in jobs if job.name)
    groups = [NameSeen(kind, glob, count) for (kind, glob), count in counts.items() if count > 1]
    return tuple(sorted(groups, key=lambda seen: (-seen.jobs, seen.type.value, seen.glob))[:MOST_NAMES])


def name_glob(name: str) -> str:
    """Give a glob for a name and those that differ from it in what follows its first digit: `product-*`."""
    stem = _STEM.fullmatch(name)
    literal = _MEANS_MORE.sub(lambda found: f"\\{found[0]}", stem[1] if stem else name)
    return f"{literal}*" if stem else literal


def _month(inventory: Inventory, job: Job) -> str:
    told = inventory.created_dates.get(job.id) or job.shared_at
    return f"{told:%Y-%m}" if told else ""
