"""How a verb speaks: the product to stdout, talk to stderr."""

import os
import shutil
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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
    """Write the verb's product to stdout.

    Raises:
        OutputLost: it cannot be written.
    """
    with _told_when_lost():
        click.echo(text, nl=not text.endswith("\n"))


def long_product(lines: "Iterable[str]") -> None:
    """Write a product to stdout while it is made.

    Raises:
        OutputLost: it cannot be written.
    """
    with _told_when_lost():
        sys.stdout.writelines(lines)
        sys.stdout.flush()


@contextmanager
def _told_when_lost() -> "Iterator[None]":
    from reconciler.errors import OutputLost

    try:
        yield
    except BrokenPipeError:
        raise  # the reader had enough
    except OSError as error:
        raise OutputLost(
            f"the output cannot be written: {error.strerror or error}; what was done stays done",
            hint="Make room, or lead the output elsewhere; `reconciler status` and `reconciler audit log` tell it too.",
        ) from error


def talk(line: str) -> None:
    """Write one line for whoever watches to stderr.

    Where it cannot be written (a full disk, a reader that left) it is lost: a run must not end for that.
    """
    with suppress(OSError):
        click.echo(line, err=True)


def let_go() -> None:
    """Leave the streams so that closing them cannot fail: what could not be written yet never will be."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        except ValueError:
            continue  # closed already


class PlainProgress:
    """Progress as plain lines on stderr; untrusted text made harmless (I12).  Threads may share it: a line is whole."""

    _telling = threading.Lock()  # one for all of them, as they have one stderr

    def __init__(self) -> None:
        self._noted: set[str] = set()

    def say(self, line: str) -> None:
        """Tell one line."""
        from reconciler.report.untrusted import harmless

        told = harmless(line)
        with self._telling:
            talk(told)

    def note(self, line: str) -> None:
        """Tell one line about the whole run; the same line is told once."""
        with self._telling:
            is_new = line not in self._noted
            self._noted.add(line)
        if is_new:
            self.say(line)


def talk_past_buffers(line: str) -> None:
    """Talk from within a signal handler, which may have come in the middle of a write to the same stream.

    Python refuses to enter a buffered stream twice, and that error would end the run that was asked to finish its job.
    """
    with suppress(OSError, ValueError):  # nobody may be listening any more
        os.write(sys.stderr.fileno(), f"{line}\n".encode())
