"""Why a job stands as it does: every rule, every source of time, copies, relatives, and what would decide."""

import json
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from reconciler.core.audit import AuditEvent
from reconciler.core.desired import DesiredState, Keep, Link, Source
from reconciler.core.explanation import Explained, explain
from reconciler.core.inventory import Inventory
from reconciler.core.job import Job, JobId, JobStatus, JobType
from reconciler.core.memory import KnownJob, LedgerHold, LedgerView
from reconciler.core.receipt import BagFile, Receipt
from reconciler.core.retention import decide
from reconciler.core.selectors import EveryJob, NameLike, TypeIn
from reconciler.core.steps import Entry
from reconciler.core.times import Bound
from reconciler.core.verdicts import Answer, HoldCode, verdict_word
from reconciler.engine.account import Departure, LastSeen
from reconciler.engine.copies import CopyId, Verified
from reconciler.engine.explaining import Explanation, explain_over
from reconciler.engine.planning import Sight
from reconciler.engine.ports import Binding, PlanUse
from reconciler.report.explain_json import explanation_json
from reconciler.report.explain_text import explanation_text, summary_line
from reconciler.report.style import Style
from tests.support.values import (
    DAY,
    NOON,
    by_id,
    desired,
    desired_states,
    inventory,
    job,
    known,
    listings,
    memories,
    memory,
    rule,
)

Golden = Callable[[str, str], None]
PREVIEWS = rule(TypeIn(frozenset({JobType.PREVIEW})), "previews")
NEWEST = replace(rule(EveryJob(), "newest"), keep=Keep(last=1))
FRESH = replace(rule(EveryJob(), "fresh"), keep=Keep(within=30 * DAY))


def one(state: DesiredState, listed: Inventory, view: LedgerView, job_id: str = "a") -> Explained:
    return explain(state, listed, view, frozenset({JobId(job_id)}), NOON)[JobId(job_id)]


def said(explained: Explained) -> dict[str, tuple[Answer, str]]:
    return {each.rule: (each.answer, each.why) for each in explained.rules}


# -- rules


def test_every_rule_speaks_whatever_the_verdict() -> None:
    named = rule(NameLike(("product-*",)), "products")
    recent = replace(FRESH, name="recent", keep=Keep(within=DAY))
    lapsed = [
        replace(given, name=name, lapses_at=NOON - DAY)
        for name, given in {"old": PREVIEWS, "all": NEWEST, "some": named}.items()
    ]
    state = desired(
        by_id("b", "c", name="others"), NEWEST, FRESH, recent, named, PREVIEWS, *lapsed, by_id("a", name="mine")
    )
    made = {JobId("a"): NOON - 20 * DAY}
    explained = one(state, inventory(job("a"), job("b")), replace(memory("b", "a", seen=NOON), imported=made))
    assert verdict_word(explained.verdict) == "retain"
    assert said(explained) == {
        "newest": (Answer.KEEPS, ""),
        "fresh": (Answer.KEEPS, ""),
        "recent": (Answer.DOES_NOT, "keeps what is at most 1d old; this is not among them"),
        "products": (Answer.CANNOT_TELL, "its name"),
        "previews": (Answer.DOES_NOT, "wants type preview, this is render"),
        "old": (Answer.LAPSED, "lapsed at 2026-02-28T12:00:00Z; does not own it"),
        "all": (Answer.LAPSED, "lapsed at 2026-02-28T12:00:00Z"),
        "some": (Answer.LAPSED, "lapsed at 2026-02-28T12:00:00Z; may own it"),
        "mine": (Answer.KEEPS, ""),
        "ids": (Answer.DOES_NOT, "not among the 2 other ids that the file names"),
    }
    keys = {each.rule: each.keys for each in explained.rules if each.keys}
    assert keys == {"newest": ("keep_last",), "fresh": ("keep_within",)}
    order = ["newest", "fresh", "recent", "products", "previews", "old", "all", "some", "mine", "ids"]
    assert [each.rule for each in explained.rules] == order


@given(desired_states(), listings(), st.data())
def test_what_rules_say_is_what_the_verdict_rests_on(
    state: DesiredState, listed: tuple[Job, ...], draw: st.DataObject
) -> None:
    view = draw.draw(memories(listed))
    seen = inventory(*listed)
    explained = explain(state, seen, view, frozenset(each.id for each in listed), NOON)
    for verdict in decide(state, seen, view, NOON):
        told = explained[verdict.job.id]
        assert told.verdict == verdict
        answers = {each.answer for each in told.rules}
        if verdict_word(verdict) == "retain":
            assert Answer.KEEPS in answers
        if verdict_word(verdict) == "release":
            assert answers <= {Answer.DOES_NOT, Answer.LAPSED}
        assert bool(told.would_decide) == (verdict_word(verdict) == "hold")


# -- time


def test_each_source_is_told_with_whether_it_counts() -> None:
    shared = replace(job("a"), shared_at=NOON - 20 * DAY)
    seen = structs.replace(known(2, seen=NOON - 10 * DAY), missing_until=NOON - 40 * DAY)
    view = LedgerView(account="acme", jobs={JobId("a"): seen})
    explained = one(desired(FRESH), inventory(shared), view)
    assert [(each.bound.source, each.counts) for each in explained.evidence] == [
        (Source.LEDGER, True),
        (Source.SHARE_LINK, False),
    ]
    assert explained.age == 10 * DAY
    assert explained.would_decide == (
        "share_link, which says more and does not count: name it in clock.trust",
        "a time of your own: reconciler import-times FILE.csv",
    )


def test_the_order_is_that_of_the_ledger_and_bounds_from_both_sides_whatever_the_list_shows() -> None:
    between = structs.replace(known(2, seen=NOON), missing_until=None)
    view = LedgerView(
        account="acme",
        jobs={JobId("above"): known(3, seen=NOON), JobId("a"): between, JobId("below"): known(1, seen=NOON)},
        imported={JobId("above"): NOON - 10 * DAY, JobId("below"): NOON - 20 * DAY},
    )
    for order in (("above", "a", "below"), ("below", "a", "above"), ("a", "below", "above")):
        found = one(desired(), inventory(*(job(each) for each in order)), view).evidence[-1].bound
        assert found == Bound(Source.LIST_ORDER, NOON - 20 * DAY, NOON - 10 * DAY)


def test_of_a_time_before_the_list_was_read_a_new_job_is_as_new_as_then() -> None:
    at = NOON - DAY
    explained = explain(desired(), inventory(job("a")), LedgerView(), frozenset({JobId("a")}), at)[JobId("a")]
    assert [(each.bound.source, each.bound.not_after) for each in explained.evidence] == [(Source.LEDGER, at)]
    assert explained.age == timedelta(0)


def test_what_would_decide_a_time_is_what_says_more_and_does_not_count() -> None:
    told = "a time of your own: reconciler import-times FILE.csv"

    def decides(*, shared: timedelta, trust: frozenset[Source]) -> tuple[str, ...]:
        seen = structs.replace(known(2, seen=NOON - 10 * DAY), missing_until=NOON - 40 * DAY)
        view = LedgerView(account="acme", jobs={JobId("a"): seen})
        listed = inventory(replace(job("a"), shared_at=NOON - shared))
        return one(replace(desired(FRESH), trust=trust), listed, view).would_decide

    ledger, usual = frozenset({Source.LEDGER}), frozenset({Source.LEDGER, Source.IMPORTED})
    more = "share_link, which says more and does not count: name it in clock.trust"
    assert decides(shared=20 * DAY, trust=usual) == (more, told)
    assert decides(shared=10 * DAY, trust=usual) == (told,)
    assert decides(shared=5 * DAY, trust=usual) == (told,)
    assert decides(shared=20 * DAY, trust=usual | {Source.SHARE_LINK}) == (told,)
    assert decides(shared=20 * DAY, trust=ledger) == (more, f"{told}, with `imported` in clock.trust")


def test_the_order_of_the_list_is_told_where_it_says_more() -> None:
    view = LedgerView(
        account="acme",
        jobs={JobId("a"): known(1), JobId("b"): known(2)},
        imported={JobId("b"): NOON - 50 * DAY},
    )
    both = inventory(job("b"), job("a"))
    trusting = replace(desired(), trust=frozenset({Source.LEDGER, Source.IMPORTED, Source.LIST_ORDER}))
    for state, counts in ((trusting, True), (desired(), False)):
        order = one(state, both, view).evidence[-1]
        assert (order.bound.source, order.bound.not_after, order.counts) == (
            Source.LIST_ORDER,
            NOON - 50 * DAY,
            counts,
        )
        assert one(state, both, view, "b").evidence[-1].bound.source is not Source.LIST_ORDER


@pytest.mark.parametrize(
    ("held", "view", "told"),
    [
        (job("a"), LedgerView(), "time alone: it is surely old enough at 2026-03-02T12:00:00Z"),
        (job("a", status=JobStatus.IN_PROGRESS), memory("a"), "its end"),
        (job("a", JobType.UNKNOWN), memory("a"), "an answer of the service that shows its results"),
        (job("a", contradictions=("odd",)), memory("a"), "facts that agree"),
    ],
)
def test_a_hold_says_what_would_decide(held: Job, view: LedgerView, told: str) -> None:
    assert one(desired(), inventory(held), view).would_decide[0].startswith(told)


def test_every_hold_has_something_that_would_decide() -> None:
    from reconciler.core.explanation import WOULD_DECIDE

    by_facts = {HoldCode.RULE_UNDECIDED, HoldCode.TOO_YOUNG, HoldCode.AGE_UNKNOWN}
    assert set(HoldCode) == set(WOULD_DECIDE) | by_facts


def test_grace_that_no_observation_began_says_how_it_begins() -> None:
    waiting = replace(desired(), grace=3 * DAY)
    assert one(waiting, inventory(job("a")), memory("a")).would_decide == (
        "a recorded observation starts the wait: reconciler refresh",
    )


# -- relatives


def test_relatives_are_told_with_how_they_stand() -> None:
    def of_project(name: str) -> Job:
        return replace(job(name), project="p")

    absent = structs.replace(known(9), project="p")
    view = memory("a", "b", "gone")
    view = replace(view, jobs={**view.jobs, JobId("away"): absent, JobId("left"): known(8, left=True)})
    links = (Link(job=JobId("left"), needs=(JobId("a"),)), Link(job=JobId("a"), needs=(JobId("x"), JobId("kept"))))
    state = replace(desired(by_id("b", "kept")), links=links)
    explained = one(state, inventory(of_project("b"), of_project("a"), job("kept"), job("other")), view)
    assert [(each.job_id, each.how, each.stands) for each in explained.relatives] == [
        ("b", "shares project p", "retain"),
        ("away", "shares project p", "expected"),
        ("left", "needs it", "left"),
        ("x", "is needed by it", "unknown"),
        ("kept", "is needed by it", "retain"),
    ]


# -- the whole, as it is shown


@dataclass
class History:
    """A ledger of fixed content."""

    held: LedgerView
    bags: tuple[Receipt, ...] = ()

    def view(self) -> LedgerView:
        return self.held

    def entries(self) -> Iterator[Entry]:
        return iter(())

    def receipts(self) -> tuple[Receipt, ...]:
        return self.bags

    def verifications(self) -> Mapping[CopyId, Verified]:
        return {}

    def binding(self) -> Binding:
        return Binding()

    def plan_use(self, _plan_id: str) -> PlanUse:
        return PlanUse.UNUSED

    def audit_events(self) -> Iterator[AuditEvent]:
        return iter(())

    newest_events = audit_events

    def last_seen(self) -> LastSeen:
        return LastSeen(observed_at=NOON)

    def departure(self, job_id: JobId) -> Departure | None:
        known_job = self.held.jobs.get(job_id)
        return Departure(NOON - DAY, "cleaned") if known_job and known_job.left else None


def receipt(job_id: str, fingerprint: str, at: timedelta) -> Receipt:
    return Receipt(
        job_id=JobId(job_id),
        fingerprint=fingerprint,
        bag=f"jobs/{job_id}/{fingerprint[7:19]}",
        stores=("file:./archive",),
        files=(BagFile(path="data/job.json", size=1200, sha256="0" * 64),),
        evidence=(),
        verified_at=NOON - at,
    )


def rich() -> Explanation:
    """Everything that an explanation can show."""
    hold = LedgerHold(rule="court", owner="legal", reason="LEG-114", set_at=NOON - 20 * DAY)
    ended = replace(hold, rule="launch", owner="", reason="", until=NOON - DAY, unkept_since=NOON - 2 * DAY)
    jobs: dict[JobId, KnownJob] = {
        **memory("old", "kept", "held").jobs,
        JobId("held"): structs.replace(known(3), holds=(hold, ended), missing_until=NOON - 90 * DAY),
        JobId("left"): structs.replace(known(4, left=True), type=JobType.RENDER, status=JobStatus.COMPLETED),
        JobId("away"): structs.replace(known(5), type=JobType.IMAGE, status=JobStatus.FAILED),
    }
    held = replace(job("held"), name="product-1", project="p", shared_at=NOON - 70 * DAY)
    listed = inventory(
        *(job("new"), job("image", JobType.IMAGE), job("cleaned", status=JobStatus.CLEANED), held),
        *(replace(job("kept"), project="p"), replace(job("old"), name="other")),
    )
    lapsed = replace(PREVIEWS, name="campaign", lapses_at=NOON - 9 * DAY)
    fresh = replace(FRESH, selector=NameLike(("product-*",)))
    state = desired(
        *(by_id("kept", name="mine"), PREVIEWS, fresh, lapsed),
        scope=replace(desired().scope, types=frozenset({JobType.RENDER, JobType.PREVIEW})),
    )
    view = LedgerView(account="acme", jobs=jobs, last_observed=NOON - DAY, imported={JobId("later"): NOON - 3 * DAY})
    bags = (
        receipt("old", "sha256:" + "7" * 64, 9 * DAY),
        receipt("old", job("old").fingerprint, 2 * DAY),
        receipt("left", "sha256:" + "8" * 64, DAY),
    )
    ids = ["old", "kept", "held", "new", "image", "cleaned", "left", "away", "later", "OL", "nobody", "old"]
    return explain_over(state, Sight(listed, view), History(view, bags), [JobId(each) for each in ids])


def test_an_explanation_looks_as_it_was_judged_right(golden: Golden) -> None:
    golden("explain-rich.txt", explanation_text(rich(), style=Style()))
    golden("explain-rich.json", explanation_json(rich()))


def test_the_last_line_sums_up_and_each_id_is_told_once() -> None:
    told = rich()
    assert explanation_text(told, style=Style()).rstrip("\n").rsplit("\n", 1)[-1] == summary_line(told)
    assert [each.job_id for each in told.jobs].count(JobId("old")) == 1
    assert told.unknown == ("OL", "nobody")
    assert json.loads(explanation_json(told))["jobs"][9]["near"] == "old"


def test_a_what_if_says_so_and_knows_who_was_not_there() -> None:
    view = memory("a")
    before = explain_over(
        desired(), Sight(inventory(job("a")), view), History(view), [JobId("a")], what_if=NOON - 99 * DAY
    )
    text = explanation_text(before, style=Style())
    assert text.startswith("What if it were 2025-11-22T12:00:00Z")
    assert "Job a: not yet seen at that time" in text
    assert before.unknown == ()
    assert json.loads(explanation_json(before))["what_if"] is True


HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("\x1b\n\r\u202e\ud83d")), min_size=1))
def test_no_text_of_the_service_moves_a_terminal_or_adds_a_line(text: str) -> None:  # I12
    def shown(words: str) -> str:
        odd = replace(job(words or "x", contradictions=(words,)), name=words, project=words)
        other = replace(job(words + "2"), project=words)
        view = memory(words, words + "2")
        state = desired(replace(FRESH, name=words))
        told = explain_over(state, Sight(inventory(odd, other), view), History(view), [odd.id, JobId(words + "3")])
        explanation_json(told)
        return explanation_text(told, style=Style())

    assert {unicodedata.category(character) for character in shown(text).replace("\n", "")}.isdisjoint(HIDDEN)
    assert len(shown(text).split("\n")) == len(shown("plain").split("\n"))
