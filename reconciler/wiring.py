"""The composition root: settings to adapters.  Read-only verbs get parts that have no write methods (I6)."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler import __version__
from reconciler.clock import SystemClock
from reconciler.engine.talk import Say, silent
from reconciler.errors import UsageRefused

if TYPE_CHECKING:
    import datetime

    from reconciler.archive.stores import BagStore
    from reconciler.archive.workers.making import Making
    from reconciler.core.desired import DesiredState
    from reconciler.core.findings import Finding
    from reconciler.core.snapshot import Snapshot
    from reconciler.engine.applying import Means
    from reconciler.engine.archiving import CopyMeans
    from reconciler.engine.ports import (
        BagVerifier,
        Clock,
        CopyProgress,
        Evidence,
        JobsReader,
        Ledger,
        MemoryReader,
        Progress,
        SignatureCheck,
        Signer,
        Stop,
        TimesReader,
        VerificationLog,
    )
    from reconciler.engine.repairing import RepairMeans
    from reconciler.engine.restoring import BagRestorer
    from reconciler.engine.signed_receipts import ReceiptSignatures
    from reconciler.engine.status import AccountReaders
    from reconciler.engine.workers import Workers
    from reconciler.ledger.reader import SqliteLedgerReader
    from reconciler.pictory.calls import ApiCalls

API_BASE_URL = "https://api.pictory.ai/pictoryapis"
CALLS_PER_SECOND = 2.0
"""The service states no rate; two a second is what a careful client starts with (flag --tpslimit)."""
COPIES_AT_ONCE, MOST_AT_ONCE = 4, 32
"""How many jobs are copied at the same time, and at most (flag --parallelism)."""
THREADS = "threads"
"""Who copies where no other workers are named (flag --workers)."""
MOST_PAGES, MOST_LISTED_JOBS = 100_000, 5_000_000
"""What a job list may have at most (flags --max-pages, --max-listed-jobs); a listed job takes about 1 KB of memory."""
DESIRED_FILE = Path("retention.yaml")
LEDGER_FILE = Path("state") / "ledger.db"
VERSION = __version__
TOOL = f"pictory-reconciler {VERSION}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the command line and the environment say.  Flag before environment before file.

    `inventory` is a snapshot to read in place of the service and the ledger.  `talk` takes the lines of whoever watches
    each call (--verbose), which may hold text of the service.  `signing_key` and `verify_key` are files; without them
    nothing is signed, and no signature is asked for.
    """

    file: Path = DESIRED_FILE
    state: Path | None = None
    inventory: Path | None = None
    calls_per_second: float = CALLS_PER_SECOND
    patience_s: float = 60.0
    most_pages: int = MOST_PAGES
    most_listed_jobs: int = MOST_LISTED_JOBS
    copies_at_once: int = COPIES_AT_ONCE
    workers: str = THREADS
    talk: Say = silent
    bandwidth: str = "off"
    signing_key: Path | None = None
    verify_key: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadParts:
    """All that a plan gets: nothing here can write."""

    desired: "DesiredState"
    reader: "JobsReader"
    ledger: "MemoryReader"
    clock: "Clock"
    evidence: "Evidence"


@dataclass(frozen=True, slots=True, kw_only=True)
class LookParts:
    """What `init` gets, before there is a desired state: nothing here can write.

    `account` is its name as a snapshot has it, "" where there is none.
    """

    account: str = ""
    reader: "JobsReader"
    times: "TimesReader"
    ledger: "MemoryReader"
    clock: "Clock"


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeParts:
    """What `snapshot` gets, with or without a desired state: nothing here can write."""

    desired: "DesiredState | None"
    reader: "JobsReader"
    ledger: "MemoryReader"
    clock: "Clock"
    evidence: "Evidence"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedFile:
    """A desired-state file as it was checked; `state` is None where it has errors of form.

    `snapshot` is what it was checked against, None where that was nothing.
    """

    state: "DesiredState | None"
    found: "tuple[Finding, ...]"
    snapshot: "Snapshot | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteParts:
    """What `refresh` gets: it writes to the ledger alone."""

    desired: "DesiredState"
    reader: "JobsReader"
    ledger: "Ledger"
    clock: "Clock"
    evidence: "Evidence"


def desired_state(settings: Settings) -> "DesiredState":
    """Read and check the desired-state file."""
    from reconciler.desired.reader import read_desired

    return read_desired(settings.file)


def checked_file(settings: Settings) -> CheckedFile:
    """Read the desired-state file; give everything that is found about it, also against a snapshot if one is named."""
    from reconciler.core.findings import Finding, Severity
    from reconciler.core.lint import lint
    from reconciler.desired.reader import check_desired, content_of
    from reconciler.errors import DesiredStateInvalid

    try:
        content = content_of(settings.file)
    except DesiredStateInvalid as error:
        place, _, message = error.message.partition(": ")
        problem = Finding(code="unreadable", severity=Severity.ERROR, message=message, place=place)
        return CheckedFile(state=None, found=(problem,))
    checked = check_desired(content, str(settings.file))
    if checked.state is None:
        return CheckedFile(state=None, found=checked.problems)
    found = lint(checked.state, SystemClock().now())
    if settings.inventory is None:
        return CheckedFile(state=checked.state, found=found)
    from reconciler.engine.checking import lint_over

    snapshot = snapshot_at(settings.inventory)
    parts = _parts_of(snapshot, checked.state)
    live = lint_over(parts.desired, parts.reader, parts.ledger, parts.clock, parts.evidence)
    return CheckedFile(state=checked.state, found=(*found, *live), snapshot=snapshot)


def ledger_path(settings: Settings) -> Path:
    """Where the ledger is: `--state`, else what the file says under `state`, else `state/` beside the file.

    Each names a folder, or the database itself (*.db); the file's is relative to the file.
    """
    written = settings.state or _ledger_of_file(settings)
    if written is None:
        return settings.file.parent / LEDGER_FILE
    return written if written.suffix == ".db" else written / LEDGER_FILE.name


def _ledger_of_file(settings: Settings) -> Path | None:
    # Verbs that need no desired state, such as `audit verify`, work without a file.
    written = desired_state(settings).ledger if settings.file.exists() else ""
    return settings.file.parent / written if written else None


def ledger_reader(settings: Settings) -> "SqliteLedgerReader":
    """Open the ledger for reading; creates nothing."""
    from reconciler.ledger.reader import SqliteLedgerReader

    return SqliteLedgerReader(ledger_path(settings))


def ledger_writer(settings: Settings, progress: "Progress") -> "Ledger":
    """Open the ledger of a verb that writes; `progress` is told when it had to be brought up to date."""
    from reconciler.ledger.sqlite import SqliteLedger

    return SqliteLedger(ledger_path(settings), clock=SystemClock(), actor=actor(), tool=TOOL, say=progress.say)


def bag_verifier(settings: Settings) -> "BagVerifier":
    """Give what reads bags again."""
    from reconciler.archive.verifier import StoreVerifier

    return StoreVerifier(_stores(settings, desired_state(settings)))


def receipt_signatures(settings: Settings, say: Say) -> "ReceiptSignatures | None":
    """Give what holds the receipts in the stores against a key, None where none is named; `say` takes a warning."""
    from reconciler.archive.receipt_files import SignedReceipts

    check = signature_check(settings, say)
    return SignedReceipts(_stores(settings, desired_state(settings)), check) if check else None


def verification_log(settings: Settings) -> "VerificationLog":
    """Give what records looks at copies in the ledger."""
    from reconciler.ledger.verifications import SqliteVerificationLog

    return SqliteVerificationLog(ledger_path(settings), clock=SystemClock())


def repair_means(settings: Settings, desired: "DesiredState", progress: "Progress") -> "RepairMeans":
    """Give what makes damaged copies anew, and records it."""
    from reconciler.archive.mender import StoreMender
    from reconciler.archive.verifier import StoreVerifier
    from reconciler.engine.repairing import RepairMeans

    stores = _stores(settings, desired)
    return RepairMeans(
        ledger=ledger_writer(settings, progress),
        verifier=StoreVerifier(stores),
        mender=StoreMender(stores, tool=TOOL, signer=signer(settings, progress.note)),
        log=verification_log(settings),
        clock=SystemClock(),
    )


def bag_restorer(settings: Settings, to: Path, *, whole_bag: bool) -> "BagRestorer":
    """Give what copies bags out of the stores, into the folder `to`."""
    from reconciler.archive.restorer import StoreRestorer

    return StoreRestorer(_stores(settings, desired_state(settings)), to, whole_bag=whole_bag)


@contextmanager
def read_parts(settings: Settings) -> Iterator[ReadParts]:
    """Give the parts of a read-only verb that asks the service, or a snapshot in its place."""
    desired = desired_state(settings)
    if settings.inventory is not None:
        yield _parts_of(snapshot_at(settings.inventory), desired)
        return
    with _api_calls(settings) as calls, _evidence(settings, calls) as evidence:
        yield ReadParts(
            desired=desired,
            reader=_jobs_reader(settings, calls),
            ledger=ledger_reader(settings),
            clock=SystemClock(),
            evidence=evidence,
        )


@contextmanager
def look_parts(settings: Settings) -> Iterator[LookParts]:
    """Give the parts of a first look, at the service or at a snapshot."""
    from reconciler.engine.from_snapshot import FromSnapshot
    from reconciler.pictory.studio import StudioLists

    if settings.inventory is not None:
        snapshot = snapshot_at(settings.inventory)
        kept = FromSnapshot(snapshot)
        yield LookParts(account=snapshot.account, reader=kept, times=kept, ledger=kept, clock=SystemClock())
        return
    with _api_calls(settings) as calls:
        yield LookParts(
            reader=_jobs_reader(settings, calls),
            times=StudioLists(calls, most_pages=settings.most_pages),
            ledger=ledger_reader(settings),
            clock=SystemClock(),
        )


@contextmanager
def take_parts(settings: Settings) -> Iterator[TakeParts]:
    """Give the parts of a snapshot; a desired state where there is a file."""
    desired = desired_state(settings) if settings.file.exists() else None
    with _api_calls(settings) as calls, _evidence(settings, calls) as evidence:
        yield TakeParts(
            desired=desired,
            reader=_jobs_reader(settings, calls),
            ledger=ledger_reader(settings),
            clock=SystemClock(),
            evidence=evidence,
        )


def snapshot_at(path: Path) -> "Snapshot":
    """Read a saved snapshot.

    Raises:
        SnapshotRefused: it is not whole, or of another version.
    """
    from reconciler.report.saved_snapshot import read_snapshot

    try:
        with path.open("rb") as opened:
            return read_snapshot(opened, str(path))
    except OSError as error:
        raise UsageRefused(
            f"{path} cannot be read: {error.strerror}",
            hint="Take a snapshot: reconciler snapshot --out inventory.jsonl",
        ) from error


def _parts_of(snapshot: "Snapshot", desired: "DesiredState") -> ReadParts:
    """Give the parts of a read-only verb over a snapshot: one of the file's own account."""
    from reconciler.engine.from_snapshot import FromSnapshot, refuse_other_account
    from reconciler.engine.ports import Evidence

    refuse_other_account(snapshot, desired.account, desired.place("account"))
    kept = FromSnapshot(snapshot)
    return ReadParts(desired=desired, reader=kept, ledger=kept, clock=SystemClock(), evidence=Evidence(times=kept))


@contextmanager
def account_readers(settings: Settings) -> Iterator["AccountReaders"]:
    """Give what asks the service about the account beside its jobs."""
    from reconciler.engine.status import AccountReaders
    from reconciler.pictory.quota import PictoryQuota
    from reconciler.pictory.studio import StudioLists

    with _api_calls(settings) as calls:
        yield AccountReaders(quota=PictoryQuota(calls), times=StudioLists(calls, most_pages=settings.most_pages))


@contextmanager
def write_parts(settings: Settings, progress: "Progress") -> Iterator[WriteParts]:
    """Give the parts of a verb that records what it reads."""
    desired = desired_state(settings)
    with _api_calls(settings) as calls, _evidence(settings, calls) as evidence:
        yield WriteParts(
            desired=desired,
            reader=_jobs_reader(settings, calls),
            ledger=ledger_writer(settings, progress),
            clock=SystemClock(),
            evidence=evidence,
        )


def signer(settings: Settings, say: Say) -> "Signer | None":
    """Give the key that signs, None where none is named; `say` takes a warning about its file."""
    from reconciler.signing.key_files import read_signing_key

    return read_signing_key(settings.signing_key, say) if settings.signing_key else None


def signature_check(settings: Settings, say: Say) -> "SignatureCheck | None":
    """Give the key that tells good signatures, None where none is named; `say` takes a warning about its file."""
    from reconciler.signing.key_files import read_verify_key

    return read_verify_key(settings.verify_key, say) if settings.verify_key else None


@contextmanager
def apply_means(
    settings: Settings, desired: "DesiredState", progress: "CopyProgress", stop: "Stop"
) -> Iterator["Means"]:
    """Give the means of an apply: the only place where a cleaner is made."""
    from reconciler.archive.run_records import StoreRecords
    from reconciler.engine.applying import Means
    from reconciler.pictory.reader import PictoryCleaner

    signs = signer(settings, progress.note)
    stores = _stores(settings, desired)
    with (
        _api_calls(settings) as calls,
        _evidence(settings, calls) as evidence,
        _workers(settings, desired, progress, stores, signs) as workers,
    ):
        yield Means(
            reader=_jobs_reader(settings, calls),
            cleaner=PictoryCleaner(calls),
            workers=workers,
            records=StoreRecords(stores, tool=TOOL, signer=signs),
            ledger=ledger_writer(settings, progress),
            clock=SystemClock(),
            pacing=calls,
            progress=progress,
            stop=stop,
            pause=time.sleep,
            evidence=evidence,
        )


@contextmanager
def copy_means(
    settings: Settings, desired: "DesiredState", progress: "CopyProgress", stop: "Stop"
) -> Iterator["CopyMeans"]:
    """Give the means of a run that only copies."""
    from reconciler.archive.mender import StoreMender
    from reconciler.archive.run_records import StoreRecords
    from reconciler.archive.verifier import StoreVerifier
    from reconciler.engine.archiving import CopyMeans

    signs = signer(settings, progress.note)
    stores = _stores(settings, desired)
    with (
        _api_calls(settings) as calls,
        _evidence(settings, calls) as evidence,
        _workers(settings, desired, progress, stores, signs) as workers,
    ):
        yield CopyMeans(
            reader=_jobs_reader(settings, calls),
            workers=workers,
            records=StoreRecords(stores, tool=TOOL, signer=signs),
            verifier=StoreVerifier(stores),
            mender=StoreMender(stores, tool=TOOL, signer=signs),
            ledger=ledger_writer(settings, progress),
            clock=SystemClock(),
            pacing=calls,
            progress=progress,
            stop=stop,
            evidence=evidence,
        )


@contextmanager
def _workers(
    settings: Settings,
    desired: "DesiredState",
    progress: "CopyProgress",
    stores: "tuple[BagStore, ...]",
    signs: "Signer | None",
) -> Iterator["Workers"]:
    given = _threads if settings.workers == THREADS else _workers_elsewhere
    with given(settings, desired, progress, stores, signs) as workers:
        yield workers


@contextmanager
def _workers_elsewhere(
    settings: Settings,
    desired: "DesiredState",
    progress: "CopyProgress",
    stores: "tuple[BagStore, ...]",
    signs: "Signer | None",
) -> Iterator["Workers"]:
    from reconciler.archive.bandwidth import timetable

    try:
        from reconciler.archive.workers.dask import dask_workers
    except ImportError as error:
        raise UsageRefused(
            f"--workers {settings.workers} needs dask and distributed, and {error.name} is not installed",
            hint="Install them: pip install 'pictory-reconciler[dask]'",
        ) from error

    timetable(settings.bandwidth)  # refused here, not by each worker
    making = copying_there(settings, desired)
    with dask_workers(settings.workers, making, stores, signer=signs, note=progress.note) as workers:
        yield workers


def copying_there(settings: Settings, desired: "DesiredState") -> "Making":
    """Describe how jobs are copied on another machine; no key is in it."""
    from reconciler.archive.workers.making import Making

    offset = SystemClock().now().astimezone().utcoffset()
    return Making(
        stores=desired.stores,
        beside=str(settings.file.parent.resolve()),
        copies=desired.copies,
        second_read=desired.second_read,
        account=desired.account,
        tool=TOOL,
        user_agent=_user_agent(),
        patience_s=settings.patience_s,
        bandwidth=settings.bandwidth,
        utc_offset_s=offset.total_seconds() if offset else 0.0,
        clock=SystemClock(),
    )


@contextmanager
def _threads(
    settings: Settings,
    desired: "DesiredState",
    progress: "CopyProgress",
    stores: "tuple[BagStore, ...]",
    signs: "Signer | None",
) -> Iterator["Workers"]:
    from reconciler.archive.archiver import BagArchiver
    from reconciler.archive.bandwidth import Bandwidth, timetable
    from reconciler.archive.download import Downloader
    from reconciler.archive.workers.threads import ThreadWorkers

    with Downloader(
        user_agent=_user_agent(),
        patience_s=settings.patience_s,
        bandwidth=Bandwidth(timetable(settings.bandwidth), time_of_day=_time_here),
        say=settings.talk,
        watch=progress,
    ) as downloader:
        archiver = BagArchiver(
            stores,
            copies=desired.copies,
            second_read=desired.second_read,
            downloader=downloader,
            clock=SystemClock(),
            account=desired.account,
            tool=TOOL,
            signer=signs,
            say=progress.note,
        )
        with ThreadWorkers(archiver, settings.copies_at_once) as workers:
            yield workers


def _jobs_reader(settings: Settings, calls: "ApiCalls") -> "JobsReader":
    from reconciler.pictory.reader import PictoryReader

    return PictoryReader(calls, most_pages=settings.most_pages, most_jobs=settings.most_listed_jobs, say=settings.talk)


@contextmanager
def _evidence(settings: Settings, calls: "ApiCalls") -> Iterator["Evidence"]:
    from reconciler.archive.sizes import HeadSizes
    from reconciler.engine.ports import Evidence
    from reconciler.pictory.studio import StudioLists

    with HeadSizes(user_agent=_user_agent(), patience_s=settings.patience_s) as sizes:
        yield Evidence(times=StudioLists(calls, most_pages=settings.most_pages), sizes=sizes)


@contextmanager
def _api_calls(settings: Settings) -> Iterator["ApiCalls"]:
    from reconciler.pictory.calls import ApiCalls
    from reconciler.pictory.keys import find_credentials
    from reconciler.pictory.pacing import Pacer
    from reconciler.report.run_text import present_pace_line

    base_url = os.environ.get("PICTORY_API_BASE_URL", "").strip() or API_BASE_URL
    credentials = find_credentials(os.environ)
    pacer = Pacer(settings.calls_per_second, say=settings.talk)
    with ApiCalls(base_url, credentials, pacer, patience_s=settings.patience_s, say=settings.talk) as calls:
        try:
            yield calls
        finally:
            settings.talk(present_pace_line(pacer.pace()))


def _stores(settings: Settings, desired: "DesiredState") -> "tuple[BagStore, ...]":
    from reconciler.archive.stores.opening import open_stores

    spool = ledger_path(settings).parent / "spool"
    return open_stores(
        desired.stores, settings.file.parent, spool, patience_s=settings.patience_s, user_agent=_user_agent()
    )


def _time_here() -> "datetime.time":
    return SystemClock().now().astimezone().time()


def _user_agent() -> str:
    return f"pictory-reconciler/{__version__}"


def actor() -> str:
    """Who runs this, for the audit: user and host, or what a CI runner calls its actor."""
    import getpass
    import socket

    in_ci = os.environ.get("GITHUB_ACTOR") or os.environ.get("GITLAB_USER_LOGIN")
    return f"{in_ci or getpass.getuser()}@{socket.gethostname()}"
