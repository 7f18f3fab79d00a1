"""What an HTTP answer of the service means, before anyone looks at the job in it.

The order of reading is status, then body: the service names errors in `message`, `error_message`,
`error.error_message` or `data.error_message`, codes are text or numbers, and a body may be HTML.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum

from reconciler.core.secret import Secret
from reconciler.pictory.parts import Part, compact, fields

NOT_FOUND_CODE = "5000"
NOT_FOUND_WORD = "JOB_NOT_FOUND"
SHOWN, LOOKED_AT = 200, 4096
"""Characters of a service's words that are shown, and bytes of a body without words that are looked at for them."""


class Kind(Enum):
    """What became of a call."""

    FINE = "fine"
    NOT_FOUND = "not found"
    KEY_REFUSED = "key refused"
    CLIENT_REFUSED = "client refused"  # Cloudflare, before the service: error 1010
    TRY_AGAIN = "try again"  # 408, 429, 5xx
    REFUSED = "refused"  # any other 4xx
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Answer:
    """A read answer: its kind, the fields of the JSON object in it (none if there is none) with `data` and `items` not
    taken apart, and the service's own words."""

    kind: Kind
    status: int
    body: Mapping[str, object]
    words: str


HIDDEN = str(Secret(""))
"""What stands in the words of the service where it repeated what it was sent."""

KEPT = frozenset({"data", "items"})
"""What is not taken apart here: a job's results, a page's items."""


def read_answer(status: int, raw: bytes, *, sent: Collection[Secret] = ()) -> Answer:
    """Tell what an answer means.  Never raises, whatever came; its words must not tell what was `sent`."""
    try:
        whole = compact(raw)
    except ValueError:
        whole = Part(b"")
    body = fields(whole, kept=KEPT)
    words = _words(body, sent) or _start_of(raw, sent)
    return Answer(_kind(status, body, raw, is_object=whole.is_object), status, body, words)


def _kind(status: int, body: Mapping[str, object], raw: bytes, *, is_object: bool) -> Kind:
    if status == 404 or _says_not_found(body):
        return Kind.NOT_FOUND
    if status == 401:
        return Kind.KEY_REFUSED
    if status == 403:
        return Kind.CLIENT_REFUSED if not is_object and b"1010" in raw[:LOOKED_AT] else Kind.KEY_REFUSED
    if status in {408, 429} or status >= 500:
        return Kind.TRY_AGAIN
    if status >= 400:
        return Kind.REFUSED
    return Kind.FINE if 200 <= status < 300 and is_object else Kind.UNREADABLE


def _says_not_found(body: Mapping[str, object]) -> bool:
    return any(
        str(place.get("error_code", "")) == NOT_FOUND_CODE or place.get("error_message") == NOT_FOUND_WORD
        for place in _places(body)
        if "status" not in place  # a failed job has an error code of its own, and is not a missing one
    )


def _places(body: Mapping[str, object]) -> tuple[Mapping[str, object], ...]:
    error, data = body.get("error"), body.get("data")
    places = [body]
    if isinstance(error, dict):
        places.append(error)
    if isinstance(data, Part):
        places.append(fields(data, only=_LOOKED_FOR))
    return tuple(places)


_LOOKED_FOR = frozenset({"status", "message", "error_message", "error_code"})


def _words(body: Mapping[str, object], sent: Collection[Secret]) -> str:
    for place in _places(body):
        for name in ("message", "error_message"):
            said = place.get(name)
            if isinstance(said, str) and said:
                return _without(sent, said)[:SHOWN]
    return ""


def _without(sent: Collection[Secret], text: str) -> str:
    # A service, or a proxy before it, may repeat what it was sent, and its words go into messages (I11).
    # The longest first: one that begins with another would be told by its end.
    texts = sorted((secret.reveal() for secret in sent if secret.reveal()), key=len, reverse=True)
    return re.sub("|".join(map(re.escape, texts)), HIDDEN, text) if texts else text


def _start_of(raw: bytes, sent: Collection[Secret]) -> str:
    # Hidden before it is cut: half a key is a key told by half.
    text = " ".join(_without(sent, raw[:LOOKED_AT].decode("utf-8", "replace"))[:SHOWN].split())
    return f"{len(raw)} bytes beginning {text[:60]!r}" if text else "an empty body"
