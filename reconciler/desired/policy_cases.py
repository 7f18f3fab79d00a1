"""A file of policy tests to its values, or every problem in it at once, each with `file:line:column`."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast

from reconciler.core.desired import DesiredState
from reconciler.desired.case_building import build_case
from reconciler.desired.reader import parse_desired, read_desired
from reconciler.desired.validation import schema_problems
from reconciler.desired.wording import shown, spelled
from reconciler.desired.yaml_text import Place, Problem, Unreadable
from reconciler.desired.yaml_tree import Path as KeyPath
from reconciler.desired.yaml_tree import Tree, Value, read_tree
from reconciler.engine.policy_tests import PolicyCase, PolicySuite
from reconciler.errors import DesiredStateInvalid

SCHEMA = "policy-tests.v1.json"

TEXTS = frozenset({"id", "name", "project", "policy", "protected_by", "by", "contradiction"})
"""Keys whose value is text even where YAML sees a number: `id: 1e5`."""


def read_policy_tests(path: Path) -> PolicySuite:
    """Read a file of tests, and the desired-state file that it names.

    Raises:
        DesiredStateInvalid: either cannot be read, or holds problems; all of one file are told.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DesiredStateInvalid(
            (f"{path}: it cannot be read: {error.strerror}; name a file of tests (see README)",)
        ) from None
    return parse_policy_tests(content, str(path), path.parent)


def parse_policy_tests(content: bytes, name: str, folder: Path) -> PolicySuite:
    """Read the text of a file of tests called `name`; a policy that it names is looked for from `folder`.

    Raises:
        DesiredStateInvalid: with every problem, in the order of their places.
    """
    try:
        tree = _with_texts(read_tree(content))
    except Unreadable as unreadable:
        raise _refused(unreadable.problems, name) from None
    problems = (*tree.problems, *schema_problems(tree, SCHEMA))
    if problems:
        raise _refused(problems, name)
    desired = _policy(content, tree, name, folder)
    found = list(_meaning_problems(tree, desired))
    cases = tuple(_case(tree, index, desired, name, found) for index in range(len(_cases(tree))))
    if found:
        raise _refused(found, name)
    return PolicySuite(name=name, desired=desired, cases=cases)


def _refused(problems: Iterable[Problem], name: str) -> DesiredStateInvalid:
    ordered = sorted(set(problems), key=lambda problem: (problem.place, problem.text))
    return DesiredStateInvalid(tuple(f"{name}:{p.place.line}:{p.place.column}: {p.text}" for p in ordered))


def _case(tree: Tree, index: int, desired: DesiredState, name: str, found: list[Problem]) -> PolicyCase:
    path: KeyPath = ("cases", index)
    place = tree.place(path)

    def refuse(inner: KeyPath, text: str) -> None:
        found.append(Problem(tree.place((*path, *inner)), f"{spelled((*path, *inner))} {text}"))

    return build_case(_cases(tree)[index], desired, f"{name}:{place.line}:{place.column}", refuse)


def _cases(tree: Tree) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", cast("Any", tree.value)["cases"])


# -- the policy


def _policy(content: bytes, tree: Tree, name: str, folder: Path) -> DesiredState:
    written = cast("Any", tree.value)["policy"]
    if isinstance(written, str):
        return read_desired(folder / written)
    return parse_desired(_cut_out(content, tree, written), name)


def _cut_out(content: bytes, tree: Tree, written: dict[str, Value]) -> bytes:
    """Give the policy that is written inside, at the places at which it stands, so that messages point there."""
    start = tree.place(("policy",))
    text = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    if text.lstrip().startswith("{"):  # JSON, or a flow mapping: no line is the policy's alone
        return json.dumps(written).encode()
    lines = text.splitlines(keepends=True)
    later = [place for path, place in tree.key_places.items() if len(path) == 1 and place > start]
    end = min(later, default=Place(len(lines) + 1, 1))
    first, *others = lines[start.line - 1 : end.line - 1]
    return ("\n" * (start.line - 1) + " " * (start.column - 1) + first[start.column - 1 :] + "".join(others)).encode()


# -- text where text is meant


def _with_texts(tree: Tree) -> Tree:
    for path, source in tree.plain.items():
        named = [part for part in path if isinstance(part, str)]
        if path and path[0] != "policy" and named[-1] in TEXTS:
            parent: Any = tree.value
            for part in path[:-1]:
                parent = parent[part]
            if isinstance(parent[path[-1]], int | float) and not isinstance(parent[path[-1]], bool):
                parent[path[-1]] = source
    return tree


# -- what the schema cannot say


def _meaning_problems(tree: Tree, desired: DesiredState) -> Iterator[Problem]:
    names: dict[str, Place] = {}
    rules = {rule.name for rule in desired.retain}
    for index, case in enumerate(_cases(tree)):
        yield from _once(tree, names, case["name"], ("cases", index, "name"))
        ids: dict[str, Place] = {}
        for position, job in enumerate(case["jobs"]):
            path: KeyPath = ("cases", index, "jobs", position)
            yield from _once(tree, ids, job["id"], (*path, "id"))
            yield from _ledger_problems(tree, job, path)
        listed = [job["id"] for job in case["jobs"] if job.get("listed", "yes") == "yes"]
        for job_id, expected in case["expect"].items():
            yield from _expect_problems(tree, ("cases", index, "expect", job_id), expected, listed, rules)


def _once(tree: Tree, seen: dict[str, Place], text: str, path: KeyPath) -> Iterator[Problem]:
    place = tree.place(path)
    before = seen.setdefault(text, place)
    if before is not place:
        yield Problem(place, f"{spelled(path)} {shown(text)} stands in line {before.line} already; keep one of them")


def _ledger_problems(tree: Tree, job: dict[str, Any], path: KeyPath) -> Iterator[Problem]:
    if "first_seen" in job:
        return
    for key in ("missing_until", "released_since", "seen_as", "protected_by"):
        if key in job:
            yield Problem(
                tree.key_places.get((*path, key), tree.place(path)),
                f"{spelled((*path, key))} is a memory of the ledger; add first_seen, or leave it out",
            )
    if job.get("listed", "yes") != "yes":
        yield Problem(tree.place(path), f"{spelled(path)} is known to the ledger alone; add first_seen")


def _expect_problems(
    tree: Tree, path: KeyPath, expected: str | dict[str, Any], listed: list[str], rules: set[str]
) -> Iterator[Problem]:
    place = tree.key_places.get(path, tree.place(path))
    job_id = str(path[-1])
    if job_id not in listed:
        yield Problem(place, f"{spelled(path)}: no listed job of this case has that id; name one of its jobs")
    if isinstance(expected, str):
        return
    for key, verdict in (("because", "hold"), ("by", "retain")):
        if key in expected and expected["verdict"] != verdict:
            yield Problem(place, f"{spelled((*path, key))} goes with verdict: {verdict}; leave one of them out")
    for position, rule in enumerate(expected.get("by", ())):
        if rule not in rules:
            yield Problem(
                tree.place((*path, "by", position)),
                f"{spelled((*path, 'by', position))} is {shown(rule)}; the policy has no rule of that name",
            )
