"""`reconciler ledger`: is our memory sound, and how to get one again after it is lost."""

from typing import TYPE_CHECKING

import click

from reconciler.cli import options, output

if TYPE_CHECKING:
    from reconciler.wiring import Settings


@click.group()
def ledger() -> None:
    """Our memory of the account: check it, or make it anew from the archive."""


@ledger.command(name="check")
@options.ledger
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def check(*, settings: "Settings", as_json: bool) -> int:
    """Look at every row of the ledger: is it as this program writes it?  Reads it alone, changes nothing.

    The database itself, the journal and its phases, receipts and their digests, the order of jobs, the audit chain, and
    that each clean has a receipt and an event.  Each finding names its row and a way out; exits 1 if there is one.
    """
    from reconciler import wiring
    from reconciler.ledger.checking import check_ledger
    from reconciler.report.ledger_text import findings_json, findings_text

    database = wiring.ledger_database(settings)
    found = check_ledger(database)
    output.product(findings_json(found) if as_json else findings_text(database.name, found))
    return 1 if found else 0


@ledger.command(name="rebuild")
@options.ledger_and_check
@click.option(
    "--from",
    "addresses",
    metavar="STORE",
    multiple=True,
    help="A store to read, such as file:./archive or s3://BUCKET/PREFIX; several may be given.  [default: the file's]",
)
def rebuild(*, settings: "Settings", addresses: tuple[str, ...]) -> int:
    """Make a new ledger from the archive, after the old one is lost.  Never over one that is there.

    Receipts, the audit chain, the journal of copies and cleans, holds and used plans come back as far as the stores
    have them.  What they do not have is said: above all when jobs were first seen, so every age counts anew.  With
    --verify-key only what is signed by it is taken.  Exits 3 if something in the stores could not be.

    \b
    Examples:
      reconciler ledger rebuild
      reconciler ledger rebuild --from file:./archive --from s3://acme-video-archive/pictory
    """
    from reconciler import wiring
    from reconciler.engine.rebuilding import rebuild as make_anew
    from reconciler.report.ledger_text import rebuilt_text

    account = wiring.desired_state(settings).account if settings.file.exists() else ""
    memory = wiring.archive_memory(settings, addresses, output.talk)
    made = make_anew(memory, wiring.new_ledger(settings), account, output.PlainProgress().say)
    output.product(rebuilt_text(wiring.ledger_database(settings).name, made))
    return 3 if made.salvage.problems else 0
