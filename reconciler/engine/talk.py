"""Lines for whoever watches each call; never part of the product.  They may hold text of the service, as it came."""

from collections.abc import Callable

Say = Callable[[str], None]
"""Tells one line."""


def silent(_line: str) -> None:
    """Tell nobody."""
