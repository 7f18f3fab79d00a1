"""Limits over a whole plan.  All violations are told at once, each with the key and the number to change.

There is no number below which a limit does not count (other tools have such a floor, and it is where losses happen).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from reconciler.core.amounts import bytes_above, bytes_text
from reconciler.core.approvals import NO_APPROVALS, Approvals
from reconciler.core.canonical import utc_text
from reconciler.core.desired import DesiredState, Limits, Otherwise
from reconciler.core.memory import LedgerView
from reconciler.core.plan import Change, Plan, Violation, share_of
from reconciler.core.rule_loss import Lost, RuleLoss, RulesCompared

LOSSES_NAMED = 5
"""How many lost rules the sentence of the guard names; the plan has all."""


def guarded(plan: Plan, desired: DesiredState, memory: LedgerView) -> Plan:
    """Give the plan with every guard it fails."""
    violations = check(
        desired,
        memory,
        cleans=plan.cleans,
        counted=plan.counts.counted,
        sizes=sizes_of(plan.changes),
        approvals=plan.approvals,
        rules=plan.rules,
    )
    return replace(plan, violations=violations)


def sizes_of(changes: Iterable[Change]) -> tuple[int | None, ...]:
    """Give the size of each job that is archived or cleaned, in bytes, None where nobody measured it."""
    return tuple(change.size for change in changes if change.archives or change.cleans)


def check(
    desired: DesiredState,
    memory: LedgerView,
    *,
    cleans: int,
    counted: int,
    sizes: Sequence[int | None],
    approvals: Approvals = NO_APPROVALS,
    rules: RulesCompared | None = None,
) -> tuple[Violation, ...]:
    """Tell every violation of cleaning `cleans` jobs out of `counted` in scope, as far as `approvals` do not allow it.

    `sizes` are those of all jobs that would be archived or cleaned, in bytes, None where nobody measured one; `rules`
    are the file's beside those that were applied last, None where there is nothing to compare with.
    """
    guards = _Guards(desired, approvals)
    return (
        *guards.account(memory),
        *guards.retain(),
        *guards.rules_lost(rules),
        *guards.max_jobs(cleans),
        *guards.max_share(cleans, counted),
        *guards.max_bytes(sizes),
    )


@dataclass(frozen=True, slots=True)
class _Guards:
    """Each gives what it refuses, if it does."""

    desired: DesiredState
    approvals: Approvals

    @property
    def _limits(self) -> Limits:
        return self.approvals.over(self.desired.limits)

    def account(self, memory: LedgerView) -> Iterator[Violation]:
        desired = self.desired
        if memory.account and memory.account != desired.account:
            yield Violation(
                guard="account",
                limit=memory.account,
                actual=desired.account,
                message=f"the ledger belongs to account {memory.account}, {desired.place('account')} says "
                f"{desired.account}; correct the file, or name the right ledger with --state",
            )

    def retain(self) -> Iterator[Violation]:
        if not self.desired.retain and self.desired.otherwise is not Otherwise.REPORT:
            yield Violation(
                guard="retain",
                limit="1 rule",
                actual="0 rules",
                message=f"no rule retains anything ({self.desired.place('retain')}); add one, or set otherwise: report",
            )

    def rules_lost(self, rules: RulesCompared | None) -> Iterator[Violation]:
        if rules is None or not rules.lost or self.desired.otherwise is Otherwise.REPORT:
            return
        if self.approvals.rules_lost == rules.name:
            return
        if any(each.how is Lost.UNKNOWN for each in rules.lost):
            yield self._rules_unknown(rules)
            return
        count = "1 rule" if len(rules.lost) == 1 else f"{len(rules.lost)} rules"
        other = self.approvals.rules_lost
        yield Violation(
            guard="rules_lost",
            limit="0 rules",
            actual=count,
            message=f"{count} lost since the file of {utc_text(rules.applied_at)} was applied: "
            f"{_named(rules.lost)}; put back at {self.desired.place('retain')} what is not meant, or approve just "
            f"this{f' ({other} names another loss)' if other else ''} with --accept-rules-lost {rules.name}",
        )

    def _rules_unknown(self, rules: RulesCompared) -> Violation:
        then = f"{rules.digest[:19]}, applied at {utc_text(rules.applied_at)}" if rules.digest else "not known either"
        return Violation(
            guard="rules_lost",
            limit="0 rules",
            actual="not known",
            message=f"the ledger was made anew, and what the file that was applied last ({then}) said is in no store; "
            f"hold {self.desired.place('retain')} against that file, and approve the one of now "
            f"({self.desired.digest[:19]}) with --accept-rules-lost {rules.name}",
        )

    def max_jobs(self, cleans: int) -> Iterator[Violation]:
        limit = self._limits.max_jobs
        if cleans > limit:
            yield Violation(
                guard="clean.max_jobs",
                limit=str(limit),
                actual=str(cleans),
                message=f"{cleans} jobs would be cleaned, {self._who('max_jobs')} allows {limit}; if that is meant, "
                f"{self._raise('max_jobs', str(cleans))}",
            )

    def max_share(self, cleans: int, counted: int) -> Iterator[Violation]:
        limit, share = self._limits.max_share, share_of(cleans, counted)
        if share > limit:
            yield Violation(
                guard="clean.max_share",
                limit=percent_text(limit),
                actual=percent_text(share),
                message=f"{percent_text(share)} of the {counted} finished jobs in scope would be cleaned, "
                f"{self._who('max_share')} allows {percent_text(limit)}; if that is meant, "
                f"{self._raise('max_share', _whole_percent_above(share))}",
            )

    def max_bytes(self, sizes: Sequence[int | None]) -> Iterator[Violation]:
        limit = self._limits.max_bytes
        if limit is None:
            return
        known = sum(size for size in sizes if size is not None)
        unknown = sum(size is None for size in sizes)
        at_least = "at least " if unknown else ""
        if known > limit:
            yield Violation(
                guard="clean.max_bytes",
                limit=f"{limit}B",
                actual=f"{at_least}{known}B",
                message=f"{at_least}{bytes_text(known)} would be archived or cleaned, {self._who('max_bytes')} allows "
                f"{bytes_text(limit)}; if that is meant, {self._raise('max_bytes', bytes_above(known))}",
            )
        if unknown:
            place = self.desired.place("clean.max_bytes")
            yield Violation(
                guard="clean.max_bytes",
                limit=f"{limit}B",
                actual=f"{unknown} of unknown size",
                message=f"{unknown} of the {len(sizes)} jobs that would be archived or cleaned have no known size, so "
                f"clean.max_bytes cannot be checked; the hosts of their files told none: plan again when they answer, "
                f"keep these jobs with a rule (the plan shows them without a size), or take clean.max_bytes out at "
                f"{place}",
            )

    def _who(self, key: str) -> str:
        """Name what sets a limit: the file's key, or the flag that stands in its place."""
        return f"clean.{key}" if getattr(self.approvals, key) is None else _flag(key)

    def _raise(self, key: str, to: str) -> str:
        return f"raise it to {to} at {self.desired.place(f'clean.{key}')}, or this once with {_flag(key)} {to}"


def _flag(key: str) -> str:
    return f"--{key.replace('_', '-')}"


def _named(lost: Sequence[RuleLoss]) -> str:
    named = "; ".join(f"{each.rule} {loss_text(each)}" for each in lost[:LOSSES_NAMED])
    more = len(lost) - LOSSES_NAMED
    return f"{named}; and {more} more" if more > 0 else named


def loss_text(loss: RuleLoss) -> str:
    """Say what became of a rule, for people: `is gone: it kept 41 jobs then; ...`."""
    if loss.how is Lost.UNKNOWN:
        return "of the file that was applied last are not known: the ledger was made anew"
    what = "is gone" if loss.how is Lost.GONE else "keeps less"
    ids = f", and {loss.unnamed} of its ids are named by no rule" if loss.unnamed else ""
    return (
        f"{what}: it kept {loss.kept} jobs then; of what it would keep now, {loss.freed} jobs are kept by no rule, "
        f"{loss.released} of them go with this plan{ids}"
    )


def limit_text(key: str, limit: object) -> str:
    """Write a limit of the file as its key takes it, a share rounded down; `none` where there is none."""
    if limit is None:
        return "none"
    if isinstance(limit, Fraction):
        return percent_text(limit)
    return f"{limit}B" if key == "clean.max_bytes" else str(limit)


def percent_text(share: Fraction) -> str:
    """Write a share for people, one decimal, rounded down: `4.0%`.  Never compared."""
    tenths = int(share * 1000)
    return f"{tenths // 10}.{tenths % 10}%"


def _whole_percent_above(share: Fraction) -> str:
    return f"{-int(-share * 100 // 1)}%"
