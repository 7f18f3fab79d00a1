"""Bad days by script: one word per matching call, then `ok`; a word ending in `*` stays for ever.

{"route": "asset", "match": "/VIDEO/", "script": "ok 503 html*"}
"""

from dataclasses import dataclass, field

ROUTES = ("list", "get", "clean", "asset")

WORDS: dict[str, tuple[str, ...]] = {
    "list": (
        *("cursor-repeat", "no-items", "not-json", "cut", "repeat-items", "end-absent", "end-empty", "no-id"),
        "clock-behind",
    ),
    "get": ("changed", "other-id", "not-found-5000", "not-json", "in-progress"),
    "clean": ("refuse", "reset-before", "reset-after", "stall-before", "stall-after", "gone"),
    "asset": (
        *("cut", "cut-no-length", "zero", "wrong-type", "flip", "html", "no-length", "stall", "slow"),
        *("redirect", "wrong-length", "no-etag"),
    ),
}
"""Beside `ok`, `html` and three-digit statuses, which every route knows."""

STALL_S = 30.0


class UnknownWord(ValueError):
    """A script says something that its route does not know."""


@dataclass
class Script:
    """The words still to come for calls on one route whose path holds `match`."""

    route: str
    match: str
    words: list[str]

    def next(self) -> str:
        """Take the next word."""
        if not self.words:
            return "ok"
        if self.words[0].endswith("*"):
            return self.words[0].removesuffix("*")
        return self.words.pop(0)


@dataclass
class Faults:
    """All scripts; a call takes its word from the first one that matches and is not used up."""

    scripts: list[Script] = field(default_factory=list)

    def add(self, route: str, script: str, match: str = "") -> None:
        """Add a script.

        Raises:
            UnknownWord: the route or a word is not known.
        """
        words = script.split()
        for word in words:
            check_word(route, word.removesuffix("*"))
        self.scripts.append(Script(route, match, words))

    def clear(self) -> None:
        """Forget all scripts."""
        self.scripts.clear()

    def next(self, route: str, path: str) -> str:
        """Take the word for a call."""
        for script in self.scripts:
            if script.route == route and script.match in path and script.words:
                return script.next()
        return "ok"


def check_word(route: str, word: str) -> None:
    """Refuse a word that a route does not know.

    Raises:
        UnknownWord: with the words that it knows.
    """
    if route not in ROUTES:
        raise UnknownWord(f"no route {route!r}; there are {', '.join(ROUTES)}")
    is_status = len(word) == 3 and word.isdigit() and 400 <= int(word) <= 599
    if word not in {"ok", "html", *WORDS[route]} and not is_status:
        raise UnknownWord(f"{route} knows no {word!r}; it knows ok, html, 400 to 599, {', '.join(WORDS[route])}")
