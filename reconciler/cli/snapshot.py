"""`reconciler snapshot`: the live list and the ledger's memory in a file.  Sends reads only (I6), writes that file."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli import options, output
from reconciler.cli.account_name import account_name
from reconciler.cli.saving import save

if TYPE_CHECKING:
    from reconciler.core.snapshot import Snapshot
    from reconciler.wiring import Settings

STDOUT = Path("-")


@click.command()
@options.service
@click.option(
    "--out",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    default=STDOUT,
    help="The file to write; without it, or as -, the snapshot is printed.",
)
@click.option(
    "--account", metavar="NAME", help="A name of yours for the account, where neither file nor ledger has it."
)
def snapshot(*, settings: "Settings", out: Path, account: str | None) -> None:
    """Save the job list and what the ledger remembers, for verbs that work over it without a key.  Changes nothing.

    It holds ids, names, states and times of jobs, no key and no address of a file.  Where there is a desired-state
    file, sizes are asked for as a plan of it would; `validate` and `init` take the snapshot with --inventory.

    \b
    Examples:
      reconciler snapshot --out inventory.jsonl
      reconciler validate --inventory inventory.jsonl    lint against it, anywhere
    """
    from reconciler import wiring
    from reconciler.engine.snapshotting import take_snapshot
    from reconciler.report.saved_snapshot import write_snapshot

    with wiring.take_parts(settings) as parts:
        memory = parts.ledger.view()
        said = {"the file": parts.desired.account if parts.desired else "", "the ledger": memory.account}
        made = take_snapshot(
            account_name("snapshot", account, said),
            parts.desired,
            parts.reader,
            memory,
            parts.clock,
            output.PlainProgress(),
            tool_version=wiring.VERSION,
            evidence=parts.evidence,
        )
    if out == STDOUT:
        output.long_product(write_snapshot(made))
    else:
        save(out, write_snapshot(made))
        output.product(_summary(made, out))


def _summary(made: "Snapshot", out: Path) -> str:
    from reconciler.core.canonical import utc_text

    return (
        f"{out} written: {len(made.inventory.jobs)} jobs of account {made.account} "
        f"as of {utc_text(made.inventory.observed_at)}, and {len(made.unlisted)} that only the ledger knows."
    )
