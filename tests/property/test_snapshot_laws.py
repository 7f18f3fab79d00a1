"""A decision over a snapshot read back is the decision over what it was made of; a changed one is refused."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from reconciler.core.forecast import forecast
from reconciler.core.plan import Plan
from reconciler.core.snapshot import Snapshot
from reconciler.core.survey import survey
from reconciler.engine.enquiry import Enquiry
from reconciler.engine.first_look import first_look
from reconciler.engine.from_snapshot import FromSnapshot
from reconciler.engine.planning import make_plan, plan_over, sight_of
from reconciler.engine.ports import Evidence
from reconciler.errors import DesiredStateInvalid, InventoryIncomplete, SnapshotRefused
from reconciler.published_schemas import schema
from tests.support.decision_worlds import LAW, Case, cases
from tests.support.listening import Listening
from tests.support.snapshots import lines_of, read, read_back, sealed, snapshots, without_addresses, written
from tests.support.values import DAY

SCHEMA = schema("inventory.v1.json")


@dataclass
class StoppedAt:
    moment: datetime

    def now(self) -> datetime:
        return self.moment


def snapshot_of(case: Case) -> Snapshot:
    inventory = replace(case.inventory, sizes={job.id: 5 for job in case.inventory.jobs[::2]})
    return Snapshot(account="acme", tool_version="0", made_at=case.as_of, inventory=inventory, memory=case.memory)


def plan(case: Case, snapshot: Snapshot) -> Plan:
    return plan_over(case.desired, snapshot.inventory, snapshot.memory, valid_for=DAY, tool_version="0")


# -- the same decision


@LAW
@given(cases())
def test_a_decision_over_a_snapshot_read_back_is_the_one_over_the_original(case: Case) -> None:
    made = snapshot_of(case)
    kept = read_back(made)
    assert plan(case, kept) == plan(case, made)
    assert kept.memory == made.memory
    assert forecast(case.desired, kept.inventory, kept.memory, 9) == forecast(
        case.desired, made.inventory, made.memory, 9
    )
    assert survey(kept.inventory) == survey(made.inventory)


@LAW
@given(cases())
def test_what_a_plan_of_a_snapshot_sees_is_what_the_snapshot_holds(case: Case) -> None:
    kept = read_back(replace(snapshot_of(case), problems=("the list of AI images could not be read",)))
    reader, clock = FromSnapshot(kept), StoppedAt(case.as_of + timedelta(days=400))
    try:
        seen = sight_of(case.desired, reader, reader.view(), clock, Enquiry(case.desired, Evidence(times=reader)))
        made = make_plan(
            case.desired,
            reader,
            reader,
            clock,
            Listening(),
            valid_for=DAY,
            tool_version="0",
            evidence=Evidence(times=reader),
        )
    except (InventoryIncomplete, DesiredStateInvalid):  # no plan would be made of the list itself either
        assume(False)
    assert seen.memory == kept.memory
    assert replace(seen.inventory, sizes={}) == replace(kept.inventory, sizes={})
    assert seen.inventory.sizes.items() >= kept.inventory.sizes.items()
    measured = replace(kept, inventory=seen.inventory)
    assert replace(made, notices=()) == replace(plan(case, measured), notices=())
    trusted = any(source.value == "created_date" for source in case.desired.trust)
    assert trusted == any("the list of AI images could not be read" in each.message for each in made.notices)
    assert first_look(reader, reader, reader.view(), clock) == survey(kept.inventory)


# -- the file


@given(snapshots())
def test_a_snapshot_reads_back_as_it_was_but_for_addresses(made: Snapshot) -> None:  # I11
    content = written(made)
    assert content.isascii()
    assert b"Signature=do-not-keep" not in content
    assert read(content) == without_addresses(made)
    assert written(read(content)) == content


@given(snapshots())
def test_every_line_is_what_the_schema_says(made: Snapshot) -> None:
    for line in lines_of(made):
        assert list(Draft7Validator(SCHEMA).iter_errors(line)) == []


def reading(content: bytes) -> Snapshot | None:
    """Read a snapshot; None when it is refused, with words that one can show.  Any other error comes out."""
    try:
        return read(content)
    except SnapshotRefused as error:
        refused = error
    assert refused.message.startswith("inventory.jsonl:")
    assert refused.hint
    return None


@given(snapshots(), st.data())
def test_a_snapshot_with_one_byte_changed_is_refused_or_says_the_same(made: Snapshot, data: st.DataObject) -> None:
    content = written(made)
    place = data.draw(st.integers(0, len(content) - 1))
    byte = bytes((data.draw(st.integers(0, 255)),))
    for edited in (
        content[:place] + byte + content[place + 1 :],
        content[:place] + byte + content[place:],
        content[:place] + content[place + 1 :],
    ):
        assert reading(edited) in (None, without_addresses(made))


def ways(value: object, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give the way to everything in a JSON value."""
    yield at
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from ways(inner, (*at, key))


def put(value: Any, at: tuple[Any, ...], new: object) -> Any:
    if not at:
        return new
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[at[0]] = put(value[at[0]], at[1:], new)
    return changed


def without(value: Any, at: tuple[Any, ...]) -> Any:
    changed = dict(value) if isinstance(value, dict) else list(value)
    if len(at) == 1:
        del changed[at[0]]
    else:
        changed[at[0]] = without(value[at[0]], at[1:])
    return changed


ODD: list[object] = [None, True, -1, 0, 1, 2**70, 1.5, 1.0, "", "x", "job", "\ud83d", [], [[]], [""], {}, {"x": []}]


@given(snapshots(), st.data(), st.sampled_from(ODD))
def test_what_the_schema_refuses_the_reader_refuses_also_when_the_digest_fits(
    made: Snapshot, data: st.DataObject, odd: object
) -> None:
    *lines, _ = lines_of(made)
    number = data.draw(st.integers(0, len(lines) - 1))
    way = data.draw(st.sampled_from(list(ways(lines[number]))))
    for changed in (put(lines[number], way, odd), without(lines[number], way) if way else None):
        edited = [*lines[:number], changed, *lines[number + 1 :]]
        is_right = Draft7Validator(SCHEMA).is_valid(changed)
        assert is_right or reading(sealed(edited)) is None
        assert reading(b"".join(map(raw, edited)) + raw(lines_of(made)[-1])) in (None, without_addresses(made))


def raw(line: object) -> bytes:
    return json.dumps(line, sort_keys=True, separators=(",", ":")).encode() + b"\n"


@given(snapshots(), st.binary(min_size=1, max_size=40))
def test_a_snapshot_drawn_out_is_refused(made: Snapshot, tail: bytes) -> None:
    assert reading(written(made) + tail) is None
