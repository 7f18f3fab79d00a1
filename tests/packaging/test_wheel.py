"""The wheel as a user gets it: complete, and working from an environment that has no checkout."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import pytest

from reconciler import __version__

ROOT = Path(__file__).parents[2]
SHIPPED = ("reconciler", "schemas", "state", "tests", "bench", "docs", "requirements")
FILES = ("pyproject.toml", "README.md", "LICENSE", "Makefile", "ARCHITECTURE.md", "CHANGELOG.md")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source archive, built from a copy of the tree."""
    tree = tmp_path_factory.mktemp("tree")
    for folder in SHIPPED:
        shutil.copytree(ROOT / folder, tree / folder, ignore=shutil.ignore_patterns("__pycache__", "*.db*"))
    for file in FILES:
        shutil.copy(ROOT / file, tree)
    build = [sys.executable, "-m", "hatchling", "build", "-d", str(tree / "dist")]
    ended = subprocess.run(build, cwd=tree, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 0, ended.stderr
    return tree / "dist"


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (found,) = built.glob("*.whl")
    return found


def test_the_wheel_holds_the_package_its_schemas_and_its_migrations_and_no_more(wheel: Path) -> None:
    assert wheel.name == f"pictory_reconciler-{__version__}-py3-none-any.whl"
    names = set(zipfile.ZipFile(wheel).namelist())
    expected = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "reconciler").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    expected |= {f"reconciler/schemas/{path.name}" for path in (ROOT / "schemas").glob("*.json")}
    assert {name for name in names if ".dist-info/" not in name} == expected
    assert "reconciler/py.typed" in names
    assert any(name.startswith("reconciler/ledger/migrations/versions/v0001") for name in names)


def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        folder = f"pictory_reconciler-{__version__}.dist-info"
        metadata = HeaderParser().parsestr(archive.read(f"{folder}/METADATA").decode())
        entry_points = archive.read(f"{folder}/entry_points.txt").decode()
        assert f"{folder}/licenses/LICENSE" in archive.namelist()
    assert (metadata["Name"], metadata["Version"]) == ("pictory-reconciler", __version__)
    assert (metadata["Requires-Python"], metadata["License-Expression"]) == (">=3.11", "Apache-2.0")
    assert "reconciler = reconciler.cli.main:run" in entry_points
    required = {each.partition(">")[0] for each in metadata.get_all("Requires-Dist", [])}
    assert {"click", "requests", "jsonschema"} <= required


def test_the_source_archive_holds_what_a_packager_needs(built: Path) -> None:
    (found,) = built.glob("*.tar.gz")
    with tarfile.open(found) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"README.md", "LICENSE", "schemas/plan.v1.json", "tests/conftest.py", "pyproject.toml"} <= names
    assert "bench/compare/losses.py" in names, "the tests run it"


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel in it; its dependencies are borrowed, this checkout is not to be seen."""
    home = tmp_path_factory.mktemp("user") / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True, timeout=120)
    python = home / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", "--quiet"]
    subprocess.run([*pip, str(wheel)], check=True, timeout=120)
    site = next((home / "lib").glob("python*/site-packages"))
    borrowed = Path(sysconfig.get_paths()["purelib"])
    library = home / "borrowed"
    library.mkdir()
    for each in borrowed.iterdir():
        # The editable install of this checkout lives in files named after the project.
        if "pictory_reconciler" not in each.name and each.suffix != ".pth":
            (library / each.name).symlink_to(each)
    (site / "borrowed.pth").write_text(f"{library}\n")
    return home / "bin"


def run(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {name: text for name, text in os.environ.items() if not name.startswith(("PICTORY_", "PYTHON", "RECONC"))}
    return subprocess.run(
        [str(installed / "reconciler"), *arguments],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_installed_command_runs_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    where = [str(installed / "python"), "-c", "import reconciler; print(reconciler.__file__)"]
    found = subprocess.run(where, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60).stdout
    assert Path(found.strip()).is_relative_to(installed.parent), "the wheel's package, not the checkout's"
    assert run(installed, tmp_path, "--version").stdout == f"reconciler, version {__version__}\n"


def test_the_whole_demo_works_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    ended = run(installed, tmp_path, "demo")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Plan: no changes." in ended.stdout
    assert (tmp_path / "demo" / "state" / "ledger.db").exists()
