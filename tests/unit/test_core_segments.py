"""The chain put together from pieces: what is whole is found, whatever else is not, and that is told with its place."""

from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.audit import GENESIS, AuditEvent, event_hash
from reconciler.core.segments import REBUILT, Segment, covers, differs, join
from tests.support.values import NOON


def chained(
    length: int,
    *,
    after: AuditEvent | None = None,
    run_id: str = "run-1",
    event: str = "archived",
    facts: tuple[tuple[str, str], ...] = (),
) -> list[AuditEvent]:
    events: list[AuditEvent] = []
    last = after
    for _ in range(length):
        sequence, previous = (last.sequence + 1, last.hash) if last else (1, GENESIS)
        of = event_hash(
            sequence=sequence,
            at=NOON,
            run_id=run_id,
            actor="ci",
            event=event,
            job_id="a",
            facts=facts,
            previous=previous,
        )
        last = AuditEvent(
            sequence=sequence,
            at=NOON,
            run_id=run_id,
            actor="ci",
            event=event,
            job_id="a",
            facts=facts,
            previous=previous,
            hash=of,
        )
        events.append(last)
    return events


CHAIN = chained(9)


def piece(store: str, start: int, end: int, chain: list[AuditEvent] = CHAIN) -> Segment:
    return Segment(store=store, place=f"{store}/runs/{start}.json", events=tuple(chain[start:end]))


def test_pieces_of_one_store_make_the_chain() -> None:
    joined = join([piece("one", 5, 9), piece("one", 0, 3), piece("one", 3, 5)])
    assert (joined.chain, joined.apart, joined.problems) == (tuple(CHAIN), (), ())
    assert join([piece("one", 0, 3), piece("two", 0, 9)]).reach == (("one", 3), ("two", 9))
    assert joined.head == CHAIN[-1].hash
    assert (join([]).chain, join([]).head, join([]).problems) == ((), GENESIS, ())


def test_two_runs_that_told_the_same_events_are_no_problem() -> None:
    assert join([piece("one", 0, 5), piece("one", 3, 9)]).problems == ()


def test_stores_fill_each_other_s_gaps_and_each_gap_is_told() -> None:
    joined = join([piece("one", 0, 3), piece("one", 6, 9), piece("two", 2, 7)])
    assert joined.chain == tuple(CHAIN)
    assert joined.problems == (
        "one lacks 3 events before its last record, the first of them event 4: the record that had it is gone, or was "
        "changed",
        "two lacks 2 events before its last record, the first of them event 1: the record that had it is gone, or was "
        "changed",
    )


def test_what_lies_behind_a_gap_in_all_stores_is_apart() -> None:
    joined = join([piece("one", 0, 3), piece("one", 5, 9)])
    assert (joined.chain, joined.apart) == (tuple(CHAIN[:3]), tuple(CHAIN[5:]))
    assert joined.problems == (
        "one/runs/5.json: event 6 does not follow: an event before it is in no record, and 4 cannot be reached",
    )


def test_an_edited_event_is_told_with_its_place_and_not_taken() -> None:
    edited = [*CHAIN[:4], replace(CHAIN[4], actor="nobody"), *CHAIN[5:]]
    joined = join([piece("one", 0, 9, edited)])
    assert joined.chain == tuple(CHAIN[:4])
    assert joined.problems[0] == "one/runs/0.json: event 5 was changed after it was written"
    assert join([piece("one", 0, 9, edited), piece("two", 0, 9)]).chain == tuple(CHAIN)


def test_two_histories_are_told_and_the_longer_one_is_taken() -> None:
    other = chained(3, after=CHAIN[4], run_id="run-2")
    joined = join([piece("one", 0, 9), Segment(store="two", place="two/runs/b.json", events=(*CHAIN[:5], *other))])
    assert joined.chain == tuple(CHAIN)
    assert joined.problems[0] == (
        "two histories part behind event 5: one/runs/0.json and two/runs/b.json have another event 6"
    )


def test_what_a_rebuilt_ledger_left_out_and_told_is_no_problem_any_more() -> None:
    rebuilt = chained(1, after=CHAIN[2], run_id="run-r", event=REBUILT, facts=(("left_out", "4"),))
    later = chained(5, after=rebuilt[-1], run_id="run-s")
    pieces = [piece("one", 0, 3), piece("one", 5, 9), Segment(store="one", place="r", events=(*rebuilt, *later))]
    joined = join(pieces)
    assert (joined.chain, joined.problems) == ((*CHAIN[:3], *rebuilt, *later), ())
    more = join([*pieces, Segment(store="one", place="m", events=tuple(chained(9, run_id="run-m")[7:]))])
    assert len(more.problems) == 1, "one event more than it told of"


def test_a_clean_without_an_archive_and_a_noted_head_are_asked_of_the_chain_itself() -> None:  # I1, I10
    assert covers(CHAIN, "") == ""
    assert covers(CHAIN, CHAIN[4].hash) == ""
    assert "no event with the hash that was noted" in covers(CHAIN[:3], CHAIN[4].hash)
    cleaned = chained(1, after=CHAIN[-1], event="cleaned", facts=(("fingerprint", "f"),))
    assert covers([*CHAIN, *cleaned], "") == "event 10 tells of a clean of a without an archive before it"


def test_a_ledger_is_held_against_the_stores() -> None:  # I10
    stores = CHAIN[:6]
    assert differs(stores, CHAIN) == ""
    assert differs(stores, stores) == ""
    assert differs([], CHAIN) == ""
    assert differs(stores, CHAIN[:4]) == (
        "the ledger ends with event 4, the stores know 6: it was cut, or is an older copy of itself"
    )
    other = [*CHAIN[:3], *chained(4, after=CHAIN[2], run_id="run-2")]
    assert differs(stores, other) == "event 4 of the ledger is another one than in the stores"


CUTS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=6)


@given(CUTS, st.randoms())
def test_the_chain_is_as_long_as_the_pieces_reach_and_their_order_does_not_count(
    cuts: list[tuple[int, int]], chance: Random
) -> None:
    pieces = [piece("one", min(cut), max(cut)) for cut in cuts]
    there = {event.sequence for each in pieces for event in each.events}
    reach = next(number for number in range(10) if number + 1 not in there)
    joined = join(pieces)
    assert joined.chain == tuple(CHAIN[:reach])
    assert {event.sequence for event in joined.apart} == {number for number in there if number > reach}
    shuffled = [*pieces]
    chance.shuffle(shuffled)
    assert join(shuffled).chain == joined.chain
