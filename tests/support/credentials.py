"""What calls would carry, by an environment or by credentials."""

from collections.abc import Mapping

from reconciler.core.secret import Secret
from reconciler.pictory.answers import Answer
from reconciler.pictory.credentials import Carried
from reconciler.pictory.keys import find_credentials


def nobody_asks(body: Mapping[str, Secret]) -> Answer:
    """Stand where a call for a token would be, for credentials that have no use for one."""
    raise AssertionError(f"a token was asked for with {sorted(body)}")


def key_found(environ: Mapping[str, str]) -> str:
    """Give the key that this environment leads to."""
    return shown(find_credentials(environ).carried(nobody_asks))["Authorization"]


def shown(carried: Carried) -> dict[str, str]:
    """Give the headers as they go out."""
    return {name: secret.reveal() for name, secret in carried.headers.items()}
