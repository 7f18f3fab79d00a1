"""Would this plan still apply?  What an apply would find, told with reads alone (I6)."""

from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.core.desired import Limits
from reconciler.core.job import JobStatus
from reconciler.core.plan import Plan
from reconciler.engine.outcome import JobResult, Outcome
from reconciler.engine.plan_checking import PlanCheck, check_plan
from reconciler.engine.ports import Evidence, PlanUse
from reconciler.errors import ArchiveError, GuardRefused, PlanRefused
from tests.support.one_apply import Apply, Scales
from tests.support.values import job

A, B = job("a"), job("b")


@pytest.fixture
def two(tmp_path: Path) -> Apply:
    """Two jobs that nothing keeps."""
    return Apply.of(tmp_path, B, A)


def checked(one: Apply, plan: Plan) -> PlanCheck:
    one.service.log.clear()
    events = one.events
    try:
        return check_plan(one.file, one.service, one.ledger, one.clock, plan, evidence=one.evidence)
    finally:
        assert one.events == events, "nothing is written"
        assert not [call for call in one.service.log if call.startswith("CLEAN")]


def test_a_plan_that_stands_is_told_with_what_it_would_do(two: Apply) -> None:
    plan = two.plan()
    assert checked(two, plan) == PlanCheck(
        plan_id=plan.plan_id, account="acme", stands=plan.changes, done=(), set_aside=()
    )
    assert two.service.log == ["LIST", "GET b"]
    assert checked(two, plan).exit_code == 0


def test_what_an_apply_would_skip_is_told_with_the_reason(two: Apply) -> None:
    plan = two.plan()
    two.service.jobs[A.id] = job("a", status=JobStatus.FAILED, assets=())
    told = checked(two, plan)
    why = "changed since plan: its facts (fingerprint) or actions differ now"
    assert told.set_aside == (JobResult(job_id=A.id, outcome=Outcome.SKIPPED, detail=why),)
    assert told.stands == plan.changes[1:]
    assert told.exit_code == 3


def test_what_an_earlier_run_did_is_told_as_done(two: Apply) -> None:
    plan = two.plan()
    two.copying.fails = {"b": ArchiveError("not whole")}
    two.apply(plan)
    told = checked(two, plan)
    assert [change.job_id for change in told.done] == ["a"]
    assert [change.job_id for change in told.stands] == ["b"]
    assert (told.set_aside, told.exit_code) == ((), 0)
    assert two.ledger.plan_use(plan.plan_id) is PlanUse.OPEN


def test_what_an_apply_refuses_is_refused_here_before_anything_is_asked(two: Apply) -> None:  # I3
    plan = two.plan()
    two.apply(plan)
    for other, field in ((plan, "plan_id"), (replace(plan, expires_at=two.clock.now()), "expires_at")):
        with pytest.raises(PlanRefused) as refused:
            checked(two, other)
        assert refused.value.field == field
        assert two.service.log == []


def test_a_plan_of_a_ledger_that_is_lost_is_refused(two: Apply) -> None:  # I3
    plan = two.plan()
    two.is_made_anew()
    with pytest.raises(PlanRefused) as refused:
        checked(two, plan)
    assert refused.value.field == "created_at"


def test_limits_that_do_not_hold_any_more_are_told(two: Apply) -> None:  # I7
    plan = two.plan()
    two.file = replace(two.file, limits=Limits(max_jobs=1, max_share=two.file.limits.max_share))
    with pytest.raises(GuardRefused, match="2 jobs would be cleaned"):
        checked(two, plan)


def test_what_would_be_done_is_measured_as_it_is_now(two: Apply) -> None:  # I7
    two.file = replace(two.file, limits=replace(two.file.limits, max_bytes=20))
    two.evidence = Evidence(sizes=Scales(10))
    plan = two.plan()
    assert [change.size for change in checked(two, plan).stands] == [10, 10]
    two.evidence = Evidence(sizes=Scales(11))
    with pytest.raises(GuardRefused, match=r"clean\.max_bytes allows"):
        checked(two, plan)
    two.evidence = Evidence()
    with pytest.raises(GuardRefused, match="have no known size"):
        checked(two, plan)
