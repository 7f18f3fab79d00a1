"""The name of what a file means: every field of its values, defaults included; no comment, no layout, no place."""

from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta, tzinfo
from enum import Enum
from fractions import Fraction
from functools import cache

from reconciler.core.canonical import Jsonable, canonical_json, digest, utc_text
from reconciler.core.desired import DesiredState
from reconciler.core.selectors import IdIn


def with_digest(state: DesiredState) -> DesiredState:
    """Give the state with its `digest`."""
    return replace(state, digest=digest({"v": 1, "desired": _facts(replace(state, digest=""))}))


def _facts(value: object) -> Jsonable:
    """Give a value as JSON.  A field that is added to a value later is part of the name without a word here."""
    match value:
        case None | bool() | int() | str():
            return value
        case tuple():
            return [_facts(each) for each in value]
        case frozenset():
            return sorted((_facts(each) for each in value), key=canonical_json)
        case Enum():
            return _facts(value.value)
        case _ if is_dataclass(value):
            told = _told(value.__class__)
            if isinstance(value, IdIn) and value.label:
                told = tuple(name for name in told if name != "ids")  # they stand under `labels` once, for all rules
            named = {name: _facts(getattr(value, name)) for name in told}
            return {"": type(value).__name__, **named}
        case _:
            return _quantity(value)


@cache
def _told(kind: type) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind) if each.compare)


def _quantity(value: object) -> Jsonable:
    match value:
        case timedelta():
            return int(value.total_seconds())
        case datetime():
            return utc_text(value)
        case Fraction() | tzinfo():
            return str(value)
        case _:
            raise TypeError(f"a {type(value).__name__} has no place in the name of a file")
