"""The laws of design §5, one test each, over rules, periods, bytes, labels, links, intervals, grace and the ledger."""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec import structs

from reconciler.core.desired import KEEP_EVERYTHING, Keep, RetainRule
from reconciler.core.job import AssetKind, JobId, JobStatus, JobType
from reconciler.core.memory import KnownJob
from reconciler.core.verdicts import Held, HoldCode, Released, Retained, Verdict
from tests.support.decision_worlds import (
    HOUR,
    IDS,
    LAW,
    LEDGER_ALONE,
    SECOND,
    Case,
    cases,
    rules,
)
from tests.support.findings import agrees_with_itself, decided, recorded, released, verdicts
from tests.support.plain_evaluator import evaluate
from tests.support.values import DAY


@LAW
@given(cases())
def test_every_listed_job_has_exactly_one_verdict(case: Case) -> None:  # law 1
    assert [verdict.job.id for verdict in verdicts(case)] == [job.id for job in case.inventory.jobs]


@LAW
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_rules_decides_nothing(case: Case, chance: Random) -> None:  # law 2
    shuffled = list(case.desired.retain)
    chance.shuffle(shuffled)
    assert decided(case.ruled(shuffled)) == decided(case)


@LAW
@given(cases(complete=True), st.randoms(use_true_random=False))
def test_the_order_of_a_listing_decides_nothing_once_its_jobs_are_in_the_ledger(  # law 2
    case: Case, chance: Random
) -> None:
    shuffled = list(case.inventory.jobs)
    chance.shuffle(shuffled)
    assert decided(case.listing(shuffled)) == decided(case)


@LAW
@given(
    cases(complete=True, most=4),
    st.integers(0, 3),
    st.sampled_from([None, SECOND, HOUR, DAY, 30 * DAY]),
    st.sampled_from([timedelta(0), SECOND, HOUR, DAY, 30 * DAY]),
)
def test_widening_the_interval_of_a_job_never_adds_a_release(  # law 3
    case: Case, at: int, earlier: timedelta | None, later: timedelta
) -> None:
    assume(at < len(case.inventory.jobs) and agrees_with_itself(case))
    job_id = case.inventory.jobs[at].id
    known = widened(case.memory.jobs[job_id], earlier, later, case.as_of)
    wider = case.remembering({**case.memory.jobs, job_id: known})
    assert released(wider) <= released(case)


def widened(known: KnownJob, earlier: timedelta | None, later: timedelta, as_of: datetime) -> KnownJob:
    """Give the same job with less known of its time; None is no bound."""
    before = None if known.missing_until is None or earlier is None else known.missing_until - earlier
    return structs.replace(known, missing_until=before, first_seen=min(known.first_seen + later, as_of))


@LAW
@given(cases(), st.data())
def test_adding_a_rule_never_adds_a_release(case: Case, data: st.DataObject) -> None:  # law 4
    more = data.draw(rules(case.as_of, "added"))
    last = case.memory.last_observed
    # One that lapsed since the last recorded observation is a matter of its own: tests/unit/test_core_edges.py.
    assume(not (last and more.lapses_at and last < more.lapses_at <= case.as_of))
    assert released(case.ruled((*case.desired.retain, more))) <= released(case)


LOST: dict[str, dict[str, Any]] = {
    "type": {"type": JobType.UNKNOWN},
    "status": {"status": JobStatus.UNKNOWN, "status_word": ""},
    "a stated status": {"status": JobStatus.UNSTATED, "status_word": ""},
    "name": {"name": ""},
    "project": {"project": ""},
    "the time of its share link": {"shared_at": None},
    "certainty": {"contradictions": ("listed twice with different facts",)},
    "assets": {"assets": ()},
    "a needed asset": {"lacks": (AssetKind.VIDEO,)},
}


@LAW
@given(cases(complete=True, most=4), st.sets(st.sampled_from(sorted(LOST)), min_size=1, max_size=3), st.integers(0, 3))
def test_losing_any_attributes_of_a_job_never_adds_a_release(case: Case, lost: set[str], at: int) -> None:  # law 5
    case = recorded(case)
    assume(at < len(case.inventory.jobs) and agrees_with_itself(case))
    listed = list(case.inventory.jobs)
    for each in sorted(lost):
        listed[at] = replace(listed[at], **LOST[each])
    assert released(case.listing(listed)) <= released(case)


@LAW
@given(cases(complete=True, most=4), st.integers(0, 3), st.sampled_from(["size", "imported", "created date"]))
def test_losing_what_others_know_of_a_job_never_adds_a_release(case: Case, at: int, lost: str) -> None:  # law 5
    assume(at < len(case.inventory.jobs) and agrees_with_itself(case))
    job_id = case.inventory.jobs[at].id
    known, memory, listed = case.memory.jobs[job_id], case.memory, case.inventory
    if lost == "size":
        memory = replace(memory, jobs={**memory.jobs, job_id: structs.replace(known, size=None)})
    elif lost == "imported":
        memory = replace(memory, imported={each: at for each, at in memory.imported.items() if each != job_id})
    else:
        listed = replace(
            listed, created_dates={each: at for each, at in listed.created_dates.items() if each != job_id}
        )
    assert released(replace(case, memory=memory, inventory=listed)) <= released(case)


@LAW
@given(cases(complete=True, trusts=LEDGER_ALONE), st.sets(st.sampled_from(IDS), min_size=1))
def test_dropping_other_jobs_never_adds_a_release_while_the_ledger_is_intact(  # law 6
    case: Case, dropped: set[JobId]
) -> None:
    # What only a body tells (its share link, AI Studio's date) goes with it; the ledger's own evidence stays.
    case = recorded(case)
    rest = [job for job in case.inventory.jobs if job.id not in dropped]
    assert released(case.listing(rest)) <= released(case)


# -- law 7: each reason is true when asked again alone

KEYS = {
    "keep_last": "last",
    "keep_within": "within",
    "keep_daily": "daily",
    "keep_weekly": "weekly",
    "keep_monthly": "monthly",
    "keep_yearly": "yearly",
    "keep_bytes": "size",
}


@LAW
@given(cases())
def test_each_rule_that_is_said_to_keep_a_job_keeps_it_alone_by_each_key_that_is_named(case: Case) -> None:
    named = {rule.name: rule for rule in case.desired.retain}
    for verdict in verdicts(case):
        if isinstance(verdict, Retained):
            for kept in verdict.kept:
                assert bool(kept.keys) != (named[kept.rule].keep == KEEP_EVERYTHING)
                for alone in narrowed(named[kept.rule], kept.keys):
                    assert isinstance(verdict_under(case, alone, verdict.job.id), Retained)


def narrowed(rule: RetainRule, keys: tuple[str, ...]) -> list[RetainRule]:
    """Give the rule once for each key, with that key alone."""
    alone = [Keep(**{KEYS[key]: getattr(rule.keep, KEYS[key])}) for key in keys]
    return [replace(rule, keep=keep) for keep in alone] or [rule]


def verdict_under(case: Case, rule: RetainRule, job_id: JobId) -> Verdict:
    (only,) = [verdict for verdict in verdicts(case.ruled([rule])) if verdict.job.id == job_id]
    return only


@LAW
@given(cases())
def test_each_rule_that_is_said_not_to_keep_a_job_does_not_keep_it_alone_either(case: Case) -> None:
    for verdict in verdicts(case):
        if isinstance(verdict, Released):
            for rule in case.desired.retain:
                alone = evaluate_under(case, rule, verdict.job.id)
                assert alone.kind != "retained"
                assert HoldCode.RULE_UNDECIDED not in alone.holds


@LAW
@given(cases())
def test_each_rule_that_is_said_to_be_undecided_is_undecided_alone(case: Case) -> None:
    named = {rule.name: rule for rule in case.desired.retain}
    for job_id, found in decided(case).items():
        for name in found.undecided:
            alone = evaluate_under(case, named[name], job_id)
            assert (alone.kind, alone.undecided) == ("held", {name})


def evaluate_under(case: Case, rule: RetainRule, job_id: JobId) -> Any:
    """Ask the plain evaluator, under one rule alone."""
    return evaluate(replace(case.desired, retain=(rule,)), case.inventory, case.memory, case.as_of)[job_id]


@LAW
@given(cases())
def test_each_hold_is_true_when_asked_again_alone(case: Case) -> None:
    found = decided(case)
    for verdict in verdicts(case):
        if isinstance(verdict, Held):
            assert verdict.holds
            for hold in verdict.holds:
                assert hold.detail
                assert holds_alone(case, hold.code, verdict, found), hold


def holds_alone(case: Case, code: HoldCode, verdict: Held, found: dict[JobId, Any]) -> bool:
    """Ask again whether one hold is true, from the job's facts alone; for a relative, from the other verdicts."""
    job, listed, latest = verdict.job, verdict.job.listed, verdict.job.made.not_after
    assert listed is not None
    lapses = [rule.lapses_at for rule in case.desired.retain if rule.lapses_at]
    age, nothing = None if latest is None else case.as_of - latest, timedelta(0)
    return {
        HoldCode.CONTRADICTORY: bool(job.contradictions),
        HoldCode.TYPE_UNKNOWN: listed.type is JobType.UNKNOWN,
        HoldCode.STATUS_UNKNOWN: job.status in {JobStatus.UNKNOWN, JobStatus.UNSTATED},
        HoldCode.NOT_FINISHED: job.status is JobStatus.IN_PROGRESS,
        HoldCode.RULE_UNDECIDED: bool(found[job.id].undecided),
        HoldCode.ASSET_MISSING: job.status is JobStatus.COMPLETED and bool(not listed.copies_needed or listed.lacks),
        HoldCode.TOO_YOUNG: age is not None and age < case.desired.min_age,
        HoldCode.AGE_UNKNOWN: age is None and case.desired.min_age > nothing,
        HoldCode.PROTECTED: any(each.until is None or each.until > case.as_of for each in job.holds),
        HoldCode.RELATED: has_staying_relative(case, verdict, found),
        HoldCode.LAPSED: any(lapse <= case.as_of < lapse + case.desired.grace for lapse in lapses),
        HoldCode.GRACE: case.as_of - (verdict.waits_since or case.as_of - case.desired.grace) < case.desired.grace,
    }[code]


def has_staying_relative(case: Case, verdict: Held, found: dict[JobId, Any]) -> bool:
    """Whether another job that stays shares its project, or has a link to it."""
    goes = {job_id for job_id, each in found.items() if each.kind in {"released", "gone"}}
    goes |= {job_id for job_id, known in case.memory.jobs.items() if known.left and job_id not in found}
    needing = {link.job for link in case.desired.links if verdict.job.id in link.needs} - {verdict.job.id} - goes
    projects = {each.job.id: each.job.project for each in verdicts(case)}
    projects |= {each: known.project for each, known in case.memory.jobs.items() if each not in found}
    sharing = {each for each, project in projects.items() if project and project == verdict.job.project}
    return bool(needing | (sharing - {verdict.job.id} - goes))
