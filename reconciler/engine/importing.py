"""Take over times from the user's own records: all lines of a file, or none."""

from dataclasses import dataclass

from reconciler.core.desired import DesiredState
from reconciler.core.imports import RefusedLine, TimesRead, judge
from reconciler.engine.ports import Clock, Ledger
from reconciler.errors import UsageRefused

TOLD_AT_MOST = 1000
"""Refused lines told one by one; whoever has more has another problem than single lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """Jobs whose time is new, moved, or as it was imported before; `not_seen` of the first two were never listed."""

    new: int
    moved: int
    same: int
    not_seen: int


def import_times(desired: DesiredState, read: TimesRead, ledger: Ledger, clock: Clock, *, replace: bool) -> Imported:
    """Record the times.

    Raises:
        UsageRefused: a line cannot be taken; all such lines are told, and nothing is imported.
        LockedByAnotherRun, LedgerError, GuardRefused: the ledger cannot be had.
    """
    with ledger.open_run("import-times", desired.account) as run:
        judged = judge(read.rows, ledger.view(), clock.now(), replace=replace)
        refused = (*read.refused, *judged.refused)
        if refused:
            raise UsageRefused(
                _told(read.source, refused), hint="Nothing was imported. Correct these lines and run it again."
            )
        run.record_times(judged, read.source, read.digest)
        return Imported(new=len(judged.new), moved=len(judged.moved), same=judged.same, not_seen=judged.not_seen)


def _told(source: str, refused: tuple[RefusedLine, ...]) -> str:
    ordered = sorted(refused, key=lambda each: each.line)
    lines = [f"{source}:{each.line}: {each.why}" for each in ordered[:TOLD_AT_MOST]]
    if len(ordered) > TOLD_AT_MOST:
        lines.append(f"... and {len(ordered) - TOLD_AT_MOST} more lines")
    return "\n".join([f"{len(ordered)} lines of {source} cannot be taken", *lines])
