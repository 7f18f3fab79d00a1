"""A progress that remembers what it was told."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Listening:
    """Implements engine.ports.CopyProgress."""

    said: list[str] = field(default_factory=list)
    noted: list[str] = field(default_factory=list)

    def say(self, line: str) -> None:
        self.said.append(line)

    def note(self, line: str) -> None:
        self.noted.append(line)

    def expect(self, jobs: int, size: int | None) -> None:
        """Nobody asks."""

    def ended(self) -> None:
        """Nobody asks."""

    @contextmanager
    def coming(self, name: str, size: int | None, there: int) -> Iterator[Callable[[int], None]]:
        del name, size, there
        yield lambda _count: None
