"""The account's name, for verbs that work before there is a desired-state file."""

import re
import sys
from collections.abc import Mapping

import click


def account_name(verb: str, asked: str | None, said: Mapping[str, str]) -> str:
    """Tell the account's name: as asked for, as the first of those in `said` has it who knows it, or as typed."""
    from reconciler.errors import UsageRefused
    from reconciler.published_schemas import schema

    known = [(whose, name) for whose, name in said.items() if name]
    for whose, name in known:
        if asked and asked != name:
            raise UsageRefused(
                f"{whose} belongs to account {name}, --account says {asked}",
                hint=f"Leave --account out{', or name another ledger with --state' * (whose == 'the ledger')}.",
            )
    named = asked or (known[0][1] if known else _typed(verb))
    if not re.search(schema("desired-state.v1.json")["properties"]["account"]["pattern"], named):
        raise UsageRefused(
            f"{named!r} cannot be an account's name",
            hint="Use letters, digits, spaces and . _ @ -, at most 100, such as marketing-prod.",
        )
    return named


def _typed(verb: str) -> str:
    from reconciler.errors import UsageRefused

    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageRefused(
            "the file needs a name for the account, and there is no terminal to ask on",
            hint=f"Give one of your own choice: reconciler {verb} --account marketing-prod",
        )
    typed: str = click.prompt("A name of yours for this account, such as marketing-prod", err=True)
    return typed.strip()
