"""A CSV file of times to values: `job_id,created_at`, a time per job as RFC 3339 with its zone.

Whatever is odd is refused with its line: a time read wrongly makes a job older than it is, and old jobs go.
"""

import csv
import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BufferedReader
from pathlib import Path

from reconciler.core.imports import ImportedRow, RefusedLine, TimesRead
from reconciler.core.job import JobId
from reconciler.errors import UsageRefused
from reconciler.ledger.rows import storable

HEADER = ["job_id", "created_at"]
LINE_AT_MOST = 64 * 1024
"""Bytes of one line.  An id and a time need two hundred; a file without line ends must not fill the memory."""

TIME = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?P<fraction>\.\d+)?(?P<zone>[Zz]|[+-]\d\d:\d\d)?", flags=re.ASCII
)
TIME_LOOKS = "2026-01-31T09:00:00Z or 2026-01-31T10:00:00+01:00"


class _Lines:
    """The file's lines as text, its digest and, by line, what was wrong with the bytes."""

    def __init__(self, file: BufferedReader) -> None:
        self._file = file
        self._sha256 = hashlib.sha256()
        self.number = 0
        self.refused: list[RefusedLine] = []

    def __iter__(self) -> Iterator[str]:
        while line := self._next():
            self.number += 1
            # A mark at the file's head is no part of the first name; half a character shows as what no id has.
            text = line.decode("utf-8-sig" if self.number == 1 else "utf-8", errors="surrogateescape")
            if len(line) > LINE_AT_MOST:
                self._skip_the_rest(line)
                self.refused.append(RefusedLine(self.number, f"is longer than {LINE_AT_MOST} bytes"))
                text = "\n"
            yield text

    def _next(self) -> bytes:
        line = self._file.readline(LINE_AT_MOST + 1)
        self._sha256.update(line)
        return line

    def _skip_the_rest(self, line: bytes) -> None:
        while line and not line.endswith(b"\n"):
            line = self._next()

    @property
    def digest(self) -> str:
        return f"sha256:{self._sha256.hexdigest()}"


def read_times(path: Path) -> TimesRead:
    """Read a file of times; lines that cannot be taken are among `refused`.

    Raises:
        UsageRefused: it cannot be read, or does not begin with the header.
    """
    try:
        with path.open("rb") as file:
            lines = _Lines(file)
            rows, refused = _read(lines, path)
            return TimesRead(
                rows=tuple(rows),
                refused=(*refused, *lines.refused),
                source=storable(path.name),
                digest=lines.digest,
            )
    except OSError as error:
        raise UsageRefused(f"{path} cannot be read: {error.strerror}", hint="Name a CSV file.") from error


def _read(lines: _Lines, path: Path) -> tuple[list[ImportedRow], list[RefusedLine]]:
    reader = csv.reader(lines, strict=True)
    if _record(reader) != HEADER:
        raise UsageRefused(
            f"{path}: line 1 is not the header of a file of times",
            hint=f"Begin it with {','.join(HEADER)}, in UTF-8; a line per job follows: JOB_ID,{TIME_LOOKS}",
        )
    rows: list[ImportedRow] = []
    refused: list[RefusedLine] = []
    while True:
        line = reader.line_num + 1  # a quoted field may go over several lines; the record is named by its first
        record = _record(reader)
        if record is None:
            return rows, refused
        read = record if isinstance(record, str) else _row(line, record)
        if isinstance(read, ImportedRow):
            rows.append(read)
        elif read:
            refused.append(RefusedLine(line, read))


def _record(reader: "Iterator[list[str]]") -> list[str] | str | None:
    """Give the next record; what is wrong with it, in words; or None at the end."""
    try:
        return next(reader)
    except StopIteration:
        return None
    except csv.Error as error:
        return f"cannot be read as CSV: {error}"


def _row(line: int, fields: list[str]) -> ImportedRow | str:
    """Give what a record says, or why it cannot be taken; "" for an empty line, which says nothing."""
    if not fields:
        return ""
    if len(fields) != len(HEADER):
        return f"has {len(fields)} fields, not {len(HEADER)}"
    job_id, time = fields
    if not job_id:
        return "names no job"
    if job_id != job_id.strip() or storable(job_id) != job_id:
        return "its job id has spaces around it, or is not UTF-8 text"
    made_at = read_time(time)
    return made_at if isinstance(made_at, str) else ImportedRow(line, JobId(job_id), made_at)


def read_time(text: str) -> datetime | str:
    """Read an RFC 3339 time as UTC, in whole seconds; or say why it cannot be taken."""
    shape = TIME.fullmatch(text)
    if shape is None:
        return f"{text[:60]!r} is not a time; write it as {TIME_LOOKS}"
    if not shape["zone"]:
        return f"{text!r} has no zone; write it as {TIME_LOOKS}"
    try:
        moment = datetime.fromisoformat(text.upper()).astimezone(UTC)
        # A part of a second rounds up: rounded down, the job would be older than its record says.
        is_whole = not (shape["fraction"] or "").strip(".0")
        return moment.replace(microsecond=0) + timedelta(seconds=0 if is_whole else 1)
    except (ValueError, OverflowError):
        return f"{text!r} is no time that a calendar knows"
