"""Is a document what the schema says?  Yes or no, quickly; jsonschema explains a no (docs/adr/0009).

The schema is made ready once, as closures.  Only the keywords that our schema uses are known; another one is an error
when the schema is made ready, and tests hold the answers equal to those of jsonschema.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeGuard

from reconciler.published_schemas import schema

Check = Callable[[object], bool]


@cache
def checker(name: str, part: str = "") -> Check:
    """Make a published schema ready, or one of its definitions."""
    whole = schema(name)
    return _Reader(whole).ready(whole["definitions"][part] if part else whole)


class _Reader:
    """Makes parts of one schema ready; a definition that contains itself is looked up when it is asked."""

    def __init__(self, whole: Mapping[str, Any]) -> None:
        self._definitions = whole["definitions"]
        self._known: dict[str, Check] = {}

    def ready(self, part: Any) -> Check:
        if "$ref" in part:
            return self._reference(part["$ref"])
        checks = [check for check in (self._keyword(word, part) for word in part if word not in SILENT) if check]
        return checks[0] if len(checks) == 1 else lambda value: all(check(value) for check in checks)

    def _reference(self, address: str) -> Check:
        name, known = address.removeprefix("#/definitions/"), self._known
        if name not in known:
            known[name] = _nothing  # stands in while the definition is made ready, for a part that names the whole
            known[name] = self.ready(self._definitions[name])

        def check(value: object) -> bool:
            return known[name](value)

        return check

    def _keyword(self, word: str, part: Mapping[str, Any]) -> Check | None:
        wanted = part[word]
        match word:
            case "then" | "else":
                return None  # they belong to `if`
            case "if":
                branches = (self.ready(part.get(each, {})) for each in ("then", "else"))
                return _branch(self.ready(wanted), *branches)
            case "additionalProperties" | "required":
                # The keys of an object are looked at once, with `properties`.
                return None if "properties" in part else self._object({word: wanted})
            case "properties":
                return self._object(part)
            case "dependencies":
                return self._dependencies(wanted)
            case _:
                return self._of_parts(word, wanted)

    def _of_parts(self, word: str, wanted: Any) -> Check:
        match word:
            case "allOf" | "anyOf":
                return _several(tuple(self.ready(each) for each in wanted), all if word == "allOf" else any)
            case "not":
                return _not(self.ready(wanted))
            case "items":
                return _items(self.ready(wanted))
            case "propertyNames":
                return _names(self.ready(wanted))
            case _:
                return SIMPLE[word](wanted)

    def _object(self, part: Mapping[str, Any]) -> Check:
        inner = {name: self.ready(each) for name, each in part.get("properties", {}).items()}
        others = self._others(part.get("additionalProperties", {}))
        required = tuple(part.get("required", ()))

        def check(value: object) -> bool:
            if not isinstance(value, dict):
                return True
            return all(name in value for name in required) and all(
                inner.get(name, others)(each) for name, each in value.items()
            )

        return check

    def _others(self, wanted: Any) -> Check:
        return _nothing if wanted is False else self.ready(wanted)

    def _dependencies(self, wanted: Mapping[str, Any]) -> Check:
        ready = {
            name: self.ready({"required": each} if isinstance(each, list) else each) for name, each in wanted.items()
        }
        return lambda value: (
            not isinstance(value, dict) or all(check(value) for name, check in ready.items() if name in value)
        )


SILENT = frozenset({"$schema", "$id", "$comment", "title", "description", "default", "examples", "definitions"})
"""Keywords that refuse nothing."""


def _nothing(_value: object) -> bool:
    return False


def _branch(condition: Check, then: Check, otherwise: Check) -> Check:
    return lambda value: then(value) if condition(value) else otherwise(value)


def _several(checks: Sequence[Check], gather: Callable[[Any], bool]) -> Check:
    return lambda value: gather(check(value) for check in checks)


def _not(check: Check) -> Check:
    return lambda value: not check(value)


def _items(check: Check) -> Check:
    return lambda value: not isinstance(value, list) or all(check(each) for each in value)


def _names(check: Check) -> Check:
    return lambda value: not isinstance(value, dict) or all(check(name) for name in value)


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _type(name: str) -> Check:
    match name:
        case "object":
            return lambda value: isinstance(value, dict)
        case "array":
            return lambda value: isinstance(value, list)
        case "string":
            return lambda value: isinstance(value, str)
        case "integer":
            return lambda value: _is_number(value) and (isinstance(value, int) or value.is_integer())
        case _:
            raise KeyError(name)


def _one_of(wanted: list[object]) -> Check:
    # True is not 1 here, though Python says so.
    def check(value: object) -> bool:
        return any(
            value == each and isinstance(value, bool) == isinstance(each, bool)
            for each in wanted
            if not isinstance(value, dict | list)
        )

    return check


def _pattern(text: str) -> Check:
    search = re.compile(text).search
    return lambda value: not isinstance(value, str) or search(value) is not None


SIMPLE: Mapping[str, Callable[[Any], Check]] = {
    "type": _type,
    "enum": _one_of,
    "const": lambda wanted: _one_of([wanted]),
    "pattern": _pattern,
    "minimum": lambda least: lambda value: not _is_number(value) or value >= least,
    "maximum": lambda most: lambda value: not _is_number(value) or value <= most,
    "minLength": lambda least: lambda value: not isinstance(value, str) or len(value) >= least,
    "maxLength": lambda most: lambda value: not isinstance(value, str) or len(value) <= most,
    "minItems": lambda least: lambda value: not isinstance(value, list) or len(value) >= least,
    "maxItems": lambda most: lambda value: not isinstance(value, list) or len(value) <= most,
    "minProperties": lambda least: lambda value: not isinstance(value, dict) or len(value) >= least,
}
