"""What the ledger remembers, as a decision needs it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from msgspec import Struct

from reconciler.core.applied import AppliedFile
from reconciler.core.job import JobId, JobStatus, JobType


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerHold:
    """A hold that a `protect` rule left in the ledger; deleting the rule does not lift it (I13).

    `until` is the rule's `lapses_at` when it last kept the job: from then on the hold has ended.  `unkept_since` is the
    first recorded run in which no live `protect` rule kept the job any more, None while one does.
    """

    rule: str
    owner: str
    reason: str
    set_at: datetime
    until: datetime | None = None
    unkept_since: datetime | None = None


class KnownJob(Struct, frozen=True, kw_only=True, gc=False):
    """One job as remembered.

    `sequence` orders jobs as first listed, oldest lowest.  `missing_until` is the last complete observation without it,
    None for jobs of the first.  `left` says that it was cleaned or has gone.  `archived` holds the fingerprints for
    which a receipt exists.  `type`, `name` and `project` are what was once seen of it, UNKNOWN and "" where nothing
    was; `status` is the last one seen.  `size` is in bytes, None where nobody measured it.  `released_since` is when it
    came to be held by nothing but `clean.grace`, as of the last recorded observation; None where anything else held it.
    `kept_until` is when the last of the rules ends that kept it in that observation; None where one without an end
    did, or none.  `archived_at` is when its newest receipt was made, None where it has none.  `unarchived` says that
    it had something to lose when it was last seen there, that nobody archived just that, and that no clean of ours took
    it; `lost_at` is the recorded observation that first missed such a job, None while it is there, or was never lost.
    """

    sequence: int
    first_seen: datetime
    last_seen: datetime
    left: bool
    archived: frozenset[str] = frozenset()
    missing_until: datetime | None = None
    type: JobType = JobType.UNKNOWN
    status: JobStatus = JobStatus.UNKNOWN
    name: str = ""
    project: str = ""
    size: int | None = None
    released_since: datetime | None = None
    kept_until: datetime | None = None
    holds: tuple[LedgerHold, ...] = ()
    archived_at: datetime | None = None
    unarchived: bool = False
    lost_at: datetime | None = None
    left_at: datetime | None = None
    left_how: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerView:
    """The whole memory at one moment.

    `account` is empty while the ledger is new.  `last_observed` is the time of the newest recorded observation, None
    where there is none.  `imported` are the user's own times of jobs, also of those never seen.  `applied` are the
    rules of the file that was applied last, None where none was.
    """

    account: str = ""
    jobs: Mapping[JobId, KnownJob] = field(default_factory=dict)
    last_observed: datetime | None = None
    imported: Mapping[JobId, datetime] = field(default_factory=dict)
    applied: AppliedFile | None = None

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever recorded."""
        return not self.account
