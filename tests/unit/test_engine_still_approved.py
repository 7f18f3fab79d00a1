"""What is left of an approved plan, what was done of it before, and whether its limits still hold (I3, I7)."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from msgspec import structs

from reconciler.core.approvals import NO_APPROVALS, Approvals
from reconciler.core.desired import DesiredState
from reconciler.core.job import Job, JobId
from reconciler.core.memory import KnownJob, LedgerView
from reconciler.core.plan import Action, Change, Plan
from reconciler.core.rule_loss import RulesCompared
from reconciler.core.steps import Entry, Phase
from reconciler.engine.outcome import How, JobResult, Outcome
from reconciler.engine.still_approved import Work, decided_again, refuse_over_limits, work_left
from reconciler.errors import GuardRefused
from tests.support.values import DAY, NOON, by_id, desired, inventory, job, known, memory, plan_of

A, B, C = job("a"), job("b"), job("c")
FILE = desired()
PLAN = plan_of(FILE, C, B, A)
NEVER: Mapping[JobId, Entry] = {}


def with_actions(plan: Plan, *actions: Action) -> Plan:
    return replace(plan, changes=tuple(replace(change, actions=actions) for change in plan.changes))


COPIES = with_actions(PLAN, Action.ARCHIVE)
REPORTS = with_actions(PLAN, Action.REPORT)


def entry(of: Job, phase: Phase = Phase.CLEANED, detail: str = "cleaned now", fingerprint: str = "") -> Entry:
    facts = fingerprint or of.fingerprint
    return Entry(sequence=1, run_id="run-1", job_id=of.id, phase=phase, fingerprint=facts, detail=detail)


def remembered(**jobs: KnownJob) -> LedgerView:
    return LedgerView(account="acme", jobs={JobId(name): each for name, each in jobs.items()})


def left(
    approved: Plan = PLAN,
    fresh: Plan = PLAN,
    view: LedgerView | None = None,
    journal: Mapping[JobId, Entry] = NEVER,
) -> Work:
    return work_left(approved, fresh, view or memory("a", "b", "c"), journal)


def names(changes: tuple[Change, ...]) -> list[str]:
    return [change.job_id for change in changes]


CHANGED = "changed since plan: retained, done, cleaned or no longer listed"


def aside(job_id: str, why: str = CHANGED) -> JobResult:
    return JobResult(job_id=JobId(job_id), outcome=Outcome.SKIPPED, detail=why)


# -- deciding again


def test_what_is_decided_again_is_decided_over_the_list_of_now_for_this_moment_alone() -> None:
    seen = inventory(B, A, at=NOON + DAY)
    fresh = decided_again(FILE, seen, memory("a", "b"), tool_version="1.2.3")
    assert names(fresh.changes) == ["a", "b"]
    assert fresh.created_at == fresh.as_of == fresh.expires_at == NOON + DAY
    assert fresh.tool_version == "1.2.3"
    assert fresh.rules is None


def test_what_is_young_is_not_decided_to_go() -> None:
    assert decided_again(FILE, inventory(A), memory("a", seen=NOON), tool_version="0").changes == ()


def test_verdicts_that_somebody_has_already_are_taken() -> None:
    assert decided_again(FILE, inventory(A), memory("a"), tool_version="0", verdicts=()).changes == ()


# -- what is left


def test_all_is_left_of_a_plan_that_is_decided_again_in_its_order() -> None:
    assert left() == Work(to_do=PLAN.changes, done=(), done_before=(), set_aside=())
    assert names(left().to_do) == ["a", "b", "c"]


def test_nothing_that_was_not_approved_is_left() -> None:  # I3
    fewer = replace(PLAN, changes=PLAN.changes[:1])
    assert left(approved=fewer) == Work(to_do=PLAN.changes[:1], done=(), done_before=(), set_aside=())


def test_what_is_not_decided_again_is_set_aside_with_the_reason() -> None:
    fewer = replace(PLAN, changes=PLAN.changes[1:])
    assert left(fresh=fewer) == Work(to_do=PLAN.changes[1:], done=(), done_before=(), set_aside=(aside("a"),))
    others = "changed since plan: its facts (fingerprint) or actions differ now"
    assert left(fresh=COPIES).set_aside == (aside("a", others), aside("b", others), aside("c", others))


def test_a_copy_alone_is_work_and_a_report_alone_is_none() -> None:
    assert left(COPIES, COPIES).to_do == COPIES.changes
    assert left(REPORTS, REPORTS) == Work(to_do=(), done=(), done_before=(), set_aside=())
    assert left(REPORTS, PLAN).set_aside == ()
    assert len(left(COPIES, REPORTS).set_aside) == 3
    assert len(left(with_actions(PLAN, Action.CLEAN), REPORTS).set_aside) == 3
    bare = with_actions(PLAN, Action.CLEAN)
    assert left(bare, bare).to_do == bare.changes


# -- what was done before


@pytest.mark.parametrize("how", How)
def test_a_job_that_an_earlier_run_cleaned_is_done_in_the_word_that_it_was_recorded_with(how: How) -> None:
    fewer = replace(PLAN, changes=PLAN.changes[1:])
    work = left(fresh=fewer, journal={A.id: entry(A, detail=how.value)})
    assert names(work.done) == ["a"]
    told = f"{how.value}, by an earlier run"
    assert work.done_before == (JobResult(job_id=A.id, outcome=Outcome.CLEANED, detail=told, how=how),)
    assert work.set_aside == ()


def test_a_word_that_nobody_knows_is_told_as_it_stands() -> None:
    work = left(fresh=replace(PLAN, changes=()), journal={A.id: entry(A, detail="away")})
    assert work.done_before == (
        JobResult(job_id=A.id, outcome=Outcome.CLEANED, detail="away, by an earlier run", how=None),
    )
    assert names(work.done) == ["a"]
    assert work.set_aside == (aside("b"), aside("c"))


@pytest.mark.parametrize(
    "last",
    [
        entry(A, phase=Phase.CLEANING),
        entry(A, phase=Phase.NOT_CLEANED),
        entry(A, phase=Phase.ARCHIVED),
        entry(A, fingerprint="sha256:other facts"),
        entry(B),
    ],
)
def test_a_job_without_a_clean_on_record_for_its_facts_was_not_done(last: Entry) -> None:
    one = replace(PLAN, changes=PLAN.changes[:1])
    work = left(approved=one, fresh=replace(PLAN, changes=()), journal={last.job_id: last})
    assert (work.done, work.set_aside) == ((), (aside("a"),))


def test_a_clean_is_not_done_by_a_copy_and_a_copy_is_done_by_a_receipt() -> None:
    archived = remembered(a=known(archived=A.fingerprint))
    nothing = replace(PLAN, changes=())
    one, copy = (replace(plan, changes=plan.changes[:1]) for plan in (PLAN, COPIES))
    assert left(one, nothing, archived).set_aside == (aside("a"),)
    work = left(copy, nothing, archived)
    assert work.done_before == (JobResult(job_id=A.id, outcome=Outcome.ARCHIVED, detail="done by an earlier run"),)
    assert work.set_aside == ()
    for other in (remembered(a=known(archived="sha256:other facts")), remembered(b=known())):
        assert left(copy, nothing, other) == Work(to_do=(), done=(), done_before=(), set_aside=(aside("a"),))


def test_what_was_done_has_the_size_that_was_planned_or_else_the_one_that_is_remembered() -> None:
    nothing = replace(PLAN, changes=())
    sized = replace(PLAN, changes=(replace(PLAN.changes[0], size=7), PLAN.changes[1], PLAN.changes[2]))
    view = remembered(a=structs.replace(known(), size=5), b=structs.replace(known(), size=6))
    work = left(sized, nothing, view, {each.id: entry(each) for each in (A, B, C)})
    assert [(change.job_id, change.size) for change in work.done] == [("a", 7), ("b", 6), ("c", None)]


# -- limits


def refused(
    limits: DesiredState, work: Work, approvals: Approvals = NO_APPROVALS, rules: RulesCompared | None = None
) -> tuple[str, ...]:
    approved = replace(PLAN, approvals=approvals)
    fresh = replace(PLAN, rules=rules, counts=replace(PLAN.counts, counted=len(work.to_do)))
    try:
        refuse_over_limits(limits, memory("a", "b", "c"), approved, work, fresh)
    except GuardRefused as error:
        return error.violations
    return ()


ONE_DONE = left(fresh=replace(PLAN, changes=PLAN.changes[1:]), journal={A.id: entry(A)})
ALL_LEFT = left()


@pytest.mark.parametrize("work", [ONE_DONE, ALL_LEFT], ids=["one was done before", "all is left"])
def test_what_was_done_before_counts_so_that_resuming_stretches_no_limit(work: Work) -> None:  # I7
    assert refused(desired(max_jobs=3), work) == ()
    (told,) = refused(desired(max_jobs=2), work)
    assert told.startswith("3 jobs would be cleaned, clean.max_jobs allows 2;")


def test_a_share_is_one_of_what_was_there_before_the_first_run() -> None:
    assert refused(desired(), ONE_DONE) == ()
    half = replace(desired(), limits=replace(desired().limits, max_share=desired().limits.max_share / 2))
    (told,) = refused(half, ONE_DONE)
    assert told.startswith("100.0% of the 3 finished jobs in scope would be cleaned,")


def test_only_what_is_cleaned_counts() -> None:
    work = left(COPIES, replace(COPIES, changes=COPIES.changes[1:]), remembered(a=known(archived=A.fingerprint)))
    assert (len(work.done), len(work.to_do)) == (1, 2)
    assert refused(desired(max_jobs=0), work) == ()


def test_bytes_are_those_of_what_is_left_and_of_what_was_done() -> None:
    sizes = [replace(change, size=10) for change in PLAN.changes]
    work = Work(to_do=tuple(sizes[1:]), done=(sizes[0],), done_before=(), set_aside=())
    assert refused(desired(max_bytes=30), work) == ()
    (told,) = refused(desired(max_bytes=29), work)
    assert "clean.max_bytes allows 29 B" in told


def test_the_approvals_of_the_plan_stand_in_place_of_the_limits() -> None:
    assert refused(desired(max_jobs=2), ALL_LEFT, Approvals(max_jobs=3)) == ()


def test_rules_that_were_lost_are_refused_without_an_approval_of_just_that() -> None:
    from reconciler.core.applied import AppliedFile, AppliedRule
    from reconciler.core.rule_loss import compare_rules

    dear = by_id("a", name="dear")
    before = AppliedFile(digest="sha256:before", applied_at=NOON - DAY, rules=(AppliedRule(dear, 1),))
    view = replace(memory("a", "b", "c"), applied=before)
    rules = compare_rules(FILE, (), view, NOON)
    assert rules
    assert len(refused(FILE, ALL_LEFT, rules=rules)) == 1
    assert refused(FILE, ALL_LEFT, Approvals(rules_lost=rules.name), rules) == ()
    fresh = decided_again(FILE, inventory(A), view, tool_version="0")
    assert fresh.rules
    assert fresh.rules.name == rules.name
    assert [each.freed for each in fresh.rules.lost] == [1], "counted over the verdicts of now"
