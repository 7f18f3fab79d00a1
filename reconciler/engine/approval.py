"""May this plan be applied at all?  Everything that refuses a run whole (I3); one refusal names one field."""

from datetime import datetime

from reconciler.core.canonical import utc_text
from reconciler.core.desired import DesiredState
from reconciler.core.plan import Plan
from reconciler.engine.ports import PlanUse
from reconciler.errors import GuardRefused, PlanRefused

NEW_PLAN = "Make a new plan and have it reviewed: reconciler plan --out plan.json"


def check_expected(plan: Plan | None, expected_id: str | None) -> None:
    """Refuse a plan of another name than the one that was reviewed; None expects none.

    Raises:
        PlanRefused: it is another plan.
    """
    if plan is not None and expected_id is not None and plan.plan_id != expected_id:
        raise PlanRefused(
            f"this is the plan {plan.plan_id}, expected is {expected_id}",
            field="plan_id",
            hint="Apply the plan that was reviewed, or have this one reviewed; a name is sha256: and 64 hex digits.",
        )


def check_approval(
    plan: Plan, desired: DesiredState, use: PlanUse, now: datetime, *, rebuilt_at: datetime | None = None
) -> None:
    """Refuse a plan for another time, of another account or file, expired, used, of a lost ledger, or over its limits.

    `rebuilt_at` is when the ledger was made anew, None where it never was.

    Raises:
        PlanRefused: with the field that does not fit.
        GuardRefused: the plan itself says that it exceeds a limit.
    """
    if plan.what_if:
        raise PlanRefused(
            f"the plan is a what-if: it decides as if it were {utc_text(plan.as_of)}, and is never applied",
            field="what_if",
            hint=NEW_PLAN,
        )
    if plan.account != desired.account:
        raise PlanRefused(
            f"the plan is for account {plan.account}, {desired.place('account')} says {desired.account}",
            field="account",
            hint=NEW_PLAN,
        )
    if plan.desired_digest != desired.digest:
        raise PlanRefused(
            f"the plan was made from another desired state ({plan.desired_digest[:19]}) than the file has now "
            f"({desired.digest[:19]})",
            field="desired.digest",
            hint=NEW_PLAN,
        )
    if now >= plan.expires_at:
        raise PlanRefused(
            f"the plan expired at {utc_text(plan.expires_at)}, it is {utc_text(now)}", field="expires_at", hint=NEW_PLAN
        )
    if use is PlanUse.SPENT:
        raise PlanRefused(
            f"the plan {plan.plan_id[:19]} was applied already; a plan is used once", field="plan_id", hint=NEW_PLAN
        )
    if rebuilt_at is not None and plan.created_at <= rebuilt_at:
        raise PlanRefused(
            f"the plan was made at {utc_text(plan.created_at)} from a ledger that is lost; the one that is here was "
            f"made anew at {utc_text(rebuilt_at)}, and does not know what that plan went by",
            field="created_at",
            hint=NEW_PLAN,
        )
    if plan.violations:
        raise GuardRefused(tuple(violation.message for violation in plan.violations))
