"""Where the published JSON schemas are: inside the package in a wheel, beside it in a checkout."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any, cast


def schema(name: str) -> dict[str, Any]:
    """Give a published schema by its file name, such as `plan.v1.json`."""
    return cast("dict[str, Any]", json.loads(schema_text(name)))


def schema_text(name: str) -> str:
    """Give the text of a published schema, as it was published."""
    shipped = files("reconciler").joinpath("schemas", name)
    if shipped.is_file():
        return shipped.read_text(encoding="utf-8")
    return (Path(__file__).parent.parent / "schemas" / name).read_text(encoding="utf-8")
