"""One way in which the live world differs from what the ledger and the file expect: a value of plans and reports."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from reconciler.core.job import JobId


class DriftKind(Enum):
    """In which way.  The words are part of the plan format."""

    RETAINED_MISSING = "retained_missing"  # a rule, or a hold, keeps it, and it is not there
    CLEANED_ELSEWHERE = "cleaned_elsewhere"  # the service shows it as cleaned, by no clean of ours
    CHANGED_SINCE_ARCHIVED = "changed_since_archived"  # its copies hold other facts than it shows
    LOST_BEFORE_ARCHIVE = "lost_before_archive"  # it is away, and no copy holds what it showed last


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One job and one way in which it is not as expected; a job may have several.

    `found_at` is the observation that showed it first, as far as it is recorded.
    """

    kind: DriftKind
    job_id: JobId
    found_at: datetime
    detail: str
