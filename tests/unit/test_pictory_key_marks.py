"""A mark tells a key again and nothing else: neither the key, nor that two ledgers have seen the same (I11)."""

import re

import pytest

from reconciler.core.secret import Secret
from reconciler.pictory.credentials import ClientPair, Credentials, RawKey
from reconciler.pictory.key_marks import mark_of

ID, OTHER_ID, USER = Secret("client-1"), Secret("client-2"), Secret("user-1")


def mark(credentials: Credentials, lineage: str = "a lineage") -> str:
    return mark_of(credentials.told_by, lineage)


def test_a_key_has_one_mark_for_each_lineage_and_is_not_in_it() -> None:  # I11
    key = RawKey(Secret("pictai_secret"))
    assert mark(key) == mark(RawKey(Secret("pictai_secret")))
    assert re.fullmatch(r"scrypt:[0-9a-f]{64}", mark(key))
    assert "secret" not in mark(key)
    assert mark(key, "another") != mark(key)


DIFFERENT: dict[str, Credentials] = {
    "a key": RawKey(Secret("client-1")),
    "another key": RawKey(Secret("client-2")),
    "the pair": ClientPair(ID, Secret("s")),
    "another client": ClientPair(OTHER_ID, Secret("s")),
    "the pair for a user": ClientPair(ID, Secret("s"), USER),
    "another user": ClientPair(ID, Secret("s"), Secret("user-2")),
    "the same letters, cut elsewhere": ClientPair(Secret("client-1u"), Secret("s"), Secret("ser-1")),
}


def test_other_credentials_have_other_marks() -> None:  # I3
    marks = {mark(each) for each in DIFFERENT.values()}
    assert len(marks) == len(DIFFERENT)


@pytest.mark.parametrize("user", [None, USER], ids=["alone", "for a user"])
def test_a_new_secret_for_the_same_client_is_the_same_account(user: Secret | None) -> None:
    assert mark(ClientPair(ID, Secret("old"), user)) == mark(ClientPair(ID, Secret("new"), user))
