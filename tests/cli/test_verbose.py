"""What --verbose tells on stderr, that nothing of it is told without, and what is always told."""

import json
import re

import pytest

from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.scripted_server import Reply, scripted
from tests.support.workplace import Workplace

A, B, C = job_id(1), job_id(2), job_id(3)


@pytest.fixture
def account(workplace: Workplace, emulator: EmulatorProcess) -> Workplace:
    """Three finished jobs on three pages, of which C is retained."""
    for each in (A, B, C):
        emulator.put_job(each, bodies.image())
    emulator.switch(page_size=1)
    workplace.write_desired(C)
    return workplace


def test_each_page_each_retry_each_change_of_rate_and_the_sum_are_told(
    account: Workplace, emulator: EmulatorProcess
) -> None:
    emulator.switch(retry_after="seconds")
    emulator.fault("list", "ok 429 reset")
    lines = account.run("plan", "-v").expect(0).err.splitlines()
    pages = [line for line in lines if line.startswith("page ")]
    assert [re.sub(r"\d+\.\d s", "N s", line) for line in pages] == [
        "page 1 of the job list: 1 jobs in N s",
        "page 2 of the job list: 2 jobs in N s",
        "page 3 of the job list: 3 jobs in N s",
        "page 1 of the job list again: 0 came in, N s in all",
    ]
    told = "\n".join(lines)
    assert "no call leaves for 1.0 s: the service asks to wait 1 s" in told
    assert re.search(r"GET /v1/jobs page 2: HTTP 429: .*; again in 1\.0 s", told)
    assert re.search(r"GET /v1/jobs page 2: ConnectionError; again in \d\.\d s", told)
    assert "from 1000 to 500 calls a second: the service is overloaded" in told
    assert "from 500 to 550 calls a second: the service answers" in told
    assert re.fullmatch(r"Calls: 7, waited \d\.\d s, 1 overload, slowest 500/s, now 700/s\.", lines[-1])


def test_a_wait_for_a_place_is_told(account: Workplace) -> None:
    lines = account.run("plan", "-v", "--tpslimit", "2").expect(0).err.splitlines()
    assert "GET /v1/jobs page 3: its place in 0.5 s" in lines


@pytest.mark.parametrize("verb", [["plan"], ["refresh"], ["apply", "plan.json"]], ids=" ".join)
def test_without_it_nothing_of_that_is_told(account: Workplace, emulator: EmulatorProcess, verb: list[str]) -> None:
    account.plan()
    emulator.fault("list", "429")
    err = account.run(*verb).expect(0).err
    assert not re.search(r"page |again in|calls a second|Calls:", err)
    emulator.fault("list", "429")
    assert "calls a second" in account.run("refresh", extra={"RECONCILER_VERBOSE": "1"}).expect(0).err


def test_a_clean_sent_twice_and_a_download_tried_twice_are_told_without_what_is_secret(
    account: Workplace, emulator: EmulatorProcess
) -> None:  # I11
    account.plan()
    emulator.switch(signed_links_s=3600)
    emulator.fault("asset", "503")
    ended = account.run("apply", "plan.json", "-v").expect(0)
    assert re.search(r"http://127\.0\.0\.1/\S+\.png: HTTP 503; again in \d\.\d s", ended.err)
    assert emulator.key not in ended.err
    assert "Signature" not in ended.err
    assert "?" not in ended.err


def test_words_of_the_service_move_no_terminal(account: Workplace, emulator: EmulatorProcess) -> None:  # I12
    with scripted(Reply(503, json.dumps({"message": "\x1b[2J\u202egone"}).encode())) as server:
        account.environ["PICTORY_API_BASE_URL"] = server.address
        ended = account.run("refresh", "-v", extra={"RECONCILER_PATIENCE": "0.5"}).expect(6)
    assert "HTTP 503: \\x1b[2J\\u202egone; again in" in ended.err
    assert "\x1b" not in ended.err
    assert "\u202e" not in ended.err
    assert emulator.writes() == []


# -- what is always told


def test_the_report_tells_the_calls_in_one_line_before_the_summary(
    account: Workplace, emulator: EmulatorProcess
) -> None:
    account.plan()
    emulator.forget_requests()
    emulator.fault("get", "503")
    ended = account.run("apply", "plan.json").expect(0)
    sent = len([request for request in emulator.requests() if request["port"] == "api"])
    assert re.fullmatch(rf"Calls: {sent}, waited \d\.\d s, 1 overload, slowest 500/s\.", ended.out.splitlines()[-2])


def test_the_report_as_json_tells_the_calls(account: Workplace, emulator: EmulatorProcess) -> None:
    account.plan()
    emulator.forget_requests()
    report = json.loads(account.run("apply", "plan.json", "--json", "--tpslimit", "100").expect(0).out)
    calls = report["calls"]
    assert calls.pop("waited_ms") >= 0
    sent = len([request for request in emulator.requests() if request["port"] == "api"])
    assert calls == {"sent": sent, "overloads": 0, "slowest_per_second": "100", "per_second": "100"}


def test_fields_that_are_not_known_are_told_once_on_stderr_by_plan_and_apply(
    account: Workplace, emulator: EmulatorProcess
) -> None:
    assert "not known" not in account.run("plan").expect(0).err
    for each in (A, C):
        emulator.put_job(each, {**bodies.image(), "poster\x1bUrl": "https://files.invalid/p.png"})
    told = "Fields that look like files and are not known, so no archive holds them: poster\\x1bUrl (2 jobs)"
    account.plan()
    for verb in (["plan"], ["apply", "plan.json"]):
        ended = account.run(*verb).expect(0)
        assert [line for line in ended.err.splitlines() if "not known" in line] == [told]
    assert "not known" not in account.run("refresh").expect(0).err
