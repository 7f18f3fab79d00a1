"""`reconciler schema`: the published schemas, for editors and other programs.  Contacts nothing."""

import click

from reconciler.cli import output

NAMES = {
    "audit-event": "audit-event.v1.json",
    "desired-state": "desired-state.v1.json",
    "inventory": "inventory.v1.json",
    "plan": "plan.v1.json",
    "policy-tests": "policy-tests.v1.json",
    "receipt": "receipt.v1.json",
    "run-record": "run-record.v1.json",
}


@click.command()
@click.argument("name", type=click.Choice(list(NAMES)), default="desired-state")
def schema(*, name: str) -> None:
    """Print a published JSON Schema (draft-07).

    NAME is audit-event, desired-state (the default), inventory, plan, policy-tests, receipt or run-record.

    \b
    Example, for editors:
      reconciler schema > desired-state.v1.json
      # yaml-language-server: $schema=./desired-state.v1.json     (the first line of retention.yaml)
    """
    from reconciler.published_schemas import schema_text

    output.product(schema_text(NAMES[name]))
