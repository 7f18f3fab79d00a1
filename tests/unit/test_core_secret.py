"""A key is shown by nothing but `reveal`, and no copy or pickle of it holds it (I11)."""

import copy
import pickle

import pytest

from reconciler.core.secret import Secret

KEY = "pictai_canary-0123456789"


def test_a_secret_gives_its_text_to_who_asks_for_it() -> None:
    assert Secret(KEY).reveal() == KEY


def test_a_secret_is_blank_however_it_is_looked_at() -> None:  # I11
    secret = Secret(KEY)
    assert {str(secret), repr(secret), f"{secret}", f"{secret!a}"} == {"[secret]"}
    assert f"{[secret]}" == "[[secret]]"
    assert not hasattr(secret, "__dict__")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_no_pickle_of_a_secret_holds_it(protocol: int) -> None:  # I11
    assert KEY.encode() not in pickle.dumps({"key": Secret(KEY)}, protocol)


def test_a_copy_of_a_secret_is_blank_as_well() -> None:  # I11
    assert copy.copy(Secret(KEY)).reveal() == ""
    assert copy.deepcopy([Secret(KEY)])[0].reveal() == ""
