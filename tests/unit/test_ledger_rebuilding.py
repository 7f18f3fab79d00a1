"""A ledger made anew from the stores: what comes back, what does not, and that it is whole or not there at all."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from sqlalchemy import Connection

from reconciler.archive.memory import StoresMemory
from reconciler.core.applied import AppliedFile, AppliedRule
from reconciler.core.approvals import NO_APPROVALS
from reconciler.core.audit import AuditEvent
from reconciler.core.desired import Limits
from reconciler.core.job import JobId
from reconciler.core.protection import HoldChange, HoldStep
from reconciler.core.recording import DecisionRecord
from reconciler.core.segments import REBUILT
from reconciler.core.steps import Phase, fold
from reconciler.engine.ports import Approved, PlanUse, Run
from reconciler.engine.rebuilding import rebuild
from reconciler.engine.right_account import refuse_other_key, remember_key
from reconciler.engine.segments import held_by_stores
from reconciler.errors import GuardRefused, LedgerError, LockedByAnotherRun, UsageRefused
from reconciler.ledger.audit_check import check_audit
from reconciler.ledger.checking import check_ledger
from reconciler.ledger.database import Database
from reconciler.ledger.rebuilt_holds import RULE
from reconciler.ledger.sqlite import SqliteDatabase
from tests.support.ledger_values import FINGERPRINT, HandMadeClock, OneKey, ledger_at, reader_at
from tests.support.lost_ledgers import ADDRESSES, Archived, new_ledger
from tests.support.values import NOON, by_id, inventory, job

DONE, PART = "sha256:" + "1" * 64, "sha256:" + "2" * 64
A, B, C = (JobId(each) for each in "abc")


def hold(step: HoldStep, job_id: JobId, rule: str = "legal") -> Callable[[Run], None]:
    from reconciler.core.memory import LedgerHold

    change = HoldChange(job_id, step, LedgerHold(rule=rule, owner="legal", reason="a case", set_at=NOON))
    return lambda run: run.record_decision(DecisionRecord(at=NOON, waits=(), holds=(change,)))


@pytest.fixture
def lost(tmp_path: Path) -> Archived:
    """Two applies and a refresh between them; one of their plans is done, one is not."""
    old = Archived(tmp_path / "old.db", tmp_path)

    def observe(run: Run) -> None:
        run.record_observation(inventory(job("c"), job("b"), job("a"), at=NOON))

    def done(run: Run) -> None:
        run.use_plan(DONE)
        old.clean(run, "a")
        run.spend_plan(DONE)

    old.run("refresh", observe, is_recorded=False)
    old.run("refresh", hold(HoldStep.SET, C), is_recorded=False)
    old.run("apply", done, DONE)
    old.run("refresh", hold(HoldStep.SET, B, "until-may"), is_recorded=False)
    old.run("refresh", hold(HoldStep.LIFTED, B, "until-may"), is_recorded=False)

    def unconfirmed(run: Run) -> None:
        run.use_plan(PART)
        old.archive(run, "b")
        run.append(B, Phase.CLEANING, FINGERPRINT)
        run.append(B, Phase.NOT_CLEANED, FINGERPRINT, "refused")

    old.run("apply", unconfirmed, PART)
    return old


def events(place: Path | Database) -> list[AuditEvent]:
    return list(reader_at(place).audit_events())


def test_what_the_stores_have_comes_back(lost: Archived, database: Database) -> None:  # I8, I10
    made = lost.made_anew(database)
    old, new = reader_at(lost.place), reader_at(database)
    assert made.salvage.problems == ()
    before, after = list(old.audit_events()), list(new.audit_events())
    assert after[: len(before)] == before
    assert [event.event for event in after[len(before) :]] == ["run_started", REBUILT, "run_finished"]
    assert set(new.receipts()) == set(old.receipts())
    ends = {job_id: (entry.phase, entry.fingerprint) for job_id, entry in fold(old.entries()).items()}
    assert {job_id: (entry.phase, entry.fingerprint) for job_id, entry in fold(new.entries()).items()} == ends
    assert (new.plan_use(DONE), new.plan_use("sha256:" + "9" * 64)) == (PlanUse.SPENT, PlanUse.UNUSED)
    assert new.view().account == "acme"
    assert new.unclosed_runs() == frozenset()
    assert check_audit(new).cleans == 1
    assert check_ledger(database) == ()
    assert held_by_stores(StoresMemory(lost.stores), new)[1] == ()


def test_holds_come_back_when_a_list_is_recorded_and_every_job_is_held_with_them(
    lost: Archived, database: Database
) -> None:  # I13
    assert lost.made_anew(database).holds == 1
    assert reader_at(database).view().jobs == {}, "no job is made up"
    with ledger_at(database, lost.clock).open_run("refresh", "acme") as run:
        run.record_observation(inventory(job("c"), job("b"), at=NOON))
    holds = {job_id: {each.rule for each in known.holds} for job_id, known in reader_at(database).view().jobs.items()}
    assert holds == {B: {RULE}, C: {"legal", RULE}}, "what was lifted stays lifted"
    with ledger_at(database, lost.clock).open_run("refresh", "acme") as run:
        run.record_observation(inventory(job("new"), job("c"), job("b"), at=NOON))
    assert reader_at(database).view().jobs[JobId("new")].holds == (), "what comes later was never protected"
    assert check_ledger(database) == ()


def test_an_ordinary_new_ledger_holds_nothing_for_that(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with ledger_at(path).open_run("refresh", "acme") as run:
        run.record_observation(inventory(job("a"), at=NOON))
    assert reader_at(path).view().jobs[A].holds == ()


def test_the_chain_goes_on_in_the_stores(lost: Archived, tmp_path: Path) -> None:  # I10
    lost.made_anew(tmp_path / "new.db")
    again = replace(lost, place=tmp_path / "new.db")
    again.run("apply", lambda run: again.archive(run, "c"), "sha256:" + "3" * 64)
    joined, problems = held_by_stores(StoresMemory(lost.stores), reader_at(again.place))
    assert problems == ()
    assert len(joined.chain) == len(events(again.place))
    twice = again.made_anew(tmp_path / "newer.db")
    assert events(tmp_path / "newer.db")[: len(joined.chain)] == list(joined.chain)
    assert twice.salvage.problems == ()
    assert check_ledger(SqliteDatabase(tmp_path / "newer.db")) == ()


def test_what_one_store_lacks_comes_from_another(lost: Archived, tmp_path: Path) -> None:
    first, second = lost.records(0)
    first.unlink()
    lost.records(1)[1].unlink()
    made = lost.made_anew(tmp_path / "new.db")
    assert events(tmp_path / "new.db")[:-3] == events(lost.place)
    assert any(each.startswith("file:./one lacks ") for each in made.salvage.problems)
    assert second.exists()


def test_behind_a_gap_only_what_holds_is_believed(lost: Archived, tmp_path: Path) -> None:  # I13
    lost.run("refresh", hold(HoldStep.SET, A, "late"), is_recorded=False)
    lost.run("refresh", hold(HoldStep.LIFTED, C), is_recorded=False)
    lost.run("archive", lambda _run: None)
    for store in (0, 1):
        lost.records(store)[1].unlink()
    made = lost.made_anew(tmp_path / "new.db")
    kept = len(json.loads(lost.records(0)[0].read_bytes())["audit"])
    assert len(made.salvage.chain) == kept
    assert made.salvage.apart
    assert made.holds == 2, "the lifting of the one is behind the gap, as is the setting of the other"
    assert any("cannot be reached" in each for each in made.salvage.problems)
    assert check_ledger(SqliteDatabase(tmp_path / "new.db")) == ()
    joined, problems = held_by_stores(StoresMemory(lost.stores), reader_at(tmp_path / "new.db"))
    assert (len(joined.chain), len(problems)) == (kept, 1), "the rebuilt ledger's own events are in no store yet"
    again = replace(lost, place=tmp_path / "new.db")
    again.run("archive", lambda _run: None)
    assert held_by_stores(StoresMemory(lost.stores), reader_at(again.place))[1] == (), "what it left out, it told"


def test_an_edited_record_and_a_foreign_receipt_are_told_and_not_taken(lost: Archived, tmp_path: Path) -> None:  # I12
    for store in (0, 1):
        record = lost.records(store)[1]
        record.write_bytes(record.read_bytes().replace(b"refused", b"granted"))
        outside = json.loads(lost.receipts("b")[store].read_bytes())
        outside["predicate"]["bag"] = "../../elsewhere"
        lost.receipts("b")[store].write_text(json.dumps(outside))
    (tmp_path / "one" / "runs" / "odd.json").write_text("[]")
    made = lost.made_anew(tmp_path / "new.db")
    assert {str(receipt.job_id) for receipt in made.salvage.receipts} == {"a"}
    for part in ("odd.json: not a record of ours", "was changed after it was written", "of another job or other facts"):
        assert any(part in each for each in made.salvage.problems), part
    assert check_ledger(SqliteDatabase(tmp_path / "new.db")) == ()


def test_a_receipt_without_its_bag_is_no_archive(lost: Archived, tmp_path: Path) -> None:  # I1
    for store in ADDRESSES:
        (tmp_path / store[7:] / "jobs" / "b" / FINGERPRINT[7:19]).rmdir()
    made = lost.made_anew(tmp_path / "new.db")
    assert {str(receipt.job_id) for receipt in made.salvage.receipts} == {"a"}


# -- what guards go by


FILE = AppliedFile(digest="sha256:" + "f" * 64, applied_at=NOON, rules=(AppliedRule(by_id("a"), 1),))


def applies(file: AppliedFile = FILE) -> Callable[[Run], None]:
    limits = Limits(max_jobs=9, max_share=Fraction(1), max_bytes=None)
    return lambda run: run.record_approved(Approved(file=file, rules=None, approvals=NO_APPROVALS, limits=limits))


def applied(database: Database) -> AppliedFile | None:
    return reader_at(database).view().applied


def test_of_the_file_that_was_applied_last_the_digest_comes_back(lost: Archived, database: Database) -> None:  # I13
    lost.run("apply", applies(replace(FILE, digest="sha256:" + "e" * 64)))
    lost.run("apply", applies())
    lost.made_anew(database)
    assert applied(database) == replace(FILE, rules=(), is_known=False)
    assert check_ledger(database) == ()
    with ledger_at(database, lost.clock).open_run("apply", "acme") as run:
        applies()(run)
    assert applied(database) == FILE, "once it was applied again, its rules are known"


def test_that_it_was_lost_is_no_secret_where_records_do_not_say_which_it_was(
    lost: Archived, database: Database
) -> None:  # I13
    """They are of versions that did not tell, and a clean says that there was one."""
    lost.made_anew(database)
    unknown = applied(database)
    assert unknown is not None
    assert (unknown.digest, unknown.rules, unknown.is_known) == ("", (), False)


def test_behind_a_gap_another_file_may_have_been_applied(lost: Archived, database: Database) -> None:  # I13
    lost.run("apply", applies())
    lost.run("refresh", hold(HoldStep.SET, A, "late"))
    lost.run("apply", applies(replace(FILE, digest="sha256:" + "e" * 64)))
    for store in (0, 1):
        lost.records(store)[3].unlink()
    made = lost.made_anew(database)
    assert any(dict(event.facts).get("digest") == FILE.digest for event in made.salvage.chain)
    assert getattr(applied(database), "digest", None) == ""


def test_of_receipts_alone_nobody_knows_whether_there_was_one(lost: Archived, database: Database) -> None:  # I13
    for record in (*lost.records(0), *lost.records(1)):
        record.unlink()
    lost.made_anew(database)
    assert getattr(applied(database), "digest", None) == ""


def test_an_archive_that_was_never_applied_to_has_none(tmp_path: Path, database: Database) -> None:
    old = Archived(tmp_path / "old.db", tmp_path)
    old.run("archive", lambda run: old.archive(run, "a"))
    old.made_anew(database)
    assert applied(database) is None


def test_a_key_is_taken_with_a_word_alone(lost: Archived, database: Database) -> None:  # I3
    lost.run("refresh", lambda run: remember_key(ledger_at(lost.place), run, OneKey("right")))
    lost.made_anew(database)
    ledger = ledger_at(database, lost.clock)
    assert ledger.binding().rebuilt_at == NOON
    with pytest.raises(GuardRefused, match="refresh --accept-new-key"):
        refuse_other_key(ledger.binding(), OneKey("right"))
    with ledger.open_run("refresh", "acme") as run:
        remember_key(ledger, run, OneKey("right"))
    refuse_other_key(ledger.binding(), OneKey("right"))
    with pytest.raises(GuardRefused, match="never seen with account acme"):
        refuse_other_key(ledger.binding(), OneKey("wrong"))
    assert [event.event for event in events(database) if event.event.startswith("key_")] == [
        "key_bound",
        "key_accepted",
    ]


def test_a_ledger_that_was_made_anew_twice_knows_the_last_time(lost: Archived, tmp_path: Path) -> None:
    lost.made_anew(tmp_path / "new.db")
    again = replace(lost, place=tmp_path / "new.db")
    again.clock.pass_by(timedelta(days=2))
    again.run("archive", lambda _run: None)
    again.made_anew(tmp_path / "newer.db")
    assert ledger_at(tmp_path / "newer.db").binding().rebuilt_at == NOON + timedelta(days=2)


# -- never over another, whole or not at all


def test_a_ledger_is_never_made_over_another(lost: Archived, database: Database) -> None:
    with ledger_at(database).open_run("refresh", "acme"):
        pass
    before = events(database)
    with pytest.raises(LedgerError, match="there is a ledger already"):
        lost.made_anew(database)
    with pytest.raises(LedgerError, match="there is a ledger already"):
        database.make(lambda _connection: pytest.fail("nothing is put into it"))
    assert events(database) == before


@pytest.mark.parametrize("left", ["-wal", "-journal"])
def test_what_is_left_of_a_lost_database_is_in_the_way(lost: Archived, tmp_path: Path, left: str) -> None:
    (tmp_path / f"new.db{left}").write_bytes(b"what another database was about to write")
    with pytest.raises(LedgerError, match="or what is left of one"):
        lost.made_anew(tmp_path / "new.db")
    assert not (tmp_path / "new.db").exists()


def test_one_that_fails_in_the_middle_leaves_nothing(lost: Archived, database: Database) -> None:  # I8
    def half(connection: Connection) -> None:
        connection.exec_driver_sql("INSERT INTO account (name, lineage, bound_at) VALUES ('half', 'x', 'y')")
        raise OSError(5, "the power went")

    with pytest.raises((LedgerError, OSError)):
        database.make(half)
    assert not database.is_there()
    lost.made_anew(database)
    assert reader_at(database).view().account == "acme"


def test_one_that_is_killed_in_the_middle_leaves_nothing(lost: Archived, tmp_path: Path) -> None:  # I8
    dying = (
        "import os, pathlib\nfrom reconciler.ledger.sqlite import SqliteDatabase\n"
        "SqliteDatabase(pathlib.Path('new.db')).make(lambda _connection: os._exit(9))\n"
    )
    ended = subprocess.run([sys.executable, "-c", dying], cwd=tmp_path, check=False, env=dict(os.environ))
    assert ended.returncode == 9
    assert not (tmp_path / "new.db").exists()
    lost.made_anew(tmp_path / "new.db")


def test_no_later_run_is_taken_for_an_older_one(lost: Archived, database: Database) -> None:
    lost.made_anew(database)
    ledger = ledger_at(database, lost.clock)
    with (
        ledger.open_run("refresh", "acme"),
        pytest.raises(LockedByAnotherRun),
        ledger_at(database, lost.clock).open_run("refresh", "acme"),
    ):
        pytest.fail("no second run is opened")
    seen = reader_at(database).last_seen().run
    assert seen is not None
    assert seen.operation == "refresh"


def test_it_must_be_of_one_account_and_of_something(tmp_path: Path) -> None:
    old = Archived(tmp_path / "old.db", tmp_path)
    memory, ledgers = StoresMemory(old.stores), new_ledger(SqliteDatabase(tmp_path / "new.db"), HandMadeClock())
    with pytest.raises(UsageRefused, match="no record of a run and no receipt"):
        rebuild(memory, ledgers, "acme")
    old.run("archive", lambda run: old.archive(run, "a"))
    with pytest.raises(GuardRefused, match="2 accounts, not one: acme, rival"):
        rebuild(memory, ledgers, "rival")
    for record in (*old.records(0), *old.records(1)):
        record.unlink()
    with pytest.raises(UsageRefused, match="no record says of which account"):
        rebuild(memory, ledgers, "")
    made = rebuild(memory, ledgers, "acme")
    assert (made.salvage.chain, len(made.salvage.receipts)) == ((), 1)
    assert check_ledger(SqliteDatabase(tmp_path / "new.db")) == ()
