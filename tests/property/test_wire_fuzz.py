"""Whatever the service sends: read without a traceback, and never taken for finished when it does not say so."""

import json

from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.job import TERMINAL, JobStatus
from reconciler.pictory.answers import Kind, parse, read_answer
from reconciler.pictory.assets import TABLE
from reconciler.pictory.wire import read_job

NAMES = st.sampled_from(
    [*(field.name for field in TABLE), "status", "job_id", "jobId", "data", "url", "duration", "error_code", "x"]
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(max_size=8),
    st.sampled_from(["completed", "failed", "in-progress", "cleaned", "https://files.invalid/a", "http://[", "//x"]),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=6)),
    max_leaves=12,
)
BODIES = st.dictionaries(NAMES, VALUES, max_size=6)


@given(BODIES)
def test_any_body_is_read_without_an_error(body: dict[str, object]) -> None:
    job = read_job(body)
    assert job is None or job.fingerprint.startswith("sha256:")


@given(BODIES, st.dictionaries(NAMES, VALUES, max_size=8))
def test_only_the_exact_word_in_its_place_makes_a_job_terminal(
    body: dict[str, object], data: dict[str, object]
) -> None:
    """I4."""
    job = read_job({"job_id": "a", **body, "data": data})
    if job is not None and job.status in TERMINAL:
        assert data["status"] in {"completed", "failed"}
    if data.get("status") == "completed" and job is not None:
        assert job.status is JobStatus.COMPLETED


@given(BODIES)
def test_equal_bodies_have_equal_names(body: dict[str, object]) -> None:
    again = parse(json.dumps(body).encode())
    assert isinstance(again, dict)
    one, other = read_job(body), read_job(again)
    assert (one.fingerprint if one else None) == (other.fingerprint if other else None)


@given(st.integers(100, 599), st.binary(max_size=200))
def test_any_answer_is_read_without_an_error(status: int, raw: bytes) -> None:
    answer = read_answer(status, raw)
    assert answer.kind is not Kind.FINE or 200 <= status < 300
