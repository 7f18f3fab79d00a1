"""A whole apply: what refuses it, what comes first, what it records, and how it is told (I3, I4, I7, I8, I9)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.core.approvals import Approvals
from reconciler.core.desired import Otherwise, Source
from reconciler.core.job import Job, JobId, JobStatus
from reconciler.core.plan import Plan
from reconciler.core.steps import Phase
from reconciler.engine.account import ResultDates
from reconciler.engine.outcome import How, JobResult, Outcome, RunReport
from reconciler.engine.ports import CleanAnswer, Evidence, PlanUse
from reconciler.engine.stopping import Limits
from reconciler.errors import (
    ArchiveError,
    GuardRefused,
    InventoryIncomplete,
    LedgerError,
    PlanRefused,
    ReconcilerError,
    ServiceUnreachable,
)
from reconciler.ledger.run import SqlRun
from reconciler.ledger.writer import SqlLedger
from tests.support.hand_made_service import after, fails
from tests.support.ledger_values import OneKey
from tests.support.one_apply import PACE, Apply, Asking, Scales
from tests.support.values import DAY, NOON, by_id, desired, job

A, B, C = job("a"), job("b"), job("c")
TWO_CLEANED = [
    *("LIST", "GET b", "GET a", "COPY a", "GET a", "CLEAN a", "GET a"),
    *("GET b", "COPY b", "GET b", "CLEAN b", "GET b"),
]
NO_COPY = ArchiveError("not whole")


@pytest.fixture
def two(tmp_path: Path) -> Apply:
    """Two jobs that nothing keeps."""
    return Apply.of(tmp_path, B, A)


def outcomes(report: RunReport) -> list[tuple[str, Outcome]]:
    return [(result.job_id, result.outcome) for result in report.results]


def refusal(one: Apply, plan: Plan) -> ReconcilerError:
    with pytest.raises(ReconcilerError) as refused:
        one.apply(plan)
    assert not [call for call in one.service.log if call.startswith(("COPY", "CLEAN"))]
    return refused.value


# -- all goes well


def test_all_of_a_plan_is_done_reported_recorded_and_used_up(two: Apply) -> None:
    two.service.leaves = JobStatus.CLEANED
    two.cached.answers = {A.id: ("video",)}
    plan = two.plan()
    report = two.apply(plan)
    assert two.service.log == TWO_CLEANED
    done = [
        JobResult(
            job_id=each.id,
            outcome=Outcome.CLEANED,
            detail="cleaned now",
            bag=f"jobs/{each.id}/abababababab",
            size=9,
            how=How.NOW,
            still_cached=("video",) if each is A else None,
        )
        for each in (A, B)
    ]
    assert report.chain
    assert report == RunReport(
        run_id=report.run_id,
        plan_id=plan.plan_id,
        account="acme",
        pace=PACE,
        results=tuple(done),
        chain=report.chain,
    )
    assert (report.exit_code, two.ledger.plan_use(plan.plan_id)) == (0, PlanUse.SPENT)
    assert [each.job_id for each in two.records.kept[0].report.results] == ["a", "b"]
    assert [facts for _, facts in two.records.kept[0].results] == [A.fingerprint, B.fingerprint]
    opened = [event for event in two.ledger.audit_events() if event.event == "run_started"][-1]
    assert {("operation", "apply"), ("plan", plan.plan_id)} <= set(opened.facts)
    assert two.progress.said == ["[1/2] a: cleaned now", "[2/2] b: cleaned now"]
    assert two.cached.looked == [(A.id, A.assets), (B.id, B.assets)]
    assert two.pauses == []


def test_the_key_of_a_list_that_was_ours_is_remembered(two: Apply) -> None:
    assert two.ledger.binding().marks == ()
    two.apply(two.plan())
    assert two.ledger.binding().marks == (OneKey().mark(two.ledger.binding().lineage),)


def test_the_rules_of_the_file_are_taken_over_with_what_each_keeps(tmp_path: Path) -> None:
    one = Apply.of(tmp_path, B, A)
    one.file = desired(by_id("a", name="dear"), by_id("z", name="none"))
    one.apply(one.plan())
    applied = one.ledger.view().applied
    assert applied
    assert (applied.digest, applied.applied_at) == (one.file.digest, one.clock.now())
    assert [(each.rule.name, each.kept) for each in applied.rules] == [("dear", 1), ("none", 0)]


def test_fields_that_are_not_known_are_noted(tmp_path: Path) -> None:
    one = Apply.of(tmp_path, job("a", unlisted=("newURL",)))
    one.apply(one.plan())
    assert [line for line in one.progress.noted if "newURL (1 job)" in line]


def test_a_plan_without_work_is_neither_opened_nor_used_up(two: Apply) -> None:
    two.file = replace(two.file, otherwise=Otherwise.REPORT)
    plan = two.plan()
    assert len(plan.changes) == 2
    assert two.apply(plan).results == ()
    assert two.ledger.plan_use(plan.plan_id) is PlanUse.UNUSED
    assert two.service.log[0] == "LIST"


def test_a_plan_of_copies_alone_is_used_up_once_they_are_there(two: Apply) -> None:
    two.file = replace(two.file, otherwise=Otherwise.ARCHIVE)
    plan = two.plan()
    assert outcomes(two.apply(plan)) == [("a", Outcome.ARCHIVED), ("b", Outcome.ARCHIVED)]
    assert two.ledger.plan_use(plan.plan_id) is PlanUse.SPENT
    assert len(two.service.jobs) == 2


# -- refused whole


def test_a_plan_that_may_not_be_applied_is_refused_before_anything_is_asked(two: Apply) -> None:  # I3
    plan = two.plan()
    for other, field in (
        (replace(plan, what_if=True), "what_if"),
        (replace(plan, account="rival"), "account"),
        (replace(plan, desired_digest="sha256:0"), "desired.digest"),
        (replace(plan, expires_at=two.clock.now()), "expires_at"),
    ):
        refused = refusal(two, other)
        assert isinstance(refused, PlanRefused)
        assert refused.field == field
        assert two.service.log == []


def test_a_plan_that_was_used_up_is_refused(two: Apply) -> None:  # I3
    plan = two.plan()
    two.apply(plan)
    two.service.jobs = {B.id: B, A.id: A}
    refused = refusal(two, plan)
    assert isinstance(refused, PlanRefused)
    assert refused.field == "plan_id"
    assert two.service.log == []


def test_a_plan_of_a_ledger_that_is_lost_is_refused(two: Apply) -> None:  # I3
    plan = two.plan()
    two.is_made_anew()
    refused = refusal(two, plan)
    assert isinstance(refused, PlanRefused)
    assert refused.field == "created_at"
    assert two.service.log == []


def test_a_key_that_was_never_seen_is_refused_before_anything_is_asked(two: Apply) -> None:
    plan = two.plan()
    two.apply(replace(plan, changes=()))
    two.key = OneKey("other")
    assert isinstance(refusal(two, plan), GuardRefused)
    assert two.service.log == []


def test_a_list_that_is_not_ours_ends_the_run_before_its_key_is_remembered(two: Apply) -> None:  # I2
    plan = two.plan()
    two.service.jobs = {C.id: C}
    assert isinstance(refusal(two, plan), InventoryIncomplete)
    assert two.ledger.binding().marks == ()
    assert two.records.kept == []


def test_a_limit_that_does_not_hold_any_more_refuses_the_rest(two: Apply) -> None:  # I7
    plan = two.plan()
    two.copying.fails = {"b": NO_COPY}
    assert outcomes(two.apply(plan)) == [("a", Outcome.CLEANED), ("b", Outcome.FAILED)]
    two.file = replace(two.file, limits=replace(two.file.limits, max_jobs=1))
    assert isinstance(refusal(two, plan), GuardRefused)
    assert "2 jobs would be cleaned" in refusal(two, plan).message
    assert "approved" not in two.events[-4:]


def test_rules_that_were_lost_need_an_approval_and_are_taken_over_with_it_alone(two: Apply) -> None:
    two.file = replace(two.file, retain=(by_id("a", name="dear"), *two.file.retain))
    two.apply(two.plan())
    before = two.ledger.view().applied
    two.service.jobs = {A.id: A}
    two.file = replace(two.file, retain=two.file.retain[1:], digest="sha256:" + "4" * 64)
    plan = two.plan()
    assert plan.rules
    assert isinstance(refusal(two, replace(plan, violations=())), GuardRefused)
    assert two.ledger.view().applied == before
    accepted = two.plan(Approvals(rules_lost=plan.rules.name))
    assert outcomes(two.apply(accepted)) == [("a", Outcome.CLEANED)]
    after_that = two.ledger.view().applied
    assert after_that
    assert after_that.digest == two.file.digest
    assert two.events.count("rules_lost") == 1


def test_rules_that_were_lost_by_a_file_that_only_reports_are_not_taken_over(two: Apply) -> None:
    two.file = replace(two.file, retain=(by_id("a", name="dear"), *two.file.retain))
    two.apply(two.plan())
    before = two.ledger.view().applied
    two.file = replace(two.file, retain=two.file.retain[1:], otherwise=Otherwise.REPORT, digest="sha256:" + "4" * 64)
    two.apply(two.plan())
    assert two.ledger.view().applied == before


# -- not all, and the rest later


def test_only_what_was_approved_is_done_and_it_is_looked_at_first(two: Apply) -> None:  # I3
    plan = two.plan()
    assert outcomes(two.apply(replace(plan, changes=plan.changes[:1]))) == [("a", Outcome.CLEANED)]
    assert two.service.log == ["LIST", "GET a", "GET a", "COPY a", "GET a", "CLEAN a", "GET a"]


def test_a_plan_that_is_done_in_part_may_be_applied_again_and_tells_what_was_done(two: Apply) -> None:  # I8
    plan = two.plan()
    two.copying.fails = {"b": NO_COPY}
    first = two.apply(plan)
    assert (first.exit_code, two.ledger.plan_use(plan.plan_id)) == (3, PlanUse.OPEN)
    two.copying.fails = {}
    second = two.apply(plan)
    assert [(each.job_id, each.outcome, each.detail) for each in second.results] == [
        ("a", Outcome.CLEANED, "gone, by an earlier run"),
        ("b", Outcome.CLEANED, "gone"),
    ]
    assert [call for call in two.service.log if call.endswith(" a")] == []
    assert two.ledger.plan_use(plan.plan_id) is PlanUse.SPENT


def test_what_changed_since_the_plan_is_set_aside_and_keeps_the_plan_open(two: Apply) -> None:  # I5
    plan = two.plan()
    two.service.jobs[A.id] = job("a", status=JobStatus.FAILED, assets=())
    report = two.apply(plan)
    assert [(each.job_id, each.outcome) for each in report.results] == [
        ("a", Outcome.SKIPPED),
        ("b", Outcome.CLEANED),
    ]
    assert two.ledger.plan_use(plan.plan_id) is PlanUse.OPEN


@pytest.mark.parametrize(
    ("now", "outcome", "told", "phase"),
    [
        (None, Outcome.CLEANED, "gone: run {run} had sent the clean and did not hear the answer", Phase.CLEANED),
        (A, Outcome.FAILED, "still completed: the clean of run {run} did not take effect", Phase.CLEANED),
    ],
    ids=["it took effect", "it did not"],
)
def test_a_clean_that_was_left_open_is_settled_before_the_list_is_read(
    two: Apply, now: Job | None, outcome: Outcome, told: str, phase: Phase
) -> None:  # I8
    plan = two.plan()
    earlier = two.leave_open("a", A.fingerprint)
    if now is None:
        del two.service.jobs[A.id]
    report = two.apply(plan)
    looks = 4 if now else 1
    assert two.service.log[: looks + 1] == [*["GET a"] * looks, "LIST"]
    assert two.archived.asked == ([] if now else [("a", A.fingerprint)])
    assert two.cached.looked[:1] == ([(A.id, A.assets)] if now is None else two.cached.looked[:1])
    assert two.pauses[:looks] == [0.0, 1.0, 2.0, 4.0][:looks]
    assert [(each.outcome, each.detail) for each in report.recovered] == [(outcome, told.format(run=earlier))]
    assert [each.job_id for each in report.results] == ["a", "b"]
    entry = two.last("a")
    assert entry
    assert entry.phase is phase


def test_a_clean_left_open_that_nobody_can_be_asked_about_ends_the_run_and_stays_open(two: Apply) -> None:
    plan = two.plan()
    two.leave_open("a", A.fingerprint)
    two.service.meets["GET a 1"] = fails(ServiceUnreachable("no answer"))
    assert refusal(two, plan).message == "no answer"
    assert two.service.log == ["GET a"]
    entry = two.last("a")
    assert entry
    assert entry.phase is Phase.CLEANING


def test_jobs_that_left_unarchived_are_told_by_the_run_that_found_it_first(two: Apply) -> None:
    two.ledger.view()
    plan = two.plan()
    with two.ledger.open_run("refresh", "acme"):
        pass
    del two.service.jobs[A.id]
    assert [loss.job_id for loss in two.apply(plan).lost] == ["a"]
    assert two.apply(plan).lost == ()


# -- what ends it early


def test_whoever_asks_while_nothing_is_in_hand_ends_the_run_before_any_job(two: Apply) -> None:
    plan = two.plan()
    for wait, log in ((1, []), (2, ["LIST", "GET b"])):
        two.stop = Asking(idle=wait)
        report = two.apply(plan)
        assert [call for call in two.service.log if call.startswith(("COPY", "CLEAN"))] == []
        assert outcomes(report) == [("a", Outcome.NOT_STARTED), ("b", Outcome.NOT_STARTED)]
        assert (report.stopped, report.exit_code) == ("stopped by signal 15 before any job was begun", 143)
        assert report.lost == ()
        assert two.service.log == log
        assert two.ledger.plan_use(plan.plan_id) is PlanUse.UNUSED
    assert two.ledger.view().applied is None


def test_what_was_settled_before_somebody_asked_is_told(two: Apply) -> None:
    plan = two.plan()
    two.leave_open("a", A.fingerprint)
    two.leave_open("b", B.fingerprint)
    two.stop = Asking(idle=2)
    report = two.apply(plan)
    assert [each.job_id for each in report.recovered] == ["a"]
    assert two.service.log == ["GET a"] * 4
    assert report.exit_code == 143


def test_jobs_that_are_only_reported_are_not_told_as_not_started(two: Apply) -> None:
    two.file = replace(two.file, otherwise=Otherwise.REPORT)
    plan = two.plan()
    two.stop = Asking(idle=1)
    assert two.apply(plan).results == ()
    two.file = replace(two.file, otherwise=Otherwise.ARCHIVE)
    plan = two.plan()
    two.stop = Asking(idle=1)
    assert outcomes(two.apply(plan)) == [("a", Outcome.NOT_STARTED), ("b", Outcome.NOT_STARTED)]


def test_a_signal_at_a_job_ends_the_run_and_the_plan_stays_open(two: Apply) -> None:
    plan = two.plan()
    two.stop = Asking(signal=2)
    report = two.apply(plan)
    assert outcomes(report) == [("a", Outcome.NOT_STARTED), ("b", Outcome.NOT_STARTED)]
    assert report.exit_code == 130
    assert two.ledger.plan_use(plan.plan_id) is PlanUse.OPEN


def test_the_limits_of_the_run_are_heeded(two: Apply) -> None:
    plan = two.plan()
    two.copying.fails = {"a": NO_COPY}
    two.limits = Limits(most_failures=1)
    report = two.apply(plan)
    assert outcomes(report) == [("a", Outcome.FAILED), ("b", Outcome.NOT_STARTED)]
    assert report.stopped.startswith("a job failed, as many as --max-failures allows")


def test_a_clean_is_waited_for_as_long_as_its_looks_last(two: Apply) -> None:
    plan = two.plan()
    two.service.meets["CLEAN a 1"] = lambda: CleanAnswer.DONE
    report = two.apply(plan)
    assert outcomes(report) == [("a", Outcome.UNCONFIRMED), ("b", Outcome.NOT_STARTED)]
    assert two.pauses == [1.0, 2.0, 4.0]


# -- the ledger fails


class NotOpened(SqlLedger):
    """A ledger of which no run can be opened."""

    @contextmanager
    def open_run(self, operation: str, account: str, plan_id: str = "") -> Iterator[SqlRun]:
        if operation:
            raise LedgerError("it cannot be opened")
        with super().open_run(operation, account, plan_id) as run:
            yield run


class NotClosed(SqlLedger):
    """A ledger that does not take the end of a run."""

    @contextmanager
    def open_run(self, operation: str, account: str, plan_id: str = "") -> Iterator[SqlRun]:
        with super().open_run(operation, account, plan_id) as run:
            yield run
        raise LedgerError("the disk is full", hint="Make room.")


def test_a_ledger_that_cannot_be_had_ends_the_run(two: Apply) -> None:
    plan = two.plan()
    two.ledger.__class__ = NotOpened
    assert refusal(two, plan).message == "it cannot be opened"
    assert two.service.log == []


def test_a_run_whose_end_could_not_be_recorded_is_reported_and_says_so(two: Apply) -> None:
    plan = two.plan()
    two.ledger.__class__ = NotClosed
    report = two.apply(plan)
    assert outcomes(report) == [("a", Outcome.CLEANED), ("b", Outcome.CLEANED)]
    assert report.stopped == "the end of the run is not recorded: the disk is full Make room."
    assert report.exit_code == 1
    assert len(two.records.kept) == 1


def test_a_reason_to_stop_from_before_stands(two: Apply) -> None:
    plan = two.plan()
    two.ledger.__class__ = NotClosed
    two.stop = Asking(signal=2)
    report = two.apply(plan)
    assert report.stopped.startswith("stopped by signal 2;")
    assert report.exit_code == 130


# -- sizes


def test_what_is_left_is_measured_and_weighed_as_it_is_now(two: Apply) -> None:  # I7
    two.file = replace(two.file, limits=replace(two.file.limits, max_bytes=20))
    two.evidence = Evidence(sizes=Scales(10))
    plan = two.plan()
    assert [change.size for change in plan.changes] == [10, 10]
    two.evidence = Evidence(sizes=Scales(11))
    assert "clean.max_bytes" in refusal(two, plan).message
    two.evidence = Evidence(sizes=Scales(10))
    assert two.apply(plan).exit_code == 0


class NoDates:
    """Implements ports.TimesReader: a list that could not be read."""

    def result_dates(self) -> ResultDates:
        return ResultDates(dates={}, problems=("the list of projects could not be read",))


def test_evidence_that_could_not_be_had_is_noted(two: Apply) -> None:
    two.file = replace(two.file, trust=two.file.trust | {Source.CREATED_DATE})
    two.evidence = Evidence(times=NoDates())
    two.apply(two.plan())
    assert two.progress.noted == [
        "Note clock.trust: the list of projects could not be read; it dates no job, and what only a date would let go "
        "is held"
    ]


def test_a_lost_answer_counts_as_the_next_run_finds_it(two: Apply) -> None:
    plan = two.plan()
    taken = after(lambda: two.service.take_away(A.id), ServiceUnreachable("no answer"))
    two.service.meets.update(
        {"CLEAN a 1": taken, **{f"GET a {n}": fails(ServiceUnreachable("-")) for n in range(3, 9)}}
    )
    assert outcomes(two.apply(plan)) == [("a", Outcome.UNCONFIRMED), ("b", Outcome.NOT_STARTED)]
    two.service.meets.clear()
    two.clock.pass_by(timedelta(minutes=2))
    report = two.apply(plan)
    assert [each.outcome for each in report.recovered] == [Outcome.CLEANED]
    assert outcomes(report) == [("a", Outcome.CLEANED), ("b", Outcome.CLEANED)]
    assert two.ledger.plan_use(plan.plan_id) is PlanUse.SPENT
    assert two.clock.now() < NOON + DAY
    assert JobId("b") not in two.service.jobs
