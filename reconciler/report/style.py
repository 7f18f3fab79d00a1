"""How text may look on the other side: colour, characters, width.  Colour is never alone: a sign says the same."""

from dataclasses import dataclass
from enum import Enum


class Colour(Enum):
    """The colours in use, by their ANSI codes."""

    RED = "31"
    GREEN = "32"
    YELLOW = "33"
    CYAN = "36"
    DIM = "2"
    BOLD = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """What the reader's terminal can show.  `width` is in columns."""

    colour: bool = False
    unicode: bool = True
    width: int = 100

    def paint(self, text: str, *colours: Colour) -> str:
        """Colour a text where that is possible."""
        if not self.colour:
            return text
        return f"\x1b[{';'.join(colour.value for colour in colours)}m{text}\x1b[0m"

    def plain(self, text: str) -> str:
        """Replace what the reader cannot show."""
        return text if self.unicode else text.encode("ascii", "replace").decode("ascii")
