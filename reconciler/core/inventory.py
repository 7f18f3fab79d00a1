"""The live job list as read, with the proof that it is whole."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from reconciler.core.job import Job, JobId


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingProof:
    """Why a listing counts as whole.

    `end_marker` is the form in which the service said that no page follows: `null`, `absent` or `empty`.  `repeats`
    counts items listed again unchanged; `unnamed` counts items that carried no usable id, which nobody can act on.
    `arrived` counts jobs that came in while the list was read: its first page, read once more at the end, showed the
    newest job of before, with these and no others before it.  `asked_alone` counts jobs of which the list shows less
    than the answer for each alone, and which count as that answer shows them.
    """

    pages: int
    end_marker: str
    repeats: int
    unnamed: int
    arrived: int = 0
    asked_alone: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Every job of the account, newest first as listed, each id once.

    `created_dates` are what AI Studio's lists say of some of them, `sizes` what their hosts say of their files, in
    bytes; both empty where nobody asked.
    """

    jobs: tuple[Job, ...]
    proof: ListingProof
    observed_at: datetime
    digest: str
    created_dates: Mapping[JobId, datetime] = field(default_factory=dict)
    sizes: Mapping[JobId, int] = field(default_factory=dict)

    def as_told_alone(self, jobs: Mapping[JobId, Job]) -> "Inventory":
        """Give it with these jobs as each showed itself when it was asked for alone; the proof counts them."""
        if not jobs:
            return self
        proof = replace(self.proof, asked_alone=self.proof.asked_alone + len(jobs))
        return replace(self, jobs=tuple(jobs.get(job.id, job) for job in self.jobs), proof=proof)

    def unlisted_fields(self) -> tuple[tuple[str, int], ...]:
        """Give each field that looks like a file and is not known, with how many jobs have it, the most first."""
        counted = Counter(name for job in self.jobs for name in job.unlisted_fields)
        return tuple(sorted(counted.items(), key=lambda each: (-each[1], each[0])))
