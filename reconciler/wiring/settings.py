"""What the command line and the environment say, and where that puts the file and the ledger."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler import __version__
from reconciler.clock import SystemClock
from reconciler.engine.talk import Say, silent

if TYPE_CHECKING:
    import datetime

    from reconciler.core.desired import DesiredState

API_BASE_URL = "https://api.pictory.ai/pictoryapis"
CALLS_PER_SECOND = 2.0
"""The service states no rate; two a second is what a careful client starts with (flag --tpslimit)."""
COPIES_AT_ONCE, MOST_AT_ONCE = 4, 32
"""How many jobs are copied at the same time, and at most (flag --parallelism)."""
THREADS = "threads"
"""Who copies where no other workers are named (flag --workers)."""
MOST_PAGES, MOST_LISTED_JOBS = 100_000, 5_000_000
"""What a job list may have at most (flags --max-pages, --max-listed-jobs); a listed job takes about 1 KB of memory."""
MOST_FAILURES = 10
"""So many jobs that fail one after the other are not the jobs' own trouble (flag --max-failures)."""
LEASE = timedelta(seconds=60)
"""How long a run's right to write lasts if it gives no sign of life (flag --lease)."""
DESIRED_FILE = Path("retention.yaml")
LEDGER_FILE = Path("state") / "ledger.db"
VERSION = __version__
TOOL = f"pictory-reconciler {VERSION}"


@dataclass(slots=True)
class _Once:
    """The desired state, once it was read."""

    desired: "DesiredState | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the command line and the environment say.  Flag before environment before file.

    `inventory` is a snapshot to read in place of the service and the ledger.  `talk` takes the lines of whoever watches
    each call (--verbose), which may hold text of the service.  `max_duration` and `most_failures` end a run before its
    jobs are done; without the first, time ends none.  `signing_key` and `verify_key` are files; without them
    nothing is signed, and no signature is asked for.
    """

    file: Path = DESIRED_FILE
    state: str | None = None
    inventory: Path | None = None
    calls_per_second: float = CALLS_PER_SECOND
    patience_s: float = 60.0
    most_pages: int = MOST_PAGES
    most_listed_jobs: int = MOST_LISTED_JOBS
    copies_at_once: int = COPIES_AT_ONCE
    workers: str = THREADS
    talk: Say = silent
    bandwidth: str = "off"
    max_duration: timedelta | None = None
    lease: timedelta = LEASE
    lock_timeout: timedelta = timedelta(0)
    most_failures: int = MOST_FAILURES
    signing_key: Path | None = None
    verify_key: Path | None = None
    _once: _Once = field(default_factory=_Once, init=False, repr=False, compare=False)


def desired_state(settings: Settings) -> "DesiredState":
    """Read and check the desired-state file, once: one that is changed meanwhile must not be two files to a run."""
    from reconciler.desired.reader import read_desired

    if settings._once.desired is None:
        settings._once.desired = read_desired(settings.file)
    return settings._once.desired


def ledger_address(settings: Settings) -> str:
    """Where the ledger is: `--state`, else what the file says under `state`, else `state/` beside the file.

    Each names a folder, a database file (*.db), or a server's database (`postgresql://`); a path of the file is
    relative to the file.  Gives the path of a database file, or an address, which may hold a password.
    """
    written = settings.state or _ledger_of_file(settings)
    if not written:
        return str(settings.file.parent / LEDGER_FILE)
    if _is_address(written):
        return written
    path = Path(written)
    return str(path if path.suffix == ".db" else path / LEDGER_FILE.name)


def _ledger_of_file(settings: Settings) -> str:
    # Verbs that need no desired state, such as `audit verify`, work without a file.
    written = desired_state(settings).ledger if settings.file.exists() else ""
    return str(settings.file.parent / written) if written and not _is_address(written) else written


def _is_address(written: str) -> bool:
    return "://" in written


def spool_folder(settings: Settings) -> Path:
    """Where downloads lie until they are whole: beside the ledger's file, else in `state/` beside the desired state."""
    address = ledger_address(settings)
    beside = settings.file.parent / LEDGER_FILE if _is_address(address) else Path(address)
    return beside.parent / "spool"


def user_agent() -> str:
    """What we call ourselves to hosts."""
    return f"pictory-reconciler/{__version__}"


def time_here() -> "datetime.time":
    """The time of day where this machine is."""
    return SystemClock().now().astimezone().time()
