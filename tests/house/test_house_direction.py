"""The direction of imports is held by import-linter; a planted import must break it, or it holds nothing."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PLANTS = {
    "core reads the clock": ("reconciler/core/retention.py", "import time\n", "core is pure"),
    "core uses a third party": ("reconciler/core/plan.py", "import requests\n", "core is pure"),
    "core looks up to the engine": ("reconciler/core/job.py", "import reconciler.engine.ports\n", "The house"),
    "engine reaches an edge": ("reconciler/engine/observe.py", "import reconciler.pictory.reader\n", "The house"),
    "one edge imports another": ("reconciler/archive/archiver.py", "import reconciler.ledger.sqlite\n", "The house"),
    "engine opens files by itself": ("reconciler/engine/planning.py", "import pathlib\n", "engine sees"),
    "the emulator borrows from the client": (
        "reconciler/emulator/api.py",
        "import reconciler.pictory.wire\n",
        "shares no code",
    ),
}


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": str(Path(sys.executable).parent)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def house(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "reconciler", tmp_path / "reconciler", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_house_as_it_stands_keeps_its_direction(house: Path) -> None:
    ended = lint_imports(house)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize(("file", "planted", "contract"), PLANTS.values(), ids=PLANTS.keys())
def test_a_planted_import_breaks_a_contract(house: Path, file: str, planted: str, contract: str) -> None:
    target = house / file
    target.write_text(target.read_text(encoding="utf-8") + "\n" + planted, encoding="utf-8")
    ended = lint_imports(house)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    # Long names of contracts are wrapped, so the verdict is the first one behind the name.
    behind = " ".join(ended.stdout.split()).partition(contract)[2]
    assert "BROKEN" in behind.partition("KEPT")[0], ended.stdout
