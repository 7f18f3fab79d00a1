"""Where a value is not what a published schema says, in the words of jsonschema, which takes long to load."""

from dataclasses import dataclass
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import best_match

LONGEST = 200


@dataclass(frozen=True, slots=True)
class Misfit:
    """The place that does not fit, `(file)` for the whole, and why."""

    field: str
    message: str


def misfit(wanted: dict[str, Any], value: object) -> Misfit | None:
    """Give the misfit that matters most; None where the value is what is wanted."""
    error = best_match(Draft7Validator(wanted).iter_errors(value))
    if error is None:
        return None
    field = ".".join(str(part) for part in error.absolute_path) or "(file)"
    return Misfit(field, error.message[:LONGEST])
