"""Why jobs stand as they do, as one line of canonical JSON: all that the text says."""

from datetime import datetime

from reconciler.core.canonical import Jsonable, canonical_json, utc_text
from reconciler.core.losses import Loss
from reconciler.core.memory import LedgerHold
from reconciler.core.verdicts import Held, Released, Retained, Verdict, verdict_word
from reconciler.engine.explaining import Copy, Explanation, ListedJob, UnlistedJob
from reconciler.report.loss_text import losses_json

FORMAT_VERSION = "1.0"


def explanation_json(told: Explanation) -> str:
    """Write the explanation of every job asked for, in that order."""
    content: dict[str, Jsonable] = {
        "format_version": FORMAT_VERSION,
        "account": told.account,
        "otherwise": told.otherwise.value,
        "as_of": utc_text(told.as_of),
        "observed_at": utc_text(told.observed_at),
        "what_if": told.what_if,
        "jobs": [_listed(job) if isinstance(job, ListedJob) else _unlisted(job) for job in told.jobs],
    }
    return canonical_json(content).decode("ascii") + "\n"


def _listed(listed: ListedJob) -> Jsonable:
    explained, job = listed.explained, listed.explained.job
    return {
        "job": job.id,
        "listed": True,
        "type": job.type.value,
        "status": job.status.value,
        "name": job.name,
        "project": job.project,
        "bytes": job.size,
        **_verdict(explained.verdict),
        "lost": _lost(listed.lost),
        "rules": [
            {"rule": said.rule, "answer": said.answer.value, "keys": list(said.keys), "why": said.why}
            for said in explained.rules
        ],
        "made": {
            "not_before": _time(job.made.not_before),
            "not_after": _time(job.made.not_after),
            "evidence": [
                {
                    "source": evidence.bound.source.value,
                    "not_before": _time(evidence.bound.not_before),
                    "not_after": _time(evidence.bound.not_after),
                    "counts": evidence.counts,
                }
                for evidence in explained.evidence
            ],
        },
        "copies": [_copy(copy) for copy in listed.copies],
        "holds": [_hold(hold) for hold in job.holds],
        "relatives": [{"job": each.job_id, "how": each.how, "stands": each.stands} for each in explained.relatives],
        "would_decide": list(explained.would_decide),
    }


def _verdict(verdict: Verdict) -> dict[str, Jsonable]:
    return {
        "verdict": verdict_word(verdict),
        "kept_by": list(verdict.rules) if isinstance(verdict, Retained) else [],
        "reasons": [{"code": hold.code.value, "detail": hold.detail} for hold in verdict.holds]
        if isinstance(verdict, Held)
        else [],
        "released_since": utc_text(verdict.since) if isinstance(verdict, Released) else None,
    }


def _unlisted(job: UnlistedJob) -> Jsonable:
    known, departure = job.known, job.departure
    return {
        "job": job.job_id,
        "listed": False,
        "known": job.is_known,
        "not_yet_seen": job.not_yet_seen,
        "near": job.near or None,
        "type": known.type.value if known else None,
        "status": known.status.value if known else None,
        "first_seen": _time(known.first_seen) if known else None,
        "last_seen": _time(known.last_seen) if known else None,
        "left": {"at": utc_text(departure.at), "how": departure.how} if departure else None,
        "lost": _lost(job.lost),
        "imported": _time(job.imported),
        "copies": [_copy(copy) for copy in job.copies],
        "holds": [_hold(hold) for hold in known.holds] if known else [],
    }


def _lost(lost: Loss | None) -> Jsonable:
    return losses_json([lost])[0] if lost else None


def _copy(copy: Copy) -> Jsonable:
    receipt = copy.receipt
    return {
        "bag": receipt.bag,
        "stores": list(receipt.stores),
        "bytes": receipt.size,
        "verified_at": utc_text(receipt.verified_at),
        "fingerprint": receipt.fingerprint,
        "current": copy.is_current,
    }


def _hold(hold: LedgerHold) -> Jsonable:
    return {
        "rule": hold.rule,
        "owner": hold.owner,
        "reason": hold.reason,
        "set_at": utc_text(hold.set_at),
        "until": _time(hold.until),
        "unkept_since": _time(hold.unkept_since),
    }


def _time(moment: datetime | None) -> str | None:
    return utc_text(moment) if moment else None
