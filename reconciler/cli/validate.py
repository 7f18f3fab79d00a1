"""`reconciler validate`: is the desired-state file right, also against a snapshot of the list?  Contacts nothing."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli import options, output

if TYPE_CHECKING:
    from reconciler.core.desired import DesiredState
    from reconciler.core.findings import Finding
    from reconciler.core.snapshot import Snapshot
    from reconciler.wiring import Settings

STRICT = 4


@click.command()
@options.desired_and_inventory
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option("--explain", is_flag=True, help="Print what the file means in sentences, defaults included.")
@click.option("--strict", is_flag=True, envvar="RECONCILER_STRICT", help="Exit 4 when lint warns of anything.")
def validate(*, settings: "Settings", as_json: bool, explain: bool, strict: bool) -> int:
    """Check the desired-state file: every error with its place, and what lint finds.  Contacts nothing.

    With --inventory it also tells what rules meet in a list that `reconciler snapshot` saved, as of that time.

    Exits 10 on errors; on warnings 0, or 4 with --strict.  docs/lint.md tells what each finding means.

    \b
    Examples:
      reconciler validate
      reconciler validate --strict --inventory inventory.jsonl
    """
    from reconciler import wiring
    from reconciler.core.findings import Severity
    from reconciler.errors import DesiredStateInvalid
    from reconciler.report.findings import findings_json, findings_text

    file = settings.file
    checked = wiring.checked_file(settings)
    state, found = checked.state, checked.found
    errors = [finding for finding in found if finding.severity is Severity.ERROR]
    if as_json:
        output.product(findings_json(found, str(file)))
    elif errors:
        raise DesiredStateInvalid(tuple(error.line for error in errors))
    elif found:
        output.product(findings_text(found))
    if errors or state is None:
        return DesiredStateInvalid.exit_code
    if not as_json:
        _tell(file, state, found, explain=explain)
        if checked.snapshot:
            output.product(_against(checked.snapshot))
    has_warnings = any(finding.severity is Severity.WARNING for finding in found)
    return STRICT if strict and has_warnings else 0


def _tell(file: Path, state: "DesiredState", found: "tuple[Finding, ...]", *, explain: bool) -> None:
    from reconciler.report.findings import counted
    from reconciler.report.policy_text import policy_text

    if explain:
        output.product(policy_text(state))
    output.product(
        f"{file}: valid. Account {state.account}, {len(state.retain)} rules, otherwise: {state.otherwise.value}, "
        f"at most {state.limits.max_jobs} jobs a run.{counted(found)}"
    )


def _against(snapshot: "Snapshot") -> str:
    from reconciler.core.canonical import utc_text

    listed = snapshot.inventory
    return f"Checked against a list of {len(listed.jobs)} jobs as of {utc_text(listed.observed_at)}."
