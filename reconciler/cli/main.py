"""The command `reconciler`: the verbs, and how errors become exit codes (reconciler.errors)."""

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from reconciler import __version__
from reconciler.cli import output
from reconciler.cli.apply import apply
from reconciler.cli.archive import archive
from reconciler.cli.audit import audit
from reconciler.cli.demo import demo
from reconciler.cli.explain import explain
from reconciler.cli.fmt import fmt
from reconciler.cli.forecast import forecast
from reconciler.cli.import_times import import_times
from reconciler.cli.init import init
from reconciler.cli.ledger import ledger
from reconciler.cli.plan import plan
from reconciler.cli.policy_test import policy_test
from reconciler.cli.refresh import refresh
from reconciler.cli.restore import restore
from reconciler.cli.schema import schema
from reconciler.cli.show import show
from reconciler.cli.snapshot import snapshot
from reconciler.cli.status import status
from reconciler.cli.unlock import unlock
from reconciler.cli.validate import validate
from reconciler.cli.verify import verify
from reconciler.cli.verify_plan import verify_plan
from reconciler.emulator.command import emulator
from reconciler.errors import Interrupted, PlanRefused, ReconcilerError, UsageRefused


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="reconciler")
def cli() -> None:
    """Keep the Pictory jobs that a reviewed file retains; archive, prove and only then clean the rest.

    A clean is for good.  Nothing is cleaned that was not archived whole, nothing that was not in the reviewed plan,
    and what cannot be told is held.
    """


VERBS = (
    *(init, validate, fmt, schema, policy_test, plan, explain, forecast, show, verify_plan, apply, archive),
    *(refresh, import_times, snapshot, status, verify, restore, audit, ledger, unlock, emulator, demo),
)
for verb in VERBS:
    cli.add_command(verb)


def run() -> NoReturn:
    """Run the command line and leave with its exit code."""
    code = main(sys.argv[1:])
    output.let_go()
    sys.exit(code)


def main(arguments: Sequence[str]) -> int:
    """Run one command line; give its exit code.  A bug shows its traceback and ends with 1, as Python does."""
    try:
        code = cli.main(args=list(arguments), prog_name="reconciler", standalone_mode=False)
    except ReconcilerError as error:
        return _told(error)
    except click.ClickException as error:
        error.show()
        return UsageRefused.exit_code  # click's own 2 means "changes pending" to whoever wraps plan
    except (click.Abort, KeyboardInterrupt):
        output.talk("Aborted.")
        return Interrupted.exit_code
    except BrokenPipeError:
        return 1  # the reader of our output left (`| head`); a traceback would only hide what it had seen
    return int(code or 0)


def _told(error: ReconcilerError) -> int:
    from reconciler.report.untrusted import harmless_lines

    field = f" (field {error.field})" if isinstance(error, PlanRefused) else ""
    colour = None if "NO_COLOR" in os.environ else "red"  # click leaves it out where there is no terminal
    output.talk(click.style(f"Error: {harmless_lines(error.message)}{field}", fg=colour))
    if error.hint:
        output.talk(harmless_lines(error.hint))
    return 128 + error.signal_number if isinstance(error, Interrupted) else error.exit_code
