"""What one plan is allowed beyond its file, and by whom: limits, lost rules, keys, names, kept plans (I3, I7, I13)."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from reconciler.core.audit import AuditEvent
from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.ledger_values import reader_at
from tests.support.promise import a_minute_passes
from tests.support.waiting import until
from tests.support.workplace import Workplace, kill_hard

A, B, C = job_id(1), job_id(2), job_id(3)


@pytest.fixture
def jobs(emulator: EmulatorProcess) -> list[str]:
    return [emulator.put_job(each, bodies.render(videoShareURL=None)) for each in (A, B, C)]


def events(workplace: Workplace, name: str) -> list[AuditEvent]:
    reader = reader_at(workplace.folder / "state" / "ledger.db")
    return [event for event in reader.audit_events() if event.event == name]


# -- limits


def test_a_limit_is_raised_for_one_plan_by_its_flag_and_the_audit_has_it(
    workplace: Workplace, emulator: EmulatorProcess, jobs: list[str]
) -> None:  # I7, I3
    workplace.write_desired("keep-me", max_jobs=2)
    refused = workplace.run("plan", "--out", "plan.json").expect(4)
    assert "or this once with --max-jobs 3" in refused.out
    workplace.run("apply", "plan.json").expect(4)
    plan = workplace.plan("--max-jobs", "3")
    assert plan["approvals"] == {"max_jobs": 3}
    shown = workplace.run("show", "plan.json").expect(0)
    assert "Approved for this plan alone: --max-jobs 3 in place of clean.max_jobs" in shown.out
    workplace.run("apply", "plan.json").expect(0)
    assert emulator.cleaned() == set(jobs)
    (raised,) = events(workplace, "limit_raised")
    assert raised.facts == (("limit", "clean.max_jobs"), ("file", "2"), ("plan", "3"))
    workplace.run("audit", "verify").expect(0)


def test_a_raised_limit_is_a_limit(workplace: Workplace, emulator: EmulatorProcess, jobs: list[str]) -> None:  # I7
    workplace.write_desired("keep-me", max_jobs=1, max_share="10%")
    ended = workplace.run("plan", "--out", "plan.json", "--max-jobs", "2", "--max-share", "99.5%").expect(4)
    assert "3 jobs would be cleaned, --max-jobs allows 2" in ended.out
    assert "--max-share allows 99.5%; if that is meant, raise it to 100% at" in ended.out
    workplace.run("apply", "plan.json").expect(4)
    assert emulator.writes() == []
    assert len(jobs) == 3


def test_a_limit_of_bytes_is_raised_where_sizes_are_measured_for_it(
    workplace: Workplace, emulator: EmulatorProcess, jobs: list[str]
) -> None:  # I7
    workplace.write_desired("keep-me")
    ended = workplace.run("plan", "--out", "plan.json", "--max-bytes", "1B").expect(4)
    assert "--max-bytes allows 1 B" in ended.out
    workplace.plan("--max-bytes", "1TB")
    workplace.run("apply", "plan.json").expect(0)
    assert emulator.cleaned() == set(jobs)
    assert [dict(event.facts)["file"] for event in events(workplace, "limit_raised")] == ["none"]


def test_archive_takes_its_own_limit_for_once(workplace: Workplace, jobs: list[str]) -> None:  # I7
    path = workplace.write_desired("keep-me")
    path.write_text(path.read_text(encoding="utf-8") + "  max_bytes: 1B\n", encoding="utf-8")
    assert "or this once with --max-bytes" in workplace.run("archive").expect(4).err
    workplace.run("archive", "--max-bytes", "1TB").expect(0)
    assert [dict(event.facts)["limit"] for event in events(workplace, "limit_raised")] == ["clean.max_bytes"]
    assert len(jobs) == 3


@pytest.mark.parametrize(
    "flag", [["--max-jobs", "9"], ["--max-share", "50%"], ["--max-bytes", "9GB"], ["--accept-rules-lost", "0" * 12]]
)
def test_what_was_reviewed_is_not_changed_when_it_is_applied(
    workplace: Workplace, emulator: EmulatorProcess, jobs: list[str], flag: list[str]
) -> None:  # I3
    workplace.write_desired("keep-me")
    workplace.plan()
    ended = workplace.run("apply", "plan.json", *flag).expect(64)
    assert "a saved plan has its own limits, as they were reviewed" in ended.err
    assert emulator.writes() == []
    assert len(jobs) == 3


@pytest.mark.parametrize(
    "flag", [["--max-jobs", "-1"], ["--max-share", "101%"], ["--max-bytes", "9 lots"], ["--accept-rules-lost", "all"]]
)
def test_a_flag_that_cannot_be_read_is_refused(workplace: Workplace, jobs: list[str], flag: list[str]) -> None:
    workplace.write_desired("keep-me")
    assert flag[0] in workplace.run("plan", *flag).expect(64).err
    assert len(jobs) == 3


def test_an_approval_that_is_edited_into_a_plan_is_refused(
    workplace: Workplace, emulator: EmulatorProcess, jobs: list[str]
) -> None:  # I3
    workplace.write_desired("keep-me", max_jobs=2)
    workplace.run("plan", "--out", "plan.json").expect(4)
    plan = workplace.saved_plan()
    edited = {**plan, "approvals": {"max_jobs": 3}, "violations": [], "applyable": True}
    (workplace.folder / "plan.json").write_text(json.dumps(edited), encoding="utf-8")
    assert "was edited" in workplace.run("apply", "plan.json").expect(5).err
    assert emulator.writes() == []
    assert len(jobs) == 3


# -- rules that were lost


def test_a_rule_lost_in_a_merge_stops_the_plan_until_just_that_is_approved(
    workplace: Workplace, emulator: EmulatorProcess, jobs: list[str]
) -> None:  # I13
    workplace.write_desired(f"{{name: launch, ids: [{A}, {B}]}}", "{name: images, match: {type: image}}")
    workplace.plan()
    workplace.run("apply", "plan.json").expect(0)
    assert emulator.cleaned() == {C}

    workplace.write_desired("{name: images, match: {type: image}}")
    refused = workplace.run("plan", "--out", "plan.json").expect(4)
    assert "l launch is gone: it kept 2 jobs then" in refused.out
    (lost,) = workplace.saved_plan()["desired"]["rules_lost"]
    assert (lost["rule"], lost["how"], lost["kept"], lost["released"], lost["unnamed"]) == ("launch", "gone", 2, 2, 2)
    workplace.run("apply", "plan.json").expect(4)
    name = refused.out.partition("This loss is called ")[2][:12]
    assert f"--accept-rules-lost {name}" in refused.out
    workplace.run("plan", "--accept-rules-lost", "0" * 12).expect(4)
    assert emulator.cleaned() == {C}

    plan = workplace.plan("--accept-rules-lost", name)
    assert plan["approvals"] == {"rules_lost": name}
    assert f"Approved for this plan alone: the loss of rules {name}" in workplace.run("show", "plan.json").out
    workplace.run("apply", "plan.json").expect(0)
    assert emulator.cleaned() == set(jobs)
    (told,) = events(workplace, "rules_lost")
    assert told.facts == (("loss", name), ("rule", "launch (gone)"))
    assert "rules_lost" not in workplace.plan()["desired"], "now this is the file that was applied last"


def test_a_rule_under_another_name_is_told_as_that_and_refuses_nothing(workplace: Workplace, jobs: list[str]) -> None:
    workplace.write_desired("{name: launch, match: {type: render}}")
    workplace.plan()
    workplace.run("apply", "plan.json").expect(0)
    workplace.write_desired("{name: spring, match: {type: render}}")
    ended = workplace.run("plan").expect(0)
    assert "= launch is called spring now and says the same" in ended.out
    assert len(jobs) == 3


def test_a_file_that_only_reports_does_not_become_the_one_to_compare_with(
    workplace: Workplace, emulator: EmulatorProcess, jobs: list[str]
) -> None:  # I13
    workplace.write_desired(f"{{name: launch, ids: [{A}, {B}, {C}]}}")
    workplace.plan()
    workplace.run("apply", "plan.json").expect(0)
    workplace.write_desired("{name: images, match: {type: image}}", otherwise="report")
    workplace.plan()
    workplace.run("apply", "plan.json").expect(0)
    workplace.write_desired("{name: images, match: {type: image}}")
    assert "Guard rules_lost" in workplace.run("plan").expect(4).out
    assert emulator.writes() == []
    assert len(jobs) == 3


# -- the key


@pytest.fixture
def rival() -> Iterator[EmulatorProcess]:
    """Another account with another key."""
    with EmulatorProcess(key="pictai_rival") as process:
        yield process


def test_another_key_is_refused_before_anything_is_asked_until_it_is_taken_over(
    workplace: Workplace, emulator: EmulatorProcess, rival: EmulatorProcess, jobs: list[str]
) -> None:  # I3
    workplace.write_desired("keep-me")
    workplace.run("refresh").expect(0)
    workplace.plan()
    for each in jobs:
        rival.put_job(each, bodies.render(videoShareURL=None))
    # The same account after its key was changed: the same jobs behind another key.
    for verb in (
        ["plan"],
        ["refresh"],
        ["apply", "plan.json"],
        ["archive"],
        ["snapshot"],
        ["verify-plan", "plan.json"],
    ):
        ended = workplace.run(*verb, extra=rival.environ).expect(4)
        assert "was never seen with account acme" in ended.err, verb
        assert "reconciler refresh --accept-new-key" in ended.err
    assert rival.requests() == []
    assert emulator.writes() == []
    workplace.run("refresh", "--accept-new-key", extra=rival.environ).expect(0)
    workplace.run("refresh", extra=rival.environ).expect(0)
    workplace.run("refresh").expect(0)  # the one before is still one of the account's
    assert [len(events(workplace, name)) for name in ("key_bound", "key_accepted")] == [1, 1]
    workplace.run("plan", "--out", "plan.json", extra=rival.environ).expect(0)
    workplace.run("apply", "plan.json", extra=rival.environ).expect(0)
    assert rival.cleaned() == set(jobs)


def test_a_key_is_not_taken_over_with_a_list_that_is_another_account_s(
    workplace: Workplace, rival: EmulatorProcess, jobs: list[str]
) -> None:  # I3, I2
    workplace.write_desired("keep-me")
    workplace.run("refresh").expect(0)
    rival.put_job(job_id(9), bodies.render())
    ended = workplace.run("refresh", "--accept-new-key", extra=rival.environ).expect(6)
    assert "none of the 3 that the ledger expects" in ended.err
    assert "was never seen" in workplace.run("plan", extra=rival.environ).expect(4).err
    assert events(workplace, "key_accepted") == []
    assert len(jobs) == 3


def test_an_interrupted_clean_is_never_settled_with_another_account_s_answers(
    workplace: Workplace, emulator: EmulatorProcess, rival: EmulatorProcess, jobs: list[str]
) -> None:  # I3, I8
    workplace.write_desired("keep-me")
    workplace.plan()
    emulator.fault("clean", "stall", f"/{A}/")
    started = workplace.start("apply", "plan.json")
    until(emulator.writes, "the first clean is on its way")
    kill_hard(started)
    a_minute_passes(workplace)
    workplace.run("apply", "plan.json", extra=rival.environ).expect(4)
    assert rival.requests() == []
    assert events(workplace, "cleaned") == [], "that account knows no such job, and says nothing of ours"
    emulator.clear_faults()
    workplace.run("apply", "plan.json").expect(0)
    assert emulator.cleaned() == set(jobs)


def test_the_older_client_pair_is_known_by_its_client_and_not_by_its_secret(
    workplace: Workplace, emulator: EmulatorProcess, jobs: list[str]
) -> None:  # I3, I11
    pair = {"PICTORY_CLIENT_ID": "emulator", "PICTORY_CLIENT_SECRET": "emulator-secret"}
    workplace.environ = {"PICTORY_API_BASE_URL": emulator.api, **pair}
    workplace.write_desired("keep-me")
    workplace.run("refresh").expect(0)
    assert workplace.run("plan", extra={"PICTORY_CLIENT_SECRET": "a-new-one"}).code == 11, "it is asked with"
    for other in ({"PICTORY_CLIENT_ID": "another"}, {"PICTORY_USER_ID": "somebody"}):
        assert "was never seen with account acme" in workplace.run("plan", extra=other).expect(4).err
    assert b"emulator-secret" not in (workplace.folder / "state" / "ledger.db").read_bytes()
    assert len(jobs) == 3


def test_an_account_that_others_emptied_is_taken_over_when_that_is_said(
    workplace: Workplace, emulator: EmulatorProcess, jobs: list[str]
) -> None:  # I2
    workplace.write_desired("keep-me")
    workplace.run("refresh").expect(0)
    for each in jobs:
        emulator.remove_job(each)
    emulator.put_job(job_id(9), bodies.render())
    for verb in (["refresh"], ["plan"]):
        assert "reconciler refresh --accept-new-list" in workplace.run(*verb).expect(6).err
    ended = workplace.run("refresh", "--accept-new-list").expect(0)
    assert "1 jobs listed, 1 of them new" in ended.out
    (told,) = events(workplace, "new_list_accepted")
    assert told.facts == (("expected", "3"),)
    assert len(workplace.plan()["changes"]) == 1
    workplace.run("refresh", "--accept-new-list").expect(0)
    assert len(events(workplace, "new_list_accepted")) == 1, "a list that goes on is no news"


def test_a_ledger_keeps_no_key_and_knows_it_again(workplace: Workplace, jobs: list[str]) -> None:  # I3, I11
    workplace.write_desired("keep-me")
    workplace.run("refresh").expect(0)
    workplace.run("refresh").expect(0)
    (bound,) = events(workplace, "key_bound")
    assert len(dict(bound.facts)["key"]) == 12
    path = workplace.folder / "state" / "ledger.db"
    assert workplace.environ["PICTORY_API_KEY"].encode() not in path.read_bytes()
    with closing(sqlite3.connect(path)) as database:
        (mark,) = database.execute("SELECT mark FROM account_key").fetchone()
    assert mark.startswith("scrypt:")
    assert len(jobs) == 3


# -- which plan


def test_another_plan_than_the_one_that_is_expected_is_refused(
    workplace: Workplace, emulator: EmulatorProcess, jobs: list[str]
) -> None:  # I3
    workplace.write_desired("keep-me")
    expected = workplace.plan()["plan_id"]
    workplace.write_desired("keep-me", A)
    workplace.plan()
    ended = workplace.run("apply", "plan.json", "--expect-plan-id", expected).expect(5)
    assert f"expected is {expected} (field plan_id)" in ended.err
    workplace.run("apply", "plan.json", "--expect-plan-id", "").expect(5)
    assert emulator.writes() == []
    workplace.run("apply", "plan.json", "--expect-plan-id", workplace.saved_plan()["plan_id"]).expect(0)
    assert emulator.cleaned() == set(jobs) - {A}


def test_a_plan_that_the_ledger_keeps_is_applied_by_its_name(
    workplace: Workplace, emulator: EmulatorProcess, jobs: list[str]
) -> None:  # I3
    workplace.write_desired("keep-me")
    ended = workplace.run("plan", "--record", "--json").expect(1)
    assert "the ledger" in ended.err
    assert "refresh" in ended.err
    workplace.run("refresh").expect(0)
    before = len(events(workplace, "run_started"))
    name = json.loads(workplace.run("plan", "--record", "--json").expect(0).out)["plan_id"]
    workplace.run("plan", "--record").expect(0)  # the same decision again
    assert len(events(workplace, "run_started")) == before, "it is no run"
    assert name in workplace.run("show", name).expect(0).out
    unknown = "sha256:" + "0" * 64
    assert f"the ledger has no plan {unknown}" in workplace.run("apply", unknown).expect(5).err
    workplace.run("apply", name).expect(0)
    assert emulator.cleaned() == set(jobs)
    assert "was applied already; a plan is used once" in workplace.run("apply", name).expect(5).err


def test_a_kept_plan_that_was_edited_in_the_ledger_is_refused(
    workplace: Workplace, emulator: EmulatorProcess, jobs: list[str]
) -> None:  # I3
    workplace.write_desired("keep-me")
    workplace.run("refresh").expect(0)
    name = json.loads(workplace.run("plan", "--record", "--json").expect(0).out)["plan_id"]
    with closing(sqlite3.connect(workplace.folder / "state" / "ledger.db")) as database:
        database.execute("UPDATE recorded_plan SET content = replace(content, 'render', 'video')")
        database.commit()
    assert "was edited" in workplace.run("apply", name).expect(5).err
    assert emulator.writes() == []
    assert len(jobs) == 3


# -- would it still apply?


def test_verify_plan_tells_what_an_apply_would_do_and_does_nothing(
    workplace: Workplace, emulator: EmulatorProcess, jobs: list[str]
) -> None:  # I6, I3
    workplace.write_desired("keep-me")
    workplace.plan()
    ended = workplace.run("verify-plan", "plan.json").expect(0)
    assert ended.last_line == "Verify-plan: still stands: 3 to clean, 3 to archive, 0 would be skipped."
    emulator.put_job(A, bodies.render(videoShareURL=None, srtFile="https://files.invalid/a.srt"), newest=False)
    ended = workplace.run("verify-plan", "plan.json").expect(3)
    assert f"! {A}  would be skipped: changed since plan" in ended.out
    told = json.loads(workplace.run("verify-plan", "plan.json", "--json").expect(3).out)
    assert [each["job"] for each in told["skipped"]] == [A]
    assert sorted(each["job"] for each in told["stands"]) == [B, C]
    assert emulator.writes() == []
    assert not (workplace.folder / "state").exists()
    assert len(jobs) == 3


def test_verify_plan_refuses_what_apply_would_refuse(
    workplace: Workplace, emulator: EmulatorProcess, jobs: list[str]
) -> None:  # I3
    workplace.write_desired("keep-me")
    workplace.plan()
    workplace.run("verify-plan", "plan.json", "--expect-plan-id", "sha256:0").expect(5)
    workplace.run("apply", "plan.json").expect(0)
    assert "was applied already" in workplace.run("verify-plan", "plan.json").expect(5).err
    workplace.write_desired("keep-me", A)
    workplace.run("verify-plan", "plan.json").expect(5)
    workplace.write_desired("keep-me", max_jobs=0)
    emulator.put_job(job_id(4), bodies.render(videoShareURL=None))
    workplace.run("plan", "--out", "plan.json").expect(4)
    workplace.run("verify-plan", "plan.json").expect(4)
    assert emulator.cleaned() == set(jobs)


def test_verify_plan_waits_for_no_other_run(workplace: Workplace, emulator: EmulatorProcess, jobs: list[str]) -> None:
    workplace.write_desired("keep-me")
    workplace.run("refresh").expect(0)
    workplace.plan()
    with closing(sqlite3.connect(workplace.folder / "state" / "ledger.db")) as database:
        database.execute("UPDATE lease SET expires_ms = 9999999999999")
        database.commit()
    workplace.run("apply", "plan.json").expect(7)
    workplace.run("verify-plan", "plan.json").expect(0)
    assert emulator.writes() == []
    assert len(jobs) == 3
