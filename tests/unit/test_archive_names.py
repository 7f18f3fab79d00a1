"""Names on disk: nothing that the service says becomes a path (I12)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.archive.names import bag_name, receipt_name, safe_id

FINGERPRINT = "sha256:" + "0123456789ab" + "f" * 52
IDS = st.one_of(st.text(), st.text(alphabet="aA-.x/0", max_size=6), st.uuids().map(str))


@pytest.mark.parametrize("job", ["6c1f0b52-7a34-4d0e-9f6b-2a51c8e7d910", "0", "a-b", "1779999", "a" * 64])
def test_a_harmless_id_names_its_own_folder(job: str) -> None:
    assert safe_id(job) == job


HOSTILE = ["", ".", "..", "../x", "a/b", "A", "con", "com1", "lpt9", "nul", "-a", "a" * 65, "a b", "a.", "ä", "a\x00"]


@pytest.mark.parametrize("job", [*HOSTILE, "\ud83d", "x-" + "0" * 40, "x-a"])
def test_any_other_id_is_named_by_its_hash(job: str) -> None:  # I12
    assert re.fullmatch(r"x-[0-9a-f]{40}", safe_id(job))


@given(IDS, IDS)
def test_two_ids_never_share_a_folder_not_even_where_case_does_not_count(one: str, other: str) -> None:  # I12
    if one != other:
        assert safe_id(one).casefold() != safe_id(other).casefold()


@given(IDS)
def test_a_name_stays_in_its_place(job: str) -> None:  # I12
    assert re.fullmatch(r"jobs/[a-z0-9][a-z0-9-]{0,63}/0123456789ab", bag_name(job, FINGERPRINT))
    assert re.fullmatch(r"receipts/[a-z0-9][a-z0-9-]{0,63}/0123456789ab\.intoto\.json", receipt_name(job, FINGERPRINT))


@pytest.mark.parametrize("fingerprint", ["", "sha256:", "sha256:../../../../x", "sha256:0123456789AB", "0123"])
def test_what_is_no_fingerprint_names_nothing(fingerprint: str) -> None:
    with pytest.raises(ValueError, match="not a fingerprint"):
        bag_name("a", fingerprint)
