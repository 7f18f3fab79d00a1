"""The pages about the language say what the program does: keys, defaults, examples."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reconciler.core.lint import errors_of, lint
from reconciler.desired.formatting import formatted
from reconciler.desired.reader import parse_desired
from reconciler.published_schemas import schema

ROOT = Path(__file__).parents[2]
SCHEMA = schema("desired-state.v1.json")
PAGE = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
RULE = SCHEMA["definitions"]["rule"]
OBJECTS: dict[str, dict[str, Any]] = {
    "": SCHEMA,
    **{f"{name}.": SCHEMA["properties"][name] for name in ("scope", "clock", "archive", "clean", "storage")},
    "archive.stores[].": SCHEMA["definitions"]["store"],
    "links[].": SCHEMA["properties"]["links"]["items"],
    "retain[].": RULE,
    "match.": SCHEMA["definitions"]["match"],
    "mute[].": RULE["properties"]["mute"]["items"],
}


def keys() -> Iterator[tuple[str, str]]:
    """Every key of the schema with the default that the page must tell."""
    for prefix, part in OBJECTS.items():
        for name, inner in part["properties"].items():
            told = "required" if name in part.get("required", ()) else ""
            if "default" in inner:
                default = inner["default"]
                told = f"`[{', '.join(default)}]`" if isinstance(default, list) else f"`{default}`"
            yield f"{prefix}{name}", told


def test_the_page_lists_every_key_of_the_schema_in_its_order_with_its_default() -> None:
    part = PAGE.partition("## Every key")[2].partition("## Decided edges")[0]
    rows = re.findall(r"^\| `([^`]+)` \|.*?(?<!\\)\| (required|`[^`]*`|) ?\|", part, flags=re.MULTILINE)
    assert rows == list(keys())


def test_the_page_says_of_each_key_what_the_schema_says() -> None:
    for part in OBJECTS.values():
        for name, inner in part["properties"].items():
            target = inner
            if "$ref" in inner:
                target = SCHEMA["definitions"][inner["$ref"].rpartition("/")[2]]
            assert target["description"].replace("|", "\\|") in PAGE, name


def test_examples_of_the_pages_are_valid_in_order_and_free_of_errors() -> None:
    whole = [
        block
        for name in ("docs/language.md", "README.md")
        for block in re.findall(r"```yaml\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), flags=re.DOTALL)
        if "version: 1\n" in block
    ]
    assert len(whole) == 3
    for text in whole:
        state = parse_desired(text.encode(), "example.yaml")
        assert errors_of(lint(state, datetime(2026, 12, 1, tzinfo=UTC))) == ()
        assert formatted(text.encode(), "example.yaml") == text


def test_the_full_example_shows_every_key_of_the_document_and_its_sections() -> None:
    full = (ROOT / "tests" / "golden" / "full.yaml").read_text(encoding="utf-8")
    assert full in PAGE
    for name in SCHEMA["properties"]:
        assert re.search(rf"^{name}:", full, flags=re.MULTILINE) or name == "state", name


def test_the_examples_of_lint_are_parts_of_a_file() -> None:
    page = (ROOT / "docs" / "lint.md").read_text(encoding="utf-8")
    for block in re.findall(r"```yaml\n(.*?)```", page, flags=re.DOTALL):
        head = "version: 1\naccount: acme\notherwise: clean\n"
        retain = "" if "retain:" in block else "retain: [an-id]\n"
        parse_desired((head + retain + block).encode(), "lint.yaml")
