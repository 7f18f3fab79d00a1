"""After a clean: the three words for how a job is away, and whether its files still answer at their addresses."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from reconciler.archive.still_cached import MOST_WAITING, CachedFiles
from reconciler.core.job import Asset, AssetForm, AssetKind, JobId
from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.ledger_values import reader_at
from tests.support.promise import a_minute_passes, deletes
from tests.support.scripted_server import RESET, Reply, scripted
from tests.support.waiting import until
from tests.support.workplace import Ended, Workplace, kill_hard

A, B, C = JOBS = [job_id(number) for number in (1, 2, 3)]
JOB = JobId("a")
KINDS = ["audio", "subtitles-srt", "subtitles-txt", "subtitles-vtt", "thumbnail", "video"]
FILE = Reply(206, b"x", headers=(("Content-Type", "video/mp4"),))


def results(ended: Ended, part: str = "results") -> dict[str, dict[str, Any]]:
    report: dict[str, Any] = json.loads(ended.out)
    return {result["job"]: result for result in report[part]}


def audited(place: Workplace) -> dict[str, str]:
    """How each job was cleaned, as the audit chain has it."""
    events = reader_at(place.folder / "state" / "ledger.db").audit_events()
    return {str(event.job_id): dict(event.facts)["how"] for event in events if event.event == "cleaned"}


def record_of(place: Workplace) -> dict[str, Any]:
    (name,) = [each for each in place.files() if each.startswith("runs/")]
    record: dict[str, Any] = json.loads((place.folder / "archive" / name).read_text())
    return record


# -- three words


def test_a_clean_that_took_effect_is_cleaned_now(three_planned: Workplace) -> None:
    ended = three_planned.run("apply", "plan.json", "--json").expect(0)
    assert {each["how"] for each in results(ended).values()} == {"cleaned now"}
    assert audited(three_planned) == dict.fromkeys(JOBS, "cleaned now")
    assert {each["how"] for each in record_of(three_planned)["results"]} == {"cleaned now"}


def test_a_job_that_the_service_does_not_know_after_its_clean_is_gone(
    three_planned: Workplace, emulator: EmulatorProcess
) -> None:
    emulator.switch(cleaned_get="404")
    ended = three_planned.run("apply", "plan.json", "--json").expect(0)
    assert {each["how"] for each in results(ended).values()} == {"gone"}
    assert set(audited(three_planned).values()) == {"gone"}


def test_a_job_that_was_cleaned_before_our_request_came_is_already_cleaned(
    three_planned: Workplace, emulator: EmulatorProcess
) -> None:
    # The clean takes effect and says that it knows no such job: as if somebody had cleaned it a moment before.
    emulator.fault("clean", "404-after-commit", f"/{B}/")
    ended = three_planned.run("apply", "plan.json", "--json").expect(0)
    assert results(ended)[B]["how"] == "already cleaned"
    assert audited(three_planned)[B] == "already cleaned"


@pytest.mark.parametrize(("answer", "how"), [("cleaned", "already cleaned"), ("404", "gone")])
def test_what_a_killed_run_cleaned_has_its_word_in_recovery_and_of_the_plan_that_is_resumed(
    three_planned: Workplace, emulator: EmulatorProcess, answer: str, how: str
) -> None:  # I8
    emulator.fault("clean", "stall-after-commit", f"/{A}/")
    started = three_planned.start("apply", "plan.json")
    until(lambda: deletes(emulator), "the first clean is on its way")
    kill_hard(started)
    a_minute_passes(three_planned)
    emulator.switch(cleaned_get=answer)
    ended = three_planned.run("apply", "plan.json", "--json").expect(0)
    assert results(ended, "recovered")[A]["how"] == how
    assert (results(ended)[A]["how"], results(ended)[A]["detail"]) == (how, f"{how}, by an earlier run")
    assert audited(three_planned)[A] == how


@pytest.mark.parametrize("when", ["before the archive", "just before the clean"])
def test_a_job_that_is_away_before_its_clean_is_left_out_with_its_word(
    three_planned: Workplace, emulator: EmulatorProcess, when: str
) -> None:
    emulator.fault("get", "404" if when == "before the archive" else "ok 404", f"/{B}")
    ended = three_planned.run("apply", "plan.json", "--json").expect(3)
    assert (results(ended)[B]["outcome"], results(ended)[B]["how"]) == ("skipped", "gone")
    assert deletes(emulator, B) == []


def test_a_job_that_retention_took_meanwhile_is_left_out_as_already_cleaned(
    workplace: Workplace, emulator: EmulatorProcess
) -> None:
    emulator.put_job(A, bodies.render(), sizes={"VIDEO/film.mp4": 400_000})
    workplace.write_desired("keep-me")
    workplace.plan()
    emulator.fault("asset", "drip*", "/VIDEO/")
    started = workplace.start("apply", "plan.json", "--json")
    until(lambda: [each for each in emulator.requests() if each["port"] == "asset"], "its copy is on its way")
    emulator.switch(retention_s=60)
    emulator.clock(advance_s=120)
    out, err = started.communicate(timeout=60)
    assert started.returncode == 3, f"{out}{err}"
    (result,) = json.loads(out)["results"]
    assert (result["outcome"], result["how"]) in {("skipped", "already cleaned"), ("failed", None)}
    assert deletes(emulator) == []


# -- still cached


def test_files_that_still_answer_are_told_everywhere(three_planned: Workplace, emulator: EmulatorProcess) -> None:
    emulator.switch(cached_after_clean_s=3600)
    ended = three_planned.run("apply", "plan.json", "--json").expect(0)
    told = {job: each["still_cached"] for job, each in results(ended).items()}
    assert told == dict.fromkeys(JOBS, KINDS)
    assert [each["still_cached"] for each in record_of(three_planned)["results"]] == [KINDS] * len(JOBS)
    assert len(emulator.cache_looks()) == 6 * len(JOBS)
    assert not any(request["key_sent"] for request in emulator.cache_looks())


def killed_in_the_clean_of_a(place: Workplace, emulator: EmulatorProcess, word: str = "stall-after-commit") -> None:
    emulator.fault("clean", word, f"/{A}/")
    started = place.start("apply", "plan.json")
    until(lambda: deletes(emulator), "the first clean is on its way")
    kill_hard(started)
    a_minute_passes(place)
    emulator.forget_requests()


@pytest.mark.parametrize("answer", ["cleaned", "404"])
def test_those_of_a_job_that_a_killed_run_cleaned_are_looked_for_once_it_is_settled(
    three_planned: Workplace, emulator: EmulatorProcess, answer: str
) -> None:
    killed_in_the_clean_of_a(three_planned, emulator)
    emulator.switch(cached_after_clean_s=3600, cleaned_get=answer)
    ended = three_planned.run("apply", "plan.json", "--json").expect(0)
    assert results(ended, "recovered")[A]["still_cached"] == KINDS
    assert record_of(three_planned)["recovered"][0]["still_cached"] == KINDS
    assert len([each for each in emulator.cache_looks() if A in each["path"]]) == len(KINDS), "each once"
    assert not any(request["key_sent"] for request in emulator.cache_looks())


def test_those_of_a_clean_that_did_not_arrive_belong_to_the_one_that_did(
    three_planned: Workplace, emulator: EmulatorProcess
) -> None:
    killed_in_the_clean_of_a(three_planned, emulator, "stall")
    emulator.clear_faults()
    emulator.switch(cached_after_clean_s=3600)
    ended = three_planned.run("apply", "plan.json", "--json").expect(0)
    assert (results(ended, "recovered")[A]["outcome"], results(ended, "recovered")[A]["still_cached"]) == (
        "failed",
        None,
    )
    assert (results(ended)[A]["outcome"], results(ended)[A]["still_cached"]) == ("cleaned", KINDS)


def test_they_are_told_in_the_same_words(three_planned: Workplace, emulator: EmulatorProcess) -> None:
    killed_in_the_clean_of_a(three_planned, emulator)
    emulator.switch(cached_after_clean_s=3600)
    out = three_planned.run("apply", "plan.json").expect(0).out
    settled = out.partition("\n\n")[0]
    assert "Left open by an earlier run, settled now" in settled
    assert f"; still cached: {', '.join(KINDS)}" in settled
    assert "Files of 3 cleaned jobs still answer at their addresses" in out


def test_where_no_store_tells_the_addresses_any_more_nobody_looks(
    three_planned: Workplace, emulator: EmulatorProcess
) -> None:
    killed_in_the_clean_of_a(three_planned, emulator)
    emulator.switch(cached_after_clean_s=3600)
    (body,) = (three_planned.folder / "archive").glob(f"jobs/{A}/*/data/job.json")
    body.chmod(0o600)
    body.write_text("[]")
    ended = three_planned.run("apply", "plan.json", "--json").expect(0)
    assert (results(ended, "recovered")[A]["outcome"], results(ended, "recovered")[A]["still_cached"]) == (
        "cleaned",
        None,
    )


def test_they_are_told_in_words(three_planned: Workplace, emulator: EmulatorProcess) -> None:
    emulator.switch(cached_after_clean_s=3600)
    out = three_planned.run("apply", "plan.json").expect(0).out
    assert out.count(f"; still cached: {', '.join(KINDS)}") == len(JOBS)
    assert "Files of 3 cleaned jobs still answer at their addresses" in out


def test_files_that_went_with_their_job_are_looked_for_once_each_and_not_told(
    three_planned: Workplace, emulator: EmulatorProcess
) -> None:
    ended = three_planned.run("apply", "plan.json", "--json").expect(0)
    assert [each["still_cached"] for each in results(ended).values()] == [[]] * len(JOBS)
    looks = [(request["path"], request["status"]) for request in emulator.cache_looks()]
    assert len(looks) == len(set(looks)) == 6 * len(JOBS)
    assert {status for _, status in looks} == {403}


@pytest.mark.parametrize("word", ["stall", "reset", "503", "html"])
def test_a_host_that_does_not_say_costs_neither_the_outcome_nor_time(
    three_planned: Workplace, emulator: EmulatorProcess, word: str
) -> None:
    for job in JOBS:
        emulator.fault("asset", f"ok*6 {word}*", f"/{job}/")
    began = time.monotonic()
    ended = three_planned.run("apply", "plan.json", "--json").expect(0)
    assert time.monotonic() - began < 15, "18 files that stall for 30 s each"
    assert {str(each["still_cached"]) for each in results(ended).values()} == {"None" if word == "stall" else "[]"}


def test_a_copy_alone_looks_for_nothing_afterwards(workplace: Workplace, emulator: EmulatorProcess) -> None:
    emulator.put_job(A, bodies.image())
    workplace.write_desired("keep-me", otherwise="archive")
    ended = workplace.run("archive", "--json").expect(0)
    assert (results(ended)[A]["how"], results(ended)[A]["still_cached"]) == (None, None)


def file_at(address: str, kind: AssetKind = AssetKind.VIDEO) -> Asset:
    return Asset(kind=kind, form=AssetForm.FILE, field="videoURL", extension="mp4", address=address)


def found(*assets: Asset) -> tuple[str, ...] | None:
    with CachedFiles(user_agent="a test/1", connect_s=1, read_s=1) as looks:
        looks.begin(JOB, assets)
        return looks.found().get(JOB)


ANSWERS = {
    "the first byte": (FILE, ("video",)),
    "the whole file": (Reply(200, b"film"), ("video",)),
    "a web page": (Reply(200, b"<html>", headers=(("Content-Type", "text/html; charset=utf-8"),)), ()),
    "gone": (Reply(404), ()),
    "refused": (Reply(403), ()),
    "trouble": (Reply(503), ()),
    "no answer": (RESET, ()),
}


@pytest.mark.parametrize(("reply", "told"), ANSWERS.values(), ids=ANSWERS.keys())
def test_what_counts_as_an_answer(reply: Reply, told: tuple[str, ...]) -> None:
    with scripted(reply) as server:
        assert found(file_at(f"{server.address}/a.mp4")) == told
    assert [(each.method, each.headers.get("Range")) for each in server.came] == [("GET", "bytes=0-0")]
    assert all("Authorization" not in each.headers for each in server.came)


@pytest.mark.parametrize("address", ["http://[", "ftp://files.invalid/a", "nonsense", "http://127.0.0.1:1/a"])
def test_an_address_that_nobody_can_ask_for_is_no_failure(address: str) -> None:
    assert found(file_at(address)) == ()


def test_pages_and_what_the_body_itself_carries_are_not_looked_for() -> None:
    page = Asset(kind=AssetKind.VIDEO, form=AssetForm.PAGE, field="share", extension="", address="https://a.invalid/b")
    assert found(page) is None


def test_a_netrc_file_adds_no_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # I11
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with scripted(FILE) as server:
        assert found(file_at(f"{server.address}/a.mp4")) == ("video",)
    assert "Authorization" not in server.came[0].headers


def test_too_many_at_once_are_not_waited_for_and_not_told() -> None:
    with scripted(FILE) as server, CachedFiles(user_agent="a test/1", at_the_end_s=30) as looks:
        looks.begin(JOB, [file_at(f"{server.address}/{number}") for number in range(MOST_WAITING + 50)])
        looks.begin(JobId("b"), [file_at(f"{server.address}/b")])
        assert set(looks.found()) == {JOB}


def test_answers_of_few_bytes_come_over_one_connection_and_others_are_not_read() -> None:
    gone = Reply(403, b"<Error>AccessDenied</Error>")
    film = Reply(200, b"x" * 5_000_000, headers=(("Content-Type", "video/mp4"),))
    with scripted(FILE, gone, film, FILE) as server, CachedFiles(user_agent="a test/1", at_the_end_s=30) as looks:
        looks.begin(JOB, [file_at(f"{server.address}/{number}") for number in range(4)])
        assert looks.found() == {JOB: ("video",)}
    assert [each.port for each in server.came] == [server.came[0].port] * 3 + [server.came[3].port]
    assert server.came[3].port != server.came[0].port
