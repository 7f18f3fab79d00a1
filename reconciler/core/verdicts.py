"""The five verdicts, each with its reasons.  There may be a million of them: see docs/adr/0014."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol, assert_never

from msgspec import Struct

from reconciler.core.subjects import Subject


class HoldCode(Enum):
    """Why a job that no rule retains stays all the same.  The words are part of the plan format."""

    CONTRADICTORY = "contradictory"
    TYPE_UNKNOWN = "type_unknown"
    STATUS_UNKNOWN = "status_unknown"
    NOT_FINISHED = "not_finished"
    RULE_UNDECIDED = "rule_undecided"
    ASSET_MISSING = "asset_missing"
    TOO_YOUNG = "too_young"
    AGE_UNKNOWN = "age_unknown"
    PROTECTED = "protected"
    RELATED = "related"
    LAPSED = "lapsed"
    GRACE = "grace"


class Hold(Struct, frozen=True, gc=False):
    """One hold, with the missing fact or number in words."""

    code: HoldCode
    detail: str


@dataclass(frozen=True, slots=True)
class RuleTried:
    """One rule that certainly does not keep a released job."""

    rule: str
    why: str


class Answer(Enum):
    """What one rule says of one job.  The words are part of what `explain` prints."""

    KEEPS = "keeps"
    CANNOT_TELL = "cannot_tell"
    DOES_NOT = "does_not_keep"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True)
class RuleSaid:
    """What one rule says of one job.

    `keys` are the `keep_*` keys that keep it; `why` is what it needs to know, or why it does not keep it.
    """

    rule: str
    answer: Answer
    keys: tuple[str, ...] = ()
    why: str = ""


class KeptBy(Struct, frozen=True, gc=False):
    """One rule that keeps a job, and the `keep_*` keys that do; none where the rule keeps all that it owns."""

    rule: str
    keys: tuple[str, ...] = ()


class Retained(Struct, frozen=True, kw_only=True, gc=False):
    """At least one rule keeps it; `kept` names all that do, in the file's order, those by id first.

    `may_be_protected` says that a `protect` rule cannot tell whether it keeps it too.
    """

    job: Subject
    kept: tuple[KeptBy, ...]
    archive_now: bool = False
    protected: bool = False
    may_be_protected: bool = False

    @property
    def rules(self) -> tuple[str, ...]:
        """The names of the rules that keep it."""
        return tuple(each.rule for each in self.kept)


class Held(Struct, frozen=True, kw_only=True, gc=False):
    """No rule keeps it for certain, and something forbids to let it go.  `holds` is never empty.

    `waits_since` is set where nothing but waiting holds it, or a relative that itself only waits: since when.
    `may_be_protected` says that a `protect` rule cannot tell whether it keeps it.
    """

    job: Subject
    holds: tuple[Hold, ...]
    waits_since: datetime | None = None
    may_be_protected: bool = False


class Tried(Protocol):
    """The rules of a decision, as far as a released job asks them."""

    def tried(self, subject: Subject) -> tuple[RuleTried, ...]:
        """Name every rule and why it does not keep the subject; rules by id as one."""

    def free_since(self, subject: Subject) -> datetime:
        """Tell since when nothing but waiting holds a job that no rule keeps."""


class Released(Struct, frozen=True, kw_only=True, gc=False, eq=False):
    """No rule keeps it and nothing holds it.

    `rules` tell why and since when, once they are asked: of a million jobs, a page needs the answers at a time.
    """

    job: Subject
    rules: Tried

    @property
    def since(self) -> datetime:
        """When it came to be so, as far as recorded observations tell."""
        return self.rules.free_since(self.job)

    @property
    def tried(self) -> tuple[RuleTried, ...]:
        """Each rule and why it does not keep the job, rules by id as one."""
        return self.rules.tried(self.job)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Released) and (self.job, self.since) == (other.job, other.since)

    def __hash__(self) -> int:
        return hash((self.job, self.since))


class OutOfScope(Struct, frozen=True, kw_only=True, gc=False):
    """Of a type that the file leaves alone."""

    job: Subject


class Gone(Struct, frozen=True, kw_only=True, gc=False):
    """Listed as cleaned: there is nothing left to decide."""

    job: Subject


Verdict = Retained | Held | Released | OutOfScope | Gone


def waits_since(verdict: Verdict) -> datetime | None:
    """Tell since when nothing but waiting holds a job, or held it; None for one that anything else holds or keeps."""
    if isinstance(verdict, Released):
        return verdict.since
    return verdict.waits_since if isinstance(verdict, Held) else None


def verdict_word(verdict: Verdict) -> str:
    """Name a verdict as our formats do: `retain`, `hold`, `release`, `out_of_scope` or `gone`."""
    match verdict:
        case Retained():
            return "retain"
        case Held():
            return "hold"
        case Released():
            return "release"
        case OutOfScope():
            return "out_of_scope"
        case Gone():
            return "gone"
        case _:
            assert_never(verdict)
