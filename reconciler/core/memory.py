"""What the ledger remembers, as a plan needs it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.core.job import JobId


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownJob:
    """One job as remembered.

    `sequence` orders jobs as first listed, oldest lowest.  `left` says that it was cleaned or has gone.  `archived`
    holds the fingerprints for which a receipt exists.
    """

    sequence: int
    first_seen: datetime
    last_seen: datetime
    left: bool
    archived: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerView:
    """The whole memory at one moment.  `account` is empty while the ledger is new."""

    account: str = ""
    jobs: Mapping[JobId, KnownJob] = field(default_factory=dict)

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever recorded."""
        return not self.account
