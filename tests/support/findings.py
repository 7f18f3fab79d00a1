"""What a decision says, in the words of the plain evaluator; and questions that laws ask of a whole case."""

from typing import assert_never

from msgspec import structs

from reconciler.core.job import JobId, JobType
from reconciler.core.retention import decide
from reconciler.core.verdicts import Gone, Held, HoldCode, OutOfScope, Released, Retained, Verdict
from tests.support.decision_worlds import Case
from tests.support.plain_evaluator import Finding
from tests.support.plain_times import surely_before
from tests.support.plain_world import absent_jobs, known_jobs


def as_finding(verdict: Verdict) -> Finding:
    """Give what a verdict says in the evaluator's words."""
    match verdict:
        case Retained(kept=kept):
            return Finding("retained", kept=frozenset((each.rule, frozenset(each.keys)) for each in kept))
        case Held(holds=holds, waits_since=since):
            undecided = [hold.detail.split()[1] for hold in holds if hold.code is HoldCode.RULE_UNDECIDED]
            codes = frozenset(hold.code for hold in holds)
            return Finding("held", holds=codes, undecided=frozenset(undecided), waits_since=since)
        case Released(tried=tried, since=since):
            return Finding("released", tried=frozenset(each.rule for each in tried), since=since)
        case OutOfScope():
            return Finding("out_of_scope")
        case Gone():
            return Finding("gone")
        case _:
            assert_never(verdict)


def verdicts(case: Case) -> tuple[Verdict, ...]:
    return decide(case.desired, case.inventory, case.memory, case.as_of)


def decided(case: Case) -> dict[JobId, Finding]:
    return {verdict.job.id: as_finding(verdict) for verdict in verdicts(case)}


def released(case: Case) -> set[JobId]:
    return {verdict.job.id for verdict in verdicts(case) if isinstance(verdict, Released)}


def agrees_with_itself(case: Case) -> bool:
    """Tell whether no evidence contradicts, and no trusted times prove another order than the ledger's.

    Taking a proof of disorder away is a way to add a release, and no law forbids it: what was held for that reason
    alone is decided again.
    """
    listed = known_jobs(case.desired, case.inventory, case.memory, case.as_of)
    everyone = (*listed, *absent_jobs(case.desired, case.inventory, case.memory, case.as_of))
    in_order = not any(
        one.order > other.order and surely_before(one.made, other.made) for one in everyone for other in everyone
    )
    return in_order and not any(each.contradictory for each in everyone)


def recorded(case: Case) -> Case:
    """Give the case as it is once the ledger has recorded this very listing: it knows all that the bodies show."""
    known = dict(case.memory.jobs)
    for job in case.inventory.jobs:
        before = known[job.id]
        known[job.id] = structs.replace(
            before,
            left=False,
            type=before.type if job.type is JobType.UNKNOWN else job.type,
            status=job.status,
            name=job.name or before.name,
            project=job.project or before.project,
        )
    return case.remembering(known)
