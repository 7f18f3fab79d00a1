"""The reviewed file as values.  Made in `reconciler.desired`, trusted everywhere else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from enum import Enum
from fractions import Fraction

from reconciler.core.job import JobId, JobType
from reconciler.core.selectors import Selector


class Otherwise(Enum):
    """What happens to a job that no rule retains and nothing holds."""

    REPORT = "report"
    ARCHIVE = "archive"
    CLEAN = "clean"


class Source(Enum):
    """What can tell when a job was made."""

    LEDGER = "ledger"  # not after our first sighting, not before the last complete list without it
    IMPORTED = "imported"  # the user's own record
    SHARE_LINK = "share_link"  # the time at the head of a share id
    CREATED_DATE = "created_date"  # AI Studio's createdDate
    LIST_ORDER = "list_order"  # the list is newest first


class GroupKey(Enum):
    """What a rule can group its jobs by."""

    TYPE = "type"
    NAME = "name"
    PROJECT = "project"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """Which of a rule's jobs stay: the union of what is set, per group; with nothing set, all of them.

    `last`, `daily`, `weekly`, `monthly` and `yearly` are counts of at least 1, `size` is in bytes (`keep_bytes`).
    """

    last: int | None = None
    within: timedelta | None = None
    daily: int | None = None
    weekly: int | None = None
    monthly: int | None = None
    yearly: int | None = None
    size: int | None = None

    @property
    def everything(self) -> bool:
        """Whether nothing narrows the rule."""
        return self == KEEP_EVERYTHING


KEEP_EVERYTHING = Keep()


@dataclass(frozen=True, slots=True, kw_only=True)
class Muted:
    """A lint finding that a rule's owner knows of, and why it is none."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RetainRule:
    """One entry under `retain`: of the jobs that its selector owns, it keeps what `keep` says.

    `name` is the user's, or the id itself for a bare id, or `retain[3]`.  `owner` and `reason` are for people.
    `lapses_at` is the first instant at which the rule is no longer live: the end of the day `until`, in the file's
    zone, as UTC; None for a rule without `until`.  `archive_now` asks for a copy of what stays as well.
    """

    name: str
    selector: Selector
    keep: Keep = KEEP_EVERYTHING
    group_by: tuple[GroupKey, ...] = ()
    lapses_at: datetime | None = None
    protect: bool = False
    archive_now: bool = False
    owner: str = ""
    reason: str = ""
    muted: tuple[Muted, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a job needs: while it stays, these stay too."""

    job: JobId
    needs: tuple[JobId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one plan may do at most; exceeding any refuses the whole apply.

    `max_share` is a part of one.  `max_bytes` counts archives too; None is no limit.
    """

    max_jobs: int
    max_share: Fraction
    max_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """How much the account may hold, measured from assets, in bytes; `warn_at` is a part of one."""

    budget: int
    warn_at: Fraction


class SecondRead(Enum):
    """When a file is downloaded a second time, to compare the two."""

    WHEN_NO_CHECKSUM = "when_no_checksum"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """Where bags are kept, by its address; what is "" or empty is as the cloud, or the environment, has it.

    An address is `file:FOLDER`, or `s3://`, `gs://` or `az://` with a bucket and a prefix.  `tags` are sorted by name.
    """

    address: str
    endpoint: str = ""
    region: str = ""
    storage_class: str = ""
    encryption: str = ""
    kms_key: str = ""
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which types are planned at all.

    `untyped_failures` takes in failed jobs whose body shows no type: the default scope has them, a written one not.
    """

    types: frozenset[JobType]
    untyped_failures: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredState:
    """The whole file, checked.

    `digest` names its content, not its comments or layout.  `places` maps a key path (`clean.max_jobs`, `retain[2]`,
    `labels.launch-2026`) to `file:line:column`, for messages; it takes no part in comparison.  `ledger` is the value
    of `state`, "" where it is not written.  `labels` are sorted by name.
    """

    account: str
    scope: Scope
    otherwise: Otherwise
    retain: tuple[RetainRule, ...]
    stores: tuple[Store, ...]
    copies: int
    min_age: timedelta
    limits: Limits
    digest: str
    grace: timedelta = timedelta(0)
    release_delay: timedelta = timedelta(days=7)
    zone: tzinfo = UTC
    trust: frozenset[Source] = frozenset({Source.LEDGER, Source.IMPORTED})
    labels: tuple[tuple[str, frozenset[JobId]], ...] = ()
    links: tuple[Link, ...] = ()
    storage: Storage | None = None
    second_read: SecondRead = SecondRead.WHEN_NO_CHECKSUM
    ledger: str = ""
    places: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    def place(self, key_path: str) -> str:
        """Tell where a key stands, or where it would go when it is left at its default."""
        return self.places.get(key_path, f"{self.places.get('', 'the desired-state file')} (add {key_path})")
