"""Limits over a whole plan.  All violations are told at once, each with the key and the number to change.

There is no number below which a limit does not count (other tools have such a floor, and it is where losses happen).
"""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from reconciler.core.desired import DesiredState, Otherwise
from reconciler.core.memory import LedgerView
from reconciler.core.plan import Plan, Violation, share_of


def guarded(plan: Plan, desired: DesiredState, memory: LedgerView) -> Plan:
    """Give the plan with every guard it fails."""
    return replace(plan, violations=check(desired, memory, cleans=plan.cleans, counted=plan.counts.counted))


def check(desired: DesiredState, memory: LedgerView, *, cleans: int, counted: int) -> tuple[Violation, ...]:
    """Tell every violation of cleaning `cleans` jobs out of `counted` in scope."""
    return tuple(_violations(desired, memory, cleans, counted))


def _violations(desired: DesiredState, memory: LedgerView, cleans: int, counted: int) -> Iterator[Violation]:
    if memory.account and memory.account != desired.account:
        yield Violation(
            guard="account",
            limit=memory.account,
            actual=desired.account,
            message=f"the ledger belongs to account {memory.account}, {desired.place('account')} says "
            f"{desired.account}; correct the file, or name the right ledger with --state",
        )
    if not desired.retain and desired.otherwise is not Otherwise.REPORT:
        yield Violation(
            guard="retain",
            limit="1 rule",
            actual="0 rules",
            message=f"no rule retains anything ({desired.place('retain')}); add one, or set otherwise: report",
        )
    limits = desired.limits
    if cleans > limits.max_jobs:
        yield Violation(
            guard="clean.max_jobs",
            limit=str(limits.max_jobs),
            actual=str(cleans),
            message=f"{cleans} jobs would be cleaned, clean.max_jobs allows {limits.max_jobs}; if that is meant, "
            f"raise it to {cleans} at {desired.place('clean.max_jobs')}",
        )
    share = share_of(cleans, counted)
    if share > limits.max_share:
        yield Violation(
            guard="clean.max_share",
            limit=percent_text(limits.max_share),
            actual=percent_text(share),
            message=f"{percent_text(share)} of the {counted} finished jobs in scope would be cleaned, "
            f"clean.max_share allows {percent_text(limits.max_share)}; if that is meant, raise it to "
            f"{_whole_percent_above(share)} at {desired.place('clean.max_share')}",
        )


def percent_text(share: Fraction) -> str:
    """Write a share for people, one decimal, rounded down: `4.0%`.  Never compared."""
    tenths = int(share * 1000)
    return f"{tenths // 10}.{tenths % 10}%"


def _whole_percent_above(share: Fraction) -> str:
    return f"{-int(-share * 100 // 1)}%"
