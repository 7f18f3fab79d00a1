"""The audit chain as text: one line for each event in canonical JSON, and a last line that says where the chain ends.

The form is published (docs/audit.md, schemas/audit-event.v1.json): anybody can follow it without this program.
"""

import json
from collections.abc import Iterable, Iterator, Mapping

from reconciler.core.audit import GENESIS, AuditEvent, ChainCheck, told
from reconciler.core.canonical import canonical_json, utc_time

FIELDS = frozenset({"v", "sequence", "at", "run", "actor", "event", "job", "facts", "previous", "hash"})


def event_value(event: AuditEvent) -> dict[str, object]:
    """Give the whole event as a JSON-like value."""
    return {**told(event), "hash": event.hash}


def event_line(event: AuditEvent) -> bytes:
    """Write one event, canonical JSON and a line feed."""
    return canonical_json(event_value(event)) + b"\n"


def read_event(value: object) -> AuditEvent:
    """Read what `event_value` gave.

    Raises:
        ValueError: it is no event of ours, or of a version that is not known.
    """
    if not isinstance(value, dict) or value.keys() != FIELDS or value["v"] != 1:
        raise ValueError("it is no event of an audit chain, or one of a version that is not known")
    texts = [value[name] for name in ("at", "run", "actor", "event", "job", "previous", "hash")]
    facts = value["facts"]
    if not all(isinstance(text, str) for text in texts) or type(value["sequence"]) is not int:
        raise ValueError("an event has a text or a number where it should have the other")
    if not isinstance(facts, list) or not all(_is_fact(pair) for pair in facts):
        raise ValueError("the facts of an event are pairs of texts")
    return AuditEvent(
        sequence=value["sequence"],
        at=utc_time(value["at"]),
        run_id=value["run"],
        actor=value["actor"],
        event=value["event"],
        job_id=value["job"],
        facts=tuple((name, text) for name, text in facts),
        previous=value["previous"],
        hash=value["hash"],
    )


def _is_fact(pair: object) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) for part in pair)


def export_lines(events: Iterable[AuditEvent]) -> Iterator[bytes]:
    """Write a chain, a line for each event and the last line."""
    count, head = 0, GENESIS
    for event in events:
        yield event_line(event)
        count, head = count + 1, event.hash
    yield _end_line(count, head)


def _end_line(events: int, head: str) -> bytes:
    return canonical_json({"v": 1, "end": {"events": events, "head": head}}) + b"\n"


class BadLine(ValueError):
    """The first line of an export that does not hold: its number from 1, and why."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(f"line {number}: {why}")
        self.number = number
        self.why = why


def check_export(lines: Iterable[bytes], noted: str = "") -> ChainCheck:
    """Check every line that `export_lines` wrote; give what the chain came to.

    Raises:
        BadLine: the first that was edited, put in, put elsewhere, doubled or cut, or before which one is missing.
    """
    check, number, is_ended = ChainCheck(noted), 0, False
    for line in lines:
        number += 1
        if is_ended:
            raise BadLine(number, "the export goes on after its end")
        value = _parsed(number, line)
        if "end" in value:
            is_ended = True
            problem = "" if line == _end_line(check.events, check.head) else _wrong_end(check)
        else:
            problem = _followed(check, value, line)
        if problem:
            raise BadLine(number, problem)
    if not is_ended:
        raise BadLine(number + 1, f"the end is missing, behind {check.events} events")
    lacks = check.end()
    if lacks:
        raise BadLine(number, lacks)
    return check


def _parsed(number: int, line: bytes) -> Mapping[str, object]:
    if not line.endswith(b"\n"):
        raise BadLine(number, "it is cut off")
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        raise BadLine(number, "it is not JSON") from None
    if not isinstance(value, dict):
        raise BadLine(number, "it is no event of an audit chain")
    return value


def _followed(check: ChainCheck, value: Mapping[str, object], line: bytes) -> str:
    try:
        event = read_event(value)
        if event_line(event) != line:
            return "it is not written as we write: sorted keys, no spaces, ASCII"
    except ValueError as error:
        return str(error)
    return check.follow(event) or check.covered(event)


def _wrong_end(check: ChainCheck) -> str:
    return f"the end does not fit: there are {check.events} events before it, and the last has the hash {check.head}"
