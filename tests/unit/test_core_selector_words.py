"""What people read of a selector: what it owns, why it does not own a job, and which fact would tell."""

from dataclasses import replace

import pytest

from reconciler.core.job import Job, JobId, JobStatus, JobType
from reconciler.core.selector_words import described, what_is_missing, why_not
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
    match,
)
from tests.support.values import job

RENDERS = TypeIn(frozenset({JobType.RENDER}))
DONE = StatusIn(frozenset({JobStatus.COMPLETED}))
PRODUCTS, SPRING = NameLike(("product-*",)), ProjectLike(("spring",))
A, TWO = IdIn(frozenset({JobId("a")})), IdIn(frozenset({JobId("a"), JobId("b")}))
LAUNCH = IdIn(frozenset({JobId("a")}), label="launch")


@pytest.mark.parametrize(
    ("selector", "words"),
    [
        (EveryJob(), "every job"),
        (A, "id a"),
        (TWO, "2 ids"),
        (LAUNCH, "label launch"),
        (IdLike(("b*", "a*")), "id a* or b*"),
        (TypeIn(frozenset({JobType.RENDER, JobType.IMAGE})), "type image or render"),
        (StatusIn(frozenset({JobStatus.FAILED, JobStatus.COMPLETED})), "status completed or failed"),
        (NameLike(("product-*", "offer")), "name offer or product-*"),
        (ProjectLike(("q", "p")), "project p or q"),
        (AllOf((RENDERS, PRODUCTS)), "type render; name product-*"),
        (AnyOf((RENDERS, PRODUCTS)), "any of (type render | name product-*)"),
        (NotOf(AllOf((RENDERS, DONE))), "not (type render; status completed)"),
    ],
)
def test_what_a_selector_owns_in_words(selector: Selector, words: str) -> None:
    assert described(selector) == words


offer = replace(job("b"), name="offer", project="summer")
image, highlights = job("b", JobType.IMAGE), job("b", JobType.HIGHLIGHTS)
failed = job("b", JobType.PREVIEW, JobStatus.FAILED)


@pytest.mark.parametrize(
    ("selector", "given", "words"),
    [
        (A, offer, "does not name this id"),
        (LAUNCH, offer, "wants label launch, which does not have this id"),
        (IdLike(("a*",)), offer, "wants id a*, this id is another"),
        (RENDERS, image, "wants type render, this is image"),
        (DONE, failed, "wants status completed, this is failed"),
        (PRODUCTS, offer, "wants name product-*, this is offer"),
        (PRODUCTS, image, "wants name product-*, jobs of type image have none"),
        (SPRING, offer, "wants project spring, this is summer"),
        (SPRING, highlights, "wants project spring, jobs of type highlights have none"),
        # Of all that is wanted, what the job is not; of alternatives, each, and alike ones once.
        (AllOf((RENDERS, PRODUCTS, A)), offer, "wants name product-*, this is offer; does not name this id"),
        (
            AnyOf((PRODUCTS, A, IdIn(frozenset({JobId("c")})))),
            offer,
            "wants name product-*, this is offer and does not name this id",
        ),
        (NotOf(RENDERS), offer, "leaves out type render"),
        (NotOf(EveryJob()), offer, "leaves out every job"),
    ],
)
def test_why_a_job_is_not_owned_in_words(selector: Selector, given: Job, words: str) -> None:
    assert match(selector, given) is Match.NO
    assert why_not(selector, given) == words


def test_where_every_job_is_owned_there_is_nothing_to_say_against_one() -> None:
    assert why_not(EveryJob(), offer) == "owns every job"


untyped = job("b", JobType.UNKNOWN, JobStatus.UNKNOWN)


@pytest.mark.parametrize(
    ("selector", "given", "words"),
    [
        (RENDERS, untyped, "its type"),
        (DONE, untyped, "its status"),
        (PRODUCTS, untyped, "its name"),
        (SPRING, job("b"), "its project"),
        (NotOf(SPRING), job("b"), "its project"),
        (NotOf(AllOf((PRODUCTS, DONE))), job("b"), "its name"),
        (AllOf((RENDERS, PRODUCTS, DONE)), job("b"), "its name"),
        (AllOf((RENDERS, PRODUCTS, NotOf(RENDERS))), untyped, "its type and its name"),
        (AnyOf((A, PRODUCTS, SPRING)), job("b"), "its name and its project"),
    ],
)
def test_which_facts_would_tell_in_words(selector: Selector, given: Job, words: str) -> None:  # I4
    assert match(selector, given) is Match.UNKNOWN
    assert what_is_missing(selector, given) == words
