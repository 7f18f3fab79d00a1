"""How problems name things: values as they could stand in the file, paths as people write them, near names."""

import difflib
import re
from collections.abc import Iterable

from reconciler.desired.yaml_tree import Path

LONGEST_SHOWN = 60

_SECRETS = re.compile(r"(?<=://)[^/@\s]*@|(?<=password=)[^&\s]+|(?<=passwd=)[^&\s]+", re.IGNORECASE)


def shown(value: object) -> str:
    """Show a value as it could stand in the file: short, harmless on a terminal, without what an address hides."""
    if value is None:
        return "empty"
    if value == "":
        return "''"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a group of keys"
    if isinstance(value, list):
        text = "[" + ", ".join(shown(item) for item in value[:4]) + (", ..." if len(value) > 4 else "") + "]"
    else:
        text = without_secrets(value) if isinstance(value, str) else str(value)
        text = text if text.isprintable() else ascii(text)
        text = f"'{text}'" if text != text.strip() else text
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "..."


def without_secrets(text: str) -> str:
    """Blank out who logs in with what, where an address says it (I11)."""
    return _SECRETS.sub(lambda found: "***@" if found[0].endswith("@") else "***", text)


def spelled(path: Path) -> str:
    """Write a path as people do: `retain[2].match.type`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{shown(part)}" for part in path)
    return text.removeprefix(".") or "the file"


def meant(name: str, known: Iterable[str]) -> str:
    """Ask for the known name that is nearest; "" where none is near."""
    near = nearest(name, known)
    other = next((f" (U+{ord(letter):04X} is another letter)" for letter in name if not letter.isascii()), "")
    return f"did you mean {near}?{other}" if near else ""


def nearest(name: str, known: Iterable[str]) -> str:
    """Give the known name that is nearest, also where only the case or the last part is right; "" where none is."""
    names = sorted(known)
    folded = {each.casefold(): each for each in names}
    found = difflib.get_close_matches(name.casefold()[:100], list(folded), n=1, cutoff=0.7)
    if found:
        return folded[found[0]]
    lasts = [each for each in names if each.rpartition("/")[2].casefold() == name.casefold()]
    return lasts[0] if lasts else ""
