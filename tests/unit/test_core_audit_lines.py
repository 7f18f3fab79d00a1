"""The published form of the chain: whatever is done to a line of an export, that line is named (I10)."""

import json
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from reconciler.core.audit import GENESIS, AuditEvent, event_hash
from reconciler.core.audit_lines import BadLine, check_export, event_line, export_lines, read_event
from reconciler.published_schemas import schema
from tests.support.values import NOON

DOCS = Path(__file__).parents[2] / "docs" / "audit.md"
NOT_A_HASH = "sha256:" + "7" * 64


def chained(*told: tuple[str, str, tuple[tuple[str, str], ...]]) -> list[AuditEvent]:
    events: list[AuditEvent] = []
    for number, (event, job_id, facts) in enumerate(told, start=1):
        fields: dict[str, Any] = {
            "sequence": number,
            "at": NOON + timedelta(seconds=number),
            "run_id": "run-1",
            "actor": "ci@host",
            "event": event,
            "job_id": job_id,
            "facts": facts,
            "previous": events[-1].hash if events else GENESIS,
        }
        events.append(AuditEvent(**fields, hash=event_hash(**fields)))
    return events


FACTS = (("fingerprint", "f"),)
CHAIN = chained(
    ("run_started", "", (("operation", "apply"),)),
    ("archived", "a", FACTS),
    ("cleaned", "a", (*FACTS, ("how", "cleaned now"))),
    ("run_finished", "", (("outcome", "done"),)),
)
LINES = list(export_lines(CHAIN))


def bad(lines: list[bytes], noted: str = "") -> int:
    """Give the number of the first bad line."""
    with pytest.raises(BadLine) as told:
        check_export(lines, noted)
    return told.value.number


def test_an_untouched_export_holds_and_says_what_it_came_to() -> None:
    check = check_export(LINES)
    assert (check.events, check.cleans, check.head) == (4, 1, CHAIN[-1].hash)


def test_an_empty_chain_has_its_end() -> None:
    lines = list(export_lines([]))
    assert lines == [b'{"end":{"events":0,"head":"' + GENESIS.encode() + b'"},"v":1}\n']
    assert check_export(lines).events == 0
    assert bad([]) == 1


def test_a_line_fits_its_schema_and_is_read_as_it_was_written() -> None:
    validator = Draft7Validator(schema("audit-event.v1.json"))
    for event, line in zip(CHAIN, LINES, strict=False):
        assert list(validator.iter_errors(json.loads(line))) == []
        assert read_event(json.loads(line)) == event


def test_a_line_is_what_it_was_when_the_form_was_made() -> None:
    assert LINES[1] == (
        b'{"actor":"ci@host","at":"2026-03-01T12:00:02Z","event":"archived","facts":[["fingerprint","f"]],'
        b'"hash":"' + CHAIN[1].hash.encode() + b'","job":"a","previous":"' + CHAIN[0].hash.encode() + b'",'
        b'"run":"run-1","sequence":2,"v":1}\n'
    )


@pytest.mark.parametrize("at", range(5))
def test_a_line_that_is_dropped_doubled_or_moved_is_named(at: int) -> None:  # I10
    assert bad(LINES[:at] + LINES[at + 1 :]) == at + 1
    assert bad(LINES[: at + 1] + LINES[at:]) == at + 2
    if at < 4:
        moved = [*LINES]
        moved[at], moved[at + 1] = moved[at + 1], moved[at]
        assert bad(moved) == at + 1


@pytest.mark.parametrize("kept", range(5))
def test_a_cut_export_is_told_wherever_it_was_cut(kept: int) -> None:  # I10
    assert bad(LINES[:kept]) == kept + 1
    assert bad([*LINES[:kept], LINES[kept][: len(LINES[kept]) // 2]]) == kept + 1
    assert bad([*LINES[:kept], LINES[kept].rstrip(b"\n")]) == kept + 1


def edits(line: bytes) -> list[bytes]:
    value = json.loads(line)
    if "end" in value:
        ends = ({"events": 3, "head": value["end"]["head"]}, {"events": 4, "head": NOT_A_HASH})
        return [json.dumps({"end": end, "v": 1}, separators=(",", ":")).encode() + b"\n" for end in ends]
    changed: dict[str, Any] = {
        "v": 2,
        "sequence": 9,
        "at": "2026-03-01T13:00:00Z",
        "run": "run-2",
        "actor": "somebody",
        "event": "not_cleaned",
        "job": "b",
        "facts": [],
        "previous": NOT_A_HASH,
        "hash": NOT_A_HASH,
    }
    edited = [{**value, name: other} for name, other in changed.items()]
    lacking = [{other: value[other] for other in value if other != name} for name in value]
    odd = [{**value, "more": ""}, {**value, "facts": [["a"]]}, {**value, "sequence": True}, {**value, "v": True}, []]
    forms = [json.dumps(value).encode() + b"\n", b"\n", b"nonsense\n", b"[" * 100_000 + b"\n"]
    return [
        *(
            json.dumps(each, sort_keys=True, separators=(",", ":")).encode() + b"\n"
            for each in (*edited, *lacking, *odd)
        ),
        *forms,
    ]


@pytest.mark.parametrize("at", range(5))
def test_an_edited_line_is_named(at: int) -> None:  # I10
    for edited in edits(LINES[at]):
        assert bad([*LINES[:at], edited, *LINES[at + 1 :]]) == at + 1, edited


def test_a_clean_without_an_archive_before_it_is_named() -> None:  # I1, I10
    without = chained(("archived", "a", (("fingerprint", "other"),)), ("cleaned", "a", FACTS))
    assert bad(list(export_lines(without))) == 2


def test_a_noted_head_shows_a_chain_that_was_cut_with_its_end_or_written_anew() -> None:  # I10
    noted = CHAIN[2].hash
    assert check_export(LINES, noted).has_noted
    assert bad(list(export_lines(CHAIN[:2])), noted) == 3
    anew = chained(("archived", "a", FACTS), ("cleaned", "a", FACTS), ("run_finished", "", ()))
    assert check_export(export_lines(anew)).events == 3
    assert bad(list(export_lines(anew)), noted) == 4


TEXTS = st.text(st.characters(), max_size=8)
TOLD = st.tuples(TEXTS.filter(lambda text: text != "cleaned"), TEXTS, st.lists(st.tuples(TEXTS, TEXTS)).map(tuple))


@given(st.lists(TOLD, max_size=5))
def test_whatever_an_event_says_it_comes_back_as_it_was(told: list[tuple[str, str, Any]]) -> None:
    events = chained(*told)
    lines = list(export_lines(events))
    assert all(line.isascii() and line.count(b"\n") == 1 for line in lines)
    assert check_export(lines).events == len(events)
    assert [read_event(json.loads(line)) for line in lines[:-1]] == events


# -- the script of the docs, which knows nothing of this program


def by_script(tmp_path: Path, lines: list[bytes]) -> tuple[int, str]:
    (script,) = re.findall(r"```python\n(.+?)```", DOCS.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(script.splitlines()) <= 20
    (tmp_path / "check.py").write_text(script, encoding="utf-8")
    (tmp_path / "audit.jsonl").write_bytes(b"".join(lines))
    ended = subprocess.run(
        [sys.executable, "-I", "check.py", "audit.jsonl"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    return ended.returncode, ended.stderr


def test_the_script_of_the_docs_agrees_with_the_program(tmp_path: Path) -> None:  # I10
    assert by_script(tmp_path, LINES) == (0, "")
    edited = LINES[2].replace(b"cleaned now", b"cleaned not")
    told = {
        2: [LINES[0], *LINES[2:]],
        3: [*LINES[:2], edited, *LINES[3:]],
        5: LINES[:-1],
        6: [*LINES, LINES[-1]],
    }
    for number, lines in told.items():
        code, said = by_script(tmp_path, lines)
        assert (code, f"line {number}" in said) == (1, True), said
        assert bad(lines) == number
    assert event_line(CHAIN[0]) == LINES[0]
