"""Texts read to their end: UTF-8, and subtitles by their grammar, cue by cue.

Text has no end of its own, so it can be refuted here and never be proved whole.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from reconciler.archive.findings import Answer, Finding

MARK = "\ufeff"


class _Wrong(Exception):
    """What speaks against the text."""


def text(extension: str, file: BinaryIO) -> Finding:
    """Read a text."""
    read = {"srt": _srt, "vtt": _vtt}.get(extension, _plain)
    try:
        told = read(extension, _lines(extension, file))
    except _Wrong as wrong:
        return Finding(Answer.REFUTED, str(wrong))
    return Finding(Answer.PROVED, told)


def _lines(extension: str, file: BinaryIO) -> Iterator[str]:
    try:
        for number, line in enumerate(file):
            if b"\x00" in line:
                raise _Wrong(f"the {extension} holds zero bytes")
            told = line.decode("utf-8").rstrip("\r\n")
            yield told.removeprefix(MARK) if number == 0 else told
    except UnicodeDecodeError:
        raise _Wrong(f"the {extension} is not UTF-8 text") from None


def _plain(extension: str, lines: Iterator[str]) -> str:
    for _ in lines:
        pass
    return f"{extension} is text"


# -- cues


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines between empty ones; `at` is the number of the first, from one."""

    at: int
    lines: Sequence[str]


def _blocks(lines: Iterator[str]) -> Iterator[_Block]:
    block: list[str] = []
    number = 0
    for number, line in enumerate(lines, start=1):
        if line.strip():
            block.append(line)
        elif block:
            yield _Block(number - len(block), block)
            block = []
    if block:
        yield _Block(number + 1 - len(block), block)


_SRT_TIME = r"(\d{1,3}):([0-5]\d):([0-5]\d)[,.](\d{1,3})"
_SRT_TIMES = re.compile(rf"\s*{_SRT_TIME} *--> *{_SRT_TIME}(\s.*)?", re.ASCII)
_VTT_TIME = r"(?:(\d{2,}):)?([0-5]\d):([0-5]\d)\.(\d{3})"
_VTT_TIMES = re.compile(rf"\s*{_VTT_TIME}[ \t]+-->[ \t]+{_VTT_TIME}(\s.*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Cue:
    """The cue before: its number (None without one), when it begins in ms, and how many there were with it."""

    number: int | None = None
    start: int = 0
    count: int = 0


def _srt(extension: str, lines: Iterator[str]) -> str:
    """Read SubRip: numbers one after the other, times, and text, which may hold empty lines."""
    cue, block = _Cue(), None
    for block in _blocks(lines):
        times = _SRT_TIMES.fullmatch(block.lines[1]) if len(block.lines) > 1 else None
        if times and block.lines[0].strip().isdecimal():
            cue = _numbered(extension, block, times, cue)
        elif not cue.count or _may_be_a_cue(block):
            raise _Wrong(f"cut or damaged: the {extension}'s lines from {block.at} are no cue")
    return _cues(extension, cue, block)


def _numbered(extension: str, block: _Block, times: re.Match[str], cue: _Cue) -> _Cue:
    number = int(block.lines[0])
    if cue.number is not None and number != cue.number + 1:
        raise _Wrong(f"the {extension}'s cue {number} in line {block.at} follows cue {cue.number}")
    return _Cue(number, _in_order(extension, block, times, cue.start), cue.count + 1)


def _vtt(extension: str, lines: Iterator[str]) -> str:
    """Read WebVTT: its head, then notes, styles, regions, and cues, which begin in order of time."""
    cue, block = _Cue(), None
    for number, block in enumerate(_blocks(lines)):
        if number == 0 or _ASIDE.match(block.lines[0]):
            continue
        times = next((found for line in block.lines[:2] if (found := _VTT_TIMES.fullmatch(line))), None)
        if times:
            cue = _Cue(None, _in_order(extension, block, times, cue.start), cue.count + 1)
        elif not cue.count or _may_be_a_cue(block):
            raise _Wrong(f"cut or damaged: the {extension}'s lines from {block.at} are no cue")
    return _cues(extension, cue, block)


_ASIDE = re.compile(r"(NOTE|STYLE|REGION)(\s|$)")
_HEAD_OF_A_CUE = re.compile(r"[\d:.,\s>-]*", re.ASCII)


def _may_be_a_cue(block: _Block) -> bool:
    """Tell what is left of a cue, cut in its number or times, from a paragraph of the text above it."""
    return any("-->" in line for line in block.lines) or all(_HEAD_OF_A_CUE.fullmatch(line) for line in block.lines)


def _cues(extension: str, cue: _Cue, last: _Block | None) -> str:
    if cue.count and last is not None and "-->" in last.lines[-1]:
        raise _Wrong(f"cut: the {extension}'s last cue, in line {last.at}, has no text")
    return f"{extension} of {cue.count} cues in order"


def _in_order(extension: str, block: _Block, times: re.Match[str], before: int) -> int:
    """Give the time at which a cue begins, in ms; it must end no earlier, nor begin before the one above it."""
    start, end = _ms(times.groups()[:4]), _ms(times.groups()[4:8])
    if end < start or start < before:
        raise _Wrong(f"the {extension}'s times in line {block.at} run backwards")
    return start


def _ms(parts: Sequence[str | None]) -> int:
    hours, minutes, seconds, rest = (part or "0" for part in parts)
    return ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(rest.ljust(3, "0"))
