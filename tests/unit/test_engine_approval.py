"""From the live list to a plan, and whether that plan may be applied at all (I3)."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from reconciler.core.audit import AuditEvent
from reconciler.core.desired import DesiredState
from reconciler.core.guards import guarded
from reconciler.core.job import Job, JobId
from reconciler.core.memory import LedgerView
from reconciler.core.plan import Plan
from reconciler.core.receipt import Receipt
from reconciler.core.steps import Entry
from reconciler.engine.approval import check_approval, check_expected
from reconciler.engine.planning import make_plan, plan_over
from reconciler.engine.ports import JobDetail, Listing, PlanUse
from reconciler.errors import GuardRefused, InventoryIncomplete, PlanRefused
from tests.support.listening import Listening
from tests.support.values import DAY, NOON, desired, inventory, job, memory, plan_of

SECOND = timedelta(seconds=1)
FILE = desired()
PLAN = plan_of(FILE, job("a"), job("b"))
TIGHT = desired(max_jobs=1, max_share=Fraction(1, 10))
OVER = guarded(plan_of(TIGHT, job("a"), job("b")), TIGHT, memory("a", "b"))


def refusal(
    plan: Plan = PLAN, file: DesiredState = FILE, use: PlanUse = PlanUse.UNUSED, now: datetime = NOON
) -> PlanRefused:
    with pytest.raises(PlanRefused) as refused:
        check_approval(plan, file, use, now)
    return refused.value


@pytest.mark.parametrize("use", [PlanUse.UNUSED, PlanUse.OPEN])
def test_a_plan_that_fits_passes_and_so_does_one_that_resumes(use: PlanUse) -> None:
    check_approval(PLAN, FILE, use, NOON)


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "what-if": (
        {"plan": replace(PLAN, what_if=True)},
        "what_if",
        "the plan is a what-if: it decides as if it were 2026-03-01T12:00:00Z, and is never applied",
    ),
    "account": (
        {"file": replace(FILE, account="rival")},
        "account",
        "the plan is for account acme, retention.yaml (add account) says rival",
    ),
    "desired": (
        {"file": replace(FILE, digest="sha256:" + "3" * 64)},
        "desired.digest",
        "the plan was made from another desired state (sha256:222222222222) than the file has now "
        "(sha256:333333333333)",
    ),
    "expiry": (
        {"now": PLAN.expires_at},
        "expires_at",
        "the plan expired at 2026-03-08T12:00:00Z, it is 2026-03-08T12:00:00Z",
    ),
    "use": (
        {"use": PlanUse.SPENT},
        "plan_id",
        f"the plan {PLAN.plan_id[:19]} was applied already; a plan is used once",
    ),
}


@pytest.mark.parametrize(("given", "wrong_field", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_a_refusal_names_its_field_and_the_way_out(given: dict[str, Any], wrong_field: str, message: str) -> None:  # I3
    refused = refusal(**given)
    assert (refused.field, refused.message) == (wrong_field, message)
    assert refused.hint == "Make a new plan and have it reviewed: reconciler plan --out plan.json"
    assert refused.exit_code == 5


@pytest.mark.parametrize("late", [timedelta(0), SECOND, 400 * DAY])
def test_a_plan_is_refused_from_the_second_of_its_expiry_on(late: timedelta) -> None:  # I3
    assert refusal(now=PLAN.expires_at + late).field == "expires_at"


@pytest.mark.parametrize("early", [SECOND, DAY, 7 * DAY])
def test_a_plan_passes_up_to_the_second_before_its_expiry(early: timedelta) -> None:
    check_approval(PLAN, FILE, PlanUse.UNUSED, PLAN.expires_at - early)


@pytest.mark.parametrize("after", [timedelta(0), SECOND, DAY])
def test_a_plan_of_before_the_ledger_was_made_anew_is_refused(after: timedelta) -> None:  # I3, I8
    """What it went by, sightings and their order, is lost; one that was interrupted is not resumed either."""
    for use in (PlanUse.UNUSED, PlanUse.OPEN):
        with pytest.raises(PlanRefused) as refused:
            check_approval(PLAN, FILE, use, NOON + 2 * DAY, rebuilt_at=PLAN.created_at + after)
        assert refused.value.field == "created_at"
        assert refused.value.hint == "Make a new plan and have it reviewed: reconciler plan --out plan.json"
    assert "from a ledger that is lost" in refused.value.message


def test_a_plan_that_was_made_from_the_new_ledger_passes() -> None:
    check_approval(PLAN, FILE, PlanUse.UNUSED, NOON, rebuilt_at=PLAN.created_at - SECOND)


def test_a_plan_over_its_limits_is_refused_with_every_limit() -> None:  # I7
    with pytest.raises(GuardRefused) as refused:
        check_approval(OVER, TIGHT, PlanUse.UNUSED, NOON)
    assert refused.value.exit_code == 4
    assert refused.value.violations == tuple(violation.message for violation in OVER.violations)
    assert [violation.guard for violation in OVER.violations] == ["clean.max_jobs", "clean.max_share"]


def test_of_several_refusals_the_one_that_explains_most_comes_first() -> None:
    wrong = {
        "account": (replace(TIGHT, account="rival", digest="sha256:0"), PlanUse.SPENT, OVER.expires_at),
        "desired.digest": (replace(TIGHT, digest="sha256:0"), PlanUse.SPENT, OVER.expires_at),
        "expires_at": (TIGHT, PlanUse.SPENT, OVER.expires_at),
        "plan_id": (TIGHT, PlanUse.SPENT, NOON),
    }
    for field_name, (file, use, now) in wrong.items():
        assert refusal(OVER, file, use, now).field == field_name


def test_a_plan_of_another_name_than_the_one_that_was_reviewed_is_refused() -> None:  # I3
    check_expected(PLAN, PLAN.plan_id)
    check_expected(PLAN, None)
    check_expected(None, None)
    check_expected(None, "sha256:other")  # who cannot read the plan says so first
    with pytest.raises(PlanRefused) as refused:
        check_expected(PLAN, "sha256:other")
    assert refused.value.field == "plan_id"
    assert refused.value.message == f"this is the plan {PLAN.plan_id}, expected is sha256:other"
    assert refused.value.hint == (
        "Apply the plan that was reviewed, or have this one reviewed; a name is sha256: and 64 hex digits."
    )


# -- from the list to the plan


@dataclass
class Service:
    """A list that takes `takes` to read on this clock."""

    jobs: tuple[Job, ...]
    takes: timedelta = timedelta(0)
    moment: datetime = NOON

    def list_jobs(self) -> Listing:
        self.moment += self.takes
        return Listing(jobs=self.jobs, pages=2, end_marker="empty", unnamed=1)

    def get(self, job_id: JobId) -> JobDetail | None:
        return JobDetail(job={each.id: each for each in self.jobs}[job_id], body=b"", inline=())

    def now(self) -> datetime:
        return self.moment


@dataclass
class Remembering:
    """A ledger that can be viewed and nothing else."""

    memory: LedgerView = field(default_factory=lambda: memory("a", "b"))

    def view(self) -> LedgerView:
        return self.memory

    def entries(self) -> Iterator[Entry]:
        raise AssertionError("a plan reads no journal")

    def receipts(self) -> tuple[Receipt, ...]:
        raise AssertionError("a plan reads no receipts")

    def plan_use(self, plan_id: str) -> PlanUse:
        raise AssertionError(f"making a plan asks nothing about {plan_id}")

    def audit_events(self) -> Iterator[AuditEvent]:
        raise AssertionError("a plan reads no audit")

    newest_events = audit_events


def made(
    service: Service, file: DesiredState = FILE, valid_for: timedelta = 7 * DAY, progress: Listening | None = None
) -> Plan:
    listening = progress or Listening()
    return make_plan(file, service, Remembering(), service, listening, valid_for=valid_for, tool_version="1.2.3")


def test_a_plan_is_made_from_the_list_the_ledger_and_the_file() -> None:
    plan = made(Service((job("b"), job("b"), job("a"))))
    assert [change.job_id for change in plan.changes] == ["a", "b"]
    assert (plan.inventory_jobs, plan.proof.repeats, plan.proof.pages, plan.proof.unnamed) == (2, 1, 2, 1)
    assert (plan.account, plan.desired_digest, plan.tool_version) == ("acme", FILE.digest, "1.2.3")
    check_approval(plan, FILE, PlanUse.UNUSED, NOON)


def test_every_time_of_a_plan_is_the_end_of_the_reading() -> None:
    plan = made(Service((job("a"),), takes=timedelta(hours=13)))
    assert plan.created_at == plan.as_of == NOON + timedelta(hours=13)
    assert plan.expires_at == datetime.fromisoformat("2026-03-10T00:00:00Z")
    assert made(Service((job("a"),)), valid_for=timedelta(hours=1)).expires_at == NOON + timedelta(hours=1)


def test_a_plan_is_weighed_against_the_limits_as_it_is_made() -> None:  # I7
    plan = made(Service((job("a"), job("b"))), TIGHT)
    assert [violation.guard for violation in plan.violations] == ["clean.max_jobs", "clean.max_share"]
    over_read = plan_over(TIGHT, inventory(job("a"), job("b")), memory("a", "b"), valid_for=DAY, tool_version="0")
    assert over_read.violations == plan.violations


def test_no_plan_is_made_from_a_list_that_is_not_ours() -> None:  # I2
    with pytest.raises(InventoryIncomplete):
        made(Service((job("x"),)))
