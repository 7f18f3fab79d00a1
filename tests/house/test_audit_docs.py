"""docs/audit.md names every event that the program tells of, and no other."""

import re
from pathlib import Path

from reconciler.core.protection import HoldStep
from reconciler.core.segments import REBUILT

ROOT = Path(__file__).parents[2]
TOLD = re.compile(r'(?:event="|NewEvent\("|_add_event\(connection, "|for event, facts in \(\s*\(")(\w+)"')


def test_the_table_of_events_is_complete() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "reconciler" / "ledger").rglob("*.py"))
    told = {*TOLD.findall(sources), *(f"hold_{step.value}" for step in HoldStep), REBUILT}
    rows = re.findall(
        r"^\| (`\w+`(?:, `\w+`)*) \|", (ROOT / "docs" / "audit.md").read_text("utf-8"), flags=re.MULTILINE
    )
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert told == named
