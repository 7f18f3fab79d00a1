"""The audit chain put together from the pieces of it that lie in the stores, each beside the report of a run.

Pieces of several stores fill each other's gaps.  What cannot be reached from the first event, because one in between is
nowhere, is no part of the chain: it is kept apart, and told.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.core.audit import GENESIS, AuditEvent, ChainCheck, told
from reconciler.core.canonical import digest

REBUILT = "ledger_rebuilt"
"""The event of a ledger that was made from the stores: it says how many events it found and could not put in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """The events of one record, in its order; `place` names it for people, `store` is where it lies."""

    store: str
    place: str
    events: tuple[AuditEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """What the pieces come to.

    `chain` is whole from its first event on; `apart` are events that are whole in themselves and do not follow from it;
    `problems` says each thing that does not hold, in a sentence, with its place; `reach` is up to which event of the
    chain each store with a record has anything.
    """

    chain: tuple[AuditEvent, ...]
    apart: tuple[AuditEvent, ...]
    problems: tuple[str, ...]
    reach: tuple[tuple[str, int], ...] = ()

    @property
    def head(self) -> str:
        """The hash of the chain's last event."""
        return self.chain[-1].hash if self.chain else GENESIS


def join(segments: Sequence[Segment]) -> Joined:
    """Put the chain together; of two histories, the longer one."""
    found, places, problems = _whole_events(segments)
    chain, forks = _longest(found)
    reached = {event.hash for event in chain}
    apart = sorted((event for event in found.values() if event.hash not in reached), key=lambda event: event.sequence)
    problems += [
        f"two histories part behind event {number - 1}: {places[one]} and {places[other]} have another event {number}"
        for number, one, other in forks
    ]
    if not forks:
        problems += _unreached(chain, apart, places)
    held = _held(segments, chain)
    problems += _gaps(held)
    reach = tuple((store, max(numbers, default=0)) for store, numbers in held.items())
    return Joined(chain=chain, apart=tuple(apart), problems=tuple(problems), reach=reach)


def _whole_events(segments: Sequence[Segment]) -> tuple[dict[str, AuditEvent], dict[str, str], list[str]]:
    """Give the events that are as they were written by their hashes, where each lies, and which are not."""
    found: dict[str, AuditEvent] = {}
    places: dict[str, str] = {}
    problems = []
    for segment in segments:
        for event in segment.events:
            if event.hash != digest(told(event)):
                problems.append(f"{segment.place}: event {event.sequence} was changed after it was written")
                continue
            found.setdefault(event.hash, event)
            places.setdefault(event.hash, segment.place)
    return found, places, problems


def _longest(found: Mapping[str, AuditEvent]) -> tuple[tuple[AuditEvent, ...], list[tuple[int, str, str]]]:
    """Follow the longest way from the first event, and tell where there is more than one."""
    following: dict[str, list[AuditEvent]] = {}
    for event in found.values():
        following.setdefault(event.previous, []).append(event)
    left: dict[str, int] = {}
    for event in sorted(found.values(), key=lambda event: -event.sequence):
        left[event.hash] = 1 + max((left.get(each.hash, 0) for each in following.get(event.hash, ())), default=0)
    chain: list[AuditEvent] = []
    forks: list[tuple[int, str, str]] = []
    head = GENESIS
    while True:
        number = len(chain) + 1
        ways = [event for event in following.get(head, ()) if event.sequence == number]
        if not ways:
            return tuple(chain), forks
        ways.sort(key=lambda event: (-left[event.hash], event.hash))
        if len(ways) > 1:
            forks.append((number, ways[0].hash, ways[1].hash))
        chain.append(ways[0])
        head = ways[0].hash


def _unreached(chain: Sequence[AuditEvent], apart: Sequence[AuditEvent], places: Mapping[str, str]) -> Iterator[str]:
    known = sum(int(dict(event.facts).get("left_out", "0")) for event in chain if event.event == REBUILT)
    if len(apart) > known:
        first = apart[0]
        yield (
            f"{places[first.hash]}: event {first.sequence} does not follow: an event before it is in no record, and "
            f"{len(apart)} cannot be reached"
        )


def _held(segments: Iterable[Segment], chain: Sequence[AuditEvent]) -> dict[str, set[int]]:
    """Give the numbers of the chain's events that each store has."""
    numbers = {event.hash: event.sequence for event in chain}
    held: dict[str, set[int]] = {}
    for segment in segments:
        held.setdefault(segment.store, set()).update(
            numbers[event.hash] for event in segment.events if event.hash in numbers
        )
    return held


def _gaps(held: Mapping[str, set[int]]) -> Iterator[str]:
    """Tell which store lacks what lies before its last record, though another one has it."""
    for store, numbers in held.items():
        lacking = sorted(set(range(1, max(numbers, default=0) + 1)) - numbers)
        if lacking:
            yield (
                f"{store} lacks {len(lacking)} events before its last record, the first of them event {lacking[0]}: "
                "the record that had it is gone, or was changed"
            )


def covers(chain: Sequence[AuditEvent], noted: str) -> str:
    """Tell in one sentence that a whole chain has a clean without an archive, or lacks the hash that was noted."""
    check = ChainCheck(noted)
    problems = (check.follow(event) or check.covered(event) for event in chain)
    return next((problem for problem in problems if problem), "") or check.end()


def differs(chain: Sequence[AuditEvent], ledger: Iterable[AuditEvent]) -> str:
    """Hold a ledger's chain against that of the stores; tell in one sentence what does not fit, empty when all does."""
    count = 0
    for event in ledger:
        count += 1
        if count <= len(chain) and event.hash != chain[count - 1].hash:
            return f"event {count} of the ledger is another one than in the stores"
    if count < len(chain):
        last = chain[-1]
        return (
            f"the ledger ends with event {count}, the stores know {last.sequence}: it was cut, or is an older copy of "
            "itself"
        )
    return ""
