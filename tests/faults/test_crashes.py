"""SIGKILL, lost replies, signals and second runs: nothing lost, nothing cleaned unarchived, the next run carries on."""

import json
import random
import re
import signal
import sqlite3
import subprocess
import time

import pytest

from reconciler.core.steps import Phase, fold
from reconciler.ledger.reader import SqlLedgerReader
from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.ledger_values import reader_at
from tests.support.promise import a_minute_passes, check_promise, deletes, receipts
from tests.support.waiting import until
from tests.support.workplace import Workplace, kill_hard

A, B, C = job_id(1), job_id(2), job_id(3)


def ledger(workplace: Workplace) -> SqlLedgerReader:
    return reader_at(workplace.folder / "state" / "ledger.db")


def kill_at_clean(workplace: Workplace, emulator: EmulatorProcess) -> None:
    started = workplace.start("apply", "plan.json")
    until(lambda: deletes(emulator), "the first clean is on its way")
    kill_hard(started)


def test_a_clean_that_took_effect_before_the_kill_is_found_and_not_sent_again(
    three_planned: Workplace, emulator: EmulatorProcess
) -> None:  # I8
    emulator.fault("clean", "stall-after-commit", f"/{A}/")
    kill_at_clean(three_planned, emulator)
    a_minute_passes(three_planned)
    ended = three_planned.run("apply", "plan.json").expect(0)
    assert "Left open by an earlier run, settled now" in ended.out
    assert f"- {A}  already cleaned: run " in ended.out
    assert ended.last_line.startswith("Apply: 3 cleaned, 0 archived only, 0 skipped, 0 failed")
    assert len(deletes(emulator, A)) == 1
    assert emulator.cleaned() == {A, B, C}
    check_promise(three_planned, emulator)


def test_a_clean_that_did_not_arrive_before_the_kill_is_sent_once_more_under_the_same_plan(
    three_planned: Workplace, emulator: EmulatorProcess
) -> None:  # I8
    emulator.fault("clean", "stall", f"/{A}/")
    kill_at_clean(three_planned, emulator)
    a_minute_passes(three_planned)
    ended = three_planned.run("apply", "plan.json").expect(0)
    assert f"! {A}  failed: still completed: the clean of run " in ended.out
    assert len(deletes(emulator, A)) == 2
    assert emulator.cleaned() == {A, B, C}
    check_promise(three_planned, emulator)


def test_a_clean_that_takes_effect_late_is_waited_for_by_the_next_run_too(
    three_planned: Workplace, emulator: EmulatorProcess
) -> None:  # I8, I10
    emulator.clock(stands=True)
    emulator.switch(clean_takes_s=4)
    emulator.fault("clean", "stall-after-commit", f"/{A}/")
    kill_at_clean(three_planned, emulator)
    a_minute_passes(three_planned)
    emulator.clock(stands=False)
    ended = three_planned.run("apply", "plan.json").expect(0)
    assert f"- {A}  already cleaned: run " in ended.out
    assert len(deletes(emulator, A)) == 1
    check_promise(three_planned, emulator)


def test_killed_in_the_second_request_the_next_run_asks_and_sends_no_third(
    three_planned: Workplace, emulator: EmulatorProcess
) -> None:  # I8
    emulator.fault("clean", "reset stall-after-commit", f"/{A}/")
    started = three_planned.start("apply", "plan.json")
    until(lambda: len(deletes(emulator, A)) == 2, "the second request is on its way")
    kill_hard(started)
    a_minute_passes(three_planned)
    ended = three_planned.run("apply", "plan.json").expect(0)
    assert f"- {A}  already cleaned: run " in ended.out
    assert [len(deletes(emulator, job)) for job in (A, B, C)] == [2, 1, 1]
    check_promise(three_planned, emulator)


def test_a_dangling_clean_is_never_sent_again_without_a_plan_that_still_asks_for_it(
    three_planned: Workplace, emulator: EmulatorProcess
) -> None:  # I3, I8
    emulator.fault("clean", "stall", f"/{A}/")
    kill_at_clean(three_planned, emulator)
    a_minute_passes(three_planned)
    three_planned.write_desired(A, B, C)
    three_planned.run("plan", "--out", "plan.json").expect(0)
    three_planned.run("apply", "plan.json").expect(0)
    assert len(deletes(emulator)) == 1
    assert emulator.cleaned() == set()
    last = fold(ledger(three_planned).entries())
    assert {entry.job_id: entry.phase for entry in last.values()} == {A: Phase.NOT_CLEANED}


def test_killed_in_a_download_nothing_counts_as_archived_and_the_next_run_does_all(
    three_planned: Workplace, emulator: EmulatorProcess
) -> None:  # I8
    emulator.fault("asset", "ok ok stall", f"/{A}/")
    started = three_planned.start("apply", "plan.json")
    until(
        lambda: three_planned.files() and len([r for r in emulator.requests() if r["port"] == "asset"]) == 3,
        "a download",
    )
    kill_hard(started)
    assert [name for name in three_planned.files() if not name.startswith(".partial/")] == []
    assert three_planned.run("verify").expect(0).last_line == "Verify: 0 bags whole, 0 damaged, 0 missing."
    a_minute_passes(three_planned)
    three_planned.run("apply", "plan.json").expect(0)
    assert emulator.cleaned() == {A, B, C}
    assert len(deletes(emulator)) == 3
    check_promise(three_planned, emulator)


def was_killed_after(requests: int, workplace: Workplace, emulator: EmulatorProcess, *verb: str) -> bool:
    """Start a verb, `apply plan.json` unless another is named, and kill it after that many requests; False when it
    ended before."""
    goal = len(emulator.requests()) + requests
    started = workplace.start(*(verb or ("apply", "plan.json")))
    until(lambda: len(emulator.requests()) >= goal or started.poll() is not None, "some requests")
    is_running = started.poll() is None
    kill_hard(started)
    return is_running


def test_killed_ten_times_at_random_requests_every_job_ends_archived_and_cleaned(
    workplace: Workplace, emulator: EmulatorProcess
) -> None:  # I1, I7, I8, I9
    jobs = {emulator.put_job(job_id(number), bodies.render()) for number in range(1, 9)}
    workplace.write_desired("keep-me", max_jobs=len(jobs))
    workplace.plan()
    emulator.fault("asset", "drip*")
    chance, kills = random.Random(20261124), 0  # noqa: S311 - a draw that can be repeated
    for _ in range(10):
        kills += was_killed_after(chance.randint(2, 30), workplace, emulator)
        a_minute_passes(workplace)
        check_promise(workplace, emulator)
    emulator.clear_faults()
    ended = workplace.run("apply", "plan.json")
    assert ended.code in {0, 5}, ended.err  # 5: the last of the ten came to the end of the plan
    assert kills >= 5
    assert emulator.cleaned() == jobs
    check_promise(workplace, emulator)
    assert workplace.run("plan").expect(0).last_line.startswith("Plan: no changes.")


def test_an_archive_that_is_killed_again_and_again_ends_with_every_copy_and_cleans_nothing(
    workplace: Workplace, emulator: EmulatorProcess
) -> None:  # I1, I8
    jobs = {emulator.put_job(job_id(number), bodies.render()) for number in range(1, 9)}
    workplace.write_desired("keep-me")
    stores(workplace, "archive", "second")
    emulator.fault("asset", "drip*")
    kills = 0
    for asked in (7, 23, 4, 29, 15):
        kills += was_killed_after(asked, workplace, emulator, "archive", "--all")
        a_minute_passes(workplace)
        if (workplace.folder / "state" / "ledger.db").exists():
            check_promise(workplace, emulator)
    emulator.clear_faults()
    workplace.run("archive", "--all").expect(0)
    assert kills >= 3
    assert emulator.writes() == []
    kept = receipts(workplace)
    assert set(kept) == jobs
    assert {receipt.stores for receipt in kept.values()} == {("file:./archive", "file:./second")}
    assert bags(workplace, "second") == bags(workplace, "archive")
    check_promise(workplace, emulator)


# -- copies from store to store


def stores(workplace: Workplace, *folders: str) -> None:
    path = workplace.folder / "retention.yaml"
    listed = ", ".join(f"file:./{folder}" for folder in folders)
    path.write_text(re.sub(r"stores: \[.*\]", f"stores: [{listed}]", path.read_text()))


def bags(workplace: Workplace, store: str) -> dict[str, bytes]:
    names = (name for name in workplace.files(store) if name.startswith("jobs/"))
    return {name: (workplace.folder / store / name).read_bytes() for name in names}


@pytest.fixture
def cleaned(workplace: Workplace, emulator: EmulatorProcess) -> Workplace:
    """Twelve jobs that are no more, archived in one store; a second is added."""
    for number in range(12):
        emulator.put_job(job_id(number), bodies.render(), sizes={"VIDEO/film.mp4": 2_000_000})
    workplace.write_desired("keep-me")
    workplace.plan()
    workplace.run("apply", "plan.json").expect(0)
    stores(workplace, "archive", "second")
    return workplace


def in_both(workplace: Workplace) -> set[str]:
    """The jobs whose receipts name both stores."""
    return {job for job, receipt in receipts(workplace).items() if len(receipt.stores) == 2}


def all_are_in_both(workplace: Workplace, emulator: EmulatorProcess) -> None:
    workplace.run("archive").expect(0)
    assert in_both(workplace) == emulator.cleaned()
    assert bags(workplace, "second") == bags(workplace, "archive")
    check_promise(workplace, emulator)


def test_killed_again_and_again_between_two_stores_every_copy_is_made(
    cleaned: Workplace, emulator: EmulatorProcess
) -> None:  # I8
    seen = []
    for pause_s in (0.0, 0.01, 0.02, 0.04, 0.06, 0.09):
        started = cleaned.start("archive")
        assert started.stderr is not None
        line = started.stderr.readline()
        time.sleep(pause_s)
        kill_hard(started)
        a_minute_passes(cleaned)
        check_promise(cleaned, emulator)
        seen.append("copied to file:./second" in line)
    assert any(seen)
    all_are_in_both(cleaned, emulator)


def test_stopped_between_two_stores_the_report_tells_what_was_copied_and_what_was_not(
    cleaned: Workplace, emulator: EmulatorProcess
) -> None:  # I8
    started = cleaned.start("archive", "--json")
    assert started.stderr is not None
    assert "copied to file:./second" in started.stderr.readline()
    started.send_signal(signal.SIGTERM)
    out, _ = started.communicate(timeout=60)
    assert started.returncode == 143
    report = json.loads(out)
    outcomes = {result["job"]: result["outcome"] for result in report["results"]}
    assert set(outcomes) == emulator.cleaned()
    assert set(outcomes.values()) == {"archived", "not started"}
    assert {job for job, outcome in outcomes.items() if outcome == "archived"} == in_both(cleaned)
    assert "stopped by signal 15" in report["stopped"]
    all_are_in_both(cleaned, emulator)


def test_a_run_that_lost_its_lease_between_two_stores_tells_what_it_did(
    cleaned: Workplace, emulator: EmulatorProcess
) -> None:  # I3
    started = cleaned.start("archive", "--json")
    assert started.stderr is not None
    assert "copied to file:./second" in started.stderr.readline()
    with sqlite3.connect(cleaned.folder / "state" / "ledger.db") as database:
        database.execute("UPDATE lease SET epoch = epoch + 1, operation = 'apply', owner = 'somebody'")
    database.close()
    out, err = started.communicate(timeout=60)
    assert started.returncode == 7, err
    outcomes = [result["outcome"] for result in json.loads(out)["results"]]
    assert {"archived", "failed", "not started"} == set(outcomes)
    assert outcomes.count("archived") == len(in_both(cleaned))
    a_minute_passes(cleaned)
    all_are_in_both(cleaned, emulator)


# -- replies that are lost without a crash


def test_a_lost_reply_of_a_clean_that_worked_is_settled_by_asking(
    three_planned: Workplace, emulator: EmulatorProcess
) -> None:  # I8
    emulator.fault("clean", "reset-after-commit")
    three_planned.run("apply", "plan.json").expect(0)
    assert len(deletes(emulator)) == 3
    check_promise(three_planned, emulator)


def test_a_clean_that_did_not_arrive_is_sent_once_more_and_the_run_goes_on(
    three_planned: Workplace, emulator: EmulatorProcess
) -> None:  # I8
    emulator.fault("clean", "reset")
    ended = three_planned.run("apply", "plan.json").expect(0)
    assert f"- {A}  cleaned now, at the second request -> " in ended.out
    assert [len(deletes(emulator, job)) for job in (A, B, C)] == [2, 1, 1]
    assert emulator.cleaned() == {A, B, C}
    check_promise(three_planned, emulator)


def test_a_canary_that_cannot_be_confirmed_stops_the_run(three_planned: Workplace, emulator: EmulatorProcess) -> None:
    emulator.fault("clean", "reset*2")
    ended = three_planned.run("apply", "plan.json").expect(3)
    assert "the first clean could not be confirmed, so no other was sent" in ended.out
    assert ended.last_line == ("Apply: 0 cleaned, 0 archived only, 0 skipped, 0 failed, 1 unconfirmed, 2 not started.")
    assert len(deletes(emulator)) == 2
    three_planned.run("apply", "plan.json").expect(0)
    assert emulator.cleaned() == {A, B, C}


def test_a_refused_clean_leaves_its_job_and_is_told(three_planned: Workplace, emulator: EmulatorProcess) -> None:
    emulator.fault("clean", "refuse", f"/{B}/")
    ended = three_planned.run("apply", "plan.json").expect(3)
    assert f"! {B}  failed: archived, not cleaned: the service refused to clean it" in ended.out
    assert emulator.cleaned() == {A, C}
    check_promise(three_planned, emulator)


def test_a_clean_answered_with_not_found_is_believed_only_when_a_look_confirms_it(
    three_planned: Workplace, emulator: EmulatorProcess
) -> None:  # I10
    emulator.fault("clean", "gone", f"/{B}/")
    ended = three_planned.run("apply", "plan.json").expect(3)
    assert f"? {B}  unconfirmed" in ended.out
    assert emulator.cleaned() == {A, C}
    assert three_planned.run("audit", "verify").expect(0).out.count("2 cleans covered") == 1


def test_a_clean_answered_with_a_web_page_is_settled_by_asking(
    three_planned: Workplace, emulator: EmulatorProcess
) -> None:
    emulator.fault("clean", "html", f"/{B}/")
    ended = three_planned.run("apply", "plan.json").expect(3)
    assert f"? {B}  unconfirmed" in ended.out
    assert len(deletes(emulator)) == 3, "only a clean without an answer is sent twice"


# -- two runs at once, and a killed one's lease


def test_a_second_run_is_told_who_holds_the_ledger(three_planned: Workplace, emulator: EmulatorProcess) -> None:  # I3
    emulator.fault("asset", "stall", f"/{A}/")
    started = three_planned.start("apply", "plan.json")
    until(lambda: [r for r in emulator.requests() if r["port"] == "asset"], "the first download")
    for verb in (("apply", "plan.json"), ("refresh",)):
        ended = three_planned.run(*verb).expect(7)
        assert "another run holds the ledger: apply by " in ended.err
    three_planned.run("plan").expect(0)  # a reader never waits
    kill_hard(started)
    ended = three_planned.run("apply", "plan.json").expect(7)
    assert "if it is dead, its lease runs out by itself" in ended.err
    assert emulator.writes() == []


# -- signals


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_signal_lets_the_job_in_hand_finish(
    three_planned: Workplace, emulator: EmulatorProcess, number: signal.Signals, code: int
) -> None:
    emulator.fault("asset", "drip*", f"/{A}/")
    started = three_planned.start("apply", "plan.json", "--json")
    until(lambda: [r for r in emulator.requests() if r["port"] == "asset"], "the first download")
    started.send_signal(number)
    out, err = started.communicate(timeout=60)
    assert started.returncode == code, err
    report = json.loads(out)
    assert [result["outcome"] for result in report["results"]] == ["cleaned", "not started", "not started"]
    assert emulator.cleaned() == {A}
    three_planned.run("apply", "plan.json").expect(0)
    assert emulator.cleaned() == {A, B, C}
    check_promise(three_planned, emulator)


def test_the_second_signal_stops_at_once_and_the_next_run_carries_on(
    three_planned: Workplace, emulator: EmulatorProcess
) -> None:
    emulator.fault("asset", "stall", f"/{A}/")
    started = three_planned.start("apply", "plan.json")
    until(lambda: [r for r in emulator.requests() if r["port"] == "asset"], "the first download")
    started.send_signal(signal.SIGINT)
    assert started.stderr is not None
    assert "once more to stop now" in started.stderr.readline()
    started.send_signal(signal.SIGINT)
    assert wait(started) == 130
    assert emulator.writes() == []
    assert [name for name in three_planned.files() if not name.startswith(".partial/")] == []
    three_planned.run("apply", "plan.json").expect(0)
    check_promise(three_planned, emulator)


def wait(started: "subprocess.Popen[str]") -> int:
    started.communicate(timeout=30)
    return started.returncode
