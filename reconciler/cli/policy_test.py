"""`reconciler test`: does a desired-state file decide as it is meant to?  Contacts nothing."""

from pathlib import Path

import click

from reconciler.cli import options, output


@click.command("test")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@options.no_color
@click.option(
    "--junit", type=click.Path(dir_okay=False, path_type=Path), help="Also write the results as JUnit XML, for CI."
)
def policy_test(*, files: tuple[Path, ...], no_color: bool, junit: Path | None) -> int:
    """Run tests of a desired-state file: small job lists at stated times, and the verdicts expected.  Needs no key.

    Exits 0 when all pass, 1 when one fails, 10 when a file cannot be used.  examples/ has a file to begin with.

    \b
    Examples:
      reconciler test retention-tests.yaml
      reconciler test tests/*.yaml --junit results.xml
    """
    from reconciler.cli.saving import save
    from reconciler.desired.policy_cases import read_policy_tests
    from reconciler.engine.policy_tests import run_suites
    from reconciler.report.policy_tests_text import junit_xml, results_text

    results = run_suites([read_policy_tests(file) for file in files])
    if junit:
        save(junit, [junit_xml(results)])
    output.product(results_text(results, style=output.style(no_color=no_color)))
    return 0 if all(result.passed for result in results) else 1
