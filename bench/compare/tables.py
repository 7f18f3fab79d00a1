"""Markdown tables whose columns line up."""

from collections.abc import Sequence

WIDTH = 120
"""Of the text beside them, in characters."""


def lined_up(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Give a table as Markdown; a row may end before the head does."""
    filled = [[*row, *[""] * (len(head) - len(row))] for row in rows]
    widths = [max(len(row[at]) for row in [head, *filled]) for at in range(len(head))]
    return "".join(_line(row, widths) for row in [head, ["-" * width for width in widths], *filled])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return f"| {' | '.join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))} |\n"
