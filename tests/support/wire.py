"""Bodies as the service sends them: Python values to JSON bytes, and to what the reader makes of those."""

import json

from reconciler.pictory.assets import HEAVY
from reconciler.pictory.parts import Part, compact, fields


def sent(body: object) -> bytes:
    """The bytes of a body as a service may send them: a number without end as `1e999`, which is JSON."""
    return json.dumps(body).replace("Infinity", "1e999").replace("NaN", "1e-999").encode()


def part(body: object) -> Part:
    """A body as the reader gets it."""
    return compact(sent(body))


def facts(data: object) -> dict[str, object]:
    """What stands in `data`, as the reader takes it apart."""
    return fields(part(data), kept=HEAVY)
