"""What a person should know of a list beside the decisions over it."""

from reconciler.core.inventory import Inventory
from reconciler.engine.ports import Progress

MOST_FIELDS, LONGEST_FIELD = 10, 60
"""How much of it is told: the names are the service's own, and nobody bounds their number or length."""


def note_unlisted_fields(inventory: Inventory, progress: Progress) -> None:
    """Tell, in one line, which fields look like files and are not known; nothing where there is none."""
    counted = inventory.unlisted_fields()
    if not counted:
        return
    named = [f"{_cut(name)} ({count} job{'s' if count != 1 else ''})" for name, count in counted[:MOST_FIELDS]]
    more = len(counted) - MOST_FIELDS
    rest = f" and {more} more" if more > 0 else ""
    progress.note(f"Fields that look like files and are not known, so no archive holds them: {', '.join(named)}{rest}")


def _cut(name: str) -> str:
    return name if len(name) <= LONGEST_FIELD else f"{name[: LONGEST_FIELD - 3]}..."
