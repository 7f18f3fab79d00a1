"""A canary key, searched for in everything that is written, shown or sent (I11)."""

from pathlib import Path

import pytest

from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.workplace import Ended, Workplace

CANARY = "pictai_canary-6f1e9c0b7a"
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
    ["apply", "plan.json"],  # refused: used
)


def carries_canary(content: bytes) -> bool:
    return any(part in content for part in (CANARY.encode(), CANARY[7:].encode(), CANARY.encode("utf-16-le")))


def check_ended(ended: Ended) -> None:
    assert not carries_canary(ended.out.encode())
    assert not carries_canary(ended.err.encode())


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
