"""The parts of verbs that read: nothing here can write (I6)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.clock import SystemClock
from reconciler.engine.right_account import refuse_other_key
from reconciler.errors import UsageRefused
from reconciler.wiring.ledgers import ledger_reader
from reconciler.wiring.service import api_calls, evidence_of, jobs_reader
from reconciler.wiring.settings import Settings, desired_state

if TYPE_CHECKING:
    from reconciler.core.desired import DesiredState
    from reconciler.core.findings import Finding
    from reconciler.core.snapshot import Snapshot
    from reconciler.engine.ports import (
        Clock,
        Evidence,
        JobsReader,
        MemoryReader,
        TimesReader,
    )


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


@contextmanager
def read_parts(settings: Settings) -> Iterator[ReadParts]:
    """Give the parts of a read-only verb that asks the service, or a snapshot in its place."""
    desired = desired_state(settings)
    if settings.inventory is not None:
        yield _parts_of(snapshot_at(settings.inventory), desired)
        return
    with api_calls(settings) as calls, evidence_of(settings, calls) as evidence:
        ledger = ledger_reader(settings)
        refuse_other_key(ledger.binding(), calls)
        yield ReadParts(
            desired=desired,
            reader=jobs_reader(settings, calls),
            ledger=ledger,
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
    with api_calls(settings) as calls:
        yield LookParts(
            reader=jobs_reader(settings, calls),
            times=StudioLists(calls, most_pages=settings.most_pages),
            ledger=ledger_reader(settings),
            clock=SystemClock(),
        )


@contextmanager
def take_parts(settings: Settings) -> Iterator[TakeParts]:
    """Give the parts of a snapshot; a desired state where there is a file."""
    desired = desired_state(settings) if settings.file.exists() else None
    with api_calls(settings) as calls, evidence_of(settings, calls) as evidence:
        ledger = ledger_reader(settings)
        refuse_other_key(ledger.binding(), calls)
        yield TakeParts(
            desired=desired,
            reader=jobs_reader(settings, calls),
            ledger=ledger,
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
