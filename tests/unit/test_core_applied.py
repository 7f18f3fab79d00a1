"""The rules that were applied last come back as they were meant, whatever they were called."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.applied import rule_digest, rule_from, rule_json
from reconciler.core.canonical import canonical_json
from reconciler.core.desired import GroupKey, Keep, RetainRule
from reconciler.core.job import JobId, JobStatus, JobType
from reconciler.core.selectors import (
    AllOf,
    AnyOf,
    EveryJob,
    IdIn,
    IdLike,
    NameLike,
    NotOf,
    ProjectLike,
    Selector,
    StatusIn,
    TypeIn,
)
from tests.support.values import NOON

WORDS = st.lists(st.text(max_size=4), min_size=1, max_size=3, unique=True)
LEAVES: list[st.SearchStrategy[Selector]] = [
    st.just(EveryJob()),
    WORDS.map(lambda words: IdIn(frozenset(JobId(each) for each in words))),
    WORDS.map(lambda words: IdLike(tuple(words))),
    WORDS.map(lambda words: NameLike(tuple(words))),
    WORDS.map(lambda words: ProjectLike(tuple(words))),
    st.frozensets(st.sampled_from(JobType), min_size=1).map(TypeIn),
    st.frozensets(st.sampled_from(JobStatus), min_size=1).map(StatusIn),
]


def around(inner: st.SearchStrategy[Selector]) -> st.SearchStrategy[Selector]:
    parts = st.lists(inner, min_size=1, max_size=3).map(tuple)
    return st.one_of(parts.map(AllOf), parts.map(AnyOf), inner.map(NotOf))


SELECTORS: st.SearchStrategy[Selector] = st.recursive(st.one_of(LEAVES), around, max_leaves=5)
COUNTS = st.none() | st.integers(1, 99)
KEEPS = st.builds(
    Keep,
    last=COUNTS,
    within=st.none() | st.integers(1, 10**6).map(lambda hours: timedelta(hours=hours)),
    daily=COUNTS,
    weekly=COUNTS,
    monthly=COUNTS,
    yearly=COUNTS,
    size=COUNTS,
)
RULES = st.builds(
    RetainRule,
    name=st.text(max_size=4),
    selector=SELECTORS,
    keep=KEEPS,
    group_by=st.lists(st.sampled_from(GroupKey), unique=True).map(tuple),
    lapses_at=st.none() | st.just(NOON),
    protect=st.booleans(),
    archive_now=st.booleans(),
)


@given(RULES)
def test_a_rule_comes_back_as_it_was_meant(rule: RetainRule) -> None:
    again = rule_from(rule.name, rule_json(rule))
    assert rule_digest(again) == rule_digest(rule)
    assert replace(again, selector=EveryJob()) == replace(rule, selector=EveryJob())
    assert rule_json(again) == rule_json(rule)
    canonical_json(rule_json(rule))


@given(st.one_of(LEAVES).filter(lambda each: not isinstance(each, IdLike | NameLike | ProjectLike)))
def test_a_selector_of_one_kind_comes_back_equal(selector: Selector) -> None:
    for given_one in (selector, NotOf(selector), AllOf((selector,)), AnyOf((selector,))):
        assert rule_from("r", rule_json(RetainRule(name="r", selector=given_one))).selector == given_one


RENDERS, NAMED = TypeIn(frozenset({JobType.RENDER})), NameLike(("a*", "b*"))
RULE = RetainRule(name="r", selector=AllOf((RENDERS, NAMED)))
SAME = {
    "its name": replace(RULE, name="other"),
    "owner and reason": replace(RULE, owner="legal", reason="LEG-114"),
    "the order of keys": replace(RULE, selector=AllOf((NAMED, RENDERS))),
    "the order of globs": replace(RULE, selector=AllOf((RENDERS, NameLike(("b*", "a*"))))),
}
OTHER = {
    "another glob": replace(RULE, selector=NameLike(("a*",))),
    "any for all": replace(RULE, selector=AnyOf((RENDERS, NAMED))),
    "what it keeps": replace(RULE, keep=Keep(last=1)),
    "another count": replace(RULE, keep=Keep(daily=1)),
    "its groups": replace(RULE, group_by=(GroupKey.NAME,)),
    "its end": replace(RULE, lapses_at=NOON),
    "protection": replace(RULE, protect=True),
    "the copy of what stays": replace(RULE, archive_now=True),
}


@pytest.mark.parametrize("other", SAME.values(), ids=SAME.keys())
def test_what_says_the_same_has_the_same_digest(other: RetainRule) -> None:
    assert rule_digest(other) == rule_digest(RULE)


@pytest.mark.parametrize("other", OTHER.values(), ids=OTHER.keys())
def test_what_says_anything_else_has_another(other: RetainRule) -> None:
    assert rule_digest(other) != rule_digest(RULE)


def test_a_label_s_name_says_nothing_and_its_members_say_all() -> None:
    ids = frozenset({JobId("a"), JobId("b")})
    by_label = RetainRule(name="r", selector=IdIn(ids, label="launch"))
    assert rule_digest(by_label) == rule_digest(RetainRule(name="r", selector=IdIn(ids)))
    assert rule_digest(by_label) != rule_digest(RetainRule(name="r", selector=IdIn(frozenset({JobId("a")}))))


def test_a_kind_of_selector_that_nobody_knows_is_refused() -> None:
    written = rule_json(RULE)
    with pytest.raises(ValueError, match="there is no selector 'newer'"):
        rule_from("r", {**written, "selector": ["newer", [["every", []]]]})
