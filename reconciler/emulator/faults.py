"""Bad days by script: one word per matching call, then `ok`.  `word*3` stands three times, `word*` for ever.

{"route": "asset", "match": "/VIDEO/", "script": "ok 503*2 html*"}
"""

import re
from dataclasses import dataclass, field

API = (
    *("list", "get", "clean", "quota", "token", "create", "upload-address", "templates"),
    *("aistudio-images", "aistudio-videos"),
)
WRITES = ("clean", "create", "token", "upload-address", "templates")
ROUTES = (*API, "asset", "upload", "webhook")

Words = dict[str, str]

COMMON: Words = {
    "ok": "nothing",
    "html": "a web page in place of JSON, with status 200",
    "not-json": "something else in place of JSON",
    "reset": "the connection is dropped before anything was done",
    "stall": "no answer for 30 s, then the connection is dropped; nothing was done",
    "cut": "half the answer, with the length of the whole",
    "cut-no-length": "half the answer, without a length",
    "drip": "the answer in ten drops, a tenth of a second apart",
    "clock-behind": "the answer's Date lies a day back",
}
"""What every route of the API knows, beside statuses from 400 to 599."""

AFTER: Words = {
    "reset-after-commit": "it is done; the connection is dropped before an answer",
    "stall-after-commit": "it is done; no answer for 30 s, then the connection is dropped",
    "NNN-after-commit": "it is done; the answer is the error NNN",
}
"""What routes that write know beside these."""

WORDS: dict[str, Words] = {
    "list": {
        "cursor-repeat": "the next page's key is this page's own",
        "no-items": "a page without `items`",
        "repeat-items": "the page's last two items stand at its head too",
        "end-absent": "the last page has no nextPageKey",
        "end-empty": 'the last page has the nextPageKey ""',
        "no-id": "the items carry no id",
    },
    "get": {
        "changed": "the job as if made anew: other addresses",
        "other-id": "another job's id",
        "not-found-5000": "JOB_NOT_FOUND with status 200",
        "in-progress": "the job as if it were running",
    },
    "clean": {"refuse": "`success` false; nothing was done", "gone": "as for an unknown job; nothing was done"},
    "create": {"job-fails": "the job that is made will fail"},
    "asset": {
        "ok": "nothing",
        "html": "a web page in place of the file, with status 200",
        "reset": "the connection is dropped before the answer",
        "reset-midway": "the connection is dropped after half of what was asked for",
        "stall": "no answer for 30 s, then the connection is dropped",
        "stall-midway": "half of what was asked for, nothing for 30 s, then the connection is dropped",
        "drip": "8 KiB at a time, twenty times a second",
        "cut": "half the file, with the length of the whole; ranges are ignored",
        "cut-no-length": "half the file, without a length",
        "no-length": "the whole file, without a length",
        "wrong-length": "the whole file, with a length of 100 bytes more",
        "zero": "an empty file",
        "wrong-type": "a picture where a video belongs, another kind of picture where a picture does",
        "flip": "one bit in the middle is another; ETag and length are right",
        "no-etag": "no ETag",
        "flip-no-etag": "one bit in the middle is another, and no ETag",
        "wrong-etag": "another file's ETag",
        "wrong-range": "206 with the first half, whatever part was asked for",
        "range-ignored": "200 with the whole file, whatever part was asked for",
        "changed": "the file as if made anew: other bytes of the same length, their ETag",
        "changed-quietly": "the same with the old ETag",
        "redirect": "302 to itself",
        "redirect-host": "302 to the same path on another host name",
    },
    "upload": {"ok": "nothing", "reset": COMMON["reset"], "stall": COMMON["stall"]},
    "webhook": {"ok": "nothing", "lost": "it is not sent"},
}
"""What a route knows beside these."""

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
        self.scripts.append(Script(route, match, [each for word in script.split() for each in _spread(route, word)]))

    def clear(self) -> None:
        """Forget all scripts."""
        self.scripts.clear()

    def next(self, route: str, path: str) -> str:
        """Take the word for a call."""
        for script in self.scripts:
            if script.route == route and script.match in path and script.words:
                return script.next()
        return "ok"

    def as_json(self) -> list[dict[str, str]]:
        """Tell what is still to come."""
        return [{"route": each.route, "match": each.match, "script": " ".join(each.words)} for each in self.scripts]


_TIMES = re.compile(r"(?P<word>[^*]+)(?P<star>\*(?P<times>[1-9][0-9]{0,5})?)?")


def _spread(route: str, written: str) -> list[str]:
    read = _TIMES.fullmatch(written)
    if read is None:
        raise UnknownWord(f"{written!r} is no word; write word, word*3 or word*")
    check_word(route, read["word"])
    if read["star"] and not read["times"]:
        return [f"{read['word']}*"]
    return [read["word"]] * int(read["times"] or 1)


def check_word(route: str, word: str) -> None:
    """Refuse a word that a route does not know.

    Raises:
        UnknownWord: with the words that it knows.
    """
    if route not in ROUTES:
        raise UnknownWord(f"no route {route!r}; there are {', '.join(ROUTES)}")
    number, _, rest = word.partition("-")
    is_status = len(number) == 3 and number.isdigit() and 400 <= int(number) <= 599
    is_written_status = is_status and rest == "after-commit" and route in WRITES
    is_known_status = is_status and not rest and route not in {"upload", "webhook"}
    if word not in set(words_of(route)) - {"NNN-after-commit"} and not is_known_status and not is_written_status:
        raise UnknownWord(f"{route} knows no {word!r}; it knows 400 to 599, {', '.join(words_of(route))}")


def words_of(route: str) -> Words:
    """Give the words that a route knows, beside statuses, with what they mean."""
    common = COMMON if route in API else {}
    return {**common, **(AFTER if route in WRITES else {}), **WORDS.get(route, {})}


def table() -> str:
    """Give all words as a Markdown table, for the docs."""
    rows = ["| route | word | what comes |", "| --- | --- | --- |"]
    shared = {"every route of the API": COMMON, "routes that write": AFTER}
    for route, words in (shared | WORDS).items():
        rows += [f"| {route} | `{word}` | {means} |" for word, means in words.items() if word != "ok"]
    return "\n".join(rows) + "\n"
