"""Laws of the decision, for whatever the service shows and the file says."""

import json
from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from reconciler.core.desired import DesiredState, Otherwise
from reconciler.core.guards import check, guarded
from reconciler.core.job import Job, JobStatus, JobType
from reconciler.core.memory import LedgerView
from reconciler.core.plan import Plan, compute_plan, within_approval
from reconciler.core.retention import Held, Released, Verdict, decide
from reconciler.core.selectors import Selector
from reconciler.errors import PlanRefused
from reconciler.report.saved_plan import read_plan, write_plan
from tests.support.values import DAY, NOON, desired_states, inventory, jobs, listings, memories, rule, selectors

Given = tuple[DesiredState, tuple[Job, ...], LedgerView]


@st.composite
def worlds(draw: st.DrawFn) -> Given:
    listed = draw(listings())
    return draw(desired_states()), listed, draw(memories(listed))


def verdicts(world: Given) -> dict[str, Verdict]:
    state, listed, view = world
    return {verdict.job.id: verdict for verdict in decide(state, inventory(*listed), view, NOON)}


def released(world: Given) -> set[str]:
    return {job_id for job_id, verdict in verdicts(world).items() if isinstance(verdict, Released)}


def plan(world: Given) -> Plan:
    state, listed, view = world
    made = compute_plan(
        state, inventory(*listed), view, created_at=NOON, expires_at=NOON + 7 * DAY, tool_version="0.0.0"
    )
    return guarded(made, state, view)


@given(worlds())
def test_every_listed_job_has_exactly_one_verdict(world: Given) -> None:
    _, listed, _ = world
    decided = [verdict.job.id for verdict in decide(world[0], inventory(*listed), world[2], NOON)]
    assert decided == [each.id for each in listed]


@given(worlds())
def test_nothing_is_released_that_has_not_ended_or_contradicts_itself_or_shows_nothing_to_archive(
    world: Given,
) -> None:  # I4
    for verdict in verdicts(world).values():
        if isinstance(verdict, Released):
            job = verdict.job
            assert job.status in {JobStatus.COMPLETED, JobStatus.FAILED}
            assert not job.contradictions
            assert job.status is JobStatus.FAILED or (job.copies_needed and not job.lacks)


@given(worlds(), selectors())
def test_adding_a_rule_never_adds_a_release(world: Given, selector: Selector) -> None:
    state, listed, view = world
    more = replace(state, retain=(*state.retain, rule(selector, "added")))
    assert released((more, listed, view)) <= released(world)


@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_rules_and_of_the_listing_decides_nothing(world: Given, chance: Random) -> None:
    state, listed, view = world
    rules, order = list(state.retain), list(listed)
    chance.shuffle(rules)
    chance.shuffle(order)
    other = verdicts((replace(state, retain=tuple(rules)), tuple(order), view))
    assert {job_id: type(each) for job_id, each in other.items()} == {
        job_id: type(each) for job_id, each in verdicts(world).items()
    }


@given(worlds(), st.sampled_from(["type", "status", "unstated", "assets", "contradiction"]))
def test_losing_any_attribute_of_a_job_never_adds_a_release(world: Given, lost: str) -> None:  # I4
    state, listed, view = world
    assume(listed)
    changes: dict[str, dict[str, Any]] = {
        "type": {"type": JobType.UNKNOWN},
        "status": {"status": JobStatus.UNKNOWN},
        "unstated": {"status": JobStatus.UNSTATED},
        "contradiction": {"contradictions": ("listed twice with different facts",)},
        "assets": {"assets": ()},
    }
    if lost == "assets" and listed[0].status is JobStatus.FAILED:
        return  # a failed job has nothing to archive, and shows nothing
    poorer = (replace(listed[0], **changes[lost]), *listed[1:])
    assert released((state, poorer, view)) <= released(world)


@given(worlds(), st.integers(0, 7))
def test_dropping_other_jobs_never_adds_a_release(world: Given, at: int) -> None:
    state, listed, view = world
    assert released((state, listed[:at] + listed[at + 1 :], view)) <= released(world)


@given(worlds(), st.integers(1, 60))
def test_a_younger_job_is_never_released_where_an_older_one_is_not(world: Given, days: int) -> None:  # I14
    state, listed, view = world
    younger = {each: replace(seen, first_seen=seen.first_seen + days * DAY) for each, seen in view.jobs.items()}
    assert released((state, listed, replace(view, jobs=younger))) <= released(world)


@given(worlds())
def test_forgetting_the_ledger_never_adds_a_release(world: Given) -> None:
    state, listed, _ = world
    assert released((state, listed, LedgerView())) <= released(world)


@given(worlds())
def test_every_hold_says_why(world: Given) -> None:
    for verdict in verdicts(world).values():
        if isinstance(verdict, Held):
            assert verdict.holds
            assert all(hold.detail for hold in verdict.holds)


@given(worlds(), desired_states(), st.integers(0, 7), jobs("job-0"))
def test_an_apply_does_at_most_what_was_approved(
    world: Given, other_file: DesiredState, gone: int, changed: Job
) -> None:  # I3
    _, listed, view = world
    later = (*(each for each in listed[:gone] + listed[gone + 1 :] if each.id != "job-0"), changed)
    approved, fresh = plan(world), plan((other_file, later, view))
    to_do, aside = within_approval(approved, fresh)
    was_approved = {(change.job_id, change.actions, change.fingerprint) for change in approved.changes}
    still_decided = {(change.job_id, change.actions, change.fingerprint) for change in fresh.changes}
    now = {(change.job_id, change.actions, change.fingerprint) for change in to_do}
    assert now == was_approved & still_decided
    assert len(to_do) + len(aside) == len(approved.changes)


@given(worlds(), jobs("late"))
def test_a_job_that_comes_later_changes_nothing_about_the_others(world: Given, late: Job) -> None:
    state, listed, view = world
    assert released((state, (late, *listed), view)) - {"late"} == released(world)


@given(desired_states(), st.integers(0, 50), st.integers(0, 50), st.integers(1, 60))
def test_cleaning_more_never_satisfies_a_limit(state: DesiredState, cleans: int, more: int, counted: int) -> None:
    fewer = {violation.guard for violation in check(state, LedgerView(), cleans=cleans, counted=counted)}
    assert fewer <= {violation.guard for violation in check(state, LedgerView(), cleans=cleans + more, counted=counted)}


@given(worlds())
def test_reports_touch_nothing(world: Given) -> None:
    state, listed, view = world
    only_report = plan((replace(state, otherwise=Otherwise.REPORT), listed, view))
    assert not only_report.has_work
    assert (only_report.cleans, only_report.archives) == (0, 0)


# -- the saved form


@given(worlds())
def test_a_saved_plan_reads_as_it_was(world: Given) -> None:
    made = plan(world)
    text = write_plan(made)
    assert read_plan(text.encode(), "plan.json") == made
    assert write_plan(read_plan(text.encode(), "plan.json")) == text
    assert json.loads(text)["plan_id"] == made.plan_id


@given(worlds(), st.data())
def test_a_saved_plan_with_one_byte_changed_is_refused_or_says_the_same(world: Given, data: st.DataObject) -> None:
    made = plan(world)
    content = bytearray(write_plan(made).encode())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] = data.draw(st.integers(0, 255))
    try:
        read = read_plan(bytes(content), "plan.json")
    except PlanRefused:
        return
    assert read == made
