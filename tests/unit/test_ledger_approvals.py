"""What a ledger keeps of approvals: the rules applied last, the keys of its account, recorded plans (I3, I13)."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest

from reconciler.core.applied import AppliedFile, AppliedRule
from reconciler.core.approvals import NO_APPROVALS, Approvals
from reconciler.core.desired import Keep, Limits
from reconciler.core.job import JobType
from reconciler.core.rule_loss import Lost, RuleLoss, RulesCompared
from reconciler.core.selectors import TypeIn
from reconciler.engine.ports import Approved, Binding
from reconciler.engine.right_account import refuse_other_key, remember_key
from reconciler.errors import GuardRefused, LedgerError
from reconciler.ledger.database import Database
from reconciler.ledger.recorded_plans import SqlRecordedPlans
from tests.support.ledger_values import HandMadeClock, OneKey, changing, ledger_at, reader_at
from tests.support.values import NOON, by_id, rule

RENDERS, IMAGES = (rule(TypeIn(frozenset({each})), each.value) for each in (JobType.RENDER, JobType.IMAGE))
LIMITS = Limits(max_jobs=50, max_share=Fraction(1, 10), max_bytes=None)
FILE = AppliedFile(
    digest="sha256:" + "1" * 64,
    applied_at=NOON,
    rules=(
        AppliedRule(replace(RENDERS, keep=Keep(last=3, within=timedelta(days=30)), lapses_at=NOON), 41),
        AppliedRule(by_id("a", "b", name="ä\ud800"), 2),
    ),
)
NEXT = replace(FILE, digest="sha256:" + "2" * 64, rules=(AppliedRule(IMAGES, 0),))


def approved(
    file: AppliedFile | None = FILE, approvals: Approvals = NO_APPROVALS, rules: RulesCompared | None = None
) -> Approved:
    return Approved(file=file, rules=rules, approvals=approvals, limits=LIMITS)


def record(database: Database, *several: Approved) -> None:
    with ledger_at(database).open_run("apply", "acme") as run:
        for each in several:
            run.record_approved(each)


def told(database: Database) -> list[tuple[str, dict[str, str]]]:
    events = reader_at(database).audit_events()
    return [(event.event, dict(event.facts)) for event in events if not event.event.startswith("run_")]


def test_the_file_that_was_applied_last_is_remembered_with_what_its_rules_mean_and_kept(database: Database) -> None:
    record(database, approved())
    kept = reader_at(database).view().applied
    assert kept == replace(FILE, rules=(FILE.rules[0], AppliedRule(by_id("a", "b", name="ä\\ud800"), 2)))
    record(database, approved(NEXT), approved(NEXT))
    assert reader_at(database).view().applied == NEXT
    record(database, approved(None))
    assert reader_at(database).view().applied == NEXT, "a file that is not taken over changes nothing"
    record(database, approved(FILE))
    assert (reader_at(database).view().applied or NEXT).digest == FILE.digest, "the one before may come back"
    assert [facts["rules"] for event, facts in told(database) if event == "file_applied"] == ["2", "1", "2"]


def test_a_file_without_rules_is_remembered_as_that(database: Database) -> None:  # I13
    record(database, approved(), approved(replace(NEXT, rules=())))
    assert reader_at(database).view().applied == replace(NEXT, rules=())


def test_a_ledger_that_never_applied_remembers_no_file(database: Database) -> None:
    with ledger_at(database).open_run("refresh", "acme"):
        pass
    assert reader_at(database).view().applied is None


def test_a_rule_that_cannot_be_read_is_an_error_and_no_missing_rule(database: Database) -> None:  # I13
    record(database, approved())
    with changing(database) as change:
        assert change("UPDATE applied_rule SET meaning = '{}' WHERE position = 1") == 1
    with pytest.raises(LedgerError, match="holds what cannot be read"):
        reader_at(database).view()


def test_what_goes_beyond_the_file_is_in_the_audit_before_anything_is_done(database: Database) -> None:  # I10
    loss = RuleLoss(rule="launch", how=Lost.GONE, kept=9, freed=2, released=1, unnamed=0, was="sha256:0")
    narrowed = replace(loss, rule="renders", how=Lost.NARROWED, now="sha256:1")
    rules = RulesCompared(digest=FILE.digest, applied_at=NOON, lost=(loss, narrowed))
    approvals = Approvals(max_jobs=60, max_share=Fraction(1, 8), max_bytes=7, rules_lost=rules.name)
    with ledger_at(database).open_run("apply", "acme") as run:
        run.record_approved(approved(NEXT, approvals, rules))
    assert told(database)[:-1] == [
        ("limit_raised", {"limit": "clean.max_jobs", "file": "50", "plan": "60"}),
        ("limit_raised", {"limit": "clean.max_share", "file": "10.0%", "plan": "12.5%"}),
        ("limit_raised", {"limit": "clean.max_bytes", "file": "none", "plan": "7B"}),
        ("rules_lost", {"loss": rules.name, "rule": "renders (narrowed)"}),
    ]
    (event,) = (each for each in reader_at(database).audit_events() if each.event == "rules_lost")
    assert [text for name, text in event.facts if name == "rule"] == ["launch (gone)", "renders (narrowed)"]


def test_a_limit_that_is_the_file_s_own_is_no_news(database: Database) -> None:
    record(database, approved(None, Approvals(max_jobs=50, max_share=Fraction(1, 10))))
    assert told(database) == []


# -- keys


def test_a_ledger_takes_the_first_key_and_no_other_until_that_is_recorded(database: Database) -> None:  # I3
    ledger, ours, other = ledger_at(database), OneKey("ours"), OneKey("other")
    assert reader_at(database).binding() == Binding()
    with ledger.open_run("refresh", "acme") as run:
        refuse_other_key(ledger.binding(), ours)
        remember_key(ledger, run, ours)
        remember_key(ledger, run, ours)
    binding = reader_at(database).binding()
    assert binding.account == "acme"
    assert binding.marks == (ours.mark(binding.lineage),)
    refuse_other_key(binding, ours)
    with pytest.raises(GuardRefused, match=r"this key \(other-") as refused:
        refuse_other_key(binding, other)
    assert refused.value.exit_code == 4
    with ledger.open_run("refresh", "acme") as run:
        remember_key(ledger, run, other)
    for each in (ours, other):
        refuse_other_key(ledger.binding(), each)
    assert [event for event, _ in told(database)] == ["key_bound", "key_accepted"]


def test_of_a_mark_twelve_digits_are_told(database: Database) -> None:  # I11
    with ledger_at(database).open_run("refresh", "acme") as run:
        run.record_key("scrypt:0123456789abcdef")
    assert told(database) == [("key_bound", {"key": "0123456789ab"})]


# -- recorded plans


def test_the_newest_plan_of_a_name_is_found_again(database: Database) -> None:
    plans = SqlRecordedPlans(database, clock=HandMadeClock(), actor="a test")
    assert plans.content("sha256:1") is None
    with pytest.raises(LedgerError, match="there is no ledger") as refused:
        plans.keep("sha256:1", "{}\n")
    assert "reconciler refresh" in refused.value.hint
    with ledger_at(database).open_run("refresh", "acme"):
        plans.keep("sha256:1", "first\n")  # no lease is asked for
        plans.keep("sha256:2", "other\n")
        plans.keep("sha256:1", "newest\n")
    assert plans.content("sha256:1") == b"newest\n"
    assert plans.content("sha256:3") is None
