"""The file in its usual order and layout: keys as the schema lists them, comments with what they stand above.

Lines are moved as they are, never written anew from values, so no comment is lost and no scalar changes its form
(docs/adr/0012).  A collection in flow style is put in order where it stands on one line; over several it is left alone.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import yaml
from yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode

from reconciler.desired.key_order import child, order
from reconciler.desired.reader import parse_desired
from reconciler.errors import CannotFormat

INDENT = 2
MODELINE = "# yaml-language-server:"
HINT = "Put its keys in order by hand; nothing was written."

_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


def formatted(content: bytes, name: str) -> str:
    """Give the text of a file in its usual order and layout; its meaning and its comments stay.

    Raises:
        DesiredStateInvalid: the file is not valid; all problems are told.
        CannotFormat: what would come out means something else, or would not stay as it is.
    """
    before = parse_desired(content, name)
    text = _arranged(content.decode("utf-8-sig"), name)
    if parse_desired(text.encode(), name).digest != before.digest:
        raise CannotFormat(f"{name}: in its usual order it would mean something else", hint=HINT)
    if _arranged(text, name) != text:
        raise CannotFormat(f"{name}: its usual order cannot be found", hint=HINT)
    return text


def _arranged(text: str, name: str) -> str:
    try:
        lines = _LINE_END.split(_flow_in_order(text))
        while lines and not lines[-1].strip():
            lines.pop()
        return "\n".join(_Layout(lines).document()) + "\n"
    except _Unusual as unusual:
        raise CannotFormat(f"{name}:{unusual.line + 1}: a layout that fmt does not know", hint=HINT) from None


def _composed(text: str) -> Node:
    node = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    if node is None:
        raise _Unusual(0)
    return node


class _Unusual(Exception):
    """A line that does not fit what is known of block style."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


# -- flow style on one line


def _flow_in_order(text: str) -> str:
    pieces: list[str] = []
    done = 0
    for node, kind in _flows(_composed(text), "document"):
        pieces += (text[done : node.start_mark.index], _flow(node, kind, text))
        done = node.end_mark.index
    return "".join((*pieces, text[done:]))


def _flows(node: Node, kind: str) -> Iterator[tuple[Node, str]]:
    """Give the outermost flow collections that stand on one line, in the order of the text."""
    if not isinstance(node, CollectionNode):
        return
    if node.flow_style:
        if node.start_mark.line == node.end_mark.line:
            yield node, kind
        return
    for _, value, inner in _children(node, kind):
        yield from _flows(value, inner)


def _children(node: Node, kind: str) -> Iterator[tuple[Node | None, Node, str]]:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            yield key, value, child(kind, str(key.value))
    elif isinstance(node, SequenceNode):
        for value in node.value:
            yield None, value, kind


def _flow(node: Node, kind: str, text: str) -> str:
    if isinstance(node, ScalarNode):
        return text[node.start_mark.index : node.end_mark.index].rstrip()
    if isinstance(node, SequenceNode):
        return "[" + ", ".join(_flow(each, kind, text) for each in node.value) + "]"
    entries = [
        (str(key.value), f"{_flow(key, '', text)}: {_flow(value, inner, text)}")
        for key, value, inner in _children(node, kind)
        if key is not None
    ]
    return "{" + ", ".join(entry for _, entry in sorted(entries, key=lambda each: order(kind, each[0]))) + "}"


# -- block style


@dataclass(frozen=True, slots=True)
class _Piece:
    """An entry of a mapping or sequence: what stands above it, and its own lines."""

    name: str
    above: list[str]
    lines: list[str]


class _Layout:
    """Puts the lines of one document in order; nodes say which lines belong together."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines

    def document(self) -> list[str]:
        root = _composed("\n".join(self._lines))
        if not isinstance(root, MappingNode) or root.flow_style:
            return [line.rstrip() if line.lstrip().startswith("#") else line for line in self._lines]
        first = root.value[0][0].start_mark.line
        head = self._head(first)
        pieces = self._mapping(root, "document", head, 0)
        tail = _spaced(self._lines[_last(root) + 1 :], 0)
        top = _spaced(self._lines[:head], 0)
        return _trimmed([*top, *_joined(pieces), *tail])

    def _head(self, first: int) -> int:
        """Tell how many lines above the first key belong to the whole file: up to the last empty one or mark."""
        for line in range(first - 1, -1, -1):
            text = self._lines[line].strip()
            if not text or text.startswith((MODELINE, "---", "%")):
                return line + 1
        return 0

    def _block(self, node: Node, kind: str, above_from: int, column: int) -> list[_Piece]:
        if isinstance(node, MappingNode):
            return self._mapping(node, kind, above_from, column)
        if isinstance(node, SequenceNode):
            return self._sequence(node, kind, above_from, column)
        raise _Unusual(node.start_mark.line)

    def _mapping(self, node: MappingNode, kind: str, above_from: int, column: int) -> list[_Piece]:
        pieces: list[_Piece] = []
        for key, value, inner in _children(node, kind):
            if key is None:
                continue
            line = key.start_mark.line
            if self._lines[line][: key.start_mark.column].strip() not in {"", "-"}:
                raise _Unusual(line)
            above = _spaced(self._lines[above_from:line], column)
            pieces.append(_Piece(str(key.value), above, self._entry(key, value, inner, column)))
            above_from = _last(value) + 1
        return sorted(pieces, key=lambda piece: order(kind, piece.name))

    def _entry(self, key: Node, value: Node, inner: str, column: int) -> list[str]:
        line, at = key.start_mark.line, key.start_mark.column
        first = " " * column + self._lines[line][at:]
        if _is_block(value):
            if value.start_mark.line == line:
                raise _Unusual(line)
            return [first.rstrip(), *_joined(self._block(value, inner, line + 1, column + INDENT))]
        last = _last(value)
        if last == line:
            return [first.rstrip()]
        return [first, *(_shifted(each, column - at) for each in self._lines[line + 1 : last + 1])]

    def _sequence(self, node: SequenceNode, kind: str, above_from: int, column: int) -> list[_Piece]:
        pieces: list[_Piece] = []
        for item in node.value:
            line, at = item.start_mark.line, item.start_mark.column
            if self._lines[line][:at].strip() != "-":
                raise _Unusual(line)
            above = _spaced(self._lines[above_from:line], column)
            lines = self._item(item, kind, column + INDENT)
            # What stands above the first key of an item stands above the item.
            hoisted = [each[INDENT:] for each in lines[: len(lines) - len(_without_comments(lines))]]
            own = _without_comments(lines)
            own[0] = " " * column + "- " + own[0].lstrip()
            pieces.append(_Piece("", [*above, *hoisted], own))
            above_from = _last(item) + 1
        return pieces

    def _item(self, item: Node, kind: str, column: int) -> list[str]:
        line, at = item.start_mark.line, item.start_mark.column
        if _is_block(item):
            return _joined(self._block(item, kind, line, column))
        last = _last(item)
        first = " " * column + self._lines[line][at:]
        if last == line:
            return [first.rstrip()]
        return [first, *(_shifted(each, column - at) for each in self._lines[line + 1 : last + 1])]


def _is_block(node: Node) -> bool:
    return isinstance(node, CollectionNode) and not node.flow_style


def _last(node: Node) -> int:
    """Tell the last line of a node."""
    if isinstance(node, MappingNode) and not node.flow_style:
        return _last(node.value[-1][1])
    if isinstance(node, SequenceNode) and not node.flow_style:
        return _last(node.value[-1])
    # A block scalar ends at the beginning of the line behind it.
    ends_before = isinstance(node, ScalarNode) and node.style in {"|", ">"} and node.end_mark.column == 0
    return node.end_mark.line - 1 if ends_before else node.end_mark.line


def _shifted(line: str, by: int) -> str:
    if not line.strip():
        return line
    indent = len(line) - len(line.lstrip(" "))
    return " " * max(indent + by, 0) + line.lstrip(" ")


def _spaced(lines: Sequence[str], column: int) -> list[str]:
    """Give comments at one column, and one empty line where there were several."""
    spaced: list[str] = []
    for line in lines:
        text = line.strip()
        if text or (spaced and spaced[-1]):
            spaced.append(" " * column + text if text else "")
        elif not spaced:
            spaced.append("")
    return spaced


def _joined(pieces: Sequence[_Piece]) -> list[str]:
    lines: list[str] = []
    for piece in pieces:
        above = piece.above if lines else _trimmed(piece.above, behind=False)
        lines += (*above, *piece.lines)
    return lines


def _without_comments(lines: Sequence[str]) -> list[str]:
    """Leave out the comments and empty lines at the beginning."""
    count = 0
    while count < len(lines) - 1 and (not lines[count].strip() or lines[count].lstrip().startswith("#")):
        count += 1
    return list(lines[count:])


def _trimmed(lines: Sequence[str], *, behind: bool = True) -> list[str]:
    trimmed = list(lines)
    while trimmed and not trimmed[0]:
        trimmed.pop(0)
    while behind and trimmed and not trimmed[-1]:
        trimmed.pop()
    return trimmed
