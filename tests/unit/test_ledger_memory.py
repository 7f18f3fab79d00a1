"""What the ledger remembers for the decision: what was once seen, sizes, waiting, holds, imported times."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from reconciler.core.imports import ImportedRow, Judged
from reconciler.core.job import Job, JobId, JobStatus, JobType
from reconciler.core.memory import KnownJob, LedgerHold
from reconciler.core.protection import HoldChange, HoldStep
from reconciler.core.receipt import VerifiedReceipt
from reconciler.core.recording import DecisionRecord, KeptUntil, Wait
from reconciler.core.steps import Phase
from reconciler.errors import LedgerError
from reconciler.ledger.audit_check import check_audit
from reconciler.ledger.database import Database
from reconciler.ledger.run import SqlRun
from tests.support.ledger_values import HandMadeClock, changing, ledger_at, proof
from tests.support.values import DAY, NOON, inventory, job

A, B = JobId("a"), JobId("b")
HOUR = timedelta(hours=1)
DIGEST = "sha256:" + "d" * 64


class Ledger:
    """A ledger that is written to run by run."""

    def __init__(self, database: Database) -> None:
        self.clock = HandMadeClock()
        self.ledger = ledger_at(database, self.clock)

    def observe(self, *jobs: Job, after: timedelta = HOUR, sizes: dict[JobId, int] | None = None) -> None:
        self.clock.pass_by(after)
        with self.ledger.open_run("refresh", "acme") as run:
            run.record_observation(replace(inventory(*jobs, at=self.clock.now()), sizes=sizes or {}))

    def decide(self, *holds: HoldChange, waits: tuple[Wait, ...] = (), at: datetime = NOON) -> None:
        with self.ledger.open_run("refresh", "acme") as run:
            run.record_decision(DecisionRecord(at=at, waits=waits, holds=holds))

    def known(self, job_id: str = "a") -> KnownJob:
        return self.ledger.view().jobs[JobId(job_id)]

    def events(self) -> list[tuple[str, str, dict[str, str]]]:
        told = [(each.event, each.job_id, dict(each.facts)) for each in self.ledger.audit_events()]
        return [each for each in told if not each[0].startswith("run_")]


@pytest.fixture
def seen(database: Database) -> Ledger:
    return Ledger(database)


def named(name: str, project: str = "", job_type: JobType = JobType.RENDER) -> Job:
    return replace(job(job_type=job_type), name=name, project=project)


# -- what was once seen


def test_what_was_seen_is_remembered(seen: Ledger) -> None:
    seen.observe(named("promo", "p-1"))
    known = seen.known()
    assert (known.type, known.status, known.name, known.project) == (
        JobType.RENDER,
        JobStatus.COMPLETED,
        "promo",
        "p-1",
    )


def test_a_body_that_lacks_a_thing_does_not_blank_it_and_one_that_shows_another_replaces_it(seen: Ledger) -> None:
    seen.observe(named("promo", "p-1"))
    seen.observe(job(job_type=JobType.UNKNOWN, status=JobStatus.FAILED))
    known = seen.known()
    assert (known.type, known.name, known.project) == (JobType.RENDER, "promo", "p-1")
    assert known.status is JobStatus.FAILED
    seen.observe(named("other", "p-2"))
    assert (seen.known().name, seen.known().project) == ("other", "p-2")


def test_until_when_rules_keep_a_job_is_remembered_and_ends(seen: Ledger) -> None:
    seen.observe(job("a"), job("b"))
    with seen.ledger.open_run("refresh", "acme") as run:
        run.record_decision(DecisionRecord(at=NOON, waits=(), holds=(), kept=(KeptUntil(A, NOON + DAY),)))
    assert (seen.known("a").kept_until, seen.known("b").kept_until) == (NOON + DAY, None)
    with seen.ledger.open_run("refresh", "acme") as run:
        run.record_decision(DecisionRecord(at=NOON, waits=(), holds=(), kept=(KeptUntil(A, None),)))
    assert seen.known("a").kept_until is None


def test_a_type_once_known_is_never_replaced(seen: Ledger) -> None:
    seen.observe(job(job_type=JobType.UNKNOWN))
    seen.observe(job(job_type=JobType.PREVIEW))
    seen.observe(job(job_type=JobType.RENDER))
    assert seen.known().type is JobType.PREVIEW


def test_a_size_that_a_host_told_is_remembered_for_as_long_as_the_job_shows_the_same(seen: Ledger) -> None:
    seen.observe(job("a"), job("b"), sizes={A: 1200})
    assert (seen.known("a").size, seen.known("b").size) == (1200, None)
    seen.observe(job("a"), job("b"), sizes={B: 5})
    assert (seen.known("a").size, seen.known("b").size) == (1200, 5)
    seen.observe(job("a", assets=()), job("b"))
    assert (seen.known("a").size, seen.known("b").size) == (None, 5)


@pytest.mark.parametrize("is_first", [True, False])
def test_a_body_that_contradicts_itself_teaches_nothing(seen: Ledger, is_first: bool) -> None:  # I4
    if not is_first:
        seen.observe(job(job_type=JobType.UNKNOWN))
    seen.observe(replace(named("not-mine", "p-9"), contradictions=("its ids disagree",)))
    known = seen.known()
    assert (known.type, known.name, known.project) == (JobType.UNKNOWN, "", "")


@pytest.mark.parametrize("odd", ["half \ud83d", "zero \x00"])
def test_a_name_that_no_database_holds_is_not_known_rather_than_another(seen: Ledger, odd: str) -> None:  # I4
    seen.observe(named("promo"))
    seen.observe(named(odd))
    assert seen.known().name == ""


def test_when_the_list_was_last_recorded_and_since_when_a_job_may_exist(seen: Ledger) -> None:
    assert seen.ledger.view().last_observed is None
    seen.observe(job("a"))
    assert seen.known().missing_until is None, "of the first listing nothing is known"
    seen.observe(job("b"), job("a"))
    view = seen.ledger.view()
    assert view.last_observed == NOON + 2 * HOUR
    assert view.jobs[B].missing_until == NOON + HOUR
    seen.observe(job("b"), job("a"), after=-400 * DAY)
    assert seen.ledger.view().last_observed == NOON + 2 * HOUR, "a clock set back makes no observation older"  # I14


# -- sizes


def archive(run: SqlRun, fingerprint: str, at: datetime) -> None:
    run.append(A, Phase.BEGIN, fingerprint)
    run.record_archived(proof("a", fingerprint, at=at))


def sized(made: VerifiedReceipt, size: int) -> VerifiedReceipt:
    files = tuple(replace(file, size=size) for file in made.receipt.files)
    read_backs = tuple(replace(each, files=files) for each in made.read_backs)
    return replace(made, receipt=replace(made.receipt, files=files), read_backs=read_backs)


def test_the_size_is_that_of_the_archive_of_what_it_is_now(seen: Ledger) -> None:
    now, before = job(), job(status=JobStatus.FAILED)
    seen.observe(before)
    assert seen.known().size is None
    with seen.ledger.open_run("archive", "acme") as run:
        archive(run, before.fingerprint, NOON)
    assert seen.known().size == 9
    seen.observe(now)
    assert seen.known().size is None, "what was archived is another thing"
    with seen.ledger.open_run("archive", "acme") as run:
        archive(run, now.fingerprint, NOON + HOUR)
    assert seen.known().size == 9
    assert seen.known().archived == {before.fingerprint, now.fingerprint}
    with seen.ledger.open_run("archive", "acme") as run:
        run.append(A, Phase.BEGIN, before.fingerprint)
        run.record_archived(sized(proof("a", before.fingerprint, at=NOON + DAY), 700))
    assert seen.known().size == 9, "a newer archive of another thing says nothing"
    assert seen.known().archived_at == NOON + DAY


# -- waiting and holds


def hold(
    rule: str = "legal",
    *,
    owner: str = "legal",
    set_at: datetime = NOON,
    until: datetime | None = None,
    unkept_since: datetime | None = None,
) -> LedgerHold:
    return LedgerHold(rule=rule, owner=owner, reason="LEG-1", set_at=set_at, until=until, unkept_since=unkept_since)


def test_waiting_is_remembered_and_forgotten(seen: Ledger) -> None:
    seen.observe(job("b"), job("a"))
    seen.decide(waits=(Wait(A, NOON),))
    assert (seen.known("a").released_since, seen.known("b").released_since) == (NOON, None)
    seen.decide(waits=(Wait(A, None), Wait(B, NOON + HOUR)))
    assert (seen.known("a").released_since, seen.known("b").released_since) == (None, NOON + HOUR)


def test_a_hold_goes_through_its_steps_and_each_is_told(seen: Ledger) -> None:  # I10, I13
    seen.observe(job("a"))
    seen.decide(HoldChange(A, HoldStep.SET, hold()), HoldChange(A, HoldStep.SET, hold("press", until=NOON + DAY)))
    assert seen.known().holds == (hold(), hold("press", until=NOON + DAY))
    unkept = hold(unkept_since=NOON + HOUR)
    seen.decide(HoldChange(A, HoldStep.UNKEPT, unkept))
    assert seen.known().holds == (unkept, hold("press", until=NOON + DAY))
    seen.decide(HoldChange(A, HoldStep.CHANGED, hold(owner="press")))
    assert seen.known().holds[0] == hold(owner="press")
    seen.decide(HoldChange(A, HoldStep.LIFTED, hold()), HoldChange(A, HoldStep.ENDED, hold("press")), at=NOON + DAY)
    assert seen.known().holds == ()
    seen.decide(HoldChange(A, HoldStep.SET, hold(set_at=NOON + 2 * DAY)))
    assert seen.known().holds == (hold(set_at=NOON + 2 * DAY),), "an ended one stays on record, and counts no more"
    assert [(event, facts["rule"]) for event, _, facts in seen.events()] == [
        ("hold_set", "legal"),
        ("hold_set", "press"),
        ("hold_unkept", "legal"),
        ("hold_changed", "legal"),
        ("hold_lifted", "legal"),
        ("hold_ended", "press"),
        ("hold_set", "legal"),
    ]
    assert seen.events()[1][2]["until"] == "2026-03-02T12:00:00Z"
    check_audit(seen.ledger)


def test_a_decision_that_changes_nothing_writes_nothing(seen: Ledger) -> None:  # I9
    seen.observe(job("a"))
    seen.decide()
    assert seen.events() == []


# -- imported times


def imported(*rows: tuple[str, datetime], moved: tuple[tuple[str, datetime], ...] = ()) -> Judged:
    def made(pairs: tuple[tuple[str, datetime], ...]) -> tuple[ImportedRow, ...]:
        return tuple(ImportedRow(2, JobId(each), when) for each, when in pairs)

    return Judged(new=made(rows), moved=made(moved), same=0, not_seen=0, refused=())


def test_imported_times_are_remembered_also_of_jobs_never_seen_and_a_move_is_on_record(seen: Ledger) -> None:  # I10
    with seen.ledger.open_run("import-times", "acme") as run:
        run.record_times(imported(("a", NOON), ("never-seen", NOON)), "times.csv", DIGEST)
    assert seen.ledger.view().imported == {A: NOON, JobId("never-seen"): NOON}
    with seen.ledger.open_run("import-times", "acme") as run:
        run.record_times(imported(moved=(("a", NOON - DAY),)), "times.csv", DIGEST)
    assert seen.ledger.view().imported == {A: NOON - DAY, JobId("never-seen"): NOON}
    assert [facts["moved"] for event, _, facts in seen.events() if event == "times_imported"] == ["0", "1"]
    check_audit(seen.ledger)


# -- rows that nobody of ours wrote


@pytest.mark.parametrize(
    "broken",
    [
        "UPDATE job SET type = 'poem'",
        "UPDATE job SET first_seen = 'yesterday'",
        "INSERT INTO imported_time (job_id, made_at, imported_at, source, digest) VALUES ('a', '', '', '', '')",
    ],
)
def test_a_row_that_cannot_be_read_is_an_error(seen: Ledger, database: Database, broken: str) -> None:  # I4
    seen.observe(job("a"))
    with changing(database) as change:
        change(broken)
    with pytest.raises(LedgerError, match="holds what cannot be read"):
        seen.ledger.view()
