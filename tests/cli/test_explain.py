"""`explain` through the real command line: of listed jobs, of jobs that left, of jobs that nobody knows."""

import json

from tests.support import bodies
from tests.support.bodies import job_id
from tests.support.emulator import EmulatorProcess
from tests.support.workplace import Workplace

A, B, C = job_id(1), job_id(2), job_id(3)


def test_what_stays_what_went_and_what_nobody_knows(workplace: Workplace, emulator: EmulatorProcess) -> None:
    emulator.put_job(A, bodies.image())
    emulator.put_job(B, bodies.render())
    workplace.write_desired(B)
    workplace.plan()
    workplace.run("apply", "plan.json").expect(0)
    emulator.remove_job(A)
    workplace.run("refresh").expect(0)
    emulator.put_job(C, bodies.image())
    told = workplace.run("explain", A, B, C).expect(0)
    assert f"Job {A}: left, cleaned at 20" in told.out
    assert f"  copy jobs/{A}/" in told.out
    assert f"Job {B}: render completed" in told.out
    assert f"  = rule {B} keeps it\n" in told.out
    assert f"Job {C}: image completed\n- release: no rule keeps it and nothing holds it\n" in told.out
    assert told.last_line == "Explain: 1 retain, 1 release, 1 not listed."
    assert told.err == ""
    read = json.loads(workplace.run("explain", "--json", A, B, C).expect(0).out)
    assert [each["job"] for each in read["jobs"]] == [A, B, C]
    assert (read["jobs"][0]["left"]["how"], read["jobs"][1]["kept_by"]) == ("cleaned", [B])
    assert read["format_version"] == "1.0"
    lost = workplace.run("explain", B, "no-such-job").expect(64)
    assert "nobody knows a job no-such-job" in lost.err
    assert f"  = rule {B} keeps it\n" in lost.out
    assert len(emulator.writes()) == 1


def test_at_another_time(workplace: Workplace, emulator: EmulatorProcess) -> None:
    emulator.put_job(A, bodies.render())
    workplace.write_desired("keep-me", min_age="7d")
    assert "! hold (too_young)" in workplace.run("explain", A).expect(0).out
    later = workplace.run("explain", A, "--as-of", "2999-01-01").expect(0)
    assert later.out.startswith("What if it were 2999-01-01T00:00:00Z")
    assert "- release: no rule keeps it" in later.out
    workplace.run("explain").expect(64)
