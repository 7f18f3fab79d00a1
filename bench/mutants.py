"""What `mutmut run` left alive, beside tests/mutants.toml: fails where a living mutant has no reason there.

Run by `make mutants`, in its environment.  Also tells which reasons name a mutant that no longer lives.  Modules can be
named, as in `bench/mutants.py times rules` after `mutmut run 'reconciler.core.times*' 'reconciler.core.rules*'`.
"""

import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code
from mutmut.utils.file_utils import walk_mutatable_files

NAMED = Path(__file__).parents[1] / "tests" / "mutants.toml"
SEEN = {"killed", "timeout", "caught by type check", "segfault"}
"""A mutant that runs for ever, or that the type checker refuses, was seen as well."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: the lines as they stand, and what was put in their place, both stripped."""

    file: str
    line: str
    becomes: str


def living(modules: list[str]) -> Iterator[tuple[str, Mutant]]:
    """Give each mutant that no test sees, with the name by which `mutmut show` tells it."""
    for path in walk_mutatable_files():
        if modules and path.stem not in modules:
            continue
        each = SourceFileMutationData(path=path)
        each.load()
        for name, exit_code in each.exit_code_by_key.items():
            status = status_by_exit_code[exit_code]
            if status == "not checked":
                raise SystemExit(f"{name} was not checked; let `mutmut run` end first")
            if status not in SEEN:
                yield name, _mutant(str(path), get_diff_for_mutant(name, path=path))


def _mutant(file: str, diff: str) -> Mutant:
    changed = [line for line in diff.splitlines() if not line.startswith(("---", "+++"))]
    old, new = ([line[1:].strip() for line in changed if line.startswith(sign)] for sign in "-+")
    return Mutant(file, "\n".join(old), "\n".join(new))


def main() -> None:
    modules = sys.argv[1:]
    named = {
        Mutant(each["file"], each["line"], each["becomes"])
        for each in tomllib.loads(NAMED.read_text(encoding="utf-8"))["mutant"]
        if not modules or Path(each["file"]).stem in modules
    }
    found = dict(living(modules))
    unnamed = {name: mutant for name, mutant in found.items() if mutant not in named}
    for name, mutant in unnamed.items():
        print(f"\n{name}\n- {mutant.line}\n+ {mutant.becomes}")
    for mutant in named.difference(found.values()):
        print(f"\nno longer alive, take its reason out of {NAMED.name}: {mutant.file}: {mutant.becomes}")
    print(f"\n{len(found)} alive, {len(found) - len(unnamed)} with a reason, {len(unnamed)} without")
    raise SystemExit(bool(unnamed))


if __name__ == "__main__":
    main()
