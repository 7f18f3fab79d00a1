"""The flags by which one plan allows more than its file.

They have no variables of the environment: one that stays set would allow it to every plan to come.
"""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from fractions import Fraction

Decorated = Callable[..., Any]
FLAGS = ("max_jobs", "max_share", "max_bytes", "rules_lost")


def _share(_ctx: click.Context, _param: click.Parameter, text: str | None) -> "Fraction | None":
    from reconciler.desired.quantities import share

    return None if text is None else _read(share, text)


def _size(_ctx: click.Context, _param: click.Parameter, text: str | None) -> int | None:
    from reconciler.desired.quantities import size

    return None if text is None else _read(size, text)


def _read(read: Callable[[str], Any], text: str) -> Any:
    try:
        return read(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} cannot be used: {error}") from None


def _loss(_ctx: click.Context, _param: click.Parameter, text: str | None) -> str:
    if text is not None and not (len(text) == 12 and set(text) <= set("0123456789abcdef")):
        raise click.BadParameter(f"{text!r} names no loss; a plan that lost rules tells its name, 12 hex digits")
    return text or ""


most_bytes = click.option(
    "--max-bytes",
    metavar="SIZE",
    callback=_size,
    help="This once: how many bytes may be archived and cleaned, in place of clean.max_bytes.",
)
_OPTIONS = (
    click.option(
        "--max-jobs",
        metavar="N",
        type=click.IntRange(min=0),
        help="This once: how many jobs it may clean, in place of clean.max_jobs.",
    ),
    click.option(
        "--max-share",
        metavar="P%",
        callback=_share,
        help="This once: which share of the jobs in scope it may clean, in place of clean.max_share.",
    ),
    most_bytes,
    click.option(
        "--accept-rules-lost",
        "rules_lost",
        metavar="NAME",
        callback=_loss,
        help="The loss of rules since the last apply is meant: the name of just this loss, as the plan tells it.",
    ),
)


def approvals(verb: Decorated) -> Decorated:
    """Add the flags to a verb, which takes what they say as `approvals`."""

    @wraps(verb)
    def approving(**given: Any) -> Any:
        from reconciler.core.approvals import Approvals

        said = {name: given.pop(name) for name in FLAGS}
        return verb(approvals=Approvals(**said), **given)

    command: Decorated = approving
    for flag in reversed(_OPTIONS):
        command = flag(command)
    return command
