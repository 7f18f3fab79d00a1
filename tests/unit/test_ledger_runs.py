"""One run's right to write: the lease, its epoch, and what each write adds (I8, I10)."""

import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.core.job import JobId
from reconciler.core.steps import Phase
from reconciler.engine.ports import PlanUse
from reconciler.errors import GuardRefused, LedgerError, LockedByAnotherRun
from reconciler.ledger.audit_check import check_audit
from reconciler.ledger.database import Database
from reconciler.ledger.opening import database_at
from reconciler.ledger.run import SqlRun
from tests.support.ledger_values import FINGERPRINT, HandMadeClock, ledger_at, proof, reader_at
from tests.support.values import inventory, job

A, B = JobId("a"), JobId("b")
MINUTE = timedelta(minutes=1)
PLAN = "sha256:" + "5" * 64


@pytest.fixture
def clock() -> HandMadeClock:
    return HandMadeClock()


def phases(database: Database) -> list[tuple[str, Phase]]:
    return [(entry.job_id, entry.phase) for entry in reader_at(database).entries()]


def events(database: Database) -> list[str]:
    return [event.event for event in reader_at(database).audit_events()]


def test_a_job_s_way_out_is_written_step_by_step_with_its_events(
    database: Database, clock: HandMadeClock
) -> None:  # I10
    with ledger_at(database, clock).open_run("apply", "acme", PLAN) as run:
        run.record_observation(inventory(job("a")))
        run.append(A, Phase.BEGIN, FINGERPRINT)
        run.record_archived(proof())
        run.append(A, Phase.CLEANING, FINGERPRINT)
        run.record_cleaned(A, FINGERPRINT, "cleaned now")
    assert [phase for _, phase in phases(database)] == [Phase.BEGIN, Phase.ARCHIVED, Phase.CLEANING, Phase.CLEANED]
    assert events(database) == ["run_started", "archived", "cleaned", "run_finished"]
    reader = reader_at(database)
    view = reader.view()
    assert view.jobs[A].left
    assert view.jobs[A].archived == {FINGERPRINT}
    assert reader.receipts() == (proof().receipt,)
    facts = [dict(event.facts) for event in reader.audit_events()]
    assert facts[0]["plan"] == PLAN
    assert (facts[2]["how"], facts[3]["outcome"]) == ("cleaned now", "done")


@pytest.mark.parametrize("phase", [Phase.ARCHIVED, Phase.CLEANED])
def test_an_archive_or_a_clean_is_never_written_without_what_proves_it(
    database: Database, clock: HandMadeClock, phase: Phase
) -> None:  # I1, I10
    with (
        ledger_at(database, clock).open_run("apply", "acme") as run,
        pytest.raises(LedgerError, match="is recorded with its receipt and audit event, not alone"),
    ):
        run.append(A, phase, FINGERPRINT)
    assert phases(database) == []


@pytest.mark.parametrize(
    "write",
    [
        lambda run: run.append(A, Phase.CLEANING, FINGERPRINT),
        lambda run: run.append(A, Phase.NOT_CLEANED, FINGERPRINT),
        lambda run: run.record_archived(proof()),
        lambda run: run.record_cleaned(A, FINGERPRINT, "gone"),
    ],
)
def test_a_step_that_may_not_follow_is_refused_and_nothing_of_it_is_written(
    database: Database, clock: HandMadeClock, write: Callable[[SqlRun], None]
) -> None:  # I1
    with (
        ledger_at(database, clock).open_run("apply", "acme") as run,
        pytest.raises(LedgerError, match="may not follow"),
    ):
        write(run)
    assert phases(database) == []
    assert events(database) == ["run_started", "run_finished"]
    assert reader_at(database).receipts() == ()


def test_what_a_run_ends_with_is_told_also_when_it_fails(database: Database, clock: HandMadeClock) -> None:
    ledger = ledger_at(database, clock)
    for error in (LedgerError("x"), ZeroDivisionError(), KeyboardInterrupt()):
        with pytest.raises(type(error)), ledger.open_run("apply", "acme"):
            raise error
    outcomes = [dict(e.facts)["outcome"] for e in ledger.audit_events() if e.event == "run_finished"]
    assert outcomes == ["refused: LedgerError", "bug: ZeroDivisionError", "interrupted"]
    assert ledger.unclosed_runs() == frozenset()


def test_another_account_s_ledger_is_refused_and_tells_of_that_alone(
    database: Database, clock: HandMadeClock
) -> None:  # I3
    ledger = ledger_at(database, clock)
    with ledger.open_run("refresh", "acme"):
        pass
    before = events(database)
    with (
        pytest.raises(GuardRefused, match="the ledger belongs to account acme, the file says rival"),
        ledger.open_run("apply", "rival"),
    ):
        pytest.fail("no run is opened")
    assert (events(database), ledger.view().account) == ([*before, "refused"], "acme")
    with ledger.open_run("refresh", "acme"):  # the refused one took no lease
        pass


def test_a_run_that_finds_another_one_going_on_tells_of_it_and_is_in_nobody_s_way(
    database: Database, clock: HandMadeClock
) -> None:  # I10
    ledger = ledger_at(database, clock)
    with ledger.open_run("apply", "acme") as run:
        with pytest.raises(LockedByAnotherRun), ledger_at(database, clock).open_run("refresh", "acme"):
            pytest.fail("no second run is opened")
        run.append(A, Phase.BEGIN, FINGERPRINT)
        run.record_archived(proof("a"))
    assert events(database) == ["run_started", "refused", "archived", "run_finished"]
    refused = dict(list(ledger.audit_events())[1].facts)
    assert (refused["operation"], refused["error"], refused["code"]) == ("refresh", "LockedByAnotherRun", "7")
    assert "apply by a test" in refused["why"]
    assert check_audit(ledger).events == 4


def test_text_that_no_database_holds_is_written_escaped(database: Database, clock: HandMadeClock) -> None:  # I12
    with ledger_at(database, clock).open_run("apply", "acme") as run:
        run.append(A, Phase.BEGIN, FINGERPRINT)
        run.append(A, Phase.ABANDONED, FINGERPRINT, "half \ud83d and zero \x00")
    assert [entry.detail for entry in reader_at(database).entries()] == ["", "half \\ud83d and zero \\x00"]


# -- plans


def test_a_plan_is_open_until_it_is_spent_and_then_for_ever(database: Database, clock: HandMadeClock) -> None:  # I3
    ledger = ledger_at(database, clock)
    assert ledger.plan_use(PLAN) is PlanUse.UNUSED
    with ledger.open_run("apply", "acme", PLAN) as run:
        run.use_plan(PLAN)
    assert ledger.plan_use(PLAN) is PlanUse.OPEN
    with ledger.open_run("apply", "acme", PLAN) as run:
        run.use_plan(PLAN)
        run.spend_plan(PLAN)
    assert ledger.plan_use(PLAN) is PlanUse.SPENT
    with ledger.open_run("apply", "acme", PLAN) as run, pytest.raises(LedgerError, match="cannot be opened again"):
        run.use_plan(PLAN)
    assert ledger.plan_use("sha256:other") is PlanUse.UNUSED


# -- the lease


def test_a_second_run_is_refused_while_the_first_one_holds(database: Database, clock: HandMadeClock) -> None:  # I3
    ledger = ledger_at(database, clock)
    with ledger.open_run("apply", "acme"):
        clock.pass_by(MINUTE / 2)
        with pytest.raises(LockedByAnotherRun) as refused, ledger.open_run("refresh", "acme"):
            pytest.fail("no run is opened")
    assert "another run holds the ledger: apply by a test, for 30 s now; its lease (lease-" in refused.value.message
    assert "ends in 30 s unless it goes on" in refused.value.message
    assert "reconciler unlock lease-" in refused.value.hint


def test_a_lease_that_ran_out_is_taken_over_and_not_a_moment_before(database: Database, clock: HandMadeClock) -> None:
    ledger = ledger_at(database, clock)
    first = ledger.open_run("apply", "acme")
    first.__enter__()
    clock.pass_by(MINUTE - timedelta(milliseconds=1))
    with pytest.raises(LockedByAnotherRun), ledger.open_run("apply", "acme"):
        pytest.fail("no run is opened")
    clock.pass_by(timedelta(milliseconds=1))
    with ledger.open_run("apply", "acme"):
        pass
    first.__exit__(None, None, None)


WRITES: dict[str, Callable[[SqlRun], None]] = {
    "append": lambda run: run.append(A, Phase.BEGIN, FINGERPRINT),
    "record_observation": lambda run: run.record_observation(inventory(job("z"))),
    "record_archived": lambda run: run.record_archived(proof("b")),
    "record_cleaned": lambda run: run.record_cleaned(B, FINGERPRINT, "gone"),
    "use_plan": lambda run: run.use_plan(PLAN),
    "spend_plan": lambda run: run.spend_plan(PLAN),
    "check_lease": lambda run: run.check_lease(0),
}


@pytest.mark.parametrize("since", ["another holds it", "another held it", "it only ran out"])
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_a_run_that_slept_too_long_writes_nothing_more(
    database: Database, clock: HandMadeClock, write: Callable[[SqlRun], None], since: str
) -> None:  # I8
    ledger = ledger_at(database, clock)
    with ExitStack() as runs:
        sleeper = runs.enter_context(ledger.open_run("apply", "acme"))
        sleeper.append(B, Phase.BEGIN, FINGERPRINT)
        clock.pass_by(2 * MINUTE)
        if since == "another holds it":
            runs.enter_context(ledger.open_run("apply", "acme"))
        elif since == "another held it":
            with ledger.open_run("apply", "acme"):
                pass
        before = (phases(database), ledger.view().jobs, ledger.plan_use(PLAN), ledger.receipts())
        with pytest.raises(LockedByAnotherRun, match="it stopped before writing"):
            write(sleeper)
        assert (phases(database), ledger.view().jobs, ledger.plan_use(PLAN), ledger.receipts()) == before


def test_a_clean_needs_a_lease_that_outlasts_it(database: Database, clock: HandMadeClock) -> None:  # I8
    with ledger_at(database, clock).open_run("apply", "acme") as run:
        run.check_lease(59.9)
        with pytest.raises(LockedByAnotherRun, match=r"ends in 60.0 s, 60 s are needed"):
            run.check_lease(60)
        clock.pass_by(MINUTE / 2)
        run.check_lease(29.9)
        with pytest.raises(LockedByAnotherRun):
            run.check_lease(30.1)
        with pytest.raises(LockedByAnotherRun):
            run.append(A, Phase.BEGIN, FINGERPRINT, outlasting_s=30.1)
        assert phases(database) == [], "nothing was added"
        run.append(A, Phase.BEGIN, FINGERPRINT, outlasting_s=29.9)


def test_a_late_end_does_not_free_the_next_one_s_lease(database: Database, clock: HandMadeClock) -> None:
    ledger = ledger_at(database, clock)
    sleeper = ledger.open_run("apply", "acme")
    sleeper.__enter__()
    clock.pass_by(2 * MINUTE)
    with ledger.open_run("apply", "acme") as holder:
        sleeper.__exit__(None, None, None)
        holder.append(A, Phase.BEGIN, FINGERPRINT)
        with pytest.raises(LockedByAnotherRun), ledger.open_run("refresh", "acme"):
            pytest.fail("no run is opened")


def test_a_clock_set_back_makes_a_lease_no_longer_than_it_says(database: Database, clock: HandMadeClock) -> None:  # I14
    ledger = ledger_at(database, clock)
    with ledger.open_run("apply", "acme"):
        pass
    clock.pass_by(-60 * MINUTE)
    with ledger.open_run("apply", "acme") as run:
        run.append(A, Phase.BEGIN, FINGERPRINT)


def test_the_heartbeat_keeps_a_long_run_alive(database: Database) -> None:
    import time

    from reconciler.clock import SystemClock
    from reconciler.ledger.run_rows import Who
    from reconciler.ledger.writer import SqlLedger

    ledger = SqlLedger(database, clock=SystemClock(), who=Who.of("a test", "a test"), lease_s=3)
    with ledger.open_run("apply", "acme") as run:
        time.sleep(4)  # longer than the lease; short leases would tell of a slow machine instead
        run.append(A, Phase.BEGIN, FINGERPRINT)


CONTENDER = """
import sys, time
from pathlib import Path
from reconciler.clock import SystemClock
from reconciler.core.steps import Phase
from reconciler.errors import LockedByAnotherRun
from reconciler.ledger.opening import database_at
from reconciler.ledger.run_rows import Who
from reconciler.ledger.writer import SqlLedger
log = Path(sys.argv[2])
ledger = SqlLedger(database_at(sys.argv[1]), clock=SystemClock(), lease_s=60, who=Who.of(sys.argv[3], "a test"))
won = 0
for _ in range(400):
    try:
        with ledger.open_run("apply", "acme") as run:
            with log.open("a") as file:
                file.write(f"in {sys.argv[3]}\\n")
            run.append("job-" + sys.argv[3], Phase.BEGIN, "f")
            time.sleep(0.01)
            with log.open("a") as file:
                file.write(f"out {sys.argv[3]}\\n")
        won += 1
        if won == 3:
            break
    except LockedByAnotherRun:
        time.sleep(0.02)
sys.exit(0 if won == 3 else 1)
"""


def test_among_many_processes_one_holds_at_a_time_and_each_comes_in(address: str, tmp_path: Path) -> None:  # I3
    log = tmp_path / "log"
    started = [
        subprocess.Popen([sys.executable, "-c", CONTENDER, address, str(log), str(number)]) for number in range(5)
    ]
    assert [each.wait(timeout=120) for each in started] == [0] * 5
    lines = log.read_text().splitlines()
    assert len(lines) == 30
    assert all(one.split()[1] == other.split()[1] for one, other in zip(lines[::2], lines[1::2], strict=True))
    assert len(phases(database_at(address))) == 15


def test_many_threads_of_one_run_write_one_after_the_other(database: Database, clock: HandMadeClock) -> None:
    with ledger_at(database, clock).open_run("apply", "acme") as run:

        def work(number: int) -> None:
            for step in range(5):
                run.append(JobId(f"{number}-{step}"), Phase.BEGIN, FINGERPRINT)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(set(phases(database))) == 40
