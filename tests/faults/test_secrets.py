"""A canary key, and a canary client pair, searched for in everything that is written, shown or sent (I11)."""

import re
from base64 import b64decode
from pathlib import Path

import pytest

from tests.support import bodies
from tests.support.account import call
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.scripted_server import Reply, scripted
from tests.support.signing_keys import ed25519_files, private_file
from tests.support.workplace import Ended, Workplace

CANARY = "pictai_canary-6f1e9c0b7a"
PAIR = {
    "PICTORY_CLIENT_ID": "client-canary-41c07e",
    "PICTORY_CLIENT_SECRET": "secret-canary-9d20b3",
    "PICTORY_USER_ID": "user-canary-77aa51",
}
EMULATED_TOKEN = re.compile(rb"(?<![\w-])[\w-]{64}(?![\w-])", re.ASCII)
"""What the emulator gives as a token; digests are as long, but have no capital letter."""
A, B = job_id(1), job_id(2)

EVERY_VERB = (
    ["validate"],
    ["refresh"],
    ["plan", "--out", "plan.json"],
    ["plan", "--json"],
    ["show", "plan.json"],
    ["apply", "plan.json"],
    ["verify"],
    ["audit", "verify"],
    ["status"],
    ["status", "--json"],
    ["snapshot"],
    ["snapshot", "--out", "inventory.jsonl"],
    ["validate", "--inventory", "inventory.jsonl"],
    ["apply", "plan.json"],  # refused: used
)


def carries_canary(content: bytes) -> bool:
    return any(part in content for part in (CANARY.encode(), CANARY[7:].encode(), CANARY.encode("utf-16-le")))


def carries_pair(content: bytes) -> bool:
    tokens = [found for found in EMULATED_TOKEN.findall(content) if found != found.lower()]
    return bool(tokens) or any(secret.encode() in content for secret in PAIR.values())


def check_ended(ended: Ended) -> None:
    for shown in (ended.out.encode(), ended.err.encode()):
        assert not carries_canary(shown)
        assert not carries_pair(shown)


def test_the_key_stands_in_no_file_and_no_output_of_any_verb(tmp_path: Path) -> None:  # I11
    with EmulatorProcess(key=CANARY) as emulator:
        for job in (A, B):
            emulator.put_job(job, bodies.render())
        workplace = Workplace(tmp_path, dict(emulator.environ))
        workplace.write_desired("keep-me")
        for verb in EVERY_VERB:
            check_ended(workplace.run(*verb))
        assert emulator.cleaned() == {A, B}
        to_assets = [request for request in emulator.requests() if request["port"] == "asset"]
        assert to_assets
        assert not any(request["key_sent"] for request in to_assets)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) > 10
    assert [path.name for path in written if carries_canary(path.read_bytes())] == []


def test_neither_pair_nor_token_stands_in_any_file_or_output_of_any_verb(tmp_path: Path) -> None:  # I11
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(
        f"version: 1\nclient_id: {PAIR['PICTORY_CLIENT_ID']}\nclient_secret: {PAIR['PICTORY_CLIENT_SECRET']}\n"
        "switches: {user_id_required: true, bearer: refused}\n"
    )
    folder = tmp_path / "place"
    folder.mkdir()
    with EmulatorProcess("--scenario", str(scenario)) as emulator:
        for job in (A, B):
            emulator.put_job(job, bodies.render())
        workplace = Workplace(folder, {"PICTORY_API_BASE_URL": emulator.api, **PAIR})
        workplace.write_desired("keep-me")
        for verb in EVERY_VERB:
            check_ended(workplace.run(*verb))
        assert emulator.cleaned() == {A, B}
        requests = emulator.requests()
        assert not any(request["key_sent"] for request in requests if request["port"] == "asset")
        assert any(request["route"] == "token" for request in requests)
        assert "canary" not in str(requests)
        pair = {"client_id": PAIR["PICTORY_CLIENT_ID"], "client_secret": PAIR["PICTORY_CLIENT_SECRET"]}
        token = call(emulator, "/v1/oauth2/token", "POST", key="", body=pair).content
        assert carries_pair(token), "the search finds what it is there for"
    written = [path for path in folder.rglob("*") if path.is_file()]
    assert len(written) > 10
    assert [path.name for path in written if carries_pair(path.read_bytes())] == []


def test_no_address_of_a_file_or_page_stands_in_a_snapshot(
    workplace: Workplace, emulator: EmulatorProcess
) -> None:  # I11
    every_kind = (bodies.render(), bodies.preview(), bodies.transcription(), bodies.image(), bodies.video())
    emulator.switch(signed_links_s=600)
    for number, body in enumerate(every_kind):
        emulator.put_job(job_id(number), body)
    workplace.write_desired("{name: newest, keep_bytes: 1GB}")
    printed = workplace.run("snapshot").expect(0)
    workplace.run("snapshot", "--out", "inventory.jsonl").expect(0)
    listed = call(emulator, "/v1/jobs").text
    addresses = [found for found in re.findall(r'"(https?://[^"]+)"', listed) if "stock.invalid" not in found]
    assert len(addresses) > 10
    for text in (printed.out, (workplace.folder / "inventory.jsonl").read_text("ascii")):
        assert len(text.splitlines()) == len(every_kind) + 2
        assert not [found for found in addresses if found in text or found.partition("?")[0] in text]
        assert "://" not in text.replace("file:./archive", "")
        assert "Signature" not in text


SIGNING_CANARY = "c2lnbmluZy1jYW5hcnktNWQyYjkxZmE3Y2U0LXRoaXJ0eS10d28tYnl0ZXM="


@pytest.mark.parametrize("how", ["hmac", "pem"])
def test_a_signing_key_stands_in_no_file_and_no_output_of_any_verb(
    workplace: Workplace, emulator: EmulatorProcess, how: str
) -> None:  # I11
    keys = workplace.folder / "keys"
    keys.mkdir()
    files = ed25519_files(keys)
    signing, verify = files.signing, files.verify
    if how == "hmac":
        signing = verify = private_file(keys / "hmac", f"hmac-sha256:{SIGNING_CANARY}\n".encode())
    secret = b"".join(line for line in signing.read_bytes().splitlines() if b"-----" not in line)[-40:]
    workplace.environ |= {"RECONCILER_SIGNING_KEY_FILE": str(signing), "RECONCILER_VERIFY_KEY_FILE": str(verify)}
    for job in (A, B):
        emulator.put_job(job, bodies.render())
    workplace.write_desired("keep-me")
    shown = [workplace.run(*verb) for verb in EVERY_VERB]
    # A key where the name of its file belongs, cut in half, and for the other side.
    shown += [workplace.run("plan", extra={"RECONCILER_SIGNING_KEY_FILE": secret.decode()})]
    private_file(keys / "cut", signing.read_bytes()[:-8])
    shown += [workplace.run("plan", "--signing-key", str(keys / "cut"))]
    shown += [workplace.run("verify", "--verify-key", str(signing))]
    assert emulator.cleaned() == {A, B}
    assert [ended.code for ended in shown[-3:]] == [64, 64, 0 if how == "hmac" else 64]
    assert not any(secret in (ended.out + ended.err).encode() for ended in shown)
    decoded = b64decode(secret + b"=" * (-len(secret) % 4))[3:30]
    written = [path for path in workplace.folder.rglob("*") if path.is_file() and keys not in path.parents]
    assert len([path for path in written if path.name.endswith(".dsse.json")]) == 3
    parts = (secret, decoded, decoded.hex().encode())
    assert [path.name for path in written if any(part in path.read_bytes() for part in parts)] == []


def test_no_address_of_a_file_stands_in_the_record_of_a_run(
    workplace: Workplace, emulator: EmulatorProcess
) -> None:  # I11
    emulator.switch(signed_links_s=600)
    for number, script in enumerate(("ok", "403*", "404*", "html*", "cut*", "reset*", "500*", "redirect*")):
        job = emulator.put_job(job_id(number), bodies.render())
        emulator.fault("asset", script, f"/{job}/")
    workplace.write_desired("keep-me")
    workplace.plan()
    workplace.run("apply", "plan.json", extra={"RECONCILER_PATIENCE": "0.5"})
    (record,) = (workplace.folder / "archive" / "runs").glob("run-????????????.json")
    text = record.read_text("ascii")
    listed = call(emulator, "/v1/jobs").text
    queries = [found for found in re.findall(r'"https?://[^"?]+\?([^"]+)"', listed) if len(found) > 10]
    assert queries
    assert not [found for found in queries if found in text]
    assert "Signature" not in text
    assert not re.search(r"://[^\s\"]*\?", text)
    assert text.count('"outcome":"failed"') > 3, "addresses were told"


@pytest.mark.parametrize("status", [200, 400, 401, 403, 500])
def test_a_token_call_that_repeats_the_pair_cannot_make_us_tell_it(tmp_path: Path, status: int) -> None:  # I11
    body = f'{{"message": "{" ".join(PAIR.values())}", "access_token": "{CANARY} {CANARY}"}}'
    with scripted(Reply(status, body.encode())) as server:
        workplace = Workplace(tmp_path, {"PICTORY_API_BASE_URL": server.address, **PAIR})
        workplace.write_desired("keep-me")
        ended = workplace.run("plan", extra={"RECONCILER_PATIENCE": "0"})
        assert ended.code == (6 if status in {200, 500} else 11)
        assert "POST /v1/oauth2/token" in ended.err
        assert set(server.methods) == {"POST"}
        shown = ended.out + ended.err
        sent = (PAIR["PICTORY_CLIENT_ID"], PAIR["PICTORY_CLIENT_SECRET"])
        assert not any(secret in shown for secret in sent)
        assert not carries_canary(shown.encode())


def test_a_bug_in_the_token_call_shows_a_traceback_without_the_pair(tmp_path: Path) -> None:  # I11
    workplace = Workplace(tmp_path, {"PICTORY_API_BASE_URL": "http://[", **PAIR})
    workplace.write_desired("keep-me")
    ended = workplace.run("plan", extra={"RECONCILER_PATIENCE": "0"})
    assert ended.code == 6
    assert "POST /v1/oauth2/token: the call cannot be made (InvalidURL)" in ended.err
    check_ended(ended)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, '{"message": "the key {key} is not valid"}'),
        (400, '{"error": {"error_message": "bad key {key}"}}'),
        (500, "{key}"),
        (200, "<html>Authorization: {key}</html>"),
        (403, '{"message": "' + "x" * 190 + ' {key}"}'),
    ],
)
def test_a_service_that_repeats_the_key_cannot_make_us_tell_it(tmp_path: Path, status: int, body: str) -> None:  # I11
    from tests.support.echo_server import answering

    with answering(status, body.replace("{key}", CANARY)) as address:
        workplace = Workplace(tmp_path, {"PICTORY_API_BASE_URL": address, "PICTORY_API_KEY": CANARY})
        workplace.write_desired("keep-me")
        ended = workplace.run("plan", extra={"RECONCILER_PATIENCE": "0"})
        assert ended.code in {6, 11}
        check_ended(ended)


def test_a_key_from_a_file_or_a_command_is_as_secret(tmp_path: Path) -> None:  # I11
    with EmulatorProcess(key=CANARY) as emulator:
        emulator.put_job(A, bodies.image())
        (tmp_path / "key").write_text(CANARY + "\n")
        for name, value in (("PICTORY_API_KEY_FILE", "key"), ("PICTORY_API_KEY_COMMAND", "cat key")):
            workplace = Workplace(tmp_path, {"PICTORY_API_BASE_URL": emulator.api, name: value})
            workplace.write_desired("keep-me")
            ended = workplace.run("plan").expect(0)
            check_ended(ended)


def test_a_bug_shows_a_traceback_without_the_key(tmp_path: Path) -> None:  # I11
    """A traceback shows lines of code, not values: planted here by a base address that the library cannot take."""
    workplace = Workplace(tmp_path, {"PICTORY_API_BASE_URL": "http://[", "PICTORY_API_KEY": CANARY})
    workplace.write_desired("keep-me")
    ended = workplace.run("plan", extra={"RECONCILER_PATIENCE": "0"})
    assert ended.code == 6
    assert "the call cannot be made (InvalidURL)" in ended.err
    check_ended(ended)
