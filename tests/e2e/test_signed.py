"""A signed plan, signed receipts and the record of the run, through the real command line, in a folder and a bucket."""

import base64
import hashlib
import hmac
import json
import os
import pty
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from reconciler.published_schemas import schema
from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.promise import check_promise
from tests.support.s3_server import S3Server
from tests.support.signing_keys import KeyFiles, ed25519_files, hmac_file
from tests.support.workplace import COMMAND, Workplace

A, B = job_id(1), job_id(2)
BUCKET = "signed-archive"


@pytest.fixture
def keys(workplace: Workplace) -> KeyFiles:
    return ed25519_files(workplace.folder)


@pytest.fixture
def signed(workplace: Workplace, emulator: EmulatorProcess, keys: KeyFiles) -> Workplace:
    """Two renders, a signed plan of them, and keys in the environment."""
    for job in (A, B):
        emulator.put_job(job, bodies.render())
    workplace.write_desired("keep-me")
    workplace.environ["RECONCILER_SIGNING_KEY_FILE"] = str(keys.signing)
    workplace.plan()
    workplace.environ["RECONCILER_VERIFY_KEY_FILE"] = str(keys.verify)
    return workplace


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with S3Server() as running:
        running.make_bucket(BUCKET)
        yield running


def records(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_bytes()) for path in sorted(folder.rglob("runs/run-????????????.json"))]


# -- plans


def test_a_signature_changes_neither_the_name_nor_the_content_of_a_plan(signed: Workplace) -> None:
    plan = signed.saved_plan()
    assert list(Draft7Validator(schema("plan.v1.json")).iter_errors(plan)) == []
    (signature,) = plan.pop("signatures")
    assert signature["keyid"].startswith("ed25519-")
    unsigned = json.loads(signed.run("show", "plan.json", "--json").expect(0).out)
    assert unsigned == plan
    printed = json.loads(signed.run("plan", "--json").expect(0).out)
    assert (printed["plan_id"], len(printed["signatures"])) == (plan["plan_id"], 1)
    shown = signed.run("show", "plan.json").expect(0)
    assert f"Signed by the key {signature['keyid']}." in shown.err
    without = signed.run("show", "plan.json", extra={"RECONCILER_VERIFY_KEY_FILE": ""}).expect(0)
    assert without.out == shown.out
    assert "Signed" not in without.err


def unsign(plan: dict[str, Any], _place: Workplace) -> None:
    del plan["signatures"]


def sign_with_another_key(plan: dict[str, Any], place: Workplace) -> None:
    other = ed25519_files(place.folder, "another")
    place.run("plan", "--out", "other.json", "--signing-key", str(other.signing)).expect(0)
    plan["signatures"] = json.loads((place.folder / "other.json").read_text())["signatures"]


EDITS: dict[str, Callable[[dict[str, Any], Workplace], object]] = {
    "no signature": unsign,
    "none in the list": lambda plan, _: plan.update(signatures=[]),
    "no list": lambda plan, _: plan.update(signatures="x"),
    "a short signature": lambda plan, _: plan["signatures"][0].update(sig="AAAA"),
    "another key's": sign_with_another_key,
    "another job": lambda plan, _: plan["changes"][0].update(job="another"),
    "another time": lambda plan, _: plan.update(expires_at="2099-01-01T00:00:00Z"),
    "a field more": lambda plan, _: plan.update(more=1),
    "another digest": lambda plan, _: plan.update(content_digest="sha256:" + "0" * 64),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_plan_that_the_key_did_not_sign_is_refused_before_anything_in_it_is_believed(
    signed: Workplace, emulator: EmulatorProcess, edit: str
) -> None:  # I3
    plan = signed.saved_plan()
    EDITS[edit](plan, signed)
    (signed.folder / "plan.json").write_text(json.dumps(plan, sort_keys=True, separators=(",", ":")) + "\n")
    for verb in ("show", "apply"):
        ended = signed.run(verb, "plan.json").expect(5)
        assert "(field signatures)" in ended.err
        assert "reconciler plan --out plan.json --signing-key FILE" in ended.err
    assert emulator.writes() == []
    assert not (signed.folder / "archive").exists()


def test_a_plan_of_which_only_the_layout_changed_is_still_signed(signed: Workplace) -> None:
    (signed.folder / "plan.json").write_text(json.dumps(signed.saved_plan(), indent=2))
    signed.run("show", "plan.json").expect(0)


def test_without_a_plan_a_signature_that_is_asked_for_cannot_be_had(
    workplace: Workplace, emulator: EmulatorProcess, keys: KeyFiles
) -> None:  # I3
    workplace.write_desired("keep-me")
    ours, theirs = pty.openpty()
    try:
        ended = subprocess.run(
            [*COMMAND, "apply", "--verify-key", str(keys.verify)],
            cwd=workplace.folder,
            env=workplace.environment(),
            stdin=theirs,
            stderr=theirs,
            stdout=subprocess.PIPE,
            check=False,
            timeout=60,
        )
        told = os.read(ours, 4096).decode()
    finally:
        os.close(ours)
        os.close(theirs)
    assert ended.returncode == 5
    assert "a plan that is made on the spot is not signed" in told
    assert emulator.requests() == []


@pytest.mark.parametrize(("verb", "flag"), [("plan", "--signing-key"), ("apply", "--signing-key")])
def test_a_key_that_cannot_be_used_ends_the_verb_before_anything_is_done(
    signed: Workplace, emulator: EmulatorProcess, verb: str, flag: str
) -> None:
    emulator.forget_requests()
    arguments = ["plan.json"] if verb == "apply" else []
    ended = signed.run(verb, *arguments, flag, "no-such-key.pem").expect(64)
    assert "no-such-key.pem, named by --signing-key or RECONCILER_SIGNING_KEY_FILE, cannot be read" in ended.err
    assert emulator.requests() == []
    assert not (signed.folder / "archive").exists()


# -- receipts


def test_what_a_key_signed_passes_and_what_was_changed_since_is_damage(
    signed: Workplace, emulator: EmulatorProcess
) -> None:  # I15
    signed.run("apply", "plan.json").expect(0)
    check_promise(signed, emulator)
    assert signed.run("verify").expect(0).last_line == "Verify: 2 bags whole, 0 damaged, 0 missing."
    (receipt,) = (signed.folder / "archive" / "receipts" / A).glob("*.intoto.json")
    good = receipt.read_bytes()
    receipt.write_bytes(good.replace(b"ETag is its MD5", b"somebody said so"))
    assert receipt.read_bytes() != good
    ended = signed.run("verify").expect(8)
    assert f"! {A}  damaged: receipts/{A}/{receipt.name} has no signature by the key ed25519-" in ended.out
    assert ended.last_line == ("Verify: 2 bags whole, 0 damaged, 0 missing; of their receipts 1 damaged, 0 missing.")
    signed.run("verify", B).expect(0)
    signed.run("verify", extra={"RECONCILER_VERIFY_KEY_FILE": ""}).expect(0)
    repaired = signed.run("verify", "--repair").expect(8)
    assert "mended" not in repaired.out, "a bag that is whole is not made anew for its receipt"
    receipt.unlink()
    assert "from the ledger" in signed.run("verify", "--repair").expect(0).out, "and it is signed by the same key"
    signed.run("verify").expect(0)
    other = ed25519_files(signed.folder, "another")
    ended = signed.run("verify", "--verify-key", str(other.verify)).expect(8)
    assert ended.last_line.endswith("of their receipts 2 damaged, 0 missing.")


def test_a_bucket_holds_signed_receipts_and_the_record_too(signed: Workplace, server: S3Server) -> None:
    signed.environ.update(server.environ)
    file = signed.folder / "retention.yaml"
    file.write_text(file.read_text().replace('["file:./archive"]', f'["file:./archive", "s3://{BUCKET}/pictory"]'))
    signed.plan()
    signed.run("apply", "plan.json").expect(0)
    assert signed.run("verify").expect(0).last_line == "Verify: 4 bags whole, 0 damaged, 0 missing."
    there = {key.removeprefix("pictory/"): server.read(BUCKET, key) for key in server.keys(BUCKET)}
    here = {name: (signed.folder / "archive" / name).read_bytes() for name in signed.files()}
    assert there == here
    assert len([name for name in there if name.endswith(".dsse.json")]) == 3, "two receipts and a record"
    (signature,) = [key for key in server.keys(BUCKET) if re.search(rf"receipts/{B}/.*dsse", key)]
    server.remove(BUCKET, signature)
    assert "has no signature by the key ed25519-" in signed.run("verify").expect(8).out


# -- the record of the run


def test_the_record_tells_what_the_run_did_and_holds_its_part_of_the_chain(
    signed: Workplace, emulator: EmulatorProcess
) -> None:  # I10
    emulator.fault("clean", "refuse", f"/{B}/")
    report = json.loads(signed.run("apply", "plan.json", "--json").expect(3).out)
    signed.run("refresh").expect(0)
    signed.run("plan", "--out", "again.json").expect(0)
    signed.run("apply", "again.json").expect(0)
    first, second = sorted(records(signed.folder / "archive"), key=lambda record: record["audit"][0]["sequence"])
    for record in (first, second):
        assert list(Draft7Validator(schema("run-record.v1.json")).iter_errors(record)) == []
        assert record["account"] == "acme"
    assert (first["run"], first["plan_id"], first["exit_code"]) == (report["run_id"], report["plan_id"], 3)
    assert [(each["job"], each["outcome"]) for each in first["results"]] == [(A, "cleaned"), (B, "failed")]
    fingerprints = {change["job"]: change["fingerprint"] for change in signed.saved_plan()["changes"]}
    assert {each["job"]: each["fingerprint"] for each in first["results"]} == fingerprints
    events = [event["event"] for event in first["audit"]]
    assert (events[0], events[-1]) == ("run_started", "run_finished")
    assert sorted(events[1:-1]) == ["archived", "archived", "cleaned", "file_applied", "key_bound", "not_cleaned"]
    assert {event["run"] for event in second["audit"]} > {second["run"]}, "the refresh in between is in it too"
    assert second["audit"][0]["previous"] == first["audit"][-1]["hash"]


def test_copying_alone_leaves_signed_receipts_and_a_record_too(signed: Workplace, keys: KeyFiles) -> None:
    signed.run("archive", A).expect(0)
    assert signed.run("verify").expect(0).last_line == "Verify: 1 bag whole, 0 damaged, 0 missing."
    (record,) = records(signed.folder / "archive")
    assert list(Draft7Validator(schema("run-record.v1.json")).iter_errors(record)) == []
    assert (record["operation"], record["plan_id"]) == ("archive", "")
    assert [(each["job"], each["outcome"]) for each in record["results"]] == [(A, "archived")]
    assert len([name for name in signed.files() if name.endswith(".dsse.json")]) == 2
    text = (signed.folder / "archive" / "runs" / f"{record['run']}.json").read_bytes()
    assert not [line for line in keys.signing.read_bytes().splitlines() if b"-----" not in line and line in text]


def test_a_record_that_cannot_be_written_is_told_and_the_next_one_makes_up_for_it(
    signed: Workplace, emulator: EmulatorProcess
) -> None:  # I8, I10
    runs = signed.folder / "archive" / "runs"
    runs.parent.mkdir()
    runs.write_text("in the way")
    emulator.fault("clean", "refuse", f"/{B}/")
    ended = signed.run("apply", "plan.json").expect(3)
    assert "The record of this run is not in every store: " in ended.out
    emulator.clear_faults()
    assert emulator.cleaned() == {A}
    runs.unlink()
    signed.run("plan", "--out", "again.json").expect(0)
    report = json.loads(signed.run("apply", "again.json", "--json").expect(0).out)
    assert report["unrecorded"] == []
    (record,) = records(signed.folder / "archive")
    assert record["audit"][0]["sequence"] == 1
    assert [event["job"] for event in record["audit"] if event["event"] == "cleaned"] == [A, B]


def test_a_record_that_cannot_be_written_does_not_change_the_exit_code(signed: Workplace) -> None:
    (signed.folder / "archive").mkdir()
    (signed.folder / "archive" / "runs").write_text("in the way")
    ended = signed.run("apply", "plan.json", "--json").expect(0)
    assert len(json.loads(ended.out)["unrecorded"]) == 1


# -- a stranger, with nothing but what stands on every machine

BY_HMAC = """
import base64, hashlib, hmac, json, sys
from pathlib import Path
receipt, envelope, key = (Path(name).read_bytes() for name in sys.argv[1:4])
secret = base64.b64decode(key.strip().removeprefix(b"hmac-sha256:"))
told = json.loads(envelope)
kind, content = told["payloadType"].encode(), base64.b64decode(told["payload"])
signed = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(content), content)
signatures = [base64.b64decode(each["sig"]) for each in told["signatures"]]
good = any(hmac.compare_digest(hmac.digest(secret, signed, "sha256"), each) for each in signatures)
if not good or kind != b"application/vnd.in-toto+json" or content != receipt:
    sys.exit("the receipt is not signed by this key")
root, statement = Path(sys.argv[4]), json.loads(receipt)
for subject in statement["subject"]:
    if hashlib.sha256((root / subject["name"]).read_bytes()).hexdigest() != subject["digest"]["sha256"]:
        sys.exit(subject["name"] + " is not what was archived")
print(len(statement["subject"]), "files of", statement["predicate"]["job"], "are whole and signed")
"""


def test_an_hmac_signature_is_checked_by_twenty_lines_of_the_standard_library(
    workplace: Workplace, emulator: EmulatorProcess
) -> None:  # I15
    assert len(BY_HMAC.strip().splitlines()) <= 20
    key = hmac_file(workplace.folder).signing
    emulator.put_job(A, bodies.render())
    workplace.write_desired("keep-me")
    workplace.plan()
    workplace.run("apply", "plan.json", "--signing-key", str(key)).expect(0)
    workplace.run("verify", "--verify-key", str(key)).expect(0)
    archive = workplace.folder / "archive"
    (receipt,), (envelope,) = archive.glob("receipts/*/*.intoto.json"), archive.glob("receipts/*/*.dsse.json")
    asked = [shutil.which("python3") or "python3", "-I", "-S", "-c", BY_HMAC]

    def check(key: Path) -> subprocess.CompletedProcess[str]:
        arguments = [*asked, str(receipt), str(envelope), str(key), str(archive)]
        return subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=60)

    assert check(key).stdout == f"12 files of {A} are whole and signed\n"
    assert check(hmac_file(workplace.folder, "another").signing).returncode == 1
    (video,) = archive.rglob("video.mp4")
    video.write_bytes(video.read_bytes()[:-1] + b"x")
    assert "video.mp4 is not what was archived" in check(key).stderr
    receipt.write_bytes(receipt.read_bytes().replace(b"acme", b"mine") + b" ")
    assert "the receipt is not signed by this key" in check(key).stderr


has_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed: apt-get install it")


@has_openssl
def test_the_guide_in_the_archive_tells_how_openssl_checks_a_signature(signed: Workplace, keys: KeyFiles) -> None:
    signed.run("apply", "plan.json").expect(0)
    archive = signed.folder / "archive"
    guide = (archive / "README.txt").read_text(encoding="ascii")
    found = re.search(r"^  receipt=(.*\n)+?    -in .*$", guide, flags=re.MULTILINE)
    assert found is not None
    (envelope,) = (archive / "receipts" / A).glob("*.dsse.json")
    number, digest, key = envelope.name.split(".")[:3]
    commands = re.sub(r"^  ", "", found[0], flags=re.MULTILINE)
    for word, text in {"ID": A, "NUMBER": number, "SHA256": digest, "KEY": key}.items():
        commands = commands.replace(word, text)
    commands = commands.replace("public.pem", str(keys.verify))

    def check() -> subprocess.CompletedProcess[str]:
        return subprocess.run(["sh", "-c", commands], cwd=archive, capture_output=True, text=True, check=False)

    assert "Signature Verified Successfully" in check().stdout
    (receipt,) = (archive / "receipts" / A).glob("*.intoto.json")
    receipt.write_bytes(receipt.read_bytes().replace(b"ETag", b"etag"))
    assert check().returncode != 0


@has_openssl
@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed: apt-get install it")
def test_the_signature_of_a_plan_is_checked_with_jq_and_openssl(signed: Workplace, keys: KeyFiles) -> None:
    commands = f"""
    set -e
    jq -acS 'del(.signatures)' plan.json > unsigned.json
    (printf 'DSSEv1 47 application/vnd.pictory-reconciler.plan.v1+json %d ' $(wc -c < unsigned.json)
     cat unsigned.json) > signed
    jq -r '.signatures[0].sig' plan.json | base64 -d > signature
    openssl pkeyutl -verify -pubin -inkey {keys.verify} -rawin -in signed -sigfile signature
    """
    ended = subprocess.run(
        ["sh", "-c", commands], cwd=signed.folder, capture_output=True, text=True, check=False, timeout=60
    )
    assert "Signature Verified Successfully" in ended.stdout, ended.stderr


def test_the_record_is_signed_over_its_exact_bytes(workplace: Workplace, emulator: EmulatorProcess) -> None:
    key = hmac_file(workplace.folder).signing
    emulator.put_job(A, bodies.image())
    workplace.write_desired("keep-me")
    workplace.plan()
    workplace.run("apply", "plan.json", "--signing-key", str(key)).expect(0)
    (record,) = (workplace.folder / "archive" / "runs").glob("run-????????????.json")
    (signature,) = (workplace.folder / "archive" / "runs").glob("*.dsse.json")
    told, content = json.loads(signature.read_bytes()), record.read_bytes()
    assert base64.b64decode(told["payload"]) == content
    kind = b"application/vnd.pictory-reconciler.run-record.v1+json"
    message = b"DSSEv1 53 " + kind + b" %d " % len(content) + content
    secret = base64.b64decode(key.read_bytes().strip().removeprefix(b"hmac-sha256:"))
    assert base64.b64decode(told["signatures"][0]["sig"]) == hmac.digest(secret, message, hashlib.sha256)
