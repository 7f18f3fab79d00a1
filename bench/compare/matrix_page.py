"""The fault matrix as a part of the page, and read back from it."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from textwrap import fill

from bench.compare.bad_downloads import FILES
from bench.compare.fetching import Fetcher
from bench.compare.matrix import OUR_FLAGS, OURS, ROWS, SAMPLE, Cell, Fate, Matrix, Row
from bench.compare.tables import WIDTH, lined_up
from reconciler.emulator.faults import words_of

HEAD = """
## One file and a bad download: what programs say of it

The same list of bad downloads that the archive is tested with
([bench/compare/bad_downloads.py](../bench/compare/bad_downloads.py)), in the same run of `make compare`: each of them
for a file of every kind that a job can have, at every request for the file, and once more at the first request alone.
{kinds}
Each program is run for each of the {files} files:

"""

AFTER = """
How many of the ten files of a row each program **got whole** / said that it **failed** to get / lost in silence. A
**silent loss** is a program that ended with exit code 0 though the file it left is not what the service has, by sha256;
where a clean follows a download that went well, that is the loss of the file.

"""

CLOSING = """
What the words mean:

{words}

Not in the table, because nobody can tell: a file that is served wrong in the same way at every request, whole by its
format and of the right length and type ([wholeness](wholeness.md)).
"""

EACH, ONCE = "always", "once"
_SHOWN = re.compile(r"(\d+) / (\d+) / (\d+)")
_FATES = (Fate.WHOLE, Fate.FAILED, Fate.LOST)


def matrix_table(matrix: Matrix) -> str:
    """Give the table as Markdown, in columns that line up."""
    head = ["bad download", "comes", *(f"`{name}`" for name in matrix)]
    rows = [[f"`{row.word}`", _comes(row), *(_shown(column[row]) for column in matrix.values())] for row in ROWS]
    rows.append(["in all", "", *(_shown(total(column)) for column in matrix.values())])
    rows.append(["silent losses", "", *(f"**{total(column)[Fate.LOST]}**" for column in matrix.values())])
    return lined_up(head, rows)


def total(column: Mapping[Row, Cell]) -> Cell:
    """Give the sum of all rows."""
    return sum(column.values(), start=Counter())


def _comes(row: Row) -> str:
    return EACH if row.is_lasting else ONCE


def _shown(cell: Cell) -> str:
    return " / ".join(str(cell[fate]) for fate in _FATES)


def matrix_part(matrix: Matrix, fetchers: Sequence[Fetcher], versions: Mapping[str, str]) -> str:
    """Give this part of the page; `versions` by the programs' names, for those that are in the matrix."""
    files = len(ROWS) * len(FILES)
    items = [_item(_told(each, versions.get(each.name))) for each in fetchers]
    items.append(
        _item(
            f"`{SAMPLE}` (from above) is given all jobs, and again those behind a job that ended it. It fetches a film "
            "alone, and cleans the jobs of all other files. The other two sample programs fetch nothing: whatever "
            f"comes, they lose all {files}."
        )
    )
    items.append(
        _item(
            f"`{OURS}` is given all jobs: `plan --out plan.json` and `apply plan.json {' '.join(OUR_FLAGS)}`, so that "
            "no minute is spent on each file that never gets better. A file that failed is left with the service and "
            "named in the report."
        )
    )
    words = "\n".join(_item(f"`{word}`: {_meaning(word)}") for word in dict.fromkeys(row.word for row in ROWS))
    return (
        HEAD.format(kinds=fill(f"The kinds: {', '.join(FILES)}.", WIDTH), files=files)
        + "\n".join(items)
        + "\n"
        + AFTER
        + matrix_table(matrix)
        + CLOSING.format(words=words)
    )


def _told(fetcher: Fetcher, version: str | None) -> str:
    if version is None:
        return f"`{fetcher.name}` is left out: this machine has no {fetcher.program}, and could not install it."
    return f"`{fetcher.name}` stands for `{fetcher.shown}` ({fetcher.program} {version})."


def _meaning(word: str) -> str:
    return f"the answer is HTTP {word}" if word.isdigit() else words_of("asset")[word]


def _item(text: str) -> str:
    return fill(text, WIDTH, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)


# -- a written page, read again


def read_matrix(page: str) -> Matrix:
    """Give the matrix that a written page shows.

    Raises:
        ValueError: its rows are not those of today.
    """
    table = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line.startswith("|")]
    head = next((cells for cells in table if cells[0] == "bad download"), [])
    rows = [cells for cells in table if len(cells) > 1 and cells[1] in {EACH, ONCE}]
    if [(cells[0], cells[1]) for cells in rows] != [(f"`{row.word}`", _comes(row)) for row in ROWS]:
        raise ValueError("the rows of the page are not those of today; `make compare` writes it again")
    return {
        name.strip("`"): {row: _read(cells[at]) for row, cells in zip(ROWS, rows, strict=True)}
        for at, name in enumerate(head)
        if at > 1
    }


def _read(shown: str) -> Cell:
    numbers = _SHOWN.fullmatch(shown)
    if numbers is None:
        raise ValueError(f"{shown!r} is no cell of the matrix")
    return Counter({fate: int(number) for fate, number in zip(_FATES, numbers.groups(), strict=True) if int(number)})


def read_versions(page: str) -> dict[str, str]:
    """Give the versions that a written page names, by the programs' names."""
    text = re.sub(r"\n  ", " ", page)
    return dict(re.findall(r"- `([^`]+)` stands for `[^`]+` \(\S+ ([\d.]*)\)", text))
