"""One canonical form for everything that is hashed or saved: sorted keys, no spaces, ASCII.

ASCII escapes keep lone surrogates, which UTF-8 cannot carry and a service may send, from failing a digest.
"""

import hashlib
import json
from datetime import UTC, datetime

Jsonable = None | bool | int | float | str | list["Jsonable"] | dict[str, "Jsonable"]


def canonical_json(value: object) -> bytes:
    """Give the canonical bytes of a JSON-like value (dicts with string keys, lists, tuples, strings, numbers)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def digest(value: object) -> str:
    """Name a JSON-like value by the sha256 of its canonical bytes: `sha256:` and 64 hex digits."""
    return digest_of_bytes(canonical_json(value))


def digest_of_bytes(content: bytes) -> str:
    """Name bytes by their sha256: `sha256:` and 64 hex digits."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def utc_text(moment: datetime) -> str:
    """Write an aware time as UTC to the second, the form of all our files: `2026-09-20T09:00:00Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def utc_time(text: str) -> datetime:
    """Read what `utc_text` wrote.

    Raises:
        ValueError: the text has another form.
    """
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
