"""The desired-state file to a DesiredState, or every problem in it at once, each with `file:line:column`."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, cast

from reconciler.core.desired import DesiredState
from reconciler.core.findings import Finding, Severity
from reconciler.desired.building import build
from reconciler.desired.meaning import meaning_problems
from reconciler.desired.texts import with_texts
from reconciler.desired.validation import schema_problems
from reconciler.desired.yaml_text import LARGEST_BYTES, Problem, Unreadable
from reconciler.desired.yaml_tree import MOST_PROBLEMS, Tree, read_tree
from reconciler.errors import DesiredStateInvalid


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of a file: its state, or else what is wrong with it, in the order of the places."""

    state: DesiredState | None
    problems: tuple[Finding, ...] = ()


def read_desired(path: Path) -> DesiredState:
    """Read the file.

    Raises:
        DesiredStateInvalid: it cannot be read, or holds problems; all of them are told.
    """
    return parse_desired(content_of(path), str(path))


def content_of(path: Path) -> bytes:
    """Read the bytes of the file.

    Raises:
        DesiredStateInvalid: it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return stream.read(LARGEST_BYTES + 1)  # one more tells that it is too large, whatever it is
    except OSError as error:
        raise DesiredStateInvalid(
            (f"{path}: it cannot be read: {error.strerror}; name the file with --file, or write one (see README)",)
        ) from None


def parse_desired(content: bytes, name: str) -> DesiredState:
    """Read the text of a file called `name`.

    Raises:
        DesiredStateInvalid: with every problem, in the order of their places.
    """
    checked = check_desired(content, name)
    if checked.state is None:
        raise DesiredStateInvalid(tuple(problem.line for problem in checked.problems))
    return checked.state


def check_desired(content: bytes, name: str) -> Checked:
    """Read the text of a file called `name`; never raises for what stands in it."""
    try:
        tree = with_texts(read_tree(content))
    except Unreadable as unreadable:
        return Checked(None, _findings((("yaml", unreadable.problems),), name))
    problems = _findings(
        (("yaml", tree.problems), ("meaning", meaning_problems(tree)), ("schema", schema_problems(tree))), name
    )
    return Checked(None, problems) if problems else Checked(_built(tree, name))


def _built(tree: Tree, name: str) -> DesiredState:
    return build(cast("dict[str, Any]", tree.value), tree, name)


def _findings(stages: Iterable[tuple[str, Iterable[Problem]]], name: str) -> tuple[Finding, ...]:
    """Gather the problems; what a later stage says of a place that an earlier one named is only its consequence."""
    told: dict[Problem, str] = {}
    for code, stage in stages:
        named = {problem.place for problem in told}
        for problem in islice(stage, MOST_PROBLEMS):  # of more than these, the rest is told once they are mended
            if problem.place not in named:
                told.setdefault(problem, code)
    ordered = sorted(told, key=lambda problem: (problem.place, problem.text))
    return tuple(
        Finding(
            code=told[problem],
            severity=Severity.ERROR,
            message=problem.text,
            place=f"{name}:{problem.place.line}:{problem.place.column}",
        )
        for problem in ordered
    )
