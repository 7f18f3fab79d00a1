"""Where the published JSON schemas are: inside the package in a wheel, beside it in a checkout."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any, cast


def schema(name: str) -> dict[str, Any]:
    """Give a published schema by its file name, such as `plan.v1.json`."""
    shipped = files("reconciler").joinpath("schemas", name)
    text = (
        shipped.read_text(encoding="utf-8")
        if shipped.is_file()
        else (Path(__file__).parent.parent / "schemas" / name).read_text(encoding="utf-8")
    )
    return cast("dict[str, Any]", json.loads(text))
