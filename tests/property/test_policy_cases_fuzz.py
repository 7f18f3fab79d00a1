"""Whatever stands in a file of policy tests: a suite that runs, or problems each with its place; never a traceback."""

import json
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

from hypothesis import find, given
from hypothesis import strategies as st

from reconciler.desired.policy_cases import parse_policy_tests
from reconciler.engine.policy_tests import PolicySuite, run_suites
from reconciler.errors import DesiredStateInvalid
from reconciler.report.policy_tests_text import junit_xml, results_text
from reconciler.report.style import Style

POLICY = {
    "version": 1,
    "account": "acme",
    "otherwise": "clean",
    "retain": ["a", {"name": "r", "match": {"type": "render"}}],
}
TIMES = st.sampled_from(["2027-01-01", "2026-12-01T00:00:00Z", "2026-06-01T10:00:00+02:00"])
TYPES = st.sampled_from(["render", "image"])
WORDS = st.sampled_from(["retain", "hold", "release", "out_of_scope", "gone"])
EXPECTED = st.one_of(
    WORDS,
    st.just({"verdict": "hold", "because": ["too_young"]}),
    st.just({"verdict": "retain", "by": ["r"]}),
)
ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, 0, -1, 10**30, 1.5, True, "", "x", "\x00", "2027-02-30", "9999-12-31", [], {}, [[]], {"a": 1}]
)
MEMORIES = st.fixed_dictionaries(
    {"first_seen": TIMES},
    optional={
        "missing_until": TIMES,
        "released_since": TIMES,
        "seen_as": TYPES,
        "protected_by": st.just(["r"]),
        "listed": st.sampled_from(["yes", "missing", "left"]),
    },
)
FACTS = st.fixed_dictionaries(
    {},
    optional={
        "type": TYPES,
        "status": st.sampled_from(["completed", "failed", "in-progress", "cleaned", "unknown"]),
        "project": st.just("p"),
        "name": st.just("n"),
        "size": st.integers(0, 9),
        "lacks_assets": st.booleans(),
        "contradiction": st.just("odd"),
        **dict.fromkeys(("made", "shared_at", "created_date"), TIMES),
    },
)


@st.composite
def cases(draw: st.DrawFn, name: str) -> dict[str, Any]:
    jobs = [
        {"id": job_id, **draw(FACTS), **(draw(MEMORIES) if draw(st.booleans()) else {})}
        for job_id in draw(st.lists(st.sampled_from("abcd"), min_size=1, max_size=3, unique=True))
    ]
    listed = [job["id"] for job in jobs if job.get("listed", "yes") == "yes"]
    expect = {job_id: draw(EXPECTED) for job_id in listed}
    return {"name": name, "at": draw(TIMES), "jobs": jobs, "expect": expect or {"a": "hold"}}


@st.composite
def files(draw: st.DrawFn) -> Any:
    """A file as it should be, more often than not with something odd in one place."""
    # A copy: what a strategy gives is the same value each time, and would be another one once it was changed.
    whole: Any = deepcopy({"version": 1, "policy": POLICY, "cases": [draw(cases("one")), draw(cases("two"))]})
    for _ in range(draw(st.integers(0, 2))):
        at: Any = whole
        while isinstance(at, dict | list) and at:
            part = draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
            if not isinstance(at[part], dict | list) or not at[part] or not draw(st.integers(0, 3)):
                at[part] = deepcopy(draw(ODD))
                break
            at = at[part]
    return whole


PLACE = re.compile(r"^(t\.json:\d+:\d+|[^:]*): ")


def read(content: bytes) -> PolicySuite | tuple[str, ...]:
    try:
        return parse_policy_tests(content, "t.json", Path("/nonexistent"))
    except DesiredStateInvalid as refused:
        return refused.problems


@given(files() | ODD)
def test_a_file_is_a_suite_that_runs_or_is_told_its_problems(written: object) -> None:
    suite = read(json.dumps(written).encode())
    if isinstance(suite, tuple):
        assert suite
        assert all(PLACE.match(problem) for problem in suite)
        return
    results = run_suites([suite])
    results_text(results, style=Style())
    junit_xml(results)


def test_some_of_these_files_are_suites() -> None:
    find(files(), lambda written: isinstance(read(json.dumps(written).encode()), PolicySuite))


@given(st.text(max_size=60))
def test_any_text_is_told_what_it_is_not(text: str) -> None:
    assert isinstance(read(("version: 1\npolicy:\n " + text).encode("utf-8", "replace")), tuple)
