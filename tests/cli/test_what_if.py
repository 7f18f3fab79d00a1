"""`plan --as-of` through the real command line: an answer about another time, which apply refuses (I3)."""

import json

from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.workplace import Workplace

A = job_id(1)


def test_a_job_too_young_today_goes_in_a_what_if_and_nobody_applies_it(
    workplace: Workplace, emulator: EmulatorProcess
) -> None:  # I3
    emulator.put_job(A, bodies.render())
    workplace.write_desired("keep-me", min_age="7d")
    assert "no changes" in workplace.run("plan").expect(0).last_line
    ended = workplace.run("plan", "--as-of", "2999-01-01", "--out", "plan.json").expect(0)
    assert ended.out.startswith("What if it were 2999-01-01T00:00:00Z: ")
    assert ended.last_line.startswith("Plan: 1 to clean")
    saved = workplace.saved_plan()
    assert (saved["what_if"], saved["applyable"], saved["violations"]) == (True, False, [])
    refused = workplace.run("apply", "plan.json").expect(5)
    assert "(field what_if)" in refused.err
    assert emulator.writes() == []
    assert "What if it were" in workplace.run("show", "plan.json").expect(0).out


def test_a_what_if_ends_as_a_plan_does(workplace: Workplace, emulator: EmulatorProcess) -> None:
    emulator.put_job(A, bodies.render())
    workplace.write_desired("keep-me", min_age="7d")
    then = ("plan", "--as-of", "2999-01-01")
    workplace.run(*then, "--detailed-exitcode").expect(2)
    workplace.run("plan", "--as-of", "2000-01-01", "--detailed-exitcode").expect(0)
    workplace.write_desired("keep-me", max_jobs=0)
    workplace.run(*then, "--json").expect(4)


def test_before_anything_was_seen_there_is_nothing_to_decide(workplace: Workplace, emulator: EmulatorProcess) -> None:
    emulator.put_job(A, bodies.render())
    workplace.write_desired("keep-me")
    told = json.loads(workplace.run("plan", "--as-of", "2000-01-01", "--json").expect(0).out)
    assert (told["inventory"]["jobs"], told["inventory"]["not_yet_seen"], told["changes"]) == (1, 1, [])


def test_a_time_that_is_none_is_refused_with_what_to_write(workplace: Workplace, emulator: EmulatorProcess) -> None:
    workplace.write_desired("keep-me")
    refused = workplace.run("plan", "--as-of", "next week").expect(64)
    assert "write a date such as 2027-01-31" in refused.err
    assert emulator.requests() == []
