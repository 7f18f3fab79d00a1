"""A tree against the published schema, in words for people: what is wrong, what was found, what to write instead."""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from reconciler.desired.quick_check import is_valid
from reconciler.desired.wording import meant, shown, spelled
from reconciler.desired.yaml_text import Problem
from reconciler.desired.yaml_tree import MOST_PROBLEMS, Path, Tree, Value, resolve
from reconciler.published_schemas import schema

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

SCHEMA = "desired-state.v1.json"
NEEDED = frozenset({"retain", "types", "needs"})
"""Lists that cannot be left out where they stand."""


def schema_problems(tree: Tree, name: str = SCHEMA) -> Iterator[Problem]:
    """Tell every way in which the document is not what the published schema `name` says."""
    if is_valid(name, tree.value):
        return
    # jsonschema takes half a millisecond per rule, and a rule that is right needs no explanation.
    document, original = _broken_alone(tree.value) if name == SCHEMA else (tree.value, [])
    from jsonschema import Draft7Validator  # noqa: PLC0415 - start-up: only a file with problems needs it

    for error in islice(Draft7Validator(schema(name)).iter_errors(document), MOST_PROBLEMS):
        path = cast("Path", tuple(error.absolute_path))
        if original and len(path) > 1 and path[0] == "retain":
            path = ("retain", original[cast("int", path[1])], *path[2:])
        yield from _problems(error, tree, path)


def _broken_alone(document: Value) -> tuple[Value, list[int]]:
    """Leave out the rules that are right; give the document, and the index in the file of each rule left in it."""
    retain = document.get("retain") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(retain, list):
        return document, []
    broken = [
        index
        for index, rule in enumerate(retain)
        if not is_valid(SCHEMA, rule, "rule" if isinstance(rule, dict) else "id")
    ]
    left = broken[:MOST_PROBLEMS] or list(range(min(len(retain), 1)))
    return {**document, "retain": [retain[index] for index in left]}, left


def _problems(error: "ValidationError", tree: Tree, path: Path) -> Iterator[Problem]:
    match str(error.validator):
        case "minProperties" | "minItems":
            if "anyOf" not in cast("Any", error.schema):  # a rule that says nothing is told by what it lacks
                leave = "" if path and path[-1] in NEEDED else ", or leave it out"
                yield Problem(tree.place(path), f"{spelled(path)} is empty; {_what_to_write(error)}{leave}")
        case "not":
            yield from _beside_ids(tree, path)
        case "additionalProperties" | "required" | "dependencies" | "anyOf" as word:
            yield from _OF_KEYS[word](error, tree, path)
        case _:
            yield _wrong_value(error, tree, path)


def _wrong_value(error: "ValidationError", tree: Tree, path: Path) -> Problem:
    if "propertyNames" in error.absolute_schema_path:
        name = str(error.instance)
        place = tree.key_places.get((*path, name), tree.place(path))
        return Problem(place, f"{spelled(path)}: the name {shown(name)} cannot be used; {_what_to_write(error)}")
    found = shown(error.instance)
    if isinstance(error.instance, str) and error.instance and not isinstance(resolve(error.instance), str):
        found = f"'{found}'"  # text that reads as a number or a truth is shown as the text it is
    return Problem(tree.place(path), f"{spelled(path)} is {found}; {_what_to_write(error)}")


def _unknown_keys(error: "ValidationError", tree: Tree, path: Path) -> Iterator[Problem]:
    allowed = sorted(cast("Any", error.schema)["properties"])
    for name in cast("Mapping[str, Value]", error.instance):
        if name in allowed:
            continue
        hint = meant(name, allowed) or _belongs(name, path) or f"the keys are: {', '.join(allowed)}"
        yield Problem(
            tree.key_places.get((*path, name), tree.place(path)), f"{spelled((*path, name))} is not a key here; {hint}"
        )


def _belongs(name: str, path: Path) -> str:
    """Tell where a key that is one elsewhere belongs; "" where it is none."""
    whole = schema(SCHEMA)
    homes = {
        "at the top of the file": whole["properties"],
        "in a rule under retain": whole["definitions"]["rule"]["properties"],
        "under match": whole["definitions"]["match"]["properties"],
        **{
            f"under {section}": whole["properties"][section]["properties"]
            for section in ("archive", "clean", "clock", "scope", "storage")
        },
    }
    here = "at the top of the file" if not path else ""
    return next((f"it belongs {home}" for home, keys in homes.items() if name in keys and home != here), "")


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
    if "$ref" in known:
        known = schema(SCHEMA)["definitions"][known["$ref"].rpartition("/")[2]]
    example = (known.get("examples") or [known.get("const", "...")])[0]
    return f"{name}: {shown(example) if isinstance(example, list) else example}"


def _missing_companions(error: "ValidationError", tree: Tree, path: Path) -> Iterator[Problem]:
    present = cast("Mapping[str, Value]", error.instance)
    for name, wanted in cast("Mapping[str, object]", error.validator_value).items():
        for other in wanted if isinstance(wanted, list) and name in present else ():
            if other not in present:
                yield Problem(
                    tree.key_places.get((*path, name), tree.place(path)),
                    f"{spelled(path)} has {name} and no {other}; add {other}: who to ask before it ends",
                )


def _says_too_little(error: "ValidationError", tree: Tree, path: Path) -> Iterator[Problem]:
    if "dependencies" in error.absolute_schema_path:
        yield Problem(
            tree.key_places.get((*path, "group_by"), tree.place(path)),
            f"{spelled(path)} groups and does not count; add keep_last, keep_bytes or a keep_daily and its like, "
            "or leave group_by out",
        )
    elif not set(cast("Mapping[str, Value]", error.instance)) - set(
        cast("Any", error.schema)["properties"]
    ):  # else a slip is told already
        yield Problem(
            tree.place(path),
            f"{spelled(path)} does not say which jobs it keeps; add ids, match, or a keep_* such as keep_within: 30d",
        )


_OF_KEYS: Mapping[str, Callable[["ValidationError", Tree, Path], Iterator[Problem]]] = {
    "additionalProperties": _unknown_keys,
    "required": _missing_keys,
    "dependencies": _missing_companions,
    "anyOf": _says_too_little,
}


def _beside_ids(tree: Tree, path: Path) -> Iterator[Problem]:
    rule, key = path[:-1], path[-1]
    if key == "match":
        yield Problem(tree.place(rule), f"{spelled(rule)} has ids and match; write two rules, or one of them")
    else:
        yield Problem(
            tree.key_places.get(path, tree.place(rule)),
            f"{spelled(rule)} has ids and {key}; ids are kept each and all: leave {key} out, or write match instead",
        )


def _what_to_write(error: "ValidationError") -> str:
    rules = cast("Mapping[str, object]", error.schema)
    if "enum" in rules:
        return _one_of(str(error.instance), [str(word) for word in cast("list[object]", rules["enum"])])
    if "const" in rules:
        return f"write {shown(rules['const'])}" + (", or leave it out" if rules["const"] is True else "")
    if "$comment" in rules and error.validator == "pattern":
        return str(rules["$comment"])
    examples = cast("list[object]", rules.get("examples") or [])
    wanted = _WANTED.get(str(error.validator), "")
    if error.validator == "type":
        wanted = _TYPES[str(error.validator_value)]
    limit = f" {error.validator_value}" if error.validator in {"minimum", "maximum", "maxLength", "maxItems"} else ""
    is_short = bool(examples) and "a group of keys" not in shown(examples[0])
    example = f", such as {shown(examples[0])}" if is_short else ""
    return f"write {wanted}{limit}{example}".replace("write ,", "write something")


def _one_of(found: str, words: list[str]) -> str:
    asked = meant(found, words)
    return f"write {' or '.join(words)}" + (f"; {asked}" if asked else "")


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
