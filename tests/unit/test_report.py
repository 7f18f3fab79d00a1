"""What people and programs read: golden texts, one summary line at the end, and nothing that a terminal obeys (I12)."""

import json
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from reconciler.core.applied import AppliedFile, AppliedRule
from reconciler.core.approvals import Approvals
from reconciler.core.desired import Otherwise
from reconciler.core.guards import guarded
from reconciler.core.inventory import ListingProof
from reconciler.core.job import AssetKind, JobId, JobStatus, JobType
from reconciler.core.memory import LedgerView
from reconciler.core.plan import Plan, PlanNotice
from reconciler.core.selectors import EveryJob, StatusIn, TypeIn
from reconciler.engine.copies import BagCheck, BagState, Reading
from reconciler.engine.outcome import ChainEnd, How, JobResult, Outcome, Pace, RunReport
from reconciler.engine.planning import plan_over
from reconciler.engine.repairing import Repaired, RepairReport
from reconciler.engine.verifying import VerifyReport
from reconciler.published_schemas import schema
from reconciler.report.run_text import present_pace_line, run_report_json, run_report_text
from reconciler.report.saved_plan import read_plan, write_plan
from reconciler.report.style import Style
from reconciler.report.text import plan_text
from reconciler.report.untrusted import harmless, harmless_lines, word
from reconciler.report.verify_text import repair_text, verify_json, verify_text
from tests.conftest import GOLDEN
from tests.support.values import DAY, NOON, by_id, desired, inventory, job, known, memory, plan_of, rule

Golden = Callable[[str, str], None]
PLAIN, COLOUR, ASCII = Style(), Style(colour=True), Style(unicode=False)


def rich_plan() -> Plan:
    """A plan with everything in it that a plan can have."""
    state = desired(
        by_id("kept-1", "kept-2", name="launch"),
        rule(TypeIn(frozenset({JobType.PREVIEW})), "previews"),
        rule(StatusIn(frozenset({JobStatus.FAILED})), "failures-for-support"),
        scope=replace(desired().scope, types=frozenset(JobType) - {JobType.IMAGE, JobType.UNKNOWN}),
        max_jobs=2,
    )
    listed = (
        job("young"),
        job("image", JobType.IMAGE),
        job("running", status=JobStatus.IN_PROGRESS),
        job("odd", status=JobStatus.UNKNOWN),
        job("twice", contradictions=("listed twice with different facts",)),
        job("bare", assets=()),
        job("lacking", lacks=(AssetKind.VIDEO,)),
        job("untyped", JobType.UNKNOWN),
        job("unstated", status=JobStatus.UNSTATED),
        job("gone", status=JobStatus.CLEANED),
        job("kept-1"),
        job("preview", JobType.PREVIEW),
        job("video-1", JobType.VIDEO),
        job("render-2", unlisted=("posterUrl", "newUrl")),
        job("render-1"),
    )
    view = memory(*(each.id for each in reversed(listed) if each.id != "young"))
    made = plan_of(state, *listed, remembered=view)
    proof = ListingProof(pages=3, end_marker="null", repeats=2, unnamed=1, arrived=4, asked_alone=2)
    sized = tuple(replace(each, size=1_234_567_890) for each in made.changes[:1])
    notices = (PlanNotice("clock.trust", "the list of AI images could not be read\x1b"),)
    made = replace(made, proof=proof, changes=(*sized, *made.changes[1:]), notices=notices)
    return guarded(made, state, view)


def archive_plan() -> Plan:
    settled = LedgerView(
        account="acme", jobs={JobId("old"): known(1, archived=job("old").fingerprint), JobId("new"): known(2)}
    )
    return plan_of(desired(otherwise=Otherwise.ARCHIVE), job("new"), job("old"), remembered=settled)


def lost_plan() -> Plan:
    """A plan of a file that lost rules, with all that may be allowed beyond it."""
    launch, renders = by_id("a", "b", name="launch"), rule(TypeIn(frozenset({JobType.RENDER})), "renders")
    then = AppliedFile(
        digest="sha256:" + "a" * 64,
        applied_at=NOON - 9 * DAY,
        rules=tuple(AppliedRule(each, 2) for each in (launch, renders, rule(EveryJob(), "spring"))),
    )
    now = desired(rule(EveryJob(), "summer"), by_id("a", name="launch"), max_jobs=0)
    approvals = Approvals(max_jobs=9, max_share=Fraction(1, 8), max_bytes=10**9, rules_lost="0123456789ab")
    listed = inventory(job("a"), job("b"))
    return plan_over(
        now,
        listed,
        replace(memory("a", "b"), applied=then),
        valid_for=7 * DAY,
        tool_version="0.0.0",
        approvals=approvals,
    )


PLANS: dict[str, Callable[[], Plan]] = {
    "lost": lost_plan,
    "rich": rich_plan,
    "archive": archive_plan,
    "report": lambda: plan_of(desired(otherwise=Otherwise.REPORT), job("a")),
    "empty": lambda: plan_of(desired()),
}

RUN = RunReport(
    run_id="run-0123456789ab",
    plan_id="sha256:" + "5" * 64,
    account="acme",
    pace=Pace(calls=41, waited_s=12.3456, overloads=2, lowest=0.5, rate=1.1000000001),
    results=(
        JobResult(
            job_id=JobId("a"),
            outcome=Outcome.CLEANED,
            detail="cleaned now",
            bag="jobs/a/012345678901",
            size=9,
            how=How.NOW,
            still_cached=("audio", "video"),
        ),
        JobResult(job_id=JobId("b"), outcome=Outcome.ARCHIVED, detail="archived and proved", bag="jobs/b/0", size=7),
        JobResult(job_id=JobId("c"), outcome=Outcome.SKIPPED, detail="changed since plan: now held, still in progress"),
        JobResult(job_id=JobId("d"), outcome=Outcome.FAILED, detail="HTTP 403"),
        JobResult(job_id=JobId("e"), outcome=Outcome.UNCONFIRMED, detail="the next run asks again", bag="jobs/e/0"),
        JobResult(job_id=JobId("f"), outcome=Outcome.NOT_STARTED, detail="the run stopped before it"),
    ),
    recovered=(JobResult(job_id=JobId("z"), outcome=Outcome.CLEANED, detail="already cleaned: run run-9 had sent it"),),
    stopped="stopped by signal 15; the jobs in hand were finished",
    stop_code=143,
    unrecorded=("the store file:./second cannot be written to: No space left on device",),
    chain=ChainEnd(events=12, head="sha256:" + "6" * 64),
)


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_looks_as_it_was_judged_right(name: str, golden: Golden) -> None:
    golden(f"plan-{name}.txt", plan_text(PLANS[name](), style=PLAIN))


@pytest.mark.parametrize("name", PLANS)
def test_a_saved_plan_is_written_as_it_always_was(name: str, golden: Golden) -> None:
    golden(f"plan-{name}.json", write_plan(PLANS[name]()))


@pytest.mark.parametrize("name", PLANS)
def test_a_saved_plan_is_what_its_published_schema_says(name: str) -> None:
    assert list(Draft7Validator(schema("plan.v1.json")).iter_errors(json.loads(write_plan(PLANS[name]())))) == []


@pytest.mark.parametrize("name", PLANS)
def test_why_a_listing_was_whole_is_saved_with_the_plan(name: str) -> None:
    made = PLANS[name]()
    assert read_plan(write_plan(made).encode(), "plan.json").proof == made.proof


def test_a_plan_of_before_the_first_page_was_read_again_is_still_read() -> None:
    content = (GOLDEN / "plan-before-arrived.json").read_bytes()
    assert b'"arrived"' not in content
    assert read_plan(content, "plan.json").proof.arrived == 0


def test_a_plan_of_before_there_were_what_ifs_is_still_read_and_is_none() -> None:
    content = (GOLDEN / "plan-before-what-if.json").read_bytes()
    assert b'"what_if"' not in content
    assert not read_plan(content, "plan.json").what_if


def test_a_plan_of_before_there_were_notices_is_still_read() -> None:
    content = (GOLDEN / "plan-before-notices.json").read_bytes()
    assert b'"notices"' not in content
    assert read_plan(content, "plan.json").notices == ()


def test_a_run_looks_as_it_was_judged_right(golden: Golden) -> None:
    golden("run.txt", run_report_text(RUN, style=PLAIN))
    golden("run.json", run_report_json(RUN))
    golden("run-refused.txt", run_report_text(replace(RUN, results=(), recovered=(), stopped=""), style=PLAIN))


@pytest.mark.parametrize(
    ("pace", "line"),
    [
        (RUN.pace, "Calls: 41, waited 12.3 s, 2 overloads, slowest 0.5/s."),
        (replace(RUN.pace, overloads=1, lowest=1000.0), "Calls: 41, waited 12.3 s, 1 overload, slowest 1000/s."),
        (replace(RUN.pace, overloads=0, lowest=0.25), "Calls: 41, waited 12.3 s, 0 overloads, slowest 0.25/s."),
    ],
)
def test_the_calls_are_summed_up_in_one_line_before_the_summary(pace: Pace, line: str) -> None:
    assert run_report_text(replace(RUN, pace=pace), style=PLAIN).splitlines()[-2] == line
    assert present_pace_line(pace) == line.removesuffix(".") + ", now 1.1/s."


def test_a_verification_looks_as_it_was_judged_right(golden: Golden) -> None:
    checks = tuple(
        BagCheck(job_id=JobId(each.value), store="file:./archive", bag=f"jobs/{each.value}/0", state=each, problem="x")
        for each in BagState
    )
    told = VerifyReport(checks=checks, copies=3, how=Reading.WHOLE)
    golden("verify.txt", verify_text(told, style=PLAIN))
    golden("verify-nothing.txt", verify_text(replace(told, checks=(), copies=0), style=PLAIN))


def test_a_sample_says_how_much_of_how_much_was_looked_at_and_a_receipt_is_told_apart(golden: Golden) -> None:
    torn = BagCheck(
        job_id=JobId("torn"),
        store="file:./archive",
        bag="jobs/torn/0",
        state=BagState.WHOLE,
        receipt=BagState.DAMAGED,
        receipt_problem="its receipt receipts/torn/0.intoto.json: it names other files",
    )
    told = VerifyReport(
        checks=(torn, replace(torn, job_id=JobId("both"), state=BagState.DAMAGED, problem="data/job.json is missing")),
        copies=40,
        how=Reading.WHOLE,
        is_sample=True,
        unrecorded="not recorded in the ledger (looks: 2): the ledger ledger.db cannot be used",
    )
    golden("verify-sample.txt", verify_text(told, style=PLAIN))
    golden("verify-sample.json", verify_json(told, (), exit_code=8))


def test_a_fast_look_says_that_no_byte_was_read(golden: Golden) -> None:
    check = BagCheck(job_id=JobId("a"), store="file:./archive", bag="jobs/a/0", state=BagState.WHOLE)
    golden("verify-fast.txt", verify_text(VerifyReport(checks=(check,), copies=1, how=Reading.FAST), style=PLAIN))


def test_what_was_mended_is_told_first(golden: Golden) -> None:
    bag = Repaired(job_id=JobId("a"), bag="jobs/a/0", store="file:./second", source="file:./archive", aside="damaged/x")
    file = replace(bag, source="the ledger", aside="", file="receipts/a/0.intoto.json")
    told = VerifyReport(checks=(), copies=0, how=Reading.WHOLE)
    golden("verify-repaired.txt", repair_text(RepairReport(verified=told, repaired=(bag, file)), style=PLAIN))
    golden("verify-repaired.json", verify_json(told, (bag, file), exit_code=0))


def test_the_json_of_a_run_says_what_the_text_says() -> None:
    read = json.loads(run_report_json(RUN))
    assert (read["exit_code"], read["stopped"]) == (143, RUN.stopped)
    assert read["counts"] == {
        **{"cleaned": 1, "archived": 1, "skipped": 1, "failed": 1, "unconfirmed": 1},
        "not_started": 1,
    }
    assert [result["job"] for result in read["results"]] == list("abcdef")


@pytest.mark.parametrize("name", PLANS)
def test_the_last_line_of_a_plan_sums_up(name: str) -> None:
    assert plan_text(PLANS[name](), style=PLAIN).rstrip("\n").rsplit("\n", 1)[-1].startswith("Plan: ")


@pytest.mark.parametrize("name", PLANS)
def test_colour_adds_colours_and_nothing_else(name: str) -> None:
    import re

    coloured = plan_text(PLANS[name](), style=COLOUR)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plan_text(PLANS[name](), style=PLAIN)
    assert "\x1b" not in plan_text(PLANS[name](), style=PLAIN)


# -- text of others

HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
ANYTHING = st.text(alphabet=st.one_of(st.characters(), st.sampled_from("\x1b\x00\n\r\t\u202e\u200b\x9b\u2028\ud83d")))


@given(ANYTHING)
def test_harmless_text_has_nothing_hidden_in_it_and_stays_as_it_is(text: str) -> None:  # I12
    shown = harmless(text)
    assert {unicodedata.category(character) for character in shown}.isdisjoint(HIDDEN)
    assert harmless(shown) == shown
    assert len(word(text)) <= 80
    assert "\n".join(harmless(line) for line in text.split("\n")) == harmless_lines(text)


def test_plain_text_of_any_script_is_left_alone() -> None:
    for text in ("Grüße, ジョブ № 5 — ok", "a b", "مرحبا"):
        assert harmless(text) == text


@given(ANYTHING)
def test_no_text_of_the_service_moves_a_terminal_or_adds_a_line_to_a_plan(text: str) -> None:  # I12
    listed = job(text or "x", unlisted=(text,))
    made = plan_of(desired(by_id("other", name=text or "y")), listed, job("h", contradictions=(text,)))
    plain = plan_text(made, style=PLAIN)
    quiet = plan_text(plan_of(desired(), job("x", unlisted=("u",)), job("h", contradictions=("c",))), style=PLAIN)
    assert len(plain.split("\n")) == len(quiet.split("\n"))
    assert {unicodedata.category(character) for character in plain.replace("\n", "")}.isdisjoint(HIDDEN)


@given(ANYTHING)
def test_no_text_of_the_service_moves_a_terminal_or_adds_a_line_to_a_report(text: str) -> None:  # I12
    result = JobResult(job_id=JobId(text), outcome=Outcome.FAILED, detail=text, bag=text)
    run = replace(RUN, results=(result,), recovered=(), stopped="", unrecorded=(text,))
    plain = run_report_text(run, style=PLAIN)
    assert len(plain.splitlines()) == 7
    assert {unicodedata.category(character) for character in plain.replace("\n", "")}.isdisjoint(HIDDEN)
    plain.encode("utf-8")


@given(ANYTHING)
def test_a_terminal_that_knows_ascii_alone_gets_no_more(text: str) -> None:
    made = plan_of(desired(), job(text or "x"))
    assert plan_text(made, style=ASCII).isascii()
