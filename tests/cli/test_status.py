"""The verb `status`: the ledger's part is always told, the service's part says what it could not tell."""

import json
import re
from typing import Any

import pytest

from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.scripted_server import Reply, scripted
from tests.support.waiting import until
from tests.support.workplace import Ended, Workplace, kill_hard

A, B = job_id(1), job_id(2)


@pytest.fixture
def used(workplace: Workplace, emulator: EmulatorProcess) -> Workplace:
    """A folder in which one of two jobs was archived and cleaned."""
    emulator.put_job(A, bodies.render(), kind="render")
    emulator.put_job(B, bodies.image(), kind="image")
    workplace.write_desired(B)
    workplace.plan()
    workplace.run("apply", "plan.json").expect(0)
    return workplace


def as_json(ended: Ended) -> dict[str, Any]:
    assert ended.out.count("\n") == 1
    read: dict[str, Any] = json.loads(ended.out)
    return read


def archived_bytes(workplace: Workplace) -> int:
    jobs = workplace.folder / "archive" / "jobs"
    return sum(path.stat().st_size for path in jobs.rglob("*") if path.is_file())


def test_it_tells_what_the_ledger_holds_and_what_of_the_plan_is_used(used: Workplace) -> None:
    ended = used.run("status").expect(0)
    assert ended.err == ""
    size = archived_bytes(used)
    for told in (
        "Account acme\n",
        "  2 jobs known, 1 of them left; last observed 20",
        f"  1 jobs archived, {size} bytes in one store\n",
        f"Archive: 1 bag, 1 copy in 1 store\n  file:./archive: 1 bag, {size} bytes; oldest verified whole: 20",
        "  video minutes: 2 of 100000 used (0.0%)\n",
        "  storage: the service tells no figure\n",
    ):
        assert told in ended.out
    assert re.search(r"newest run: apply by \S+@\S+, began 20\S+Z: done, ended 20\S+Z \(run-\w+\)\n", ended.out)
    assert ended.last_line == "Status: 2 jobs known, 1 left, 1 archived, 0 cleans open; service answering."


def test_the_json_says_what_the_text_says(used: Workplace) -> None:
    told = as_json(used.run("status", "--json").expect(0))
    assert (told["format_version"], told["account"], told["exit_code"]) == ("1.0", "acme", 0)
    ledger, service = told["ledger"], told["service"]
    assert (ledger["account"], ledger["jobs"], ledger["left"], ledger["open_cleans"]) == ("acme", 2, 1, [])
    assert ledger["archived"] == {"jobs": 1, "bags": 1, "copies": 1, "bytes": archived_bytes(used)}
    (store,) = ledger["stores"]
    assert (store["store"], store["copies"], store["bytes"]) == ("file:./archive", 1, archived_bytes(used))
    assert (store["oldest_whole_at"][:2], store["never_whole"], store["damaged"], store["missing"]) == ("20", 0, 0, 0)
    assert ledger["lost"] == []
    assert (ledger["newest_run"]["operation"], ledger["newest_run"]["outcome"]) == ("apply", "done")
    assert service["problem"] is None
    assert service["quota"]["ai_credits"] == {"used": "4", "limit": "1000000"}
    assert service["quota"]["storage"] is None
    assert service["results"]["problems"] == []


def test_results_with_a_date_are_counted(workplace: Workplace, emulator: EmulatorProcess) -> None:
    emulator.reset(jobs=2500)
    workplace.write_desired("keep-me")
    results = as_json(workplace.run("status", "--json").expect(0))["service"]["results"]
    assert results["dated"] > 200
    assert f"AI Studio: {results['dated']} results have a date" in workplace.run("status").expect(0).out


def test_a_new_folder_has_a_status_and_gets_no_ledger(workplace: Workplace) -> None:
    workplace.write_desired("keep-me")
    ended = workplace.run("status").expect(0)
    assert "nothing recorded yet" in ended.out
    assert workplace.files(".") == {"retention.yaml"}
    assert as_json(workplace.run("status", "--json", "--offline").expect(0))["ledger"]["observed_at"] is None


def test_offline_nobody_is_asked_and_no_key_is_needed(used: Workplace, emulator: EmulatorProcess) -> None:
    emulator.forget_requests()
    ended = used.run("status", "--offline", extra={"PICTORY_API_KEY": ""}).expect(0)
    assert "  not asked (--offline)\n" in ended.out
    assert ended.last_line == "Status: 2 jobs known, 1 left, 1 archived, 0 cleans open; service not asked."
    assert emulator.requests() == []
    assert as_json(used.run("status", "--offline", "--json").expect(0))["service"] is None


OUT_OF_REACH: dict[str, tuple[dict[str, str], int, str]] = {
    "nobody answers": ({"PICTORY_API_BASE_URL": "http://127.0.0.1:9"}, 1, "GET /v1/quota: no usable answer"),
    "no key": ({"PICTORY_API_KEY": ""}, 11, "no API key"),
    "a wrong key": ({"PICTORY_API_KEY": "pictai_other"}, 11, "the service refused the key"),
    "an address that is none": ({"PICTORY_API_BASE_URL": "nonsense"}, 1, "the call cannot be made"),
}


@pytest.mark.parametrize(("changed", "code", "told"), OUT_OF_REACH.values(), ids=OUT_OF_REACH.keys())
def test_without_the_service_the_ledger_s_part_is_told_and_the_error_s_code_is_the_end(
    used: Workplace, changed: dict[str, str], code: int, told: str
) -> None:
    extra = {**changed, "RECONCILER_PATIENCE": "0"}
    ended = used.run("status", extra=extra).expect(code)
    assert "  2 jobs known, 1 of them left" in ended.out
    assert told in ended.out
    assert ended.last_line.endswith("0 cleans open; service not answering in full.")
    read = as_json(used.run("status", "--json", extra=extra).expect(code))
    assert (read["exit_code"], read["ledger"]["jobs"]) == (code, 2)
    assert told in read["service"]["problem"]


def test_who_cannot_be_reached_is_not_waited_for_three_times(used: Workplace) -> None:
    with scripted(Reply(503)) as nobody:
        extra = {"PICTORY_API_BASE_URL": nobody.address, "RECONCILER_PATIENCE": "0"}
        used.run("status", extra=extra).expect(1)
        assert {came.path for came in nobody.came} == {"/v1/quota"}


def test_a_quota_that_is_not_there_does_not_hide_the_dates(workplace: Workplace, emulator: EmulatorProcess) -> None:
    emulator.reset(jobs=60)
    workplace.write_desired("keep-me")
    emulator.fault("quota", "404*")
    ended = workplace.run("status").expect(1)
    assert "! GET /v1/quota: not found" in ended.out
    assert re.search(r"AI Studio: [1-9]\d* results have a date", ended.out)


def test_lists_that_fail_are_told_and_are_no_error(workplace: Workplace, emulator: EmulatorProcess) -> None:
    emulator.reset(jobs=60)
    workplace.write_desired("keep-me")
    emulator.fault("aistudio-images", "404*")
    ended = workplace.run("status").expect(0)
    assert "? no dates from it: the list of AI images could not be read" in ended.out
    assert re.search(r"AI Studio: [1-9]\d* results have a date", ended.out)


def test_a_clean_that_was_cut_off_is_told_with_the_way_out(workplace: Workplace, emulator: EmulatorProcess) -> None:
    emulator.put_job(A, bodies.image())
    workplace.write_desired("keep-me")
    workplace.plan()
    emulator.fault("clean", "stall-after-commit")
    started = workplace.start("apply", "plan.json")
    until(emulator.cleaned, "the clean takes effect")
    kill_hard(started)
    ended = workplace.run("status").expect(0)
    assert f"? {A}  a clean was begun and its end is not recorded" in ended.out
    assert "Run `reconciler apply`" in ended.out
    assert "going on, or cut off" in ended.out
    assert "1 cleans open" in ended.last_line
    assert as_json(workplace.run("status", "--json").expect(0))["ledger"]["open_cleans"] == [A]


def test_a_ledger_of_another_account_is_told(used: Workplace) -> None:
    path = used.folder / "retention.yaml"
    path.write_text(path.read_text().replace("account: acme", "account: other"))
    ended = used.run("status", "--offline").expect(0)
    assert "! the ledger belongs to account acme" in ended.out


def test_a_ledger_that_cannot_be_read_is_an_error(used: Workplace) -> None:
    (used.folder / "state" / "ledger.db").write_bytes(b"no database" * 100)
    assert "cannot be used" in used.run("status", "--offline").expect(1).err


def test_what_a_service_says_is_shown_harmless(workplace: Workplace) -> None:  # I12
    words = b'{"message": "\\u001b[2J\\u202eno\\nStatus: 9 jobs"}'
    with scripted(Reply(400, words)) as rude:
        workplace.write_desired("keep-me")
        ended = workplace.run("status", extra={"PICTORY_API_BASE_URL": rude.address}).expect(1)
    assert "\x1b" not in ended.out
    assert "\u202e" not in ended.out
    assert [line for line in ended.out.splitlines() if line.startswith("Status: ")] == [ended.last_line]
