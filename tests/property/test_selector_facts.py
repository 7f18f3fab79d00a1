"""What is said of a selector without a job holds for every job."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from reconciler.core.job import JobId, JobStatus, JobType
from reconciler.core.selector_facts import answers
from reconciler.core.selectors import (
    AllOf,
    AnyOf,
    EveryJob,
    IdIn,
    IdLike,
    Match,
    NameLike,
    NotOf,
    ProjectLike,
    Selector,
    StatusIn,
    TypeIn,
    looks_at,
    match,
    narrowed,
)
from reconciler.core.subjects import Subject
from reconciler.core.times import Made

IDS = st.sampled_from([JobId("a"), JobId("b")])
GLOBS = st.sampled_from([("n",), ("m", "n"), ("m",), ("?",), ("*",), ("m*", "**"), ("\\*",), ("\u00fc",), ("u\u0308",)])
LEAVES: st.SearchStrategy[Selector] = st.one_of(
    st.just(EveryJob()),
    st.builds(IdIn, st.frozensets(IDS, min_size=1)),
    st.builds(IdLike, st.sampled_from([("a",), ("b", "a"), ("?",), ("*",)])),
    st.builds(TypeIn, st.frozensets(st.sampled_from([JobType.RENDER, JobType.IMAGE]), min_size=1)),
    st.builds(StatusIn, st.frozensets(st.sampled_from([JobStatus.FAILED, JobStatus.COMPLETED]), min_size=1)),
    st.builds(NameLike, GLOBS),
    st.builds(ProjectLike, GLOBS),
)


def joined(inner: st.SearchStrategy[Selector]) -> st.SearchStrategy[Selector]:
    parts = st.lists(inner, min_size=1, max_size=3).map(tuple)
    return st.one_of(st.builds(AllOf, parts), st.builds(AnyOf, parts), st.builds(NotOf, inner))


SELECTORS = st.recursive(LEAVES, joined, max_leaves=6)


@st.composite
def subjects(draw: st.DrawFn) -> Subject:
    job_type = draw(st.sampled_from(JobType))
    may_have = job_type in {JobType.RENDER, JobType.PREVIEW, JobType.UNKNOWN}
    return Subject(
        id=draw(IDS),
        type=job_type,
        status=draw(st.sampled_from(JobStatus)),
        name=draw(st.sampled_from(["", "n", "m", "*", "\u00fc"])) if may_have else "",
        project=draw(st.sampled_from(["", "n", "m", "u\u0308"])) if may_have else "",
        rank=1,
        made=Made(),
    )


@given(SELECTORS, subjects())
def test_no_job_gets_an_answer_that_was_ruled_out(selector: Selector, subject: Subject) -> None:
    assert match(selector, subject) in answers(selector, subject.type, subject.status)


@given(SELECTORS, subjects())
def test_what_is_left_to_ask_of_a_kind_has_the_same_answers(selector: Selector, subject: Subject) -> None:
    left = narrowed(selector, subject.type, subject.status)
    assert (left if isinstance(left, Match) else match(left, subject)) is match(selector, subject)


@given(SELECTORS, subjects(), subjects())
def test_jobs_alike_in_what_a_selector_looks_at_get_one_answer(
    selector: Selector, subject: Subject, other: Subject
) -> None:
    alike = replace(other, **{name: getattr(subject, name) for name in looks_at(selector)})
    assert match(selector, alike) is match(selector, subject)
