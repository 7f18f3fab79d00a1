"""Signatures over exact bytes, in the form of DSSE, the envelope that in-toto names.

What is signed is the kind of content and its bytes together, so that a signature of a plan is never one of a receipt.
"""

import base64
import json
from dataclasses import dataclass
from typing import Any

from reconciler.core.canonical import canonical_json

IN_TOTO = "application/vnd.in-toto+json"
"""The kind of a receipt."""
RUN_RECORD = "application/vnd.pictory-reconciler.run-record.v1+json"
PLAN = "application/vnd.pictory-reconciler.plan.v1+json"


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature and the name of its key, which is a hint and proves nothing."""

    key_id: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """Content with its kind and its signatures."""

    kind: str
    content: bytes
    signatures: tuple[Signature, ...]


def signed_bytes(kind: str, content: bytes) -> bytes:
    """Give the bytes that a signature is over: DSSE's pre-authentication encoding."""
    name = kind.encode()
    return b"DSSEv1 %d %b %d %b" % (len(name), name, len(content), content)


def write_envelope(envelope: Envelope) -> bytes:
    """Write an envelope, canonical JSON and a newline."""
    written = {
        "payloadType": envelope.kind,
        "payload": base64.b64encode(envelope.content).decode("ascii"),
        "signatures": signatures_json(envelope.signatures),
    }
    return canonical_json(written) + b"\n"


def read_envelope(content: bytes) -> Envelope:
    """Read an envelope, whoever wrote it.

    Raises:
        ValueError: it is something else.
    """
    try:
        read: dict[str, Any] = json.loads(content)
        return Envelope(
            kind=read["payloadType"],
            content=base64.b64decode(read["payload"], validate=True),
            signatures=read_signatures(read["signatures"]),
        )
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"not an envelope: {type(error).__name__}") from error


def signatures_json(signatures: tuple[Signature, ...]) -> list[dict[str, str]]:
    """Give signatures as the list of an envelope: `keyid`, and `sig` in base64."""
    return [{"keyid": each.key_id, "sig": base64.b64encode(each.value).decode("ascii")} for each in signatures]


def read_signatures(listed: Any) -> tuple[Signature, ...]:
    """Read what `signatures_json` gave.

    Raises:
        ValueError: it is something else.
    """
    try:
        return tuple(
            Signature(str(each.get("keyid", "")), base64.b64decode(each["sig"], validate=True)) for each in listed
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not signatures: {type(error).__name__}") from error
