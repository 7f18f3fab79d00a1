"""`reconciler archive`: copy jobs into the stores and clean nothing."""

from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from reconciler.cli import approving, options, output

if TYPE_CHECKING:
    from reconciler.engine.archiving import Chosen
    from reconciler.wiring import Settings


@click.command()
@click.argument("ids", metavar="[ID]...", nargs=-1)
@options.copying
@click.option("--all", "everything", is_flag=True, help="Copy every finished job of the account.")
@approving.most_bytes
@click.option("--retained", is_flag=True, help="Copy every finished job that a rule retains.")
@options.no_color
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def archive(
    *,
    ids: tuple[str, ...],
    settings: "Settings",
    everything: bool,
    retained: bool,
    max_bytes: int | None,
    no_color: bool,
    as_json: bool,
) -> int:
    """Copy jobs into every store and prove each copy; nothing is ever cleaned.

    With IDs, those jobs.  Without, what the file asks for: jobs of rules with `archive: now`, and those that no rule
    retains, unless `otherwise` is `report`.  A job that is in every store already costs no download; named by its ID,
    its copies are read again.

    \b
    Examples:
      reconciler archive
      reconciler archive --retained --bwlimit 4M
      reconciler archive 0cda05ca-6cdb-4a6c-97bd-2e8d9ee08fcb
    """
    from reconciler import wiring
    from reconciler.cli.progress import copy_progress
    from reconciler.cli.signals import stop_on_signals
    from reconciler.core.approvals import Approvals
    from reconciler.engine.archiving import archive_jobs
    from reconciler.report.run_text import run_report_json, run_report_text

    chosen = _chosen(ids, everything=everything, retained=retained)
    style = output.style(no_color=no_color)
    with ExitStack() as held:
        progress = held.enter_context(copy_progress(no_color=no_color))
        with wiring.refusal_told(settings, "archive", progress):
            desired = wiring.desired_state(settings)
            stop = held.enter_context(stop_on_signals())
            means = held.enter_context(wiring.copy_means(settings, desired, progress, stop))
        report = archive_jobs(means, desired, chosen, Approvals(max_bytes=max_bytes))
    output.product(run_report_json(report) if as_json else run_report_text(report, style=style))
    return report.exit_code


def _chosen(ids: tuple[str, ...], *, everything: bool, retained: bool) -> "Chosen":
    from reconciler.core.copies import Which
    from reconciler.core.job import JobId
    from reconciler.errors import UsageRefused

    if bool(ids) + everything + retained > 1:
        raise UsageRefused("--all, --retained and IDs each say which jobs are copied", hint="Give one of them.")
    if ids:
        return tuple(dict.fromkeys(JobId(each) for each in ids))
    return Which.ALL if everything else Which.RETAINED if retained else Which.ASKED
