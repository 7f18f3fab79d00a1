"""The flags that several verbs share.  Each has an environment variable: RECONCILER_ and the flag's name."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.wiring import CALLS_PER_SECOND, Settings

if TYPE_CHECKING:
    from datetime import datetime

    from reconciler.core.desired import DesiredState

Decorated = Callable[..., Any]

desired_file = click.option(
    "-f",
    "--file",
    "file",
    type=click.Path(path_type=Path),
    default=Path("retention.yaml"),
    show_default=True,
    envvar="RECONCILER_FILE",
    help="The desired-state file.",
)
state = click.option(
    "--state",
    type=click.Path(path_type=Path),
    envvar="RECONCILER_STATE",
    help="Folder of the ledger, or the database itself (*.db).  [default: state/ beside the file]",
)
calls_per_second = click.option(
    "--tpslimit",
    "calls_per_second",
    type=click.FloatRange(min=0.25, max=1000),
    default=CALLS_PER_SECOND,
    show_default=True,
    envvar="RECONCILER_TPSLIMIT",
    help="Calls to the service per second, at most; fewer while it is overloaded.",
)
patience = click.option(
    "--patience",
    "patience_s",
    type=click.FloatRange(min=0, max=3600),
    default=60.0,
    show_default=True,
    envvar="RECONCILER_PATIENCE",
    help="Seconds to keep trying a call or a download that gets no usable answer.",
)
no_color = click.option(
    "--no-color",
    is_flag=True,
    envvar="RECONCILER_NO_COLOR",
    help="No colours; NO_COLOR in the environment does the same.",
)

as_of = click.option(
    "--as-of",
    "as_of",
    metavar="TIME",
    help="Decide as if it were this time: 2027-02-01 (the start of that day in the file's zone), or "
    "2027-02-01T09:00:00Z.",
)


def moment_of(text: str | None, desired: "DesiredState") -> "datetime | None":
    """Read the value of --as-of, which may be a date in the file's zone."""
    from reconciler.core.moments import moment
    from reconciler.errors import UsageRefused

    if text is None:
        return None
    try:
        return moment(text, desired.zone)
    except ValueError as error:
        raise UsageRefused(f"--as-of {text!r} cannot be used: {error}") from None


def service(command: Decorated) -> Decorated:
    """Add the flags of a verb that asks the service, and gather them into `settings`."""
    return desired_file(state(calls_per_second(patience(command))))


def settings(
    file: Path, state: Path | None, calls_per_second: float = CALLS_PER_SECOND, patience_s: float = 60.0
) -> Settings:
    """Gather the shared flags."""
    return Settings(file=file, state=state, calls_per_second=calls_per_second, patience_s=patience_s)
