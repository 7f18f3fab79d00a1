"""The order of keys: that of the published schema."""

from functools import cache
from typing import Any

from reconciler.published_schemas import schema

SCHEMA = "desired-state.v1.json"

CHILDREN = {
    **{("document", name): name for name in ("scope", "clock", "archive", "clean", "storage")},
    ("document", "retain"): "rule",
    ("document", "links"): "link",
    ("rule", "match"): "match",
    ("rule", "mute"): "muted",
    **{("match", name): "match" for name in ("any", "all", "not")},
}
"""What stands below a key, by what the key stands in: a name for `order`, also for each entry of a list."""


def child(kind: str, key: str) -> str:
    """Name what stands below a key; "" for what has no order of its own."""
    return CHILDREN.get((kind, key), "")


def order(kind: str, key: str) -> int:
    """Give the place of a key among its siblings; 0 for all where their order is the user's own."""
    keys = _keys().get(kind)
    return keys.index(key) if keys and key in keys else 0


@cache
def _keys() -> dict[str, tuple[str, ...]]:
    whole = schema(SCHEMA)
    top, parts = whole["properties"], whole["definitions"]
    sections = ("scope", "clock", "archive", "clean", "storage")
    objects: dict[str, Any] = {name: top[name] for name in sections}
    objects |= {"document": whole, "rule": parts["rule"], "match": parts["match"]}
    objects |= {"link": top["links"]["items"], "muted": parts["rule"]["properties"]["mute"]["items"]}
    return {name: tuple(each["properties"]) for name, each in objects.items()}
