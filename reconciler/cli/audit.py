"""`reconciler audit`: the chain of what was done, to read, to check and to keep elsewhere."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli import options, output

if TYPE_CHECKING:
    from datetime import datetime

    from reconciler.wiring import Settings


@click.group()
def audit() -> None:
    """The record of what was done: read it, check it, keep it elsewhere.

    Every run has an event at its begin and one at its end, also a run that was refused; every copy and every clean has
    one in between.  Each carries the hash of the one before, so a change anywhere shows.
    """


@audit.command(name="log")
@options.ledger
@click.option("--job", "job_id", metavar="ID", default="", help="Only events of this job.")
@click.option("--run", "run_id", metavar="ID", default="", help="Only events of this run.")
@click.option("--since", metavar="TIME", help="Only events since 2027-01-31 (UTC), or since 2027-01-31T09:00:00Z.")
@click.option("--json", "as_json", is_flag=True, help="A line of JSON for each event, as `audit export` writes it.")
def log(*, settings: "Settings", job_id: str, run_id: str, since: str | None, as_json: bool) -> None:
    """Show events, the oldest first.  Contacts nothing, and does not check the chain: see `audit verify`.

    \b
    Examples:
      reconciler audit log --since 2027-01-31
      reconciler audit log --job 0cda05ca-6cdb-4a6c-97bd-2e8d9ee08fcb
    """
    from reconciler import wiring
    from reconciler.core.audit import Sought
    from reconciler.core.audit_lines import event_line
    from reconciler.report.audit_text import audit_lines

    sought = Sought(job_id=job_id, run_id=run_id, since=_since(since))
    events = wiring.ledger_reader(settings).sought_events(sought)
    output.long_product((event_line(event).decode("ascii") for event in events) if as_json else audit_lines(events))


@audit.command(name="verify")
@click.argument("export", required=False, type=click.Path(path_type=Path))
@options.ledger_and_check
@click.option(
    "--stores", is_flag=True, help="Check what the archive stores of the file hold of it, and the ledger by it."
)
@click.option(
    "--from",
    "addresses",
    metavar="STORE",
    multiple=True,
    help="The same with this store in place of the file's; several may be given.",
)
@click.option(
    "--head",
    "noted",
    metavar="HASH",
    default="",
    help="A head that was noted elsewhere, as a run's report tells it: the chain must have an event with this hash.",
)
def verify(*, export: Path | None, settings: "Settings", stores: bool, addresses: tuple[str, ...], noted: str) -> None:
    """Check the audit chain, and that it covers every clean.  Contacts nothing but, with --stores, the stores.

    Without EXPORT, the chain in the ledger, against its journal too.  With EXPORT, a file that `audit export` wrote,
    and nothing else: the first line that does not hold is named.  With --stores, the records of runs in every store:
    is the chain whole in each, and does the ledger, if there is one, have all of it?  With --verify-key only what is
    signed by it counts.

    \b
    Examples:
      reconciler audit verify
      reconciler audit verify --stores
      reconciler audit verify audit.jsonl --head sha256:9f86d0...
    """
    from reconciler.errors import UsageRefused

    if export and (stores or addresses):
        raise UsageRefused("an export is checked by itself, without stores", hint="Give one of them.")
    if export:
        checked = _verified_export(export, noted)
    elif stores or addresses:
        checked = _verified_stores(settings, addresses, noted)
    else:
        checked = _verified_ledger(settings, noted)
    output.product(f"Audit: chain whole, {checked}.")


def _verified_ledger(settings: "Settings", noted: str) -> str:
    from reconciler import wiring
    from reconciler.ledger.audit_check import check_audit

    report = check_audit(wiring.ledger_reader(settings), noted)
    return _told(report.events, report.cleans, report.head)


def _verified_stores(settings: "Settings", addresses: tuple[str, ...], noted: str) -> str:
    from reconciler import wiring
    from reconciler.engine.segments import held_by_stores
    from reconciler.errors import AuditBroken

    memory = wiring.archive_memory(settings, addresses, output.talk)
    is_there = wiring.ledger_database(settings).is_there()
    of_ledger = _verified_ledger(settings, noted) if is_there else ""
    joined, problems = held_by_stores(memory, wiring.ledger_reader(settings) if is_there else None, noted)
    if problems:
        raise AuditBroken(
            "\n".join(["the audit in the stores does not hold:", *problems]),
            hint="No later run writes a record anew. Keep an export of the chain as well, where the ledger is not: "
            "reconciler audit export --out FILE",
        )
    for store in memory.stores:
        output.talk(f"{store} has it up to event {dict(joined.reach).get(store, 0)}.")
    if is_there:
        return of_ledger
    output.talk("There is no ledger here to hold it against; if there should be one: reconciler ledger rebuild.")
    cleans = sum(event.event == "cleaned" for event in joined.chain)
    return _told(len(joined.chain), cleans, joined.head)


def _verified_export(path: Path, noted: str) -> str:
    from reconciler.core.audit_lines import BadLine, check_export
    from reconciler.errors import AuditBroken, UsageRefused

    try:
        with path.open("rb") as lines:
            check = check_export(lines, noted)
    except OSError as error:
        raise UsageRefused(
            f"{path} cannot be read: {error.strerror}", hint="Write one: reconciler audit export --out audit.jsonl"
        ) from error
    except BadLine as error:
        raise AuditBroken(
            f"{path}:{error.number}: the audit chain does not hold: {error.why}",
            hint="The lines before it hold. Compare with the ledger, or with the runs/ folder of a store.",
        ) from error
    return _told(check.events, check.cleans, check.head)


def _told(events: int, cleans: int, head: str) -> str:
    return f"{events} events, {cleans} cleans covered, head {head}"


@audit.command(name="export")
@options.ledger
@click.option(
    "--jsonl",
    is_flag=True,
    expose_value=False,
    help="A line of JSON for each event and one for the end; the only form there is.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Write to this file, as a whole or not at all.")
def export_chain(*, settings: "Settings", out: Path | None) -> None:
    """Write the whole chain, to keep it elsewhere.  Contacts nothing.

    docs/audit.md has the form, and a script of a few lines that checks it without this program.

    \b
    Examples:
      reconciler audit export --jsonl --out audit.jsonl
    """
    from reconciler import wiring
    from reconciler.cli.saving import save
    from reconciler.core.audit_lines import export_lines

    lines = (line.decode("ascii") for line in export_lines(wiring.ledger_reader(settings).audit_events()))
    if out is None:
        output.long_product(lines)
        return
    save(out, lines)
    output.talk(f"Written to {out}")


def _since(text: str | None) -> "datetime | None":
    from datetime import UTC

    from reconciler.core.moments import moment
    from reconciler.errors import UsageRefused

    try:
        return moment(text, UTC) if text is not None else None
    except ValueError as error:
        raise UsageRefused(f"--since {text!r} cannot be used: {error}") from None
