"""How much the tests look at: a sample by day; by night, in `make nightly`, all of it."""

import os

import pytest

IS_NIGHT = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"


def looks_deeper(item: pytest.Item) -> bool:
    """Tell whether a test looks at more by night than by day: it is marked so, or has random examples."""
    if item.get_closest_marker("deep"):
        return True
    return isinstance(item, pytest.Function) and getattr(item.obj, "is_hypothesis_test", False)
