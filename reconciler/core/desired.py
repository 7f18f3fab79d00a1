"""The reviewed file as values.  Made in `reconciler.desired`, trusted everywhere else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from fractions import Fraction

from reconciler.core.job import JobType
from reconciler.core.selectors import Selector


class Otherwise(Enum):
    """What happens to a job that no rule retains and nothing holds."""

    REPORT = "report"
    ARCHIVE = "archive"
    CLEAN = "clean"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetainRule:
    """One entry under `retain`: every job its selector owns stays.

    `name` is the user's, or the id itself for a bare id, or `retain[3]`.  `owner` and `reason` are for people.
    """

    name: str
    selector: Selector
    owner: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one plan may clean at most; exceeding any refuses the whole apply.  `max_share` is a part of one."""

    max_jobs: int
    max_share: Fraction


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

    `digest` names its content, not its comments or layout.  `places` maps a key path (`clean.max_jobs`, `retain[2]`)
    to `file:line:column`, for messages; it takes no part in comparison.
    """

    account: str
    scope: Scope
    otherwise: Otherwise
    retain: tuple[RetainRule, ...]
    stores: tuple[str, ...]
    copies: int
    min_age: timedelta
    limits: Limits
    digest: str
    places: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    def place(self, key_path: str) -> str:
        """Tell where a key stands, or where it would go when it is left at its default."""
        return self.places.get(key_path, f"{self.places.get('', 'the desired-state file')} (add {key_path})")
