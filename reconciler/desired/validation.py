"""A tree against the published schema, in words for people: what is wrong, what was found, what to write instead."""

import difflib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from reconciler.desired.yaml_tree import Path, Problem, Tree, Value, resolve
from reconciler.published_schemas import schema

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

SCHEMA = "desired-state.v1.json"

LATER = frozenset(
    {
        *("state", "timezone", "clock", "labels", "links", "storage"),
        *("group_by", "keep_last", "keep_within", "keep_daily", "keep_weekly", "keep_monthly", "keep_yearly"),
        *("keep_bytes", "until", "protect", "archive", "copies", "grace", "max_bytes", "any", "all", "not", "label"),
        *("project", "id"),
    }
)
"""Keys of the language that this version does not understand: refused like any other, with a word more."""


def schema_problems(tree: Tree, name: str = SCHEMA) -> Iterator[Problem]:
    """Tell every way in which the document is not what the published schema `name` says."""
    from jsonschema import Draft7Validator  # noqa: PLC0415 - start-up: only a verb that reads a file needs it

    for error in Draft7Validator(schema(name)).iter_errors(tree.value):
        yield from _problems(error, tree)


def _problems(error: "ValidationError", tree: Tree) -> Iterator[Problem]:
    path = cast("Path", tuple(error.absolute_path))
    match error.validator:
        case "additionalProperties":
            yield from _unknown_keys(error, tree, path)
        case "required":
            yield from _missing_keys(error, tree, path)
        case "not":
            yield Problem(tree.place(path), f"{spelled(path)} has ids and match; write two rules, or one of them")
        case "minProperties" | "minItems":
            yield Problem(tree.place(path), f"{spelled(path)} is empty; {_what_to_write(error)}, or leave it out")
        case _:
            found = shown(error.instance)
            if isinstance(error.instance, str) and not isinstance(resolve(error.instance), str):
                found = f"'{found}'"  # text that reads as a number or a truth is shown as the text it is
            yield Problem(tree.place(path), f"{spelled(path)} is {found}; {_what_to_write(error)}")


def _unknown_keys(error: "ValidationError", tree: Tree, path: Path) -> Iterator[Problem]:
    allowed = sorted(cast("Any", error.schema)["properties"])
    for name in cast("Mapping[str, Value]", error.instance):
        if name in allowed:
            continue
        near = difflib.get_close_matches(name, allowed, n=1)
        hint = f"did you mean {near[0]}?" if near else f"the keys are: {', '.join(allowed)}"
        what = "is not understood by this version" if name in LATER else "is not a key here"
        yield Problem(tree.key_places.get((*path, name), tree.place(path)), f"{spelled((*path, name))} {what}; {hint}")


def _missing_keys(error: "ValidationError", tree: Tree, path: Path) -> Iterator[Problem]:
    present = cast("Mapping[str, Value]", error.instance)
    for name in cast("list[str]", error.validator_value):
        # iter_errors gives one error per missing key, each with the whole list: tell the one it is about.
        if name not in present and f"'{name}'" in error.message:
            where = f"in {spelled(path)} " if path else ""
            yield Problem(
                tree.place(path), f"{name} is missing {where}; write {_example(error, name)}".replace(" ;", ";")
            )


def _example(error: "ValidationError", name: str) -> str:
    known = cast("Any", error.schema)["properties"][name]
    if name == "otherwise":
        return "otherwise: report (or archive, or clean)"
    if name == "retain":
        return "retain: and below it a list of job ids or rules"
    example = (known.get("examples") or [known.get("const", "...")])[0]
    return f"{name}: {shown(example) if isinstance(example, list) else example}"


def _what_to_write(error: "ValidationError") -> str:
    rules = cast("Mapping[str, object]", error.schema)
    if "enum" in rules:
        return "write " + " or ".join(str(word) for word in cast("list[object]", rules["enum"]))
    if "const" in rules:
        return f"write {rules['const']}"
    examples = cast("list[object]", rules.get("examples") or [])
    wanted = _WANTED.get(str(error.validator), "")
    if error.validator == "type":
        wanted = _TYPES[str(error.validator_value)]
    limit = f" {error.validator_value}" if error.validator in {"minimum", "maximum", "maxLength", "maxItems"} else ""
    example = f", such as {shown(examples[0])}" if examples else ""
    return f"write {wanted}{limit}{example}".replace("write ,", "write something")


_TYPES = {
    "object": "keys and values",
    "array": "a list",
    "integer": "a whole number",
    "string": "text",
    "boolean": "true or false",
}
_WANTED = {
    "pattern": "it in the form the schema gives",
    "minimum": "at least",
    "maximum": "at most",
    "minLength": "something",
    "maxLength": "a text no longer than",
    "minItems": "at least one entry",
    "maxItems": "no more entries than",
    "minProperties": "at least one key",
}

LONGEST_SHOWN = 60


def shown(value: object) -> str:
    """Show a value as it could stand in the file, short, and harmless on a terminal."""
    if value is None:
        return "empty"
    if value == "":
        return "''"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a group of keys"
    if isinstance(value, list):
        text = "[" + ", ".join(shown(item) for item in value[:4]) + (", ..." if len(value) > 4 else "") + "]"
    else:
        text = ascii(value) if isinstance(value, str) and not value.isprintable() else str(value)
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "..."


def spelled(path: Path) -> str:
    """Write a path as people do: `retain[2].match.type`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{shown(part)}" for part in path)
    return text.removeprefix(".") or "the file"
