"""The saved plan, both ways: canonical JSON that a later apply takes as its approval.

`plan_id` names the decision, `content_digest` the whole file; reading recomputes both, so any edit shows.  Who edits
can recompute them too, and not a signature (reconciler.report.plan_signature).  Never a key, never an asset address.
"""

import json
from typing import Any

from reconciler.core.canonical import canonical_json, digest, utc_text, utc_time
from reconciler.core.findings import Finding, Severity
from reconciler.core.guards import percent_text
from reconciler.core.inventory import ListingProof
from reconciler.core.job import JobId, JobStatus, JobType
from reconciler.core.plan import (
    Action,
    Change,
    Counts,
    HeldJob,
    Plan,
    PlanNotice,
    Reason,
    RetainedBy,
    Violation,
    share_of,
)
from reconciler.core.verdicts import Hold, HoldCode, RuleTried
from reconciler.engine.ports import SignatureCheck, Signer
from reconciler.errors import PlanRefused
from reconciler.published_schemas import schema
from reconciler.report.drift_text import drift_json, read_drift
from reconciler.report.plan_approvals import read_approvals, read_rules, rules_json
from reconciler.report.plan_signature import FIELD as SIGNATURES
from reconciler.report.plan_signature import demand_signature, signed

FORMAT_VERSION = "1.0"
SCHEMA = "plan.v1.json"
HINT = "A plan is applied as it was made. Make a new one: reconciler plan --out plan.json"


def write_plan(plan: Plan, signer: Signer | None = None) -> str:
    """Write a plan as one line of canonical JSON, signed where there is a key."""
    content = _content(plan)
    written = {**content, "content_digest": digest(content)}
    return canonical_json(signed(written, signer) if signer else written).decode("ascii") + "\n"


def read_plan(content: bytes, name: str, check: SignatureCheck | None = None) -> Plan:
    """Read what `write_plan` wrote; with `check`, only if it is signed by that key.

    Raises:
        PlanRefused: it is no plan, of an unknown version, was edited, or is not signed as asked; with the field that
            does not fit.
    """
    try:
        read = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise PlanRefused(f"{name} is not JSON: {error}", field="(file)", hint=HINT) from None
    if check is not None:
        demand_signature(read, check, name)
    _check_version(read, name)
    _check_schema(read, name)
    written = {key: value for key, value in read.items() if key not in {"content_digest", SIGNATURES}}
    plan = _plan(read, name)
    if plan.plan_id != read["plan_id"]:
        raise PlanRefused(
            f"{name} was edited: its account, desired state, changes or expiry give plan_id {plan.plan_id[:19]}, it "
            f"says {read['plan_id'][:19]}",
            field="plan_id",
            hint=HINT,
        )
    if _digest(written) != read["content_digest"]:
        raise PlanRefused(
            f"{name} was edited: something outside its decisions does not give its content_digest",
            field="content_digest",
            hint=HINT,
        )
    return plan


def _digest(written: dict[str, object]) -> str:
    try:
        return digest(written)
    except (ValueError, RecursionError):  # no finite number, or nested too deep: nothing that we wrote
        return ""


def _check_version(read: object, name: str) -> None:
    version = read.get("format_version") if isinstance(read, dict) else None
    if not isinstance(version, str):
        raise PlanRefused(f"{name} is not a plan: it has no format_version", field="format_version", hint=HINT)
    if version.partition(".")[0] != FORMAT_VERSION.partition(".")[0]:
        raise PlanRefused(
            f"{name} has format_version {version[:20]}, this program reads {FORMAT_VERSION}",
            field="format_version",
            hint="Apply it with the version of the program that made it, or make a new plan.",
        )


def _check_schema(read: object, name: str) -> None:
    from reconciler.report.misfits import misfit  # noqa: PLC0415 - start-up: only verbs that read a plan need it

    found = misfit(schema(SCHEMA), read)
    if found is not None:
        raise PlanRefused(f"{name} is not a plan: {found.field}: {found.message}", field=found.field, hint=HINT)


# -- writing


def _content(plan: Plan) -> dict[str, object]:
    return {
        "format_version": FORMAT_VERSION,
        "tool_version": plan.tool_version,
        "plan_id": plan.plan_id,
        "account": plan.account,
        "created_at": utc_text(plan.created_at),
        "as_of": utc_text(plan.as_of),
        "expires_at": utc_text(plan.expires_at),
        "desired": {"digest": plan.desired_digest, **rules_json(plan.rules)},
        "inventory": {
            "source": "api",
            "digest": plan.inventory_digest,
            "jobs": plan.inventory_jobs,
            "pages": plan.proof.pages,
            "end_marker": plan.proof.end_marker,
            "repeats": plan.proof.repeats,
            "unnamed": plan.proof.unnamed,
            "arrived": plan.proof.arrived,
            "asked_alone": plan.proof.asked_alone,
            "not_yet_seen": plan.not_yet_seen,
        },
        "complete": True,
        "what_if": plan.what_if,
        "applyable": plan.applyable,
        **({"approvals": plan.approvals.named} if plan.approvals.named else {}),
        "violations": [_violation(violation) for violation in plan.violations],
        **({"warnings": [_warning(finding) for finding in plan.warnings]} if plan.warnings else {}),
        **({"drift": drift_json(plan.drift)} if plan.drift else {}),
        "notices": [{"about": notice.about, "message": notice.message} for notice in plan.notices],
        "summary": _summary(plan),
        "changes": [_change(change) for change in plan.changes],
        "held": [_held(job) for job in plan.held],
        "retained": {
            "digest": plan.retained_digest,
            "by_rule": [{"rule": kept.rule, "jobs": kept.jobs} for kept in plan.retained_by],
        },
    }


def _summary(plan: Plan) -> dict[str, object]:
    counts = plan.counts
    return {
        "clean": plan.cleans,
        "archive": plan.archives,
        "report": plan.reports,
        "retain": counts.retained,
        "hold": counts.held,
        "out_of_scope": counts.out_of_scope,
        "gone": counts.gone,
        "settled": counts.settled,
        "counted": counts.counted,
        "share": percent_text(share_of(plan.cleans, counts.counted)),
    }


def _violation(violation: Violation) -> dict[str, object]:
    return {
        "guard": violation.guard,
        "limit": violation.limit,
        "actual": violation.actual,
        "message": violation.message,
    }


def _warning(finding: Finding) -> dict[str, object]:
    return {"code": finding.code, "place": finding.place, "rule": finding.rule, "message": finding.message}


def _change(change: Change) -> dict[str, object]:
    return {
        "job": change.job_id,
        "type": change.type.value,
        "seen_status": change.status.value,
        "action": [action.value for action in change.actions],
        "action_reason": change.reason.value,
        "first_seen": utc_text(change.first_seen) if change.first_seen else None,
        "first_seen_source": "ledger" if change.first_seen else "none",
        "tried": [{"rule": tried.rule, "why": tried.why} for tried in change.tried],
        "fingerprint": change.fingerprint,
        "not_archived": list(change.not_archived),
        "bytes": change.size,
    }


def _held(job: HeldJob) -> dict[str, object]:
    return {
        "job": job.job_id,
        "type": job.type.value,
        "seen_status": job.status.value,
        "reasons": [{"code": hold.code.value, "detail": hold.detail} for hold in job.holds],
    }


# -- reading


def _plan(read: dict[str, Any], name: str) -> Plan:
    inventory, summary, retained = read["inventory"], read["summary"], read["retained"]
    try:
        return Plan(
            account=read["account"],
            desired_digest=read["desired"]["digest"],
            tool_version=read["tool_version"],
            created_at=utc_time(read["created_at"]),
            as_of=utc_time(read["as_of"]),
            expires_at=utc_time(read["expires_at"]),
            inventory_digest=inventory["digest"],
            inventory_jobs=inventory["jobs"],
            proof=ListingProof(
                pages=inventory["pages"],
                end_marker=inventory["end_marker"],
                repeats=inventory["repeats"],
                unnamed=inventory["unnamed"],
                arrived=inventory.get("arrived", 0),
                asked_alone=inventory.get("asked_alone", 0),
            ),
            changes=_read_changes(read["changes"], name),
            held=tuple(_read_held(job) for job in read["held"]),
            retained_by=tuple(RetainedBy(kept["rule"], kept["jobs"]) for kept in retained["by_rule"]),
            retained_digest=retained["digest"],
            counts=Counts(
                retained=summary["retain"],
                held=summary["hold"],
                out_of_scope=summary["out_of_scope"],
                gone=summary["gone"],
                settled=summary["settled"],
                counted=summary["counted"],
            ),
            violations=tuple(Violation(**violation) for violation in read["violations"]),
            warnings=tuple(Finding(severity=Severity.WARNING, **warning) for warning in read.get("warnings", ())),
            what_if=read.get("what_if", False),
            not_yet_seen=inventory.get("not_yet_seen", 0),
            notices=tuple(PlanNotice(each["about"], each["message"]) for each in read.get("notices", ())),
            drift=tuple(read_drift(each) for each in read.get("drift", ())),
            rules=read_rules(read["desired"]),
            approvals=read_approvals(read.get("approvals", {})),
        )
    except ValueError as error:
        raise PlanRefused(f"{name} is not a plan: {error}", field="(value)", hint=HINT) from None


def _read_changes(listed: list[dict[str, Any]], name: str) -> tuple[Change, ...]:
    changes = tuple(_read_change(change) for change in listed)
    ids = {change.job_id for change in changes}
    if len(ids) != len(changes):
        raise PlanRefused(f"{name} names a job twice in its changes", field="changes", hint=HINT)
    return changes


def _read_change(change: dict[str, Any]) -> Change:
    return Change(
        job_id=JobId(change["job"]),
        type=JobType(change["type"]),
        status=JobStatus(change["seen_status"]),
        actions=tuple(Action(action) for action in change["action"]),
        tried=tuple(RuleTried(tried["rule"], tried["why"]) for tried in change["tried"]),
        fingerprint=change["fingerprint"],
        first_seen=utc_time(change["first_seen"]) if change["first_seen"] else None,
        not_archived=tuple(change["not_archived"]),
        reason=Reason(change["action_reason"]),
        size=change.get("bytes"),
    )


def _read_held(job: dict[str, Any]) -> HeldJob:
    return HeldJob(
        job_id=JobId(job["job"]),
        type=JobType(job["type"]),
        status=JobStatus(job["seen_status"]),
        holds=tuple(Hold(HoldCode(reason["code"]), reason["detail"]) for reason in job["reasons"]),
    )
