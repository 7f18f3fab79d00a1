"""Text of the service, made harmless to look at (I12): no terminal control, no bidi tricks, no endless lines."""

import unicodedata

LONGEST = 80
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def harmless(text: str, *, longest: int = 0) -> str:
    """Escape what is not plain visible text; cut to `longest` characters where that is given."""
    shown = "".join(_escaped(character) for character in text)
    return shown if not longest or len(shown) <= longest else shown[: longest - 3] + "..."


def harmless_lines(text: str) -> str:
    """The same for text of several lines, which stay lines."""
    return "\n".join(harmless(line) for line in text.split("\n"))


def word(text: str) -> str:
    """Show an id, a name or a status word: harmless, and at most 80 characters."""
    return harmless(text, longest=LONGEST)


def _escaped(character: str) -> str:
    if unicodedata.category(character) not in _HIDDEN:
        return character
    return (
        character.encode("unicode_escape").decode("ascii") if ord(character) < 0x10000 else f"\\U{ord(character):08x}"
    )
