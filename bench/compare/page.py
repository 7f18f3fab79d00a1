"""What is printed, and the page of the documentation: both made from what was measured."""

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Protocol

from bench.compare.counting import Tally
from bench.compare.programs import Program
from bench.compare.tables import WIDTH, lined_up

HEAD = """\
# What a clean loses: the programs people use now, and this one

First whole days with three sample programs, then every bad download that is known with curl, aria2 and rclone as well.
`reconciler` loses nothing in either.

## Three sample programs

The vendor's Clean Job page shows three programs. They were written again for this comparison from a description of
them, copying nothing, with the weaknesses that the description lists ([bench/compare](../bench/compare)); each refuses
any address that is not on 127.0.0.1. They and `reconciler` met the same emulated account; the real service was not
called. This measures again, prints the table, which is the same each time, and writes this page:

    make compare

### What was run

An account of twelve jobs, made anew for each program and each day. The team wants eight of them to go: five renders,
two transcriptions and a job that failed. It retains two renders and a transcription, and one render still runs.

- `download_then_clean.py` is given the ids of the eight and a folder.
- `clean_old_jobs.py` is given 90 days.
- `clean_with_confirmation.py` is run for each of the eight and answered `yes`.
- `reconciler` is given a `retention.yaml` that retains the three (`clean.min_age: 0`, since its ledger is new), and
  runs `plan --out plan.json` and `apply plan.json`.

Each is run once on each of five days:

"""

COUNTING = """
### How the loss is counted

From the emulator's own record of what it cleaned and of every file's sha256, and from the bytes in the program's
output folder. A cleaned job is **lost** if it was to be retained, or if any of its files is not in that folder, by
hash, wherever it lies and whatever its name; each copy counts for one job. A transcription's text stands in the job
itself; its transcript or its subtitles are enough. A cleaned job that is not lost was **cleaned safely**: all of it is
there, or, as with the job that failed, there was nothing to keep. Every other job was **left alone**.

### What was measured

Lost / cleaned safely / left alone, of twelve jobs:

"""


class Day(Protocol):
    """What the page tells of a day."""

    @property
    def name(self) -> str:
        """What it is called in the table."""

    @property
    def what(self) -> str:
        """What happens on it."""


Measured = Mapping[str, Mapping[str, Tally]]
"""By the day's name, then the program's."""


def table(measured: Measured, programs: Sequence[Program]) -> str:
    """Give the table as Markdown, in columns that line up."""
    head = ["", *(f"`{program.name}`" for program in programs)]
    rows = [[day, *(cells[program.name].shown for program in programs)] for day, cells in measured.items()]
    sums = [f"{sum(len(cells[program.name].lost) for cells in measured.values())} lost" for program in programs]
    rows.append(["in all", *sums])
    return lined_up(head, rows)


def page(measured: Measured, days: Sequence[Day], programs: Sequence[Program]) -> str:
    """Give the page as Markdown, as far as whole days go; the matrix of bad downloads stands behind it."""
    told = "\n".join(_item(f"**{day.name}**: {day.what}") for day in days)
    lost = "\n".join(_item(_lost(program, measured)) for program in programs)
    closing = "\n### What each lost, and why\n\n"
    return f"{HEAD}{told}\n{COUNTING}{table(measured, programs)}{closing}{lost}\n"


def _lost(program: Program, measured: Measured) -> str:
    days: dict[str, list[str]] = {}
    for day, cells in measured.items():
        if cells[program.name].lost:
            days.setdefault(cells[program.name].lost_in_words, []).append(day)
    told = [f"{lost} ({', '.join(named)})" for lost, named in days.items()]
    return f"`{program.name}` lost {'; '.join(told) or 'nothing'}. {program.why}"


def _item(text: str) -> str:
    return fill(text, WIDTH, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)
