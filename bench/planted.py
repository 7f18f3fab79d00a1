"""Plant the bugs of tests/planted.toml, one at a time, in a copy of the tree; fail for one that its test does not see.

Run by `make planted`.  Words of a bug may be named, as in `bench/planted.py lease epoch`: then those alone are planted.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
NOT_COPIED = shutil.ignore_patterns(".*", "mutants", "demo", "__pycache__")


def is_seen(tree: Path, bug: dict[str, str]) -> bool:
    path = tree / bug["file"]
    whole = path.read_text(encoding="utf-8")
    if whole.count(bug["line"]) != 1:
        raise SystemExit(f"{bug['file']}: the line of {bug['what']!r} does not stand there once")
    path.write_text(whole.replace(bug["line"], bug["becomes"]), encoding="utf-8")
    try:
        return _test(tree, bug["test"]) == 1  # 1 is a test that failed; anything else is a test that could not run
    finally:
        path.write_text(whole, encoding="utf-8")


def _test(tree: Path, name: str) -> int:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:xdist", "-p", "no:cacheprovider", name]
    environ = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=tree, env=environ, capture_output=True, check=False).returncode


def main() -> None:
    words = sys.argv[1:]
    bugs = tomllib.loads((ROOT / "tests" / "planted.toml").read_text(encoding="utf-8"))["bug"]
    chosen = [bug for bug in bugs if not words or any(word in bug["what"] for word in words)]
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=NOT_COPIED)
        for name in sorted({bug["test"] for bug in chosen}):
            if _test(tree, name) != 0:
                raise SystemExit(f"red without any bug: {name}")
        unseen = 0
        for bug in chosen:
            began = time.monotonic()
            told = "seen" if is_seen(tree, bug) else "NOT SEEN"
            unseen += told != "seen"
            print(f"{told:8}  {time.monotonic() - began:4.1f} s  {bug['what']}  ({bug['test']})", flush=True)
    print(f"\n{len(chosen)} planted, {unseen} not seen")
    raise SystemExit(bool(unseen))


if __name__ == "__main__":
    main()
