"""Limits over a whole plan.  All violations are told at once, each with the key and the number to change.

There is no number below which a limit does not count (other tools have such a floor, and it is where losses happen).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

from reconciler.core.amounts import bytes_above, bytes_text
from reconciler.core.desired import DesiredState, Otherwise
from reconciler.core.memory import LedgerView
from reconciler.core.plan import Change, Plan, Violation, share_of


def guarded(plan: Plan, desired: DesiredState, memory: LedgerView) -> Plan:
    """Give the plan with every guard it fails."""
    sizes = sizes_of(plan.changes)
    violations = check(desired, memory, cleans=plan.cleans, counted=plan.counts.counted, sizes=sizes)
    return replace(plan, violations=violations)


def sizes_of(changes: Iterable[Change]) -> tuple[int | None, ...]:
    """Give the size of each job that is archived or cleaned, in bytes, None where nobody measured it."""
    return tuple(change.size for change in changes if change.archives or change.cleans)


def check(
    desired: DesiredState, memory: LedgerView, *, cleans: int, counted: int, sizes: Sequence[int | None]
) -> tuple[Violation, ...]:
    """Tell every violation of cleaning `cleans` jobs out of `counted` in scope.

    `sizes` are those of all jobs that would be archived or cleaned, in bytes, None where nobody measured one.
    """
    return (*_violations(desired, memory, cleans, counted), *_weighed(desired, sizes))


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


def _weighed(desired: DesiredState, sizes: Sequence[int | None]) -> Iterator[Violation]:
    limit = desired.limits.max_bytes
    if limit is None:
        return
    place = desired.place("clean.max_bytes")
    known = sum(size for size in sizes if size is not None)
    unknown = sum(size is None for size in sizes)
    at_least = "at least " if unknown else ""
    if known > limit:
        yield Violation(
            guard="clean.max_bytes",
            limit=f"{limit}B",
            actual=f"{at_least}{known}B",
            message=f"{at_least}{bytes_text(known)} would be archived or cleaned, clean.max_bytes allows "
            f"{bytes_text(limit)}; if that is meant, raise it to {bytes_above(known)} at {place}",
        )
    if unknown:
        yield Violation(
            guard="clean.max_bytes",
            limit=f"{limit}B",
            actual=f"{unknown} of unknown size",
            message=f"{unknown} of the {len(sizes)} jobs that would be archived or cleaned have no known size, so "
            f"clean.max_bytes cannot be checked; the hosts of their files told none: plan again when they answer, keep "
            f"these jobs with a rule (the plan shows them without a size), or take clean.max_bytes out at {place}",
        )


def percent_text(share: Fraction) -> str:
    """Write a share for people, one decimal, rounded down: `4.0%`.  Never compared."""
    tenths = int(share * 1000)
    return f"{tenths // 10}.{tenths % 10}%"


def _whole_percent_above(share: Fraction) -> str:
    return f"{-int(-share * 100 // 1)}%"
