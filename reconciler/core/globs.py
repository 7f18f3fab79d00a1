"""Globs over whole strings: `*` any run, `?` one character, a backslash takes the next character literally."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache, partial


def fits(globs: Iterable[str], text: str) -> bool:
    """Tell whether a whole text fits one of the globs: `*` any run, `?` one character, `\\` takes the next literally.

    Case counts; both are compared as Unicode NFC.
    """
    return ready_globs(tuple(globs))(text)


@lru_cache(maxsize=65_536)
def ready_globs(globs: tuple[str, ...]) -> Callable[[str], bool]:
    """Make globs ready, once for all texts."""
    return partial(_is_whole, _either(globs))


def _is_whole(either: re.Pattern[str], text: str) -> bool:
    return either.fullmatch(unicodedata.normalize("NFC", text)) is not None


def _either(globs: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{_expression(glob)})" for glob in globs), re.DOTALL)


def _expression(glob: str) -> str:
    """Give a glob as a regular expression whose time does not explode with its stars.

    Each star but the last takes the shortest run after which the next piece fits, and keeps to it (an atomic group):
    for a glob that is enough, since a longer run could only push what follows further to the right.
    """
    first, *others = _pieces(unicodedata.normalize("NFC", glob))
    if not others:
        return first
    *middle, last = others
    runs = "".join(f"(?>.*?{piece})" for piece in middle)
    return f"{first}{runs}.*{last}"


def _pieces(glob: str) -> list[str]:
    """Give what stands between the stars, each as an expression."""
    pieces = [""]
    characters = iter(glob)
    for character in characters:
        if character == "*":
            pieces.append("")
        elif character == "?":
            pieces[-1] += "."
        else:
            pieces[-1] += re.escape(next(characters, "\\") if character == "\\" else character)
    return pieces
