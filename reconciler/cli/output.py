"""How a verb speaks: the product to stdout, talk to stderr."""

import os
import shutil
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.report.style import Style


def style(*, no_color: bool) -> "Style":
    """Tell how stdout can be written to: colour only on a terminal, and never against NO_COLOR."""
    from reconciler.report.style import Style

    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower().replace("-", "")
    return Style(
        colour=sys.stdout.isatty() and not no_color and "NO_COLOR" not in os.environ,
        unicode=encoding.startswith("utf"),
        width=shutil.get_terminal_size((100, 24)).columns,
    )


def product(text: str) -> None:
    """Write the verb's product to stdout."""
    click.echo(text, nl=not text.endswith("\n"))


def long_product(lines: "Iterable[str]") -> None:
    """Write a product to stdout while it is made."""
    sys.stdout.writelines(lines)
    sys.stdout.flush()


def talk(line: str) -> None:
    """Write one line for whoever watches to stderr."""
    click.echo(line, err=True)


class PlainProgress:
    """Progress as plain lines on stderr; untrusted text made harmless (I12)."""

    def __init__(self) -> None:
        self._noted: set[str] = set()

    def say(self, line: str) -> None:
        """Tell one line."""
        from reconciler.report.untrusted import harmless

        talk(harmless(line))

    def note(self, line: str) -> None:
        """Tell one line about the whole run; the same line is told once."""
        if line not in self._noted:
            self._noted.add(line)
            self.say(line)


def talk_past_buffers(line: str) -> None:
    """Talk from within a signal handler, which may have come in the middle of a write to the same stream.

    Python refuses to enter a buffered stream twice, and that error would end the run that was asked to finish its job.
    """
    with suppress(OSError, ValueError):  # nobody may be listening any more
        os.write(sys.stderr.fileno(), f"{line}\n".encode())
