"""Tests of a desired-state file: decide over small inventories, and compare with what is expected.  Asks nobody."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from reconciler.core.desired import DesiredState
from reconciler.core.inventory import Inventory
from reconciler.core.job import JobId
from reconciler.core.memory import LedgerView
from reconciler.core.retention import decide
from reconciler.core.verdicts import Gone, Held, OutOfScope, Released, Retained, Verdict, verdict_word
from reconciler.engine.planning import refuse_lint_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What one job's verdict must be, by its word; `because` are hold codes, `by` rules, that must be among its own."""

    job_id: JobId
    verdict: str
    because: tuple[str, ...] = ()
    by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyCase:
    """One decision.  `place` is where it stands: `file:line:column`."""

    name: str
    place: str
    at: datetime
    inventory: Inventory
    memory: LedgerView
    expected: tuple[Expected, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySuite:
    """The cases of one file, called `name`, with the desired state under test."""

    name: str
    desired: DesiredState
    cases: tuple[PolicyCase, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """A job that was decided on otherwise than expected; `reasons` are sentences of the verdict it got."""

    expected: Expected
    verdict: Verdict

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the verdict is what it is, a sentence each."""
        return tuple(_reasons(self.verdict))


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """How one case ended; it passed where nothing differs."""

    suite: str
    case: PolicyCase
    mismatches: tuple[Mismatch, ...]

    @property
    def passed(self) -> bool:
        """Whether every expectation was met."""
        return not self.mismatches


def run_suites(suites: Iterable[PolicySuite]) -> tuple[CaseResult, ...]:
    """Run every case of every file, in their order.

    Raises:
        DesiredStateInvalid: lint finds an error in a file under test, of which there is no plan either.
    """
    return tuple(result for suite in suites for result in _run_suite(suite))


def _run_suite(suite: PolicySuite) -> Iterator[CaseResult]:
    for case in suite.cases:
        refuse_lint_errors(suite.desired, case.at)
        yield _run(suite, case)


def _run(suite: PolicySuite, case: PolicyCase) -> CaseResult:
    decided = decide(suite.desired, case.inventory, case.memory, case.at)
    verdicts = {verdict.job.id: verdict for verdict in decided}
    differing = ((expected, verdicts[expected.job_id]) for expected in case.expected)
    mismatches = tuple(
        Mismatch(expected=expected, verdict=verdict) for expected, verdict in differing if not _met(expected, verdict)
    )
    return CaseResult(suite=suite.name, case=case, mismatches=mismatches)


def _met(expected: Expected, verdict: Verdict) -> bool:
    codes = {hold.code.value for hold in verdict.holds} if isinstance(verdict, Held) else set()
    rules = set(verdict.rules) if isinstance(verdict, Retained) else set()
    return (
        verdict_word(verdict) == expected.verdict
        and codes.issuperset(expected.because)
        and rules.issuperset(expected.by)
    )


def _reasons(verdict: Verdict) -> Iterator[str]:
    match verdict:
        case Retained():
            yield "kept by " + ", ".join(verdict.rules)
        case Held():
            yield from (f"{hold.code.value}: {hold.detail}" for hold in verdict.holds)
        case Released():
            yield from (f"rule {tried.rule}: {tried.why}" for tried in verdict.tried)
        case OutOfScope():
            yield "the file leaves jobs of its type alone"
        case Gone():
            yield "the list shows it as cleaned"
