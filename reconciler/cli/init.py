"""`reconciler init`: a first desired-state file, from the live list or a snapshot.  Sends GET only, writes it alone."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli import options, output
from reconciler.cli.account_name import account_name

if TYPE_CHECKING:
    from reconciler.wiring import Settings


@click.command()
@options.service_or_inventory
@click.option("--account", metavar="NAME", help="A name of yours for the account; asked for on a terminal.")
def init(*, settings: "Settings", account: str | None) -> None:
    """Write a first desired-state file from what the account holds.  Never overwrites one.

    In it every job stays, and nothing is archived or cleaned until you write so.  Comments say what was found and how
    to let jobs go.

    \b
    Examples:
      reconciler init --account marketing-prod
      reconciler init --account marketing-prod --file teams/marketing.yaml
      reconciler init --inventory inventory.jsonl      from a snapshot: asks nobody, needs no key
    """
    from reconciler import wiring
    from reconciler.desired.reader import parse_desired
    from reconciler.engine.first_look import first_look
    from reconciler.report.first_file import first_file

    file = settings.file
    if file.exists() or file.is_symlink():
        raise _there_already(file)
    with wiring.look_parts(settings) as parts:
        memory = parts.ledger.view()
        named = account_name("init", account, {"the snapshot": parts.account, "the ledger": memory.account})
        found = first_look(parts.reader, parts.times, memory, parts.clock)
        text = first_file(found, named, parts.clock.now())
    parse_desired(text.encode(), str(file))  # a file that we would refuse is never written
    _write(file, text)
    output.product(_next_steps(file, found.jobs))


def _write(file: Path, text: str) -> None:
    from reconciler.errors import UsageRefused

    try:
        # Created or refused by the system in one step: a file that appeared meanwhile is not overwritten either.
        with file.open("x", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError:
        raise _there_already(file) from None
    except OSError as error:
        raise UsageRefused(f"{file} cannot be written: {error.strerror}", hint="Name another with --file.") from error


def _there_already(file: Path) -> Exception:
    from reconciler.errors import UsageRefused

    return UsageRefused(
        f"{file} is there already, and init overwrites nothing", hint="Name another file with --file, or move that one."
    )


def _next_steps(file: Path, jobs: int) -> str:
    named = "" if file == Path("retention.yaml") else f" --file {shlex.quote(str(file))}"
    return (
        f"{file} written, from {jobs} jobs: every one stays. Next:\n"
        f"  reconciler validate{named}   # after each edit\n"
        f"  reconciler plan{named}       # what no rule keeps, and why\n"
        f"  reconciler refresh{named}    # on a schedule: ages count from the first time a job was recorded\n"
    )
