"""A key that was never seen with the account of a ledger is refused, and one that was is not asked about (I3)."""

from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.engine.ports import Binding
from reconciler.engine.right_account import refuse_other_key, remember_key, shown
from reconciler.errors import GuardRefused
from tests.support.ledger_values import OneKey, ledger_at
from tests.support.values import NOON

LINEAGE = "0123456789abcdef"
KEY = OneKey("one")


def binding(*marks: str) -> Binding:
    return Binding(account="acme", lineage=LINEAGE, marks=marks)


def test_a_ledger_that_has_seen_no_key_takes_any() -> None:
    refuse_other_key(binding(), KEY)


def test_a_key_that_was_seen_passes_whatever_others_were() -> None:
    refuse_other_key(binding("plain:other", KEY.mark(LINEAGE)), KEY)


def test_another_key_is_refused_with_what_was_seen_and_the_ways_out() -> None:
    with pytest.raises(GuardRefused) as refused:
        refuse_other_key(binding("plain:abcdefghijklmnop", "plain:second"), KEY)
    assert refused.value.exit_code == 4
    assert refused.value.violations == (
        "this key (one-01234567) was never seen with account acme, whose ledger knows abcdefghijkl, second: the right "
        "ledger may be another one (--state), or the right key (PICTORY_API_KEY); if the account's key was changed, "
        "take it over once with reconciler refresh --accept-new-key",
    )


def test_a_ledger_that_was_made_anew_and_has_seen_no_key_since_takes_none() -> None:
    anew = replace(binding(), rebuilt_at=NOON)
    with pytest.raises(GuardRefused) as refused:
        refuse_other_key(anew, KEY)
    assert refused.value.violations == (
        "whether this key (one-01234567) is one of account acme cannot be told: the ledger was made anew, and no store "
        "has the keys that the lost one knew; look whether it is the right key (PICTORY_API_KEY), and take it over "
        "once with reconciler refresh --accept-new-key",
    )
    refuse_other_key(replace(anew, marks=(KEY.mark(LINEAGE),)), KEY)


def test_a_key_is_remembered_once(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path / "ledger.db")
    with ledger.open_run("refresh", "acme") as run:
        for key in (KEY, KEY, OneKey("two")):
            remember_key(ledger, run, key)
    lineage = ledger.binding().lineage
    assert sorted(ledger.binding().marks) == [f"plain:one-{lineage}", f"plain:two-{lineage}"]
    told = [event.event for event in ledger.audit_events()]
    assert told == ["run_started", "key_bound", "key_accepted", "run_finished"]


def test_a_mark_is_shown_by_its_first_digits_without_its_kind() -> None:
    assert shown("hmac:sha256:0123456789abcdef") == "0123456789ab"
    assert shown("short") == "short"
