"""A progress that remembers what it was told."""

from dataclasses import dataclass, field


@dataclass
class Listening:
    """Implements engine.ports.Progress."""

    said: list[str] = field(default_factory=list)
    noted: list[str] = field(default_factory=list)

    def say(self, line: str) -> None:
        self.said.append(line)

    def note(self, line: str) -> None:
        self.noted.append(line)
