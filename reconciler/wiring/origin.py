"""Who runs this and from where, for the audit: as a CI runner says in its variables, and as the machine says.

All of it is what the environment says of itself: whoever can set a variable can say something else.
"""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

LONGEST = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """A kind of CI runner: a variable that it always sets, the one with who asked for the run, and the run's address.

    `address` is made of variables; it is left out where one of them is not set.
    """

    name: str
    sign: str
    user: str
    address: str


RUNNERS = (
    Runner(
        name="github",
        sign="GITHUB_ACTIONS",
        user="GITHUB_ACTOR",
        address="{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}",
    ),
    Runner(name="gitlab", sign="GITLAB_CI", user="GITLAB_USER_LOGIN", address="{CI_JOB_URL}"),
    Runner(name="jenkins", sign="JENKINS_URL", user="BUILD_USER_ID", address="{BUILD_URL}"),
    Runner(name="buildkite", sign="BUILDKITE", user="BUILDKITE_BUILD_CREATOR", address="{BUILDKITE_BUILD_URL}"),
    Runner(name="circleci", sign="CIRCLECI", user="CIRCLE_USERNAME", address="{CIRCLE_BUILD_URL}"),
    Runner(
        name="azure",
        sign="TF_BUILD",
        user="BUILD_REQUESTEDFOR",
        address="{SYSTEM_COLLECTIONURI}{SYSTEM_TEAMPROJECT}/_build/results?buildId={BUILD_BUILDID}",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """`actor` is who runs this, in one word; `facts` go into the event that opens the run."""

    actor: str
    facts: tuple[tuple[str, str], ...]


def origin(environ: Mapping[str, str] = os.environ) -> Origin:
    """Tell who runs this: whom a CI runner names, else the user of this machine; with the address of the CI run."""
    user, host = _user(), socket.gethostname()
    runner = next((each for each in RUNNERS if environ.get(each.sign) or environ.get(each.user)), None)
    facts = [("user", user), ("host", host)]
    if runner is None:
        return Origin(actor=f"{user}@{host}", facts=tuple(facts))
    asked_by = environ.get(runner.user, "")
    facts += [("ci", runner.name), ("asked_by", asked_by), ("ci_run", _address(runner, environ))]
    told = tuple((name, text[:LONGEST]) for name, text in facts if text)
    return Origin(actor=f"{(asked_by or user)[:LONGEST]}@{host}", facts=told)


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run as a number that has no name
        return f"uid-{os.getuid()}"


def _address(runner: Runner, environ: Mapping[str, str]) -> str:
    try:
        parts = urlsplit(runner.address.format_map(environ))
    except (KeyError, ValueError):
        return ""
    # A user and a password in an address are a secret (I11).
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, parts.query, ""))
