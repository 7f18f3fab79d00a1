"""Text where text is meant: `1e5` as an id, `0` as an age, `42` as an owner are not numbers."""

from typing import Any, cast

from reconciler.desired.yaml_tree import Path, Tree, Value

TEXTS = frozenset(
    {
        *("account", "state", "timezone", "stores", "job", "needs"),
        *("min_age", "grace", "release_delay", "max_share", "max_bytes", "budget", "warn_at"),
        *("name", "owner", "reason", "code", "until", "keep_within", "keep_bytes", "archive"),
        *("ids", "id", "project", "label"),
    }
)
"""Keys whose value is text, or a list of texts."""


def with_texts(tree: Tree) -> Tree:
    """Put back the source text of plain scalars that YAML sees as numbers where the file means text."""
    for path, source in tree.plain.items():
        if _is_text(path):
            value = at(tree.value, path)
            if isinstance(value, int | float) and not isinstance(value, bool):
                cast("Any", at(tree.value, path[:-1]))[path[-1]] = source
    return tree


def _is_text(path: Path) -> bool:
    match path:
        case ("retain", int()) | ("labels", str(), int()):
            return True
        case (*_, str() as key) | (*_, str() as key, int()):
            return key in TEXTS
        case _:
            return False


def at(value: Value, path: Path) -> Value:
    """Give what stands at a path; None where nothing does."""
    for part in path:
        if isinstance(value, dict) and isinstance(part, str):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return None
    return value
