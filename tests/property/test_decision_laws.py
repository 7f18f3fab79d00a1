"""Laws of the decision, for whatever the service shows and the file says."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from reconciler.core.canonical import digest
from reconciler.core.desired import DesiredState, Limits, Otherwise, Scope
from reconciler.core.guards import check, guarded
from reconciler.core.job import AssetKind, Job, JobStatus, JobType
from reconciler.core.memory import LedgerView
from reconciler.core.plan import Action, Plan, expiry, within_approval
from reconciler.core.plan_making import compute_plan
from reconciler.core.retention import decide
from reconciler.core.verdicts import Held, Released, Verdict
from reconciler.errors import PlanRefused
from reconciler.report.saved_plan import read_plan, write_plan
from tests.support.values import (
    AGES,
    DAY,
    DEFAULT_SCOPE,
    EPOCH,
    NOON,
    PLANS,
    desired,
    desired_states,
    inventory,
    job,
    jobs,
    known,
    listings,
    memories,
    memory,
    plan_of,
)

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
def test_nothing_is_released_that_has_not_ended_or_contradicts_itself_or_shows_nothing_to_archive(
    world: Given,
) -> None:  # I4
    for verdict in verdicts(world).values():
        if isinstance(verdict, Released):
            job = verdict.job.listed
            assert job is not None
            assert job.status in {JobStatus.COMPLETED, JobStatus.FAILED}
            assert not job.contradictions
            assert job.status is JobStatus.FAILED or (job.copies_needed and not job.lacks)


@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_a_listing_all_in_the_ledger_changes_nothing_in_the_plan(world: Given, chance: Random) -> None:
    state, listed, _ = world
    view = LedgerView(account="acme", jobs={each.id: known(at) for at, each in enumerate(listed, start=1)})
    order = list(listed)
    chance.shuffle(order)
    one, other = plan((state, listed, view)), plan((state, tuple(order), view))
    assert other.changes == one.changes
    assert (other.plan_id, other.retained_by, other.retained_digest, other.counts, other.violations) == (
        *(one.plan_id, one.retained_by, one.retained_digest, one.counts, one.violations),
    )


@given(worlds())
def test_what_is_released_is_counted_in_the_base_of_the_share(world: Given) -> None:  # I7
    made = plan(world)
    counts = made.counts
    assert len(made.changes) + counts.settled <= counts.counted <= made.inventory_jobs
    fallen = counts.retained + counts.held + counts.out_of_scope + counts.gone + counts.settled + len(made.changes)
    assert fallen == made.inventory_jobs
    assert len(made.held) == counts.held


LOST: dict[str, dict[str, Any]] = {
    "type": {"type": JobType.UNKNOWN},
    "status": {"status": JobStatus.UNKNOWN, "status_word": ""},
    "a known status": {"status": JobStatus.UNKNOWN, "status_word": "paused"},
    "a stated status": {"status": JobStatus.UNSTATED, "status_word": ""},
    "certainty": {"contradictions": ("listed twice with different facts",)},
    "assets": {"assets": ()},
    "a needed asset": {"lacks": (AssetKind.VIDEO,)},
}


@pytest.mark.parametrize("lost", ["type", "status", "a known status", "a stated status", "certainty", "assets"])
@pytest.mark.parametrize("scope", [DEFAULT_SCOPE, Scope(types=frozenset({JobType.RENDER}), untyped_failures=False)])
def test_a_completed_job_that_loses_one_attribute_is_held(lost: str, scope: Scope) -> None:  # I4
    state, view = desired(scope=scope), memory("a")
    assert released((state, (job(),), view)) == {"a"}
    assert isinstance(verdicts((state, (replace(job(), **LOST[lost]),), view))["a"], Held)


@given(worlds(), st.integers(0, 7), st.integers(1, 60 * 24 * 3600))
def test_a_younger_job_is_never_released_where_an_older_one_is_not(world: Given, at: int, seconds: int) -> None:  # I14
    state, listed, view = world
    younger = {
        each: structs.replace(seen, first_seen=seen.first_seen + timedelta(seconds=seconds))
        if seen.sequence > at
        else seen
        for each, seen in view.jobs.items()
    }
    assert released((state, listed, replace(view, jobs=younger))) <= released(world)


@given(worlds(), AGES, AGES)
def test_asking_for_a_greater_age_never_adds_a_release(world: Given, one: timedelta, other: timedelta) -> None:
    state, listed, view = world
    lower, higher = sorted((one, other))
    asked_more = replace(state, min_age=higher)
    assert released((asked_more, listed, view)) <= released((replace(state, min_age=lower), listed, view))


@given(worlds())
def test_forgetting_the_ledger_adds_no_release_but_of_what_seemed_to_come_from_the_future(world: Given) -> None:
    state, listed, view = world
    gained = released((state, listed, LedgerView())) - released(world)
    # Where no age is asked for, a job without any sighting is old enough; one with an impossible sighting is not.
    assert not gained or state.min_age == timedelta(0)
    assert gained <= {each for each, seen in view.jobs.items() if seen.first_seen > NOON}


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


@given(PLANS, PLANS, st.data())
def test_an_apply_does_at_most_what_was_approved_whatever_the_two_plans_hold(
    approved: Plan, other: Plan, data: st.DataObject
) -> None:  # I3
    again = [change for change in approved.changes if data.draw(st.booleans())]
    touched = [
        data.draw(
            st.sampled_from(
                [
                    change,
                    replace(change, fingerprint="sha256:" + "0" * 64),
                    replace(change, actions=(Action.CLEAN,)),
                    replace(change, first_seen=None, tried=(), not_archived=()),
                ]
            )
        )
        for change in again
    ]
    # The first of a job's changes would be lost in the second's favour, so each id stands once, as in every plan.
    mixed = {change.job_id: change for change in (*other.changes, *touched)}
    fresh = replace(other, changes=tuple(mixed.values()))
    to_do, aside = within_approval(approved, fresh)
    covered = {(change.job_id, change.actions, change.fingerprint) for change in approved.changes}
    assert {(change.job_id, change.actions, change.fingerprint) for change in to_do} <= covered
    assert set(to_do) <= set(fresh.changes)
    assert [each.change for each in aside] == [
        change for change in approved.changes if change.job_id not in {done.job_id for done in to_do}
    ]
    assert all(each.why.startswith("changed since plan: ") for each in aside)
    assert within_approval(approved, approved) == (approved.changes, ())


@given(PLANS, st.randoms(use_true_random=False))
def test_the_name_of_a_plan_does_not_depend_on_the_order_of_its_changes(given: Plan, chance: Random) -> None:
    order = list(given.changes)
    chance.shuffle(order)
    assert replace(given, changes=tuple(order)).plan_id == given.plan_id


@given(PLANS, PLANS)
def test_two_plans_share_a_name_only_when_they_decide_the_same(one: Plan, other: Plan) -> None:
    def decision(plan: Plan) -> object:
        decided = {(change.job_id, change.actions, change.fingerprint) for change in plan.changes}
        return plan.account, plan.desired_digest, decided, plan.expires_at, plan.approvals

    same_but_for_names = replace(
        other,
        account=one.account,
        desired_digest=one.desired_digest,
        changes=one.changes,
        expires_at=one.expires_at,
        approvals=one.approvals,
    )
    assert same_but_for_names.plan_id == one.plan_id
    assert (one.plan_id == other.plan_id) == (decision(one) == decision(other))


@given(worlds(), jobs("late"))
def test_a_job_that_comes_later_changes_nothing_about_the_others(world: Given, late: Job) -> None:
    state, listed, view = world
    assert released((state, (late, *listed), view)) - {"late"} == released(world)


@given(desired_states(), st.integers(0, 50), st.integers(0, 50), st.integers(1, 60))
def test_cleaning_more_never_satisfies_a_limit(state: DesiredState, cleans: int, more: int, counted: int) -> None:
    fewer = {violation.guard for violation in check(state, LedgerView(), cleans=cleans, counted=counted, sizes=())}
    assert fewer <= {
        violation.guard for violation in check(state, LedgerView(), cleans=cleans + more, counted=counted, sizes=())
    }


@given(st.integers(1, 5000), st.integers(0, 5000), st.integers(1, 6000))
def test_the_numbers_that_the_messages_name_let_the_plan_pass(cleans: int, more: int, places: int) -> None:  # I7
    counted = cleans + more
    state = desired(max_jobs=cleans - 1, max_share=Fraction(cleans, counted) - Fraction(1, 10**places))
    jobs, share = check(state, LedgerView(), cleans=cleans, counted=counted, sizes=())
    (to_jobs,), (to_share,) = (
        re.findall(r"raise it to (\d+) at", jobs.message),
        re.findall(r"raise it to (\d+)% at", share.message),
    )
    raised = Limits(max_jobs=int(to_jobs), max_share=Fraction(int(to_share), 100))
    assert check(replace(state, limits=raised), LedgerView(), cleans=cleans, counted=counted, sizes=()) == ()
    assert raised.max_share <= 1


@given(st.integers(0, 10**16), st.integers(1, 24 * 90))
def test_a_plan_lasts_as_long_as_asked_and_less_than_a_day_or_an_hour_more(moment: int, hours: int) -> None:
    made, span = EPOCH + timedelta(microseconds=moment), timedelta(hours=hours)
    unit = DAY if hours % 24 == 0 else timedelta(hours=1)
    end = expiry(made, span)
    assert made + span <= end < made + span + unit
    assert (end - EPOCH) % unit == timedelta(0)


@given(worlds())
def test_reports_touch_nothing(world: Given) -> None:
    state, listed, view = world
    only_report = plan((replace(state, otherwise=Otherwise.REPORT), listed, view))
    assert not only_report.has_work
    assert (only_report.cleans, only_report.archives) == (0, 0)


# -- the saved form


def reading(content: bytes) -> Plan | None:
    """Read a saved plan; None when it is refused, with words that one can show.  Any other error comes out."""
    try:
        return read_plan(content, "plan.json")
    except PlanRefused as error:
        refused = error
    assert refused.message.startswith("plan.json ")
    assert refused.field
    assert refused.hint
    return None


@given(st.one_of(PLANS, worlds().map(plan)))
def test_a_saved_plan_reads_as_it_was(made: Plan) -> None:
    text = write_plan(made)
    assert text.isascii()
    assert text.count("\n") == 1
    assert read_plan(text.encode(), "plan.json") == made
    assert write_plan(read_plan(text.encode(), "plan.json")) == text
    assert json.loads(text)["plan_id"] == made.plan_id


@given(st.one_of(PLANS, worlds().map(plan)), st.data())
def test_a_saved_plan_with_one_byte_changed_is_refused_or_says_the_same(made: Plan, data: st.DataObject) -> None:
    content = write_plan(made).encode()
    at = data.draw(st.integers(0, len(content) - 1))
    byte = data.draw(st.integers(0, 255).map(lambda each: bytes((each,))))
    for edited in (
        content[:at] + byte + content[at + 1 :],
        content[:at] + byte + content[at:],
        content[:at] + content[at + 1 :],
    ):
        assert reading(edited) in {None, made}


def paths(value: object, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give the way to everything in a JSON value."""
    yield at
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from paths(inner, (*at, key))


def put(value: Any, at: tuple[Any, ...], new: object) -> object:
    """Give a JSON value in which `new` stands at one place."""
    if not at:
        return new
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[at[0]] = put(value[at[0]], at[1:], new)
    return changed


ODD: list[object] = [None, True, -1, 0, 1, 2**70, 1.5, "", "x", "clean", "sha256:" + "f" * 64, [], [[]], {}, {"x": []}]


@given(st.one_of(PLANS, worlds().map(plan)), st.data(), st.sampled_from(ODD))
def test_a_saved_plan_with_another_value_anywhere_is_refused_or_says_the_same(
    made: Plan, data: st.DataObject, odd: object
) -> None:  # I3
    written = json.loads(write_plan(made))
    at = data.draw(st.sampled_from(list(paths(written))))
    assert reading(json.dumps(put(written, at, odd)).encode()) in {None, made}


@given(PLANS, st.data())
def test_a_saved_plan_that_lacks_anything_is_refused(made: Plan, data: st.DataObject) -> None:  # I3
    written = json.loads(write_plan(made))
    *above, last = data.draw(st.sampled_from([at for at in paths(written) if at]))
    inside = written
    for key in above:
        inside = inside[key]
    del inside[last]
    assert reading(json.dumps(written).encode()) is None


@given(PLANS, st.binary(max_size=40))
def test_a_saved_plan_cut_short_or_drawn_out_is_refused_or_says_the_same(made: Plan, tail: bytes) -> None:
    content = write_plan(made).encode()
    assert reading(content + tail) in {None, made}
    assert reading(content[: -len(tail) - 2]) is None


NO_NUMBERS = {
    "not a number": "NaN",
    "infinite": "-Infinity",
    "too great": "1e999",
    "too many digits": "9" * 5000,
}


@pytest.mark.parametrize("word", NO_NUMBERS.values(), ids=NO_NUMBERS.keys())
@pytest.mark.parametrize("place", ['"account"', '"digest"', '"jobs"'], ids=["outermost", "desired", "inventory"])
def test_a_number_that_is_none_in_a_saved_plan_is_refused(word: str, place: str) -> None:
    text = write_plan(plan_of(desired(), job()))
    assert reading(text.replace(place, f'"more":{word},{place}', 1).encode()) is None


def test_a_saved_plan_is_refused_however_deep_something_in_it_is_nested() -> None:
    text = write_plan(plan_of(desired(), job()))
    for depth in (*range(900, 1010), 100_000):
        nested = "[" * depth + "]" * depth
        assert reading(text.replace('{"account"', f'{{"more":{nested},"account"', 1).encode()) is None


def sealed(written: dict[str, Any]) -> bytes:
    """Write a plan whose content digest fits whatever stands in it, as one who edits with care would."""
    content = {key: value for key, value in written.items() if key != "content_digest"}
    return json.dumps({**content, "content_digest": digest(content)}).encode()


def with_another_job(written: dict[str, Any]) -> None:
    written["changes"][0]["job"] = "another"


def with_another_file(written: dict[str, Any]) -> None:
    written["desired"]["digest"] = "sha256:" + "e" * 64


def with_a_later_expiry(written: dict[str, Any]) -> None:
    written["expires_at"] = "2099-01-01T00:00:00Z"


def with_a_job_twice(written: dict[str, Any]) -> None:
    written["changes"].append(written["changes"][0])


def with_another_major_version(written: dict[str, Any]) -> None:
    written["format_version"] = "2.0"


def with_no_version(written: dict[str, Any]) -> None:
    del written["format_version"]


def with_no_such_day(written: dict[str, Any]) -> None:
    written["as_of"] = "2026-02-30T00:00:00Z"


def with_no_such_type(written: dict[str, Any]) -> None:
    written["changes"][1]["type"] = "film"


def said_to_be_incomplete(written: dict[str, Any]) -> None:
    written["complete"] = False


FORGED: list[tuple[Callable[[dict[str, Any]], None], str, str]] = [
    (with_another_job, "plan_id", "plan.json was edited: its account, desired state, changes or expiry give plan_id"),
    (with_another_file, "plan_id", "plan.json was edited: its account, desired state, changes or expiry give plan_id"),
    (with_a_later_expiry, "plan_id", "plan.json was edited: its account, desired state, changes or expiry give"),
    (with_a_job_twice, "changes", "plan.json names a job twice in its changes"),
    (with_another_major_version, "format_version", "plan.json has format_version 2.0, this program reads 1.0"),
    (with_no_version, "format_version", "plan.json is not a plan: it has no format_version"),
    (with_no_such_day, "(value)", "plan.json is not a plan: "),
    (with_no_such_type, "changes.1.type", "plan.json is not a plan: changes.1.type: 'film' is not one of"),
    (said_to_be_incomplete, "complete", "plan.json is not a plan: complete: "),
]


@pytest.mark.parametrize(("edit", "field", "said"), FORGED, ids=[edit.__name__ for edit, _, _ in FORGED])
def test_a_plan_edited_with_care_is_refused_by_the_field_that_tells(
    edit: Callable[[dict[str, Any]], None], field: str, said: str
) -> None:  # I3
    written = json.loads(write_plan(plan_of(desired(), job("b"), job("a"))))
    read_plan(sealed(written), "plan.json")
    edit(written)
    with pytest.raises(PlanRefused, match=f"^{re.escape(said)}") as refused:
        read_plan(sealed(written), "plan.json")
    assert refused.value.field == field
    assert refused.value.hint == (
        "Apply it with the version of the program that made it, or make a new plan."
        if edit is with_another_major_version
        else "A plan is applied as it was made. Make a new one: reconciler plan --out plan.json"
    )


def test_a_job_never_seen_says_that_no_source_tells_its_first_sighting() -> None:
    seen, never = (
        plan_of(desired(), job("a")),
        plan_of(desired(min_age=timedelta(0)), job("a"), remembered=LedgerView()),
    )
    sources = [json.loads(write_plan(made))["changes"][0]["first_seen_source"] for made in (seen, never)]
    assert sources == ["ledger", "none"]


def test_a_job_named_twice_is_refused_even_under_a_fitting_plan_id() -> None:  # I3
    made = plan_of(desired(), job("a"))
    twice = replace(made, changes=made.changes * 2)
    with pytest.raises(PlanRefused, match="names a job twice"):
        read_plan(write_plan(twice).encode(), "plan.json")


def test_a_field_of_a_later_minor_version_is_passed_over() -> None:
    made = plan_of(desired(), job("a"))
    later = {**json.loads(write_plan(made)), "format_version": "1.9", "more": {"of": ["it"]}}
    assert read_plan(sealed(later), "plan.json") == made


def test_what_is_no_decision_is_told_by_the_content_digest() -> None:
    written = json.loads(write_plan(plan_of(desired(), job("a"))))
    written["summary"]["retain"] += 1
    with pytest.raises(PlanRefused, match="something outside its decisions") as refused:
        read_plan(json.dumps(written).encode(), "plan.json")
    assert refused.value.field == "content_digest"
