"""The legal phases of one job, and the chain that tells every edit of the record."""

from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from reconciler.core.audit import GENESIS, AuditEvent, event_hash, first_break
from reconciler.core.job import JobId
from reconciler.core.steps import Entry, IllegalPhase, Phase, check_step, dangling, fold
from tests.support.values import NOON

B, A, C, D, N, X = (
    Phase.BEGIN,
    Phase.ARCHIVED,
    Phase.CLEANING,
    Phase.CLEANED,
    Phase.NOT_CLEANED,
    Phase.ABANDONED,
)
LEGAL = {
    *((None, B), (B, B), (B, A), (B, X), (A, B), (A, C), (A, X)),
    *((C, D), (C, N), (D, B), (N, B), (X, B)),
}


def entries(*phases: Phase, job: str = "a") -> list[Entry]:
    return [
        Entry(sequence=number, run_id="run", job_id=JobId(job), phase=phase, fingerprint="f", detail="")
        for number, phase in enumerate(phases, start=1)
    ]


@pytest.mark.parametrize(("before", "after"), list(product([None, *Phase], Phase)))
def test_only_these_steps_may_follow_each_other(before: Phase | None, after: Phase) -> None:  # I8
    if (before, after) in LEGAL:
        check_step(before, after)
    else:
        with pytest.raises(IllegalPhase, match="may not follow"):
            check_step(before, after)


def test_nothing_leads_to_a_clean_but_an_archive() -> None:  # I1
    assert {before for before, after in LEGAL if after is C} == {A}
    assert {before for before, after in LEGAL if after is D} == {C}


def test_the_last_entry_of_each_job_counts() -> None:
    mixed = [*entries(B, A, C, job="a"), *entries(B, A, C, D, job="b"), *entries(B, X, B, job="c")]
    assert {job: entry.phase for job, entry in fold(mixed).items()} == {"a": C, "b": D, "c": B}
    assert [entry.job_id for entry in dangling(mixed)] == ["a"]


def test_a_journal_that_we_never_write_is_refused() -> None:
    with pytest.raises(IllegalPhase, match="cleaning may not follow begin"):
        fold(entries(B, C))


# -- the chain


def chain(length: int = 5) -> list[AuditEvent]:
    events: list[AuditEvent] = []
    for number in range(1, length + 1):
        previous = events[-1].hash if events else GENESIS
        fields: dict[str, Any] = {
            "sequence": number,
            "at": NOON + timedelta(seconds=number),
            "run_id": "run-1",
            "actor": "ci@host",
            "event": "cleaned",
            "job_id": f"job-{number}",
            "facts": (("fingerprint", "f"), ("how", "cleaned now")),
            "previous": previous,
        }
        events.append(AuditEvent(**fields, hash=event_hash(**fields)))
    return events


EDITS = {
    "sequence": {"sequence": 9},
    "time": {"at": NOON},
    "run": {"run_id": "run-2"},
    "actor": {"actor": "somebody"},
    "event": {"event": "archived"},
    "job": {"job_id": "another"},
    "facts": {"facts": ()},
    "previous": {"previous": "sha256:" + "3" * 64},
    "hash": {"hash": GENESIS},
}


def test_an_untouched_chain_holds() -> None:
    assert first_break(chain()) == ""
    assert first_break([]) == ""


@pytest.mark.parametrize("at", [0, 2, 4])
@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_an_edit_of_any_field_of_any_event_is_told(edit: dict[str, Any], at: int) -> None:  # I10
    events = chain()
    events[at] = replace(events[at], **edit)
    assert first_break(events)


def test_the_first_event_names_no_other_as_its_predecessor() -> None:
    events = chain()
    events[0] = replace(events[0], previous="sha256:" + "3" * 64)
    assert first_break(events) == "event 1 does not follow the event before it"


@pytest.mark.parametrize("at", [0, 1, 3])
def test_a_removed_or_inserted_or_moved_event_is_told(at: int) -> None:  # I10
    events = chain()
    assert first_break(events[:at] + events[at + 1 :])
    assert first_break(events[: at + 1] + events[at:])
    swapped = [*events]
    swapped[at], swapped[at + 1] = swapped[at + 1], swapped[at]
    assert first_break(swapped)


def test_a_cut_tail_holds_and_has_another_head() -> None:
    """What a chain alone cannot tell: so its head is printed, to be noted elsewhere."""
    assert first_break(chain()[:3]) == ""
    assert chain()[2].hash != chain()[4].hash


def test_fields_do_not_run_into_each_other() -> None:
    one = chain(1)[0]
    moved = replace(one, run_id="run-1c", actor="i@host")
    assert event_hash(**fields_of(one)) != event_hash(**fields_of(moved))


def fields_of(event: AuditEvent) -> dict[str, Any]:
    return {name: getattr(event, name) for name in AuditEvent.__slots__ if name != "hash"}
