"""What a file lost against the one that was applied last, and what is no loss (I13)."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from reconciler.core.applied import AppliedFile, AppliedRule
from reconciler.core.approvals import NO_APPROVALS, Approvals
from reconciler.core.desired import DesiredState, Keep, Otherwise, RetainRule
from reconciler.core.guards import check, loss_text
from reconciler.core.job import Job, JobId, JobStatus, JobType
from reconciler.core.memory import LedgerView
from reconciler.core.plan import Plan
from reconciler.core.retention import decide
from reconciler.core.rule_loss import Lost, RuleRenamed, RulesCompared, compare_rules
from reconciler.core.selectors import EveryJob, IdIn, NameLike, Selector, StatusIn, TypeIn
from reconciler.engine.planning import plan_over
from tests.support.values import DAY, NOON, by_id, desired, inventory, job, known, memory, rule

APPLIED = "sha256:" + "a" * 64
RENDER, PREVIEW, IMAGE = (TypeIn(frozenset({each})) for each in (JobType.RENDER, JobType.PREVIEW, JobType.IMAGE))
JOBS = (job("r1"), job("r2"), job("i1", JobType.IMAGE), job("v1", JobType.VIDEO))


def applied(*rules: RetainRule, at: datetime = NOON - 10 * DAY) -> AppliedFile:
    return AppliedFile(digest=APPLIED, applied_at=at, rules=tuple(AppliedRule(each, 7) for each in rules))


def compared(
    then: AppliedFile | None,
    now: DesiredState,
    *jobs: Job,
    remembered: LedgerView | None = None,
    as_of: datetime = NOON,
) -> RulesCompared | None:
    listed = inventory(*(jobs or JOBS), at=as_of)
    view = replace(remembered or memory(*(each.id for each in listed.jobs)), applied=then)
    return compare_rules(now, decide(now, listed, view, as_of), view, as_of)


def lost(then: AppliedFile, now: DesiredState, *jobs: Job, as_of: datetime = NOON) -> list[tuple[str, Lost, int, int]]:
    found = compared(then, now, *jobs, as_of=as_of)
    assert found
    assert all(each.kept == 7 for each in found.lost)
    return [(each.rule, each.how, each.freed, each.released) for each in found.lost]


KEEP_ALL = rule(EveryJob(), "all")
RENDERS = rule(RENDER, "renders")
IMAGES = rule(IMAGE, "images")


def test_without_a_file_of_before_or_with_just_that_one_there_is_nothing_to_compare() -> None:
    assert compared(None, desired(RENDERS)) is None
    assert compared(applied(IMAGES), replace(desired(RENDERS), digest=APPLIED)) is None


def test_a_file_with_the_same_rules_lost_none() -> None:
    found = compared(applied(RENDERS, IMAGES), desired(IMAGES, RENDERS))
    assert found == RulesCompared(digest=APPLIED, applied_at=NOON - 10 * DAY)
    assert found.name == ""


def test_a_rule_that_is_gone_is_lost_with_the_jobs_that_it_lets_go() -> None:  # I13
    assert lost(applied(RENDERS, IMAGES), desired(IMAGES)) == [("renders", Lost.GONE, 2, 2)]


@pytest.mark.parametrize("now", [desired(KEEP_ALL), desired(IMAGES)], ids=["all are kept", "none there"])
def test_a_rule_that_is_gone_is_lost_also_where_it_lets_nothing_go_today(now: DesiredState) -> None:  # I13
    """A wait, or another rule, may keep them for now; by the time they go, nobody would ask any more."""
    jobs = (job("i1", JobType.IMAGE),)
    assert lost(applied(RENDERS, IMAGES), now, *jobs)[0] == ("renders", Lost.GONE, 0, 0)


def test_what_only_waits_is_freed_and_not_yet_released() -> None:  # I13
    waiting = replace(desired(IMAGES), grace=3 * DAY)
    assert lost(applied(RENDERS, IMAGES), waiting) == [("renders", Lost.GONE, 2, 0)]


def test_a_new_name_is_told_as_that_and_loses_nothing() -> None:
    found = compared(applied(RENDERS, IMAGES), desired(replace(RENDERS, name="videos"), IMAGES))
    assert found is not None
    assert (found.lost, found.renamed) == ((), (RuleRenamed("renders", "videos"),))


def test_rules_that_only_moved_up_are_not_told_as_renamed() -> None:
    first, second, third = (replace(each, name=f"retain[{at}]") for at, each in enumerate((RENDERS, IMAGES, KEEP_ALL)))
    found = compared(
        applied(first, second, third), desired(replace(second, name="retain[0]"), replace(third, name="retain[1]"))
    )
    assert found is not None
    assert [each.rule for each in found.lost] == ["retain[0]"]
    assert found.renamed == ()


def test_one_of_two_rules_that_say_the_same_is_no_loss() -> None:
    found = compared(applied(RENDERS, replace(RENDERS, name="again")), desired(RENDERS))
    assert found is not None
    assert (found.lost, found.renamed) == ((), ())


NARROWER: dict[str, Selector] = {"another type": PREVIEW, "names": NameLike(("nothing-*",))}


@pytest.mark.parametrize("selector", NARROWER.values(), ids=NARROWER.keys())
def test_a_rule_that_matches_less_is_lost_by_what_no_rule_keeps_any_more(selector: Selector) -> None:  # I13
    told = lost(applied(RENDERS), desired(rule(selector, "renders")), *JOBS)
    released = 0 if isinstance(selector, NameLike) else 2  # without a name it cannot tell, and holds
    assert told == [("renders", Lost.NARROWED, 2, released)]


def test_a_rule_that_keeps_fewer_of_its_jobs_is_lost_by_those() -> None:  # I13
    now = desired(replace(RENDERS, keep=Keep(last=1)))
    assert lost(applied(RENDERS), now) == [("renders", Lost.NARROWED, 1, 1)]


UNHARMED: dict[str, RetainRule] = {
    "more jobs": replace(KEEP_ALL, name="renders"),
    "a later end": replace(RENDERS, lapses_at=NOON + DAY),
    "no protection": replace(RENDERS, protect=False),
    "another owner": replace(RENDERS, owner="legal"),
    "a count that reaches all": replace(RENDERS, keep=Keep(last=2)),
}


@pytest.mark.parametrize("now", UNHARMED.values(), ids=UNHARMED.keys())
def test_a_rule_that_still_keeps_all_that_it_did_is_not_lost(now: RetainRule) -> None:
    assert lost(applied(replace(RENDERS, protect=True)), desired(now)) == []


def test_a_rule_that_another_one_takes_over_from_is_not_lost_while_its_name_is_there() -> None:
    assert lost(applied(RENDERS), desired(rule(PREVIEW, "renders"), KEEP_ALL)) == []


def test_time_alone_is_no_loss() -> None:
    fresh = rule(EveryJob(), "fresh")
    month, longer = (replace(fresh, keep=Keep(within=timedelta(days=days))) for days in (20, 21))
    seen = memory(*(each.id for each in JOBS), seen=NOON - 30 * DAY)
    found = compared(applied(month), desired(longer), remembered=seen)
    assert found is not None
    assert found.lost == (), "neither would keep a job of thirty days"


def test_a_rule_that_came_to_its_own_end_may_be_taken_out() -> None:
    ended = replace(RENDERS, lapses_at=NOON)
    assert lost(applied(ended), desired(IMAGES)) == []
    assert lost(applied(ended), desired(IMAGES), as_of=NOON - timedelta(seconds=1)) == [("renders", Lost.GONE, 2, 2)]


def test_a_job_that_a_rule_of_before_could_not_tell_of_is_freed_when_nothing_holds_it_any_more() -> None:  # I4, I13
    typeless = job("u", JobType.UNKNOWN, JobStatus.FAILED)
    now = desired(rule(StatusIn(frozenset({JobStatus.COMPLETED})), "renders"))
    assert lost(applied(RENDERS), now, typeless) == [("renders", Lost.NARROWED, 1, 1)]


def test_what_no_rule_can_tell_of_is_held_as_it_was() -> None:
    nameless = job("n")
    then, now = rule(NameLike(("a-*",)), "named"), rule(NameLike(("a-*", "b-*")), "named")
    assert lost(applied(then), desired(now), nameless) == []


# -- ids


def ids(*names: str) -> frozenset[JobId]:
    return frozenset(JobId(each) for each in names)


def test_an_id_that_no_rule_names_any_more_is_lost_whatever_else_keeps_it() -> None:  # I13
    then, now = by_id("r1", "r2", name="launch"), by_id("r2", name="launch")
    found = compared(applied(then), desired(now, rule(EveryJob(), "all")))
    assert found is not None
    (loss,) = found.lost
    assert (loss.rule, loss.how, loss.unnamed, loss.freed, loss.released) == ("launch", Lost.NARROWED, 1, 0, 0)
    found = compared(applied(then), desired(now))
    assert found is not None
    assert [(each.unnamed, each.freed, each.released) for each in found.lost] == [(1, 1, 1)]


@pytest.mark.parametrize(
    "now",
    [
        desired(by_id("r1", "r2", name="one")),
        desired(by_id("r1", name="a"), by_id("r2", name="b")),
        desired(RetainRule(name="label", selector=IdIn(ids("r1", "r2", "x"), label="launch"))),
    ],
    ids=["one rule", "a rule each", "a label"],
)
def test_ids_may_move_from_rule_to_rule(now: DesiredState) -> None:
    assert lost(applied(by_id("r1", name="r1"), by_id("r2", name="r2")), now) == []
    assert lost(applied(by_id("r1", "r2", name="both")), now) == []


def test_an_id_named_by_a_rule_that_has_ended_is_named_no_more() -> None:  # I13
    ended = replace(by_id("r1", name="r1"), lapses_at=NOON)
    assert lost(applied(by_id("r1", name="r1")), desired(ended, IMAGES)) == [("r1", Lost.NARROWED, 1, 1)]


def test_an_id_of_a_job_that_is_cleaned_or_has_left_may_be_taken_out() -> None:
    cleaned = job("r1", status=JobStatus.CLEANED)
    view = LedgerView(account="acme", jobs={JobId("r2"): known(1, left=True), JobId("r3"): known(2)})
    for gone in ("r1", "r2", "never-there"):
        found = compared(applied(by_id(gone, name="x")), desired(IMAGES), cleaned, remembered=view)
        assert found is not None
        assert found.lost == (), gone
    found = compared(applied(by_id("r3", name="x")), desired(IMAGES), cleaned, remembered=view)
    assert found is not None
    assert [each.unnamed for each in found.lost] == [1], "a list that lags shows it again"


# -- the guard


def plan(now: DesiredState, approvals: Approvals, then: AppliedFile) -> Plan:
    view = replace(memory(*(each.id for each in JOBS)), applied=then)
    return plan_over(now, inventory(*JOBS), view, valid_for=DAY, tool_version="0", approvals=approvals)


def guards(now: DesiredState, approvals: Approvals = NO_APPROVALS, then: AppliedFile | None = None) -> list[str]:
    return [each.guard for each in plan(now, approvals, then or applied(RENDERS, IMAGES)).violations]


def test_a_loss_is_refused_unless_just_that_loss_is_approved() -> None:  # I13
    now = desired(IMAGES)
    assert guards(now) == ["rules_lost"]
    name = plan(now, NO_APPROVALS, applied(RENDERS, IMAGES)).rules
    assert name is not None
    assert guards(now, Approvals(rules_lost=name.name)) == []
    assert guards(now, Approvals(rules_lost="0" * 12)) == ["rules_lost"]
    assert guards(desired(rule(PREVIEW, "x")), Approvals(rules_lost=name.name)) == ["rules_lost"], "another loss"
    assert guards(desired(RENDERS, IMAGES)) == []


def test_a_file_that_only_reports_is_told_of_a_loss_and_not_refused() -> None:
    now = desired(IMAGES, otherwise=Otherwise.REPORT)
    assert guards(now) == []
    told = plan(now, NO_APPROVALS, applied(RENDERS)).rules
    assert told is not None
    assert [each.rule for each in told.lost] == ["renders"]
    assert guards(desired(IMAGES, otherwise=Otherwise.ARCHIVE)) == ["rules_lost"]


def test_the_name_of_a_loss_is_of_just_that() -> None:
    then = applied(RENDERS, IMAGES)
    several = [desired(IMAGES), desired(KEEP_ALL), desired(rule(PREVIEW, "renders"), IMAGES), desired(RENDERS)]
    names = [found.name for now in several if (found := compared(then, now))]
    assert len(set(names)) == len(several)
    assert all(len(name) == 12 for name in names)
    again = compared(applied(IMAGES, RENDERS, at=NOON - DAY), several[0], JOBS[0])
    assert again is not None
    assert again.name == names[0], "neither the time, nor the order, nor the jobs there are in it"


def test_what_is_told_of_a_loss_names_the_rules_the_numbers_and_the_two_ways_out() -> None:
    found = compared(applied(RENDERS, by_id("r1", "i1", name="launch")), desired(KEEP_ALL))
    assert found is not None
    (violation,) = check(desired(KEEP_ALL), LedgerView(), cleans=0, counted=0, sizes=(), rules=found)
    assert (violation.limit, violation.actual) == ("0 rules", "2 rules")
    assert violation.message == (
        "2 rules lost since the file of 2026-02-19T12:00:00Z was applied: "
        "renders is gone: it kept 7 jobs then; of what it would keep now, 0 jobs are kept by no rule, 0 of them go "
        "with this plan; "
        "launch is gone: it kept 7 jobs then; of what it would keep now, 0 jobs are kept by no rule, 0 of them go "
        "with this plan, and 2 of its ids are named by no rule; "
        "put back at retention.yaml (add retain) what is not meant, or approve just this with "
        f"--accept-rules-lost {found.name}"
    )
    stale = Approvals(rules_lost="0123456789ab")
    (violation,) = check(desired(KEEP_ALL), LedgerView(), cleans=0, counted=0, sizes=(), rules=found, approvals=stale)
    assert "approve just this (0123456789ab names another loss) with" in violation.message


def test_of_many_lost_rules_the_sentence_names_a_few_and_counts_the_rest() -> None:
    many = applied(*(rule(IMAGE if at % 2 else RENDER, f"rule-{at}") for at in range(8)))
    found = compared(many, desired(rule(PREVIEW, "x")))
    assert found is not None
    assert len(found.lost) == 8
    (violation,) = check(desired(IMAGES), LedgerView(), cleans=0, counted=0, sizes=(), rules=found)
    assert "rule-4 is gone" in violation.message
    assert "; and 3 more; put back" in violation.message
    assert loss_text(replace(found.lost[0], how=Lost.NARROWED)).startswith("keeps less: it kept 7 jobs then")


# -- nobody knows any more what was applied


LOST_LEDGER = AppliedFile(digest=APPLIED, applied_at=NOON - 10 * DAY, rules=(), is_known=False)
NOT_EVEN_WHICH = replace(LOST_LEDGER, digest="")


@pytest.mark.parametrize("then", [LOST_LEDGER, NOT_EVEN_WHICH])
def test_rules_that_nobody_knows_any_more_count_as_lost_until_the_file_is_approved(then: AppliedFile) -> None:  # I13
    now = desired(KEEP_ALL)
    found = compared(then, now)
    assert found
    assert [(each.how, each.was, each.now) for each in found.lost] == [(Lost.UNKNOWN, then.digest, now.digest)]
    (violation,) = check(now, memory(), cleans=0, counted=9, sizes=(), rules=found)
    assert violation.guard == "rules_lost"
    assert f"approve the one of now ({now.digest[:19]}) with --accept-rules-lost {found.name}" in violation.message
    assert (APPLIED[:19] in violation.message) == bool(then.digest)
    assert "not known" in loss_text(found.lost[0])
    assert (
        check(now, memory(), cleans=0, counted=9, sizes=(), rules=found, approvals=Approvals(rules_lost=found.name))
        == ()
    )


def test_such_an_approval_is_of_one_file_alone() -> None:  # I13
    names = {
        found.name
        for then in (LOST_LEDGER, NOT_EVEN_WHICH)
        for now in (desired(KEEP_ALL), replace(desired(IMAGES), digest="sha256:" + "b" * 64))
        if (found := compared(then, now))
    }
    assert len(names) == 4


def test_the_file_that_was_applied_last_needs_none_though_its_rules_are_unknown() -> None:
    assert compared(LOST_LEDGER, replace(desired(RENDERS), digest=APPLIED)) is None


def test_a_file_that_only_reports_needs_none() -> None:
    now = desired(KEEP_ALL, otherwise=Otherwise.REPORT)
    assert check(now, memory(), cleans=0, counted=9, sizes=(), rules=compared(LOST_LEDGER, now)) == ()
