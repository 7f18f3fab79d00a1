"""`reconciler explain`: why a job stands as it does.  Sends GET only, writes nothing."""

from typing import TYPE_CHECKING

import click

from reconciler.cli import options, output

if TYPE_CHECKING:
    from reconciler.wiring import Settings


@click.command()
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@options.service
@options.no_color
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@options.as_of
def explain(
    *,
    ids: tuple[str, ...],
    settings: "Settings",
    no_color: bool,
    as_json: bool,
    as_of: str | None,
) -> int:
    """Show why jobs stay or go: every rule, hold, time, copy and relative.  Changes nothing.

    Of a job that is not in the list it tells what the ledger knows.  Exits 64 when there is an ID that neither has.

    \b
    Examples:
      reconciler explain 6c1f0b52-7a34-4d0e-9f6b-2a51c8e7d910
      reconciler explain --as-of 2027-02-01 6c1f0b52-7a34-4d0e-9f6b-2a51c8e7d910
    """
    from reconciler import wiring
    from reconciler.core.job import JobId
    from reconciler.engine.explaining import explain_jobs
    from reconciler.errors import UsageRefused
    from reconciler.report.explain_json import explanation_json
    from reconciler.report.explain_text import explanation_text
    from reconciler.report.untrusted import word

    wanted = tuple(JobId(each) for each in ids)
    with wiring.read_parts(settings) as parts:
        at = options.moment_of(as_of, parts.desired)
        ledger = wiring.ledger_reader(settings)
        told = explain_jobs(
            parts.desired, parts.reader, ledger, parts.clock, wanted, what_if=at, evidence=parts.evidence
        )
    output.product(explanation_json(told) if as_json else explanation_text(told, style=output.style(no_color=no_color)))
    for job_id in told.unknown:
        output.talk(f"Error: nobody knows a job {word(job_id)}; an id is compared exactly, as the service spells it")
    return UsageRefused.exit_code if told.unknown else 0
