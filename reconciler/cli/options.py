"""The flags that several verbs share.  Each has an environment variable: RECONCILER_ and the flag's name.

That of a key's file ends in _FILE, as all variables do that name the file of a secret.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli import output
from reconciler.cli.spans import span_in
from reconciler.engine.talk import silent
from reconciler.wiring import (
    CALLS_PER_SECOND,
    COPIES_AT_ONCE,
    DESIRED_FILE,
    LEASE,
    MOST_AT_ONCE,
    MOST_FAILURES,
    MOST_LISTED_JOBS,
    MOST_PAGES,
    THREADS,
    Settings,
)

if TYPE_CHECKING:
    from datetime import datetime

    from reconciler.core.desired import DesiredState

Decorated = Callable[..., Any]
SHORTEST_LEASE = timedelta(seconds=50)
"""After a sign of life was missed, a lease must still outlast a request to clean (`CLEAN_TAKES_AT_MOST_S`)."""

desired_file = click.option(
    "-f",
    "--file",
    "file",
    type=click.Path(path_type=Path, readable=False),  # whether it can be read is told by reading it
    default=DESIRED_FILE,
    show_default=True,
    envvar="RECONCILER_FILE",
    help="The desired-state file.",
)
state = click.option(
    "--state",
    metavar="PLACE",
    envvar="RECONCILER_STATE",
    help="Where the ledger is: a folder, a database file (*.db), or postgresql://USER@HOST/DATABASE.  [default: state/ "
    "beside the file]",
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
most_pages = click.option(
    "--max-pages",
    "most_pages",
    metavar="N",
    type=click.IntRange(min=1),
    default=MOST_PAGES,
    show_default=True,
    envvar="RECONCILER_MAX_PAGES",
    help="Pages that a job list may have; a longer one is taken for one that never ends.",
)
most_listed_jobs = click.option(
    "--max-listed-jobs",
    "most_listed_jobs",
    metavar="N",
    type=click.IntRange(min=1),
    default=MOST_LISTED_JOBS,
    show_default=True,
    envvar="RECONCILER_MAX_LISTED_JOBS",
    help="Jobs that it may have; each takes about 1 KB of memory.",
)
bandwidth = click.option(
    "--bwlimit",
    "bandwidth",
    metavar="RATE",
    default="off",
    show_default=True,
    envvar="RECONCILER_BWLIMIT",
    help="How fast files are downloaded, all together: 2M (MiB a second; k, M, G), off, or a timetable in the time of "
    "this machine: '08:00,2M 22:00,off'.",
)
copies_at_once = click.option(
    "--parallelism",
    "copies_at_once",
    metavar="N",
    type=click.IntRange(min=1, max=MOST_AT_ONCE),
    default=COPIES_AT_ONCE,
    show_default=True,
    envvar="RECONCILER_PARALLELISM",
    help="Jobs that are copied at the same time; they are cleaned one after the other all the same.",
)
max_duration = click.option(
    "--max-duration",
    "max_duration",
    metavar="SPAN",
    callback=span_in("smhd", such_as="90s, 30m or 2h", may_be_off=True),
    default="off",
    show_default=True,
    envvar="RECONCILER_MAX_DURATION",
    help="Begin no further job after so long (90s, 30m, 2h); those in hand are finished, the exit code is 9, and the "
    "same command goes on.",
)
max_failures = click.option(
    "--max-failures",
    "most_failures",
    metavar="N",
    type=click.IntRange(min=1),
    default=MOST_FAILURES,
    show_default=True,
    envvar="RECONCILER_MAX_FAILURES",
    help="Stop, and clean nothing more, when so many jobs failed one after the other.",
)
lease = click.option(
    "--lease",
    "lease",
    metavar="SPAN",
    callback=span_in("smh", such_as="60s or 5m", at_least=SHORTEST_LEASE),
    default=f"{LEASE.seconds}s",
    show_default=True,
    envvar="RECONCILER_LEASE",
    help="How long other runs are kept out if this one gives no sign of life; it gives three in that time.",
)
lock_timeout = click.option(
    "--lock-timeout",
    "lock_timeout",
    metavar="SPAN",
    callback=span_in("smh", such_as="30s or 5m", at_least=timedelta(0)),
    default="0s",
    show_default=True,
    envvar="RECONCILER_LOCK_TIMEOUT",
    help="Wait so long for another run to end; without it the exit code is 7 at once.",
)
workers = click.option(
    "--workers",
    metavar="ADDRESS",
    default=THREADS,
    show_default=True,
    envvar="RECONCILER_WORKERS",
    help="Who copies: threads of this machine, as many as --parallelism says, or the workers of a Dask cluster, by the "
    "address of its scheduler: dask://HOST:PORT.",
)
signing_key = click.option(
    "--signing-key",
    metavar="FILE",
    type=click.Path(path_type=Path, readable=False),  # as above
    envvar="RECONCILER_SIGNING_KEY_FILE",
    help="Sign with the key in this file: an Ed25519 private key in PEM, or hmac-sha256: and a key in base64.",
)
verify_key = click.option(
    "--verify-key",
    metavar="FILE",
    type=click.Path(path_type=Path, readable=False),  # as above
    envvar="RECONCILER_VERIFY_KEY_FILE",
    help="Ask for a good signature by the key in this file: an Ed25519 public key in PEM, or the HMAC key itself.",
)
verbose = click.option(
    "-v",
    "--verbose",
    "talk",
    is_flag=True,
    callback=lambda _ctx, _param, is_asked: output.PlainProgress().say if is_asked else silent,
    envvar="RECONCILER_VERBOSE",
    help="Tell each page, wait and change of rate on stderr, and what the calls came to.",
)
inventory = click.option(
    "--inventory",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Read this snapshot in place of the service and the ledger; no key is needed.",
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


def _gathering(**flags: Callable[[Decorated], Decorated]) -> Callable[[Decorated], Decorated]:
    """Give a decorator that adds `flags`, each named as its field of Settings, and passes them on as `settings`."""

    def decorate(verb: Decorated) -> Decorated:
        @wraps(verb)
        def gathered(**given: Any) -> Any:
            shared = {name: given.pop(name) for name in flags}
            return verb(settings=Settings(**shared), **given)

        command: Decorated = gathered
        for flag in reversed(flags.values()):
            command = flag(command)
        return command

    return decorate


# Each gives its verb one keyword, `settings`: a verb names no shared flag, and a new one reaches all verbs at once.
desired = _gathering(file=desired_file)
"""For a verb that reads the desired-state file alone."""
ledger = _gathering(file=desired_file, state=state)
"""For a verb that reads the file and the ledger."""
ledger_and_check = _gathering(file=desired_file, state=state, verify_key=verify_key)
"""For a verb that reads the file, the ledger, and what must be signed."""
_LEASE = {"lease": lease, "lock_timeout": lock_timeout}
ledger_to_write = _gathering(file=desired_file, state=state, **_LEASE)
"""For a verb that writes to the ledger and asks nobody."""
ledger_and_signatures = _gathering(
    file=desired_file, state=state, **_LEASE, signing_key=signing_key, verify_key=verify_key
)
"""For a verb that reads the file, the ledger and what is signed, and may write."""
saved_plan = _gathering(file=desired_file, state=state, verify_key=verify_key)
"""For a verb that reads a saved plan, which the ledger may have."""
desired_and_inventory = _gathering(file=desired_file, inventory=inventory)
"""For a verb that reads the file alone, or against a snapshot."""

_SERVICE = {
    "file": desired_file,
    "state": state,
    "calls_per_second": calls_per_second,
    "patience_s": patience,
    "most_pages": most_pages,
    "most_listed_jobs": most_listed_jobs,
    "talk": verbose,
}
service = _gathering(**_SERVICE)
"""For a verb that asks the service."""
service_to_record = _gathering(**_SERVICE, **_LEASE)
"""For a verb that asks the service, and records what it says."""
service_and_signing = _gathering(**_SERVICE, signing_key=signing_key)
"""For a verb that asks the service, and signs what it says."""
service_and_saved_plan = _gathering(**_SERVICE, verify_key=verify_key)
"""For a verb that asks the service about a saved plan."""
service_or_inventory = _gathering(**_SERVICE, inventory=inventory)
"""For a verb that asks the service, or reads a snapshot."""
_COPYING = {
    **_SERVICE,
    **_LEASE,
    "copies_at_once": copies_at_once,
    "workers": workers,
    "bandwidth": bandwidth,
    "max_duration": max_duration,
    "most_failures": max_failures,
    "signing_key": signing_key,
}
copying = _gathering(**_COPYING)
"""For a verb that asks the service, copies jobs and signs what it did."""
applying = _gathering(**_COPYING, verify_key=verify_key)
"""For a verb that does the same with a saved plan."""
