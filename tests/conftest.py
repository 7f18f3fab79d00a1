"""Fixtures and options of the whole suite."""

import difflib
import os
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, settings

from reconciler.core import globs, selector_facts, selectors
from tests.support.depth import IS_NIGHT, looks_deeper
from tests.support.emulator import EmulatorProcess
from tests.support.telling import Tell
from tests.support.workplace import Workplace

settings.register_profile("dev", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("dev"), max_examples=500, derandomize=True)
settings.register_profile("nightly", parent=settings.get_profile("dev"), max_examples=2_000)
# One bug is planted at a time, and a case that shows it need not be the smallest.
settings.register_profile(
    "mutants",
    parent=settings.get_profile("dev"),
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

if TYPE_CHECKING:
    from reconciler.ledger.database import Database
    from tests.support.postgres_server import PostgresServer

REMEMBERED = [
    made
    for module in (globs, selectors, selector_facts)
    for made in vars(module).values()
    if hasattr(made, "cache_clear")
]
GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew instead of comparing")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run by night only what looks at more than by day; the rest has nothing new to say."""
    if IS_NIGHT:
        config.hook.pytest_deselected(items=[item for item in items if not looks_deeper(item)])
        items[:] = [item for item in items if looks_deeper(item)]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Each test makes its selectors ready itself: one that an earlier test made would hide a bug in the making."""
    for made in REMEMBERED:
        made.cache_clear()


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with a file below tests/golden."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        expected = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        difference = "\n".join(difflib.unified_diff(expected, text.splitlines(), "golden", "now", lineterm=""))
        assert not difference, f"{name} differs (if that is meant: pytest --update-golden)\n{difference}"

    return compare


@pytest.fixture
def tell(capfd: pytest.CaptureFixture[str]) -> Tell:
    """Tell whoever runs the tests how much was looked at."""

    def aloud(line: str) -> None:
        with capfd.disabled():
            sys.stdout.write(f"\n{line}\n")

    return aloud


@pytest.fixture(scope="module")
def emulator_process() -> Iterator[EmulatorProcess]:
    """One emulator for the tests of a module."""
    with EmulatorProcess() as process:
        yield process


@pytest.fixture
def emulator(emulator_process: EmulatorProcess) -> EmulatorProcess:
    """An emulated account with nothing in it, no fault, no log."""
    emulator_process.reset()
    return emulator_process


@pytest.fixture(scope="session")
def postgres() -> Iterator["PostgresServer"]:
    """One PostgreSQL server for the tests of a session; each ledger has a schema of its own."""
    from tests.support.postgres_server import PostgresServer

    with PostgresServer() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a new ledger is to be, on each kind of database."""
    if request.param == "sqlite":
        return str(tmp_path / "ledger.db")
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_ledger()


@pytest.fixture
def database(address: str) -> "Database":
    """The database of a new ledger, of each kind."""
    from reconciler.ledger.opening import database_at

    return database_at(address)


@pytest.fixture
def workplace(tmp_path: Path, emulator: EmulatorProcess) -> Workplace:
    """A user's folder whose environment points to the emulated account."""
    return Workplace(tmp_path, dict(emulator.environ))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where skips are forbidden (CI), a skipped test is a failed one."""
    report = yield
    if os.environ.get("RECONCILER_NO_SKIPS") and report.outcome == "skipped" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped where skips are forbidden: {report.longrepr}"
    return report
