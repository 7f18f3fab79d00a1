"""The desired-state file to a DesiredState, or every problem in it at once, each with `file:line:column`."""

import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast

from reconciler.core.canonical import digest
from reconciler.core.desired import DesiredState, Limits, Otherwise, RetainRule, Scope
from reconciler.core.job import KNOWN_TYPES, JobId, JobStatus, JobType
from reconciler.core.selectors import AllOf, EveryJob, IdIn, Selector, StatusIn, TypeIn
from reconciler.desired.quantities import duration, share
from reconciler.desired.validation import schema_problems, shown, spelled
from reconciler.desired.yaml_tree import Path as KeyPath
from reconciler.desired.yaml_tree import Place, Problem, Tree, Unreadable, Value, read_tree
from reconciler.errors import DesiredStateInvalid

DEFAULT_STORES = ("file:./archive",)
DEFAULT_CLEAN: dict[str, str | int] = {"min_age": "1d", "max_jobs": 100, "max_share": "25%"}

TEXTS = frozenset({"account", "min_age", "max_share", "name", "owner", "reason"})
"""Keys whose value is text even where YAML sees a number: `min_age: 0`, `owner: 42`."""


def read_desired(path: Path) -> DesiredState:
    """Read the file.

    Raises:
        DesiredStateInvalid: it cannot be read, or holds problems; all of them are told.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DesiredStateInvalid(
            (f"{path}: it cannot be read: {error.strerror}; name the file with --file, or write one (see README)",)
        ) from None
    return parse_desired(content, str(path))


def parse_desired(content: bytes, name: str) -> DesiredState:
    """Read the text of a file called `name`.

    Raises:
        DesiredStateInvalid: with every problem, in the order of their places.
    """
    try:
        tree = read_tree(content)
    except Unreadable as unreadable:
        raise DesiredStateInvalid(_lines(unreadable.problems, name)) from None
    tree = _with_texts(tree)
    problems = _first_told(tree.problems, _meaning_problems(tree), schema_problems(tree))
    if problems:
        raise DesiredStateInvalid(_lines(problems, name))
    return _build(tree, name)


def _first_told(*stages: Iterable[Problem]) -> list[Problem]:
    """Gather the problems; what a later stage says of a place that an earlier one named is only its consequence."""
    told: list[Problem] = []
    for stage in stages:
        named = {problem.place for problem in told}
        told += [problem for problem in stage if problem.place not in named]
    return told


def _lines(problems: Iterable[Problem], name: str) -> tuple[str, ...]:
    ordered = sorted(set(problems), key=lambda problem: (problem.place, problem.text))
    return tuple(f"{name}:{p.place.line}:{p.place.column}: {p.text}" for p in ordered)


# -- text where text is meant


def _with_texts(tree: Tree) -> Tree:
    """Put back the source text of plain scalars that YAML sees as numbers where the file means text: `1e5` as an id."""
    for path, source in tree.plain.items():
        if _is_text(path):
            parent = _at(tree.value, path[:-1])
            value = _at(tree.value, path)
            if isinstance(value, int | float) and not isinstance(value, bool):
                cast("Any", parent)[path[-1]] = source
    return tree


def _is_text(path: KeyPath) -> bool:
    match path:
        case ("retain", int()) | ("retain", int(), "ids", int()):
            return True
        case (*_, str() as key):
            return key in TEXTS
        case _:
            return False


def _at(value: Value, path: KeyPath) -> Value:
    for part in path:
        if isinstance(value, dict) and isinstance(part, str):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int):
            value = value[part]
        else:
            return None
    return value


# -- what the schema cannot say


def _meaning_problems(tree: Tree) -> Iterator[Problem]:
    # The schema may have refused the document already: what has another form than it says is passed over here.
    retain = _at(tree.value, ("retain",))
    rules = retain if isinstance(retain, list) else []
    names: dict[str, Place] = {}
    for index, rule in enumerate(rules):
        name = rule.get("name") if isinstance(rule, dict) else None
        if isinstance(name, str):
            yield from _once(names, name, tree.place(("retain", index, "name")), "the rule name")
    yield from _id_problems(tree, rules)
    yield from _share_problems(tree)


def _once(seen: dict[str, Place], text: str, place: Place, what: str) -> Iterator[Problem]:
    before = seen.setdefault(text, place)
    if before is not place:
        yield Problem(place, f"{what} {shown(text)} stands in line {before.line} already; keep one of them")


def _id_problems(tree: Tree, rules: list[Value]) -> Iterator[Problem]:
    spellings: dict[str, tuple[str, Place]] = {}
    bare: dict[str, Place] = {}
    for index, rule in enumerate(rules):
        named: dict[str, Place] = bare if isinstance(rule, str) else {}
        for path, job_id in _ids(index, rule):
            place = tree.place(path)
            if any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for character in job_id):
                yield Problem(place, f"{spelled(path)} is {shown(job_id)}; an id has no control characters")
            yield from _once(named, job_id, place, "the id")
            spelling, before = spellings.setdefault(job_id.casefold(), (job_id, place))
            if spelling != job_id:
                yield Problem(
                    place,
                    f"the id {shown(job_id)} differs from {shown(spelling)} in line {before.line} only in case; "
                    "ids are compared exactly: write the one that exists",
                )


def _ids(index: int, rule: Value) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(rule, str):
        yield ("retain", index), rule
    elif isinstance(rule, dict):
        ids = rule.get("ids")
        for position, job_id in enumerate(ids if isinstance(ids, list) else []):
            if isinstance(job_id, str):
                yield ("retain", index, "ids", position), job_id


def _share_problems(tree: Tree) -> Iterator[Problem]:
    path = ("clean", "max_share")
    written = _at(tree.value, path)
    if isinstance(written, str):
        try:
            share(written)
        except ValueError as error:
            yield Problem(tree.place(path), f"{spelled(path)} is {shown(written)}; {error}")


# -- values


def _build(tree: Tree, name: str) -> DesiredState:
    written = cast("dict[str, Any]", tree.value)
    effective = _effective(written)
    clean = effective["clean"]
    stores = tuple(effective["archive"]["stores"])
    return DesiredState(
        account=effective["account"],
        scope=Scope(
            types=frozenset(JobType(word) for word in effective["scope"]["types"]),
            untyped_failures="scope" not in written,
        ),
        otherwise=Otherwise(effective["otherwise"]),
        retain=tuple(_rule(index, rule) for index, rule in enumerate(effective["retain"])),
        stores=stores,
        copies=len(stores),
        min_age=duration(clean["min_age"]),
        limits=Limits(max_jobs=clean["max_jobs"], max_share=share(clean["max_share"])),
        digest=digest({**effective, "untyped_failures": "scope" not in written}),
        places=_places(tree, name),
    )


def _effective(written: dict[str, Any]) -> dict[str, Any]:
    """Fill in the defaults, so that the digest names what the file means, today's defaults included."""
    return {
        **written,
        "scope": written.get("scope") or {"types": sorted(kind.value for kind in KNOWN_TYPES)},
        "archive": {"stores": list(DEFAULT_STORES), **written.get("archive", {})},
        "clean": {**DEFAULT_CLEAN, **written.get("clean", {})},
    }


def _rule(index: int, rule: str | dict[str, Any]) -> RetainRule:
    if isinstance(rule, str):
        return RetainRule(name=rule, selector=IdIn(frozenset({JobId(rule)})))
    return RetainRule(
        name=rule.get("name", f"retain[{index}]"),
        selector=_selector(rule),
        owner=rule.get("owner", ""),
        reason=rule.get("reason", ""),
    )


def _selector(rule: dict[str, Any]) -> Selector:
    if "ids" in rule:
        return IdIn(frozenset(JobId(job_id) for job_id in rule["ids"]))
    match = rule.get("match", {})
    parts: list[Selector] = []
    if "type" in match:
        parts.append(TypeIn(frozenset(JobType(word) for word in _listed(match["type"]))))
    if "status" in match:
        parts.append(StatusIn(frozenset(JobStatus(word) for word in _listed(match["status"]))))
    if not parts:
        return EveryJob()
    return parts[0] if len(parts) == 1 else AllOf(tuple(parts))


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _places(tree: Tree, name: str) -> dict[str, str]:
    """Give the places that messages of later stages point to."""
    places = {"": name}
    for path, place in tree.places.items():
        if len(path) in {1, 2} and path[0] != "version":
            places[spelled(path)] = f"{name}:{place.line}:{place.column}"
    return places
