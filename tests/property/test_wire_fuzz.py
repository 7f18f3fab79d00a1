"""Whatever the service sends: read without a traceback, and never taken for finished when it does not say so."""

from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.core.job import TERMINAL, AssetForm, JobId, JobStatus
from reconciler.core.secret import Secret
from reconciler.errors import ServiceAnswerUnreadable
from reconciler.pictory.answers import Kind, read_answer
from reconciler.pictory.assets import TABLE
from reconciler.pictory.parts import compact
from reconciler.pictory.wire import read_detail, read_job
from tests.support.wire import part, sent

KEY = b"pictai_canary-0123456789"

NAMES = st.sampled_from(
    [*(field.name for field in TABLE), "status", "job_id", "jobId", "data", "url", "duration", "error_code", "x"]
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["half \ud83d", "zero \x00", "\x00repeated", ".", ".."]),
    st.sampled_from(["completed", "failed", "in-progress", "cleaned", "https://files.invalid/a", "http://[", "//x"]),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=6)),
    max_leaves=12,
)
BODIES = st.dictionaries(NAMES, VALUES, max_size=6)
ENDLESS = {"data": {"job_id": "a", "transcript": [float("inf")]}}


@given(BODIES)
@example(ENDLESS)
def test_any_body_is_read_without_an_error(body: dict[str, object]) -> None:
    job = read_job(part(body))
    assert job is None or job.fingerprint.startswith("sha256:")


@given(BODIES)
def test_any_answer_for_one_job_is_that_job_or_refused(body: dict[str, object]) -> None:
    try:
        detail = read_detail(sent(body), JobId("asked-for"))
    except ServiceAnswerUnreadable:
        return
    assert "asked-for" in (detail.job.id, *detail.job.other_ids)
    assert len(detail.inline) == sum(asset.form is AssetForm.INLINE for asset in detail.job.assets)


@given(BODIES, st.dictionaries(NAMES, VALUES, max_size=8))
def test_only_the_exact_word_in_its_place_makes_a_job_terminal(
    body: dict[str, object], data: dict[str, object]
) -> None:
    """I4."""
    job = read_job(part({"job_id": "a", **body, "data": data}))
    if job is not None and job.status in TERMINAL:
        assert data["status"] in {"completed", "failed"}
    if data.get("status") == "completed" and job is not None:
        assert job.status is JobStatus.COMPLETED


@given(BODIES)
def test_equal_bodies_have_equal_names(body: dict[str, object]) -> None:
    turned = dict(reversed(body.items()))
    assert read_job(part(body)) == read_job(part(turned))


@given(BODIES, st.dictionaries(NAMES, VALUES, max_size=8), st.dictionaries(NAMES, VALUES, max_size=8))
@example({"transcript": ["https://files.invalid/a"]}, {}, {"transcript": False})
def test_files_and_pages_have_an_address_and_inline_parts_have_none(
    body: dict[str, object], data: dict[str, object], more: dict[str, object]
) -> None:
    job = read_job(part({**body, "job_id": "a", "data": {**more, **data}}))
    for asset in job.assets if job else ():
        assert bool(asset.address) == (asset.form is not AssetForm.INLINE)
        assert bool(asset.content) == (asset.form is AssetForm.INLINE)
        assert asset.field not in (job.unlisted_fields if job else ())


RAW = st.one_of(st.binary(max_size=200), BODIES.map(sent), BODIES.map(sent).map(lambda raw: raw[: len(raw) // 2]))


@given(st.integers(100, 999), RAW)
def test_any_answer_is_read_without_an_error(status: int, raw: bytes) -> None:
    answer = read_answer(status, raw)
    assert answer.kind is not Kind.FINE or 200 <= status < 300
    assert 0 < len(answer.words) <= 200
    if answer.kind is Kind.FINE:
        assert compact(raw).is_object


@given(
    st.integers(100, 599), st.binary(max_size=80), st.integers(0, 5000), st.sampled_from([b'"message": "', b"", b"<p>"])
)
def test_the_words_of_an_answer_never_hold_the_key_that_was_sent(
    status: int, around: bytes, filler: int, opening: bytes
) -> None:  # I11
    closing = b'"}' if opening.startswith(b'"') else b""
    raw = (b"{" if closing else b"") + opening + b"x" * filler + KEY + around.replace(b'"', b"") + closing
    assert KEY.decode() not in read_answer(status, raw, sent=[Secret(KEY.decode())]).words
