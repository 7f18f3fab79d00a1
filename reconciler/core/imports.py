"""Times of jobs from the user's own records: which are new, which move an earlier one, which are refused and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from reconciler.core.canonical import utc_text
from reconciler.core.job import JobId
from reconciler.core.memory import LedgerView


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """One line of the user's record: a job and when it was made, to the second."""

    line: int
    job_id: JobId
    made_at: datetime


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """One line that cannot be taken, and why."""

    line: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimesRead:
    """A file of times as read.  `source` is its name, `digest` that of its bytes."""

    rows: tuple[ImportedRow, ...]
    refused: tuple[RefusedLine, ...]
    source: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What an import would do: times that are new, times that move an earlier one; and what it cannot take.

    `same` counts jobs whose time was imported before as it is now; `not_seen` those among the others that were never
    listed, and are kept for when they are.
    """

    new: tuple[ImportedRow, ...]
    moved: tuple[ImportedRow, ...]
    same: int
    not_seen: int
    refused: tuple[RefusedLine, ...]


def judge(rows: Iterable[ImportedRow], memory: LedgerView, now: datetime, *, replace: bool) -> Judged:
    """Weigh each row against the file's other rows and what is remembered; `replace` allows to move earlier times."""
    first: dict[JobId, ImportedRow] = {}
    refused: list[RefusedLine] = []
    for row in rows:
        other = first.setdefault(row.job_id, row)
        if other.made_at != row.made_at:
            refused.append(
                RefusedLine(
                    row.line,
                    f"job {row.job_id} was made at {utc_text(row.made_at)} here and at {utc_text(other.made_at)} in "
                    f"line {other.line}",
                )
            )
    new: list[ImportedRow] = []
    moved: list[ImportedRow] = []
    for row in first.values():
        before = memory.imported.get(row.job_id)
        why = _why_not(row, memory, now, before, replace=replace)
        if why:
            refused.append(RefusedLine(row.line, why))
        elif before is None:
            new.append(row)
        elif before != row.made_at:
            moved.append(row)
    return Judged(
        new=tuple(new),
        moved=tuple(moved),
        same=len(first) - len(new) - len(moved),
        not_seen=sum(row.job_id not in memory.jobs for row in (*new, *moved)),
        refused=tuple(refused),
    )


def _why_not(row: ImportedRow, memory: LedgerView, now: datetime, before: datetime | None, *, replace: bool) -> str:
    told = f"job {row.job_id} was made at {utc_text(row.made_at)}"
    known = memory.jobs.get(row.job_id)
    if known and row.made_at > known.first_seen:
        return f"{told}, which is after it was first seen ({utc_text(known.first_seen)})"
    if row.made_at > now:
        return f"{told}, which is yet to come (it is {utc_text(now)})"
    if before and before != row.made_at and not replace:
        return f"{told}, and was imported as made at {utc_text(before)}; --replace moves it"
    return ""
