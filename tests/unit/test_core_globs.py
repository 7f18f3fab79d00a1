"""Globs against whole texts: two signs and an escape, and nothing of regular expressions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.globs import fits
from tests.support.plain_matching import glob_fits

CASES: dict[str, tuple[str, list[str], list[str]]] = {
    "no sign": ("ab", ["ab"], ["", "a", "abc", "xab", "AB"]),
    "nothing fits nothing else": ("", [""], ["a", "\n"]),
    "any run": ("*", ["", "a", "a\nb", "\u00eb"], []),
    "a head": ("ab*", ["ab", "abab", "ab\n"], ["a", "aab", "Ab"]),
    "a tail": ("*ab", ["ab", "abab"], ["aba", "b"]),
    "a head and a tail": ("ab*ba", ["abba", "ab-ba"], ["aba", "ab", "abbab"]),
    "what stands in the middle": ("a*b*c", ["abc", "abbcbc", "a--b--c"], ["ac", "acb", "abcb", "xabc"]),
    "the middle takes nothing of the tail": ("*ab*b", ["abb", "ab-ab"], ["ab", "bab"]),
    "the middle in its order": ("*a*b*c*", ["abc", "c-a-b-c"], ["acb", "cab", "bca"]),
    "two runs are one": ("a**b", ["ab", "a--b"], ["a", "ba"]),
    "one character": ("a?c", ["abc", "a*c", "a\nc"], ["ac", "abbc", "abc\n"]),
    "at least two characters": ("?*?", ["ab", "abc"], ["", "a"]),
    "a star as it is": ("a\\*c", ["a*c"], ["abc", "a\\*c", "ac"]),
    "a question mark as it is": ("\\?", ["?"], ["a", "\\?"]),
    "a backslash as it is": ("a\\\\*", ["a\\", "a\\b"], ["a", "a*", "ab"]),
    "a letter as it is": ("\\n", ["n"], ["\n", "\\n"]),
    "a backslash at the end": ("a\\", ["a\\"], ["a", "a\\\\"]),
    "signs of regular expressions": ("[a].b|c+(d)^$", ["[a].b|c+(d)^$"], ["a.b", "a", "[a]xb|c+(d)^$"]),
    "composed or not": ("Zoe\u0308*", ["Zo\u00eb", "Zoe\u0308-1"], ["Zoe", "Zoe-1"]),
    "one character composed": ("Zo?", ["Zo\u00eb", "Zoe\u0308"], ["Zoe-"]),
}


@pytest.mark.parametrize(("glob", "fitting", "others"), CASES.values(), ids=CASES.keys())
def test_a_glob_is_for_whole_texts(glob: str, fitting: list[str], others: list[str]) -> None:
    assert [text for text in [*fitting, *others] if fits([glob], text)] == fitting


def test_of_several_globs_one_is_enough_and_each_is_for_the_whole_text() -> None:
    texts = ["", "a", "ab", "b", "c", "cd", "a|b", "x"]
    assert [text for text in texts if fits(["a", "ab", "c*"], text)] == ["a", "ab", "c", "cd"]


def test_many_stars_take_no_time() -> None:
    # A pattern that tries each way to share the text among the stars would take longer than anyone waits.
    assert not fits(["*a" * 40 + "b"], "a" * 2_000)
    assert fits(["*a" * 40 + "*b"], "a" * 2_000 + "b")


SIGNS = st.text("ab*?\\\n.", max_size=7)


@given(SIGNS, st.text("ab*\\\n.", max_size=9))
def test_globs_and_the_plain_evaluator_agree(glob: str, text: str) -> None:
    assert fits([glob], text) == glob_fits(glob, text)
