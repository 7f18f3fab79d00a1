"""Is a document what the schema says?  Yes or no, quickly; jsonschema explains a no (docs/adr/0011)."""

from functools import cache

import jsonschema_rs

from reconciler.published_schemas import schema


def is_valid(name: str, value: object, part: str = "") -> bool:
    """Tell whether a value is what a published schema says, or one of its definitions.

    A value that JSON cannot hold (half a character, a number without end) is none; jsonschema says why.
    """
    try:
        return _validator(name, part).is_valid(value)
    except ValueError:
        return False


@cache
def _validator(name: str, part: str) -> jsonschema_rs.Draft7Validator:
    whole = schema(name)
    if not part:
        return jsonschema_rs.Draft7Validator(whole)
    return jsonschema_rs.Draft7Validator({"definitions": whole["definitions"], "$ref": f"#/definitions/{part}"})
