"""What a worker answers, as JSON: plain text that is read with suspicion, and never an object that a worker made."""

import json
from dataclasses import dataclass
from typing import Any

from reconciler.core.canonical import canonical_json
from reconciler.errors import ArchiveError, LinkRefused, StoreNotWritable, WorkersLost

KINDS: dict[str, type[ArchiveError]] = {kind.__name__: kind for kind in (StoreNotWritable, WorkersLost, LinkRefused)}
"""The errors that mean more than that one job could not be copied; any other is an ArchiveError."""
MOST_CHARACTERS = 2000
"""Of a sentence; the rest is cut off."""


class Crashed(Exception):
    """A task ended without an answer: its worker died too often, or it met what nobody had foreseen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of the first jobs of an errand, in its order: the receipt's statement, or why there is none.

    `notes` are lines about the whole run for whoever watches, `seconds` is how long all of it took.
    """

    jobs: tuple[bytes | ArchiveError, ...]
    notes: tuple[str, ...] = ()
    seconds: float = 0.0


def written(answer: Answer) -> bytes:
    """Write an answer."""
    jobs = [_told(each) for each in answer.jobs]
    return canonical_json({"jobs": jobs, "notes": list(answer.notes), "milliseconds": int(answer.seconds * 1000)})


def _told(each: bytes | ArchiveError) -> dict[str, str]:
    if isinstance(each, bytes):
        return {"statement": each.decode()}
    return {"kind": type(each).__name__, "message": each.message, "hint": each.hint}


def crashed(error: BaseException) -> bytes:
    """Write that there is no answer, for an error that nobody had foreseen; of that its kind alone."""
    return canonical_json({"crashed": type(error).__name__})


def read(content: object, *, most: int) -> Answer:
    """Read what `written` wrote, about `most` jobs at most.

    Raises:
        Crashed: it is what `crashed` wrote.
        ValueError: it is something else.
    """
    try:
        told = json.loads(_bytes(content))
        if "crashed" in told:
            raise Crashed(_text(told["crashed"]))
        answer = Answer(
            jobs=tuple(_job(each) for each in told["jobs"]),
            notes=tuple(_text(each) for each in told["notes"]),
            seconds=int(told["milliseconds"]) / 1000,
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not an answer: {type(error).__name__}") from error
    if not 1 <= len(answer.jobs) <= most:
        raise ValueError(f"it is about {len(answer.jobs)} jobs, not 1 to {most}")
    return answer


def _bytes(content: object) -> bytes:
    if not isinstance(content, bytes):
        raise TypeError(f"{type(content).__name__} for bytes")
    return content


def _job(told: dict[str, Any]) -> bytes | ArchiveError:
    if "statement" in told:
        return bytes(told["statement"].encode())
    kind = KINDS.get(_text(told["kind"]), ArchiveError)
    return kind(_text(told["message"]), hint=_text(told["hint"]))


def _text(told: object) -> str:
    if not isinstance(told, str):
        raise TypeError(f"{type(told).__name__} for a text")
    return told[:MOST_CHARACTERS]
