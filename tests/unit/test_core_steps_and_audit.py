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
PATHS = {
    B: (B,),
    A: (B, A),
    C: (B, A, C),
    D: (B, A, C, D),
    N: (B, A, C, N),
    X: (B, A, X),
}
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


def test_phases_are_written_as_they_always_were() -> None:
    written = ["begin", "archived", "cleaning", "cleaned", "not_cleaned", "abandoned"]
    assert [phase.value for phase in (B, A, C, D, N, X)] == written


def test_nothing_leads_to_a_clean_but_an_archive() -> None:  # I1
    assert {before for before, after in LEGAL if after is C} == {A}
    assert {before for before, after in LEGAL if after is D} == {C}


def test_the_last_entry_of_each_job_counts() -> None:
    mixed = [*entries(B, A, C, job="a"), *entries(B, A, C, D, job="b"), *entries(B, X, B, job="c")]
    assert {job: entry.phase for job, entry in fold(mixed).items()} == {"a": C, "b": D, "c": B}
    assert [entry.job_id for entry in dangling(mixed)] == ["a"]


def test_an_unfinished_job_that_is_begun_anew_counts_as_begun_anew() -> None:
    given = [*entries(B, A), replace(entries(B)[0], sequence=3, run_id="later")]
    assert fold(given)[JobId("a")].run_id == "later"
    assert dangling(given) == ()


def test_only_a_clean_whose_answer_is_not_known_dangles() -> None:  # I8
    ends = {phase: entries(*path) for phase, path in PATHS.items()}
    assert {phase for phase, path in ends.items() if dangling(path)} == {C}
    assert dangling(ends[C]) == (ends[C][-1],)
    assert (fold([]), dangling([])) == ({}, ())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (entries(B, C), "cleaning may not follow begin"),
        (entries(A), "archived may not follow nothing"),
        (entries(B, A, C, B), "begin may not follow cleaning"),
        (entries(B, A, C, D, D), "cleaned may not follow cleaned"),
        ([*entries(B, A, job="b"), *entries(C, job="a")], "cleaning may not follow nothing"),
    ],
    ids=["no archive", "no begin", "begun anew while open", "cleaned twice", "another job's archive"],
)
def test_a_journal_that_we_never_write_is_refused(given: list[Entry], said: str) -> None:  # I1, I8
    for reader in (fold, dangling):
        with pytest.raises(IllegalPhase, match=f"^{said}$"):
            reader(given)


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


CHANGED = "event {n} ({event.event} {event.job_id}) was changed after it was written"
EDITS: dict[str, tuple[dict[str, Any], str]] = {
    "sequence": ({"sequence": 9}, "event {n} is missing: the next one is numbered 9"),
    "time": ({"at": NOON}, CHANGED),
    "run": ({"run_id": "run-2"}, CHANGED),
    "actor": ({"actor": "somebody"}, CHANGED),
    "event": ({"event": "archived"}, CHANGED),
    "job": ({"job_id": "another"}, CHANGED),
    "facts": ({"facts": ()}, CHANGED),
    "a fact": ({"facts": (("fingerprint", "g"), ("how", "cleaned now"))}, CHANGED),
    "a fact's name": ({"facts": (("fingerprints", "f"), ("how", "cleaned now"))}, CHANGED),
    "the order of facts": ({"facts": (("how", "cleaned now"), ("fingerprint", "f"))}, CHANGED),
    "previous": ({"previous": "sha256:" + "3" * 64}, "event {n} does not follow the event before it"),
    "hash": ({"hash": GENESIS}, CHANGED),
}


def test_an_untouched_chain_holds() -> None:
    assert first_break(chain()) == ""
    assert first_break([]) == ""


@pytest.mark.parametrize("at", range(5))
@pytest.mark.parametrize(("edit", "said"), EDITS.values(), ids=EDITS.keys())
def test_an_edit_of_any_field_of_any_event_is_told(edit: dict[str, Any], said: str, at: int) -> None:  # I10
    events = chain()
    events[at] = replace(events[at], **edit)
    assert first_break(events) == said.format(n=at + 1, event=events[at])


def test_every_field_of_an_event_is_edited_above() -> None:
    assert {name for edit, _ in EDITS.values() for name in edit} == set(AuditEvent.__slots__)


@pytest.mark.parametrize("edit", [edit for edit, _ in EDITS.values() if not {"hash", "previous"} & edit.keys()])
@pytest.mark.parametrize("at", range(4))
def test_an_edited_event_with_a_fitting_hash_breaks_the_next_one(edit: dict[str, Any], at: int) -> None:  # I10
    events = chain()
    edited = replace(events[at], **{**edit, "sequence": at + 1, "run_id": "run-3"})
    events[at] = replace(edited, hash=event_hash(**fields_of(edited)))
    assert first_break(events) == f"event {at + 2} does not follow the event before it"


@pytest.mark.parametrize("at", range(4))
def test_a_removed_event_is_told(at: int) -> None:  # I10
    events = chain()
    removed = events[:at] + events[at + 1 :]
    assert first_break(removed) == f"event {at + 1} is missing: the next one is numbered {at + 2}"
    # Numbered anew, the gap closes and the link does not.
    closed = events[:at] + [replace(event, sequence=event.sequence - 1) for event in events[at + 1 :]]
    assert first_break(closed) == f"event {at + 1} does not follow the event before it"


def test_a_cut_head_is_told_however_much_is_cut() -> None:  # I10
    for cut in range(1, 5):
        assert first_break(chain()[cut:]) == f"event 1 is missing: the next one is numbered {cut + 1}"


@pytest.mark.parametrize("at", range(5))
def test_an_inserted_event_is_told(at: int) -> None:  # I10
    events = chain()
    event = replace(events[at], previous=events[at - 1].hash if at else GENESIS, job_id="put in")
    forged = replace(event, hash=event_hash(**fields_of(event)))
    later = [replace(each, sequence=each.sequence + 1) for each in events[at:]]
    assert first_break([*events[:at], forged, *later]) == f"event {at + 2} does not follow the event before it"
    assert first_break(events[: at + 1] + events[at:])


@pytest.mark.parametrize("at", range(4))
def test_two_swapped_events_are_told(at: int) -> None:  # I10
    swapped = chain()
    swapped[at], swapped[at + 1] = swapped[at + 1], swapped[at]
    assert first_break(swapped) == f"event {at + 1} is missing: the next one is numbered {at + 2}"
    numbered = [replace(event, sequence=number) for number, event in enumerate(swapped, start=1)]
    assert first_break(numbered) == f"event {at + 1} does not follow the event before it"


def test_a_cut_tail_holds_and_has_another_head() -> None:
    """What a chain alone cannot tell: so its head is printed, to be noted elsewhere."""
    assert first_break(chain()[:3]) == ""
    assert chain()[2].hash != chain()[4].hash


RUN_TOGETHER = {
    "a letter from the actor to the run": {"run_id": "run-1c", "actor": "i@host"},
    "the event and the job swapped": {"event": "job-1", "job_id": "cleaned"},
    "the run and the actor swapped": {"run_id": "ci@host", "actor": "run-1"},
    "two facts in one": {"facts": (("fingerprint", "f,how,cleaned now"),)},
    "a letter from a fact to its name": {"facts": (("fingerprintf", ""), ("how", "cleaned now"))},
}


@pytest.mark.parametrize("fields", RUN_TOGETHER.values(), ids=RUN_TOGETHER.keys())
def test_fields_do_not_run_into_each_other(fields: dict[str, Any]) -> None:
    one = chain(1)[0]
    assert event_hash(**fields_of(one)) != event_hash(**fields_of(replace(one, **fields)))


def test_the_hash_of_an_event_is_what_it_was_when_the_format_was_made() -> None:
    (one,) = chain(1)
    assert one.hash == "sha256:240986a6224fd3c0adf81c97c129c2457282af03d87fe21532f5b9559a063630"


def fields_of(event: AuditEvent) -> dict[str, Any]:
    return {name: getattr(event, name) for name in AuditEvent.__slots__ if name != "hash"}
