"""A ledger that is lost is made anew from a folder and a bucket, through the real command line; nothing goes twice."""

import json
import shutil
from collections.abc import Iterator

import pytest

from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.promise import check_promise
from tests.support.s3_server import S3Server
from tests.support.signing_keys import ed25519_files
from tests.support.workplace import Workplace

A, B, C, D = (job_id(number) for number in range(1, 5))
BUCKET = "archive-of-a-lost-ledger"
HELD = "protected by rule (rebuilt ledger), in the ledger (the ledger was rebuilt from the archive"


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with S3Server() as running:
        running.make_bucket(BUCKET)
        yield running


@pytest.fixture
def place(workplace: Workplace, emulator: EmulatorProcess, server: S3Server) -> Workplace:
    """Two jobs cleaned by a plan, one protected; its rule is deleted then, and the ledger is lost."""
    for job in (A, B, C):
        emulator.put_job(job, bodies.render(videoShareURL=None))
    for key in server.keys(BUCKET):
        server.remove(BUCKET, key)
    workplace.environ.update(server.environ)
    write(workplace, f"{{name: case, ids: [{C}], protect: true, owner: legal, reason: a case}}")
    workplace.plan()
    workplace.run("apply", "plan.json").expect(0)
    assert emulator.cleaned() == {A, B}
    write(workplace, "keep-me")
    shutil.move(workplace.folder / "state" / "ledger.db", workplace.folder / "lost.db")
    return workplace


def write(place: Workplace, *rules: str) -> None:
    file = place.write_desired(*rules)
    file.write_text(file.read_text().replace('["file:./archive"]', f'["file:./archive", "s3://{BUCKET}/pictory"]'))


def test_it_comes_back_from_the_stores_and_lets_nothing_go_that_was_protected(
    place: Workplace, emulator: EmulatorProcess
) -> None:  # I3, I8, I13
    emulator.put_job(D, bodies.render(videoShareURL=None))
    made = place.run("ledger", "rebuild").expect(0)
    assert "2 receipts, 1 run, 1 hold of rules that go on" in made.out
    assert "when each job was first seen" in made.out
    assert made.last_line == "Ledger: state/ledger.db is made anew."
    assert place.run("ledger", "check").expect(0).out == "Ledger: state/ledger.db is sound.\n"
    place.run("audit", "verify", "--stores").expect(0)
    place.run("status", "--offline").expect(0)
    refused = place.run("apply", "plan.json").expect(5)
    assert "(field desired.digest)" in refused.err
    write(place, f"{{name: case, ids: [{C}], protect: true, owner: legal, reason: a case}}")
    assert "was applied already" in place.run("apply", "plan.json").expect(5).err
    place.run("refresh", "--accept-new-key").expect(0)
    place.run("explain", C).expect(0)
    write(place, "keep-me")
    said = place.run("plan").expect(4).out
    plan = place.plan("--accept-rules-lost", said.partition("This loss is called ")[2][:12])
    assert plan["changes"] == []
    held = {each["job"]: [reason["detail"] for reason in each["reasons"]] for each in plan["held"]}
    assert held.keys() == {C, D}
    assert all(any(detail.startswith(HELD) for detail in details) for details in held.values())
    assert any("rule case" in detail for detail in held[C])
    assert emulator.cleaned() == {A, B}
    check_promise(place, emulator)


def test_what_guards_went_by_is_asked_for_once(place: Workplace, emulator: EmulatorProcess) -> None:  # I3, I13
    shutil.move(place.folder / "lost.db", place.folder / "state" / "ledger.db")
    emulator.put_job(D, bodies.render(videoShareURL=None))
    write(place, f"{{name: case, ids: [{C}], protect: true, owner: legal, reason: a case}}")
    place.run("refresh").expect(0)
    assert [change["job"] for change in place.plan()["changes"]] == [D]
    for left in (place.folder / "state").glob("ledger.db*"):
        left.unlink()
    made = place.run("ledger", "rebuild").expect(0).out
    assert "Plans from before are refused" in made
    assert "the next plan of any other file needs plan --accept-rules-lost NAME" in made

    # The plan of before is good for its account, file and time, and was not used: what it went by is lost.
    emulator.forget_requests()
    for verb in ("apply", "verify-plan"):
        said = place.run(verb, "plan.json").expect(5 if verb == "apply" else 4).err
        assert ("(field created_at)" if verb == "apply" else "--accept-new-key") in said

    # Nobody knows whether the key is the account's, and nothing is asked with it.
    for verb in ("plan", "archive", "refresh", "verify-plan plan.json"):
        assert "refresh --accept-new-key" in place.run(*verb.split()).expect(4).err
    assert emulator.requests() == []
    place.run("refresh", "--accept-new-key").expect(0)
    assert "(field created_at)" in place.run("verify-plan", "plan.json").expect(5).err
    place.run("plan").expect(0)

    # A file that is not the one that was applied last is approved by its name, once.
    write(place, "keep-me")
    said = place.run("plan", "--out", "plan.json").expect(4).out
    assert "l (all rules) of the file that was applied last are not known" in said
    place.run("apply", "plan.json").expect(4)
    place.plan("--accept-rules-lost", said.partition("This loss is called ")[2][:12])
    place.run("apply", "plan.json").expect(0)
    assert "rules_lost" not in place.plan()["desired"]
    assert emulator.cleaned() == {A, B}


def test_a_bucket_alone_is_enough_and_no_ledger_is_written_over(place: Workplace) -> None:
    shutil.rmtree(place.folder / "archive")
    whole = place.run("audit", "verify", "--from", f"s3://{BUCKET}/pictory").expect(0)
    assert ", 2 cleans covered, head sha256:" in whole.out
    assert "There is no ledger here to hold it against" in whole.err
    place.run("ledger", "rebuild", "--from", f"s3://{BUCKET}/pictory").expect(0)
    before = (place.folder / "state" / "ledger.db").read_bytes()
    said = place.run("ledger", "rebuild", "--from", f"s3://{BUCKET}/pictory").expect(1).err
    assert "there is a ledger already at state/ledger.db" in said
    assert "Move it away" in said
    assert (place.folder / "state" / "ledger.db").read_bytes() == before
    assert "'nowhere' is no store" in place.run("ledger", "rebuild", "--from", "nowhere").expect(64).err
    (place.folder / "state" / "ledger.db").unlink()
    in_part = place.run("ledger", "rebuild").expect(3)
    assert "file:./archive has no record and no receipt" in in_part.out
    assert in_part.last_line.endswith(" is made anew, in part.")


def test_a_ledger_that_was_cut_or_is_an_old_copy_is_told_by_the_stores(place: Workplace) -> None:  # I10
    old = place.folder / "lost.db"
    shutil.copy(old, place.folder / "state" / "ledger.db")
    place.run("audit", "verify", "--stores").expect(0)
    place.run("archive", "--all").expect(0)
    place.run("audit", "verify", "--stores").expect(0)
    for left in (place.folder / "state").glob("ledger.db*"):
        left.unlink()
    shutil.copy(old, place.folder / "state" / "ledger.db")
    place.run("audit", "verify").expect(0)
    said = place.run("audit", "verify", "--stores").expect(1).err
    assert "it was cut, or is an older copy of itself" in said
    (record,) = [path for path in (place.folder / "archive" / "runs").glob("*.json") if b'"apply"' in path.read_bytes()]
    record.write_bytes(record.read_bytes().replace(b"cleaned now", b"already cleaned"))
    said = place.run("audit", "verify", "--stores").expect(1).err
    assert f"file:./archive/runs/{record.name}: event" in said
    assert "was changed after it was written" in said


def test_with_a_key_only_what_it_signed_is_taken(workplace: Workplace, emulator: EmulatorProcess) -> None:
    keys = ed25519_files(workplace.folder)
    emulator.put_job(A, bodies.render())
    workplace.write_desired(A)
    workplace.run("archive", "--all").expect(0)
    workplace.environ["RECONCILER_SIGNING_KEY_FILE"] = str(keys.signing)
    emulator.put_job(B, bodies.render())
    workplace.run("archive", B).expect(0)
    (workplace.folder / "state" / "ledger.db").unlink()
    made = workplace.run("ledger", "rebuild", "--verify-key", str(keys.verify)).expect(3)
    assert "1 receipt, 0 runs" in made.out
    assert "has no signature by the key" in made.out
    workplace.run("ledger", "check").expect(0)


def test_a_finding_is_an_exit_code_and_a_line_of_json(place: Workplace) -> None:
    import sqlite3

    (place.folder / "state" / "ledger.db").write_bytes((place.folder / "lost.db").read_bytes())
    assert json.loads(place.run("ledger", "check", "--json").expect(0).out)["findings"] == []
    with sqlite3.connect(place.folder / "state" / "ledger.db") as database:
        database.execute("DELETE FROM receipt")
    database.close()
    findings = json.loads(place.run("ledger", "check", "--json").expect(1).out)["findings"]
    assert {finding["where"] for finding in findings} == {"entry 4", "entry 8"}
    shown = place.run("ledger", "check").expect(1)
    assert "! entry 4: job " in shown.out
    assert "What to do: look for its receipt in the stores" in shown.out
    assert shown.last_line == "Ledger: 2 findings."
